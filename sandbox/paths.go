package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// ops turns the table's operations into the view's.
var ops = [...]fsview.Op{
	tracer.OpLookup: fsview.Lookup, tracer.OpOpen: fsview.Lookup, tracer.OpCreate: fsview.Create,
	tracer.OpDelete: fsview.Delete, tracer.OpRename: fsview.Rename, tracer.OpLinkOld: fsview.Lookup, tracer.OpExec: fsview.Lookup,
}

// follow evaluates the table's rule for a last symlink.
func follow(c *tracer.Call, p *tracer.PathArg) bool {
	bit := p.Flags >= 0 && uint32(c.Args[p.Flags])&p.Bit != 0
	switch p.Follow {
	case tracer.FollowAlways:
		return true
	case tracer.FollowUnlessBit:
		return !bit
	case tracer.FollowIfBit:
		return bit
	}
	return false
}

// emptyMeansFD reports whether "" names the dirfd itself.
func emptyMeansFD(c *tracer.Call, p *tracer.PathArg) bool {
	return p.Empty != 0 && p.Flags >= 0 && uint32(c.Args[p.Flags])&p.Empty != 0
}

// paths serves every call that only needs its paths translated: the table
// says which, and the kernel does the rest, errors included.
func (h *handler) paths(c *tracer.Call) {
	var got [2]*fsview.Resolution
	for n := range c.Ent.Paths {
		p := &c.Ent.Paths[n]
		if c.Args[p.Arg] == 0 && (p.NullOK || emptyMeansFD(c, p)) {
			if e := h.fdWrite(c, int(p.Dir)); e != 0 {
				c.Fail(e)
			}
			return
		}
		raw, e := c.Path(int(p.Arg), n)
		if e != 0 {
			c.Fail(e)
			return
		}
		if len(raw) == 0 {
			// The kernel must see an empty string, and not what another
			// thread makes of the guest's own after this look at it.
			if emptyMeansFD(c, p) {
				if e := h.fdWrite(c, int(p.Dir)); e != 0 {
					c.Fail(e)
					return
				}
			} else if c.Ent.Class != tracer.ClassReadlink {
				c.Fail(unix.ENOENT)
				return
			}
			c.SetPath(int(p.Arg), nil)
			continue
		}
		r, e := h.resolve(c, str(raw), p.Dir, n, ops[p.Op], follow(c, p), false)
		if e == 0 {
			e = h.allowed(c, p, r)
		}
		if e != 0 {
			c.Fail(e)
			return
		}
		got[n] = r
		h.setPath(c, p, raw, r)
	}
	if got[0] != nil && got[1] != nil {
		if e := h.pair(c, got[0], got[1]); e != 0 {
			c.Fail(e)
		}
	}
}

// setPath hands the answer over: the guest's own words where they are right
// as they stand (but from the window, where no thread can change them any
// more), a host path otherwise.
func (h *handler) setPath(c *tracer.Call, p *tracer.PathArg, raw []byte, r *fsview.Resolution) {
	if r.Relative {
		c.SetPath(int(p.Arg), raw)
		return
	}
	c.SetPath(int(p.Arg), r.Host)
}

// allowed applies what the mount forbids, in the kernel's order.
func (h *handler) allowed(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) unix.Errno {
	switch p.Op {
	case tracer.OpCreate:
		if r.MountPoint {
			return unix.EEXIST
		}
	case tracer.OpDelete:
		switch {
		case r.IsRoot:
			if isRmdir(c) {
				return unix.EBUSY
			}
			return unix.EISDIR
		case r.LastDot || r.LastDotDot:
			return 0 // EINVAL, ENOTEMPTY or EISDIR: the spelling decides
		case r.MountPoint:
			if !isRmdir(c) && r.Mode&unix.S_IFMT == unix.S_IFDIR {
				return unix.EISDIR
			}
			if isRmdir(c) && r.Mode&unix.S_IFMT != unix.S_IFDIR {
				return unix.ENOTDIR
			}
			return unix.EBUSY
		case r.AboveMount && isRmdir(c):
			return unix.ENOTEMPTY
		}
	case tracer.OpRename:
		if r.IsRoot || r.LastDot || r.LastDotDot {
			return 0
		}
		if r.MountPoint || r.AboveMount {
			return unix.EBUSY
		}
	}
	if p.Op == tracer.OpRename || p.Op == tracer.OpLinkOld || len(c.Ent.Paths) > 1 {
		return 0 // judged for both names together
	}
	if r.Mount == nil || r.Mount.Flags&fsview.ReadOnly == 0 {
		return 0
	}
	return h.readOnly(c, p, r)
}

