package sandbox

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// mounts is where the contents of tmpfs mounts are. The mounts that are there at
// the start are locked, as a user namespace locks those that it inherits
// (mount_namespaces(7)): they can be covered, but neither taken away nor be
// given back what they lack.
type mounts struct {
	dir  string
	made int
}

// mountDir makes the directory that holds tmpfs mounts.
func (id *identity) mountDir() (string, error) {
	if id.mounts.dir != "" {
		return id.mounts.dir, nil
	}
	base, err := id.h.scratch()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "mounts")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	id.mounts.dir = dir
	return dir, nil
}

// lockMounts locks all mounts of a view. That of its root is no exception: it,
// too, lies on something.
func lockMounts(v *fsview.View) {
	for _, m := range v.Table() {
		m.LockFlags = m.Flags
		m.Locked = true
	}
}

// mount serves the calls about mounts.
func (id *identity) mount(c *tracer.Call) bool {
	e := unix.EPERM
	switch c.Ent.Name {
	case "chroot":
		e = id.chroot(c)
	case "mount":
		e = id.mountCall(c)
	case "umount2":
		e = id.umount(c)
	case "pivot_root":
		e = id.pivot(c)
	case "fsopen":
		e = id.fsopen(c)
	case "fspick":
		e = id.fspick(c)
	case "fsconfig":
		e = id.fsconfig(c)
	case "fsmount":
		if e = id.h.lent(c.Task); e == 0 { // perhaps
			e = id.fsmount(c)
		}
	case "open_tree", "open_tree_attr":
		if e = id.h.lent(c.Task); e == 0 {
			e = id.openTree(c)
		}
	case "move_mount":
		e = id.moveMount(c)
	case "mount_setattr":
		e = id.setattr(c)
	}
	switch {
	case e != 0:
		c.Fail(e)
	case !c.Answered() && !c.Rewritten():
		c.Return(0)
	}
	return true
}

// mayMount is whether a task may change its mount namespace.
func mayMount(t *tracer.Task) bool { return credOf(t).CanIn(proc(t).mnt.user, unix.CAP_SYS_ADMIN) }

// spot is an object that a path of a mount call names.
type spot struct {
	guest string // canonical
	mount *fsview.Mount
	fd    int // held until the call is done with
	dir   bool
	// missing says that there is no object: fd is its parent.
	missing bool
}

// isRoot says whether the place is the root directory of its mount.
func (p *spot) isRoot() bool { return p.guest == p.mount.Target }

// hostMount says whether a mount of the host is at the place, inside of what one
// of the view shows. The guest's mount table has it, the view has not.
func (p *spot) hostMount() bool {
	const root = unix.STATX_ATTR_MOUNT_ROOT
	var x unix.Statx_t
	return unix.Statx(p.fd, "", unix.AT_EMPTY_PATH, 0, &x) == nil && x.Attributes_mask&root != 0 && x.Attributes&root != 0
}

// adopt makes a mount of the host one of the view, so that it can have flags of
// its own.
func (id *identity) adopt(p *spot) unix.Errno {
	v := id.h.view
	if v.MountAt(p.guest) != p.mount || !p.hostMount() {
		return unix.EINVAL
	}
	t, e := v.Tree(p.guest, fsview.Handle(p.fd), false)
	if e != 0 {
		return e
	}
	t.Top().Locked = true
	if e := v.Attach(t, p.guest, p.dir); e != 0 {
		t.Close()
		return e
	}
	p.mount = v.MountAt(p.guest)
	id.h.remap()
	return 0
}

// placeArg is place for the path argument p of a call, the nth one.
func (id *identity) placeArg(c *tracer.Call, n int) (spot, unix.Errno) {
	p := &c.Ent.Paths[n]
	raw, e := c.Path(int(p.Arg), n)
	if e != 0 {
		return spot{}, e
	}
	return id.place(c, string(raw), p.Dir, n, follow(c, p))
}

