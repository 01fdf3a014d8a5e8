package tracer

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// child is everything that the forked child needs, made before the fork: it
// may not allocate, lock, or grow its stack.
type child struct {
	gate, report int
	gateW        int // the tracer's end of the gate
	path         *byte
	argv, envp   []*byte
	dir          int
	stdio        [3]int
	preserve     int
	window       int
	stubs        [2]int
	windowFD     int
	reserved     []int // go to the numbers behind the stub's
	freeFD       int   // the first number behind all of them
	umask        int
	rlimits      []Rlimit
	session      bool
	landlock     int
	filter       []unix.SockFilter
	prog         unix.SockFprog
	nofile       [2]uint64
	msg          [2]uint64
}

// Steps of the child, for error messages.
const (
	stepGate = iota
	stepSession
	stepStdio
	stepWindow
	stepFDs
	stepRlimit
	stepDir
	stepNoNewPrivs
	stepLandlock
	stepSeccomp
	stepExec
)

var stepNames = [...]string{
	"start", "setsid", "standard descriptors", "window descriptor", "closing descriptors",
	"resource limit", "working directory", "no_new_privs", "landlock", "seccomp", "exec",
}

func (tr *Tracer) newChild(l *Launch) (*child, error) {
	c := &child{
		dir: l.Dir, stdio: l.Stdio, preserve: l.Preserve, window: tr.win.fd, stubs: tr.stubs,
		windowFD: tr.cfg.WindowFD, freeFD: tr.policy.lastFD(), umask: -1, session: l.NewSession, rlimits: l.Rlimits, landlock: l.Landlock,
	}
	if tr.fast != nil {
		c.reserved = tr.fast.fds
	}
	var err error
	if c.path, err = syscall.BytePtrFromString(l.Path); err != nil {
		return nil, err
	}
	if c.argv, err = syscall.SlicePtrFromStrings(l.Argv); err != nil {
		return nil, err
	}
	if c.envp, err = syscall.SlicePtrFromStrings(l.Env); err != nil {
		return nil, err
	}
	if l.Umask != nil {
		c.umask = int(*l.Umask)
	}
	if tr.seccomp {
		if c.filter, err = Compile(tr.policy); err != nil {
			return nil, err
		}
		c.prog = unix.SockFprog{Len: uint16(len(c.filter)), Filter: &c.filter[0]}
	}
	return c, nil
}

// scratchAddr is the address of scratch, which is the same in the child.
func (tr *Tracer) scratchAddr() uint64 { return uint64(uintptr(unsafe.Pointer(&tr.scratch[0]))) }

// The runtime's own hooks around a fork; package syscall uses them the same
// way. They block signals and reset handlers in the child.
//
//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// forkChild forks; the child never returns.
//
//go:noinline
//go:norace
func forkChild(c *child) (pid int, e unix.Errno) {
	beforeFork()
	r, _, e := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 || r != 0 {
		afterFork()
		runtime.KeepAlive(c)
		return int(r), e
	}
	afterForkInChild()
	c.run()
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 125, 0, 0)
	}
}