// isRmdir tells rmdir(2) and unlinkat(AT_REMOVEDIR) from unlink(2).
func isRmdir(c *tracer.Call) bool {
	return c.Ent.Name == "rmdir" || c.Ent.Name == "unlinkat" && c.Args[2]&unix.AT_REMOVEDIR != 0
}

// readOnly is what a call that changes something answers on a read-only
// mount, or 0 if it changes nothing.
func (h *handler) readOnly(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) unix.Errno {
	if c.Ent.Class == tracer.ClassAccess {
		return h.accessReadOnly(c, p, r)
	}
	if !c.Ent.Writes {
		return 0
	}
	switch p.Op {
	case tracer.OpCreate:
		// EEXIST beats EROFS (filename_create in fs/namei.c), and so does
		// ENOENT for a trailing slash on what is not to be a directory.
		if h.exists(c, p, r) {
			return unix.EEXIST
		}
		if r.Slash && c.Ent.Name != "mkdir" && c.Ent.Name != "mkdirat" {
			return unix.ENOENT
		}
		return unix.EROFS
	case tracer.OpDelete:
		return unix.EROFS
	}
	// Attribute changes: the object must be there first.
	var st unix.Stat_t
	if e := h.stat(c, p, r, &st, follow(c, p)); e != 0 {
		return e
	}
	return unix.EROFS
}

// accessReadOnly is access(2) for writing on a read-only mount: permission
// first, and only files, directories and links are read-only.
func (h *handler) accessReadOnly(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) unix.Errno {
	mode := uint32(c.Args[p.Arg+1])
	if mode&unix.W_OK == 0 {
		return 0
	}
	var st unix.Stat_t
	if e := h.stat(c, p, r, &st, follow(c, p)); e != 0 {
		return e
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK:
	default:
		return 0
	}
	flags := 0
	if p.Flags >= 0 {
		flags = int(c.Args[p.Flags]) & (unix.AT_EACCESS | unix.AT_SYMLINK_NOFOLLOW)
	}
	fd, path, done := h.hostAt(c, p, r)
	defer done()
	if err := unix.Faccessat(fd, path, mode, flags); err != nil {
		return errno(err)
	}
	return unix.EROFS
}

// pair judges a call that names two objects: rename and link.
func (h *handler) pair(c *tracer.Call, from, to *fsview.Resolution) unix.Errno {
	if m := from.Mount; m != nil && to.Mount != nil {
		if m != to.Mount {
			return unix.EXDEV
		}
		if m.Flags&fsview.ReadOnly == 0 {
			return h.linkRoot(c, from, to)
		}
	} else {
		return 0
	}
	link := c.Ent.Class == tracer.ClassName && c.Ent.Paths[0].Op == tracer.OpLinkOld
	if link {
		var st unix.Stat_t
		if e := h.stat(c, &c.Ent.Paths[0], from, &st, follow(c, &c.Ent.Paths[0])); e != 0 {
			return e
		}
		if h.exists(c, &c.Ent.Paths[1], to) {
			return unix.EEXIST
		}
		return unix.EROFS
	}
	for _, r := range []*fsview.Resolution{from, to} {
		if r.LastDot || r.LastDotDot || r.IsRoot {
			return 0 // EBUSY, before anything is written
		}
	}
	return unix.EROFS
}

// hostAt gives what an *at call of the tracer itself needs to reach the
// object of r.
func (h *handler) hostAt(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) (fd int, path string, done func()) {
	if !r.Relative {
		return unix.AT_FDCWD, string(r.Host), func() {}
	}
	raw, _ := c.Path(int(p.Arg), 0)
	b, keep, e := h.baseOf(c, p.Dir, 0)
	if e != 0 {
		return -1, string(raw), func() {}
	}
	if keep {
		return int(b.Dir), string(raw), func() {}
	}
	d := b.Dir
	return int(d), string(raw), func() { h.host.Close(d) }
}

// stat looks at the object of r.
func (h *handler) stat(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, st *unix.Stat_t, follow bool) unix.Errno {
	fd, path, done := h.hostAt(c, p, r)
	defer done()
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow && r.Magic {
		flags = 0
	}
	return errno(unix.Fstatat(fd, path, st, flags))
}

// exists reports whether the name to be made is taken.
func (h *handler) exists(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) bool {
	if r.LastDot || r.LastDotDot || r.IsRoot {
		return true
	}
	fd, path, done := h.hostAt(c, p, r)
	defer done()
	for len(path) > 1 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	var st unix.Stat_t
	return unix.Fstatat(fd, path, &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}

// errno takes the errno out of an error of package unix.
func errno(err error) unix.Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(unix.Errno); ok {
		return e
	}
	return unix.EIO
}