// place resolves a path. What it finds is kept open until the next resolution
// with the same n.
func (id *identity) place(c *tracer.Call, name string, dir int8, n int, follow bool) (spot, unix.Errno) {
	h := id.h
	if name == "" {
		return spot{}, unix.ENOENT
	}
	here := name[0] == '.' && strings.Trim(name, "./") == "" && !strings.Contains(name, "..")
	if here {
		// A directory of a tmpfs is shown by that alone, even where a mount of
		// the host's tree has the scratch directory in it.
		if p, e := id.unseen(c, dir, n); e == 0 && p.mount.Kind == fsview.Tmpfs {
			return p, 0
		}
	}
	r, e := h.resolve(c, name, dir, n, fsview.Lookup, follow, true)
	if e == unix.EXDEV && here {
		return id.unseen(c, dir, n)
	}
	if e != 0 {
		return spot{}, e
	}
	p := spot{guest: strings.Clone(r.Guest), mount: r.Mount, fd: int(r.Held)}
	if r.Magic {
		// The very object that the link leads to, at its place in the view.
		fd, err := unix.Open(string(r.Host), unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			return spot{}, errno(err)
		}
		r.Held, p.fd = fsview.Handle(fd), fd
		var ok bool
		if p.guest, ok = h.magicGuest(strings.TrimPrefix(strings.TrimPrefix(p.guest, r.Mount.Target), "/")); !ok {
			return spot{}, unix.EINVAL
		}
		p.mount = h.view.MountAt(p.guest)
	}
	var st unix.Stat_t
	if err := unix.Fstat(p.fd, &st); err != nil {
		return spot{}, errno(err)
	}
	p.dir = st.Mode&unix.S_IFMT == unix.S_IFDIR
	return p, 0
}

// unseen is the place of a directory that no path leads to any more, because a
// mount covers it: the old root after pivot_root(".", ".").
func (id *identity) unseen(c *tracer.Call, dir int8, n int) (spot, unix.Errno) {
	h := id.h
	b, keep, e := h.baseOf(c, dir, n)
	if e != 0 {
		return spot{}, e
	}
	m := h.view.Unseen(b.Dir)
	if !keep {
		h.host.Close(b.Dir)
	}
	if m == nil {
		return spot{}, unix.EINVAL
	}
	return spot{guest: m.Target, mount: m, fd: int(m.Root()), dir: m.IsDir()}, 0
}

const (
	msPropagation = unix.MS_SHARED | unix.MS_PRIVATE | unix.MS_SLAVE | unix.MS_UNBINDABLE
	msMagic       = 0xc0ed0000 // MS_MGC_VAL, which old programs add
	msNoUser      = 1 << 31
	msNoSymFollow = 256
)

func (id *identity) mountCall(c *tracer.Call) unix.Errno {
	flags := c.Args[3]
	if flags&0xffff0000 == msMagic {
		flags &^= 0xffff0000
	}
	at, e := id.placeArg(c, 0)
	if e == unix.ENOENT && flags&unix.MS_BIND != 0 {
		at, e = id.missing(c)
	}
	switch {
	case e != 0:
		return e
	case flags&msNoUser != 0:
		return unix.EINVAL
	case !mayMount(c.Task):
		return unix.EPERM
	}
	switch {
	case flags&unix.MS_REMOUNT != 0:
		if kind, e := c.String(c.Args[2], 4096); e == 0 && kind == nestType {
			return id.nestCall(c, true)
		}
		return id.remount(&at, mountFlags(flags))
	case flags&unix.MS_BIND != 0:
		return id.bind(c, &at, flags&unix.MS_REC != 0)
	case flags&msPropagation != 0:
		kind := flags & msPropagation
		if !at.isRoot() && !at.hostMount() || flags&^(msPropagation|unix.MS_REC|unix.MS_SILENT) != 0 || kind&(kind-1) != 0 {
			return unix.EINVAL
		}
		return 0 // there is nobody to propagate to
	case flags&unix.MS_MOVE != 0:
		return id.move(c, &at)
	}
	if c.Args[2] == 0 {
		return unix.EINVAL
	}
	kind, e := c.String(c.Args[2], 4096)
	if e != 0 {
		return e
	}
	return id.newMount(c, &at, kind, flags)
}

// mountFlags turns the flags of mount(2) into the view's.
func mountFlags(flags uint64) (f fsview.Flags) {
	for _, p := range []struct {
		ms uint64
		f  fsview.Flags
	}{
		{unix.MS_RDONLY, fsview.ReadOnly},
		{unix.MS_NOEXEC, fsview.NoExec},
		{unix.MS_NODEV, fsview.NoDev},
		{unix.MS_NOSUID, fsview.NoSuid},
		{unix.MS_NOATIME, fsview.NoAtime},
		{msNoSymFollow, fsview.NoSymFollow},
	} {
		if flags&p.ms != 0 {
			f |= p.f
		}
	}
	return f
}

// settable are the flags that a remount sets, lockable those of them that may be
// locked.
const (
	lockable = fsview.ReadOnly | fsview.NoExec | fsview.NoDev | fsview.NoSuid
	settable = lockable | fsview.NoAtime | fsview.NoSymFollow
)

