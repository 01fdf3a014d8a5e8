package landlock

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
)

func TestKnown(t *testing.T) {
	last := Rights(0)
	for abi := 1; abi <= 9; abi++ {
		k := Known(abi)
		if k&last != last {
			t.Errorf("ABI %d knows less than the one before", abi)
		}
		last = k
	}
	if Known(1)&unix.LANDLOCK_ACCESS_FS_REFER != 0 || Known(5) != all || Known(4)&unix.LANDLOCK_ACCESS_FS_IOCTL_DEV != 0 {
		t.Error("a right is known too early or too late")
	}
	if Read&Write != 0 || Execute&(Read|Write) != 0 {
		t.Error("groups overlap")
	}
	if Scoped(5) || !Scoped(6) || Networked(3) || !Networked(4) {
		t.Error("features of versions")
	}
}

// restricted runs f on a thread of its own under the ruleset.
func restricted(t *testing.T, r *Ruleset, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends here
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			done <- err
			return
		}
		if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(r.FD()), 0, 0); e != 0 {
			done <- e
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func path(t *testing.T, p string) int {
	t.Helper()
	fd, err := unix.Open(p, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// The kernel enforces each version's part of the rules.
func TestEnforced(t *testing.T) {
	abi := ABI()
	if abi < MinABI {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	for v := MinABI; v <= abi; v++ {
		dir := t.TempDir()
		for _, d := range []string{"ro", "rw", "rw/sub", "out"} {
			if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, d, "f"), []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r, err := New(v, true)
		if err != nil {
			t.Fatalf("ABI %d: %v", v, err)
		}
		for p, rights := range map[string]Rights{"ro": Read | Execute, "rw": Read | Write} {
			if err := r.Allow(path(t, filepath.Join(dir, p)), rights); err != nil {
				t.Fatalf("ABI %d: %s: %v", v, p, err)
			}
		}
		p := func(s string) string { return filepath.Join(dir, s) }
		restricted(t, r, func() {
			check := func(what string, err, want error) {
				t.Helper()
				if !errors.Is(err, want) {
					t.Errorf("ABI %d: %s: %v, want %v", v, what, err, want)
				}
			}
			_, err := os.ReadFile(p("ro/f"))
			check("read ro", err, nil)
			check("write ro", os.WriteFile(p("ro/f"), nil, 0), unix.EACCES)
			check("unlink ro", os.Remove(p("ro/f")), unix.EACCES)
			_, err = os.ReadFile(p("out/f"))
			check("read out", err, unix.EACCES)
			check("write rw", os.WriteFile(p("rw/g"), []byte("y"), 0o644), nil)
			check("rename rw", os.Rename(p("rw/g"), p("rw/sub/g")), nil)
			check("rename to ro", os.Rename(p("rw/sub/g"), p("ro/g")), unix.EACCES)
			if v >= abiTruncate {
				check("truncate ro", os.Truncate(p("ro/f"), 0), unix.EACCES)
			}
			if v >= abiScope {
				check("signal", unix.Kill(os.Getppid(), 0), unix.EPERM)
			}
		})
		r.Close()
	}
}

// A rule on an object without a place is not an error.
func TestAllowAnonymous(t *testing.T) {
	if ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	r, err := New(ABI(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rd, wr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	defer wr.Close()
	if err := r.Allow(int(rd.Fd()), all); err != nil {
		t.Errorf("pipe: %v", err)
	}
	if err := r.Allow(path(t, os.Args[0]), all); err != nil {
		t.Errorf("file: %v", err)
	}
	if err := r.Allow(-1, all); !errors.Is(err, unix.EBADF) {
		t.Errorf("no descriptor: %v", err)
	}
}
