package fsview

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
)

// layerDirs makes the directories lower, upper and work with some files.
func layerDirs(t *testing.T) (dir string, l *Layers) {
	t.Helper()
	dir = t.TempDir()
	for _, d := range []string{"lower/d/sub", "upper", "work", "root/m"} {
		must(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	must(t, os.WriteFile(dir+"/lower/d/f", []byte("lower"), 0o640))
	must(t, os.WriteFile(dir+"/lower/top", []byte("top"), 0o644))
	must(t, os.WriteFile(dir+"/lower/d/sub/deep", nil, 0o600))
	return dir, &Layers{Lower: []string{dir + "/lower"}, Upper: dir + "/upper", Work: dir + "/work"}
}

func overlayView(t *testing.T, dir string, l *Layers) (*View, *Union) {
	t.Helper()
	v, err := New(Config{
		Root: Mount{Source: dir + "/root"}, Mounts: []Mount{{Target: "/m", Kind: Overlay, Layers: l}},
		Scratch: func() (string, error) { return os.MkdirTemp(dir, "scratch") }, //nolint:usetesting // its place or owner is chosen here
	})
	must(t, err)
	t.Cleanup(v.Close)
	return v, v.MountAt("/m").Union()
}

func ok(t *testing.T, e unix.Errno) {
	t.Helper()
	if e != 0 {
		t.Fatal(e)
	}
}

func TestOverlayErrors(t *testing.T) {
	dir, _ := layerDirs(t)
	must(t, os.Mkdir(dir+"/shut", 0o555))
	must(t, os.Symlink("/", dir+"/root/out"))
	for _, c := range []struct {
		name string
		l    *Layers
		want error
		text string
	}{
		{"nothing", nil, unix.EINVAL, "without a lower directory"},
		{"no such lower", &Layers{Lower: []string{dir + "/none"}}, unix.ENOENT, "lower directory " + dir + "/none"},
		{"a file", &Layers{Lower: []string{dir + "/lower/top"}}, unix.ENOTDIR, "lower directory"},
		{"relative", &Layers{Lower: []string{"lower"}}, nil, "not an absolute path"},
		{"twice", &Layers{Lower: []string{dir + "/lower", dir + "/lower/."}}, unix.ELOOP, "overlap"},
		{"lower in lower", &Layers{Lower: []string{dir + "/lower/d", dir + "/lower"}}, unix.ELOOP, "overlap"},
		{"upper in lower", &Layers{Lower: []string{dir + "/lower"}, Upper: dir + "/lower/d"}, unix.ELOOP, "overlap"},
		{"lower in upper", &Layers{Lower: []string{dir + "/lower/d"}, Upper: dir + "/lower", Work: dir + "/work"}, unix.ELOOP, "overlap"},
		{"work in upper", &Layers{Lower: []string{dir + "/lower"}, Upper: dir, Work: dir + "/work"}, unix.ELOOP, "overlap"},
		{"work is upper", &Layers{Lower: []string{dir + "/lower"}, Upper: dir + "/upper", Work: dir + "/upper"}, unix.ELOOP, "overlap"},
		{"work alone", &Layers{Lower: []string{dir + "/lower"}, Work: dir + "/work"}, unix.EINVAL, "without an upper"},
		{"work elsewhere", &Layers{Lower: []string{dir + "/lower"}, Upper: dir + "/upper", Work: "/proc"}, unix.EXDEV, "file system of the upper"},
		{"scratch and upper", &Layers{Lower: []string{dir + "/lower"}, Scratch: true, Upper: dir + "/upper"}, unix.EINVAL, "thrown away"},
	} {
		_, err := New(Config{
			Root: Mount{Source: dir + "/root"}, Mounts: []Mount{{Target: "/m", Kind: Overlay, Layers: c.l}},
			Scratch: func() (string, error) { return os.MkdirTemp(dir, "scratch") }, //nolint:usetesting // its place or owner is chosen here
		})
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if os.Geteuid() != 0 {
		_, err := New(Config{Root: Mount{Source: dir + "/root"}, Mounts: []Mount{
			{Target: "/m", Kind: Overlay, Layers: &Layers{Lower: []string{dir + "/lower"}, Upper: dir + "/shut"}},
		}})
		if !errors.Is(err, unix.EACCES) || !strings.Contains(err.Error(), "cannot be written") {
			t.Error(err)
		}
	}
	// A symlink in the way of the mount point leads to a place in the guest.
	v, err := New(Config{Root: Mount{Source: dir + "/root"}, Mounts: []Mount{
		{Target: "/out/m", Kind: Overlay, Layers: &Layers{Lower: []string{dir + "/lower"}}},
	}})
	must(t, err)
	if m := v.Mounts()[1]; m.Target != "/m" {
		t.Error(m.Target)
	}
	v.Close()
}

// One pair of upper and work directory belongs to one sandbox at a time, and
// what a killed one left in it goes away.
func TestOverlayWorkDir(t *testing.T) {
	dir, l := layerDirs(t)
	must(t, os.MkdirAll(dir+"/work/work/#7/x", 0o755))
	must(t, os.Chmod(dir+"/work/work/#7", 0o555))
	v, _ := overlayView(t, dir, l)
	if left, _ := os.ReadDir(dir + "/work/work"); len(left) > 0 {
		t.Error(left)
	}
	conf := Config{Root: Mount{Source: dir + "/root"}, Mounts: []Mount{{Target: "/m", Kind: Overlay, Layers: l}}}
	if _, err := New(conf); !errors.Is(err, unix.EBUSY) {
		t.Error(err)
	}
	v.Close()
	v, err := New(conf)
	must(t, err)
	v.Close()
	// Without a work directory, one is made beside the upper directory.
	l.Work = ""
	_, u := overlayView(t, dir, l)
	ok(t, u.CopyUp("d/f", true))
	if _, err := os.Stat(dir + "/.upper.ptbox-work/work"); err != nil {
		t.Error(err)
	}
}

func TestOverlayCopyUp(t *testing.T) {
	dir, l := layerDirs(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	f, err := os.Create(dir + "/lower/holes")
	must(t, err)
	_, err = f.WriteAt(big, 1<<22)
	must(t, err)
	must(t, f.Truncate(1<<24))
	f.Close()
	must(t, os.Chmod(dir+"/lower/d/f", 0o4751))
	must(t, os.Chmod(dir+"/lower/d", 0o510))
	xattr := unix.Setxattr(dir+"/lower/d/f", "user.k", []byte("v"), 0) == nil
	times := []unix.Timespec{{Sec: 1000, Nsec: 1}, {Sec: 2000, Nsec: 2}}
	for _, p := range []string{"/lower/d/f", "/lower/d", "/upper"} {
		must(t, unix.UtimesNanoAt(unix.AT_FDCWD, dir+p, times, 0))
	}
	_, u := overlayView(t, dir, l)
	ok(t, u.CopyUp("d/f", true))
	ok(t, u.CopyUp("d/f", true))
	for _, p := range []string{"/d/f", "/d"} {
		var a, b unix.Stat_t
		must(t, unix.Stat(dir+"/lower"+p, &a))
		must(t, unix.Stat(dir+"/upper"+p, &b))
		if a.Mode != b.Mode || a.Mtim != b.Mtim || a.Ino == b.Ino {
			t.Errorf("%s: %+v, want %+v", p, b, a)
		}
	}
	var st unix.Stat_t
	must(t, unix.Stat(dir+"/upper", &st))
	if st.Mtim != times[1] {
		t.Error("a copy-up changes the time of the directory above it")
	}
	v := make([]byte, 8)
	if n, err := unix.Getxattr(dir+"/upper/d/f", "user.k", v); xattr && (err != nil || string(v[:n]) != "v") {
		t.Error(err)
	}
	ok(t, u.CopyUp("holes", true))
	a, err := os.ReadFile(dir + "/lower/holes")
	must(t, err)
	b, err := os.ReadFile(dir + "/upper/holes")
	must(t, err)
	if !bytes.Equal(a, b) {
		t.Error("the copy differs")
	}
	must(t, unix.Stat(dir+"/upper/holes", &st))
	if st.Blocks*512 > 1<<22 {
		t.Errorf("the holes were filled: %d blocks", st.Blocks)
	}
	ok(t, u.CopyUp("top", false))
	if b, err := os.ReadFile(dir + "/upper/top"); err != nil || len(b) > 0 {
		t.Error(b, err)
	}
	if left, _ := os.ReadDir(dir + "/work/work"); len(left) > 0 {
		t.Error(left)
	}
	must(t, os.Chmod(dir+"/upper/d", 0o755)) // for the test's own cleaning up
	must(t, os.Chmod(dir+"/lower/d", 0o755))
}

// A copy-up that is killed leaves nothing that could be seen.
func TestOverlayKilledCopyUp(t *testing.T) {
	const env = "FSVIEW_COPYUP"
	const size = 1 << 26
	if dir := os.Getenv(env); dir != "" {
		v, err := New(Config{Root: Mount{Source: dir + "/root"}, Mounts: []Mount{
			{Target: "/m", Kind: Overlay, Layers: &Layers{Lower: []string{dir + "/lower"}, Upper: dir + "/upper", Work: dir + "/work"}},
		}})
		must(t, err)
		os.Stdout.WriteString("go\n")
		ok(t, v.MountAt("/m").Union().CopyUp("big", true))
		return
	}
	dir, l := layerDirs(t)
	data := bytes.Repeat([]byte("fill"), size/4)
	must(t, os.WriteFile(dir+"/lower/big", data, 0o644))
	halves := 0
	for i := range 10 {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestOverlayKilledCopyUp$")
		cmd.Env = append(os.Environ(), env+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		_, err = out.Read(make([]byte, 3))
		must(t, err)
		// As soon as the copy has begun, a little later each time.
		for {
			list, _ := os.ReadDir(dir + "/work/work")
			_, err := os.Stat(dir + "/upper/big")
			if len(list) > 0 || err == nil {
				break
			}
		}
		for range i {
			_, _ = os.ReadDir(dir + "/lower")
		}
		must(t, cmd.Process.Signal(syscall.SIGKILL))
		_ = cmd.Wait()
		if left, _ := os.ReadDir(dir + "/work/work"); len(left) > 0 {
			halves++
		}
		b, err := os.ReadFile(dir + "/upper/big")
		if err == nil && !bytes.Equal(b, data) {
			t.Fatal("half a file is visible")
		}
		v, u := overlayView(t, dir, l)
		if left, _ := os.ReadDir(dir + "/work/work"); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		names, e := u.List("")
		ok(t, e)
		if len(names) != 5 { // ".", "..", big, d, top
			t.Error(names)
		}
		v.Close()
		must(t, os.RemoveAll(dir+"/upper/big"))
	}
	if b, err := os.ReadFile(dir + "/lower/big"); err != nil || !bytes.Equal(b, data) {
		t.Error("the lower file has changed")
	}
	t.Logf("%d of 10 copies were interrupted", halves)
}

// Where device nodes cannot be made, a whiteout is a file with an xattr.
func TestOverlayXattrWhiteouts(t *testing.T) {
	dir, l := layerDirs(t)
	if err := unix.Setxattr(dir+"/lower/top", "user.t", []byte("x"), 0); err != nil {
		testutil.Skip(t, testutil.NeedKernel, err.Error())
	}
	_, u := overlayView(t, dir, l)
	u.xattrWh = true
	ok(t, u.Remove("top", false))
	ok(t, u.Remove("d/sub/deep", false))
	ok(t, u.Remove("d/sub", true))
	ok(t, u.Rename("d/f", "moved", 0))
	names, e := u.List("")
	ok(t, e)
	list := func(names []Name) (out []string) {
		for _, n := range names {
			out = append(out, n.Name)
		}
		slices.Sort(out)
		return out
	}
	if got := list(names); !slices.Equal(got, []string{".", "..", "d", "moved"}) {
		t.Error(got)
	}
	names, e = u.List("d")
	ok(t, e)
	if got := list(names); !slices.Equal(got, []string{".", ".."}) {
		t.Error(got)
	}
	if n, e := u.State("top"); e != 0 || n.Visible || !n.Whiteout {
		t.Errorf("%+v %v", n, e)
	}
	if st, err := os.Lstat(dir + "/upper/top"); err != nil || !st.Mode().IsRegular() {
		t.Error(st, err)
	}
	ok(t, u.Make("top", func(at int, name string) unix.Errno { return errnoOf(unix.Mkdirat(at, name, 0o755)) }))
	if names, e = u.List("top"); e != 0 || len(names) != 2 {
		t.Error(names, e)
	}
}

// Host paths of every layer lead back, but not those of what is hidden.
func TestOverlayGuest(t *testing.T) {
	dir, l := layerDirs(t)
	v, u := overlayView(t, dir, l)
	for _, p := range []string{"/lower/d/f", "/upper/d/f"} {
		if g, found := v.Guest(dir + p); !found || g != "/m/d/f" {
			t.Error(p, g, found)
		}
	}
	for _, p := range []string{"/work/work", "/work"} {
		if g, found := v.Guest(dir + p); found {
			t.Error(p, g)
		}
	}
	h, e := OS{}.Root(dir + "/lower/d/sub")
	ok(t, e)
	defer OS{}.Close(h)
	b := Base{Dir: h}
	if g, found := v.GuestOf(&b); !found || g != "/m/d/sub" || b.Deleted {
		t.Errorf("%q %v %+v", g, found, b)
	}
	ok(t, u.Remove("d/sub/deep", false))
	ok(t, u.Remove("d/sub", true))
	if g, found := v.GuestOf(&b); !found || g != "/m/d/sub" || !b.Deleted {
		t.Errorf("%q %v %+v", g, found, b)
	}
	var r Resolution
	if e := v.Resolve(&Request{Path: "x", Base: &b, Op: Create}, &r); e != unix.ENOENT {
		t.Error(e)
	}
	ok(t, v.Resolve(&Request{Path: "../f", Base: &b}, &r))
	if string(r.Host) != dir+"/lower/d/f" || !r.Lower || r.Relative {
		t.Errorf("%+v", r)
	}
}

// The overlay of a tree that contains the scratch directory does not show it.
func TestOverlayHidesItsScratch(t *testing.T) {
	dir, _ := layerDirs(t)
	must(t, os.Mkdir(dir+"/lower/scratch", 0o700))
	v, err := New(Config{
		Root: Mount{Source: dir + "/root"}, Mounts: []Mount{{Target: "/m", Kind: Overlay, Layers: &Layers{Lower: []string{dir + "/lower"}, Scratch: true}}},
		Scratch: func() (string, error) { return dir + "/lower/scratch", nil },
	})
	must(t, err)
	defer v.Close()
	u := v.MountAt("/m").Union()
	if n, e := u.State("scratch"); e != 0 || n.Visible {
		t.Error(n, e)
	}
	if n, e := u.State("top"); e != 0 || !n.Visible {
		t.Error(n, e)
	}
}