// run makes the child ready and execs the command. It must not allocate or
// call anything that might.
//
//go:norace
//go:nosplit
func (c *child) run() {
	// Wait until the tracer has seized us. Without our copy of its end of the
	// pipe, its death before that is an end of file.
	unix.RawSyscall(unix.SYS_CLOSE, uintptr(c.gateW), 0, 0)
	var b [1]byte
	for {
		n, _, e := unix.RawSyscall(unix.SYS_READ, uintptr(c.gate), uintptr(unsafe.Pointer(&b)), 1)
		if e == unix.EINTR {
			continue
		}
		if e != 0 || n != 1 {
			c.fail(stepGate, e)
		}
		break
	}
	if c.session {
		if _, _, e := unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0); e != 0 {
			c.fail(stepSession, e)
		}
	}
	// The reserved descriptors go to their places first, with the limit
	// raised as far as it may be, so that a small soft limit does no harm.
	var lim [2]uint64
	unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&lim)), 0, 0)
	high := lim
	high[0] = high[1]
	unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&high)), 0, 0, 0)
	if _, _, e := unix.RawSyscall(unix.SYS_DUP3, uintptr(c.window), uintptr(c.windowFD), 0); e != 0 {
		c.fail(stepWindow, e)
	}
	for i := range c.stubs {
		if _, _, e := unix.RawSyscall(unix.SYS_DUP3, uintptr(c.stubs[i]), uintptr(c.windowFD+1+i), 0); e != 0 {
			c.fail(stepWindow, e)
		}
	}
	for i := range c.reserved {
		if _, _, e := unix.RawSyscall(unix.SYS_DUP3, uintptr(c.reserved[i]), uintptr(c.windowFD+fixedFDs+i), 0); e != 0 {
			c.fail(stepWindow, e)
		}
	}
	// Move the report pipe and the directory out of the way of 0, 1, 2 and
	// the preserved ones.
	low := uintptr(3 + c.preserve)
	r, _, e := unix.RawSyscall(unix.SYS_FCNTL, uintptr(c.report), unix.F_DUPFD_CLOEXEC, uintptr(c.freeFD))
	if e != 0 {
		c.fail(stepFDs, e)
	}
	c.report = int(r)
	if c.dir >= 0 {
		if _, _, e := unix.RawSyscall(unix.SYS_FCHDIR, uintptr(c.dir), 0, 0); e != 0 {
			c.fail(stepDir, e)
		}
	}
	// Standard descriptors may name each other: first copies above, then
	// down to their places.
	for i := 0; i < 3; i++ {
		r, _, e := unix.RawSyscall(unix.SYS_FCNTL, uintptr(c.stdio[i]), unix.F_DUPFD_CLOEXEC, uintptr(c.freeFD))
		if e != 0 {
			if e == unix.EBADF {
				c.stdio[i] = -1 // closed in the launcher: closed in the guest
				continue
			}
			c.fail(stepStdio, e)
		}
		c.stdio[i] = int(r)
	}
	for i := 0; i < 3; i++ {
		if c.stdio[i] < 0 {
			unix.RawSyscall(unix.SYS_CLOSE, uintptr(i), 0, 0)
		} else if _, _, e := unix.RawSyscall(unix.SYS_DUP3, uintptr(c.stdio[i]), uintptr(i), 0); e != 0 {
			c.fail(stepStdio, e)
		}
	}
	// Preserved descriptors lose close-on-exec; all others are closed at
	// exec (CLOSE_RANGE_CLOEXEC, Linux 5.11), or now where that is missing.
	for fd := uintptr(3); fd < low; fd++ {
		unix.RawSyscall(unix.SYS_FCNTL, fd, unix.F_SETFD, 0)
	}
	const cloexec = 4
	c.closeRange(low, uintptr(c.windowFD-1), cloexec)
	c.closeRange(uintptr(c.freeFD), 1<<31-1, cloexec)
	unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&lim)), 0, 0, 0)

	for i := range c.rlimits {
		l := [2]uint64{c.rlimits[i].Soft, c.rlimits[i].Hard}
		if _, _, e := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, uintptr(c.rlimits[i].Type), uintptr(unsafe.Pointer(&l)), 0, 0, 0); e != 0 {
			c.fail(stepRlimit, e)
		}
	}
	if c.umask >= 0 {
		unix.RawSyscall(unix.SYS_UMASK, uintptr(c.umask), 0, 0)
	}
	if _, _, e := unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); e != 0 {
		c.fail(stepNoNewPrivs, e)
	}
	if c.landlock > 0 {
		if _, _, e := unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(c.landlock), 0, 0); e != 0 {
			c.fail(stepLandlock, e)
		}
		unix.RawSyscall(unix.SYS_CLOSE, uintptr(c.landlock), 0, 0)
	}
	if c.prog.Len > 0 {
		// Without SPEC_ALLOW, kernels before 5.16 slow every seccomp task
		// down (spec_store_bypass_disable=seccomp).
		const setModeFilter, specAllow = 1, 4
		_, _, e := unix.RawSyscall(unix.SYS_SECCOMP, setModeFilter, specAllow, uintptr(unsafe.Pointer(&c.prog)))
		if e == unix.EINVAL {
			_, _, e = unix.RawSyscall(unix.SYS_SECCOMP, setModeFilter, 0, uintptr(unsafe.Pointer(&c.prog)))
		}
		if e != 0 {
			c.fail(stepSeccomp, e)
		}
	}
	_, _, e = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(c.path)), uintptr(unsafe.Pointer(&c.argv[0])), uintptr(unsafe.Pointer(&c.envp[0])))
	c.fail(stepExec, e)
}

//go:norace
//go:nosplit
func (c *child) closeRange(first, last, flags uintptr) {
	if _, _, e := unix.RawSyscall(unix.SYS_CLOSE_RANGE, first, last, flags); e != 0 {
		// Before Linux 5.11, or refused: one by one. The report pipe, the
		// only one still needed, is closed at exec by its own flag.
		for fd := first; fd <= last && fd < 1<<16; fd++ {
			if fd != uintptr(c.report) {
				unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
			}
		}
	}
}

// fail tells the tracer why and ends the child.
//
//go:norace
//go:nosplit
func (c *child) fail(step int, e unix.Errno) {
	c.msg = [2]uint64{uint64(step), uint64(e)}
	unix.RawSyscall(unix.SYS_WRITE, uintptr(c.report), uintptr(unsafe.Pointer(&c.msg)), 16)
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 125, 0, 0)
	}
}
