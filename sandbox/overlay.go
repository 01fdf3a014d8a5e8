package sandbox

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Calls on an overlay. What is only read is handed over as it lies in its
// layer. Whatever changes something is first brought into the upper layer, so
// that no call that could write is ever given a lower path.

// unionOf is the overlay that r lies in, or nil.
func unionOf(r *fsview.Resolution) *fsview.Union {
	if r == nil || r.Mount == nil {
		return nil
	}
	return r.Mount.Union()
}

func relOf(r *fsview.Resolution) string { return r.Mount.Rel(r.Guest) }

// overlayPaths finishes a call on one path that has been resolved and allowed.
func (h *handler) overlayPaths(c *tracer.Call, r *fsview.Resolution) {
	if r == nil || c.Answered() {
		return
	}
	p := &c.Ent.Paths[0]
	u := unionOf(r)
	switch {
	case u == nil:
		if r.Magic && c.Ent.Writes && p.Op == tracer.OpLookup {
			h.magicWrite(c, p, r)
		}
	case p.Op == tracer.OpCreate:
		h.overlayMake(c, r, u)
	case p.Op == tracer.OpDelete:
		h.overlayRemove(c, r, u)
	case c.Ent.Writes:
		h.overlayAttr(c, p, r, u)
	case c.Ent.Class == tracer.ClassWatch:
		h.overlayWatch(c, p, r, u)
	case c.Ent.Class == tracer.ClassAccess && r.Lower && u.Writable():
		// The layer's file system may be read-only, the overlay is not.
		if mode := uint32(c.Args[p.Arg+1]); mode&unix.W_OK != 0 {
			if e := u.MayWrite(relOf(r)); e != 0 {
				c.Fail(e)
				return
			}
			c.SetArg(int(p.Arg)+1, uint64(mode&^unix.W_OK))
		}
	case c.Ent.Class == tracer.ClassStat && r.Merged:
		h.mergedStat(c, u, relOf(r))
	}
}

// noID in a chown leaves an owner as it is.
const noID = ^uint32(0)

// overlayAttr brings an object whose attributes are about to be changed into
// the upper layer, if the kernel will allow the change: a copy belongs to its
// maker, who could do with it what the original forbids.
func (h *handler) overlayAttr(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, u *fsview.Union) {
	if !r.Lower {
		return
	}
	rel := relOf(r)
	if e := h.copyUpFor(c, u, rel, string(r.Host)); e != 0 {
		if a := c.Args[p.Arg+1:]; strings.Contains(c.Ent.Name, "chown") && uint32(a[0]) == noID && uint32(a[1]) == noID {
			e = 0 // nothing is to be changed, and anybody may ask for that
		}
		h.reply(c, e)
		return
	}
	c.SetPath(int(p.Arg), []byte(u.UpperPath(rel)))
}

// copyUpFor copies rel up, which is still at host in a lower layer, for a call
// that changes its attributes or length.
func (h *handler) copyUpFor(c *tracer.Call, u *fsview.Union, rel, host string) unix.Errno {
	var st unix.Stat_t
	if err := unix.Lstat(strings.TrimRight(host, "/"), &st); err != nil {
		return errno(err)
	}
	if strings.Contains(c.Ent.Name, "chmod") && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return unix.EOPNOTSUPP
	}
	owner := unix.Geteuid() == 0 || int(st.Uid) == unix.Geteuid()
	data := true
	switch name := c.Ent.Name; {
	case strings.HasPrefix(name, "truncate"):
		switch {
		case int64(c.Args[1]) < 0:
			return unix.EINVAL
		case st.Mode&unix.S_IFMT == unix.S_IFDIR:
			return unix.EISDIR
		case st.Mode&unix.S_IFMT != unix.S_IFREG:
			return unix.EINVAL
		}
		if e := u.MayWrite(rel); e != 0 {
			return e
		}
		data = c.Args[1] != 0
	case strings.Contains(name, "xattr"):
		if e := h.mayXattr(c, u, rel, host, &st, owner); e != 0 {
			return e
		}
	case owner && strings.Contains(name, "chown"):
		i := 1
		if len(c.Ent.Paths) > 0 {
			i = int(c.Ent.Paths[0].Arg) + 1
		}
		if !mayGive(&st, uint32(c.Args[i]), uint32(c.Args[i+1])) {
			return unix.EPERM
		}
	case owner:
	case strings.HasPrefix(name, "utime") || name == "futimesat":
		times := c.Args[1]
		if len(c.Ent.Paths) > 0 && c.Ent.Paths[0].Dir >= 0 {
			times = c.Args[2]
		}
		if times != 0 {
			return unix.EPERM
		}
		if e := u.MayWrite(rel); e != 0 {
			return e
		}
	default:
		return unix.EPERM
	}
	return u.CopyUp(rel, data)
}

