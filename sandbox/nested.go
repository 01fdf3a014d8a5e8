package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer"
)

// Inside of another ptbox nothing can be traced: a process has one tracer. The
// command is then started in a mount namespace that the outer ptbox emulates:
// what the view has is mounted there by mount(2), and the outer one does all the
// rest. It must emulate root for that (-0).

// Nested reports whether this process runs in a ptbox that can hold another.
func Nested() bool {
	// Above PID_MAX_LIMIT: ESRCH where ptrace(2) may be called at all.
	const nobody = 1<<31 - 1
	if ptrace.Seize(nobody, 0) != unix.EPERM {
		return false
	}
	found := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with its namespace
		found <- newNest(0)
	}()
	return <-found == nil
}

// newNest gives this thread a mount namespace that is a nest, and the
// namespaces that more says.
func newNest(more int) error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS | more); err != nil {
		return err
	}
	return unix.Mount("none", "/", nestType, 0, "")
}

// cannotNest names the options that need a tracer.
func (o *Options) cannotNest() error {
	auto := func(s string) bool { return s == "" || s == "auto" }
	for _, x := range []struct {
		name string
		used bool
	}{
		{"a trace", o.Trace != nil},
		{"counters", o.Counters},
		{"a limit on processes", o.PidsLimit > 0},
		{"landlock=on", o.Landlock == "on"},
		{"a choice of backends", !auto(o.Regs) || !auto(o.Mem) || !auto(o.Trap) || o.Fast == "on"},
	} {
		if x.used {
			return failed("start", "", fmt.Errorf("%s is not to be had inside of another ptbox", x.name), "the outer ptbox traces; it takes such options")
		}
	}
	return nil
}

// nesting is what is known of the view once it has been given up: the outer
// ptbox has its directories then.
type nesting struct {
	s      *Sandbox
	l      *tracer.Launch
	cwd    string
	stage  string
	mounts []nestedMount
}

type nestedMount struct {
	fsview.Mount
	layers fsview.Layers
}

// newNesting takes the mounts out of the view.
func (s *Sandbox) newNesting(l *tracer.Launch) (*nesting, error) {
	n := &nesting{s: s, l: l, cwd: s.h.startDir}
	unix.Close(l.Dir) // a place in our own view
	l.Dir = -1
	dir, err := s.scratchDir()
	if err != nil {
		return nil, failed("start", "", err, "")
	}
	n.stage = filepath.Join(dir, "nest")
	if err := os.Mkdir(n.stage, 0o755); err != nil {
		return nil, failed("start", n.stage, cause(err), "")
	}
	for _, m := range s.view.Table() {
		x := nestedMount{Mount: *m}
		if u := m.Union(); u != nil {
			x.layers = u.Layers()
		}
		n.mounts = append(n.mounts, x)
	}
	s.view.Close() // its overlays are locked
	s.view = nil
	return n, nil
}

// run starts the command and waits for it. Its thread has what the command is
// to have, and ends with it.
func (n *nesting) run() {
	s := n.s
	defer close(s.done)
	runtime.LockOSThread()
	pid, err := n.start()
	if s.notStarted(err) {
		return
	}
	s.pid = pid
	if s.out != nil {
		s.out.begin()
		defer unix.Close(s.out.over[1])
	}
	s.started <- nil
	var ws unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &ws, 0, nil); err != unix.EINTR {
			s.err = err
			break
		}
	}
	if s.status = (Status{Code: ws.ExitStatus()}); ws.Signaled() {
		s.status = Status{Code: 128 + int(ws.Signal()), Signal: ws.Signal()}
	}
	// Nothing that the command has started survives it.
	for unix.Mount("none", "/", nestType, unix.MS_REMOUNT, "") == unix.EBUSY {
		time.Sleep(time.Millisecond)
	}
}

// notStarted tells of an error, if there is one.
func (s *Sandbox) notStarted(err error) bool {
	if err == nil {
		return false
	}
	if s.out != nil {
		s.out.abandon()
	}
	var se *tracer.StartError
	switch {
	case errors.As(err, &se) && se.Step == "exec":
		err = execError(s.o.Args[0], se.Err)
	case !errors.As(err, new(*Error)):
		err = failed("start", "", err, "")
	}
	s.started <- err
	return true
}

