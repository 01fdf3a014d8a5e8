package escape

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// Exit codes of the program.
const (
	escaped   = 10
	held      = 11
	signalled = 12
)

// watchdog is when a guest counts as hung. It bounds nothing that is measured.
const watchdog = 2 * time.Minute

// program is built, or what PTBOX_ESCAPE_BIN names.
var program = sync.OnceValues(func() (string, error) {
	if p := os.Getenv("PTBOX_ESCAPE_BIN"); p != "" {
		return filepath.Abs(p)
	}
	return testutil.Build("internal/testbin/escape", "escape")
})

func build(t *testing.T) string {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command(build(t), "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// raceTime is how long each race runs.
func raceTime() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("PTBOX_RACE")); err == nil {
		return d
	}
	return 100 * time.Millisecond
}

// result is how one run ended.
type result struct {
	code   int
	out    string
	damage []string
	hung   bool
}

// run runs argv as an ordinary user.
func (w *world) run(argv ...string) result {
	ctx, cancel := context.WithTimeout(w.t.Context(), watchdog+raceTime())
	defer cancel()
	c := unpriv.Command(testbin.Guest(w.t), argv...)
	cmd := exec.CommandContext(ctx, c.Path, c.Args[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = w.environ()
	// A group of its own: a technique that signals its group must not reach
	// the test. ExtraFiles[17] becomes descriptor 20.
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	cmd.ExtraFiles = make([]*os.File, 18)
	cmd.ExtraFiles[17] = w.leaked
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	r := result{out: strings.TrimSpace(out.String()), hung: ctx.Err() != nil}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		r.code = exit.ExitCode()
	case errors.Is(err, exec.ErrWaitDelay):
	case err != nil:
		w.t.Fatal(err)
	}
	r.damage = w.damage()
	for _, pid := range w.left() {
		unix.Kill(pid, unix.SIGKILL)
	}
	return r
}

// The positive control: natively every technique works.
func TestNative(t *testing.T) {
	exe := build(t)
	for _, name := range names(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r result
			// A race is not always won in two seconds of a busy machine.
			for range 5 {
				w := newWorld(t, exe)
				w.cfg.Work, w.cfg.ReadOnly = filepath.Join(w.dir, "work"), filepath.Join(w.dir, "ro")
				w.cfg.Self = exe
				w.cfg.Millis = 2000 // until it has worked
				r = w.run(exe, name)
				skipLacking(t, name, r)
				if r.hung {
					t.Fatalf("hangs: %s", r.out)
				}
				if r.code == escaped || r.code == signalled && len(r.damage) != 0 {
					return
				}
			}
			t.Errorf("does not work: code %d: %s", r.code, r.out)
		})
	}
}

// lacking is what hosts may lack: how the native run of a technique that needs
// it ends there.
var lacking = []struct {
	technique string
	code      int
	out       string
	need      testutil.Need
}{
	{"int80", 2, "fault", testutil.NeedInt80}, // and those whose names begin so
	{"ro-setflags", held, unix.EOPNOTSUPP.Error(), testutil.NeedFileFlags},
	{"ro-setflags", held, unix.ENOTTY.Error(), testutil.NeedFileFlags},
}

// skipLacking skips a technique for which the host lacks the means, if its
// native run r has shown that.
func skipLacking(t *testing.T, name string, r result) {
	t.Helper()
	for _, l := range lacking {
		same := name == l.technique || l.need == testutil.NeedInt80 && strings.HasPrefix(name, l.technique)
		if same && r.code == l.code && strings.Contains(r.out, l.out) {
			testutil.Skip(t, l.need, r.out)
		}
	}
}

// given is what an emulated root may do with its own: it may read any file
// there, and its namespaces are emulated too and never reach the kernel.
var given = []string{
	"race-swap-access", "user-namespace", "mount-namespace", "clone-user-namespace",
	"clone3-user-namespace", "clone3-untraced-user-namespace",
}

// A box is one configuration of the sandbox.
type box struct {
	name  string
	flags []string
}

