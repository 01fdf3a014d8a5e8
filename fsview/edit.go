package fsview

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A view in use is edited as a mount namespace is. What callers keep of it (a
// Base, Merged) is out of date afterwards; Mounts stay what they are.

// Clone makes a view of the same mounts that is edited by itself, as
// unshare(CLONE_NEWNS) does.
func (v *View) Clone() *View {
	n := &View{fs: v.fs, links: v.links, hider: v.hider, protected: v.protected, uid: v.uid, buried: v.buried}
	n.w = walker{v: n, body: make([]byte, pathMax), cur: NoHandle}
	n.table, _ = copies(v.table)
	n.remake()
	return n
}

// Attach mounts a tree on the object at the canonical guest path, which is a
// directory or not.
func (v *View) Attach(t *Tree, at string, dir bool) unix.Errno {
	switch {
	case at == "/":
		return unix.EBUSY
	case dir != t.Top().IsDir():
		return unix.ENOTDIR
	}
	t.Top().parent = v.MountAt(at)
	for _, m := range t.mounts {
		m.Target = at + m.Target
	}
	v.table = append(v.table, t.mounts...)
	t.mounts = nil
	v.remake()
	return 0
}

// AttachMissing mounts a tree at the canonical guest path of a name that is not
// there, in a directory that is.
func (v *View) AttachMissing(t *Tree, at string) unix.Errno {
	t.Top().glue = true
	return v.Attach(t, at, t.Top().IsDir())
}

// Take takes a mount out of the view, with all that lies on it.
func (v *View) Take(m *Mount) *Tree {
	t := &Tree{fs: v.fs, mounts: v.tree(m)}
	v.table = slices.DeleteFunc(slices.Clone(v.table), t.has)
	n := lenOf(m.Target)
	for _, x := range t.mounts {
		x.Target = x.Target[n:]
	}
	m.Target, m.parent, m.glue, m.above = "", nil, false, false
	v.remake()
	return t
}

func (t *Tree) has(m *Mount) bool { return slices.Contains(t.mounts, m) }

// Covers says whether something is mounted on m.
func (v *View) Covers(m *Mount) bool {
	return slices.ContainsFunc(v.table, func(x *Mount) bool { return x.parent == m })
}

// Uppermost is what lies uppermost on the root directory of m: m itself where
// pivot_root(".", ".") has put nothing there.
func (v *View) Uppermost(m *Mount) *Mount {
	for _, x := range v.table {
		if x.above && x.parent == m {
			m = x
		}
	}
	return m
}

// tree lists a mount and what lies on it, parents first.
func (v *View) tree(m *Mount) []*Mount {
	in := map[*Mount]bool{m: true}
	list := []*Mount{m}
	for _, x := range v.table {
		if in[x.parent] {
			in[x] = true
			list = append(list, x)
		}
	}
	return list
}

// On says whether m is o or lies on it.
func (m *Mount) On(o *Mount) bool {
	for ; m != nil; m = m.parent {
		if m == o {
			return true
		}
	}
	return false
}

// Pivot is pivot_root(2) for callers whose root is the mount old: top takes its
// place, and old goes to the canonical guest path put, which top shows. moved
// tells where a guest path is now.
func (v *View) Pivot(old, top *Mount, put string) (moved func(string) string) {
	root, from := old.Target, top.Target
	newPut := join(root, put[lenOf(from):])
	news := map[*Mount]bool{}
	for _, m := range v.tree(top) {
		news[m] = true
	}
	under := v.MountAt(put)
	moved = func(g string) string {
		switch {
		case !below(g, root):
			return g
		case below(g, from):
			return join(root, g[lenOf(from):])
		}
		return join(newPut, g[lenOf(root):])
	}
	var rest, first, last []*Mount
	for _, m := range v.table {
		switch {
		case news[m]:
			m.Target = join(root, m.Target[lenOf(from):])
			first = append(first, m)
		case m.On(old):
			m.Target = join(newPut, m.Target[lenOf(root):])
			last = append(last, m)
		default:
			rest = append(rest, m)
		}
	}
	top.parent, top.glue = old.parent, old.glue
	old.parent, old.glue = under, false
	old.above = put == from
	top.Locked, old.Locked = old.Locked, false
	v.table = slices.Concat(rest, first, last)
	v.remake()
	return moved
}

// join adds rest, "", "/" or "/x", to a guest path.
func join(p, rest string) string {
	if rest == "/" {
		rest = ""
	}
	if p == "/" {
		p = ""
	}
	if p+rest == "" {
		return "/"
	}
	return p + rest
}

// Unseen finds the latest mount of the host's directory dir that no walk leads
// to, because it lies on a root directory or something covers it.
func (v *View) Unseen(dir Handle) *Mount {
	st, e := v.fs.Stat(dir)
	if e != 0 {
		return nil
	}
	for i := len(v.table) - 1; i >= 0; i-- {
		m := v.table[i]
		if m.st.Dev == st.Dev && m.st.Ino == st.Ino && !slices.Contains(v.mounts, m) {
			return m
		}
	}
	return nil
}

// below reports whether the canonical path p is dir or lies below it.
func below(p, dir string) bool {
	if dir == "/" || p == dir {
		return true
	}
	return len(p) > len(dir) && p[:len(dir)] == dir && p[len(dir)] == '/'
}

// remake computes all that follows from the table.
func (v *View) remake() {
	v.trie, v.mounts, v.back, v.merged = node{}, nil, nil, nil
	v.dropUps()
	v.above, v.over, v.points = map[devIno]bool{}, map[devIno]bool{}, map[string]bool{}
	hidden := map[*Mount]bool{}
	for i, m := range v.table {
		m.id = i
		m.measure()
		if m.above || hidden[m.parent] {
			hidden[m] = true
			continue
		}
		v.trie.put(m)
	}
	// Directories that have gone since are no error.
	_ = v.finish(true)
}
