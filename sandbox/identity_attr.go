package sandbox

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/internal/rootless"
	"github.com/ptbox/ptbox/tracer"
)

// attr answers chmod and chown, and prepares what else changes attributes.
func (id *identity) attr(c *tracer.Call) bool {
	var o *object
	var e unix.Errno
	chown, at := false, 1 // at is the argument of the mode or of the user id
	switch c.Ent.Name {
	case "fchmod":
		o, e = &id.obj, id.fdObject(c, 0)
	case "fchown":
		o, e, chown = &id.obj, id.fdObject(c, 0), true
	case "chmod":
		o, e = id.object(c, &c.Ent.Paths[0])
	case "chown", "lchown":
		o, e = id.object(c, &c.Ent.Paths[0])
		chown = true
	case "fchmodat", "fchmodat2", "fchownat":
		at = 2
		chown = c.Ent.Name == "fchownat"
		if f := c.Ent.Paths[0].Flags; f >= 0 && uint32(c.Args[f])&^(unix.AT_SYMLINK_NOFOLLOW|unix.AT_EMPTY_PATH) != 0 {
			c.Fail(unix.EINVAL)
			return true
		}
		o, e = id.object(c, &c.Ent.Paths[0])
	case "truncate":
		o, e = id.object(c, &c.Ent.Paths[0])
		if e == 0 {
			e = id.permit(c.Task, o, unix.W_OK)
		}
		if e != 0 {
			c.Fail(e)
			return true
		}
		return false
	case "utime", "utimes", "futimesat", "utimensat":
		return false
	default:
		return id.xattrWrite(c)
	}
	if e == 0 {
		id.load(o)
		if chown {
			var uid, gid uint32
			if uid, gid, e = newOwner(credOf(c.Task).NS, uint32(c.Args[at]), uint32(c.Args[at+1])); e == 0 {
				e = id.chownCall(c.Task, o, uid, gid)
			}
		} else {
			e = id.chmodCall(c.Task, o, uint32(c.Args[at])&0o7777)
		}
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(0)
	return true
}

// newOwner translates the ids of a chown.
func newOwner(ns *cred.UserNS, uid, gid uint32) (u, g uint32, e unix.Errno) {
	u, g = ns.UID(uid), ns.GID(gid)
	if u == cred.Keep && uid != rootless.NoOp || g == cred.Keep && gid != rootless.NoOp {
		return 0, 0, unix.EINVAL
	}
	return u, g, 0
}

// chmodCall is chmod(2) of the object o.
func (id *identity) chmodCall(t *tracer.Task, o *object, perm uint32) unix.Errno {
	k := credOf(t)
	shown := *o
	id.show(&shown)
	if k.UID.FS != shown.st.Uid && !k.CanOver(shown.st.Uid, shown.st.Gid, unix.CAP_FOWNER) {
		return unix.EPERM
	}
	switch shown.st.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		return unix.EOPNOTSUPP
	}
	if perm&unix.S_ISGID != 0 && !k.InGroup(shown.st.Gid) && !k.CanOver(shown.st.Uid, shown.st.Gid, unix.CAP_FSETID) {
		perm &^= unix.S_ISGID
	}
	return id.setMode(o, perm)
}

// chownCall is chown(2) of the object o.
func (id *identity) chownCall(t *tracer.Task, o *object, uid, gid uint32) unix.Errno {
	k := credOf(t)
	shown := *o
	id.show(&shown)
	st := &shown.st
	owner := k.UID.FS == st.Uid
	if !k.CanOver(st.Uid, st.Gid, unix.CAP_CHOWN) {
		if uid != rootless.NoOp && (!owner || uid != st.Uid) || gid != rootless.NoOp && (!owner || gid != st.Gid && !k.InGroup(gid)) {
			return unix.EPERM
		}
		if uid == rootless.NoOp && gid == rootless.NoOp && !owner && st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
			return unix.EPERM
		}
	}
	// The kernel's own chown of nothing updates the time of change, drops the
	// set-id bits as it must, and says EROFS.
	if o.st.Uid == id.uid && !id.kept(o) {
		if err := unix.Fchownat(unix.AT_FDCWD, o.path(), -1, -1, 0); err != nil && err != unix.EPERM {
			return errno(err)
		}
		host := o.st.Mode
		if err := unix.Stat(o.path(), &o.st); err != nil {
			return errno(err)
		}
		// The mode that a record keeps loses the same bits.
		if r := &o.rec; r.HostMode != 0 && r.HostMode == host && st.Mode&unix.S_IFMT != unix.S_IFDIR {
			r.HostMode = o.st.Mode
			r.Mode &^= unix.S_ISUID
			if r.Mode&0o010 != 0 {
				r.Mode &^= unix.S_ISGID
			}
		}
	}
	if uid == rootless.NoOp && gid == rootless.NoOp {
		return 0
	}
	return id.chown(o, uid, gid)
}

