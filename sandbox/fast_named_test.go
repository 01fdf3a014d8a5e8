package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/landlock"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/spec"
	"github.com/ptbox/ptbox/tracer"
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
	for _, dir := range []string{"native", "native tree", "native links", "bound", "bound tree", "bound links"} {
		if err := os.Mkdir(filepath.Join(filepath.Dir(root), dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(filepath.Dir(root), name) }
	for _, args := range [][]string{{at("native")}, {at("native tree"), "tree"}, {at("native links"), "links"}} {
		if out, err := exec.Command(exe, args...).CombinedOutput(); err != nil || string(out) != "ok\n" {
			t.Fatalf("natively: %v\n%s", err, out)
		}
	}
	// While no guest has a directory of procfs, the descriptors are good for reading.
	once := func(t *testing.T, args ...string) tracer.Stats {
		o := Options{Root: root, Fast: "auto", Counters: true, Mounts: []fsview.Mount{
			{Target: "/proc", Kind: fsview.Proc},
			{Target: "/bound", Source: at("bound")},
			{Target: "/bound tree", Source: at("bound tree")},
			{Target: "/bound links", Source: at("bound links")},
		}}
		out, st, stats := runGuest(t, o, args...)
		if st.Code != 0 || out != "ok\n" {
			t.Errorf("exit %d\n%s", st.Code, out[:min(len(out), 2000)])
		}
		t.Logf("hits %v, left to a stop %v, %d stops", stats.FastHits, stats.FastReasons, stats.Stops)
		for _, name := range []string{"a", "b", "c", "n"} {
			os.RemoveAll(filepath.Join(root, args[0], name))
			os.RemoveAll(filepath.Join(at(args[0]), name))
		}
		return stats
	}
	run := func(t *testing.T, args ...string) tracer.Stats {
		if s := once(t, args...); s.FastHits["openat"]+s.FastHits["open"] < 1000 {
			t.Errorf("without a directory of procfs: hits %v, left to a stop %v", s.FastHits, s.FastReasons)
		}
		return once(t, append(args, "lent")...)
	}
	for _, dir := range []string{"/", "/bound"} {
		t.Run(dir, func(t *testing.T) {
			// Links, and directories whose name has changed, are left to a stop:
			// how often, is up to chance.
			if s, opens := run(t, dir), uint64(1000); s.FastHits["openat"] < opens {
				t.Errorf("%d opens without a stop, want more than %d", s.FastHits["openat"], opens)
			}
		})
	}
	for _, dir := range []string{"tree", "links"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"/tree", "/bound tree"} {
		t.Run(dir, func(t *testing.T) {
			if n := run(t, dir, "tree").FastReasons["directory"]; n > 10 {
				t.Errorf("%d opens in directories that nobody knew the name of", n)
			}
		})
	}
	for _, dir := range []string{"/links", "/bound links"} {
		t.Run(dir, func(t *testing.T) {
			// The last link is followed, what is in the middle of a path is not.
			if s := run(t, dir, "links"); s.FastHits["openat"]+s.FastHits["open"] < 2000 {
				t.Errorf("hits %v, left to a stop %v", s.FastHits, s.FastReasons)
			}
		})
	}
}

// The view of the config.json that `ptbox spec` writes, with limits for its tmpfs,
// over a root directory that has a /dev of its own.
func TestFastSpec(t *testing.T) {
	if landlock.ABI() == 0 {
		testutil.Skip(t, testutil.NeedKernel, "Landlock")
	}
	cc := testutil.Command(t, "gcc")
	root := guestRoot(t)
	exe := filepath.Join(root, "guest")
	if out, err := exec.Command(cc, "-O1", "-static", "-w", "-o", exe, "testdata/fast_named.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, dir := range []string{"dev/pts", "dev/shm", "proc", "sys", "native", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"dev/null", "dev/tty"} {
		write(t, filepath.Join(root, f), "")
	}
	sp := spec.Default(root)
	sp.Process.Args = []string{"/guest", "/native"}
	sp.Process.User.UID, sp.Process.User.GID = uint32(os.Geteuid()), uint32(os.Getegid())
	for i := range sp.Mounts {
		if sp.Mounts[i].Type == "tmpfs" {
			sp.Mounts[i].Options = append(sp.Mounts[i].Options, "size=65536k")
		}
	}
	o, _, err := FromSpec(sp, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o.Counters = true
	out, st, stats := runOptions(t, o)
	if st.Code != 0 || out != "ok\n" {
		t.Fatalf("exit %d\n%s", st.Code, out[:min(len(out), 2000)])
	}
	if n := stats.FastHits["openat"] + stats.FastHits["open"]; n < 1000 || stats.FastReasons["descriptor"] > 20 { // it writes, too
		t.Errorf("hits %v, left to a stop %v", stats.FastHits, stats.FastReasons)
	}
}
