package sandbox

import "unsafe"

// str views bytes as a string without copying. The string must not outlive
// the next use of the buffer.
func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
