package linux

import (
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pathMax is PATH_MAX: the size of a path with its NUL.
const pathMax = 4096

// shortPath is the size up to which a path is copied to a small buffer: it is
// the common case, and zeroing 4096 bytes of stack costs as much as a system
// call's entry.
const shortPath = 256

// Openat2 is openat2(2) (Linux 5.6) without an allocation. EINTR is retried;
// EAGAIN, which the kernel returns when a rename raced with a scoped walk, is
// the caller's.
func Openat2(dirfd int, path string, how *unix.OpenHow) (int, unix.Errno) {
	if e := checkPath(path); e != 0 {
		return -1, e
	}
	if len(path) < shortPath {
		var b [shortPath]byte
		copy(b[:], path)
		return openat2(dirfd, &b[0], how)
	}
	var b [pathMax]byte
	copy(b[:], path)
	return openat2(dirfd, &b[0], how)
}

func openat2(dirfd int, p *byte, how *unix.OpenHow) (int, unix.Errno) {
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT2, uintptr(dirfd), uintptr(unsafe.Pointer(p)),
			uintptr(unsafe.Pointer(how)), unsafe.Sizeof(*how), 0, 0)
		if e == unix.EINTR {
			continue
		}
		runtime.KeepAlive(how)
		if e != 0 {
			return -1, e
		}
		return int(fd), 0
	}
}

// Openat is openat(2) without an allocation and with EINTR retried.
func Openat(dirfd int, path string, flags int, mode uint32) (int, unix.Errno) {
	if e := checkPath(path); e != 0 {
		return -1, e
	}
	if len(path) < shortPath {
		var b [shortPath]byte
		copy(b[:], path)
		return openat(dirfd, &b[0], flags, mode)
	}
	var b [pathMax]byte
	copy(b[:], path)
	return openat(dirfd, &b[0], flags, mode)
}

func openat(dirfd int, p *byte, flags int, mode uint32) (int, unix.Errno) {
	for {
		fd, _, e := unix.Syscall6(unix.SYS_OPENAT, uintptr(dirfd), uintptr(unsafe.Pointer(p)),
			uintptr(flags), uintptr(mode), 0, 0)
		if e == unix.EINTR {
			continue
		}
		if e != 0 {
			return -1, e
		}
		return int(fd), 0
	}
}

// Readlinkat is readlinkat(2) without an allocation.
func Readlinkat(dirfd int, path string, buf []byte) (int, unix.Errno) {
	if e := checkPath(path); e != 0 {
		return 0, e
	}
	if len(buf) == 0 {
		return 0, unix.EINVAL
	}
	if len(path) < shortPath {
		var b [shortPath]byte
		copy(b[:], path)
		return readlinkat(dirfd, &b[0], buf)
	}
	var b [pathMax]byte
	copy(b[:], path)
	return readlinkat(dirfd, &b[0], buf)
}

func readlinkat(dirfd int, p *byte, buf []byte) (int, unix.Errno) {
	n, _, e := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dirfd), uintptr(unsafe.Pointer(p)),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}

// checkPath refuses what the kernel would not see as the same string.
func checkPath(path string) unix.Errno {
	if len(path) >= pathMax {
		return unix.ENAMETOOLONG
	}
	if strings.IndexByte(path, 0) >= 0 {
		return unix.EINVAL
	}
	return 0
}
