package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/testutil"
)

// An exec in a root that has an ELF interpreter of its own stops no more often
// than one in the host's tree, and the interpreter is mapped as natively.
func TestFastHeld(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	root := t.TempDir()
	exe := filepath.Join(root, "held")
	if out, err := exec.Command(cc, "-O1", "-w", "-o", exe, "testdata/held.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := exec.Command(exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	libs, err := exec.Command("ldd", exe).Output()
	if err != nil {
		t.Fatal(err)
	}
	copied := 0
	for _, lib := range regexp.MustCompile(`/\S+`).FindAllString(string(libs), -1) {
		b, err := os.ReadFile(lib)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(root, lib)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o755); err != nil {
			t.Fatal(err)
		}
		copied++
	}
	if copied < 2 {
		t.Fatalf("libraries: %s", libs)
	}
	const execs = 50
	stops := func(root, exe string, mounts ...fsview.Mount) uint64 {
		out, st, stats := runOptions(t, Options{Root: root, Args: []string{exe, "50"}, Env: []string{"A=b"}, Cwd: "/", Mounts: mounts})
		if st.Code != 0 || out != strings.Repeat(string(want), execs) {
			t.Fatalf("exit %d\n%.300s\nnatively: %s", st.Code, out, want)
		}
		return stats.Stops
	}
	host := stops("/", exe)
	// posix_spawn's call, the child's first stop, its execve, the event, what it asks of /proc (four stops), and
	// the signal of its end; and what is met for the first time.
	if host > 9*execs+execs/2 {
		t.Errorf("%d execs: %d stops", execs, host)
	}
	own := stops(root, "/held", fsview.Mount{Target: "/proc", Source: "/proc", Kind: fsview.Proc})
	t.Logf("%d execs: %d and %d stops", execs, host, own)
	if own > host+execs/2 {
		t.Errorf("%d execs: %d stops in the host's tree, %d with an interpreter of the root's", execs, host, own)
	}
}
