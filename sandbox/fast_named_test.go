package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/landlock"
	"github.com/ptbox/ptbox/internal/testutil"
)

// Where the guest's own descriptors are for names only, files are read by the
// name of their directory: without a stop, and right whatever becomes of it.
func TestFastNamed(t *testing.T) {
	if landlock.ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	cc := testutil.Command(t, "gcc")
	root := guestRoot(t)
	exe := filepath.Join(root, "guest")
	if err := os.Remove(exe); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast_named.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, dir := range []string{"native", "work", "bound"} {
		if err := os.Mkdir(filepath.Join(filepath.Dir(root), dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(filepath.Dir(root), name) }
	if out, err := exec.Command(exe, at("native")).CombinedOutput(); err != nil || string(out) != "ok\n" {
		t.Fatalf("natively: %v\n%s", err, out)
	}
	for _, dir := range []string{"/", "/bound"} {
		t.Run(dir, func(t *testing.T) {
			o := Options{Root: root, Fast: "auto", Counters: true, Mounts: []fsview.Mount{
				{Target: "/proc", Kind: fsview.Proc}, {Target: "/bound", Source: at("bound")},
			}}
			out, st, stats := runGuest(t, o, dir)
			if st.Code != 0 || out != "ok\n" {
				t.Errorf("exit %d\n%s", st.Code, out[:min(len(out), 2000)])
			}
			// Links, and directories whose name has changed, are left to a stop.
			if hits, opens := stats.FastHits["openat"], uint64(60+12)*2*50/2; hits < opens {
				t.Errorf("%d opens without a stop, want more than %d; left to a stop: %v", hits, opens, stats.FastReasons)
			}
			t.Logf("hits %v, left to a stop %v, %d stops", stats.FastHits, stats.FastReasons, stats.Stops)
		})
	}
}
