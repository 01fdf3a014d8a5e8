package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/testutil"
)

// getcwd says what the handler says, and where all directories have the host's names,
// what the kernel does. There it needs no stop, but for bad buffers and long names.
func TestFastCwd(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	exe := filepath.Join(t.TempDir(), "cwd")
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast_cwd.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	base, source := t.TempDir(), t.TempDir()
	for _, d := range []string{"plain", "bound", "other"} {
		if err := os.Mkdir(filepath.Join(base, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	in := func(d string) string { return filepath.Join(base, d) }
	proc := fsview.Mount{Target: "/proc", Kind: fsview.Proc}
	for _, v := range []struct {
		name   string
		mounts []fsview.Mount
		host   bool
	}{
		{"the host's", nil, true},
		{"with procfs", []fsview.Mount{proc}, true},
		{"in place", []fsview.Mount{proc, {Target: in("bound"), Source: in("bound")}}, true},
		{"read-only", []fsview.Mount{proc, {Target: in("other"), Source: in("other"), Flags: fsview.ReadOnly}}, true},
		{"another", []fsview.Mount{proc, {Target: in("bound"), Source: source}}, false},
		{"empty", []fsview.Mount{proc, {Target: in("bound"), Kind: fsview.Tmpfs}}, false},
		{"twice", []fsview.Mount{proc, {Target: in("bound"), Source: in("other")}}, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			run := func(fast string) (string, uint64) {
				out, st, stats := runOptions(t, Options{
					Root: "/", Mounts: v.mounts, Fast: fast, Counters: true, Cwd: "/",
					Args: []string{exe, in("plain"), in("bound"), in("other")}, Env: os.Environ(),
				})
				if st.Code != 0 {
					t.Fatalf("%s: exit %d\n%s", fast, st.Code, out)
				}
				return out, stats.FastHits["getcwd"]
			}
			want, _ := run("off")
			if v.host && v.name != "read-only" {
				out, err := exec.Command(exe, in("plain"), in("bound"), in("other")).CombinedOutput()
				if err != nil || string(out) != want {
					t.Errorf("natively: %v\n%s", err, firstDifference(string(out), want))
				}
			}
			for _, fast := range []string{"on", "auto"} {
				got, hits := run(fast)
				if got != want {
					t.Errorf("%s: %s", fast, firstDifference(got, want))
				}
				t.Logf("%s: %d hits", fast, hits)
				if v.host && hits < 600 {
					t.Errorf("%s: %d of getcwd without a stop", fast, hits)
				}
			}
		})
	}
}

// firstDifference is the first line in which two texts differ.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("line %d: %.300q, want %.300q", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
