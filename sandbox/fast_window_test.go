package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// TestFastWindow lets a hostile program jump to the bytes of the window's code,
// and write into the memory of its slots while they are in use.
func TestFastWindow(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	root := guestRoot(t)
	outside := filepath.Join(filepath.Dir(root), "outside")
	write(t, outside, "secret\n")
	write(t, filepath.Join(root, "dir", "file"), "file\n")
	exe := filepath.Join(root, "guest")
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-O1", "-pthread", "-static", "-w", "-o", exe, "testdata/fast.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, what := range []string{"bytes", "pool"} {
		t.Run(what, func(t *testing.T) {
			o := Options{Root: root, Fast: "on", Counters: true}
			out, st, stats := runGuest(t, o, what, "/dir/file", fmt.Sprint(len(fastpath.Blob)), fmt.Sprint(inode(t, outside)))
			if st.Code != 0 || out != "ok\n" {
				t.Errorf("exit %d\n%s", st.Code, out[:min(len(out), 2000)])
			}
			if stats.FastHits["openat"] == 0 {
				t.Errorf("the fast path was not in use: %v", stats.FastHits)
			}
		})
	}
}
