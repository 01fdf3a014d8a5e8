package tracer

import (
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// child is everything that the forked child needs, made before the fork: it
// shares the memory, and may not allocate, lock, or grow its stack.
type child struct {
	gate, report int // gate is -1 if nobody traces
	gateW        int // the tracer's end of the gate
	path         *byte
	argv, envp   []*byte
	dir          int
	stdio        [3]int
	preserve     int
	window, stub int // window is -1 if nobody traces
	windowFD     int
	reserved     []int // go to the numbers behind the stub's
	freeFD       int   // the first number behind all of them
	umask        int
	rlimits      []Rlimit
	session      bool
	noNewPrivs   bool
	landlock     int
	filter       []unix.SockFilter
	prog         unix.SockFprog
	own          unix.SockFprog // the guest's own
	ownFlags     uintptr
	msg          [2]uint64
	sigmask      uint64 // at the exec
	stack        []byte
}

// childStack is what the child's calls take many times over.
const childStack = 16 << 10

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
	stepOwnFilter
	stepExec
)

var stepNames = [...]string{
	"start", "setsid", "standard descriptors", "window descriptor", "closing descriptors",
	"resource limit", "working directory", "no_new_privs", "landlock", "seccomp", "linux.seccomp", "exec",
}

func (tr *Tracer) newChild(l *Launch) (*child, error) {
	c := &child{
		window: tr.win.fd, stub: tr.stub, windowFD: tr.cfg.WindowFD, freeFD: tr.policy.lastFD(), noNewPrivs: true,
	}
	if tr.fast != nil {
		c.reserved = tr.fast.fds
	}
	if tr.stub32 >= 0 {
		c.reserved = append(slices.Clip(c.reserved), tr.stub32)
	}
	err := c.take(l)
	if err != nil {
		return nil, err
	}
	if tr.seccomp {
		if c.filter, err = Compile(tr.policy); err != nil {
			return nil, err
		}
		c.prog = unix.SockFprog{Len: uint16(len(c.filter)), Filter: &c.filter[0]}
	}
	if l.Filter != nil {
		own, e := tr.Screen(l.Filter)
		if e != 0 {
			return nil, &StartError{stepNames[stepOwnFilter], e}
		}
		c.own, c.ownFlags = unix.SockFprog{Len: uint16(len(own)), Filter: &own[0]}, l.FilterFlags
	}
	return c, nil
}

// take copies what l says of the command itself.
func (c *child) take(l *Launch) (err error) {
	c.dir, c.stdio, c.preserve, c.umask = l.Dir, l.Stdio, l.Preserve, -1
	c.session, c.rlimits, c.landlock = l.NewSession, l.Rlimits, l.Landlock
	c.stack = make([]byte, childStack)
	if c.path, err = syscall.BytePtrFromString(l.Path); err != nil {
		return err
	}
	if c.argv, err = syscall.SlicePtrFromStrings(l.Argv); err != nil {
		return err
	}
	if c.envp, err = syscall.SlicePtrFromStrings(l.Env); err != nil {
		return err
	}
	if l.Umask != nil {
		c.umask = int(*l.Umask)
	}
	return nil
}

// scratchAddr is the address of scratch, which is the same in the child.
func (tr *Tracer) scratchAddr() uint64 { return uint64(uintptr(unsafe.Pointer(&tr.scratch[0]))) }

// The runtime's own hooks around a fork; package syscall uses them the same
// way. They block signals in the parent, and so in the child.
//
//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:noescape
func cloneChild(flags, stack uintptr, c *child) (r uintptr)

// rawSyscall makes the system call nr. The runtime's own are too deep: see the
// assembly.
func rawSyscall(nr, a, b, c, d uintptr) (r uintptr, e unix.Errno)

// forkChild starts the child in our own memory, as vfork(2) does, but goes on
// itself: it is to seize the child. A copy would be made for the exec alone,
// and its page faults are most of the time of a start. c must be kept until
// the child has its own memory.
//
//go:noinline
//go:norace
func forkChild(c *child) (pid int, e unix.Errno) {
	unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, unix.SIG_BLOCK, 0, uintptr(unsafe.Pointer(&c.sigmask)), 8, 0, 0)
	top := (uintptr(unsafe.Pointer(&c.stack[0])) + uintptr(len(c.stack))) &^ 15
	beforeFork()
	r := cloneChild(childMemory|uintptr(unix.SIGCHLD), top, c)
	afterFork()
	if int(r) < 0 {
		return -1, unix.Errno(-int(r))
	}
	return int(r), 0
}

