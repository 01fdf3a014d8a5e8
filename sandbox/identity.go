package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// User is who the command believes to be.
type User struct {
	UID, GID uint32
	// Groups are the supplementary groups.
	Groups []uint32
	// Caps, when not nil, are the capability sets in place of all for root
	// and none for others.
	Caps *Capabilities
}

// Capabilities are the sets of capabilities(7), a bit for each.
type Capabilities struct{ Permitted, Effective, Inheritable, Bounding, Ambient uint64 }

// identity emulates users: the kernel sees one user without any right all the
// time, the guest sees the ids and capabilities that it asked for, and files
// with the owners that it gave them. Files of the launcher's user that have no
// record belong to the guest's root, as in a user namespace with that one id.
type identity struct {
	h     *handler
	first cred.Cred
	owners
	mounts mounts
	maps   map[uint64]*mapFile // by the number of its memory file
	spaces nsFiles
	obj    object
	from   string // the first path of a rename
	statx  unix.Statx_t
}

func newIdentity(h *handler, u *User, state string) (*identity, error) {
	id := &identity{h: h, first: cred.New(u.UID, u.GID, u.Groups)}
	if k := u.Caps; k != nil {
		all := func(v uint64) cred.Caps { return cred.Caps(v) & cred.AllCaps }
		id.first.Permitted, id.first.Effective, id.first.Inheritable = all(k.Permitted), all(k.Effective), all(k.Inheritable)
		id.first.Bounding, id.first.Ambient = all(k.Bounding), all(k.Ambient&k.Permitted&k.Inheritable)
	}
	id.uid, id.gid = uint32(unix.Geteuid()), uint32(unix.Getegid())
	id.noXattr = map[uint64]bool{}
	if state == "" {
		state = stateDir()
	}
	if err := id.side.open(state); err != nil {
		return nil, err
	}
	id.settleOld(h.log)
	return id, nil
}

// credOf is the identity of a task. It is changed in place by the task's own
// calls only.
func credOf(t *tracer.Task) *cred.Cred { return &proc(t).cred }

// born gives a child its parent's identity, or the command its first one.
func (id *identity) born(parent, child *tracer.Task) {
	p := proc(child)
	p.nextCred = nil
	if parent == nil {
		p.cred = id.first
		return
	}
	// A root directory is shared as the current directory is.
	if parent.FS != nil && child.FS != parent.FS {
		cwdOf(child).root = cwdOf(parent).root
	}
}

// rootOf is the guest path of a task's root directory, "" for "/".
func (h *handler) rootOf(t *tracer.Task) string {
	if h.id == nil || t == nil {
		return ""
	}
	return cwdOf(t).root
}

// serve answers what depends on the identity; false leaves the call to the
// ordinary handlers.
func (id *identity) serve(c *tracer.Call) bool {
	switch c.Ent.Class {
	case tracer.ClassIdentity:
		id.ids(c)
	case tracer.ClassStat:
		return id.stat(c)
	case tracer.ClassAccess:
		id.access(c)
	case tracer.ClassAttr, tracer.ClassFDAttr:
		return id.attr(c)
	case tracer.ClassXattrRead:
		return id.xattrRead(c)
	case tracer.ClassName:
		return id.mknod(c)
	case tracer.ClassProcess:
		return id.process(c)
	case tracer.ClassSystem:
		return id.system(c)
	case tracer.ClassMount:
		return id.mount(c)
	case tracer.ClassSocket:
		return id.socket(c)
	default:
		return false
	}
	return true
}

// release gives up what the resolutions of a call hold.
func (id *identity) release() {
	for i := range id.h.res {
		id.h.view.Release(&id.h.res[i])
	}
	id.drop(&id.obj)
}

func (id *identity) drop(o *object) {
	if o.own {
		unix.Close(o.fd)
		o.own = false
	}
}

// use makes o the object behind a descriptor of ours.
func (id *identity) use(o *object, fd int) unix.Errno {
	o.fd, o.link = fd, id.fdLink(fd)
	if err := unix.Fstat(fd, &o.st); err != nil {
		return errno(err)
	}
	return 0
}

// useFD makes o the object behind a guest's descriptor.
func (id *identity) useFD(o *object, t *tracer.Task, fd int) unix.Errno {
	suffix := "cwd"
	if fd != atFDCWD {
		if fd < 0 {
			return unix.EBADF
		}
		suffix = "fd/" + itoa(fd)
	}
	o.fd, o.link = -1, append(append(o.link[:0:0], "/proc/"+id.h.at(t.Tid, suffix)...), 0)
	if unix.Fstatat(id.h.proc, id.h.at(t.Tid, suffix), &o.st, 0) != nil {
		return unix.EBADF
	}
	return 0
}

// object finds the file that path argument p of a call names, its mount's
// restrictions applied.
func (id *identity) object(c *tracer.Call, p *tracer.PathArg) (*object, unix.Errno) {
	h, o := id.h, &id.obj
	id.drop(o)
	o.as = nil
	if c.Args[p.Arg] == 0 && (p.NullOK || emptyMeansFD(c, p)) {
		return o, id.fdObject(c, int(p.Dir))
	}
	raw, e := c.Path(int(p.Arg), 0)
	if e != 0 {
		return nil, e
	}
	if len(raw) == 0 && emptyMeansFD(c, p) {
		return o, id.fdObject(c, int(p.Dir))
	}
	follow := follow(c, p)
	r, e := h.resolve(c, str(raw), p.Dir, 0, ops[p.Op], follow, false)
	if e == 0 {
		e = h.allowed(c, p, r)
	}
	if e == 0 && h.overlays {
		e = h.lifted(c, o, r)
	}
	if e != 0 {
		return nil, e
	}
	return o, id.resolved(o, r, follow)
}

// resolved makes o what a resolution has found.
func (id *identity) resolved(o *object, r *fsview.Resolution, follow bool) unix.Errno {
	if r.Held != fsview.NoHandle {
		return id.use(o, int(r.Held))
	}
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	fd, err := unix.Open(string(r.Host), flags, 0)
	if err != nil {
		return errno(err)
	}
	o.own = true
	return id.use(o, fd)
}

// fdObject is object for the descriptor in argument arg.
func (id *identity) fdObject(c *tracer.Call, arg int) unix.Errno {
	if e := id.h.fdWrite(c, arg); e != 0 {
		return e
	}
	fd := int(int32(c.Args[arg]))
	if host, ok, e := id.h.liftedFD(c, fd); ok {
		if e != 0 {
			return e
		}
		up, err := unix.Open(host, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err != nil {
			return errno(err)
		}
		id.obj.own = true
		return id.use(&id.obj, up)
	}
	return id.useFD(&id.obj, c.Task, fd)
}

// over says whether a capability is effective over a file that belongs to the
// launcher's user and that no record may give to somebody else: with a user
// namespace the record has to be looked at.
func (id *identity) over(k *cred.Cred, n uint) bool { return k.NS == nil && k.Can(n) }

// capable reports whether a task's capability n is effective.
func capable(t *tracer.Task, n uint) bool { return credOf(t).Can(n) }
