package difftest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
)

func TestMain(m *testing.M) {
	Stage()
	code := m.Run()
	if madeBase != "" {
		Dir(madeBase).remove()
	}
	Unstage()
	os.Exit(code)
}

// madeBase is what runner made for the trees, to be removed at the end.
var madeBase string

// runner makes the Runner that all tests of one process share.
var runner = sync.OnceValues(func() (*Runner, error) {
	guest, err := testbin.GuestPath()
	if err != nil {
		return nil, err
	}
	base := os.Getenv("PTBOX_DIFF_DIR")
	if base == "" {
		if base, err = os.MkdirTemp("", "ptbox-diff-"); err != nil {
			return nil, err
		}
		madeBase = base
	}
	keep := os.Getenv("PTBOX_DIFF_KEEP") != ""
	if keep {
		// Outside of the private tmpfs, which ends with the test.
		if base, err = os.MkdirTemp("", "ptbox-diff-kept-"); err != nil {
			return nil, err
		}
		if err := os.Chmod(base, 0o755); err != nil {
			return nil, err
		}
		os.Stderr.WriteString("trees are kept in " + base + "\n")
	}
	// A copy in the same file system can be linked into each tree.
	local := filepath.Join(base, "guest")
	if err := place(guest, local); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(base, "tmp"), 0o755); err != nil {
		return nil, err
	}
	if err := os.Chmod(filepath.Join(base, "tmp"), 0o777|os.ModeSticky); err != nil {
		return nil, err
	}
	return &Runner{Base: base, Guest: local, Keep: keep, Flags: strings.Fields(os.Getenv("PTBOX_DIFF_FLAGS"))}, os.Chmod(local, 0o755)
})

func theRunner(t *testing.T) Runner {
	t.Helper()
	r, err := runner()
	if err != nil {
		t.Fatal(err)
	}
	return *r
}

// limit ends a case that hangs, so that the others still report; it is far
// beyond what any case takes.
func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// allCases is the whole table.
func allCases() []Case {
	return slices.Concat(overlayCases, pathCases, symlinkCases, nameCases, mountCases, readOnlyCases, missingCases,
		cwdCases, tmpfsCases, restrictCases, procCases, execCases, socketCases, attrCases, openCases, dirCases, miscCases, fastCases, processCases, suiteCases, foundCases, foundMoreCases, foundLateCases, shutCases, shuttingCases, matrixCases())
}

func TestCaseNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCases() {
		if seen[c.Name] {
			t.Errorf("two cases are called %q", c.Name)
		}
		seen[c.Name] = true
		if _, err := ParseTree(c.Tree); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		if _, err := ParseMounts(c.Mounts); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	t.Logf("%d cases", len(seen))
}

// TestNative validates the cases' expectations against the kernel.
func TestNative(t *testing.T) {
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side mounts")
	}
	r := theRunner(t)
	for _, c := range allCases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			res, err := r.Native(limit(t), &c)
			if err != nil {
				t.Fatal(err)
			}
			if len(Expect(&c, res, false)) > 0 {
				if res, err = r.Native(limit(t), &c); err != nil { // see again
					t.Fatal(err)
				}
			}
			if d := Expect(&c, res, false); len(d) > 0 {
				t.Error("\n" + strings.Join(d, "\n"))
			}
			if testing.Verbose() && os.Getenv("PTBOX_DIFF_PRINT") != "" {
				for _, l := range res.Lines {
					t.Logf("%-60s %s", c.line(l.N).text, l.Result)
				}
			}
		})
	}
}

// trapModes are the ways in which ptbox can see system calls.
func trapModes(t *testing.T, ptbox string) []string {
	out, err := exec.Command(ptbox, "exec", "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if m := os.Getenv("PTBOX_DIFF_TRAP"); m != "" {
		return strings.Split(m, ",")
	}
	if !strings.Contains(string(out), "--trap") {
		t.Fatal("ptbox exec has no --trap")
	}
	modes := []string{"seccomp", "syscall"} // the first with --fast=auto
	if runtime.GOARCH == "amd64" {
		modes = append(modes, "seccomp --fast=on", "seccomp --fast=off")
	}
	return modes
}

// again compares with a second native run. The kernel itself may answer
// otherwise: a walk that it begins anew because something was renamed meanwhile
// goes on counting symlinks where it was (fs/namei.c, total_link_count).
func again(t *testing.T, r *Runner, c *Case, under *Result) []string {
	t.Helper()
	native, err := r.Native(limit(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return Compare(c, native, under)
}

// TestDiff compares the sides. Without root there is no native side, and only
// what the cases themselves expect is checked.
func TestDiff(t *testing.T) {
	r := theRunner(t)
	r.Ptbox = testutil.Ptbox(t)
	modes := trapModes(t, r.Ptbox)
	for _, c := range allCases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			compare(t, &r, &c, modes)
		})
	}
}

// compare runs a case on both sides.
func compare(t *testing.T, r *Runner, c *Case, modes []string) {
	t.Helper()
	var native *Result
	root := os.Geteuid() == 0
	if root {
		var err error
		if native, err = r.Native(limit(t), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, mode := range modes {
		under, err := r.Under(limit(t), c, strings.Fields(mode)[0], strings.Fields("--trap "+mode)...)
		if err != nil {
			t.Errorf("--trap %s: %v", mode, err)
			continue
		}
		var d []string
		if root {
			if d = Compare(c, native, under); len(d) > 0 {
				d = again(t, r, c, under)
			}
		} else {
			d = Expect(c, under, true)
		}
		if len(d) > 0 {
			t.Errorf("--trap %s, mounts %q, read-only %q:\n%s", mode, c.Mounts, c.RootFlags, strings.Join(d, "\n"))
		}
	}
}
