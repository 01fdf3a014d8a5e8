package main

import (
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// raw makes a system call without telling the Go runtime. Strings become
// NUL-terminated, slices the address of their first byte.
func raw(nr int, args ...any) (uintptr, unix.Errno) {
	var a [6]uintptr
	var keep [6]*byte
	for i, v := range args {
		switch v := v.(type) {
		case int:
			a[i] = uintptr(v)
		case uint64:
			a[i] = uintptr(v)
		case uintptr:
			a[i] = v
		case string:
			keep[i] = &append([]byte(v), 0)[0]
		case []byte:
			keep[i] = unsafe.SliceData(v)
		}
		if keep[i] != nil {
			a[i] = uintptr(unsafe.Pointer(keep[i]))
		}
	}
	r, _, e := unix.RawSyscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
	runtime.KeepAlive(&keep)
	return r, e
}

// address is where b lies. What needs it keeps b alive.
func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// forkOpen makes a child that exits with the errno of an open. It may not
// allocate: the runtime's other threads are not there.
//
//go:norace
func forkOpen(name []byte) (pid uintptr, e unix.Errno) {
	pid, _, e = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	for e == 0 && pid == 0 {
		_, _, o := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(unsafe.SliceData(name))), 0, 0)
		unix.RawSyscall(unix.SYS_EXIT_GROUP, uintptr(o), 0, 0)
	}
	return pid, e
}

// forkPause makes a child that waits to be killed.
//
//go:norace
func forkPause() (pid uintptr, e unix.Errno) {
	pid, _, e = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	for e == 0 && pid == 0 {
		unix.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
	}
	return pid, e
}

// strAddr is the address of a NUL-terminated copy of s, which is never freed.
func strAddr(s string) uintptr {
	strs.Lock()
	defer strs.Unlock()
	b := strs.m[s]
	if b == nil {
		b = append([]byte(s), 0)
		strs.m[s] = b
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

var strs = struct {
	sync.Mutex
	m map[string][]byte
}{m: map[string][]byte{}}

// cwdArg is AT_FDCWD as an argument.
const cwdArg = ^uintptr(99)

// rawFuzz makes a call that may wait, so the runtime is told.
func rawFuzz(nr int, a, b, c, d, e, f uint64) {
	unix.Syscall6(uintptr(nr), uintptr(a), uintptr(b), uintptr(c), uintptr(d), uintptr(e), uintptr(f))
}

// rawFork makes a child that makes a call and ends.
//
//go:norace
func rawFork(nr int, a, b uint64) {
	r, _, e := unix.RawSyscall6(uintptr(nr), uintptr(a), uintptr(b), 0, 0, 0, 0)
	for e == 0 && r == 0 {
		unix.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(unsafe.SliceData(marked))), 0, 0)
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// forkForks makes a child that makes children, which make one each and end,
// until it is killed. Several may be about to be born at any moment.
//
//go:norace
func forkForks() (pid uintptr, e unix.Errno) {
	pid, _, e = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	for e == 0 && pid == 0 {
		r, _, o := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if o == 0 && r == 0 {
			for range 4 {
				r, _, o = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
				if o == 0 && r == 0 {
					unix.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(unsafe.SliceData(marked))), 0, 0)
				}
			}
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		unix.RawSyscall6(unix.SYS_WAIT4, r, 0, unix.WNOHANG, 0, 0, 0)
	}
	return pid, e
}
