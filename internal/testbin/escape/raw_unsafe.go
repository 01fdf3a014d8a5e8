package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call makes a system call by number. Strings become NUL-terminated, slices
// the address of their first byte.
func call(nr int, args ...any) (int, error) {
	a, keep := convert(args)
	r, _, e := unix.Syscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
	runtime.KeepAlive(keep)
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

func convert(args []any) (a [6]uintptr, keep []*byte) {
	for i, v := range args {
		switch v := v.(type) {
		case int:
			a[i] = uintptr(v)
		case uint32:
			a[i] = uintptr(v)
		case uint64:
			a[i] = uintptr(v)
		case uintptr:
			a[i] = v
		case string:
			p, err := syscall.BytePtrFromString(v)
			if err != nil {
				panic(err)
			}
			keep = append(keep, p)
			a[i] = uintptr(unsafe.Pointer(p))
		case []byte:
			p := unsafe.SliceData(v)
			keep = append(keep, p)
			a[i] = uintptr(unsafe.Pointer(p))
		case nil:
		default:
			panic(fmt.Sprintf("argument of type %T", v))
		}
	}
	return a, keep
}

// address is where b lies. What needs it keeps b alive.
func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// forkChild forks by clone with the given flags; the child does one system
// call and exits with 10 if it succeeded, with 11 if not.
func forkChild(flags uintptr, nr int, args ...any) (pid int, err error) {
	a, keep := convert(args)
	r, _, e := unix.RawSyscall6(unix.SYS_CLONE, flags|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e == 0 && r == 0 {
		_, _, e = unix.RawSyscall6(uintptr(nr), a[0], a[1], a[2], a[3], a[4], a[5])
		code := uintptr(escaped)
		if e != 0 {
			code = held
		}
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, code, 0, 0)
		}
	}
	runtime.KeepAlive(keep)
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

// clone3Child is forkChild with clone3 and an exit right away.
func clone3Child(flags uint64) (pid int, err error) {
	var args [11]uint64
	args[0], args[4] = flags, uint64(unix.SIGCHLD)
	r, _, e := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if e == 0 && r == 0 {
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, escaped, 0, 0)
		}
	}
	if e != 0 {
		return -1, e
	}
	return int(r), nil
}

// peek and poke reach memory by address; a fault kills the program.
func poke(addr uintptr, v byte) { **(**byte)(unsafe.Pointer(&addr)) = v }
