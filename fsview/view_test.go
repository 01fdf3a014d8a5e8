package fsview

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// table lists a view's mounts as "target source", sources below the top.
func (w *world) table(v *View) []string {
	var s []string
	for _, m := range v.Mounts() {
		if m.Source == "/dev/null" {
			s = append(s, m.Target+" null")
			continue
		}
		s = append(s, m.Target+" "+strings.TrimPrefix(strings.TrimPrefix(m.Source, w.top), "/"))
	}
	return s
}

func TestMountTable(t *testing.T) {
	for _, x := range []struct {
		name   string
		mounts []string
		want   []string
		merged []string
	}{
		{"order", []string{"/a ext", "/b ext/data"}, []string{"/ root", "/a ext", "/b ext/data"}, nil},
		{"same target", []string{"/a ext", "/a ext/data"}, []string{"/ root", "/a ext/data"}, nil},
		{"covers deeper", []string{"/a/d ext", "/a ext"}, []string{"/ root", "/a ext"}, nil},
		{"below a bind", []string{"/a ext", "/a/data ext"}, []string{"/ root", "/a ext", "/a/data ext"}, nil},
		{"clean", []string{"//a/./d/../d/ ext"}, []string{"/ root", "/a/d ext"}, nil},
		{"through a link", []string{"/la/d ext"}, []string{"/ root", "/a/d ext"}, nil},
		{"link as the point", []string{"/la ext"}, []string{"/ root", "/a ext"}, nil},
		{"link in a bind", []string{"/a ext", "/a/lb ext"}, []string{"/ root", "/a ext", "/b ext"}, nil},
		{"dangling link", []string{"/ld file"}, []string{"/ root", "/run scratch/synth/1", "/run/x/y file"}, []string{"/: run"}},
		{"file", []string{"/b/f file"}, []string{"/ root", "/b/f file"}, nil},
		{"name missing", []string{"/b/n ext"}, []string{"/ root", "/b/n ext"}, []string{"/b: n"}},
		{"names missing", []string{"/b/n ext", "/b/m file"}, []string{"/ root", "/b/n ext", "/b/m file"}, []string{"/b: m n"}},
		{"parents missing", []string{"/n/o/p ext"}, []string{"/ root", "/n scratch/synth/1", "/n/o/p ext"}, []string{"/: n"}},
		{
			"siblings",
			[]string{"/n/o/p ext", "/n/o/q file", "/n/r ext"},
			[]string{"/ root", "/n scratch/synth/1", "/n/o/p ext", "/n/o/q file", "/n/r ext"},
			[]string{"/: n"},
		},
		{
			"missing in a bind",
			[]string{"/a ext", "/a/n/o ext"},
			[]string{"/ root", "/a ext", "/a/n scratch/synth/1", "/a/n/o ext"},
			[]string{"/a: n"},
		},
		{
			"missing in a tmpfs",
			[]string{"/t tmpfs", "/t/n/o ext", "/t/f file"},
			[]string{"/ root", "/t scratch/tmpfs/1", "/t/n/o ext", "/t/f file"},
			[]string{"/: t"},
		},
		{"covered again", []string{"/n/o ext", "/n ext"}, []string{"/ root", "/n ext"}, []string{"/: n"}},
		{"same name missing", []string{"/n ext", "/n ext/data"}, []string{"/ root", "/n ext/data"}, []string{"/: n"}},
		{"dotdot", []string{"/a/d/../../b ext"}, []string{"/ root", "/b ext"}, nil},
		{"mask", []string{"/a mask", "/b/f mask", "/none mask"}, []string{"/ root", "/a scratch/synth/1", "/b/f null"}, nil},
		{"root again", []string{"/b root"}, []string{"/ root", "/b root"}, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				w.build(t, "root/a/d/\nroot/b/f\nroot/la -> a\nroot/ld -> /run/x/y\next/data/\next/lb -> /b\nfile")
				before := w.snapshot(t, "root") + w.snapshot(t, "ext")
				v := newView(t, w, w.config(x.mounts...))
				defer v.Close()
				if got := w.table(v); !slices.Equal(got, x.want) {
					t.Errorf("got %q\nwant %q", got, x.want)
				}
				var merged []string
				for _, d := range v.Merged() {
					var names []string
					for _, n := range d.Names {
						names = append(names, n.Name)
					}
					slices.Sort(names)
					merged = append(merged, d.Guest+": "+strings.Join(names, " "))
				}
				if !slices.Equal(merged, x.merged) {
					t.Errorf("merged: got %q, want %q", merged, x.merged)
				}
				if after := w.snapshot(t, "root") + w.snapshot(t, "ext"); after != before {
					t.Errorf("the user's directories changed:\n%s\n%s", before, after)
				}
				for _, m := range v.Mounts() {
					var r Resolution
					if e := v.Resolve(&Request{Path: m.Target}, &r); e != 0 || r.Mount != m {
						t.Errorf("%s: %v, %v", m.Target, e, r.Mount)
					}
				}
			})
		})
	}
}

