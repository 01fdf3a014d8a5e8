package fsview

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// editWorld is a view of a file system in memory.
func editWorld(t *testing.T) (*Mem, *View) {
	t.Helper()
	m := NewMem()
	for _, d := range []string{"/root/a/b", "/root/new/old", "/root/c", "/t1/in", "/t1/old", "/t2", "/x"} {
		m.AddDir(d)
	}
	m.AddFile("/t1/in/f")
	m.AddFile("/root/file")
	v, err := New(Config{FS: m, Root: Mount{Source: "/root"}, Mounts: []Mount{{Target: "/c", Source: "/x"}}})
	if err != nil {
		t.Fatal(err)
	}
	return m, v
}

func mustTree(t *testing.T, v *View, source string) *Tree {
	t.Helper()
	tree, err := v.NewTree(Mount{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// attach mounts a host directory in the view.
func attach(t *testing.T, v *View, source, at string) *Mount {
	t.Helper()
	tree := mustTree(t, v, source)
	top := tree.Top()
	if e := v.Attach(tree, at, true); e != 0 {
		t.Fatal(at, e)
	}
	return top
}

// host is where a guest path leads, "" if nowhere.
func host(v *View, guest string) string {
	var r Resolution
	if e := v.Resolve(&Request{Path: guest, Follow: true, NeedHost: true}, &r); e != 0 {
		return e.Error()
	}
	return string(r.Host)
}

func table(v *View) string {
	var out []string
	for _, m := range v.Table() {
		out = append(out, m.Target+"="+m.Source)
	}
	return strings.Join(out, " ")
}

func TestClone(t *testing.T) {
	m, v := editWorld(t)
	c := v.Clone()
	top := attach(t, c, "/t1", "/a")
	if got := host(c, "/a/in/f"); got != "/t1/in/f" {
		t.Error("clone:", got)
	}
	if got := host(v, "/a/in/f"); got != unix.ENOENT.Error() {
		t.Error("original:", got)
	}
	if slices.ContainsFunc(v.Table(), func(m *Mount) bool { return slices.Contains(c.Table(), m) }) {
		t.Error("the two share mounts")
	}
	v.Close()
	if got := host(c, "/c"); got != "/x" {
		t.Error("after the end of the original:", got)
	}
	c.Take(top).Close()
	if got := host(c, "/a/b"); got != "/root/a/b" {
		t.Error("taken away:", got)
	}
	c.Close()
	if n := m.OpenHandles(); n != 0 {
		t.Error(n, "handles are left")
	}
}

func TestStackAndMove(t *testing.T) {
	m, v := editWorld(t)
	first := attach(t, v, "/t1", "/a")
	inner := attach(t, v, "/x", "/a/in")
	second := attach(t, v, "/t2", "/a")
	if got := host(v, "/a/in"); got != unix.ENOENT.Error() {
		t.Error("covered:", got)
	}
	if !v.Covers(first) || v.Covers(inner) || !second.On(first) || first.On(second) {
		t.Error("what lies on what")
	}
	v.Take(second).Close()
	if e := v.Attach(v.Take(first), "/new", true); e != 0 {
		t.Fatal(e)
	}
	for guest, want := range map[string]string{"/new/in": "/x", "/new/old": "/t1/old", "/a/b": "/root/a/b"} {
		if got := host(v, guest); got != want {
			t.Errorf("%s is %s, want %s", guest, got, want)
		}
	}
	refused := mustTree(t, v, "/t2")
	if e := v.Attach(refused, "/", true); e != unix.EBUSY {
		t.Error("on the root:", e)
	}
	refused.Close()
	v.Close()
	if n := m.OpenHandles(); n != 0 {
		t.Error(n, "handles are left")
	}
}

func TestTree(t *testing.T) {
	m, v := editWorld(t)
	attach(t, v, "/t1", "/a")
	attach(t, v, "/x", "/a/in")
	var r Resolution
	if e := v.Resolve(&Request{Path: "/", Hold: true, NeedHost: true}, &r); e != 0 {
		t.Fatal(e)
	}
	tree, e := v.Tree("/", r.Held, true)
	v.Release(&r)
	if e != 0 || len(tree.Mounts()) != 4 {
		t.Fatal(e, tree.Mounts())
	}
	twin := tree.Copy()
	if e := v.Attach(tree, "/new", true); e != 0 {
		t.Fatal(e)
	}
	twin.Close()
	for guest, want := range map[string]string{"/new/a/in": "/x", "/new/c": "/x", "/new/new/old": "/root/new/old", "/a/in": "/x"} {
		if got := host(v, guest); got != want {
			t.Errorf("%s is %s, want %s", guest, got, want)
		}
	}
	if e := v.Resolve(&Request{Path: "/a/old", Hold: true, NeedHost: true}, &r); e != 0 {
		t.Fatal(e)
	}
	part, e := v.Tree("/a/old", r.Held, false)
	v.Release(&r)
	if e != 0 || part.Top().Source != "/t1/old" {
		t.Error(e, part.Top())
	}
	part.Close()
	v.Close()
	if n := m.OpenHandles(); n != 0 {
		t.Error(n, "handles are left")
	}
}

func TestPivot(t *testing.T) {
	m, v := editWorld(t)
	old := v.MountAt("/")
	top := attach(t, v, "/t1", "/new")
	in := attach(t, v, "/t2", "/new/in")
	moved := v.Pivot(old, top, "/new/old")
	if got, want := table(v), "/=/t1 /in=/t2 /old=/root /old/c=/x"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for from, want := range map[string]string{"/": "/old", "/new": "/", "/new/in/x": "/in/x", "/a": "/old/a", "/newer": "/old/newer"} {
		if got := moved(from); got != want {
			t.Errorf("%s is now %s, want %s", from, got, want)
		}
	}
	if got := host(v, "/old/file"); got != "/root/file" {
		t.Error(got)
	}
	if got := host(v, "/in/../old/c/.."); got != "/root" {
		t.Error("dotdot over the moved mounts:", got)
	}
	// The old root on top of the new one is out of sight, but can be named
	// by whoever holds it.
	v.Pivot(top, in, "/in")
	if got := host(v, "/in"); got != unix.ENOENT.Error() {
		t.Error("the root is", got)
	}
	if v.Unseen(top.Root()) != top {
		t.Error("the old root is not found")
	}
	v.Take(top).Close()
	if got, want := table(v), "/=/t2"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	v.Close()
	if n := m.OpenHandles(); n != 0 {
		t.Error(n, "handles are left")
	}
}
