package sandbox

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer"
)

// Status is how the command ended: its exit code, or 128 plus the number of
// the signal that killed it.
type Status struct {
	Code   int
	Signal unix.Signal
	// OutputLimit says that the command was killed for what it has written;
	// Signal is then SIGXFSZ.
	OutputLimit bool
}

// Sandbox is one command in its view.
type Sandbox struct {
	o       Options
	view    *fsview.View
	h       *handler
	scratch string // on the host, "" until it is needed
	inner   string // the part of it that is used, if not all
	nested  bool   // another ptbox traces us

	mountinfo string // at the start, "" if that could not be read

	onStart func()
	started chan error
	done    chan struct{}
	pid     int
	status  Status
	err     error
	stats   tracer.Stats
	out     *output
	partFDs []int // see parts
	closing sync.Once
}

// defaultPath is where a command is looked for when the environment has no
// PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// New validates the options and builds the view. Nothing is started.
func New(o Options) (*Sandbox, error) {
	if len(o.Args) == 0 || o.Args[0] == "" {
		return nil, failed("exec", "", errors.New("no command given"), "ptbox exec [flags] -- CMD [ARG…]")
	}
	s := &Sandbox{o: o, started: make(chan error, 1), done: make(chan struct{})}
	if s.o.Log == nil {
		s.o.Log = slog.New(slog.DiscardHandler)
	}
	if s.nested = Nested(); s.nested {
		if err := o.cannotNest(); err != nil {
			return nil, err
		}
	}
	proc, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, failed("start", "/proc", err, "ptbox needs the host's procfs at /proc")
	}
	s.h = &handler{proc: proc, log: s.o.Log, half: map[int]bool{}, scratch: s.scratchDir, noNet: o.NoNetwork, openat2: haveOpenat2(), pinned: true, root: unix.Geteuid() == 0 && o.User == nil, pidsLimit: o.PidsLimit}
	if o.Hostname != "" || o.Domainname != "" {
		s.h.uts = &uts{node: o.Hostname, domain: o.Domainname}
	}
	s.h.res[0].Held, s.h.res[1].Held = fsview.NoHandle, fsview.NoHandle
	if o.User != nil && !s.nested {
		if s.h.id, err = newIdentity(s.h, o.User, o.StateDir); err != nil {
			s.Close()
			return nil, failed("state", "", err, "the directory keeps the owners of files that cannot carry one; choose another with XDG_STATE_HOME")
		}
	}
	if s.h.uts == nil && o.User != nil {
		s.h.uts = &uts{}
	}
	if o.Trace != nil {
		s.h.trace = newTraceWriter(o.Trace)
		if s.h.trace.every() {
			s.o.Trap = "syscall" // calls that need no stop are seen only so
		}
	}
	if o.Root == "" {
		o.Root = "/"
	}
	if s.o.Trap != "syscall" {
		s.h.procfs.filters = 1
	}
	s.mountinfo, _ = mountinfo()
	root, mounts := o.View()
	s.view, err = fsview.New(fsview.Config{
		Root:    root,
		Mounts:  withDevices(withProc(s.mountinfo, o.Root, mounts)),
		Scratch: s.scratchDir,
		Links:   s.h,
	})
	if err != nil {
		s.Close()
		return nil, failed("view", "", err, "")
	}
	if err := MakeDevLinks(s.view); err != nil {
		s.Close()
		return nil, failed("dev", "", err, "")
	}
	s.h.first, s.h.firstUTS = &mntNS{view: s.view, tasks: 1}, s.h.uts
	s.h.mntNS = s.h.first
	if s.h.id != nil {
		lockMounts(s.view)
	}
	if err := s.h.setLimits(s.view); err != nil {
		s.Close()
		return nil, failed("view", "", err, "")
	}
	s.h.remap()
	return s, nil
}

// View is the sandbox's view.
func (s *Sandbox) View() *fsview.View { return s.view }

// Start starts the command. It returns when the command's first program has
// been loaded, or with an *Error that says why it was not.
func (s *Sandbox) Start() error { return s.start(func(f func()) { go childless(f) }) }

// Run is Start and Wait in one. The tracer does its work on the calling
// goroutine, which spares a short command a thread and two changes between
// them, and stays locked to its thread. started, if not nil, is called when the
// command's first program has been loaded, and may not wait for the command.
func (s *Sandbox) Run(started func()) (Status, error) {
	s.onStart = started
	if err := s.start(childless); err != nil {
		return Status{}, err
	}
	return s.Wait()
}

