package sandbox

import (
	"cmp"
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// openHow is struct open_how as the kernel lays it out.
type openHow struct{ flags, mode, resolve uint64 }

// resolveCached is RESOLVE_CACHED (Linux 5.12).
const resolveCached = 0x20

const openHowSize = 24

// scoped are the openat2 flags that say where a walk may go.
const scoped = unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT

// open serves open, openat, openat2 and creat.
func (h *handler) open(c *tracer.Call) {
	p := &c.Ent.Paths[0]
	how, e := h.howOf(c)
	if e == 0 {
		e = badFlags(c, &how)
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	raw, e := c.Path(int(p.Arg), 0)
	if e == 0 && len(raw) == 0 {
		e = unix.ENOENT
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	h.openPath(c, p, raw, how)
	// The kernel takes the descriptor before it looks at the path (do_sys_openat2).
	if c.Answered() && c.Value() < 0 && h.fdsFull(c.Task) {
		c.Fail(unix.EMFILE)
	}
}

// openPath decides on an open whose arguments make sense.
func (h *handler) openPath(c *tracer.Call, p *tracer.PathArg, raw []byte, how openHow) {
	q := &h.req
	*q = fsview.Request{Path: str(raw), Caller: c.Task, Root: h.rootOf(c.Task), Resolve: how.resolve, Follow: how.flags&unix.O_NOFOLLOW == 0}
	switch {
	case how.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL:
		q.Op = fsview.Create
	case how.flags&unix.O_CREAT != 0:
		q.Op = fsview.OpenCreate
	}
	if raw[0] == '/' && how.resolve&unix.RESOLVE_BENEATH != 0 {
		c.Fail(unix.EXDEV) // before the descriptor is looked at
		return
	}
	if raw[0] != '/' || how.resolve&scoped != 0 {
		b, keep, e := h.baseOf(c, p.Dir, 0)
		if e != 0 {
			c.Fail(e)
			return
		}
		q.Base, h.from = b, b
		defer func() { h.from = nil }()
		if !keep {
			defer h.host.Close(b.Dir)
		}
	}
	r := &h.res[0]
	if e := h.walk(q, r); e != 0 {
		c.Fail(e)
		return
	}
	settled := h.settled(c, q, r)
	pin := r.Magic && how.flags&unix.O_PATH == 0 && h.lock == nil && (h.readOnlyMounts || h.overlays)
	if pin {
		h.pinMagic(r)
		defer func() { h.view.Release(r) }()
	}
	if e := h.mayOpen(c, p, r, how); e != 0 {
		c.Fail(e)
		return
	}
	if e := h.lends(c, r, how.flags); e != 0 {
		c.Fail(e)
		return
	}
	if h.noExecMounts && h.mayMap(c, p, r, how) {
		return // it comes back
	}
	if len(h.ambiguous) > 0 && h.watchDups(c, q, r, how.flags) {
		return
	}
	if h.limited != nil {
		if e, away := h.opens(c, p, r, how); e != 0 {
			c.Fail(e)
			return
		} else if away {
			return
		}
	}
	if h.procOpen(c, r, how) {
		return
	}
	if h.overlays {
		if h.listsOverlay(c, r, how.flags) {
			return
		}
		if e := h.overlayOpen(c, r, &how); e != 0 {
			c.Fail(e)
			return
		}
		setOpenFlags(c, &how)
	}
	if h.id != nil {
		if e := h.id.open(c, p, str(raw), r, &how); e != 0 {
			c.Fail(e)
			return
		}
		if c.Ref(int(p.Arg)) {
			return // led elsewhere
		}
	}
	if c.Ent.Name == "openat2" && (!r.Relative || settled != nil) {
		how.resolve &^= scoped | unix.RESOLVE_NO_XDEV
	}
	if pin && r.Magic {
		h.magicPath(c, r)
	} else if h.noAtime(c, p, r, how.flags) {
		how.flags |= unix.O_NOATIME
		setOpenFlags(c, &how)
	}
	below := h.beneath(c, q, r)
	switch {
	case below == "." && strings.Trim(str(raw), "/") == "":
		// RESOLVE_IN_ROOT: "." would ask for the search permission.
		below = "/"
		how.resolve |= unix.RESOLVE_IN_ROOT
	case below != "":
		how.resolve |= unix.RESOLVE_BENEATH
	}
	arg := h.confine(c, p, r, how)
	switch {
	case r.Relative:
		if settled == nil {
			settled = raw
		}
		c.SetPath(arg, settled)
		h.nameDir(q, r, how.flags)
	case below != "":
		c.SetPath(arg, []byte(below))
	default:
		c.SetPath(arg, r.Host)
	}
	h.noteFD(c, q, r, how.flags)
}

// beneath is what was found as seen from the base of a walk that may not leave
// it, unless another thread may exchange that, or that cannot be reached by its path:
// nobody asks whether it can. It is "" if there is no such way.
func (h *handler) beneath(c *tracer.Call, q *fsview.Request, r *fsview.Resolution) string {
	if q.Base == nil || r.Relative || r.Magic || q.Base.Deleted || unionOf(r) != nil || h.id != nil && q.Resolve&scoped == 0 {
		return ""
	}
	if (q.Resolve&scoped == 0 || c.Task.Shares()) && !shutPath(string(r.Host)) {
		return ""
	}
	base, live := h.host.Path(q.Base.Dir, nil)
	below, ok := strings.CutPrefix(string(r.Host), string(base))
	if !live || !ok || below != "" && below[0] != '/' || strings.Contains(below+"/", "/../") {
		return ""
	}
	if below = strings.TrimLeft(below, "/"); below == "" {
		return "."
	}
	return below
}

// settled is the host path of what the guest's own words name, for a guest with threads
// that may exchange the directory until the kernel looks at it: for another one, where
// the same words name what a mount hides or must not be written to. It is nil where
// nobody can do so, or where the directory cannot be reached by its path.
func (h *handler) settled(c *tracer.Call, q *fsview.Request, r *fsview.Resolution) []byte {
	if !r.Relative || odd(r) || q.Base == nil || !c.Task.Shares() || len(h.view.Mounts()) == 1 && !h.readOnlyMounts {
		return nil
	}
	base, live := h.host.Path(q.Base.Dir, h.fixedName[:0])
	if !live {
		return nil
	}
	if string(base) == "/" {
		base = base[:0]
	}
	defer h.become(c.Task)()
	host := append(append(base, '/'), q.Path...)
	h.fixedName = host
	if len(host) >= unix.PathMax || shutPath(string(host)) {
		return nil
	}
	return host
}

// howOf reads what is asked for, with openat2's own checks of its struct.
func (h *handler) howOf(c *tracer.Call) (how openHow, e unix.Errno) {
	switch c.Ent.Name {
	case "open":
		return openHow{plainFlags(c.Args[1]), c.Args[2], 0}, 0
	case "creat":
		return openHow{unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC, c.Args[1], 0}, 0
	case "openat":
		return openHow{plainFlags(c.Args[2]), c.Args[3], 0}, 0
	}
	size := c.Args[3]
	if size < openHowSize {
		return how, unix.EINVAL
	}
	if size > 4096 {
		return how, unix.E2BIG
	}
	b := make([]byte, size)
	if e := c.Read(c.Args[2], b); e != 0 {
		return how, e
	}
	for _, v := range b[openHowSize:] {
		if v != 0 {
			return how, unix.E2BIG
		}
	}
	how.flags = binary.LittleEndian.Uint64(b[0:])
	how.mode = binary.LittleEndian.Uint64(b[8:])
	how.resolve = binary.LittleEndian.Uint64(b[16:])
	const known = unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_SYMLINKS | scoped | resolveCached
	if how.resolve&^known != 0 || how.resolve&scoped == scoped {
		return how, unix.EINVAL
	}
	if h.openat2 {
		// The kernel judges them before it looks at the path. None is given,
		// so nothing can be opened.
		own := unix.OpenHow{Flags: how.flags, Mode: how.mode, Resolve: how.resolve &^ resolveCached}
		if _, err := unix.Openat2(-1, "", &own); err == unix.EINVAL {
			return how, unix.EINVAL
		}
	}
	if how.resolve&resolveCached != 0 {
		// "Not without sleeping" is always a true answer (openat2(2)).
		return how, unix.EAGAIN
	}
	return how, 0
}

// plainFlags are the flags of open and openat without those that O_PATH makes
// them ignore; openat2 refuses them.
func plainFlags(arg uint64) uint64 {
	flags := uint64(uint32(arg))
	if flags&unix.O_PATH != 0 {
		flags &= pathFlags
	}
	return flags
}

// badFlags asks the kernel about flags that it may refuse before it looks at
// the path: which ones, differs between versions. It would see them only after
// the view had answered for the path. For openat2, howOf has asked.
func badFlags(c *tracer.Call, how *openHow) unix.Errno {
	const dir, tmp = unix.O_CREAT | unix.O_DIRECTORY, unix.O_TMPFILE &^ unix.O_DIRECTORY
	if c.Ent.Name == "openat2" || how.flags&tmp == 0 && how.flags&dir != dir {
		return 0
	}
	_, e := onFD(unix.SYS_OPENAT, noCwd, "", how.flags, how.mode)
	return otherThan(e, unix.ENOENT)
}

// otherThan is e, or 0 if e is what was to be expected.
func otherThan(e, expected unix.Errno) unix.Errno {
	if e == expected {
		return 0
	}
	return e
}

// mayOpen applies the mount's restrictions in the order of the kernel's
// path_openat: permission before EROFS, and EACCES for a device on nodev.
func (h *handler) mayOpen(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, how openHow) unix.Errno {
	slash := r.Slash && how.flags&(unix.O_CREAT|unix.O_DIRECTORY|unix.O_PATH) == unix.O_CREAT
	excl := how.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL
	if r.MountPoint && (slash || excl) && !r.IsRoot {
		n := h.nameOf(c, 0, r)
		defer n.done()
		if e := n.search(); e != 0 {
			return e
		}
	}
	if r.MountPoint && slash {
		return unix.EISDIR
	}
	if r.MountPoint && excl {
		if how.resolve&unix.RESOLVE_NO_XDEV != 0 && !r.IsRoot {
			return unix.EXDEV // it is entered before it is found to exist
		}
		return unix.EEXIST
	}
	m := h.mountOf(c, r)
	if m == nil || m.Flags&(fsview.ReadOnly|fsview.NoDev) == 0 || how.flags&unix.O_PATH != 0 {
		return 0
	}
	write := how.flags&unix.O_ACCMODE != unix.O_RDONLY || how.flags&(unix.O_TRUNC|unix.O_CREAT) != 0 || how.flags&unix.O_TMPFILE == unix.O_TMPFILE
	if m.Flags&fsview.NoDev == 0 && !write {
		return 0
	}
	var st unix.Stat_t
	e := h.stat(c, p, r, &st, true)
	if u := unionOf(r); u != nil && !r.Exists && !r.MountPoint && !odd(r) && how.flags&unix.O_CREAT != 0 {
		if n, _ := u.State(relOf(r)); !n.Visible {
			e = unix.ENOENT // what lies there is a whiteout
		}
	}
	if m.Flags&fsview.NoDev != 0 {
		if e != 0 && e != unix.ENOENT && !slash {
			return e // nothing may be opened that nobody has looked at
		}
		if t := st.Mode & unix.S_IFMT; t == unix.S_IFCHR || t == unix.S_IFBLK {
			return unix.EACCES
		}
	}
	if m.Flags&fsview.ReadOnly == 0 || !write {
		return 0
	}
	if e == unix.ENOENT && how.flags&unix.O_CREAT != 0 && !r.Slash {
		n := h.nameOf(c, 0, r)
		defer n.done()
		if n.gone() {
			return e
		}
		return unix.EROFS
	}
	switch {
	case slash:
		return 0 // EISDIR
	case e != 0:
		return e // as above
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		if how.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL {
			return 0 // EEXIST
		}
		if how.flags&unix.O_DIRECTORY != 0 {
			return 0 // ENOTDIR
		}
		mode := uint32(0)
		switch how.flags & unix.O_ACCMODE {
		case unix.O_WRONLY:
			mode = unix.W_OK
		case unix.O_RDWR:
			mode = unix.R_OK | unix.W_OK
		default:
			if how.flags&unix.O_TRUNC == 0 {
				return 0 // an existing file, opened for reading
			}
		}
		if how.flags&unix.O_TRUNC != 0 {
			return unix.EROFS // before permission is looked at (do_open)
		}
		return cmp.Or(h.access(c, p, r, mode, unix.AT_EACCESS), unix.EROFS)
	case unix.S_IFDIR:
		if how.flags&unix.O_TMPFILE == unix.O_TMPFILE {
			return unix.EROFS
		}
	}
	return 0 // EISDIR and ELOOP by the kernel; FIFOs and devices are writable
}

// noAtime reports whether an open on a noatime mount is to leave the time of
// access alone. The kernel lets the owner ask for that (open(2)); what somebody
// else owns is read as the host's mount has it.
func (h *handler) noAtime(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, flags uint64) bool {
	m := h.mountOf(c, r)
	if m == nil || m.Flags&fsview.NoAtime == 0 || flags&unix.O_PATH != 0 || flags&unix.O_ACCMODE == unix.O_WRONLY {
		return false
	}
	me := uint32(unix.Geteuid())
	if me == 0 && h.id == nil && h.fsuid(c.Task) != 0 {
		return false // the guest of root has become somebody else
	}
	var st unix.Stat_t
	if e := h.stat(c, p, r, &st, true); e != 0 {
		return e == unix.ENOENT && flags&unix.O_CREAT != 0 // its own, in a moment
	}
	kind := st.Mode & unix.S_IFMT
	return (kind == unix.S_IFREG || kind == unix.S_IFDIR) && (me == 0 || me == st.Uid)
}

// fsuid is the user that the kernel takes a task for when it opens files.
func (h *handler) fsuid(t *tracer.Task) int {
	b, e := h.readFile(h.at(t.Tid, "status"))
	if e != 0 {
		return -1
	}
	_, s, _ := strings.Cut(string(b), "\nUid:")
	s, _, _ = strings.Cut(s, "\n")
	f := strings.Fields(s)
	if len(f) != 4 {
		return -1
	}
	n, err := strconv.Atoi(f[3])
	if err != nil {
		return -1
	}
	return n
}
