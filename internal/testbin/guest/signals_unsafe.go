package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	commands["sigstorm"] = sigstorm
	commands["fifo-restart"] = fifoRestart
	commands["efault"] = efault
	commands["cloneuntraced"] = cloneUntraced
}

// sigaction is the kernel's struct sigaction.
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

const saRestart = 0x10000000

func rtSigaction(sig unix.Signal, new, old *sigaction) {
	if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(new)), uintptr(unsafe.Pointer(old)), 8, 0, 0); e != 0 {
		panic(e)
	}
}

// defaultAction takes a signal from the Go runtime, which would print a
// traceback and exit with 2.
func defaultAction(sig unix.Signal) {
	runtime.LockOSThread()
	rtSigaction(sig, &sigaction{}, nil)
}

// withoutRestart clears SA_RESTART of the runtime's own handler.
func withoutRestart(sig unix.Signal) {
	var a sigaction
	rtSigaction(sig, nil, &a)
	a.flags &^= saRestart
	rtSigaction(sig, &a, nil)
}

// sigstorm sends this process a timer signal every 50 µs while it stats and
// opens files; no call may fail or give a wrong answer.
func sigstorm(args []string) int {
	n := intArg(args, 0, 20000)
	var seen atomic.Int64
	c := make(chan os.Signal, 1024)
	signal.Notify(c, unix.SIGALRM)
	go func() {
		for range c {
			seen.Add(1)
		}
	}()
	it := unix.Itimerval{Interval: unix.Timeval{Usec: 50}, Value: unix.Timeval{Usec: 50}}
	if _, err := unix.Setitimer(unix.ItimerReal, it); err != nil {
		return fail("setitimer: %v", err)
	}
	errors := 0
	var first unix.Stat_t
	if err := unix.Stat("/", &first); err != nil {
		return fail("stat: %v", err)
	}
	// A busy machine may take its time with the first signal.
	for i := 0; i < n || seen.Load() == 0 && i < 1000*n; i++ {
		var st unix.Stat_t
		if err := unix.Stat("/.", &st); err != nil || st.Ino != first.Ino {
			errors++
		}
		if err := unix.Stat("/no/such/file", &st); err != unix.ENOENT {
			errors++
		}
		fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			errors++
			continue
		}
		unix.Close(fd)
	}
	unix.Setitimer(unix.ItimerReal, unix.Itimerval{})
	fmt.Println("errors", errors)
	if errors > 0 || seen.Load() == 0 {
		return fail("%d errors, %d signals seen", errors, seen.Load())
	}
	return 0
}

// fifoRestart opens a FIFO that has no writer while signals arrive: with
// SA_RESTART the open goes on as if nothing had happened, without it fails
// with EINTR. The FIFO is made in the directory given.
func fifoRestart(args []string) int {
	dir := "/tmp"
	if len(args) > 0 {
		dir = args[0]
	}
	fifo := dir + "/guest-fifo"
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		return fail("mkfifo: %v", err)
	}
	defer os.Remove(fifo)
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGUSR1)

	// With SA_RESTART: the writer comes after the signals.
	fd, err := blockedOpen(fifo, 30, func() {
		w, err := unix.Open(fifo, unix.O_WRONLY, 0)
		if err == nil {
			unix.Write(w, []byte("x"))
			unix.Close(w)
		}
	})
	if err != nil {
		return fail("open with SA_RESTART: %v", err)
	}
	var b [1]byte
	if n, err := unix.Read(fd, b[:]); n != 1 || err != nil {
		return fail("read: %d %v", n, err)
	}
	unix.Close(fd)

	withoutRestart(unix.SIGUSR1)
	if _, err := blockedOpen(fifo, 1, nil); err != unix.EINTR {
		return fail("open without SA_RESTART: %v", err)
	}
	// The path argument must have survived all that.
	if fd, err = unix.Open(fifo, unix.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		return fail("open at last: %v", err)
	}
	unix.Close(fd)
	fmt.Println("ok")
	return 0
}

// blockedOpen opens fifo on a thread of its own and signals that thread n
// times once it blocks.
func blockedOpen(fifo string, n int, then func()) (int, error) {
	tid := make(chan int)
	type result struct {
		fd  int
		err error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		arena.used = 0
		p := cstring(fifo)
		tid <- unix.Gettid()
		fdcwd := unix.AT_FDCWD
		r, _, e := syscall.Syscall6(unix.SYS_OPENAT, uintptr(fdcwd), p, unix.O_RDONLY, 0, 0, 0)
		if e != 0 {
			done <- result{-1, e}
			return
		}
		done <- result{int(r), nil}
	}()
	t := <-tid
	// It blocks when the kernel says that it sleeps; a signal before that
	// would interrupt nothing.
	waitAsleep(t)
	for range n {
		unix.Tgkill(os.Getpid(), t, unix.SIGUSR1)
		time.Sleep(2 * time.Millisecond)
	}
	if then != nil {
		then()
	}
	r := <-done
	return r.fd, r.err
}

