package linux

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Getxattr is getxattr(2) without an allocation. path and name end in NUL.
func Getxattr(path, name, dst []byte) (int, unix.Errno) {
	var p unsafe.Pointer
	if len(dst) > 0 {
		p = unsafe.Pointer(&dst[0])
	}
	n, _, e := unix.Syscall6(unix.SYS_GETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&name[0])),
		uintptr(p), uintptr(len(dst)), 0, 0)
	runtime.KeepAlive(dst)
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}

// StatBytes is st as the kernel lays it out.
func StatBytes(st *unix.Stat_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}

// StatxBytes is st as the kernel lays it out.
func StatxBytes(st *unix.Statx_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(st)), unsafe.Sizeof(*st))
}