// mayGive is chown_ok and chgrp_ok of fs/attr.c for the owner of a file.
func mayGive(st *unix.Stat_t, uid, gid uint32) bool {
	if unix.Geteuid() == 0 {
		return true
	}
	if uid != noID && uid != st.Uid {
		return false
	}
	if gid == noID || gid == st.Gid || int(gid) == unix.Getegid() {
		return true
	}
	groups, _ := unix.Getgroups()
	return slices.Contains(groups, int(gid))
}

// mayXattr is what the kernel checks before an xattr is changed (xattr_permission
// in fs/xattr.c, ovl_xattr_set).
func (h *handler) mayXattr(c *tracer.Call, u *fsview.Union, rel, host string, st *unix.Stat_t, owner bool) unix.Errno {
	arg := 1
	if strings.HasSuffix(c.Ent.Name, "at") {
		arg = 3
	}
	name, e := c.String(c.Args[arg], 256)
	if e != 0 {
		if e == unix.ENAMETOOLONG {
			e = unix.ERANGE
		}
		return e
	}
	kind := st.Mode & unix.S_IFMT
	user := strings.HasPrefix(name, "user.")
	switch {
	case name == "":
		return unix.ERANGE
	case user && kind != unix.S_IFREG && kind != unix.S_IFDIR:
		return unix.EPERM
	case user && kind == unix.S_IFDIR && st.Mode&unix.S_ISVTX != 0 && !owner:
		return unix.EPERM
	case (strings.HasPrefix(name, "trusted.") || strings.HasPrefix(name, "security.")) && unix.Geteuid() != 0:
		return unix.EPERM
	case strings.HasPrefix(name, "system."):
		if !owner {
			return unix.EPERM
		}
	default:
		if e := u.MayWrite(rel); e != 0 {
			return e
		}
	}
	if strings.Contains(c.Ent.Name, "remove") {
		if _, err := unix.Lgetxattr(host, name, nil); err != nil {
			return errno(err)
		}
	}
	return 0
}

// overlayWatch copies a directory up before it is watched: everything that
// happens in it from now on happens in the upper layer.
func (h *handler) overlayWatch(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, u *fsview.Union) {
	if !r.Lower || !u.Writable() || r.Mode&unix.S_IFMT != unix.S_IFDIR {
		return
	}
	rel := relOf(r)
	if u.CopyUp(rel, true) == 0 {
		c.SetPath(int(p.Arg), []byte(u.UpperPath(rel)))
	}
}

// overlayRemove serves unlink and rmdir.
func (h *handler) overlayRemove(c *tracer.Call, r *fsview.Resolution, u *fsview.Union) {
	if odd(r) {
		return // the spelling decides
	}
	rel, rmdir := relOf(r), isRmdir(c)
	if c.Ent.Name == "unlinkat" && uint32(c.Args[2])&^unix.AT_REMOVEDIR != 0 {
		c.Fail(unix.EINVAL)
		return
	}
	if r.Slash && !rmdir {
		n, e := u.State(rel)
		switch {
		case e != 0:
		case !n.Visible:
			e = unix.ENOENT
		case n.IsDir():
			e = unix.EISDIR
		default:
			e = unix.ENOTDIR
		}
		c.Fail(e)
		return
	}
	h.reply(c, u.Remove(rel, rmdir))
}

// reply answers a call that the tracer itself has made.
func (h *handler) reply(c *tracer.Call, e unix.Errno) {
	if e != 0 {
		c.Fail(e)
		return
	}
	c.Return(0)
}

