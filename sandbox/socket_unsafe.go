package sandbox

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockAddress is getsockname or getpeername with the address as it is.
func sockAddress(fd int, peer bool) ([]byte, unix.Errno) {
	var b [128]byte
	n := uint32(len(b))
	nr := uintptr(unix.SYS_GETSOCKNAME)
	if peer {
		nr = unix.SYS_GETPEERNAME
	}
	_, _, e := unix.RawSyscall(nr, uintptr(fd), uintptr(unsafe.Pointer(&b)), uintptr(unsafe.Pointer(&n)))
	if e != 0 {
		return nil, e
	}
	return b[:min(n, uint32(len(b)))], 0
}
