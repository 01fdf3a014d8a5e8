//go:build amd64

package fastpath

import _ "embed"

// Blob is the code, to be placed at Text.
//
//go:embed blob_amd64.bin
var Blob []byte