// mknod answers mknod of devices, which are plain files on the host. All
// else that makes names is the kernel's.
func (id *identity) mknod(c *tracer.Call) bool {
	at := 1
	switch c.Ent.Name {
	case "mknod":
	case "mknodat":
		at = 2
	default:
		return false
	}
	mode, dev := uint32(c.Args[at]), uint64(uint32(c.Args[at+1]))
	switch mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK:
	default:
		return false
	}
	if mode&unix.S_IFMT == unix.S_IFCHR && dev == 0 {
		return false // an overlay's whiteout: anybody may make one
	}
	p := &c.Ent.Paths[0]
	raw, e := c.Path(int(p.Arg), 0)
	if e == 0 && len(raw) == 0 {
		e = unix.ENOENT
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	name := lastName(string(raw))
	r, e := id.h.resolve(c, str(raw), p.Dir, 0, fsview.Create, false, false)
	if e == 0 {
		e = id.h.allowed(c, p, r)
	}
	if e == 0 && (r.LastDot || r.LastDotDot || r.IsRoot) {
		e = unix.EEXIST
	}
	if e == 0 && r.Slash {
		e = unix.ENOENT
	}
	if u := unionOf(r); e == 0 && u != nil {
		e = id.overlayDevice(c, r, u, mode, dev)
	} else if e == 0 {
		e = id.makeDevice(c.Task, int(r.Held), name, mode, dev)
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(0)
	return true
}

func (id *identity) makeDevice(t *tracer.Task, dir int, name string, mode uint32, dev uint64) unix.Errno {
	uid, gid, done, e := id.parent(t, dir, name, true)
	switch {
	case e != 0:
		return e
	case done || unix.Faccessat(dir, name, 0, unix.AT_SYMLINK_NOFOLLOW) == nil:
		return unix.EEXIST
	case !credOf(t).CanIn(nil, unix.CAP_MKNOD):
		return unix.EPERM
	}
	fd, err := unix.Openat(dir, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return errno(err)
	}
	defer unix.Close(fd)
	var o object
	if e := id.use(&o, fd); e != 0 {
		return e
	}
	mode &^= id.umask(t)
	r := rootless.Resource{UID: uid, GID: gid, Mode: mode & (unix.S_IFMT | 0o7777), HostMode: o.st.Mode, Rdev: dev}
	if e := id.store(&o, r, o.st.Mode); e != 0 {
		unix.Unlinkat(dir, name, 0)
		return e
	}
	return 0
}

// umask is a task's file creation mask, which procfs tells since Linux 4.7.
func (id *identity) umask(t *tracer.Task) uint32 {
	b, e := id.h.readFile(id.h.at(t.Tid, "status"))
	if e != 0 {
		return 0o022
	}
	v, ok := infoField(string(b), "Umask:", 8)
	if !ok {
		return 0o022
	}
	return uint32(v)
}

// lastName is the last component of a path.
func lastName(p string) string { return path.Base(strings.TrimRight(p, "/")) }

// made records the owner of a new object that is not the default one, once
// the call that makes it has returned. dir is the object's directory.
// byFD says that the call returns a descriptor of it.
func (id *identity) made(c *tracer.Call, dir int, name string, byFD bool) unix.Errno {
	uid, gid, done, e := id.parent(c.Task, dir, name, true)
	if e != 0 || done || uid == 0 && gid == 0 {
		return e
	}
	name = strings.Clone(name)
	keep, err := unix.FcntlInt(uintptr(dir), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return errno(err)
	}
	c.WantResult(func(r *tracer.Result) {
		defer unix.Close(keep)
		if r.Val < 0 {
			return
		}
		var o object
		if !byFD {
			fd, err := unix.Openat(keep, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
			if err != nil {
				return
			}
			defer unix.Close(fd)
			e = id.use(&o, fd)
		} else {
			e = id.useFD(&o, r.Task, int(r.Val))
		}
		if e == 0 {
			id.load(&o)
			e = id.chown(&o, uid, gid)
		}
		if e != 0 {
			id.h.log.Warn("the owner of a new file could not be recorded", "name", name, "err", e)
		}
	})
	return 0
}
