package sandbox

import (
	"cmp"
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// ops turns the table's operations into the view's.
var ops = [...]fsview.Op{
	tracer.OpLookup: fsview.Lookup, tracer.OpOpen: fsview.Lookup, tracer.OpCreate: fsview.Create,
	tracer.OpDelete: fsview.Delete, tracer.OpRename: fsview.Rename, tracer.OpLinkOld: fsview.Lookup, tracer.OpExec: fsview.Lookup,
}

// atHandleFID is AT_HANDLE_FID (Linux 6.5).
const atHandleFID = 0x200

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
	var raws [2]string
	var byFD *fsview.Mount // linkat's old object, named by its descriptor
	var old []byte         // the path before
	names, acts := h.actsNames(c), h.acts(c)
	defer func() {
		if names {
			h.actNames(c, raws, got)
		}
	}()
	if h.nothingToDo(c) {
		return
	}
	if c.Ent.Class == tracer.ClassWatch {
		// What is watched in an overlay is copied up, which a call that
		// fails must not do.
		if e := h.argsFirst(c, 0); e != 0 {
			c.Fail(e)
			return
		}
	}
	for n := range c.Ent.Paths {
		p := &c.Ent.Paths[n]
		if c.Args[p.Arg] == 0 && (p.NullOK || emptyMeansFD(c, p)) {
			h.shutsFD(c, int(int32(c.Args[p.Dir])))
			if e := h.fdWrite(c, int(p.Dir)); e != 0 {
				c.Fail(e)
			} else if h.overlays && c.Ent.Writes && (p.NullOK && (p.Flags < 0 || c.Args[p.Flags] == 0) || strings.Contains(c.Ent.Name, "attr")) {
				h.overlayFD(c, int(int32(c.Args[p.Dir])), int(p.Arg))
			}
			return
		}
		raw, e := c.Path(int(p.Arg), n)
		if e == 0 && len(raw) == 0 && n == 1 && p.Op == tracer.OpRename {
			e = unix.ENOENT
		}
		if e != 0 {
			c.Fail(h.argsFirst(c, h.oldFirst(c, n, got[0], e)))
			return
		}
		if len(raw) == 0 {
			// The kernel must see an empty string, and not what another
			// thread makes of the guest's own after this look at it.
			if emptyMeansFD(c, p) {
				h.shutsFD(c, int(int32(c.Args[p.Dir])))
				if p.Op == tracer.OpLinkOld {
					if e := h.linkFD(c, int(int32(c.Args[p.Dir]))); e != 0 {
						c.Fail(h.argsFirst(c, e))
						return
					}
					byFD = h.fdMount(c.Task, int(int32(c.Args[p.Dir])))
				} else if e := h.fdWrite(c, int(p.Dir)); e != 0 {
					c.Fail(e)
					return
				}
			} else if c.Ent.Class != tracer.ClassReadlink {
				c.Fail(h.argsFirst(c, unix.ENOENT))
				return
			}
			c.SetPath(int(p.Arg), nil)
			if h.overlays && c.Ent.Writes && p.Op == tracer.OpLookup {
				h.overlayFD(c, int(int32(c.Args[p.Dir])), int(p.Arg))
			}
			continue
		}
		h.hold = names || acts
		r, e := h.resolve(c, str(raw), p.Dir, n, ops[p.Op], follow(c, p), false)
		h.hold = false
		got[n] = r
		if e == 0 && !names && !acts && h.shutOut(c, r) {
			names, acts = c.Ent.Class == tracer.ClassName, c.Ent.Class != tracer.ClassName
			if e = h.holdAgain(c, p, n, str(raw)); e == 0 && n == 1 && got[0] != nil {
				raws[0] = string(old)
				e = h.holdAgain(c, &c.Ent.Paths[0], 0, raws[0])
			}
		}
		if e == 0 {
			e = h.allowed(c, p, r)
		}
		if e != 0 && n == 1 && c.Ent.Paths[0].Op == tracer.OpLinkOld && got[0] == nil {
			h.linkJudged(c, p, e)
			return
		}
		if e != 0 {
			e = h.argsFirst(c, h.oldFirst(c, n, got[0], e))
			if r != nil && !names {
				h.view.Release(r)
			}
			c.Fail(e)
			return
		}
		if c.Ent.Name == "name_to_handle_at" && r.Mount != nil && r.Mount.Kind == fsview.Overlay && c.Args[4]&atHandleFID == 0 {
			h.view.Release(r)
			c.Fail(h.argsFirst(c, unix.EOPNOTSUPP)) // without nfs_export
			return
		}
		if h.id != nil {
			if e := h.id.named(c, p, str(raw), r); e != 0 {
				c.Fail(e)
				return
			}
		}
		h.shuts(c, p, r)
		h.setPath(c, p, raw, r)
		if names {
			raws[n] = string(raw)
		} else if acts {
			h.act(c, r)
		}
		old = raw
	}
	if got[1] == nil {
		if h.overlays {
			h.overlayPaths(c, got[0])
			if r := got[0]; r != nil && !names && (unionOf(r) != nil || r.Magic) && acts {
				h.actLate(c, r)
			}
		}
		return
	}
	e := unix.Errno(0)
	switch {
	case c.Ent.Paths[0].Op != tracer.OpLinkOld:
		e = h.rename(c, got[0], got[1])
	case got[0] == nil:
		e = h.link(c, nil, got[1], byFD)
	case got[0].Magic:
		e = h.link(c, got[0], got[1], h.magicMount(c.Task, got[0]))
	default:
		e = h.link(c, got[0], got[1], h.realMount(got[0]))
	}
	if e == 0 && h.limited != nil && !c.Answered() {
		if c.Ent.Paths[0].Op == tracer.OpLinkOld {
			e = h.mayLink(c, got[0], got[1])
		} else {
			e = h.moves(c, got[1])
		}
	}
	if e != 0 {
		if got[0] == nil && c.Ent.Paths[0].Op == tracer.OpLinkOld {
			h.linkJudged(c, &c.Ent.Paths[1], e)
			return
		}
		c.Fail(h.argsFirst(c, e))
		return
	}
	if h.overlays {
		h.overlayPair(c, got[0], got[1])
	}
}

