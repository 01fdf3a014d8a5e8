package sandbox

import (
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// permit judges whether a task may use o in the way of want (R_OK, W_OK,
// X_OK), and makes sure that the host lets it: the guest's root may do what
// the host's modes forbid their owner.
func (id *identity) permit(t *tracer.Task, o *object, want uint32) unix.Errno {
	own := o.st.Uid == id.uid
	need := want << 6
	k := credOf(t)
	if own && id.over(k, unix.CAP_DAC_OVERRIDE) && o.st.Mode&need == need {
		return 0 // no record can forbid it
	}
	if own && id.h.procDev[o.st.Dev] {
		return id.permitProc(t, o, want)
	}
	id.load(o)
	shown := *o
	id.show(&shown)
	if !k.Access(shown.st.Uid, shown.st.Gid, shown.st.Mode, want) {
		return unix.EACCES
	}
	if !own {
		return 0 // the host's own judgement follows
	}
	return id.widen(o, need)
}

// permitProc is permit below /proc/PID, which belongs to who the process is. Its
// own descriptors a process sees in any case (proc_fd_permission).
func (id *identity) permitProc(t *tracer.Task, o *object, want uint32) unix.Errno {
	st := o.st
	text, e := id.h.readProc("self/fd/" + strconv.Itoa(o.fd))
	if e != 0 || o.fd < 0 {
		return 0 // the kernel's judgement is that of one user
	}
	rel := strings.TrimPrefix(text, "/proc/")
	if of := id.h.tr.Task(relPid(rel)); of != nil {
		k := credOf(of)
		st.Uid, st.Gid = k.UID.Effective, k.GID.Effective
		if _, name, _ := strings.Cut(rel, "/"); strings.HasSuffix(name, "fd") && of.Tgid() == t.Tgid() {
			return 0
		}
	} else {
		st.Uid, st.Gid = 0, 0
	}
	if !credOf(t).Access(st.Uid, st.Gid, st.Mode, want) {
		return unix.EACCES
	}
	return 0
}

// parent judges the making or removing of a name in a directory, and says
// whose a new object will be. As in the kernel a name that is taken, or is not
// there, comes before the permission to write; done says that this is so.
func (id *identity) parent(t *tracer.Task, dir int, name string, create bool) (uid, gid uint32, done bool, e unix.Errno) {
	var o object
	if e := id.use(&o, dir); e != 0 {
		return 0, 0, false, e
	}
	if e := id.permit(t, &o, unix.W_OK|unix.X_OK); e != 0 {
		var st unix.Stat_t
		exists := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil
		if exists == create && id.permit(t, &o, unix.X_OK) == 0 {
			return 0, 0, true, 0
		}
		return 0, 0, false, e
	}
	k := credOf(t)
	uid, gid = k.UID.FS, k.GID.FS
	if create && o.st.Mode&unix.S_ISGID != 0 {
		id.load(&o)
		id.show(&o)
		gid = o.st.Gid
	}
	return uid, gid, false, 0
}

// named judges one path of a call that makes, removes or renames a name.
func (id *identity) named(c *tracer.Call, p *tracer.PathArg, raw string, r *fsview.Resolution) unix.Errno {
	if r.Held == fsview.NoHandle || r.LastDot || r.LastDotDot || r.IsRoot {
		return 0
	}
	if u := unionOf(r); u != nil {
		switch p.Op {
		case tracer.OpDelete, tracer.OpRename:
			return id.mayName(c, r, u)
		case tracer.OpCreate:
			if e := holdUpper(r, u); e != 0 {
				return e
			}
		}
	}
	switch p.Op {
	case tracer.OpCreate:
		if n := c.Ent.Name; n == "link" || n == "linkat" {
			_, _, _, e := id.parent(c.Task, int(r.Held), lastName(raw), true)
			return e
		}
		return id.made(c, int(r.Held), lastName(raw), false)
	case tracer.OpDelete, tracer.OpRename:
		name := lastName(raw)
		// The second name of a rename may be a new one.
		create := p.Op == tracer.OpRename && p.Arg == c.Ent.Paths[len(c.Ent.Paths)-1].Arg
		if _, _, done, e := id.parent(c.Task, int(r.Held), name, create); e != 0 || done && !create {
			return e
		} else if done {
			return unix.EACCES
		}
		if e := id.sticky(c.Task, int(r.Held), name); e != 0 {
			return e
		}
		return id.renamed(c, p, int(r.Held), name)
	}
	return 0
}

// renamed tells the list of widened files of a rename, whose second path is
// the one that is judged last.
func (id *identity) renamed(c *tracer.Call, p *tracer.PathArg, dir int, name string) unix.Errno {
	if len(id.wide.paths) == 0 || p.Op != tracer.OpRename {
		return 0
	}
	var b [4096]byte
	link := id.fdLink(dir)
	n, err := unix.Readlink(string(link[:len(link)-1]), b[:])
	if err != nil {
		return errno(err)
	}
	full := path.Join(string(b[:n]), name)
	if p == &c.Ent.Paths[0] {
		id.from = full
		return 0
	}
	return id.wide.moved(id.from, full)
}

// sticky is the rule of directories like /tmp (may_delete in fs/namei.c).
func (id *identity) sticky(t *tracer.Task, dir int, name string) unix.Errno {
	k := credOf(t)
	var d, o object
	if id.use(&d, dir) != 0 || d.st.Mode&unix.S_ISVTX == 0 {
		return 0
	}
	id.load(&d)
	id.show(&d)
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0 // ENOENT, by the kernel
	}
	defer unix.Close(fd)
	if id.use(&o, fd) != 0 {
		return 0
	}
	id.load(&o)
	id.show(&o)
	if k.UID.FS == d.st.Uid || k.UID.FS == o.st.Uid || k.CanOver(o.st.Uid, o.st.Gid, unix.CAP_FOWNER) {
		return 0
	}
	return unix.EPERM
}