// snapshot lists what lies below a host directory.
func (w *world) snapshot(t *testing.T, name string) string {
	var b strings.Builder
	if w.mem != nil {
		objects := map[string]object{}
		for i := range w.mem.nodes {
			p, _ := w.mem.Path(Handle(i), nil)
			if strings.HasPrefix(string(p), w.host(name)) {
				objects[string(p)] = object{}
			}
		}
		fmt.Fprint(&b, len(objects))
		return b.String()
	}
	var walk func(string)
	walk = func(dir string) {
		es, err := os.ReadDir(w.host(name) + "/" + dir)
		must(t, err)
		for _, e := range es {
			fmt.Fprintln(&b, dir, e.Name(), e.Type())
			if e.IsDir() {
				walk(dir + "/" + e.Name())
			}
		}
	}
	walk(".")
	return b.String()
}

func TestNewErrors(t *testing.T) {
	for _, x := range []struct {
		mount Mount
		errno unix.Errno
		say   string
	}{
		{Mount{Target: "/a", Source: "none"}, unix.ENOENT, "mount /a: source"},
		{Mount{Target: "/a", Source: "file"}, unix.ENOTDIR, "is a file, the mount point /a is a directory"},
		{Mount{Target: "/f", Source: "ext"}, unix.ENOTDIR, "is a directory, the mount point /f is a file"},
		{Mount{Target: "/f/x", Source: "ext"}, unix.ENOTDIR, "mount /f/x: /f:"},
		{Mount{Target: "/loop/x", Source: "ext"}, unix.ELOOP, "mount /loop/x"},
		{Mount{Target: "a", Source: "ext"}, unix.EINVAL, "not an absolute path"},
		{Mount{Target: "/", Source: "ext"}, unix.EBUSY, "the root cannot be mounted over"},
		{Mount{Target: "/a/..", Source: "ext"}, unix.EBUSY, "the root cannot be mounted over"},
		{Mount{Target: "/a"}, unix.EINVAL, "no source"},
		{Mount{Target: "/a", Source: "ext", Kind: Proc}, unix.EINVAL, "Config.Links"},
		{Mount{Target: "/a", Source: "ext", Kind: Overlay}, unix.EINVAL, "overlay"},
		{Mount{Target: "/" + strings.Repeat("n", 256), Source: "ext"}, unix.ENAMETOOLONG, ""},
		{Mount{Target: "/x/y", Source: "ext"}, unix.EINVAL, "scratch"},
	} {
		inWorlds(t, func(t *testing.T, w *world) {
			w.build(t, "root/a/\nroot/f\nroot/loop -> loop\next/\nfile")
			c := w.config("/a ext")
			c.Scratch = nil
			mt := x.mount
			if mt.Source != "" {
				mt.Source = w.host(mt.Source)
			}
			c.Mounts = append(c.Mounts, mt)
			v, err := New(c)
			if err == nil {
				v.Close()
				t.Fatalf("%+v: no error", x.mount)
			}
			if !errors.Is(err, x.errno) || !strings.Contains(err.Error(), x.say) {
				t.Errorf("%+v: %v", x.mount, err)
			}
		})
	}
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, "file")
		for _, root := range []string{"file", "none"} {
			if _, err := New(Config{FS: w.fs, Root: Mount{Source: w.host(root)}}); err == nil {
				t.Errorf("root %s: no error", root)
			}
		}
		if _, err := New(Config{FS: w.fs, Root: Mount{Source: "file"}}); err == nil {
			t.Error("relative root: no error")
		}
	})
}