// oldFirst is e, the error of name n of a call, unless that is a new name and the
// kernel, which looks at the old one before, complains of that: the directory of
// what is renamed may not be searched, or a magic link with a slash behind it
// does not lead to a directory.
func (h *handler) oldFirst(c *tracer.Call, n int, from *fsview.Resolution, e unix.Errno) unix.Errno {
	switch {
	case n != 1 || from == nil || from.Gone:
		return e
	case c.Ent.Paths[0].Op != tracer.OpRename:
		var st unix.Stat_t
		if !from.Magic || !from.Slash {
			return e
		}
		return cmp.Or(h.stat(c, &c.Ent.Paths[0], from, &st, true), e)
	}
	old := h.nameOf(c, 0, from)
	defer old.done()
	if first := old.search(); first == unix.EACCES {
		return first
	}
	return e
}

// nothingToDo answers the calls that return before they look at their path.
func (h *handler) nothingToDo(c *tracer.Call) bool {
	if !strings.HasPrefix(c.Ent.Name, "utimensat") || c.Args[2] == 0 {
		return false
	}
	var b [32]byte // two struct timespec
	if c.Read(c.Args[2], b[:]) != 0 {
		return false
	}
	const omit = unix.UTIME_OMIT
	if binary.LittleEndian.Uint64(b[8:]) != omit || binary.LittleEndian.Uint64(b[24:]) != omit {
		return false
	}
	c.Return(0)
	return true
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

// allowed applies what the view forbids, in the kernel's order.
func (h *handler) allowed(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) unix.Errno {
	switch {
	case len(c.Ent.Paths) > 1:
		return 0 // judged for both names together
	case p.Op == tracer.OpCreate:
		e := h.create(c, 0, r)
		if e == 0 && h.limited != nil {
			e = h.mayMake(c, 0, r)
		}
		return e
	case p.Op == tracer.OpDelete:
		e := h.remove(c, r)
		if e == 0 && h.limited != nil {
			h.removes(c, 0, r)
		}
		return e
	case h.limited != nil && strings.HasPrefix(c.Ent.Name, "truncate"):
		h.changes(c, p, r)
	}
	m := h.mountOf(c, r)
	if m == nil || m.Flags&(fsview.ReadOnly|fsview.NoExec) == 0 {
		return 0
	}
	if c.Ent.Class == tracer.ClassAccess {
		return h.accessMount(c, p, r, m)
	}
	if !c.Ent.Writes || m.Flags&fsview.ReadOnly == 0 {
		return 0
	}
	return h.readOnly(c, p, r)
}

// mountOf is the mount whose restrictions hold for an object: behind a magic
// link it is not procfs.
func (h *handler) mountOf(c *tracer.Call, r *fsview.Resolution) *fsview.Mount {
	if r.Magic {
		return h.magicMount(c.Task, r)
	}
	return r.Mount
}

// isRmdir tells rmdir(2) and unlinkat(AT_REMOVEDIR) from unlink(2).
func isRmdir(c *tracer.Call) bool {
	return c.Ent.Name == "rmdir" || c.Ent.Name == "unlinkat" && c.Args[2]&unix.AT_REMOVEDIR != 0
}

// readOnly is what a call that changes an object's attributes answers on a
// read-only mount.
func (h *handler) readOnly(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) unix.Errno {
	var st unix.Stat_t
	if e := h.stat(c, p, r, &st, follow(c, p)); e != 0 {
		return e
	}
	if strings.HasPrefix(c.Ent.Name, "truncate") {
		// What truncate checks before the mount ends the call by itself.
		if int64(c.Args[1]) < 0 || st.Mode&unix.S_IFMT != unix.S_IFREG {
			return 0
		}
		return cmp.Or(h.access(c, p, r, unix.W_OK, unix.AT_EACCESS), unix.EROFS)
	}
	return unix.EROFS
}

// accessMount is access(2) on a mount that is read-only or noexec: permission
// first, and only files, directories and links are read-only, only files
// cannot be executed.
func (h *handler) accessMount(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, m *fsview.Mount) unix.Errno {
	mode := uint32(c.Args[p.Arg+1])
	var st unix.Stat_t
	if mode&(unix.W_OK|unix.X_OK) == 0 || mode&^7 != 0 {
		return 0
	}
	if e := h.stat(c, p, r, &st, follow(c, p)); e != 0 {
		return e
	}
	kind := st.Mode & unix.S_IFMT
	if mode&unix.X_OK != 0 && m.Flags&fsview.NoExec != 0 && kind == unix.S_IFREG {
		return unix.EACCES
	}
	if mode&unix.W_OK == 0 || m.Flags&fsview.ReadOnly == 0 {
		return 0
	}
	if !mountKind(st.Mode) {
		return 0
	}
	flags := 0
	if p.Flags >= 0 {
		flags = int(c.Args[p.Flags]) & (unix.AT_EACCESS | unix.AT_SYMLINK_NOFOLLOW)
	}
	return cmp.Or(h.access(c, p, r, mode, flags), unix.EROFS)
}

// hostAt gives what an *at call of the tracer itself needs to reach the
// object of r.
func (h *handler) hostAt(c *tracer.Call, p *tracer.PathArg, n int, r *fsview.Resolution) (fd int, path string, done func()) {
	done = func() {}
	shut := !r.Relative && p != nil && !r.Magic && !r.IsRoot && unionOf(r) == nil && shutPath(string(r.Host))
	if !r.Relative && !shut {
		return unix.AT_FDCWD, string(r.Host), done
	}
	raw := c.Said(n)
	if shut && (len(raw) == 0 || raw[0] == '/') {
		return unix.AT_FDCWD, string(r.Host), done
	}
	b, keep, e := h.from, true, unix.Errno(0)
	if b == nil {
		b, keep, e = h.baseOf(c, p.Dir, n)
	}
	if e != 0 {
		return -1, string(raw), done
	}
	fd, path = int(b.Dir), string(raw)
	if !keep {
		done = func() { unix.Close(fd) }
	}
	if shut {
		var ok bool
		if path, ok = h.fromBase(b, string(r.Host)); !ok {
			path = string(r.Host)
		}
	}
	return fd, path, done
}

// held says that r holds the object itself.
func held(r *fsview.Resolution) bool {
	return r.Held != fsview.NoHandle && r.Exists && !r.Magic && !r.MountPoint
}

// access asks for a permission to the object of r.
func (h *handler) access(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, mode uint32, flags int) unix.Errno {
	if held(r) {
		if e := accessFD(int(r.Held), mode, uint32(flags)&unix.AT_EACCESS); e != unix.ENOSYS {
			return e
		}
	}
	fd, path, done := h.hostAt(c, p, 0, r)
	defer done()
	return errno(unix.Faccessat(fd, path, mode, flags))
}

// stat looks at the object of r.
func (h *handler) stat(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, st *unix.Stat_t, follow bool) unix.Errno {
	if held(r) {
		return errno(unix.Fstat(int(r.Held), st))
	}
	fd, path, done := h.hostAt(c, p, 0, r)
	defer done()
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow && r.Magic {
		flags = 0
	}
	return errno(unix.Fstatat(fd, path, st, flags))
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
