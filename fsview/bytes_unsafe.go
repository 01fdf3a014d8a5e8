package fsview

import "unsafe"

// str views b as a string without a copy. The string is right as long as b is
// not written to: it is used for buffers that the package owns, and only until
// their next use, as the documentation of Resolution says.
func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
