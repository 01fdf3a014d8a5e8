//go:build amd64

package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

func callRegs(nr uintptr, in *[6]uintptr, out *[14]uintptr)

func init() { commands["regs"] = regs }

// regs checks that system calls leave every register alone that the kernel
// would leave alone, whether the call was rewritten, answered or passed.
func regs([]string) int {
	st := uintptr(unsafe.Pointer(unsafe.SliceData(alloc(256))))
	fdcwd := unix.AT_FDCWD
	at := uintptr(fdcwd)
	names := [...]string{"rdi", "rsi", "rdx", "r10", "r8", "r9", "rbx", "rbp", "r12", "r13", "r14", "r15"}
	code := 0
	for _, c := range []struct {
		what string
		nr   uintptr
		in   [6]uintptr
	}{
		{"openat", unix.SYS_OPENAT, [6]uintptr{at, cstring("/"), unix.O_PATH | unix.O_CLOEXEC, 0x44, 0x55, 0x66}},
		{"openat of a missing file", unix.SYS_OPENAT, [6]uintptr{at, cstring("/no/such"), unix.O_RDONLY, 0x44, 0x55, 0x66}},
		{"openat of a bad pointer", unix.SYS_OPENAT, [6]uintptr{at, badAddr(), unix.O_RDONLY, 0x44, 0x55, 0x66}},
		{"newfstatat", unix.SYS_NEWFSTATAT, [6]uintptr{at, cstring("/guest"), st, 0, 0x55, 0x66}},
		{"newfstatat, relative", unix.SYS_NEWFSTATAT, [6]uintptr{at, cstring("."), st, 0, 0x55, 0x66}},
		{"execve that fails", unix.SYS_EXECVE, [6]uintptr{cstring("/no/such"), 0, 0, 0x44, 0x55, 0x66}},
		{"execve of a directory", unix.SYS_EXECVE, [6]uintptr{cstring("/"), 0, 0, 0x44, 0x55, 0x66}},
		{"rename that fails", unix.SYS_RENAME, [6]uintptr{cstring("/no/such/a"), cstring("/no/such/b"), 0x33, 0x44, 0x55, 0x66}},
		{"rename of two existing names", unix.SYS_RENAME, [6]uintptr{cstring("/guest"), cstring("/guest"), 0x33, 0x44, 0x55, 0x66}},
		{"renameat2", unix.SYS_RENAMEAT2, [6]uintptr{at, cstring("/guest"), at, cstring("/guest"), 1, 0x66}},
		{"readlink", unix.SYS_READLINK, [6]uintptr{cstring("/proc/self/exe"), st, 100, 0x44, 0x55, 0x66}},
		{"getcwd", unix.SYS_GETCWD, [6]uintptr{st, 200, 0x33, 0x44, 0x55, 0x66}},
		{"chdir", unix.SYS_CHDIR, [6]uintptr{cstring("."), 0x22, 0x33, 0x44, 0x55, 0x66}},
		{"statx", unix.SYS_STATX, [6]uintptr{at, cstring("/guest"), 0, 0x7ff, st, 0x66}},
		{"uname", unix.SYS_UNAME, [6]uintptr{uintptr(unsafe.Pointer(unsafe.SliceData(alloc(512)))), 0x22, 0x33, 0x44, 0x55, 0x66}},
		{"getpid", unix.SYS_GETPID, [6]uintptr{0x11, 0x22, 0x33, 0x44, 0x55, 0x66}},
		{"a call that does not exist", 9999, [6]uintptr{0x11, 0x22, 0x33, 0x44, 0x55, 0x66}},
	} {
		var out [14]uintptr
		callRegs(c.nr, &c.in, &out)
		for i, name := range names {
			want := uintptr(0x1111bbbb0000 + i - 5)
			if i < 6 {
				want = c.in[i]
			}
			if out[i] != want {
				code = fail("%s: %s is %#x, was %#x", c.what, name, out[i], want)
			}
		}
		if c.nr == unix.SYS_OPENAT && int(out[12]) >= 0 {
			unix.Close(int(out[12]))
		}
	}
	if code == 0 {
		fmt.Println("ok")
	}
	return code
}