// overlayMake serves mkdir, mknod and symlink.
func (h *handler) overlayMake(c *tracer.Call, r *fsview.Resolution, u *fsview.Union) {
	if odd(r) {
		return // EEXIST
	}
	rel := relOf(r)
	dir := strings.HasPrefix(c.Ent.Name, "mkdir")
	if n, e := u.State(rel); e == 0 && !n.Visible && r.Slash && !dir {
		c.Fail(unix.ENOENT)
		return
	}
	a := c.Args[c.Ent.Paths[0].Arg+1:]
	node := strings.HasPrefix(c.Ent.Name, "mknod")
	if node && uint32(a[0])&unix.S_IFMT == unix.S_IFDIR {
		c.Fail(unix.EPERM) // before the path is looked at (may_mknod)
		return
	}
	if node && refusedNode(uint32(a[0]), uint32(a[1])) {
		_, e := u.MayMake(rel)
		c.Fail(cmp.Or(e, unix.EPERM)) // and nothing is copied up for it
		return
	}
	body := ""
	if !dir && !node {
		var e unix.Errno
		if body, e = c.String(c.Args[0], 4096); e == 0 && body == "" {
			e = unix.ENOENT
		}
		if e != 0 {
			c.Fail(e)
			return
		}
	}
	n, e := u.Ready(rel)
	if e != 0 {
		c.Fail(e)
		return
	}
	if !n.Whiteout {
		return // the kernel makes it in the upper layer
	}
	mode := uint32(a[0]) &^ h.umask(c.Task)
	switch {
	case dir:
		e = u.Make(rel, func(at int, name string) unix.Errno {
			return exactly(unix.Mkdirat(at, name, mode&0o1777), at, name, mode&0o1777)
		})
	case node:
		kind := uint32(a[0]) & unix.S_IFMT
		e = u.Make(rel, func(at int, name string) unix.Errno {
			return exactly(unix.Mknodat(at, name, kind|mode&0o7777, int(uint32(a[1]))), at, name, mode&0o7777)
		})
	default:
		e = u.Make(rel, func(at int, name string) unix.Errno { return errno(unix.Symlinkat(body, at, name)) })
	}
	if e == 0 {
		h.madeNow(c.Task, u.UpperPath(rel))
	}
	h.reply(c, e)
}

// refusedNode says whether an overlay refuses a node whatever its directory: a
// whiteout (ovl_mknod), and a device to those who may make none (vfs_mknod).
func refusedNode(mode, dev uint32) bool {
	kind := mode & unix.S_IFMT
	whiteout := kind == unix.S_IFCHR && dev == 0
	return whiteout || (kind == unix.S_IFCHR || kind == unix.S_IFBLK) && unix.Geteuid() != 0
}

// exactly gives a new object its mode whatever our own umask.
func exactly(err error, dir int, name string, mode uint32) unix.Errno {
	if err == nil {
		err = unix.Fchmodat(dir, name, mode, 0)
	}
	return errno(err)
}

// umask reads a task's umask (proc(5), Linux 4.7).
func (h *handler) umask(t *tracer.Task) uint32 {
	b, e := h.readFile(h.at(t.Tid, "status"))
	if e != 0 {
		return 0o22
	}
	m, ok := infoField(string(b), "\nUmask:", 8)
	if !ok {
		return 0o22
	}
	return uint32(m)
}