func (id *identity) remount(at *spot, f fsview.Flags) unix.Errno {
	if !at.isRoot() {
		if e := id.adopt(at); e != 0 {
			return e
		}
	}
	if locked := at.mount.LockFlags & lockable; f&locked != locked {
		return unix.EPERM
	}
	at.mount.Flags = at.mount.Flags&^settable | f
	id.h.remap()
	return 0
}

// source resolves the first argument of mount, for MS_BIND and MS_MOVE.
func (id *identity) source(c *tracer.Call) (spot, unix.Errno) {
	if c.Args[0] == 0 {
		return spot{}, unix.EINVAL
	}
	name, e := c.String(c.Args[0], 4096)
	switch {
	case e != 0:
		return spot{}, e
	case name == "":
		return spot{}, unix.EINVAL
	}
	return id.place(c, name, -1, 1, true)
}

// bind is mount with MS_BIND. What is mounted below the source is hidden there
// for a reason, so it comes along or nothing does, as with locked mounts.
func (id *identity) bind(c *tracer.Call, at *spot, recursive bool) unix.Errno {
	from, e := id.source(c)
	if e != 0 {
		return e
	}
	t, e := id.copyTree(&from, recursive)
	if e != 0 {
		return e
	}
	return id.attach(c, t, at)
}

// copyTree copies what is shown at a place.
func (id *identity) copyTree(from *spot, recursive bool) (*fsview.Tree, unix.Errno) {
	v := id.h.view
	if v.MountAt(from.guest) != from.mount || !recursive && v.HasLocked(from.guest) {
		return nil, unix.EINVAL
	}
	return v.Tree(from.guest, fsview.Handle(from.fd), recursive)
}

// attach mounts a tree at a place, or gives it up.
func (id *identity) attach(c *tracer.Call, t *fsview.Tree, at *spot) unix.Errno {
	v := id.h.view
	e := unix.EINVAL
	switch {
	case v.MountAt(at.guest) != at.mount:
	case at.guest == "/"+strings.TrimPrefix(id.h.rootOf(c.Task), "/"):
		e = unix.EBUSY // nobody would see it
	case at.missing:
		e = v.AttachMissing(t, at.guest)
	default:
		e = v.Attach(t, at.guest, at.dir)
	}
	if e != 0 {
		t.Close()
		return e
	}
	id.h.remap()
	return 0
}

// move is mount with MS_MOVE.
func (id *identity) move(c *tracer.Call, at *spot) unix.Errno {
	from, e := id.source(c)
	if e != 0 {
		return e
	}
	return id.moveTo(c, &from, at)
}

// moveTo moves a mount of the view.
func (id *identity) moveTo(c *tracer.Call, from, at *spot) unix.Errno {
	m, v := from.mount, id.h.view
	switch {
	case v.MountAt(from.guest) != m, v.MountAt(at.guest) != at.mount, !from.isRoot(), m.Parent() == nil, m.Locked, m.IsDir() != at.dir:
		return unix.EINVAL
	case at.mount.On(m):
		return unix.ELOOP
	case at.guest == "/"+strings.TrimPrefix(id.h.rootOf(c.Task), "/"):
		return unix.EBUSY
	}
	old := from.guest
	if e := v.Attach(v.Take(m), at.guest, at.dir); e != 0 {
		return e
	}
	id.h.remap()
	id.moved(func(g string) string {
		if isBelow(g, old) {
			return at.guest + g[len(old):]
		}
		return g
	})
	return 0
}

// moved brings the guest paths that are remembered for the tasks of the
// namespace at hand up to date.
func (id *identity) moved(to func(string) string) {
	n := id.h.mntNS
	seen := map[*cwd]bool{}
	id.h.tr.Each(func(t *tracer.Task) {
		p := proc(t)
		if p == nil || p.mnt != n {
			return
		}
		for fd, g := range p.fds {
			p.fds[fd] = to(g)
		}
		c, ok := t.FS.Data.(*cwd)
		if !ok || seen[c] {
			return
		}
		seen[c] = true
		if c.hint == "" && c.valid {
			c.hint = c.base.Guest
		}
		if c.hint != "" {
			c.hint = to(c.hint)
		}
		c.drop(id.h)
		if c.root != "" {
			c.root = strings.TrimSuffix(to(c.root), "/")
		}
	})
}

// isBelow reports whether the canonical path p is dir or lies below it.
func isBelow(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}
