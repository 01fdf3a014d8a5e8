package sandbox

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/testutil"
)

// A directory above a mount that a process outside the sandbox shuts, or moves, is
// noticed.
func TestFastGuardOutside(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may search all directories")
	}
	cc := testutil.Command(t, "gcc")
	for _, mode := range []string{"on", "auto"} {
		for _, moved := range []bool{false, true} {
			root := guestRoot(t)
			exe, d := filepath.Join(root, "guest"), filepath.Join(root, "d")
			if err := os.Remove(exe); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast_guard.c").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			src := filepath.Join(filepath.Dir(root), "src")
			write(t, filepath.Join(src, "f"), "f\n")
			if err := os.MkdirAll(filepath.Join(d, "b"), 0o755); err != nil {
				t.Fatal(err)
			}
			ready := filepath.Join(root, "ready")
			if err := unix.Mkfifo(ready, 0o600); err != nil {
				t.Fatal(err)
			}
			go func() {
				for _, perm := range []os.FileMode{0o600, 0o755} {
					if r, err := os.Open(ready); err == nil { // when the guest opens it
						io.Copy(io.Discard, r) // and has closed it
						r.Close()
					}
					if moved && perm == 0o600 {
						os.Rename(d, d+"2")
						os.MkdirAll(filepath.Join(d, "b"), 0o755)
					}
					os.Chmod(d, perm)
				}
			}()
			out, st, stats := runGuest(t, Options{Root: root, Fast: mode, Counters: true, Mounts: []fsview.Mount{{Target: "/d/b", Source: src}}})
			if st.Code != 0 || out != "ok\n" || stats.FastHits["newfstatat"]+stats.FastHits["stat"] < 999 {
				t.Errorf("%s, moved %v: exit %d, hits %v, left %v\n%s", mode, moved, st.Code, stats.FastHits, stats.FastReasons, out)
			}
		}
	}
}