// start has the tracer run by on.
func (s *Sandbox) start(on func(func())) error {
	l, err := s.launch()
	if err != nil {
		close(s.done)
		return err
	}
	if !s.nested {
		on(func() { s.run(l) })
		return <-s.started
	}
	n, err := s.newNesting(l)
	if err != nil {
		close(s.done)
		return err
	}
	go n.run()
	if err = <-s.started; err == nil && s.onStart != nil {
		s.onStart()
	}
	return err
}

// childless calls f on a thread that has no children: the tracer waits for all
// that its thread has, and those are another's. The thread is gone when f is
// done.
func childless(f func()) {
	runtime.LockOSThread()
	if !ptrace.HasChildren() {
		f()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		childless(f)
	}()
	<-done // keeps this thread from being the other
	runtime.UnlockOSThread()
}

// launch resolves what has to be known before the fork.
func (s *Sandbox) launch() (*tracer.Launch, error) {
	o := &s.o
	l := &tracer.Launch{Argv: o.Args, Env: o.Env, Preserve: o.PreserveFDs, Umask: o.Umask, NewSession: o.NewSession, Stdio: [3]int{0, 1, 2}}
	for i, f := range []*os.File{o.Stdin, o.Stdout, o.Stderr} {
		if f != nil {
			l.Stdio[i] = int(f.Fd())
		}
	}
	for _, r := range o.Rlimits {
		l.Rlimits = append(l.Rlimits, tracer.Rlimit(r))
	}
	cwd := o.Cwd
	if cwd == "" {
		cwd = s.ownDir()
	}
	if !strings.HasPrefix(cwd, "/") {
		return nil, failed("chdir", cwd, errors.New("the working directory must be absolute"), "")
	}
	host, e := s.lookup(cwd)
	if e == 0 {
		l.Dir, e = openDir(host)
	}
	if e != 0 {
		return nil, failed("chdir", cwd, e, "choose a directory of the view with -w")
	}
	s.h.startDir = cwd
	var err error
	if l.Path, err = s.find(o.Args[0], cwd); err != nil {
		unix.Close(l.Dir)
		return nil, err
	}
	if err = s.profile(l); err != nil {
		unix.Close(l.Dir)
		return nil, err
	}
	if s.nested {
		// What we do is restricted already.
	} else if s.h.lock, err = s.newLock(l); err != nil {
		unix.Close(l.Dir)
		return nil, failed("landlock", "", err, "start with --landlock=off, or see ptbox doctor")
	}
	if s.h.lock != nil {
		l.Landlock = s.h.lock.set.FD()
	}
	if o.OutputLimit > 0 {
		if s.out, err = newOutput(&l.Stdio, o.OutputLimit, func() { _ = s.send(unix.SIGKILL) }); err != nil {
			unix.Close(l.Dir)
			s.h.lock.close()
			return nil, failed("start", "", err, "")
		}
	}
	return l, nil
}

// ownDir is the launcher's own directory, if the view shows it, else "/".
func (s *Sandbox) ownDir() string {
	if host, err := os.Getwd(); err == nil {
		if host, err = filepath.EvalSymlinks(host); err == nil {
			if guest, ok := s.view.Guest(host); ok {
				return guest
			}
		}
	}
	return "/"
}

func openDir(host string) (int, unix.Errno) {
	fd, err := unix.Open(host, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, errno(err)
	}
	if err := unix.Access(host, unix.X_OK); err != nil {
		unix.Close(fd)
		return -1, errno(err)
	}
	return fd, 0
}

// lookup resolves an absolute guest path.
func (s *Sandbox) lookup(guest string) (string, unix.Errno) {
	var r fsview.Resolution
	if e := s.view.Resolve(&fsview.Request{Path: guest, Follow: true, NeedHost: true}, &r); e != 0 {
		return "", e
	}
	return string(r.Host), 0
}

// find looks a command up in the guest's PATH, as execvp(3) does.
func (s *Sandbox) find(name, cwd string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := defaultPath
	for _, kv := range s.o.Env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	denied := ""
	for _, dir := range strings.Split(path, ":") {
		p := dir + "/" + name
		if dir == "" {
			p = "./" + name
		}
		abs := p
		if !strings.HasPrefix(p, "/") {
			abs = cwd + "/" + p
		}
		host, e := s.lookup(abs)
		if e != 0 {
			continue
		}
		var st unix.Stat_t
		if unix.Stat(host, &st) != nil || st.Mode&unix.S_IFMT == unix.S_IFDIR {
			continue
		}
		if unix.Access(host, unix.X_OK) == nil {
			return p, nil
		}
		denied = p
	}
	if denied != "" {
		return "", execError(denied, unix.EACCES)
	}
	return "", &Error{
		Op: "exec", Path: name, Code: CodeNotFound, Err: errors.New("command not found"),
		Hint: "it is in no directory of the view's PATH (" + path + ")",
	}
}

