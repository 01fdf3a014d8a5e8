package sandbox

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Another ptbox may be started in the sandbox. It cannot trace, and asks for
// what mount namespaces lack by a mount of the type below, which no kernel has
// (nested.go is the other side):
//
//   - mount makes the mount namespace, in which the caller must be alone, that of
//     a nest, with the calling thread as its owner. Only tasks of the nest are
//     there for each other, and all of them end with the owner.
//   - its owner can bind to names that are not there.
//   - remount ends all others in it, and is EBUSY while there are any.
const nestType = "ptbox"

// nest is the sandbox of a ptbox inside.
type nest struct {
	owner int // a thread
	up    *nest
}

// within reports whether n is o or lies in it. The outermost is nil.
func (n *nest) within(o *nest) bool {
	for ; n != o; n = n.up {
		if n == nil {
			return false
		}
	}
	return true
}

// knows reports whether pid is a task that the one at hand may know of.
func (h *handler) knows(pid int) bool {
	t := h.tr.Task(pid)
	if t == nil || h.mntNS.nest == nil {
		return t != nil
	}
	p := proc(t)
	return p != nil && p.mnt.nest.within(h.mntNS.nest)
}

// nestCall is mount and remount of a nest.
func (id *identity) nestCall(c *tracer.Call, remount bool) unix.Errno {
	n := id.h.mntNS
	switch {
	case remount && (n.nest == nil || n.nest.owner != c.Task.Tid):
		return unix.EINVAL
	case remount:
		return id.h.endNest(n.nest)
	case n == id.h.first || n.tasks != 1:
		return unix.EINVAL
	case id.h.watchLists(c): // for names of mount points that are not there
		return 0
	}
	n.nest = &nest{c.Task.Tid, n.nest}
	return 0
}

// nested lists the tasks in a nest.
func (h *handler) nested(n *nest) (tids []int) {
	h.tr.Each(func(t *tracer.Task) {
		if p := proc(t); p != nil && p.mnt != nil && p.mnt.nest.within(n) {
			tids = append(tids, t.Tid)
		}
	})
	return tids
}

// endNest ends all in a nest but its owner.
func (h *handler) endNest(n *nest) (e unix.Errno) {
	for _, tid := range h.nested(n) {
		if tid != n.owner {
			unix.Kill(tid, unix.SIGKILL)
			e = unix.EBUSY
		}
	}
	return e
}

// ownerEnds ends a nest with t, if that is its owner.
func (h *handler) ownerEnds(t *tracer.Task) {
	if n := proc(t).mnt.nest; n != nil && n.owner == t.Tid {
		h.endNest(n)
	}
}

// missing is the place of a mount point that is not there, for the owner of a
// nest.
func (id *identity) missing(c *tracer.Call) (spot, unix.Errno) {
	n := id.h.mntNS.nest
	if n == nil || n.owner != c.Task.Tid {
		return spot{}, unix.ENOENT
	}
	raw, e := c.Path(1, 0)
	if e != 0 {
		return spot{}, e
	}
	r, e := id.h.resolve(c, string(raw), -1, 0, fsview.Create, false, true)
	switch {
	case e != 0:
		return spot{}, e
	case r.MountPoint || r.Slash || r.LastDot || r.LastDotDot || r.IsRoot:
		return spot{}, unix.ENOENT
	}
	return spot{guest: strings.Clone(r.Guest), mount: r.Mount, fd: int(r.Held), missing: true}, 0
}
