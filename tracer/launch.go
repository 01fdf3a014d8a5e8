package tracer

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// Launch says how the command is started.
type Launch struct {
	// Path is handed to execve as the guest's own call would: the Handler
	// translates it.
	Path string
	Argv []string
	Env  []string
	// Dir is a descriptor of the directory to start in, or -1.
	Dir int
	// Stdio become descriptors 0, 1 and 2.
	Stdio [3]int
	// Preserve is the number of descriptors from 3 on that are passed on.
	Preserve int
	Umask    *uint32
	Rlimits  []Rlimit
	// NewSession calls setsid(2).
	NewSession bool
	// Filter is a seccomp program of the guest's, installed last, with the
	// flags FilterFlags of seccomp(2).
	Filter      []unix.SockFilter
	FilterFlags uintptr
	// Landlock is the descriptor of a ruleset to restrict the command with, 0
	// for none. Neither the tracer nor the launcher is restricted.
	Landlock int
}

// Rlimit is a resource limit for the command.
type Rlimit struct {
	Type       int
	Soft, Hard uint64
}

// Run starts the command and handles the process tree until nothing of it is
// left. started, if not nil, is called when the command's first program has
// been loaded. Run returns how the command ended, or a *StartError.
func (tr *Tracer) Run(l *Launch, started func(pid int)) (Exit, error) {
	if err := tr.start(l); err != nil {
		return Exit{}, err
	}
	tr.onStart = func() {
		if started != nil {
			started(tr.root)
		}
	}
	err := tr.loop()
	if err != nil {
		return tr.status, fmt.Errorf("wait4: %w", err)
	}
	if !tr.started {
		return tr.status, tr.startError()
	}
	return tr.status, nil
}

// Pid is the process id of the command.
func (tr *Tracer) Pid() int { return tr.root }

// Holder is the id of a process whose descriptors are the tracer's, made when
// it is first asked for: guests reach the objects of those by its directory in
// procfs, and cannot change which they are. They can where they may look into a
// process of the same user (ptrace(2), PTRACE_MODE_READ_FSCREDS), which Landlock
// forbids.
func (tr *Tracer) Holder() (int, unix.Errno) {
	if tr.holder != 0 {
		return tr.holder, 0
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		e, _ := err.(unix.Errno)
		return 0, e
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	syscall.ForkLock.Lock()
	pid, e := forkHolder(pipe[1])
	syscall.ForkLock.Unlock()
	if e == 0 {
		tr.holder = pid
		awaitHolder(pid, pipe[0])
	}
	return pid, e
}

// awaitHolder waits until the holder may be looked into: where we are
// undumpable, so is a child of ours at first.
func awaitHolder(pid, fd int) {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if end, err := unix.PidfdOpen(pid, 0); err == nil { // Linux 5.3
		defer unix.Close(end)
		p = append(p, unix.PollFd{Fd: int32(end), Events: unix.POLLIN})
	}
	for {
		if _, err := unix.Poll(p, -1); err != unix.EINTR {
			return
		}
	}
}

// Signal sends sig to the command. It may be called from any goroutine.
func (tr *Tracer) Signal(sig unix.Signal) error {
	if tr.root == 0 {
		return unix.ESRCH
	}
	return unix.Kill(tr.root, sig)
}

// scratchSize bounds the arguments of the first exec.
const scratchSize = 512 << 10

// start forks the child that becomes the command, seizes it, and lets it go.
func (tr *Tracer) start(l *Launch) error {
	tr.scratch = make([]byte, scratchSize)
	c, err := tr.newChild(l)
	if err != nil {
		return err
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	if err := unix.Pipe2(tr.report[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return err
	}
	c.gate, c.gateW, c.report = pipe[0], pipe[1], tr.report[1]
	tr.child = c // its memory is the child's
	ptrace.QuietStops()
	syscall.ForkLock.Lock()
	pid, e := forkChild(c)
	syscall.ForkLock.Unlock()
	unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	if e != 0 {
		return &StartError{"fork", e}
	}
	tr.root = pid
	t := tr.newTask(pid)
	t.setup, t.known = true, true
	t.FS, t.files = &FS{refs: 1}, &files{refs: 1}
	if l.Filter != nil {
		tr.AddFilter(t, l.Filter, false)
	}
	tr.h.Fork(nil, t)
	if e := ptrace.Seize(pid, options); e != 0 {
		unix.Kill(pid, unix.SIGKILL)
		var ws unix.WaitStatus
		unix.Wait4(pid, &ws, unix.WALL, nil)
		return &StartError{"ptrace seize", e}
	}
	if !tr.seccomp {
		// The child blocks in read until the gate opens: stop it there, so
		// that it can be resumed to system call stops.
		ptrace.Interrupt(pid)
	}
	if _, err := unix.Write(pipe[1], []byte{1}); err != nil {
		return err
	}
	return nil
}

// startError reads why the child ended before the command's first program.
func (tr *Tracer) startError() error {
	var b [16]byte
	n, _ := unix.Read(tr.report[0], b[:])
	if n == len(b) {
		le := binary.LittleEndian
		return &StartError{stepNames[le.Uint64(b[:])], unix.Errno(le.Uint64(b[8:]))}
	}
	return fmt.Errorf("the launcher process ended early (status %d)", tr.status.Code)
}
