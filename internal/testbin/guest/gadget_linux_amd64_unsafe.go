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

func callAt(addr, nr uintptr, in *[6]uintptr) uintptr

func load(addr uintptr) uint64

// cstr is cstring for strings that come again and again.
func cstr(s string) uintptr {
	if cstrs[s] == 0 {
		cstrs[s] = cstring(s)
	}
	return cstrs[s]
}

var cstrs = map[string]uintptr{}

func init() { commands["gadget"] = gadget }

// gadget attacks the trusted instruction of the fast path: it jumps there with
// whatever it likes. Its arguments are the addresses of that instruction, of
// the empty string, of the how table and its end, the first reserved
// descriptor and the one behind the last, the host path of a file outside of
// the view and its inode, the inode of /ro/f, that of the directory above the
// root, the address of "..", and those of the paths of descriptors and behind
// them. In the view, /ro is read-only; the file outside is ../outside of the
// root.
func gadget(args []string) int {
	runtime.LockOSThread()
	var v [12]uintptr
	outside := args[6]
	args = append(args[:6:6], args[7:]...)
	for i := range v {
		n, err := strconv.ParseUint(args[i], 0, 64)
		if err != nil {
			return fail("%v", err)
		}
		v[i] = uintptr(n)
	}
	at, empty, how, howEnd, first, end := v[0], v[1], v[2], v[3], v[4], v[5]
	root, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return fail("/: %v", err)
	}
	code := 0
	if r := callAt(at, unix.SYS_GETPID, new([6]uintptr)); int(r) != os.Getpid() {
		return fail("the instruction is not where it should be: %d", int(r))
	}
	fdcwd := unix.AT_FDCWD
	fds := []uintptr{uintptr(root), uintptr(fdcwd)}
	for fd := first - 2; fd < end+2; fd++ {
		fds = append(fds, fd)
	}
	paths := []string{"../outside", outside, "ro/../../outside", "link", "/link", ".."}
	tries := 0
	var open func(fd, path, h, size uintptr, name string)
	try := func(fd uintptr, path string, h, size uintptr) {
		open(fd, cstr(path), h, size, path)
		if path == ".." {
			// The one string that may lead up is the sealed one.
			open(fd, v[9], h, size, "sealed ..")
		}
	}
	open = func(fd, p, h, size uintptr, path string) {
		tries++
		r := int(callAt(at, unix.SYS_OPENAT2, &[6]uintptr{fd, p, h, size}))
		if r < 0 {
			return
		}
		defer unix.Close(r)
		fl, _ := unix.FcntlInt(uintptr(r), unix.F_GETFL, 0)
		var st unix.Stat_t
		unix.Fstat(r, &st)
		writes := fl&unix.O_ACCMODE != unix.O_RDONLY && fl&unix.O_PATH == 0
		if st.Ino == uint64(v[6]) || st.Ino == uint64(v[8]) || st.Ino == uint64(v[7]) && writes {
			code = fail("openat2(%d, %q, %#x, %d) made a descriptor, flags %#x", int32(fd), path, h, size, fl)
		}
	}
	own := alloc(64)
	st := uintptr(unsafe.Pointer(unsafe.SliceData(alloc(512))))
	for _, fd := range fds {
		for _, p := range paths {
			for h := how - 64; h < howEnd+64; h += 8 {
				if (h-how)/32%7 != 0 {
					continue // a sample of the entries will do
				}
				try(fd, p, h, 24)
			}
			for _, flags := range []uint64{0, unix.O_PATH, unix.O_RDWR, unix.O_CREAT | unix.O_WRONLY} {
				*(*[3]uint64)(unsafe.Pointer(&own[0])) = [3]uint64{flags, 0, 0}
				try(fd, p, uintptr(unsafe.Pointer(&own[0])), 24)
			}
			for _, size := range []uintptr{0, 8, 16, 32, 1<<32 | 24} {
				try(fd, p, how, size)
			}
		}
		// What is read-only stays so.
		for _, p := range []string{"f", "ro/f", "/ro/f", "new", "ro/new"} {
			for h := how; h < howEnd; h += 32 {
				f := load(h)
				if f&(unix.O_WRONLY|unix.O_RDWR) != 0 {
					try(fd, p, h, 24)
				}
			}
		}
		// Calls that must not follow a path of their own. (In the view there
		// may be a file of that name by now.)
		for _, p := range paths[:3] {
			for what, c := range map[string]struct {
				nr  uintptr
				in  [6]uintptr
				ino uintptr // where the inode is in the buffer
			}{
				"newfstatat": {unix.SYS_NEWFSTATAT, [6]uintptr{fd, cstr(p), st}, 8},
				"statx":      {unix.SYS_STATX, [6]uintptr{fd, cstr(p), 0, 0x7ff, st}, 32},
			} {
				if r := int(callAt(at, c.nr, &c.in)); r == 0 && load(st+c.ino) == uint64(v[6]) {
					code = fail("%s(%d, %q) = %d", what, int32(fd), p, r)
				}
			}
		}
	}
	// Attributes are read by a sealed name of one's own descriptor, or not.
	room := alloc(512)
	value := uintptr(unsafe.Pointer(unsafe.SliceData(room)))
	for _, p := range []uintptr{cstr("../outside"), cstr(outside), v[10] + 1, v[10] + 5, v[11], v[10] - 32, v[10] + 1<<32} {
		for what, r := range map[string]uintptr{
			"listxattr": callAt(at, unix.SYS_LISTXATTR, &[6]uintptr{p, value, 512}),
			"getxattr":  callAt(at, unix.SYS_GETXATTR, &[6]uintptr{p, cstr("user.mark"), value, 512}),
		} {
			if int(r) > 0 {
				code = fail("%s(%#x) = %d", what, p, int(r))
			}
		}
	}
	for fd := uintptr(0); fd < 16; fd++ {
		r := int(callAt(at, unix.SYS_LISTXATTR, &[6]uintptr{v[10] + fd*32, value, 512}))
		if e := errnoOf(unix.SYS_FCNTL, fd, unix.F_GETFD); (r < 0) != (e != 0) {
			code = fail("listxattr of descriptor %d: %d, and fcntl says %v", fd, r, e)
		}
	}
	// Where a directory lies on the host is not told.
	for _, dir := range []string{"/", "/ro"} {
		unix.Chdir(dir)
		n := int(callAt(at, unix.SYS_GETCWD, &[6]uintptr{value, 512}))
		if got := string(room[:max(n, 1)-1]); got != dir {
			code = fail("getcwd in %s says %q", dir, got)
		}
	}
	unix.Chdir("/")
	// The tables and descriptors are out of reach.
	for fd := first - 2; fd < end; fd++ {
		for what, e := range map[string]error{
			"close": unix.Close(int(fd)), "dup3": unix.Dup3(root, int(fd), 0),
			"close on exec": func() error { _, err := unix.FcntlInt(fd, unix.F_SETFD, 1); return err }(),
		} {
			if e != unix.EBADF {
				code = fail("%s %d: %v", what, fd, e)
			}
		}
	}
	page := how &^ 0xfff
	for what, e := range map[string]unix.Errno{
		"mprotect": errnoOf(unix.SYS_MPROTECT, page, 4096, unix.PROT_READ|unix.PROT_WRITE),
		"munmap":   errnoOf(unix.SYS_MUNMAP, page, 4096),
		"mmap":     errnoOf(unix.SYS_MMAP, page, 4096, 3, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED, ^uintptr(0), 0),
		"madvise":  errnoOf(unix.SYS_MADVISE, page, 4096, unix.MADV_DONTNEED),
		"read":     errnoOf(unix.SYS_PREAD64, uintptr(root), empty, 1, 0),
	} {
		if e == 0 {
			code = fail("%s of the how table worked", what)
		}
	}
	if mem, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0); err == nil {
		if _, err := mem.WriteAt(make([]byte, 8), int64(how)); err == nil {
			code = fail("/proc/self/mem wrote to the how table")
		}
		mem.Close()
	}
	if code == 0 && tries < 1000 {
		return fail("only %d tries", tries)
	}
	if code == 0 {
		fmt.Println("ok")
	}
	return code
}

func errnoOf(nr uintptr, a ...uintptr) unix.Errno {
	var v [6]uintptr
	copy(v[:], a)
	_, _, e := unix.RawSyscall6(nr, v[0], v[1], v[2], v[3], v[4], v[5])
	return e
}
