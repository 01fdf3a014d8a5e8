package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/landlock"
	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
	"github.com/ptbox/ptbox/tracer"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// narrowDir is a directory of nobody's with a file that a view with a tmpfs at hide hides, and
// a directory beside it.
func narrowDir(t *testing.T) (dir, secret string) {
	t.Helper()
	dir = t.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	secret = filepath.Join(dir, "hide/secret")
	write(t, secret, "secret")
	write(t, filepath.Join(dir, "beside/f"), "f\n")
	for _, p := range []string{dir, filepath.Dir(secret), secret, filepath.Join(dir, "beside"), filepath.Join(dir, "beside/f")} {
		if os.Geteuid() == 0 {
			if err := os.Chown(p, unpriv.Nobody, unpriv.Nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir, secret
}

// narrowly runs a command in that view, as an ordinary user. mode is one of --fast, and more flags.
func narrowly(t *testing.T, mode, dir string, argv ...string) (out, stats string) {
	t.Helper()
	flags := append([]string{testutil.Ptbox(t), "exec", "--stats"}, strings.Fields("--fast="+mode)...)
	argv = append(append(flags, "-r", "/", "--tmpfs", dir+"/hide", "-w", dir+"/beside", "--"), argv...)
	cmd := unpriv.Command(testbin.Guest(t), argv...)
	var b, e strings.Builder
	cmd.Stdout, cmd.Stderr = &b, &e
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, b.String(), e.String())
	}
	return b.String(), e.String()
}

// Beside what a mount hides, calls are answered without a stop; a hostile guest that jumps into the code
// does not get at it, with whatever descriptor. With "on" it does, which shows that
// the attack works.
func TestFastNarrow(t *testing.T) {
	dir, secret := narrowDir(t)
	first := tracer.DefaultWindowFD + 2
	hex := func(v int) string { return fmt.Sprintf("%#x", v) }
	for _, mode := range []string{"on", "auto", "auto -0"} {
		write(t, secret, "secret") // the attack may have made it empty
		out, _ := narrowly(t, mode, dir, testbin.Guest(t), "gadget-narrow", hex(fastpath.SymGadgetSys), hex(fastpath.DotDot), hex(fastpath.How), hex(fastpath.HowUp),
			hex(fastpath.HowUpEnd), fmt.Sprint(first), fmt.Sprint(first+fastpath.MaxReserved), fmt.Sprint(inode(t, secret)), secret)
		if got := strings.Contains(out, "got it"); got != (mode == "on") || !strings.Contains(out, "tried") || strings.Contains(out, "opened 0,") {
			t.Errorf("%s: %s", mode, out[:min(len(out), 4000)])
		}
		t.Log(mode, out[strings.LastIndex(out, "tried"):])
	}
	out, stats := narrowly(t, "auto", dir, "/bin/sh", "-c", "for i in 1 2 3; do ls -l /usr/lib >/dev/null; cat f; test -r /etc/passwd; ls /bin/ .. >/dev/null; done; find "+dir+" | sort")
	if want := strings.Repeat("f\n", 3) + dir + "\n" + dir + "/beside\n" + dir + "/beside/f\n" + dir + "/hide\n"; out != want {
		t.Errorf("%q", out)
	}
	if n := stops(stats); n == 0 || n > 400 {
		t.Errorf("%d stops\n%s", n, stats)
	}
}

// Before a guest gets a directory from which what is hidden could be reached, all use of its own
// descriptors ends, and no thread is left inside of such an open.
func TestFastNarrowLend(t *testing.T) {
	if landlock.ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	cc := testutil.Command(t, "gcc")
	dir, secret := narrowDir(t)
	exe := filepath.Join(dir, "beside/lend")
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-pthread", "-o", exe, "testdata/fast_lend.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const paths = fastpath.HowOwnPath + fastpath.PathOpens*fastpath.HowStride
	const reads = fastpath.HowOwn + fastpath.ReadOpens*fastpath.HowStride
	for _, how := range []int{paths, reads} {
		for i := range 15 {
			out, _ := narrowly(t, []string{"auto", "auto", "auto -0"}[i%3], dir, exe, fmt.Sprintf("%#x", fastpath.SymGadgetSys), fmt.Sprintf("%#x", how), dir, "hide/"+filepath.Base(secret))
			if out != "no\n" {
				t.Fatalf("%#x: %q", how, out)
			}
		}
	}
	var st unix.Stat_t
	if err := unix.Stat(secret, &st); err != nil {
		t.Error(err)
	}
}

// What lies beside the way to a mount that hides something is what it is without.
func TestFastNarrowSame(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	dir, secret := narrowDir(t)
	write(t, secret, "secret")
	exe := filepath.Join(dir, "beside/same")
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast_same.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for link, to := range map[string]string{"abs": "/etc/passwd", "up": "../../../../../../usr/bin", "there": "/bin/sh", "none": "/usr/none", "loop": "loop", "long": "/lib64/ld-linux-x86-64.so.2"} {
		if err := os.Symlink(to, filepath.Join(dir, "beside", link)); err != nil {
			t.Fatal(err)
		}
	}
	argv := []string{
		exe, "/", "/bin", "/bin/", "/bin/.", "//bin//sh", "/bin/sh", "/bin/..", "/bin/../etc", "/usr", "/usr/", "/usr/.", "/usr/..", "/usr/../bin", "/usr/bin/../lib",
		"/etc", "/etc/passwd", "/etc/passwd/", "/etc/passwd/x", "/etc/none", "/none", "/none/x", "/etc/localtime", "/etc/alternatives", "/etc/alternatives/awk", "/usr/bin/awk",
		"/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/none.so", "/usr/lib/os-release", "/etc/os-release", "/var", "/var/run", "/var/lock", "/var/run/..",
		"/root", "/root/x", "/home", "/opt", "/srv", "/tmp", "/tmp/.", "/tmp/..", "/dev", "/dev/null", "/dev/stdin", "/proc", "/sys", "/sys/kernel", "/run", "/boot",
		dir, dir + "/.", dir + "/beside", dir + "/beside/..", dir + "/beside/f", dir + "/beside/f/", dir + "/beside/f/..",
		"f", "./f", "../beside/f", "..", ".", "abs", "up", "up/sh", "up/../lib", "there", "there/", "none", "loop", "long", "/usr/bin/../../bin/sh", "", "/usr/none/../bin",
	}
	// A directory on the way to what is hidden ends the use of the guest's own descriptors.
	way := map[string]bool{"/": true, "/tmp": true, "/tmp/.": true, "/tmp/..": true, dir: true, dir + "/.": true, dir + "/beside/..": true, "..": true, "/usr/..": true, "/var/run/..": true}
	var few []string
	for _, a := range argv {
		if !way[a] {
			few = append(few, a)
		}
	}
	same(t, dir, "auto", few, 4000)
	for _, mode := range []string{"auto", "on", "off"} {
		same(t, dir, mode, argv, 0)
	}
}

// same compares what a command prints in the view and natively; most is how often it may
// stop, if that is known.
func same(t *testing.T, dir, mode string, argv []string, most int) {
	t.Helper()
	native := unpriv.Command(testbin.Guest(t), argv...)
	native.Dir = filepath.Join(dir, "beside")
	want, err := native.Output()
	if err != nil {
		t.Fatal(err)
	}
	out, stats := narrowly(t, mode, dir, argv...)
	a, b := strings.Split(string(want), "\n"), strings.Split(out, "\n")
	if len(a) != len(b) {
		t.Fatalf("%s: %d lines, want %d", mode, len(b), len(a))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("%s: line %d: %q, natively %q", mode, i, b[i], a[i])
		}
	}
	if n := stops(stats); most > 0 && (n == 0 || n > most) {
		t.Errorf("%s: %d stops\n%s", mode, n, stats)
	}
}

// stops reads the number of stops.
func stops(stats string) (n int) {
	if m := regexp.MustCompile(`(?m)^ptbox: stats: stops +([0-9]+)$`).FindStringSubmatch(stats); m != nil {
		fmt.Sscan(m[1], &n)
	}
	return n
}
