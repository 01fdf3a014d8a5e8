package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

func init() { parts["edges"] = func([]string) error { return edges() } }

const (
	page          = 4096
	resolveCached = 0x20 // RESOLVE_CACHED
)

// lastPage is a page with nothing mapped behind it.
func lastPage() []byte {
	p, err := unix.Mmap(-1, 0, 2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		panic(err)
	}
	if _, e := raw(unix.SYS_MUNMAP, address(p)+page, page); e != 0 {
		panic(e)
	}
	return p[:page:page]
}

// atEnd puts b at the end of a page: its last byte is the last there is.
func atEnd(b []byte) uint64 {
	p := lastPage()
	copy(p[page-len(b):], b)
	return address(p) + page - uint64(len(b))
}

// beyond is mapped, but the file behind it ends before.
func beyond() uint64 {
	fd, err := unix.MemfdCreate("hostile", 0)
	if err == nil {
		err = unix.Ftruncate(fd, page)
	}
	if err != nil {
		panic(err)
	}
	p, err := unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	copy(p, "/etc/hostname")
	unix.Ftruncate(fd, 0)
	return address(p)
}

// edges makes calls with arguments that end where memory does, or that mean
// nothing, and says what they answer.
func edges() error {
	dir, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at := unix.AT_FDCWD
	do := func(what string, nr int, args ...any) {
		r, e := raw(nr, args...)
		say(what, e)
		if e == 0 && (nr == unix.SYS_OPEN || nr == unix.SYS_OPENAT || nr == unix.SYS_OPENAT2) {
			raw(unix.SYS_CLOSE, r)
		}
	}
	name := "/etc/hostname"
	own := filepath.Join(dir, "f")
	if err := os.WriteFile(own, []byte("x"), 0o644); err != nil {
		return err
	}
	whole, cut := atEnd(append([]byte(own), 0)), atEnd([]byte(own))
	lost := beyond()
	st := make([]byte, 512)
	bad := []uint64{0, 1, page - 1, cut, lost, 1 << 47, 1<<47 - 1, 1 << 63, ^uint64(0), 0xffffffff81000000}
	for _, flags := range []int{unix.O_TMPFILE, unix.O_TMPFILE | unix.O_RDWR, 0x400000, unix.O_CREAT | unix.O_DIRECTORY, unix.O_PATH | unix.O_TMPFILE} {
		for i, p := range []uint64{0, whole, atEnd([]byte("/none/none\x00"))} {
			do(fmt.Sprintf("open %d with %#x", i, flags), unix.SYS_OPEN, p, flags, 0)
			do(fmt.Sprintf("openat %d with %#x", i, flags), unix.SYS_OPENAT, at, p, flags, 0)
		}
	}
	raw(unix.SYS_CHDIR, "/")
	for _, p := range append(bad, whole) {
		// Addresses are the run's; their place in the list is not.
		do("open", unix.SYS_OPEN, p, 0, 0)
		do("openat", unix.SYS_OPENAT, at, p, unix.O_CREAT|unix.O_EXCL, 0)
		do("openat2", unix.SYS_OPENAT2, at, p, make([]byte, 24), 24)
		do("stat", unix.SYS_STAT, p, st)
		do("statx", unix.SYS_STATX, at, p, 0, 0x7ff, st)
		do("access", unix.SYS_ACCESS, p, 0)
		do("readlink", unix.SYS_READLINK, p, st, len(st))
		do("chdir", unix.SYS_CHDIR, p)
		do("chmod", unix.SYS_CHMOD, p, 0o644)
		do("mkdir", unix.SYS_MKDIR, p, 0o755)
		do("unlink", unix.SYS_UNLINK, dir+"/none")
		do("rename from", unix.SYS_RENAME, p, dir+"/none/x")
		do("rename to", unix.SYS_RENAME, dir+"/none", p)
		do("symlink", unix.SYS_SYMLINK, p, dir+"/none/x")
		do("getxattr", unix.SYS_GETXATTR, p, "user.x", st, len(st))
		do("getxattr name", unix.SYS_GETXATTR, name, p, st, len(st))
		do("truncate", unix.SYS_TRUNCATE, p, 0)
		do("utimensat", unix.SYS_UTIMENSAT, at, p, 0, 0)
		do("utimensat times", unix.SYS_UTIMENSAT, at, dir, p, 0)
		do("statfs", unix.SYS_STATFS, p, st)
		do("execve", unix.SYS_EXECVE, p, 0, 0)
		do("execve argv", unix.SYS_EXECVE, "/none", p, 0)
		do("inotify", unix.SYS_INOTIFY_ADD_WATCH, -1, p, 1)
	}
	for i, p := range bad {
		// Where results go.
		do(fmt.Sprint("stat to ", i), unix.SYS_STAT, name, p)
		do(fmt.Sprint("getcwd to ", i), unix.SYS_GETCWD, p, page)
		do(fmt.Sprint("readlink to ", i), unix.SYS_READLINK, "/proc/self/exe", p, 100)
		do(fmt.Sprint("uname to ", i), unix.SYS_UNAME, p)
		do(fmt.Sprint("statfs to ", i), unix.SYS_STATFS, "/", p)
	}
	edgesHow(do, name)
	edgesSocket(do, dir)
	edgesVectors(do)
	do("whole", unix.SYS_OPEN, whole, 0, 0)
	long := make([]byte, 2*page)
	for i := range long {
		long[i] = 'x'
	}
	do("PATH_MAX", unix.SYS_OPEN, string(long[:4095]), 0, 0)
	do("PATH_MAX+1", unix.SYS_OPEN, string(long[:4096]), 0, 0)
	do("unterminated", unix.SYS_OPEN, atEnd(long[:4095]), 0, 0)
	do("unterminated page", unix.SYS_OPEN, atEnd(long[:page]), 0, 0)
	long[0] = '/'
	do("NAME_MAX", unix.SYS_OPEN, string(long[:256]), 0, 0)
	do("NAME_MAX+1", unix.SYS_OPEN, string(long[:257]), 0, 0)
	return nil
}

