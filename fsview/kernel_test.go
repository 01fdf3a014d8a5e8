package fsview

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
)

// TestKernel compares the view with the kernel: the same mounts are made in a
// mount namespace, a thread is chrooted into it, and every call is made twice,
// by that thread on the guest's path and by another one on what Resolve said.
func TestKernel(t *testing.T) {
	const env = "FSVIEW_KERNEL_CHILD"
	if dir := os.Getenv(env); dir != "" {
		kernelChild(t, dir)
		return
	}
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe, "-test.run=^TestKernel$", "-test.v")
	cmd.Env = append(os.Environ(), env+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || strings.Contains(string(out), cannotMount) {
		testutil.Skip(t, testutil.NeedRoot, fmt.Sprintf("a mount namespace: %v", err))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

const cannotMount = "this host refuses bind mounts"

func kernelChild(t *testing.T, top string) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatalf("%s: %v", cannotMount, err)
	}
	calls := 0
	for seed := range uint64(40) {
		dir := filepath.Join(top, fmt.Sprint(seed))
		must(t, os.Mkdir(dir, 0o755))
		calls += kernelWorld(t, &source{rnd: rand.New(rand.NewPCG(seed, 2))}, OS{NoOpenat2: seed%2 == 1}, dir)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d calls compared", calls)
}

// hostTree is randomTree on a real file system.
func hostTree(t *testing.T, s *source, top string) {
	dirs := []string{top}
	must(t, os.Mkdir(top, 0o755))
	for range 10 + s.n(15) {
		p := dirs[s.n(len(dirs))] + "/" + words[s.n(5)]
		if _, err := os.Lstat(p); err == nil {
			continue
		}
		switch s.n(8) {
		case 0, 1, 2, 3:
			must(t, os.Mkdir(p, 0o755))
			dirs = append(dirs, p)
		case 4:
			must(t, os.WriteFile(p, nil, 0o644))
		default:
			must(t, os.Symlink(s.path(3, s.n(2) == 0), p))
		}
	}
}

// kernelWorld compares calls in one random world and says how many.
func kernelWorld(t *testing.T, s *source, fs OS, top string) int {
	w := &world{"kernel", fs, top, nil}
	for _, d := range []string{"root", "x1", "x2"} {
		hostTree(t, s, w.host(d))
	}
	must(t, os.WriteFile(w.host("file"), nil, 0o644))
	shown := w.host("real")
	must(t, os.Mkdir(shown, 0o755))
	// A tmpfs on top of the root's directory would be another file system;
	// a bind shows the same inodes.
	if err := unix.Mount(w.host("root"), shown, "", unix.MS_BIND, ""); err != nil {
		t.Fatalf("%s: %v", cannotMount, err)
	}
	defer unix.Unmount(shown, unix.MNT_DETACH)
	c := w.config()
	c.Scratch = nil // only mount points that are there
	for range 1 + s.n(4) {
		m := Mount{Target: s.path(4, true), Source: w.host([]string{"x1", "x2", "file", "root"}[s.n(4)])}
		c.Mounts = append(c.Mounts, m)
		v, err := New(c)
		if err != nil || len(v.Merged()) > 0 {
			c.Mounts = c.Mounts[:len(c.Mounts)-1]
			if err == nil {
				v.Close()
			}
			continue
		}
		target := v.mounts[0].Target
		for _, x := range v.mounts {
			if x.id == len(c.Mounts) {
				target = x.Target
			}
		}
		v.Close()
		must(t, unix.Mount(m.Source, shown+target, "", unix.MS_BIND, ""))
	}
	v, err := New(c)
	must(t, err)
	defer v.Close()
	thread := chrooted(t, shown)
	defer close(thread)
	calls := 0
	for range 250 {
		q := Request{Path: s.path(6, s.n(3) > 0)}
		call := kernelCalls[s.n(len(kernelCalls))]
		q.Op, q.Follow = call.op, call.follow
		kernelDir, base := unix.AT_FDCWD, ""
		if q.Path[0] != '/' {
			base = s.path(3, true)
			run(thread, func() { kernelDir, err = unix.Open(base, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0) })
			var r Resolution
			if err != nil || v.Resolve(&Request{Path: base + "/", Follow: true, Hold: true}, &r) != 0 {
				continue
			}
			q.Base = &Base{Dir: r.Held, Guest: r.Guest}
		}
		if got, want := call.compare(v, &q, thread, kernelDir); got != want {
			t.Errorf("%s %q from %q: got %s, want %s", call.name, q.Path, base, got, want)
		}
		if q.Base != nil {
			unix.Close(kernelDir)
			v.fs.Close(q.Base.Dir)
		}
		if t.Failed() {
			out, _ := exec.Command("find", top, "-printf", "%P %y %l\n").CombinedOutput()
			for _, m := range v.mounts {
				t.Logf("%s <- %s", m.Target, m.Source)
			}
			t.Fatalf("%s", out)
		}
		calls++
	}
	return calls
}

// chrooted starts a thread with a root of its own. It ends with the channel.
func chrooted(t *testing.T, root string) chan func() {
	thread := make(chan func())
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread is not reused
		err := unix.Unshare(unix.CLONE_FS)
		if err == nil {
			err = unix.Chroot(root)
		}
		if err == nil {
			err = unix.Chdir("/")
		}
		done <- err
		for f := range thread {
			f()
		}
	}()
	must(t, <-done)
	return thread
}

func run(thread chan func(), f func()) {
	done := make(chan struct{})
	thread <- func() { f(); close(done) }
	<-done
}

