//go:build amd64

package tracer

import (
	"bytes"
	"unsafe"
)

// bootCode is never called here: its bytes are copied into the window.
func bootCode()

// bootAddr returns the address of bootCode in this process.
func bootAddr() unsafe.Pointer

// bootEnd marks the end of bootCode.
var bootEnd = []byte("ptboxEND")

// bootText returns the bytes of the boot code (boot_linux_amd64.s), which is
// position independent. It is assembled into this binary like any function and
// copied from there.
func bootText() []byte {
	all := unsafe.Slice((*byte)(bootAddr()), 1024)
	n := bytes.Index(all, bootEnd)
	if n < 0 {
		panic("tracer: the end of the boot code is not marked")
	}
	return all[:n]
}
