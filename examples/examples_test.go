// Package examples_test runs every example.
package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
)

// output runs a command, which must succeed, and returns what it printed.
func output(t *testing.T, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if e := cmd.Run(); e != nil {
		t.Fatalf("%s %q: %v\nstdout: %s\nstderr: %s", name, args, e, &out, &err)
	}
	return out.String(), err.String()
}

func hostname(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("/etc/hostname")
	if err != nil {
		testutil.Skip(t, testutil.NeedInterface, err.Error())
	}
	return string(b)
}

// build compiles one of the example programs.
func build(t *testing.T, name string) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), name)
	output(t, "go", "build", "-o", exe, "./"+name)
	return exe
}

// The command lines of README.md that start with "ptbox exec" all show
// /etc/hostname.
func TestThreeWays(t *testing.T) {
	ptbox, want := testutil.Ptbox(t), hostname(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(readme)) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "ptbox" || words[1] != "exec" {
			continue
		}
		found++
		t.Run(strings.Join(words[1:], " "), func(t *testing.T) {
			if strings.Contains(line, "ssi") && !atLeast(t, 6, 16) {
				testutil.Skip(t, testutil.NeedKernel, "PTRACE_SET_SYSCALL_INFO is of Linux 6.16")
			}
			if got, _ := output(t, ptbox, words[1:]...); got != want {
				t.Errorf("printed %q, want %q", got, want)
			}
		})
	}
	if found != 4 {
		t.Errorf("README.md has %d command lines, want 4", found)
	}
}

func atLeast(t *testing.T, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var have [2]int
	i := 0
	for _, c := range u.Release {
		switch {
		case c >= '0' && c <= '9':
			have[i] = have[i]*10 + int(c-'0')
		case c == '.' && i == 0:
			i++
		default:
			return have[0] > major || have[0] == major && have[1] >= minor
		}
	}
	return false
}

func TestPasswdHostname(t *testing.T) {
	ptbox, want := testutil.Ptbox(t), hostname(t)
	if got, _ := output(t, "./passwd-hostname/run", ptbox); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if os.Getuid() == 0 && os.Getgid() == 0 {
		if got, _ := output(t, ptbox, "run", "passwd-hostname"); got != want {
			t.Errorf("the bundle itself printed %q, want %q", got, want)
		}
	}
}

func TestChrootBundle(t *testing.T) {
	ptbox, busybox := testutil.Ptbox(t), testutil.Command(t, "busybox")
	dir := filepath.Join(t.TempDir(), "bundle")
	output(t, "./chroot-bundle/make-bundle", dir, busybox)
	got, _ := output(t, ptbox, "run", dir)
	want := `hello from busybox
NAME="nothing but busybox"
bin
dev
etc
proc
tmp
the root is read-only
y
`
	if got != want {
		t.Errorf("printed:\n%s\nwant:\n%s", got, want)
	}
	left, err := filepath.Glob(filepath.Join(dir, "rootfs/*"))
	if err != nil || len(left) != 2 {
		t.Errorf("the root file system holds %v (%v) afterwards, want bin and etc", left, err)
	}
}

func TestTraceOpens(t *testing.T) {
	want := hostname(t)
	out, log := output(t, build(t, "trace-opens"), "sh", "-c", "cat /etc/hostname; cat /no/such/file || true")
	if out != want {
		t.Errorf("the command printed %q, want %q", out, want)
	}
	for _, line := range []string{
		`openat "/etc/hostname": descriptor 3`,
		`openat "/no/such/file": no such file or directory`,
	} {
		if !strings.Contains(log, line) {
			t.Errorf("no %q in:\n%s", line, log)
		}
	}
}

func TestTraceOpensExitCode(t *testing.T) {
	exe := build(t, "trace-opens")
	for script, want := range map[string]int{"exit 7": 7, "kill -9 $$": 137} {
		cmd := exec.Command(exe, "sh", "-c", script)
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%q: exit code %d, want %d", script, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	root, src := filepath.Join(dir, "root"), filepath.Join(dir, "src")
	for _, d := range []string{root + "/etc", src} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(src+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/data/file", root+"/etc/link"); err != nil {
		t.Fatal(err)
	}
	out, _ := output(t, build(t, "resolve"), root, src+":/data", "--", "/etc/link", "/missing")
	for _, line := range []string{"/etc/link -> /data/file", "= " + src + "/file\n", "= no such file or directory\n"} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in:\n%s", line, out)
		}
	}
	if _, err := os.Lstat(root + "/data"); err == nil {
		t.Error("the mount point was made in the root file system")
	}
}