// overlayPair serves rename and link. from is nil for an object that linkat
// names by its descriptor.
func (h *handler) overlayPair(c *tracer.Call, from, to *fsview.Resolution) {
	if c.Answered() {
		return
	}
	u, link := unionOf(to), c.Ent.Paths[0].Op == tracer.OpLinkOld
	if odd(to) || !link && odd(from) {
		if !link && (u != nil || unionOf(from) != nil) {
			// The kernel would look for the parents in the upper layer first.
			for k, r := range []*fsview.Resolution{from, to} {
				n := h.nameOf(c, k, r)
				e := n.search()
				n.done()
				if e != 0 {
					c.Fail(e)
					return
				}
			}
			if !odd(from) && c.Ent.Name == "renameat2" && c.Args[4]&unix.RENAME_NOREPLACE != 0 {
				c.Fail(unix.EEXIST)
			} else {
				c.Fail(unix.EBUSY)
			}
		}
		return
	}
	if link && (from == nil || from.Magic) {
		h.magicLink(c, from, to, u)
		return
	}
	if unionOf(from) != u {
		c.Fail(unix.EXDEV)
		return
	}
	if u == nil {
		return
	}
	if link {
		h.overlayLink(c, from, to, u)
		return
	}
	var flags uint
	if c.Ent.Name == "renameat2" {
		flags = uint(uint32(c.Args[4]))
	}
	const excl = unix.RENAME_NOREPLACE | unix.RENAME_WHITEOUT
	if flags&^(excl|unix.RENAME_EXCHANGE) != 0 || flags&unix.RENAME_EXCHANGE != 0 && flags&excl != 0 {
		c.Fail(unix.EINVAL)
		return
	}
	old, now := relOf(from), relOf(to)
	if from.Slash || to.Slash {
		f, e := u.State(old)
		t, e2 := u.State(now)
		taken := flags&unix.RENAME_NOREPLACE != 0 && t.Visible || flags&unix.RENAME_EXCHANGE != 0 && !t.Visible
		if e == 0 && e2 == 0 && f.Visible && !taken {
			if !f.IsDir() && (from.Slash || flags&unix.RENAME_EXCHANGE == 0) || flags&unix.RENAME_EXCHANGE != 0 && t.Visible && !t.IsDir() && to.Slash {
				c.Fail(unix.ENOTDIR)
				return
			}
		}
	}
	h.reply(c, u.Rename(old, now, flags))
}

// overlayLink serves link inside an overlay.
func (h *handler) overlayLink(c *tracer.Call, from, to *fsview.Resolution, u *fsview.Union) {
	old, now := relOf(from), relOf(to)
	host := strings.TrimRight(string(from.Host), "/")
	var st unix.Stat_t
	if err := unix.Lstat(host, &st); err != nil {
		c.Fail(errno(err))
		return
	}
	n, e := u.State(now)
	switch {
	case e != 0:
	case n.Visible:
		e = unix.EEXIST
	case to.Slash:
		e = unix.ENOENT
	case from.Lower && unix.Geteuid() != 0 && int(st.Uid) != unix.Geteuid():
		// protected_hardlinks, which a copy of our own would pass.
		if st.Mode&unix.S_IFMT != unix.S_IFREG || u.MayWrite(old) != 0 {
			e = unix.EPERM
		}
	}
	if e == 0 {
		n, e = u.Ready(now)
	}
	if e == 0 && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		e = unix.EPERM
	}
	if e == 0 && from.Lower {
		e = u.CopyUp(old, true)
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	if n.Whiteout {
		h.reply(c, u.Make(now, func(at int, name string) unix.Errno {
			return errno(unix.Linkat(unix.AT_FDCWD, u.UpperPath(old), at, name, 0))
		}))
		return
	}
	c.SetPath(int(c.Ent.Paths[0].Arg), []byte(u.UpperPath(old)))
}

// fdPath is the host path behind a task's descriptor.
func (h *handler) fdPath(t *tracer.Task, fd int) (string, unix.Errno) {
	if fd == atFDCWD {
		return h.readProc(h.at(t.Tid, "cwd"))
	}
	if fd < 0 {
		return "", unix.EBADF
	}
	return h.readProc(h.at(t.Tid, "fd/"+strconv.Itoa(fd)))
}

// overlayBind prepares the making of a socket, and returns where to make it.
func (h *handler) overlayBind(c *tracer.Call, r *fsview.Resolution, u *fsview.Union) (string, unix.Errno) {
	if odd(r) {
		return string(r.Host), 0
	}
	if r.MountPoint {
		return "", unix.EADDRINUSE
	}
	rel := relOf(r)
	n, e := u.Ready(rel)
	if e == unix.EEXIST {
		e = unix.EADDRINUSE
	}
	if e != 0 || !n.Whiteout {
		return string(r.Host), e
	}
	// Only the guest itself can make it: under another name, which then
	// replaces the whiteout.
	name, host := u.Temp()
	c.WantResult(func(r *tracer.Result) {
		if r.Val == 0 {
			if e := u.Place(rel, name); e != 0 {
				r.Val = -int64(e)
				return
			}
			h.madeNow(r.Task, u.UpperPath(rel))
		}
	})
	return host, 0
}