// start makes this thread what the command is to be, and starts it.
func (n *nesting) start() (pid int, err error) {
	o := &n.s.o
	more := 0
	if o.Hostname != "" || o.Domainname != "" {
		more = unix.CLONE_NEWUTS
	}
	if err := newNest(more); err != nil {
		return 0, failed("nest", "", err, "the outer ptbox must emulate root: start it with -0")
	}
	for i := range n.mounts {
		if err := n.mount(i); err != nil {
			return 0, failed("mount", n.mounts[i].Target, err, "")
		}
	}
	if o.Hostname != "" {
		err = unix.Sethostname([]byte(o.Hostname))
	}
	if o.Domainname != "" && err == nil {
		err = unix.Setdomainname([]byte(o.Domainname))
	}
	if err != nil {
		return 0, failed("hostname", "", err, "")
	}
	if err := enter(filepath.Join(n.stage, "0")); err != nil {
		return 0, failed("root", "", err, "")
	}
	if err := unix.Chdir(n.cwd); err != nil {
		return 0, failed("chdir", n.cwd, err, "choose a directory of the view with -w")
	}
	if o.NoNetwork {
		prog, err := noNetwork.Compile()
		if err != nil {
			return 0, err
		}
		if e := filterThread(prog); e != 0 {
			return 0, failed("seccomp", "", e, "")
		}
	}
	if o.User != nil {
		if e := becomeUser(o.User); e != 0 {
			return 0, failed("user", strconv.Itoa(int(o.User.UID)), e, "")
		}
	}
	return tracer.Spawn(n.l)
}

// enter makes a directory with a mount the root directory, and nothing else is
// left (pivot_root(2), "pivot_root(".", ".")").
func enter(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	return unix.Unmount(".", unix.MNT_DETACH)
}

// mount makes the i-th mount: of what is no directory of ours first, at a place
// of its own, which is then bound to the mount point, whether that is there or
// not.
func (n *nesting) mount(i int) error {
	m := &n.mounts[i]
	at := filepath.Join(n.stage, "0")
	if i == 0 {
		if err := os.Mkdir(at, 0o755); err != nil {
			return cause(err)
		}
	}
	src := m.Source
	var err error
	switch {
	case m.Kind == fsview.Overlay:
		src, err = n.instance(i, "overlay", layerOptions(&m.layers))
	case m.Kind == fsview.Tmpfs:
		if src, err = n.instance(i, "tmpfs", tmpfsData(&m.Mount)); err == nil {
			err = os.CopyFS(src, os.DirFS(m.Source)) // mount points
		}
	case m.Kind == fsview.Proc && m.Source == fsview.Natural(fsview.Proc):
		src, err = n.instance(i, "proc", "")
	}
	if err != nil {
		return cause(err)
	}
	at = filepath.Join(at, m.Target)
	if err := unix.Mount(src, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	a := unix.MountAttr{}
	for _, x := range mountAttrs {
		if m.Flags&x.f != 0 {
			a.Attr_set |= x.attr
		}
	}
	if m.Flags&fsview.NoAtime != 0 {
		a.Attr_set, a.Attr_clr = a.Attr_set|unix.MOUNT_ATTR_NOATIME, unix.MOUNT_ATTR__ATIME
	}
	if a.Attr_set == 0 {
		return nil
	}
	return unix.MountSetattr(atFDCWD, at, unix.AT_RECURSIVE, &a)
}

// instance mounts a file system at a place of its own.
func (n *nesting) instance(i int, kind, data string) (string, error) {
	dir := filepath.Join(n.stage, "fs"+strconv.Itoa(i))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	return dir, unix.Mount(kind, dir, kind, 0, data)
}

// layerOptions are the mount options of an overlay.
func layerOptions(l *fsview.Layers) string {
	escape := strings.NewReplacer(`\`, `\\`, ":", `\:`, ",", `\,`).Replace
	var lower []string
	for _, d := range l.Lower {
		lower = append(lower, escape(d))
	}
	s := "userxattr,lowerdir=" + strings.Join(lower, ":")
	if l.Upper != "" {
		s += ",upperdir=" + escape(l.Upper) + ",workdir=" + escape(l.Work)
	}
	if l.Volatile {
		s += ",volatile"
	}
	return s
}

// tmpfsData are the mount options of a tmpfs.
func tmpfsData(m *fsview.Mount) string {
	mode := m.Mode
	if mode == 0 {
		mode = 0o1777
	}
	s := "mode=" + strconv.FormatUint(uint64(mode&0o7777), 8)
	if m.Size != 0 {
		s += ",size=" + strconv.FormatUint(m.Size, 10)
	}
	if m.Inodes != 0 {
		s += ",nr_inodes=" + strconv.FormatUint(m.Inodes, 10)
	}
	return s
}

// noNetwork leaves AF_UNIX alone. The socketcall of 32-bit programs has its
// arguments in memory, where no filter sees them.
var noNetwork = tracer.Profile{
	Default: unix.SECCOMP_RET_ALLOW, New: unix.SECCOMP_RET_ALLOW,
	I386: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS), X32: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS),
	Rules: []tracer.ProfileRule{notUnix(unix.SYS_SOCKET), notUnix(unix.SYS_SOCKETPAIR)},
}

func notUnix(nr int) tracer.ProfileRule {
	return tracer.ProfileRule{
		Nr: nr, Action: unix.SECCOMP_RET_ERRNO | uint32(unix.EAFNOSUPPORT),
		Conds: []tracer.ProfileCond{{Arg: 0, Op: tracer.NotEqual, Value: unix.AF_UNIX}},
	}
}