type doer func(what string, nr int, args ...any)

// edgesHow is about struct open_how and struct clone_args, whose size is an
// argument.
func edgesHow(do doer, name string) {
	for _, size := range []int{0, 1, 8, 23, 24, 25, 32, 64, page - 1, page, page + 1, 1 << 20, -1} {
		do(fmt.Sprint("openat2 size ", size), unix.SYS_OPENAT2, unix.AT_FDCWD, name, make([]byte, 2*page), size)
		do(fmt.Sprint("openat2 at the end ", size), unix.SYS_OPENAT2, unix.AT_FDCWD, name, atEnd(make([]byte, 24)), size)
		how := make([]byte, 2*page)
		how[min(max(size-1, 0), page)] = 1
		do(fmt.Sprint("openat2 last byte ", size), unix.SYS_OPENAT2, unix.AT_FDCWD, name, how, size)
		if size < 64 {
			do(fmt.Sprint("clone3 size ", size), unix.SYS_CLONE3, make([]byte, page), size)
		}
	}
	do("clone3 at the end", unix.SYS_CLONE3, atEnd(make([]byte, 63)), 64)
	for _, how := range [][3]uint64{
		{unix.O_CREAT, 1 << 40, 0},
		{1 << 40, 0, 0},
		{0, 0o644, 0},
		{unix.O_PATH | unix.O_RDWR, 0, 0},
		{0, 0, 1 << 30},
		{0, 0, unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT},
		{0, 0, unix.RESOLVE_BENEATH},
		{0, 0, unix.RESOLVE_IN_ROOT},
		{unix.O_CREAT, 0, resolveCached},
		{^uint64(0), ^uint64(0), ^uint64(0)},
	} {
		b := make([]byte, 24)
		for i := range b {
			b[i] = byte(how[i/8] >> (8 * (i % 8)))
		}
		do(fmt.Sprintf("openat2 %#x", how), unix.SYS_OPENAT2, unix.AT_FDCWD, "/none/none", b, 24)
	}
}

