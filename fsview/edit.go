package fsview

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Mount adds a mount to a view in use, as mount(2) does: the mount point has
// to be there. What it covers comes back with Unmount. What callers keep of
// the view (a Base, Merged) is out of date afterwards.
func (v *View) Mount(m Mount) (*Mount, error) {
	b := builder{v: v}
	t, err := b.target(m.Target)
	switch {
	case err != nil:
		return nil, err
	case t.missing != "":
		return nil, fmt.Errorf("%s: %w", t.missing, unix.ENOENT)
	case t.guest == "/":
		return nil, fmt.Errorf("the root cannot be mounted over: %w", unix.EBUSY)
	case m.Source == "" && m.Kind == Tmpfs:
		return nil, fmt.Errorf("a tmpfs needs a directory: %w", unix.EINVAL)
	}
	n := m
	n.Target = t.guest
	if err := b.open(&n); err != nil {
		return nil, err
	}
	if t.dir != n.IsDir() {
		v.release(&n)
		return nil, fmt.Errorf("%s: %w", n.Target, unix.ENOTDIR)
	}
	if v.table == nil {
		v.table = slices.Clone(v.mounts)
	}
	last := v.table[len(v.table)-1]
	n.id, n.tlen, n.slen = last.id+1, len(n.Target), len(n.Source)
	if n.Source == "/" {
		n.slen = 0
	}
	v.table = append(v.table, &n)
	if err := v.remake(); err != nil {
		v.table = v.table[:len(v.table)-1]
		v.release(&n)
		if again := v.remake(); again != nil {
			return nil, again
		}
		return nil, err
	}
	return &n, nil
}

// Unmount takes away a mount that Mount has added. EBUSY means that another
// one lies on it.
func (v *View) Unmount(m *Mount) error {
	i := slices.Index(v.table, m)
	if i < 0 {
		return unix.EINVAL
	}
	for _, o := range v.table[i+1:] {
		if below(o.Target, m.Target) {
			return unix.EBUSY
		}
	}
	v.table = slices.Delete(slices.Clone(v.table), i, i+1)
	v.release(m)
	return v.remake()
}

// below reports whether the canonical path p is dir or lies below it.
func below(p, dir string) bool {
	if dir == "/" || p == dir {
		return true
	}
	return len(p) > len(dir) && p[:len(dir)] == dir && p[len(dir)] == '/'
}

// remake computes all that follows from the table.
func (v *View) remake() error {
	v.trie, v.mounts, v.back, v.merged = node{}, nil, nil, nil
	v.above = map[devIno]bool{}
	for _, m := range v.table {
		v.trie.put(m)
	}
	return v.finish()
}
