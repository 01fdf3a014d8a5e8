package sandbox

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Flags of the calls here that package unix does not have.
const (
	moveSetGroup = 0x100 // MOVE_MOUNT_SET_GROUP
	moveBeneath  = 0x200 // MOVE_MOUNT_BENEATH
	moveKnown    = 0x77 | moveSetGroup | moveBeneath
)

// openTree is open_tree(2) and open_tree_attr(2).
func (id *identity) openTree(c *tracer.Call) unix.Errno {
	const known = emptyPath | unix.AT_NO_AUTOMOUNT | unix.AT_RECURSIVE | unix.AT_SYMLINK_NOFOLLOW | unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC
	flags := uint64(uint32(c.Args[2]))
	clone, recursive := flags&unix.OPEN_TREE_CLONE != 0, flags&unix.AT_RECURSIVE != 0
	attr := c.Ent.Name == "open_tree_attr"
	switch {
	case attr && c.Args[3] == 0 && c.Args[4] != 0:
		return unix.EINVAL
	case flags&^known != 0, recursive && !clone:
		return unix.EINVAL
	case clone && !mayMount(c.Task):
		return unix.EPERM
	}
	a := attrs{none: true}
	if attr && c.Args[3] != 0 {
		var e unix.Errno
		if a, e = mountAttr(c, c.Args[3], c.Args[4]); e != 0 {
			return e
		}
	}
	if !clone && a.none {
		return id.openPlace(c, flags)
	}
	at, tree, e := id.treePlace(c, 0, flags&emptyPath != 0)
	if e != 0 {
		return e
	}
	if !clone {
		if e := id.change(&at, tree, a, recursive); e != 0 {
			return e
		}
		return id.openPlace(c, flags)
	}
	var t *fsview.Tree
	if tree != nil {
		t = tree.tree.Copy()
	} else if t, e = id.copyTree(&at, recursive); e != 0 {
		return e
	}
	if e := a.apply(t.Mounts(), recursive); e != 0 {
		t.Close()
		return e
	}
	id.treeFile(c, t, flags&unix.OPEN_TREE_CLOEXEC != 0)
	return 0
}

// openPlace is open_tree without OPEN_TREE_CLONE: an open with O_PATH.
func (id *identity) openPlace(c *tracer.Call, flags uint64) unix.Errno {
	how := openHow{flags: unix.O_PATH | flags&unix.O_CLOEXEC}
	if flags&unix.AT_SYMLINK_NOFOLLOW != 0 {
		how.flags |= unix.O_NOFOLLOW
	}
	p := &c.Ent.Paths[0]
	var raw []byte
	if c.Args[p.Arg] != 0 || flags&emptyPath == 0 {
		var e unix.Errno
		if raw, e = c.Path(int(p.Arg), 0); e != 0 {
			return e
		}
	}
	switch {
	case len(raw) == 0 && flags&emptyPath == 0:
		return unix.ENOENT
	case len(raw) == 0:
		dup := unix.F_DUPFD
		if how.flags&unix.O_CLOEXEC != 0 {
			dup = unix.F_DUPFD_CLOEXEC
		}
		if fd := int(int32(c.Args[0])); fd != atFDCWD {
			c.SetNr(unix.SYS_FCNTL)
			c.SetArg(1, uint64(dup))
			c.SetArg(2, 0)
			c.WantResult(func(r *tracer.Result) {
				if guest := id.h.noted(r.Task, fd); r.Val >= 0 && guest != "" {
					id.h.note(r.Task, int(r.Val), guest)
				} else if r.Val >= 0 {
					id.h.forget(r.Task, int(r.Val)) // of what was there before
				}
			})
			return 0
		}
		raw = []byte(".")
	}
	c.SetNr(unix.SYS_OPENAT)
	c.SetArg(2, how.flags)
	id.h.openPath(c, p, raw, how)
	return 0
}

// moveMount is move_mount(2).
func (id *identity) moveMount(c *tracer.Call) unix.Errno {
	flags := uint64(uint32(c.Args[4]))
	switch {
	case !mayMount(c.Task):
		return unix.EPERM
	case flags&^moveKnown != 0, flags&(moveBeneath|moveSetGroup) == moveBeneath|moveSetGroup:
		return unix.EINVAL
	}
	from, tree, e := id.treePlace(c, 0, flags&unix.MOVE_MOUNT_F_EMPTY_PATH != 0)
	if e != 0 {
		return e
	}
	at, other, e := id.treePlace(c, 1, flags&unix.MOVE_MOUNT_T_EMPTY_PATH != 0)
	switch {
	case e != 0:
		return e
	case other != nil, flags&(moveBeneath|moveSetGroup) != 0:
		return unix.EINVAL // no mount lies on a detached one, or is in a group
	case tree == nil:
		return id.moveTo(c, &from, &at)
	}
	v := id.h.view
	switch {
	case v.MountAt(at.guest) != at.mount, at.dir != tree.top.IsDir():
		return unix.EINVAL
	case at.guest == "/"+strings.TrimPrefix(id.h.rootOf(c.Task), "/"):
		return unix.EBUSY // nobody would see it
	}
	if e := v.Attach(tree.tree, at.guest, at.dir); e != 0 {
		return e
	}
	tree.tree = nil
	id.h.remap()
	return 0
}

// attrs is struct mount_attr, as a change of flags.
type attrs struct {
	set, clear fsview.Flags
	none       bool // nothing at all is asked for
}