// TestScratchModes: nobody but root can make anything in a synthesised
// directory, and a tmpfs has its mode.
func TestScratchModes(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, "root/\next/\nfile")
		c := w.config("/n/o/p ext", "/n/q file", "/t tmpfs", "/u tmpfs", "/t/x/y ext")
		c.Mounts[3].Mode = 0o750
		v := newView(t, w, c)
		defer v.Close()
		for p, want := range map[string]uint32{
			"/n": 0o555, "/n/o": 0o555, "/t": 0o1777, "/u": 0o750, "/t/x": 0o755,
		} {
			var r Resolution
			if e := v.Resolve(&Request{Path: p, Hold: true}, &r); e != 0 {
				t.Fatalf("%s: %v", p, e)
			}
			st, _ := v.Stat(r.Held)
			v.Release(&r)
			if st.Mode&0o7777 != want {
				t.Errorf("%s: mode %o, want %o", p, st.Mode&0o7777, want)
			}
		}
	})
}

func TestGuest(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, tree)
		v := newView(t, w, w.config("/mnt ext", "/out/f file", "/dup ext/data", "/usr ext", "/new/one root/sub"))
		defer v.Close()
		for host, want := range map[string]string{
			"root":           "/",
			"root/etc":       "/etc",
			"root/usr":       "", // covered
			"root/usr/bin":   "",
			"root/mnt/x":     "",
			"rootless":       "",
			"ext":            "/usr", // the latest
			"ext/x":          "/usr/x",
			"ext/data":       "/dup", // the longest source
			"ext/data/x":     "/dup/x",
			"file":           "/out/f",
			"file/x":         "",
			"root/sub/dir":   "/new/one/dir",
			"other":          "",
			"scratch/synth":  "",
			"scratch/synth/": "",
		} {
			got, ok := v.Guest(w.host(host))
			if got != want || ok != (want != "") {
				t.Errorf("Guest(%s) = %q, want %q", host, got, want)
			}
		}
		// What a directory was called before is preferred, as long as it is
		// still called that.
		b := w.base(t, "ext/data")
		defer w.fs.Close(b.Dir)
		for _, x := range [][2]string{{"", "/dup"}, {"/mnt/data", "/mnt/data"}, {"/usr/data", "/usr/data"}, {"/etc", "/dup"}} {
			b.Guest = x[0]
			if g, _ := v.GuestOf(b); g != x[1] {
				t.Errorf("GuestOf, was %q: %q, want %q", x[0], g, x[1])
			}
		}
	})
}

func TestGuestWhenRootIsTheHost(t *testing.T) {
	m := NewMem()
	m.AddDir("/a/b")
	m.AddDir("/c")
	v, err := New(Config{FS: m, Root: Mount{Source: "/"}, Mounts: []Mount{{Target: "/c", Source: "/a/b"}}})
	must(t, err)
	for host, want := range map[string]string{"/": "/", "/a": "/a", "/a/b": "/c", "/a/b/x": "/c/x", "/c": "", "/c/x": "", "": "", "a": ""} {
		if got, _ := v.Guest(host); got != want {
			t.Errorf("Guest(%s) = %q, want %q", host, got, want)
		}
	}
}

// TestDeletedBase: the kernel still has the say about plain paths below a
// directory that is gone; what lay above it is found by its last path.
func TestDeletedBase(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, "root/a/b/\nroot/a/x")
		v := newView(t, w, w.config())
		defer v.Close()
		b := w.base(t, "root/a/b")
		defer w.fs.Close(b.Dir)
		w.remove(t, "root/a/b")
		for _, x := range []row{
			{".", Lookup, "", "rel"},
			{"x", Lookup, "", "ENOENT"},
			{"x", OpenCreate, "", "rel"},
			{"x", Create, "", "rel"},
			{"..", Lookup, "", "root/a"},
			{"../x", Lookup, "", "root/a/x"},
			{"../b", Lookup, "", "ENOENT"},
		} {
			if got := w.resolve(v, &Request{Path: x.path, Op: x.op, Follow: true, Base: b}); got != x.want {
				t.Errorf("%s: got %s, want %s", x.path, got, x.want)
			}
		}
		if g, _ := v.GuestOf(b); g != "/a/b" || !b.Deleted {
			t.Errorf("GuestOf: %q, deleted %v", g, b.Deleted)
		}
	})
}

