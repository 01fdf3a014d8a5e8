package fsview

import (
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Tree is a mount and what is mounted on it, in no view: what open_tree(2) and
// fsmount(2) make, and what mount(2) with MS_BIND attaches. The Targets of its
// mounts are relative to where it will be attached, "" for the first.
type Tree struct {
	fs     FS
	mounts []*Mount
}

// serials numbers mounts.
var serials atomic.Uint64

// hold makes h the root of m.
func (m *Mount) hold(h Handle, st Stat) {
	m.root, m.st, m.refs = h, st, new(int)
	*m.refs, m.serial = 1, serials.Add(1)
}

// share makes a mount that shows what m shows.
func (m *Mount) share() *Mount {
	n := *m
	*n.refs++
	if n.ov != nil {
		n.ov.refs++
	}
	n.serial = serials.Add(1)
	return &n
}

// Top is the mount that the others lie on.
func (t *Tree) Top() *Mount { return t.mounts[0] }

// Mounts are all mounts of the tree, parents first.
func (t *Tree) Mounts() []*Mount { return t.mounts }

// Close gives the tree up. Attach does so, too.
func (t *Tree) Close() {
	release(t.fs, t.mounts)
	t.mounts = nil
}

// Copy makes a tree of it that is attached by itself.
func (t *Tree) Copy() *Tree {
	n := &Tree{fs: t.fs}
	n.mounts, _ = copies(t.mounts)
	return n
}

// copies copies mounts that come with their parents, or without.
func copies(list []*Mount) (out []*Mount, to map[*Mount]*Mount) {
	to = map[*Mount]*Mount{}
	for _, m := range list {
		n := m.share()
		n.parent = to[m.parent]
		to[m] = n
		out = append(out, n)
	}
	return out, to
}

// NewTree opens the source of a mount, which is not in the view yet.
func (v *View) NewTree(m Mount) (*Tree, error) {
	if m.Source == "" && m.Kind == Tmpfs {
		return nil, fmt.Errorf("a tmpfs needs a directory: %w", unix.EINVAL)
	}
	m.Target = ""
	b := builder{v: v}
	if err := b.open(&m); err != nil {
		return nil, err
	}
	return &Tree{v.fs, []*Mount{&m}}, nil
}

// Tree copies what the view shows at the canonical guest path at, whose object
// is h: the mount that covers it, or a part of that, and with recursive what is
// mounted below.
func (v *View) Tree(at string, h Handle, recursive bool) (*Tree, unix.Errno) {
	m := v.MountAt(at)
	top, e := v.part(m, at, h)
	if e != 0 {
		return nil, e
	}
	t := &Tree{v.fs, []*Mount{top}}
	if !recursive {
		return t, 0
	}
	to := map[*Mount]*Mount{m: top}
	for _, x := range v.table {
		up := to[x.parent]
		if up == nil || x.above || x.parent == m && !below(x.Target, at) {
			continue
		}
		n := x.share()
		n.parent, n.Target = up, x.Target[lenOf(at):]
		to[x] = n
		t.mounts = append(t.mounts, n)
	}
	return t, 0
}

// part is a mount that shows what m shows at the guest path at.
func (v *View) part(m *Mount, at string, h Handle) (*Mount, unix.Errno) {
	if at == m.Target {
		n := m.share()
		n.Target, n.parent, n.glue, n.above, n.Locked = "", nil, false, false, false
		if n.Kind == Synth {
			n.Kind = Bind
		}
		return n, 0
	}
	root, e := v.fs.Open(h, "", false)
	if e != 0 {
		return nil, e
	}
	st, e := v.fs.Stat(root)
	p, live := v.fs.Path(root, nil)
	if e != 0 || p == nil || !live {
		v.fs.Close(root)
		return nil, unix.ENOENT
	}
	n := &Mount{Source: string(p), Flags: m.Flags, LockFlags: m.LockFlags}
	n.hold(root, st)
	if m.ov != nil {
		n.Kind, n.Layers, n.ov, n.sub = Overlay, m.Layers, m.ov, m.Rel(at)
		n.ov.refs++
	}
	return n, 0
}

// lenOf is the length of a guest path that another one follows.
func lenOf(p string) int {
	if p == "/" {
		return 0
	}
	return len(p)
}

// HasLocked says whether a mount that may not be uncovered lies on what the
// view shows at the guest path, so that it cannot be copied without.
func (v *View) HasLocked(at string) bool {
	m := v.MountAt(at)
	return slices.ContainsFunc(v.table, func(x *Mount) bool {
		return x.parent == m && x.Locked && !x.above && below(x.Target, at)
	})
}