// run is the tracer's goroutine.
func (s *Sandbox) run(l *tracer.Launch) {
	defer close(s.done)
	fast := s.fastTable(l)
	if fast != nil {
		s.holdInterp()
	}
	tr, err := tracer.New(tracer.Config{
		Handler: s.h, Regs: s.o.Regs, Mem: s.o.Mem, Trap: s.o.Trap, Log: s.o.Log,
		Active: s.h.active(), Seen: s.seen(),
		Fast: fast, Interp: s.h.held.file(), Counters: s.o.Counters,
	})
	if err != nil {
		unix.Close(l.Dir)
		s.h.guards.close()
		s.h.lock.close()
		if s.out != nil {
			s.out.abandon()
		}
		s.started <- failed("start", "", err, startHint(err))
		return
	}
	defer tr.Close()
	s.h.tr = tr
	s.h.guards.watch(tr.AskFast)
	defer s.h.guards.close()
	up := false
	exit, err := tr.Run(l, func(pid int) {
		up = true
		s.h.pinned = s.h.pinned && ownUmask()
		s.h.ownCreds()
		if s.o.Undumpable {
			if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
				s.o.Log.Error("the launcher stays dumpable", "err", err)
			}
		}
		s.pid = pid
		if s.out != nil {
			s.out.begin()
		}
		s.started <- nil
		if s.onStart != nil {
			s.onStart()
		}
	})
	unix.Close(l.Dir)
	s.h.lock.close()
	s.stats = tr.Stats()
	s.status = Status{Code: exit.Code, Signal: exit.Signal}
	if up {
		s.err = err
		if s.out != nil {
			unix.Close(s.out.over[1])
		}
		return
	}
	if s.out != nil {
		s.out.abandon()
	}
	var se *tracer.StartError
	switch {
	case errors.As(err, &se) && se.Step == "exec":
		s.started <- execError(l.Path, se.Err)
	case errors.As(err, &se):
		s.started <- failed("start", "", err, startHint(err))
	default:
		s.started <- failed("start", "", err, "")
	}
}

// seen is what the tracer tells of each call, nil if nobody asks.
func (s *Sandbox) seen() func(*tracer.Call) {
	if s.h.trace == nil {
		return nil
	}
	return s.h.trace.seen
}

// Pid is the command's process id, as the host numbers it.
func (s *Sandbox) Pid() int { return s.pid }

// Signal sends sig to the command. When that has ended, and Wait waits for its
// output to be read, a signal that ends programs ends that.
func (s *Sandbox) Signal(sig unix.Signal) error {
	err := s.send(sig)
	switch sig {
	case unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGKILL:
		if err == unix.ESRCH && s.out != nil {
			s.out.cutOff()
		}
	}
	return err
}

func (s *Sandbox) send(sig unix.Signal) error {
	select {
	case <-s.done:
		return unix.ESRCH
	default:
	}
	if s.pid == 0 {
		return unix.ESRCH
	}
	return unix.Kill(s.pid, sig)
}

// Wait waits until the command and everything it started is gone and, with a
// limit on its output, until that has been passed on.
func (s *Sandbox) Wait() (Status, error) {
	<-s.done
	if s.out != nil && s.pid != 0 {
		s.out.finish()
		if s.out.reached.Load() {
			return Status{Code: 128 + int(unix.SIGXFSZ), Signal: unix.SIGXFSZ, OutputLimit: true}, s.err
		}
	}
	return s.status, s.err
}

// Kill ends the command, and Wait does not wait for its output any more.
func (s *Sandbox) Kill() {
	if s.out != nil {
		s.out.cutOff()
	}
	_ = s.send(unix.SIGKILL) // it may have ended by itself
}

// Stats returns the tracer's counters, once Wait has returned.
func (s *Sandbox) Stats() tracer.Stats { return s.stats }

// Close removes what the sandbox left on the host's disk. It may be called
// more than once, and must not be called while the command runs.
func (s *Sandbox) Close() error {
	var err error
	s.closing.Do(func() {
		if s.h != nil && s.h.id != nil {
			s.h.id.settleAll(s.h.log)
		}
		if s.view != nil {
			s.view.Close()
		}
		if s.h != nil {
			unix.Close(s.h.proc)
			s.h.limited.close()
			for _, fd := range s.partFDs {
				unix.Close(fd)
			}
			if s.h.held != nil {
				unix.Close(s.h.held.FD)
			}
			if s.h.id != nil {
				s.h.id.side.close()
			}
		}
		if s.scratch != "" {
			err = removeAll(s.scratch)
		}
	})
	return err
}
