package sandbox

import (
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// A directory above a mount that a process outside the sandbox shuts, or moves, is
// noticed: before such processes are watched, when that begins, and afterwards.
func TestFastGuardOutside(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	for _, mode := range []string{"on", "auto"} {
		for _, how := range []string{"at once", "moved at once", "late", "moved late"} {
			t.Run(mode+" "+how, func(t *testing.T) {
				dir, _ := narrowDir(t)
				root, src := filepath.Join(dir, "root"), filepath.Join(dir, "src")
				d, ready, exe := filepath.Join(root, "d"), filepath.Join(root, "ready"), filepath.Join(root, "guest")
				write(t, filepath.Join(src, "f"), "f\n")
				if err := os.MkdirAll(filepath.Join(d, "b"), 0o755); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast_guard.c").CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				if err := unix.Mkfifo(ready, 0o600); err != nil {
					t.Fatal(err)
				}
				give(t, dir)
				go func() {
					for _, perm := range []os.FileMode{0o600, 0o755} {
						if r, err := os.Open(ready); err == nil { // when the guest opens it
							io.Copy(io.Discard, r) // and has closed it
							r.Close()
						}
						if strings.HasSuffix(how, "late") && perm == 0o600 {
							time.Sleep(2 * watchAfter) //nolint:forbidigo // the watch begins in another process
						}
						if strings.HasPrefix(how, "moved") && perm == 0o600 {
							os.Rename(d, d+"2")
							os.MkdirAll(filepath.Join(d, "b"), 0o755)
							give(t, d)
						}
						os.Chmod(d, perm)
					}
				}()
				cmd := unpriv.Command(testbin.Guest(t), testutil.Ptbox(t), "exec", "--stats", "--fast="+mode, "-r", root, "-v", src+":/d/b", "--", "/guest")
				var stats strings.Builder
				cmd.Stderr = &stats
				out, err := cmd.Output()
				hits := 0
				for _, m := range regexp.MustCompile(`fast (?:newfstat|st)at +([0-9]+)`).FindAllStringSubmatch(stats.String(), -1) {
					n, _ := strconv.Atoi(m[1])
					hits += n
				}
				if err != nil || string(out) != "ok\n" || hits < 999 {
					t.Errorf("%v, %d hits: %s%s", err, hits, out, stats.String())
				}
			})
		}
	}
}

// give makes all below dir the ordinary user's.
func give(t *testing.T, dir string) {
	err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err != nil || os.Geteuid() != 0 {
			return err
		}
		return os.Lchown(p, unpriv.Nobody, unpriv.Nobody)
	})
	if err != nil {
		t.Error(err)
	}
}
