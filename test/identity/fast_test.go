package identity

import (
	"bytes"
	"cmp"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

var fastHits = regexp.MustCompile(`stats: fast \S+ +(\d+)`)

// The guest's root has calls answered without a stop; what it gives away, whom
// it becomes and what it mounts is seen at once all the same.
func TestFast(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	exe := filepath.Join(t.TempDir(), "fast")
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for d := filepath.Dir(exe); d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		unshare := testutil.Command(t, "unshare")
		if out, err := exec.Command(unshare, "-m", exe, root(t, 0)).CombinedOutput(); err != nil || string(out) != "ok\n" {
			t.Fatalf("natively: %v\n%s", err, out)
		}
	}
	// Of the stats alone 60 are of f, each of which is repeated.
	const least = 700
	for _, fast := range []string{"auto", "on", "off", "build"} {
		t.Run(fast, func(t *testing.T) {
			argv := []string{testutil.Ptbox(t), "exec", "-0", "--stats", "--fast=" + fast, "-r", "/", "-w", "/", "--", exe, root(t, unpriv.Nobody)}
			st := state(t)
			if fast == "build" {
				dir := build(t, exe)
				// A record beside a symlink stops the stats of symlinks alone.
				ptbox(t, dir, st, "symlink fast /l", "lchown /l 5 6")
				argv = []string{testutil.Ptbox(t), "exec", "--build", dir, "--stats", "--", "/fast", "/work"}
			}
			cmd := unpriv.Command(testbin.Guest(t), argv...)
			cmd.Env = []string{"XDG_STATE_HOME=" + st, "PATH=/usr/bin:/bin"}
			var stats bytes.Buffer
			cmd.Stderr = &stats
			out, err := cmd.Output()
			if err != nil || string(out) != "ok\n" {
				t.Fatalf("%v\n%s%s", err, out, stats.Bytes())
			}
			hits := 0
			for _, m := range fastHits.FindAllSubmatch(stats.Bytes(), -1) {
				n, _ := strconv.Atoi(string(m[1]))
				hits += n
			}
			if fast != "off" && hits < least || fast == "off" && hits > 0 {
				t.Errorf("%d calls without a stop\n%s", hits, stats.Bytes())
			}
			t.Logf("%d calls without a stop", hits)
		})
	}
}

// build is a root file system with files where --build shows the host's.
func build(t *testing.T, exe string) string {
	t.Helper()
	dir := root(t, unpriv.Nobody)
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"etc", "root", "tmp", "work"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string][]byte{"etc/hosts": []byte("old\n"), "etc/resolv.conf": []byte("old\n"), "fast": b} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() != 0 {
		return dir
	}
	if err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		return cmp.Or(err, os.Lchown(path, unpriv.Nobody, unpriv.Nobody))
	}); err != nil {
		t.Fatal(err)
	}
	return dir
}
