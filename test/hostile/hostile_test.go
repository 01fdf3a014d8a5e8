package hostile

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

var program = sync.OnceValues(func() (string, error) { return testutil.Build("internal/testbin/hostile", "hostile") })

func build(t *testing.T) string {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// boxes are the configurations in which everything is run.
var boxes = []struct {
	name  string
	flags []string
}{
	{"seccomp", []string{"--trap=seccomp"}},
	{"syscall", []string{"--trap=syscall"}},
	{"no-landlock", []string{"--fast=off", "--landlock=off"}},
	{"fast", []string{"--fast=on"}},
	{"identity", []string{"-0"}},
}

// run runs a command line as an ordinary user.
func run(t *testing.T, argv ...string) (out string, code int) {
	t.Helper()
	c := unpriv.Command(testbin.Guest(t), argv...)
	ctx, cancel := context.WithTimeout(t.Context(), watchdog)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Path, c.Args[1:]...)
	cmd.WaitDelay = time.Second
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	dir := tmp(t)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "GOTRACEBACK=none", "TMPDIR=" + dir}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if ctx.Err() != nil {
		t.Fatalf("hangs: %q\n%s", argv, b.String())
	}
	if argv[0] == testutil.Ptbox(t) {
		left(t, dir)
	}
	return b.String(), cmd.ProcessState.ExitCode()
}

// left complains of what a sandbox whose TMPDIR was dir has left behind:
// processes, and its own files.
func left(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(dir + "/ptbox-*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		// The owners of files are kept, without a home directory here.
		if !strings.Contains(f, "/ptbox-state-") {
			t.Errorf("left behind: %s", f)
		}
	}
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range procs {
		if b, _ := os.ReadFile(p + "/environ"); bytes.Contains(b, []byte("TMPDIR="+dir+"\x00")) {
			line, _ := os.ReadFile(p + "/cmdline")
			t.Errorf("left behind: process %s %q", filepath.Base(p), line)
		}
	}
}

// watchdog is when a guest counts as hung. It bounds nothing that is measured.
const watchdog = 10 * time.Minute

// tmp is a directory that the ordinary user may write to.
func tmp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hostile-") //nolint:usetesting // t.TempDir lies where nobody else may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// inBox is the command line that runs a part of the program in a sandbox.
func inBox(t *testing.T, flags []string, args ...string) []string {
	t.Helper()
	argv := append([]string{testutil.Ptbox(t), "exec", "-r", "/", "-w", "/"}, flags...)
	return append(append(argv, "--", build(t)), args...)
}

// A guest's own seccomp filters judge the calls that it makes, as it makes
// them, and never those that are made in their place.
func TestOwnFilters(t *testing.T) {
	for _, part := range []string{"filter-kill", "filter-errno", "filter-threads", "filter-deadly", "filter-exec"} {
		t.Run(part, func(t *testing.T) {
			want, code := run(t, build(t), part)
			if code != 0 {
				t.Fatalf("natively: code %d\n%s", code, want)
			}
			for _, b := range boxes {
				t.Run(b.name, func(t *testing.T) {
					got, code := run(t, inBox(t, b.flags, part)...)
					if got != want || code != 0 {
						t.Errorf("code %d, got\n%s\nwant\n%s", code, got, want)
					}
				})
			}
		})
	}
}

func TestStray(t *testing.T) {
	for _, b := range boxes {
		t.Run(b.name, func(t *testing.T) {
			if out, code := run(t, inBox(t, b.flags, "filter-stray")...); code != 0 {
				t.Errorf("code %d: %s", code, strings.TrimSpace(out))
			}
		})
	}
}
