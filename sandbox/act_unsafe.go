package sandbox

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onFD makes a system call of the tracer's own. A string is passed with its
// NUL, a slice by its first byte.
func onFD(nr int, args ...any) (int, unix.Errno) {
	var a [6]uintptr
	var keep [6]*byte
	for i, v := range args {
		switch v := v.(type) {
		case int:
			a[i] = uintptr(v)
		case uint64:
			a[i] = uintptr(v)
		case string:
			b := append([]byte(v), 0)
			keep[i] = &b[0]
		case []byte:
			keep[i] = unsafe.SliceData(v)
		}
		if keep[i] != nil {
			a[i] = uintptr(unsafe.Pointer(keep[i]))
		}
	}
	r, _, e := unix.Syscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
	runtime.KeepAlive(&keep)
	return int(r), e
}

// The frequent calls allocate nothing. Each is on the object of fd, which may
// have been opened with O_PATH.

var noName [1]byte

func statFD(fd int, b []byte) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_NEWFSTATAT, uintptr(fd), uintptr(unsafe.Pointer(&noName)), uintptr(unsafe.Pointer(&b[0])), emptyPath, 0, 0)
	return e
}

func statxFD(fd int, flags, mask uint32, b []byte) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_STATX, uintptr(fd), uintptr(unsafe.Pointer(&noName)), uintptr(flags|emptyPath), uintptr(mask), uintptr(unsafe.Pointer(&b[0])), 0)
	return e
}

func accessFD(fd int, mode, flags uint32) unix.Errno {
	_, _, e := unix.Syscall6(unix.SYS_FACCESSAT2, uintptr(fd), uintptr(unsafe.Pointer(&noName)), uintptr(mode), uintptr(flags|emptyPath), 0, 0)
	return e
}

func readlinkFD(fd int, b []byte) (int, unix.Errno) {
	n, _, e := unix.Syscall6(unix.SYS_READLINKAT, uintptr(fd), uintptr(unsafe.Pointer(&noName)), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	return int(n), e
}
