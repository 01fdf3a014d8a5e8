package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	parts["filter-kill"] = func([]string) error { return underFilter("calls-killer") }
	parts["calls-killer"] = func(args []string) error { return calls(args[0], killer()) }
	parts["filter-errno"] = func([]string) error { return underFilter("calls-refuser") }
	parts["calls-refuser"] = func(args []string) error { return calls(args[0], refuser()) }
	parts["calls"] = func(args []string) error { return calls(args[0], nil) }
	parts["try"] = try
	parts["die"] = func(args []string) error { return die(args[0]) }
	parts["jump"] = func(args []string) error { return jump(args[0]) }
	parts["filter-threads"] = func([]string) error { return filterThreads() }
	parts["filter-deadly"] = func([]string) error { return deadly() }
	parts["filter-stray"] = func([]string) error { return stray() }
	parts["filter-exec"] = func([]string) error { return filterExec() }
	parts["hello"] = func([]string) error { fmt.Println("hello"); return nil }
}

const (
	ldNr   = 0
	ldArgs = 16
)

func ld(off uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}
}

func jeq(k uint32, jt, jf uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jt: jt, Jf: jf}
}

func ret(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }

const (
	allow = unix.SECCOMP_RET_ALLOW
	kill  = unix.SECCOMP_RET_KILL_PROCESS
)

// install gives the calling thread, or all, a program.
func install(prog []unix.SockFilter, flags int) unix.Errno {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err.(unix.Errno)
	}
	insns, fprog := program(prog)
	_, e := raw(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, fprog)
	runtime.KeepAlive(insns)
	return e
}

func program(prog []unix.SockFilter) (insns, fprog []byte) {
	for _, i := range prog {
		insns = append(insns, byte(i.Code), byte(i.Code>>8), i.Jt, i.Jf, byte(i.K), byte(i.K>>8), byte(i.K>>16), byte(i.K>>24))
	}
	fprog = make([]byte, 16)
	fprog[0], fprog[1] = byte(len(prog)), byte(len(prog)>>8)
	for i := range 8 {
		fprog[8+i] = byte(address(insns) >> (8 * i))
	}
	return insns, fprog
}

// killer kills for every call by which a sandbox might replace another.
func killer() []unix.SockFilter {
	prog := []unix.SockFilter{ld(ldNr)}
	for _, nr := range []uint32{
		unix.SYS_OPENAT2, unix.SYS_MEMFD_CREATE, unix.SYS_SECCOMP, unix.SYS_CLOSE, unix.SYS_NEWFSTATAT, unix.SYS_STATX,
		unix.SYS_SENDMSG, unix.SYS_FCHDIR, unix.SYS_READLINKAT, unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_RECVMSG,
	} {
		prog = append(prog, jeq(nr, 0, 1), ret(kill))
	}
	return append(prog, ret(allow))
}

// refuser answers openat with EXDEV if it would write, EBADE for a certain
// address of the name, and everything about sockets with ENOSTR.
func refuser() []unix.SockFilter {
	return []unix.SockFilter{
		ld(ldNr),
		jeq(unix.SYS_SOCKET, 0, 1), ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSTR)),
		jeq(unix.SYS_MKDIR, 0, 1), ret(unix.SECCOMP_RET_ERRNO),
		jeq(unix.SYS_OPENAT, 1, 0), ret(allow),
		ld(ldArgs + 8),
		jeq(uint32(address(marked)), 0, 1), ret(unix.SECCOMP_RET_ERRNO | uint32(unix.EBADE)),
		ld(ldArgs + 16),
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.O_WRONLY | unix.O_RDWR, Jf: 1},
		ret(unix.SECCOMP_RET_ERRNO | uint32(unix.EXDEV)),
		ret(allow),
	}
}

// marked is a name whose address a filter knows.
var marked = []byte("/etc/hostname\x00")

func say(what string, e unix.Errno) {
	s := "ok"
	if e != 0 {
		s = unix.ErrnoName(e)
	}
	fmt.Println(what, s)
}

// again runs a part in a process of its own and says how it ended.
func again(args ...string) unix.WaitStatus {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		fmt.Println(err)
		return 0
	}
	return unix.WaitStatus(cmd.ProcessState.Sys().(syscall.WaitStatus))
}

// underFilter has a part make calls of all kinds in a directory. What it takes
// to clean up is not allowed there any more.
func underFilter(part string) error {
	dir, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Printf("status %#x\n", uint32(again(part, dir)))
	return nil
}