var boxes = []box{
	{"seccomp", []string{"--trap=seccomp", "--landlock=on"}},
	{"seccomp-only", []string{"--trap=seccomp", "--fast=off", "--landlock=off"}},
	{"syscall", []string{"--trap=syscall", "--landlock=on"}},
	{"syscall-only", []string{"--trap=syscall", "--landlock=off"}},
	{"fast", []string{"--fast=on", "--landlock=on"}},
	{"fast-only", []string{"--fast=on", "--landlock=off"}},
	{"identity", []string{"-0", "--landlock=on"}},
	{"identity-only", []string{"-0", "--landlock=off"}},
}

// argv is the command line of a sandbox around the program.
func (w *world) argv(t *testing.T, b box, exe string) []string {
	t.Helper()
	root := filepath.Join(w.dir, "root")
	w.must(os.Mkdir(root, 0o755))
	argv := append([]string{testutil.Ptbox(t), "exec", "--clearenv", "-e", "ESCAPE"}, b.flags...)
	if dir := os.Getenv("PTBOX_ESCAPE_ROOT"); dir != "" {
		root = dir
		argv = append(argv, "--tmpfs", "/tmp")
	}
	argv = append(argv, "-r", root, "-v", "/proc:/proc",
		"-v", exe+":/escape:ro", "-v", filepath.Join(w.dir, "work")+":/work", "-v", filepath.Join(w.dir, "ro")+":/ro:ro")
	for _, d := range []string{"/dev/ptmx", "/dev/pts", "/dev/null"} {
		argv = append(argv, "-v", d+":"+d)
	}
	w.cfg.Self, w.cfg.Work, w.cfg.ReadOnly = "/escape", "/work", "/ro"
	return argv
}

// In a sandbox no technique works.
func TestHeld(t *testing.T) {
	exe := build(t)
	list := names(t)
	for _, b := range boxes {
		t.Run(b.name, func(t *testing.T) {
			for _, name := range list {
				if b.flags[0] == "-0" && slices.Contains(given, name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, exe)
					if strings.HasPrefix(name, "int80") {
						skipLacking(t, name, w.run(exe, "int80")) // which changes nothing
					}
					argv := w.argv(t, b, exe)
					if strings.HasPrefix(name, "net-") {
						argv = append(argv, "--net=none")
					}
					r := w.run(append(argv, "--", "/escape", name)...)
					if _, n, ok := strings.Cut(r.out, "attempts: "); ok && os.Getenv("PTBOX_RACE") != "" {
						n, _, _ = strings.Cut(n, "\n")
						t.Logf("race: %s %s %v %s %d", b.name, name, raceTime(), n, len(r.damage))
					}
					w.judge(r)
				})
			}
		})
	}
}

// The launcher itself is out of reach: it is the parent of the first process.
func TestLauncher(t *testing.T) {
	exe := build(t)
	for _, b := range boxes {
		t.Run(b.name, func(t *testing.T) {
			for _, name := range names(t) {
				if !aimed(name) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, exe)
					w.cfg.Target = 0
					argv := w.argv(t, b, exe)
					w.judge(w.run(append(argv, "--", "/escape", name)...))
				})
			}
		})
	}
}

// aimed says whether a technique attacks one process.
func aimed(name string) bool {
	for _, p := range []string{
		"ptrace-", "process-vm-", "proc-", "oom-", "pidfd-", "kcmp", "prlimit", "setpriority",
		"ioprio-", "sched-", "migrate-", "kill", "tkill", "tgkill", "rt-", "f-setown", "fiosetown",
	} {
		if strings.HasPrefix(name, p) && !strings.HasPrefix(name, "proc-self") && !strings.HasSuffix(name, "group") {
			return true
		}
	}
	return false
}

func (w *world) judge(r result) {
	w.t.Helper()
	switch {
	case r.hung:
		w.t.Errorf("hangs: %s", r.out)
	case r.code == escaped:
		w.t.Errorf("works: %s", r.out)
	case r.code == 125 || r.code == 126 || r.code == 127 || r.code == 2:
		w.t.Errorf("was not tried (code %s): %s", strconv.Itoa(r.code), r.out)
	}
	for _, d := range r.damage {
		w.t.Errorf("damage: %s", d)
	}
}
