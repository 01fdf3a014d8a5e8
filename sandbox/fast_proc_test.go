package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/landlock"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/tracer"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// With "auto", a hostile guest may find out that a process outside exists; it
// reads nothing of it. With "on" it does, which shows that the attack works.
func TestFastProc(t *testing.T) {
	if landlock.ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	victim := os.Getppid()
	for _, mode := range []string{"on", "auto"} {
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, host's root %v", mode, whole), func(t *testing.T) {
				root := guestRoot(t)
				o := Options{Root: root, Fast: mode, Mounts: []fsview.Mount{{Target: "/proc", Kind: fsview.Proc}}}
				if whole {
					o.Root = "/"
					o.Mounts = append(o.Mounts, fsview.Mount{Target: "/guest", Source: filepath.Join(root, "guest")})
				}
				first := tracer.DefaultWindowFD + 2
				hex := func(v int) string { return fmt.Sprintf("%#x", v) }
				args := []string{
					"gadget-proc", hex(fastpath.SymGadgetSys), hex(fastpath.Empty), hex(fastpath.How),
					hex(fastpath.HowUpEnd), fmt.Sprint(first), fmt.Sprint(first + 2), fmt.Sprint(victim),
				}
				want := "read 0"
				if mode == "on" {
					args, want = append(args, "once"), "read"
				}
				out, st, stats := runGuest(t, o, args...)
				lines := strings.Split(strings.TrimSpace(out), "\n")
				var names int
				last := lines[len(lines)-1]
				fmt.Sscanf(last, "names %d,", &names)
				if st.Code != 0 || !strings.HasSuffix(last, want) || mode == "auto" && names == 0 {
					t.Errorf("exit %d, want %q\n%s", st.Code, want, out[:min(len(out), 4000)])
				}
				if stats.Patched == 0 {
					t.Error("nothing was patched: the fast path was not in use")
				}
			})
		}
	}
}

// Before a guest gets a directory of procfs or of a noexec mount, reading by descriptors of its own ends,
// and no thread is left inside of such an open. Without the wait for them, one
// run in a few gets through.
func TestFastLend(t *testing.T) {
	if landlock.ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	cc := testutil.Command(t, "gcc")
	root := guestRoot(t)
	exe := filepath.Join(root, "guest")
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-pthread", "-o", exe, "testdata/fast_lend.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	hex := func(v int) string { return fmt.Sprintf("%#x", v) }
	const literal = fastpath.HowOwn + fastpath.ReadOpens*fastpath.HowStride
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "file"), []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		fsview.Mount
		file string
	}{
		{fsview.Mount{Target: "/proc", Kind: fsview.Proc}, fmt.Sprintf("%d/comm", os.Getppid())},
		// What is opened there must be seen: it may not be mapped to be executed.
		{fsview.Mount{Target: "/data", Source: data, Flags: fsview.NoExec}, "file"},
	} {
		t.Run(m.Target[1:], func(t *testing.T) {
			for range 25 {
				o := Options{Root: root, Fast: "auto", Mounts: []fsview.Mount{m.Mount}}
				out, st, _ := runGuest(t, o, hex(fastpath.SymGadgetSys), hex(literal), m.Target, m.file)
				if st.Code != 0 || out != "no\n" {
					t.Fatalf("exit %d: %q", st.Code, out)
				}
			}
		})
	}
}

// Who waits in an open of a FIFO does not hinder that, whether the open was made in the guest or
// at a stop.
func TestFastLendFIFO(t *testing.T) {
	if landlock.ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	for _, opens := range []int{0, 1, 5} {
		dir := t.TempDir()
		script := fmt.Sprintf("mkfifo f; : >g; i=0; (while [ $i -lt %d ]; do read x <g; i=$((i+1)); done; echo up; read x <f; echo $x) | while read y; do "+
			"echo $y; [ $y != up ] || { sleep 0.1; ls /proc/self >/dev/null && echo listed; echo hi >f; }; done", opens)
		out, st, _ := runOptions(t, Options{Root: "/", Args: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Cwd: dir})
		if st.Code != 0 || out != "up\nlisted\nhi\n" {
			t.Errorf("after %d opens: exit %d, %q", opens, st.Code, out)
		}
	}
}
