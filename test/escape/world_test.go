package escape

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// config is what internal/testbin/escape reads from its environment.
type config struct {
	Outside, Secret, Token, HostBin, Self, Work, ReadOnly string
	Target, Group                                         int
	Stream, Dgram, Abstract                               string
	Port, Leaked, Millis                                  int
	Gadget                                                uintptr
}

// world is what one run has around it: all of it belongs to the ordinary user
// that the guest is as well, so that nothing but the sandbox is in the way.
type world struct {
	t        *testing.T
	dir      string
	cfg      config
	victim   *exec.Cmd
	died     chan error
	leaked   *os.File
	stream   net.Listener
	abstract net.Listener
	tcp      net.Listener
	dgrams   []*net.UnixConn
	before   map[string]string
}

func newWorld(t *testing.T, exe string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	token := fmt.Sprintf("token-%d-%s", os.Getpid(), filepath.Base(w.dir)+filepath.Base(filepath.Dir(w.dir)))
	for d := w.dir; strings.HasPrefix(d, os.TempDir()+"/"); d = filepath.Dir(d) {
		w.must(os.Chmod(d, 0o755))
	}
	out := filepath.Join(w.dir, "outside")
	for _, d := range []string{"outside", "outside/empty", "work", "ro"} {
		w.must(os.Mkdir(filepath.Join(w.dir, d), 0o755))
	}
	secret := filepath.Join(out, "secret")
	w.must(os.WriteFile(secret, []byte(token+"\n"), 0o644))
	w.must(unix.Setxattr(secret, "user.token", []byte(token), 0))
	w.must(os.WriteFile(filepath.Join(out, "only"), []byte("only"), 0o644))
	w.must(os.Symlink("secret", filepath.Join(out, "link")))
	w.must(os.WriteFile(filepath.Join(out, "exit10"), exit10, 0o755))
	w.must(os.WriteFile(filepath.Join(w.dir, "ro/f"), []byte("read-only\n"), 0o644))
	bin, err := os.ReadFile(exe)
	w.must(err)
	w.must(os.WriteFile(filepath.Join(out, "bin"), bin, 0o755))
	w.sockets(out, token)
	if os.Geteuid() == 0 {
		w.must(filepath.WalkDir(w.dir, func(p string, _ fs.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(p, unpriv.Nobody, unpriv.Nobody))
		}))
	}
	w.leaked, err = os.Open(out)
	w.must(err)
	w.attackable(exe)
	w.cfg = config{
		Outside: out, Secret: secret, Token: token, HostBin: filepath.Join(out, "bin"),
		Target: w.victim.Process.Pid, Group: w.victim.Process.Pid,
		Stream: filepath.Join(out, "stream"), Dgram: filepath.Join(out, "dgram"), Abstract: token,
		Port: w.tcp.Addr().(*net.TCPAddr).Port, Leaked: 20, Millis: int(raceTime().Milliseconds()),
		Gadget: fastpath.SymGadgetSys,
	}
	t.Cleanup(w.close)
	w.before = w.snapshot()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// sockets makes what waits for somebody to talk to.
func (w *world) sockets(out, token string) {
	// sun_path is short and the test's directory is not: through a descriptor.
	d, err := os.Open(out)
	w.must(err)
	defer d.Close()
	short := fmt.Sprintf("/proc/self/fd/%d/", d.Fd())
	w.stream, err = net.Listen("unix", short+"stream")
	w.must(err)
	w.stream.(*net.UnixListener).SetUnlinkOnClose(false)
	w.abstract, err = net.Listen("unix", "@"+token)
	w.must(err)
	w.tcp, err = net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	for _, name := range []string{short + "dgram", "@" + token + "-dgram"} {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		w.must(err)
		w.dgrams = append(w.dgrams, c)
	}
}

// attackable starts the process outside.
func (w *world) attackable(exe string) {
	w.victim = unpriv.Command(testbin.Guest(w.t), exe, "sleep", "victim")
	w.victim.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	w.must(w.victim.Start())
	w.died = make(chan error, 1)
	go func() { w.died <- w.victim.Wait() }()
	// It is the user's only after it has become the program.
	for range 1000 {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", w.victim.Process.Pid))
		if strings.HasPrefix(string(b), exe+"\x00sleep") {
			return
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // other processes have no event to wait for
	}
	w.t.Fatal("the process outside has not started")
}

func (w *world) close() {
	w.victim.Process.Kill()
	w.leaked.Close()
	for _, l := range []net.Listener{w.stream, w.abstract, w.tcp} {
		l.Close()
	}
	for _, c := range w.dgrams {
		c.Close()
	}
}

// environ is the environment of the program.
func (w *world) environ() []string {
	b, err := json.Marshal(w.cfg)
	w.must(err)
	return []string{"ESCAPE=" + string(b), "GOTRACEBACK=none", "PATH=/usr/bin:/bin"}
}

// snapshot describes the trees that must not change.
func (w *world) snapshot() map[string]string {
	out := map[string]string{}
	for _, top := range []string{"outside", "ro"} {
		filepath.WalkDir(filepath.Join(w.dir, top), func(p string, _ fs.DirEntry, err error) error {
			var st unix.Stat_t
			if err = errors.Join(err, unix.Lstat(p, &st)); err != nil {
				out[p] = err.Error()
				return nil
			}
			attrs := make([]byte, 1024)
			n, _ := unix.Llistxattr(p, attrs)
			out[p] = fmt.Sprintf("mode %o, size %d, links %d, uid %d, gid %d, mtime %v, ctime %v, attributes %q",
				st.Mode, st.Size, st.Nlink, st.Uid, st.Gid, st.Mtim, st.Ctim, attrs[:max(n, 0)])
			return nil
		})
	}
	return out
}

// damage says what is no longer as it was.
func (w *world) damage() []string {
	var out []string
	now := w.snapshot()
	for p, s := range w.before {
		if now[p] != s {
			out = append(out, fmt.Sprintf("%s was %s, is %s", p, s, now[p]))
		}
	}
	for p := range now {
		if w.before[p] == "" {
			out = append(out, p+" is new")
		}
	}
	// A signal that was sent may take a moment to kill.
	select {
	case err := <-w.died:
		w.died <- err
		out = append(out, fmt.Sprintf("the process outside has ended: %v", err))
	case <-time.After(20 * time.Millisecond):
	}
	for _, c := range w.dgrams {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		var b [8]byte
		if n, err := c.Read(b[:]); err == nil {
			out = append(out, fmt.Sprintf("%s got %q", c.LocalAddr(), b[:n]))
		}
	}
	for _, pid := range w.left() {
		out = append(out, fmt.Sprintf("process %d of the guest is left", pid))
	}
	return out
}

// left finds processes that the guest has started and that live on.
func (w *world) left() []int {
	var out []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		b, _ := os.ReadFile(d + "/cmdline")
		if f := strings.Split(string(b), "\x00"); len(f) > 2 && f[1] == "sleep" && f[2] == w.cfg.Token {
			var pid int
			fmt.Sscanf(d, "/proc/%d", &pid)
			out = append(out, pid)
		}
	}
	return out
}
