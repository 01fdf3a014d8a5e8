package hostile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// soakTime is how long each configuration runs: PTBOX_SOAK is how long all do.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("PTBOX_SOAK")
	if text == "" {
		text = "15s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d / time.Duration(len(boxes))
}

// soakRoot is a root with little in it, for guests that may do anything.
func soakRoot(t *testing.T) (root, ro string) {
	t.Helper()
	dir := tmp(t)
	root, ro = filepath.Join(dir, "root"), filepath.Join(dir, "ro")
	for _, d := range []string{root, filepath.Join(root, "etc"), ro} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{filepath.Join(root, "etc/canary"), filepath.Join(ro, "f")} {
		if err := os.WriteFile(f, []byte("the canary lives\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chown(p, unpriv.Nobody, unpriv.Nobody)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return root, ro
}

// soaks runs parts in each configuration for a while. The tracer must come out
// of it with the right status, without a word, and with nothing left.
func soaks(t *testing.T, parts ...string) {
	seed := time.Now().UnixNano() & (1<<62 - 1)
	if s := os.Getenv("PTBOX_SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Logf("PTBOX_SEED=%d", seed)
	for _, b := range boxes {
		t.Run(b.name, func(t *testing.T) {
			root, ro := soakRoot(t)
			argv := append([]string{testutil.Ptbox(t), "exec", "-r", root, "--read-only", "--net=none", "--pids-limit=400", "--tmpfs=/tmp"}, b.flags...)
			argv = append(argv, "-v", "/proc:/proc", "-v", "/dev/null:/dev/null", "-v", build(t)+":/hostile:ro", "-v", ro+":/ro:ro", "-w", "/",
				"--", "/hostile", "soak", soakTime(t).String(), fmt.Sprint(seed))
			out, code := run(t, append(argv, parts...)...)
			rest, runs, _ := strings.Cut(out, "soak: ")
			if code != 0 || strings.TrimSpace(rest) != "lived true" {
				t.Errorf("code %d: %s", code, out)
			}
			t.Log(strings.TrimSpace(runs))
			for _, f := range []string{filepath.Join(root, "etc/canary"), filepath.Join(ro, "f")} {
				if text, err := os.ReadFile(f); err != nil || string(text) != "the canary lives\n" {
					t.Errorf("%s is %q, %v", f, text, err)
				}
			}
		})
	}
}

// Random calls with random arguments do nothing to the tracer.
func TestFuzzCalls(t *testing.T) { soaks(t, "fuzz") }

// Nor do threads and processes that are killed and stopped at any moment.
func TestSoak(t *testing.T) {
	soaks(t, "busy", "storm", "exec-many", "exit-many", "thread-ends", "stops", "threads-some", "fuzz")
}