// access answers access(2) and its like.
func (id *identity) access(c *tracer.Call) {
	p := &c.Ent.Paths[0]
	mode := uint32(c.Args[p.Arg+1])
	flags := uint32(0)
	if p.Flags >= 0 {
		flags = uint32(c.Args[p.Flags])
	}
	if mode&^7 != 0 || flags&^(unix.AT_EACCESS|unix.AT_SYMLINK_NOFOLLOW|unix.AT_EMPTY_PATH) != 0 {
		c.Fail(unix.EINVAL)
		return
	}
	o, e := id.object(c, p)
	if e == 0 {
		e = id.mayAccess(c.Task, o, mode, flags&unix.AT_EACCESS != 0)
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	c.Return(0)
}

func (id *identity) mayAccess(t *tracer.Task, o *object, mode uint32, effective bool) unix.Errno {
	if mode == 0 {
		return 0
	}
	own := o.st.Uid == id.uid
	id.load(o)
	id.show(o)
	k := credOf(t)
	ok := k.AccessReal
	if effective {
		ok = k.Access
	}
	if !ok(o.st.Uid, o.st.Gid, o.st.Mode, mode) {
		return unix.EACCES
	}
	if own {
		return 0
	}
	// Over other users' files the guest's root has no power.
	return errno(unix.Faccessat(unix.AT_FDCWD, o.path(), mode, 0))
}

// open judges an open that has been resolved, and follows devices that are
// plain files on the host.
func (id *identity) open(c *tracer.Call, p *tracer.PathArg, raw string, r *fsview.Resolution, how *openHow) unix.Errno {
	if how.flags&unix.O_PATH != 0 || r.Magic {
		return 0
	}
	if r.Mount != nil && r.Mount.Kind == fsview.Proc {
		return 0
	}
	if r.Held == fsview.NoHandle {
		return 0
	}
	creates := how.flags&unix.O_CREAT != 0
	if u := unionOf(r); u != nil && creates && (how.flags&unix.O_EXCL != 0 || !r.Exists) && !odd(r) {
		if e := holdUpper(r, u); e != 0 {
			return e
		}
	}
	if creates && (how.flags&unix.O_EXCL != 0 || !r.Exists) {
		if r.LastDot || r.LastDotDot || r.IsRoot {
			return 0
		}
		return id.made(c, int(r.Held), lastName(raw), true)
	}
	o := &id.obj
	if e := id.use(o, int(r.Held)); e != 0 {
		return e
	}
	if how.flags&unix.O_TMPFILE == unix.O_TMPFILE {
		if o.st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return 0 // EINVAL or ENOTDIR by the kernel
		}
		return id.made(c, int(r.Held), ".", true)
	}
	want := uint32(0)
	switch how.flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		want = unix.R_OK
	case unix.O_WRONLY:
		want = unix.W_OK
	default:
		want = unix.R_OK | unix.W_OK
	}
	if how.flags&unix.O_TRUNC != 0 {
		want |= unix.W_OK
	}
	if o.st.Mode&unix.S_IFMT == unix.S_IFREG && o.st.Size == 0 && o.st.Uid == id.uid {
		id.load(o)
		if t := o.rec.Mode & unix.S_IFMT; o.seen && o.rec.HostMode == o.st.Mode && t != unix.S_IFREG {
			if r.Mount != nil && r.Mount.Flags&fsview.NoDev != 0 {
				return unix.EACCES
			}
			return id.openDevice(c, p, o, want)
		}
	}
	return id.permit(c.Task, o, want)
}