// kernelCall is a system call with a path. do makes it and says what it acted
// on.
type kernelCall struct {
	name   string
	op     Op
	follow bool
	busy   func(*Resolution) string
	do     func(dir int, path string) string
}

var kernelCalls = []kernelCall{
	{"stat", Lookup, true, nil, func(dir int, p string) string { return statText(dir, p, 0) }},
	{"lstat", Lookup, false, nil, func(dir int, p string) string { return statText(dir, p, unix.AT_SYMLINK_NOFOLLOW) }},
	{"readlink", Lookup, false, nil, func(dir int, p string) string {
		b := make([]byte, 4096)
		n, err := unix.Readlinkat(dir, p, b)
		return errText(err) + string(b[:max(n, 0)])
	}},
	{"open", Lookup, true, nil, func(dir int, p string) string { return openText(dir, p, unix.O_RDONLY) }},
	{"opendir", Lookup, true, nil, func(dir int, p string) string { return openText(dir, p, unix.O_RDONLY|unix.O_DIRECTORY) }},
	{"open nofollow", Lookup, false, nil, func(dir int, p string) string { return openText(dir, p, unix.O_RDONLY|unix.O_NOFOLLOW) }},
	{"creat", OpenCreate, true, nil, func(dir int, p string) string { return openText(dir, p, unix.O_RDWR|unix.O_CREAT) }},
	{"creat nofollow", OpenCreate, false, nil, func(dir int, p string) string {
		return openText(dir, p, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW)
	}},
	{"creat excl", Create, false, existsExcl, func(dir int, p string) string {
		return openText(dir, p, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
	}},
	{"mkdir", Create, false, exists, func(dir int, p string) string { return errText(unix.Mkdirat(dir, p, 0o755)) }},
	{"mknod", Create, false, exists, func(dir int, p string) string {
		return errText(unix.Mknodat(dir, p, unix.S_IFREG|0o644, 0))
	}},
	{"symlink", Create, false, exists, func(dir int, p string) string { return errText(unix.Symlinkat("a", dir, p)) }},
	{"rmdir", Delete, false, busyRmdir, func(dir int, p string) string { return errText(unix.Unlinkat(dir, p, unix.AT_REMOVEDIR)) }},
	{"unlink", Delete, false, busyUnlink, func(dir int, p string) string { return errText(unix.Unlinkat(dir, p, 0)) }},
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return unix.ErrnoName(errnoOf(err))
}

func statText(dir int, p string, flags int) string {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, p, &st, flags); err != nil {
		return errText(err)
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

func openText(dir int, p string, flags int) string {
	fd, err := unix.Openat(dir, p, flags|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return errText(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	unix.Fstat(fd, &st)
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}

// compare makes the call in the chrooted thread and through the view. A call
// that succeeded has changed the host: it must have changed what the view
// names, and is taken back.
func (c kernelCall) compare(v *View, q *Request, thread chan func(), dir int) (got, want string) {
	var r Resolution
	e := v.Resolve(q, &r)
	at, host := unix.AT_FDCWD, string(r.Host)
	if r.Relative {
		at, host = int(q.Base.Dir), q.Path
	}
	var before, after unix.Stat_t
	var body string
	errBefore := unix.ENOENT
	if e == 0 {
		err := unix.Fstatat(at, host, &before, unix.AT_SYMLINK_NOFOLLOW)
		errBefore = errnoOf(err)
		if before.Mode&unix.S_IFMT == unix.S_IFLNK {
			b := make([]byte, 4096)
			n, _ := unix.Readlinkat(at, host, b)
			body = string(b[:max(n, 0)])
		}
	}
	run(thread, func() { want = c.do(dir, q.Path) })
	changes := c.op != Lookup && !strings.HasPrefix(want, "E")
	if !changes || e != 0 {
		if e != 0 {
			return unix.ErrnoName(e), want
		}
		if r.MountPoint && c.op >= Create {
			return c.busy(&r), want
		}
		return c.do(at, host), want
	}
	err := unix.Fstatat(at, host, &after, unix.AT_SYMLINK_NOFOLLOW)
	errAfter := errnoOf(err)
	switch {
	case c.op == OpenCreate && errBefore == 0:
		return c.do(at, host), want
	case c.op == Delete && errBefore == 0 && errAfter == unix.ENOENT:
		host = strings.TrimRight(host, "/")
		switch before.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			err = unix.Mkdirat(at, host, 0o755)
		case unix.S_IFLNK:
			err = unix.Symlinkat(body, at, host)
		default:
			err = unix.Mknodat(at, host, unix.S_IFREG|0o644, 0)
		}
		return errText(err) + want, want
	case c.op <= Create && errBefore == unix.ENOENT && errAfter == 0:
		flags := 0
		if after.Mode&unix.S_IFMT == unix.S_IFDIR {
			flags = unix.AT_REMOVEDIR
		}
		return errText(unix.Unlinkat(at, host, flags)) + want, want
	}
	return fmt.Sprintf("%s: before %v, after %v", host, errBefore, errAfter), want
}

// The answers of a view's caller for a last name that is a mount point.
func exists(*Resolution) string { return "EEXIST" }

func existsExcl(r *Resolution) string {
	if r.Slash {
		return "EISDIR" // open with O_CREAT looks at the slash first
	}
	return "EEXIST"
}

func busyRmdir(r *Resolution) string {
	if r.Mode&unix.S_IFMT != unix.S_IFDIR {
		return "ENOTDIR"
	}
	return "EBUSY"
}

func busyUnlink(r *Resolution) string {
	switch {
	case r.Mode&unix.S_IFMT == unix.S_IFDIR:
		return "EISDIR"
	case r.Slash:
		return "ENOTDIR"
	}
	return "EBUSY"
}