func waitAsleep(tid int) {
	asleep := 0
	for range 5000 {
		b, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
		switch {
		case err != nil: // no /proc: give it time
			time.Sleep(200 * time.Millisecond)
			return
		case state(b) == 'S':
			asleep++
		default:
			asleep = 0
		}
		if asleep == 20 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// state is the letter after the command's name in /proc/…/stat.
func state(b []byte) byte {
	for i := len(b) - 1; i > 0; i-- {
		if b[i] == ')' && i+2 < len(b) {
			return b[i+2]
		}
	}
	return 0
}

// efault makes calls with strings at the end of mappings and with pointers
// that cannot be read.
func efault([]string) int {
	code := 0
	try := func(what string, nr uintptr, want unix.Errno, a ...uintptr) {
		var regs [6]uintptr
		copy(regs[:], a)
		if _, e := rawCall(nr, regs); e != want {
			code = fail("%s: %v, want %v", what, e, want)
		}
	}
	st := alloc(statSize)
	fdcwd := unix.AT_FDCWD
	at := uintptr(fdcwd)
	const nr = sysNewfstatat
	try("whole string before the edge", nr, 0, at, atEdge("/\x00"), addr(st))
	try("string runs over the edge", nr, unix.EFAULT, at, atEdge("/"), addr(st))
	try("unreadable pointer", nr, unix.EFAULT, at, badAddr(), addr(st))
	try("null", nr, unix.EFAULT, at, 0, addr(st))
	try("one", nr, unix.EFAULT, at, 1, addr(st))
	try("kernel address", nr, unix.EFAULT, at, ^uintptr(0)-4095, addr(st))
	try("the window", nr, unix.ENOENT, at, cstring("/no/such"), 0x10000)
	try("unwritable buffer", nr, unix.EFAULT, at, cstring("/"), badAddr())
	try("both", unix.SYS_RENAMEAT2, unix.EFAULT, at, cstring("/no-such"), at, badAddr(), 0)
	try("string of two pages", nr, unix.ENAMETOOLONG, at, atEdge(longPath(4097)), addr(st))
	if code == 0 {
		fmt.Println("ok")
	}
	return code
}

func longPath(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '/'
	}
	return string(b)
}

// cloneUntraced makes children with CLONE_UNTRACED, by clone and by clone3.
// They make a path call at once: a child that escaped its tracer would see the
// host, or get ENOSYS for every intercepted call.
func cloneUntraced([]string) int {
	probe := cstring(executable())
	missing := cstring("/etc/hostname-of-the-host")
	for _, three := range []bool{false, true} {
		pid, e := rawFork(three, probe, missing)
		if three && e == unix.ENOSYS {
			fmt.Println("clone3 ENOSYS")
			continue
		}
		if e != 0 {
			return fail("clone (clone3: %v): %v", three, e)
		}
		var ws unix.WaitStatus
		if _, err := unix.Wait4(pid, &ws, unix.WALL, nil); err != nil {
			return fail("wait: %v", err)
		}
		if ws.ExitStatus() != 7 {
			return fail("child (clone3: %v): status %#x", three, ws)
		}
	}
	fmt.Println("ok")
	return 0
}

// rawFork runs the child without the Go runtime: only raw calls, no stack
// growth. It exits with 7 when both calls answered as they should.
//
//go:noinline
//go:norace
func rawFork(three bool, probe, missing uintptr) (int, unix.Errno) {
	args := [11]uint64{unix.CLONE_UNTRACED, 0, 0, 0, uint64(unix.SIGCHLD)}
	fdcwd := unix.AT_FDCWD
	at := uintptr(fdcwd)
	var pid uintptr
	var e syscall.Errno
	if three {
		pid, _, e = syscall.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	} else {
		pid, _, e = syscall.RawSyscall6(unix.SYS_CLONE, unix.CLONE_UNTRACED|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	}
	if e != 0 || pid != 0 {
		return int(pid), e
	}
	code := uintptr(7)
	if _, _, e := syscall.RawSyscall6(unix.SYS_FACCESSAT, at, probe, 0, 0, 0, 0); e != 0 {
		code = 1
	}
	if _, _, e := syscall.RawSyscall6(unix.SYS_FACCESSAT, at, missing, 0, 0, 0, 0); e != syscall.ENOENT {
		code = 2
	}
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, code, 0, 0)
	}
}