func calls(dir string, prog []unix.SockFilter) error {
	if prog != nil {
		say("install", install(prog, 0))
	}
	do := func(what string, nr int, args ...any) uintptr {
		r, e := raw(nr, args...)
		say(what, e)
		return r
	}
	fd := do("open", unix.SYS_OPEN, "/etc/hostname", 0, 0)
	b := make([]byte, 4096)
	n, _ := raw(unix.SYS_READ, fd, b, len(b))
	fmt.Printf("%q\n", b[:n])
	do("open missing", unix.SYS_OPEN, "/no/such/file", 0, 0)
	do("openat", unix.SYS_OPENAT, unix.AT_FDCWD, "/etc/hostname", 0, 0)
	do("openat marked", unix.SYS_OPENAT, unix.AT_FDCWD, marked, 0, 0)
	do("openat to write", unix.SYS_OPENAT, unix.AT_FDCWD, dir+"/f", unix.O_CREAT|unix.O_RDWR, 0o644)
	do("creat", unix.SYS_CREAT, dir+"/g", 0o644)
	do("mkdir", unix.SYS_MKDIR, dir+"/d", 0o755)
	do("mkdirat", unix.SYS_MKDIRAT, unix.AT_FDCWD, dir+"/d", 0o755)
	do("chdir", unix.SYS_CHDIR, dir)
	do("rename", unix.SYS_RENAME, "g", "h")
	do("stat", unix.SYS_STAT, "h", b)
	do("chmod", unix.SYS_CHMOD, "h", 0o600)
	do("truncate", unix.SYS_TRUNCATE, dir+"/h", 5)
	fd = do("open status", unix.SYS_OPEN, "/proc/self/status", 0, 0)
	n, _ = raw(unix.SYS_READ, fd, b, len(b))
	for line := range strings.SplitSeq(string(b[:n]), "\n") {
		if strings.HasPrefix(line, "Seccomp:") || strings.HasPrefix(line, "NoNewPrivs") {
			fmt.Println(line)
		}
	}
	fd = do("open maps", unix.SYS_OPEN, "/proc/self/maps", 0, 0)
	n, _ = raw(unix.SYS_READ, fd, b, 64)
	fmt.Println("maps", n > 0)
	fd = do("open /proc", unix.SYS_OPEN, "/proc", unix.O_DIRECTORY, 0)
	n, _ = raw(unix.SYS_GETDENTS64, fd, b, len(b))
	fmt.Println("names", int(n) > 0)
	addr := append([]byte{unix.AF_UNIX, 0}, dir+"/s\x00"...)
	s := do("socket", unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if int(s) >= 0 {
		do("bind", unix.SYS_BIND, s, addr, len(addr))
		do("listen", unix.SYS_LISTEN, s, 1)
		c, _ := raw(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM, 0)
		do("connect", unix.SYS_CONNECT, c, addr, len(addr))
	}
	pid, e := forkOpen(marked)
	say("fork", e)
	var st [4]byte
	do("wait", unix.SYS_WAIT4, pid, st[:], 0, 0)
	fmt.Println("child's status", st)
	return nil
}

// filterThreads has one thread filter them all.
func filterThreads() error {
	var ready, wg sync.WaitGroup
	start := make(chan bool)
	var got [8]unix.Errno
	for i := range got {
		ready.Add(1)
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread()
			ready.Done()
			<-start
			_, got[i] = raw(unix.SYS_OPENAT, unix.AT_FDCWD, marked, 0, 0)
		}()
	}
	ready.Wait()
	say("install", install(refuser(), unix.SECCOMP_FILTER_FLAG_TSYNC))
	close(start)
	wg.Wait()
	for _, e := range got {
		say("thread", e)
	}
	return nil
}

// deadly makes children that filters kill or trap.
func deadly() error {
	for _, action := range []uint32{unix.SECCOMP_RET_KILL_PROCESS, unix.SECCOMP_RET_TRAP, unix.SECCOMP_RET_LOG, unix.SECCOMP_RET_ERRNO | 5000} {
		// Whether there is a core is the host's business.
		fmt.Printf("action %#x: status %#x\n", action, uint32(again("die", fmt.Sprint(action)))&^0x80)
	}
	return nil
}

// die opens a file under a filter that answers so.
func die(action string) error {
	n, err := strconv.ParseUint(action, 10, 32)
	if err != nil {
		return err
	}
	// The runtime's handler would go on.
	raw(unix.SYS_RT_SIGACTION, int(unix.SIGSYS), make([]byte, 32), 0, 8)
	e := install([]unix.SockFilter{ld(ldNr), jeq(unix.SYS_OPEN, 0, 1), ret(uint32(n)), ret(allow)}, 0)
	_, o := raw(unix.SYS_OPEN, "/etc/hostname", 0, 0)
	say("install", e)
	say("open", o)
	return nil
}

// stray has children jump to the sandbox's code. 64 bytes apart, from 0x14000
// on, are the stubs.
func stray() error {
	for _, at := range []uint64{0x10000, 0x14000, 0x14000 + 64*400, 0x14000 + 64*500} {
		if ws := again("jump", fmt.Sprint(at)); ws.Exited() && ws.ExitStatus() == 77 {
			return fmt.Errorf("the filter does not see the call from %#x", at)
		}
	}
	return nil
}

// jump makes a call that its own filter forbids, exit_group(77), at an address.
func jump(at string) error {
	n, err := strconv.ParseUint(at, 10, 64)
	if err != nil {
		return err
	}
	install([]unix.SockFilter{
		ld(ldNr), jeq(unix.SYS_EXIT_GROUP, 1, 0), ret(allow),
		ld(ldArgs), jeq(77, 0, 1), ret(kill), ret(allow),
	}, 0)
	exitAt(uintptr(n), 77)
	return nil
}

// filterExec runs a program under a filter that kills for every shared mapping
// and for every fixed one.
func filterExec() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	prog := []unix.SockFilter{
		ld(ldNr), jeq(unix.SYS_MMAP, 1, 0), ret(allow),
		ld(ldArgs + 24),
		{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.MAP_SHARED | 0x100000, Jf: 1},
		ret(kill), ret(allow),
	}
	say("install", install(prog, 0))
	return unix.Exec(self, []string{self, "hello"}, []string{"N=" + strconv.Itoa(1)})
}

// try makes calls, each "NUMBER,ARGUMENT,…", and says what they answer.
func try(args []string) error {
	for _, a := range args {
		var v [7]uint64
		for i, s := range strings.Split(a, ",") {
			n, err := strconv.ParseUint(s, 0, 64)
			if err != nil {
				return err
			}
			v[i] = n
		}
		_, e := raw(int(v[0]), v[1], v[2], v[3], v[4], v[5], v[6])
		say(a, e)
	}
	return nil
}