// childMain is where the child starts. It never returns.
//
//go:norace
//go:nosplit
func childMain(c *child) {
	c.resetSignals()
	c.run()
	for {
		rawSyscall(unix.SYS_EXIT_GROUP, 125, 0, 0, 0)
	}
}

// resetSignals takes the runtime's handlers away: all signals are blocked until
// the exec, and none may then be handled in our memory. What is ignored stays
// ignored.
//
//go:norace
//go:nosplit
func (c *child) resetSignals() {
	var act [4]uintptr // struct kernel_sigaction: handler, flags, restorer, mask
	for sig := uintptr(1); sig <= 64; sig++ {
		rawSyscall(unix.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&act)), 8)
		if act[0] > 1 { // neither SIG_DFL nor SIG_IGN
			act = [4]uintptr{}
			rawSyscall(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&act)), 0, 8)
		}
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
	if c.gate >= 0 {
		rawSyscall(unix.SYS_CLOSE, uintptr(c.gateW), 0, 0, 0)
	}
	var b [1]byte
	for c.gate >= 0 {
		n, e := rawSyscall(unix.SYS_READ, uintptr(c.gate), uintptr(unsafe.Pointer(&b)), 1, 0)
		if e == unix.EINTR {
			continue
		}
		if e != 0 || n != 1 {
			c.fail(stepGate, e)
		}
		break
	}
	if c.session {
		if _, e := rawSyscall(unix.SYS_SETSID, 0, 0, 0, 0); e != 0 {
			c.fail(stepSession, e)
		}
	}
	// The reserved descriptors go to their places first, with the limit
	// raised as far as it may be, so that a small soft limit does no harm.
	var lim [2]uint64
	rawSyscall(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, 0, uintptr(unsafe.Pointer(&lim)))
	high := lim
	high[0] = high[1]
	rawSyscall(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&high)), 0)
	if c.window >= 0 {
		if _, e := rawSyscall(unix.SYS_DUP3, uintptr(c.window), uintptr(c.windowFD), 0, 0); e != 0 {
			c.fail(stepWindow, e)
		}
		if _, e := rawSyscall(unix.SYS_DUP3, uintptr(c.stub), uintptr(c.windowFD+1), 0, 0); e != 0 {
			c.fail(stepWindow, e)
		}
	}
	for i := range c.reserved {
		if _, e := rawSyscall(unix.SYS_DUP3, uintptr(c.reserved[i]), uintptr(c.windowFD+fixedFDs+i), 0, 0); e != 0 {
			c.fail(stepWindow, e)
		}
	}
	// Move the report pipe and the directory out of the way of 0, 1, 2 and
	// the preserved ones.
	low := uintptr(3 + c.preserve)
	r, e := rawSyscall(unix.SYS_FCNTL, uintptr(c.report), unix.F_DUPFD_CLOEXEC, uintptr(c.freeFD), 0)
	if e != 0 {
		c.fail(stepFDs, e)
	}
	c.report = int(r)
	if c.dir >= 0 {
		if _, e := rawSyscall(unix.SYS_FCHDIR, uintptr(c.dir), 0, 0, 0); e != 0 {
			c.fail(stepDir, e)
		}
	}
	// Standard descriptors may name each other: first copies above, then
	// down to their places.
	for i := 0; i < 3; i++ {
		r, e := rawSyscall(unix.SYS_FCNTL, uintptr(c.stdio[i]), unix.F_DUPFD_CLOEXEC, uintptr(c.freeFD), 0)
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
			rawSyscall(unix.SYS_CLOSE, uintptr(i), 0, 0, 0)
		} else if _, e := rawSyscall(unix.SYS_DUP3, uintptr(c.stdio[i]), uintptr(i), 0, 0); e != 0 {
			c.fail(stepStdio, e)
		}
	}
	// Preserved descriptors lose close-on-exec; all others are closed at
	// exec (CLOSE_RANGE_CLOEXEC, Linux 5.11), or now where that is missing.
	for fd := uintptr(3); fd < low; fd++ {
		rawSyscall(unix.SYS_FCNTL, fd, unix.F_SETFD, 0, 0)
	}
	const cloexec = 4
	c.closeRange(low, uintptr(c.windowFD-1), cloexec)
	c.closeRange(uintptr(c.freeFD), 1<<31-1, cloexec)
	rawSyscall(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&lim)), 0)

	for i := range c.rlimits {
		l := [2]uint64{c.rlimits[i].Soft, c.rlimits[i].Hard}
		if _, e := rawSyscall(unix.SYS_PRLIMIT64, 0, uintptr(c.rlimits[i].Type), uintptr(unsafe.Pointer(&l)), 0); e != 0 {
			c.fail(stepRlimit, e)
		}
	}
	if c.umask >= 0 {
		rawSyscall(unix.SYS_UMASK, uintptr(c.umask), 0, 0, 0)
	}
	if c.noNewPrivs {
		if _, e := rawSyscall(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0); e != 0 {
			c.fail(stepNoNewPrivs, e)
		}
	}
	if c.landlock > 0 {
		if _, e := rawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(c.landlock), 0, 0, 0); e != 0 {
			c.fail(stepLandlock, e)
		}
		rawSyscall(unix.SYS_CLOSE, uintptr(c.landlock), 0, 0, 0)
	}
	// Before a filter that may be the guest's judges it.
	rawSyscall(unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, uintptr(unsafe.Pointer(&c.sigmask)), 0, 8)
	if c.prog.Len > 0 {
		// Without SPEC_ALLOW, kernels before 5.16 slow every seccomp task
		// down (spec_store_bypass_disable=seccomp).
		const setModeFilter, specAllow = 1, 4
		_, e := rawSyscall(unix.SYS_SECCOMP, setModeFilter, specAllow, uintptr(unsafe.Pointer(&c.prog)), 0)
		if e == unix.EINVAL {
			_, e = rawSyscall(unix.SYS_SECCOMP, setModeFilter, 0, uintptr(unsafe.Pointer(&c.prog)), 0)
		}
		if e != 0 {
			c.fail(stepSeccomp, e)
		}
	}
	if c.own.Len > 0 {
		const setModeFilter = 1
		if _, e := rawSyscall(unix.SYS_SECCOMP, setModeFilter, c.ownFlags, uintptr(unsafe.Pointer(&c.own)), 0); e != 0 {
			c.fail(stepOwnFilter, e)
		}
	}
	_, e = rawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(c.path)), uintptr(unsafe.Pointer(&c.argv[0])), uintptr(unsafe.Pointer(&c.envp[0])), 0)
	c.fail(stepExec, e)
}