func TestOutsideBase(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, "root/a\nout/d/f\nout/l -> d\n")
		v := newView(t, w, w.config())
		defer v.Close()
		b := w.base(t, "out")
		defer w.fs.Close(b.Dir)
		for _, x := range []row{
			{"d/f", Lookup, "", "rel"},
			{"d/new", OpenCreate, "", "rel"},
			{"d/x", Lookup, "", "ENOENT"},
			{"..", Lookup, "", "EXDEV"},
			{"d/../d", Lookup, "", "EXDEV"},
			{"l/f", Lookup, "", "EXDEV"},
			{"/a", Lookup, "", "root/a"},
		} {
			if got := w.resolve(v, &Request{Path: x.path, Op: x.op, Follow: true, Base: b}); got != x.want {
				t.Errorf("%s: got %s, want %s", x.path, got, x.want)
			}
		}
		if got := w.resolve(v, &Request{Path: "d", NeedHost: true, Base: b}); got != "EXDEV" {
			t.Errorf("with NeedHost: %s", got)
		}
	})
}

// TestLongPaths: what is longer than PATH_MAX only because of where the root
// lies, or because of a symlink, is no error.
func TestLongPaths(t *testing.T) {
	name := strings.Repeat("n", 250)
	m := NewMem()
	deep := strings.Repeat("/"+name, 12)
	m.AddFile("/r" + deep + deep + "/f")
	m.AddLink("/r"+deep+"/l", deep[1:])
	m.AddLink("/r/b", deep)
	m.AddDir("/m" + deep + "/e")
	v, err := New(Config{FS: m, Root: Mount{Source: "/r"}, Mounts: []Mount{{Target: deep + "/m", Source: "/m" + deep}}})
	must(t, err)
	var r Resolution
	for p, want := range map[string]string{
		deep + "/l/f":                        "/r" + deep + deep + "/f",
		"/b" + deep + "/f":                   "/r" + deep + deep + "/f",
		"/b" + deep + "/../" + name + "/f":   "/r" + deep + deep + "/f",
		deep + "/m/e":                        "/m" + deep + "/e",
		"/b/m/../" + name + deep[251:] + "/": "/r" + deep + deep + "/",
	} {
		if e := v.Resolve(&Request{Path: p, Follow: true}, &r); e != 0 || string(r.Host) != want {
			t.Errorf("%d bytes: %v, %d bytes, want %d", len(p), e, len(r.Host), len(want))
		}
	}
	if e := v.Resolve(&Request{Path: "/b" + deep + "/x/y"}, &r); e != unix.ENOENT {
		t.Errorf("missing: %v", e)
	}
	if e := v.Resolve(&Request{Path: deep + "/l/new", Op: OpenCreate}, &r); e != 0 || r.Exists {
		t.Errorf("new: %v", e)
	}
	v.Close()
	if m.open != 0 {
		t.Errorf("%d handles are still open", m.open)
	}
}

// TestHold: the handle is the object, or the parent of a name to be made.
func TestHold(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, tree)
		v := newView(t, w, w.config("/mnt ext"))
		defer v.Close()
		b := w.base(t, "root/sub")
		defer w.fs.Close(b.Dir)
		for _, x := range []struct {
			q    Request
			want string
		}{
			{Request{Path: "/bin/sh", Follow: true}, "root/usr/bin/sh"},
			{Request{Path: "/"}, "root"},
			{Request{Path: "/mnt"}, "ext"},
			{Request{Path: "/mnt/.."}, "root"},
			{Request{Path: "/etc/new", Op: OpenCreate}, "root/etc"},
			{Request{Path: "/etc/passwd", Op: OpenCreate}, "root/etc/passwd"},
			{Request{Path: "/new", Op: OpenCreate}, "root"},
			{Request{Path: "/mnt", Op: Delete}, "root"},
			{Request{Path: "/mnt/x", Op: Create}, "ext"},
			{Request{Path: "dir", Base: b}, "root/sub/dir"},
			{Request{Path: "new", Base: b, Op: OpenCreate}, "root/sub"},
			{Request{Path: "new", Base: b, Op: Create}, "root/sub"},
			{Request{Path: "../f", Base: b, Op: Create}, "root"},
		} {
			var r Resolution
			x.q.Hold = true
			if e := v.Resolve(&x.q, &r); e != 0 {
				t.Errorf("%s: %v", x.q.Path, e)
				continue
			}
			if p, _ := w.fs.Path(r.Held, nil); string(p) != w.host(x.want) {
				t.Errorf("%s: %s, want %s", x.q.Path, p, x.want)
			}
			v.Release(&r)
		}
	})
}
