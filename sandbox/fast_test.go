package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/tracer"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// runGuest runs a subcommand of the guest program in a root of its own, which
// has the program as /guest, and returns its output.
func runGuest(t *testing.T, o Options, args ...string) (out string, st Status, stats tracer.Stats) {
	t.Helper()
	o.Args = append([]string{"/guest"}, args...)
	o.Env = []string{"PATH=/"}
	o.Cwd = "/"
	return runOptions(t, o)
}

// runOptions runs a command to its end and returns its output.
func runOptions(t *testing.T, o Options) (out string, st Status, stats tracer.Stats) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o.Stdout, o.Stderr = w, w
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var b bytes.Buffer
	io.Copy(&b, r)
	if st, err = s.Wait(); err != nil {
		t.Fatal(err)
	}
	return b.String(), st, s.Stats()
}

func guestRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(testbin.Guest(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "guest"), b, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func inode(t *testing.T, name string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// TestFastAttacks lets a hostile guest use the one instruction that the
// seccomp program trusts.
func TestFastAttacks(t *testing.T) {
	for _, mode := range []string{"on", "auto"} {
		t.Run(mode, func(t *testing.T) {
			root := guestRoot(t)
			dir := filepath.Dir(root)
			outside := filepath.Join(dir, "outside")
			write(t, outside, "secret\n")
			if err := unix.Setxattr(outside, "user.mark", []byte("secret"), 0); err != nil {
				t.Logf("no attribute to steal: %v", err)
			}
			write(t, filepath.Join(dir, "src", "f"), "f\n")
			if err := os.Mkdir(filepath.Join(root, "ro"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
				t.Fatal(err)
			}
			o := Options{Root: root, Fast: mode, Mounts: []fsview.Mount{
				{Target: "/ro", Source: filepath.Join(dir, "src"), Flags: fsview.ReadOnly},
			}}
			first := tracer.DefaultWindowFD + 2
			hex := func(v int) string { return fmt.Sprintf("%#x", v) }
			out, st, stats := runGuest(t, o, "gadget", hex(fastpath.SymGadgetSys), hex(fastpath.Empty), hex(fastpath.How),
				hex(fastpath.HowUpEnd), fmt.Sprint(first), fmt.Sprint(first+2), outside, fmt.Sprint(inode(t, outside)), fmt.Sprint(inode(t, filepath.Join(dir, "src", "f"))),
				fmt.Sprint(inode(t, dir)), hex(fastpath.DotDot), hex(fastpath.FDNames), hex(fastpath.FDNames+fastpath.NumFDNames*fastpath.FDNameSize))
			if st.Code != 0 || strings.TrimSpace(out) != "ok" {
				t.Errorf("exit %d\n%s", st.Code, out[:min(len(out), 4000)])
			}
			if left, _ := os.ReadDir(filepath.Join(dir, "src")); len(left) != 1 {
				t.Errorf("the read-only mount has %v", left)
			}
			if stats.Patched == 0 {
				t.Error("nothing was patched: the fast path was not in use")
			}
		})
	}
}

// TestFastCalls runs what is hard on the engine with the fast path.
func TestFastCalls(t *testing.T) {
	for _, args := range [][]string{{"sigstorm", "500"}, {"efault"}, {"fifo-restart"}} {
		t.Run(args[0], func(t *testing.T) {
			root := guestRoot(t)
			write(t, filepath.Join(root, "etc/passwd"), "root:x:0:0\n")
			o := Options{Root: root, Fast: "on", Mounts: []fsview.Mount{{Target: "/tmp", Kind: fsview.Tmpfs}}}
			out, st, stats := runGuest(t, o, args...)
			if st.Code != 0 {
				t.Errorf("exit %d\n%s", st.Code, out[:min(len(out), 4000)])
			}
			t.Logf("%s%+v", out[:min(len(out), 400)], stats)
		})
	}
}