// mountAttrSize is MOUNT_ATTR_SIZE_VER0.
const mountAttrSize = 32

// mountAttr reads a struct mount_attr.
func mountAttr(c *tracer.Call, addr, size uint64) (a attrs, e unix.Errno) {
	switch {
	case size > 4096:
		return a, unix.E2BIG
	case size < mountAttrSize:
		return a, unix.EINVAL
	case !mayMount(c.Task):
		return a, unix.EPERM
	}
	b := make([]byte, size)
	if e := c.Read(addr, b); e != 0 {
		return a, e
	}
	for _, x := range b[mountAttrSize:] {
		if x != 0 {
			return a, unix.E2BIG
		}
	}
	le := binary.LittleEndian
	set, clr, group := le.Uint64(b), le.Uint64(b[8:]), le.Uint64(b[16:])
	switch {
	case set|clr|group == 0:
		a.none = true
		return a, 0
	case group&^msPropagation != 0, group&(group-1) != 0, (set|clr)&^(attrKnown|unix.MOUNT_ATTR_IDMAP) != 0:
		return a, unix.EINVAL
	case clr&unix.MOUNT_ATTR__ATIME == 0 && set&unix.MOUNT_ATTR__ATIME != 0:
		return a, unix.EINVAL
	case clr&unix.MOUNT_ATTR__ATIME != 0 && clr&unix.MOUNT_ATTR__ATIME != unix.MOUNT_ATTR__ATIME:
		return a, unix.EINVAL
	case clr&unix.MOUNT_ATTR_IDMAP != 0:
		return a, unix.EINVAL
	case set&unix.MOUNT_ATTR_IDMAP != 0:
		return a, unix.EPERM // the owners are the view's
	}
	if a.set, e = attrFlags(set); e != 0 {
		return a, e
	}
	a.clear, _ = attrFlags(clr &^ unix.MOUNT_ATTR__ATIME)
	if clr&unix.MOUNT_ATTR__ATIME != 0 {
		a.clear |= fsview.NoAtime
	}
	return a, 0
}

// attrKnown are the attributes of fsmount(2); all but the times of access and
// nosymfollow are flags of the view.
const attrKnown = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC |
	unix.MOUNT_ATTR__ATIME | unix.MOUNT_ATTR_NODIRATIME | unix.MOUNT_ATTR_NOSYMFOLLOW

// mountAttrs are those that are one bit, as flags of the view.
var mountAttrs = []struct {
	attr uint64
	f    fsview.Flags
}{
	{unix.MOUNT_ATTR_RDONLY, fsview.ReadOnly},
	{unix.MOUNT_ATTR_NOSUID, fsview.NoSuid},
	{unix.MOUNT_ATTR_NODEV, fsview.NoDev},
	{unix.MOUNT_ATTR_NOEXEC, fsview.NoExec},
	{unix.MOUNT_ATTR_NOSYMFOLLOW, fsview.NoSymFollow},
}

// attrFlags turns MOUNT_ATTR_ flags into the view's.
func attrFlags(attr uint64) (f fsview.Flags, e unix.Errno) {
	switch {
	case attr&^attrKnown != 0:
		return 0, unix.EINVAL
	case attr&unix.MOUNT_ATTR__ATIME == unix.MOUNT_ATTR_NOATIME:
		f = fsview.NoAtime
	case attr&unix.MOUNT_ATTR__ATIME != unix.MOUNT_ATTR_RELATIME && attr&unix.MOUNT_ATTR__ATIME != unix.MOUNT_ATTR_STRICTATIME:
		return 0, unix.EINVAL
	}
	for _, p := range mountAttrs {
		if attr&p.attr != 0 {
			f |= p.f
		}
	}
	return f, 0
}

// apply changes all of the mounts, or the first alone: none if one of them may
// not be changed.
func (a attrs) apply(list []*fsview.Mount, recursive bool) unix.Errno {
	if !recursive {
		list = list[:1]
	}
	for _, m := range list {
		if locked := m.LockFlags & lockable; (m.Flags&^a.clear|a.set)&locked != locked {
			return unix.EPERM
		}
	}
	for _, m := range list {
		m.Flags = m.Flags&^a.clear | a.set
	}
	return 0
}

// setattr is mount_setattr(2).
func (id *identity) setattr(c *tracer.Call) unix.Errno {
	flags := uint64(uint32(c.Args[2]))
	if flags&^(emptyPath|unix.AT_RECURSIVE|unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT) != 0 {
		return unix.EINVAL
	}
	a, e := mountAttr(c, c.Args[3], c.Args[4])
	if e != 0 || a.none {
		return e // the kernel does not even look for the mount
	}
	at, tree, e := id.treePlace(c, 0, flags&emptyPath != 0)
	if e != 0 {
		return e
	}
	return id.change(&at, tree, a, flags&unix.AT_RECURSIVE != 0)
}

// change changes the attributes of what treePlace has found.
func (id *identity) change(at *spot, tree *mountTree, a attrs, recursive bool) unix.Errno {
	switch {
	case tree != nil:
		return a.apply(tree.tree.Mounts(), recursive)
	case !at.isRoot():
		if e := id.adopt(at); e != 0 {
			return e
		}
	}
	list := []*fsview.Mount{at.mount}
	for _, m := range id.h.view.Table() {
		if m != at.mount && m.On(at.mount) {
			list = append(list, m)
		}
	}
	if e := a.apply(list, recursive); e != 0 {
		return e
	}
	id.h.remap()
	return 0
}