// devices are those that know of nobody and that anybody may use; a device file
// made in the guest leads to the host's of the same number.
var devices = map[uint64]string{
	unix.Mkdev(1, 3): "/dev/null", unix.Mkdev(1, 5): "/dev/zero", unix.Mkdev(1, 7): "/dev/full",
	unix.Mkdev(1, 8): "/dev/random", unix.Mkdev(1, 9): "/dev/urandom",
}

func (id *identity) openDevice(c *tracer.Call, p *tracer.PathArg, o *object, want uint32) unix.Errno {
	shown := *o
	id.show(&shown)
	if !credOf(c.Task).Access(shown.st.Uid, shown.st.Gid, shown.st.Mode, want) {
		return unix.EACCES
	}
	host, ok := devices[shown.st.Rdev]
	if !ok || shown.st.Mode&unix.S_IFMT != unix.S_IFCHR {
		return unix.ENXIO
	}
	c.SetPath(int(p.Arg), []byte(host))
	return 0
}

// eachDir calls f for the directories that the spelling of a path goes
// through, the first one included, until f says that it has seen enough. Those
// that only the inside of a symlink goes through are not among them.
func (id *identity) eachDir(q *fsview.Request, f func(o *object) bool) {
	v := id.h.view
	r := fsview.Resolution{Held: fsview.NoHandle}
	part := *q
	part.Op, part.Follow, part.Hold, part.NeedHost, part.Trace = fsview.Lookup, true, true, false, nil
	var o object
	look := func(fd fsview.Handle) bool {
		if fd == fsview.NoHandle || id.use(&o, int(fd)) != 0 || o.st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return true
		}
		return f(&o)
	}
	if q.Path == "" || q.Path[0] != '/' {
		if q.Base != nil && !look(q.Base.Dir) {
			return
		}
	}
	for i := range len(q.Path) {
		if q.Path[i] != '/' || i > 0 && q.Path[i-1] == '/' {
			continue
		}
		part.Path = q.Path[:max(i, 1)]
		if v.Resolve(&part, &r) != 0 {
			return
		}
		more := look(r.Held)
		v.Release(&r)
		if !more {
			return
		}
	}
}

// unlock is called when a path cannot be walked for lack of permission: the
// directories on the way that belong to us are opened up, if the task is
// privileged. It reports whether trying again makes sense.
func (id *identity) unlock(q *fsview.Request) bool {
	t, _ := q.Caller.(*tracer.Task)
	if t == nil || !capable(t, unix.CAP_DAC_OVERRIDE) && !capable(t, unix.CAP_DAC_READ_SEARCH) {
		return false
	}
	if credOf(t).NS != nil && id.mayWalk(q) != 0 {
		return false
	}
	changed := false
	id.eachDir(q, func(o *object) bool {
		if o.st.Uid == id.uid && o.st.Mode&0o100 == 0 {
			id.load(o)
			changed = id.widen(o, 0o500) == 0 || changed
		}
		return true
	})
	return changed
}

// mayWalk judges whether a task that is not privileged may search the
// directories of a path. The host cannot: they are all one user's.
func (id *identity) mayWalk(q *fsview.Request) (e unix.Errno) {
	t, _ := q.Caller.(*tracer.Task)
	if t == nil || credOf(t).NS == nil && (capable(t, unix.CAP_DAC_OVERRIDE) || capable(t, unix.CAP_DAC_READ_SEARCH)) {
		return 0
	}
	id.eachDir(q, func(o *object) bool {
		if o.st.Mode&0o111 != 0o111 {
			e = id.permit(t, o, unix.X_OK)
		}
		return e == 0
	})
	return e
}

// search judges chdir and the like: o must be a directory that may be
// searched.
func (id *identity) search(c *tracer.Call, r *fsview.Resolution) unix.Errno {
	o := &id.obj
	if e := id.resolved(o, r, true); e != 0 {
		return e
	}
	if o.st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.ENOTDIR
	}
	return id.permit(c.Task, o, unix.X_OK)
}

func (id *identity) chroot(c *tracer.Call) unix.Errno {
	raw, e := c.Path(0, 0)
	if e != 0 {
		return e
	}
	if len(raw) == 0 {
		return unix.ENOENT
	}
	r, e := id.h.resolve(c, str(raw), -1, 0, fsview.Lookup, true, true)
	if e == 0 {
		e = id.search(c, r)
	}
	if e != 0 {
		return e
	}
	if !capable(c.Task, unix.CAP_SYS_CHROOT) {
		return unix.EPERM
	}
	guest := strings.Clone(r.Guest)
	if r.Magic || guest == "" {
		text, e := id.h.readProc("self/fd/" + strconv.Itoa(id.obj.fd))
		if e != 0 {
			return e
		}
		var ok bool
		if guest, ok = id.h.guestText(text); !ok {
			return unix.EACCES
		}
	}
	if guest = path.Clean(guest); guest == "/" {
		guest = ""
	}
	cwdOf(c.Task).root = guest
	return 0
}
