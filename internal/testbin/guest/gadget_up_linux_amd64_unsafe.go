//go:build amd64

package main

import (
	"fmt"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

func init() { commands["gadget-up"] = gadgetUp }

// gadgetUp asks the trusted instruction of the fast path for the parent of a
// directory. Its arguments are the addresses of that instruction, of ".." and of
// the opens that go with it, their end, and the directory. It prints the inodes
// that it has got hold of.
func gadgetUp(args []string) int {
	runtime.LockOSThread()
	var v [4]uintptr
	for i := range v {
		n, err := strconv.ParseUint(args[i], 0, 64)
		if err != nil {
			return fail("%v", err)
		}
		v[i] = uintptr(n)
	}
	dir, err := unix.Open(args[4], unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return fail("%s: %v", args[4], err)
	}
	for h := v[2]; h < v[3]; h += 32 {
		fd := int(callAt(v[0], unix.SYS_OPENAT2, &[6]uintptr{uintptr(dir), v[1], h, 24}))
		var st unix.Stat_t
		if fd >= 0 && unix.Fstat(fd, &st) == nil {
			fmt.Printf("inode %d of %d\n", st.Ino, st.Dev)
			unix.Close(fd)
		}
	}
	fmt.Println("done")
	return 0
}