// edgesSocket is about addresses of sockets.
func edgesSocket(do doer, dir string) {
	socket := func() uintptr {
		s, _ := raw(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		return s
	}
	addr := append([]byte{unix.AF_UNIX, 0}, filepath.Join(dir, "none")...)
	full := make([]byte, 128)
	copy(full, addr)
	for i := len(addr); i < len(full); i++ {
		full[i] = 'x'
	}
	for _, n := range []int{0, 1, 2, 3, len(addr), 109, 110, 111, 128, 129, 1 << 20, -1} {
		for _, call := range []struct {
			name string
			nr   int
		}{{"bind", unix.SYS_BIND}, {"connect", unix.SYS_CONNECT}} {
			s := socket()
			if call.nr == unix.SYS_CONNECT || n > 110 || n == 1 || n == 0 {
				text := fmt.Sprint(n)
				if n == len(addr) {
					text = "exact"
				}
				do(call.name+" length "+text, call.nr, s, full, n)
				do(call.name+" at the end "+text, call.nr, s, atEnd(full[:max(0, min(n, 128)-1)]), n)
			}
			raw(unix.SYS_CLOSE, s)
		}
	}
	s := socket()
	for i, a := range [][]byte{{unix.AF_UNIX}, {unix.AF_INET, 0, 0, 0}, {0, 0}, {0xff, 0xff, 'x'}, {unix.AF_UNIX, 1, '/'}} {
		do(fmt.Sprint("connect odd ", i), unix.SYS_CONNECT, s, append(a, make([]byte, 110)...), 110)
	}
	length := make([]byte, 4)
	for _, n := range []int{0, 1, 2, 3, 110, -1} {
		length[0], length[1], length[2], length[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
		do(fmt.Sprint("getsockname ", n), unix.SYS_GETSOCKNAME, s, make([]byte, 128), length)
		do(fmt.Sprint("getsockname at the end ", n), unix.SYS_GETSOCKNAME, s, atEnd(make([]byte, 1)), length)
		do(fmt.Sprint("getpeername ", n), unix.SYS_GETPEERNAME, s, make([]byte, 128), length)
	}
	do("getsockname without a length", unix.SYS_GETSOCKNAME, s, make([]byte, 128), 0)
	do("getsockname of none", unix.SYS_GETSOCKNAME, -1, make([]byte, 128), length)
	raw(unix.SYS_CLOSE, s)
}

// edgesVectors is about messages and arrays of arrays.
func edgesVectors(do doer) {
	s, _ := raw(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	for _, n := range []int{1, 8, 16, 55} {
		do(fmt.Sprint("sendmsg at the end ", n), unix.SYS_SENDMSG, s, atEnd(make([]byte, n)), 0)
		do(fmt.Sprint("sendmmsg at the end ", n), unix.SYS_SENDMMSG, s, atEnd(make([]byte, n)), 1, 0)
	}
	for i := range 7 {
		m := make([]byte, 56)
		for k := range 8 {
			m[8*i+k] = 0xff
		}
		do(fmt.Sprint("sendmsg odd ", i), unix.SYS_SENDMSG, s, m, 0)
		m = append(slices.Clone(m), 0, 0, 0, 0, 0, 0, 0, 0)
		do(fmt.Sprint("sendmmsg odd ", i), unix.SYS_SENDMMSG, s, m, 1, 0)
	}
	do("sendto", unix.SYS_SENDTO, s, "x", 1, 0, atEnd([]byte{1}), 110)
	raw(unix.SYS_CLOSE, s)
	do("execve argv at the end", unix.SYS_EXECVE, "/bin/true", atEnd(make([]byte, 7)), 0)
	do("execve argv of nothing", unix.SYS_EXECVE, "/bin/true", []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0)
	do("execve envp at the end", unix.SYS_EXECVE, "/bin/true", make([]byte, 8), atEnd(make([]byte, 7)))
	do("execveat empty", unix.SYS_EXECVEAT, -1, "", 0, 0, unix.AT_EMPTY_PATH)
	do("execveat flags", unix.SYS_EXECVEAT, unix.AT_FDCWD, "/bin/true", 0, 0, 0x7fff0000)
	do("seccomp at the end", unix.SYS_SECCOMP, 1, 0, atEnd(make([]byte, 15)))
	do("seccomp of nothing", unix.SYS_SECCOMP, 1, 0, []byte{1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	do("seccomp too long", unix.SYS_SECCOMP, 1, 0, []byte{0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})
	do("seccomp empty", unix.SYS_SECCOMP, 1, 0, make([]byte, 16))
	do("prctl seccomp", unix.SYS_PRCTL, unix.PR_SET_SECCOMP, 2, atEnd(make([]byte, 15)))
}
