package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/tracer"
)

// TestFastLibc runs what is hard on the fast path in programs of several C
// libraries, each of which enters the kernel in its own way: signals and
// threads, children of every kind, jumps out of handlers, cancelled threads,
// bad pointers, ends by signals.
func TestFastLibc(t *testing.T) {
	all := []string{"calls", "storm", "threads", "longjmp", "cancel", "fork", "vfork", "clone", "pointers", "dump"}
	for _, b := range []struct {
		name, cc string
		flags    []string
		commands []string
	}{
		{"glibc", "gcc", nil, all},
		{"glibc, static", "gcc", []string{"-static"}, []string{"calls", "threads", "vfork", "pointers", "traps"}},
		{"musl", "musl-gcc", nil, []string{"calls", "threads", "cancel", "fork", "vfork", "pointers"}},
		{"musl, static", "musl-gcc", []string{"-static"}, []string{"calls", "storm", "vfork", "pointers"}},
	} {
		t.Run(b.name, func(t *testing.T) {
			cc := testutil.Command(t, b.cc)
			dir := t.TempDir()
			exe, file := filepath.Join(dir, "fast"), filepath.Join(dir, "file")
			write(t, file, "file\n")
			args := append([]string{"-O1", "-pthread", "-w", "-o", exe, "testdata/fast.c"}, b.flags...)
			if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, c := range b.commands {
				t.Run(c, func(t *testing.T) {
					if out, err := exec.Command(exe, c, file, "ok").CombinedOutput(); err != nil || string(out) != "ok\n" {
						t.Fatalf("natively: %v\n%s", err, out)
					}
					out, st, stats := runHere(t, exe, c, file, "ok")
					if st.Code != 0 || out != "ok\n" {
						t.Errorf("exit %d\n%s", st.Code, out[:min(len(out), 2000)])
					}
					hits := uint64(0)
					for _, n := range stats.FastHits {
						hits += n
					}
					if hits < 10 {
						t.Errorf("only %d calls went by the fast path", hits)
					}
					t.Logf("%d hits, %d stops, %d unwound, %d deferred", hits, stats.Stops, stats.Unwound, stats.Deferred)
				})
			}
		})
	}
}

// runHere runs a program in the host's tree with the fast path.
func runHere(t *testing.T, args ...string) (out string, st Status, stats tracer.Stats) {
	t.Helper()
	return runOptions(t, Options{Root: "/", Args: args, Env: os.Environ(), Cwd: filepath.Dir(args[0]), Fast: "on", Counters: true})
}