//go:norace
//go:nosplit
func (c *child) closeRange(first, last, flags uintptr) {
	if _, e := rawSyscall(unix.SYS_CLOSE_RANGE, first, last, flags, 0); e != 0 {
		// Before Linux 5.11, or refused: one by one. The report pipe, the
		// only one still needed, is closed at exec by its own flag.
		for fd := first; fd <= last && fd < 1<<16; fd++ {
			if fd != uintptr(c.report) {
				rawSyscall(unix.SYS_CLOSE, fd, 0, 0, 0)
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
	rawSyscall(unix.SYS_WRITE, uintptr(c.report), uintptr(unsafe.Pointer(&c.msg)), 16, 0)
	for {
		rawSyscall(unix.SYS_EXIT_GROUP, 125, 0, 0, 0)
	}
}

// forkHolder makes a process that shares the tracer's descriptors and does
// nothing: see Tracer.Holder.
//
//go:noinline
//go:norace
func forkHolder(ready int) (pid int, e unix.Errno) {
	beforeFork()
	r, _, e := unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_FILES|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 || r != 0 {
		afterFork()
		return int(r), e
	}
	hold(ready)
	return 0, 0
}

// readyByte is what a holder writes.
var readyByte byte

// hold says that it is ready, and waits to be killed. All signals are blocked (beforeFork): they must not
// find the runtime's handlers.
//
//go:norace
//go:nosplit
func hold(ready int) {
	unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0, 0)
	unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1, 0, 0, 0, 0)
	unix.RawSyscall6(unix.SYS_WRITE, uintptr(ready), uintptr(unsafe.Pointer(&readyByte)), 1, 0, 0, 0)
	for {
		unix.RawSyscall(unix.SYS_PAUSE, 0, 0, 0)
	}
}
