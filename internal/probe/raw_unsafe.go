package probe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapLow maps and unmaps one page at a fixed low address. MAP_FIXED_NOREPLACE
// (Linux 4.17) keeps it from hurting anything that is there; an older kernel
// takes the address as a hint.
func mapLow(addr uintptr) error {
	p, _, e := unix.Syscall6(unix.SYS_MMAP, addr, 4096, unix.PROT_NONE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED_NOREPLACE, ^uintptr(0), 0)
	if e == unix.EEXIST {
		return nil // mapped already
	}
	if e != 0 {
		return e
	}
	_, _, _ = unix.Syscall(unix.SYS_MUNMAP, p, 4096, 0)
	if p != addr {
		return unix.EPERM
	}
	return nil
}

// seccomp installs a filter on the calling thread.
func seccomp(filter []unix.SockFilter) error {
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	const setModeFilter = 1
	_, _, e := unix.RawSyscall(unix.SYS_SECCOMP, setModeFilter, 0, uintptr(unsafe.Pointer(&prog)))
	if e != 0 {
		return e
	}
	return nil
}

// address is that of the first byte of b, for the tracer to read.
func address(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }
