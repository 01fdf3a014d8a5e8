package sandbox

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// cwd is the cached current directory of the tasks that share an fs_struct.
// The handle names the directory itself, so it stays right when the directory
// is renamed or removed; only chdir and fchdir change it. Both stop, unless
// handler.roams: then what is kept is compared with what is.
type cwd struct {
	base  fsview.Base
	valid bool
	at    place
	// version is that of the view when base was made.
	version int
	// pending are the tasks that were let into a chdir and have not stopped
	// since: whether and when it happens is not known, so nothing is cached.
	pending []*tracer.Task
	// hint is the guest path by which the last chdir named the directory.
	// Where one host directory stands at two places of the view, it says
	// which one was meant; the view checks it.
	hint string
	// before is the hint of the chdir before that one, which may have failed.
	before string
	// root is the guest path of the root directory after a chroot, else "".
	root string
}

func (c *cwd) drop(h *handler) {
	if c.valid {
		h.host.Close(c.base.Dir)
		c.valid = false
	}
}

func cwdOf(t *tracer.Task) *cwd {
	if c, ok := t.FS.Data.(*cwd); ok {
		return c
	}
	c := &cwd{}
	t.FS.Data = c
	return c
}

// inheritCwd hands the name of the current directory on to a child that has an
// fs_struct of its own.
func (h *handler) inheritCwd(parent, child *tracer.Task) {
	if parent == nil {
		child.FS.Data = &cwd{hint: h.startDir}
		return
	}
	if parent.FS == nil || parent.FS == child.FS {
		return
	}
	p := cwdOf(parent)
	c := &cwd{hint: p.hint, before: p.before}
	if p.valid && p.base.Guest != "" {
		c.hint, c.before = p.base.Guest, ""
	}
	child.FS.Data = c
}

// chdirStarts notes that t may be about to change its directory.
func (h *handler) chdirStarts(t *tracer.Task, guest string) {
	c := cwdOf(t)
	c.drop(h)
	if c.hint != "" && h.arrived(t, c) {
		c.before = c.hint
	}
	c.hint = guest
	c.pending = append(c.pending, t)
	h.chdirs++
}

// arrived says whether the last chdir has succeeded, as far as it matters.
func (h *handler) arrived(t *tracer.Task, c *cwd) bool {
	if len(h.ambiguous) == 0 || c.before == "" {
		return true
	}
	text, e := h.readProc(h.at(t.Tid, "cwd"))
	return e != 0 || h.view.Shows(c.hint, text)
}

// chdirDone notes that t has stopped again, so that its chdir is over.
func (h *handler) chdirDone(t *tracer.Task) {
	if h.chdirs == 0 || t.FS == nil {
		return
	}
	c, ok := t.FS.Data.(*cwd)
	if !ok {
		return
	}
	for i, p := range c.pending {
		if p == t {
			c.pending = append(c.pending[:i], c.pending[i+1:]...)
			h.chdirs--
			c.drop(h)
			return
		}
	}
}

const atFDCWD = unix.AT_FDCWD

// baseOf returns the directory that a relative path at argument dir (or the
// current directory, if dir is negative) starts from. keep says that the
// handle is cached; otherwise the caller closes it.
func (h *handler) baseOf(c *tracer.Call, dir int8, n int) (b *fsview.Base, keep bool, e unix.Errno) {
	fd := atFDCWD
	if dir >= 0 {
		fd = int(int32(c.Args[dir]))
	}
	return h.baseFD(c.Task, fd, n)
}

func (h *handler) baseFD(t *tracer.Task, fd, n int) (b *fsview.Base, keep bool, e unix.Errno) {
	if fd == atFDCWD {
		return h.baseCwd(t, n)
	}
	if fd < 0 {
		return nil, false, unix.EBADF
	}
	d, e := h.openProc(t.Tid, "fd/"+strconv.Itoa(fd), 0)
	if e != 0 {
		return nil, false, unix.EBADF
	}
	st, e := h.host.Stat(d)
	if e != 0 || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		h.host.Close(d)
		return nil, false, unix.ENOTDIR
	}
	h.base[n] = fsview.Base{Dir: d, Guest: h.noted(t, fd)}
	return &h.base[n], false, 0
}

// fdHint is the guest path of a task's directory descriptor, if it is known.
func (h *handler) fdHint(t *tracer.Task, fd int) string {
	if len(h.noters) == 0 {
		return ""
	}
	b, _, e := h.baseFD(t, fd, 0)
	if e != 0 {
		return ""
	}
	defer h.host.Close(b.Dir)
	if guest, ok := h.view.GuestOf(b); ok {
		return guest
	}
	return b.Guest // too deep to have a path: it is in that mount
}

func (h *handler) baseCwd(t *tracer.Task, n int) (b *fsview.Base, keep bool, e unix.Errno) {
	c := cwdOf(t)
	if c.valid && (c.version != h.version || h.roams && h.cwdPlace(t) != c.at) {
		c.drop(h)
	}
	if c.valid {
		return &c.base, true, 0
	}
	d, e := h.openProc(t.Tid, "cwd", unix.O_DIRECTORY)
	if e != 0 {
		return nil, false, unix.ENOENT
	}
	base := fsview.Base{Dir: d, Guest: c.hint}
	if c.before != "" && len(h.ambiguous) > 0 {
		if text, e := h.readProc(h.at(t.Tid, "cwd")); e == 0 && !h.view.Shows(c.hint, text) && h.view.Shows(c.before, text) {
			base.Guest = c.before
		}
	}
	if len(c.pending) > 0 {
		// Nobody knows yet which of the two it is; a place outside is one
		// that chdirChecked has not seen yet.
		if h.view.MountOf(&base) == nil && !base.Deleted {
			h.host.Close(d)
			return nil, false, unix.ENOENT
		}
		h.base[n] = base
		return &h.base[n], false, 0
	}
	if h.roams {
		var ok bool
		if c.at, ok = placeOf(d); !ok {
			h.host.Close(d)
			return nil, false, unix.ENOENT
		}
	}
	c.base, c.valid, c.version = base, true, h.version
	return &c.base, true, 0
}

// place tells a directory from every other, and by which mount of the host it
// was reached.
type place struct {
	ino, mnt     uint64
	major, minor uint32
}

func statPlace(dir int, name string, flags int) (p place, ok bool) {
	var x unix.Statx_t
	if unix.Statx(dir, name, flags, unix.STATX_INO|unix.STATX_MNT_ID, &x) != nil {
		return p, false
	}
	return place{x.Ino, x.Mnt_id, x.Dev_major, x.Dev_minor}, true
}

func placeOf(d fsview.Handle) (place, bool) { return statPlace(int(d), "", unix.AT_EMPTY_PATH) }

// cwdPlace is where a task is now; the zero place means that nobody knows.
func (h *handler) cwdPlace(t *tracer.Task) place {
	p, _ := statPlace(h.proc, h.at(t.Tid, "cwd"), 0)
	return p
}

// resolve answers where the string path leads for c, with the result in
// h.res[n].
func (h *handler) resolve(c *tracer.Call, path string, dir int8, n int, op fsview.Op, follow, needHost bool) (*fsview.Resolution, unix.Errno) {
	q := &h.req
	*q = fsview.Request{Path: path, Op: op, Follow: follow, NeedHost: needHost, Caller: c.Task, Hold: h.hold, Root: h.rootOf(c.Task)}
	if path == "" || path[0] != '/' {
		b, keep, e := h.baseOf(c, dir, n)
		if e != 0 {
			if path == "" {
				e = unix.ENOENT
			}
			return nil, e
		}
		q.Base = b
		if !keep {
			defer h.host.Close(b.Dir)
		}
	}
	r := &h.res[n]
	e := h.walk(q, r)
	if e == 0 && r.Magic && (h.hold || h.id != nil) && r.Held == fsview.NoHandle {
		h.pinMagic(r)
	}
	return r, e
}

// pinMagic holds what a magic link of procfs leads to: the guest may put
// another descriptor in its place at any time.
func (h *handler) pinMagic(r *fsview.Resolution) {
	if fd, err := unix.Open(string(r.Host), unix.O_PATH|unix.O_CLOEXEC, 0); err == nil {
		r.Held = fsview.Handle(fd)
	}
}

// walk asks the view. With an emulated identity what it finds stays open until
// the call is done with, and a root that is refused on the way gets through.
func (h *handler) walk(q *fsview.Request, r *fsview.Resolution) unix.Errno {
	if h.id == nil {
		if t, ok := q.Caller.(*tracer.Task); ok && h.changed(t) {
			defer h.become(t)()
		}
		return h.view.Resolve(q, r)
	}
	h.view.Release(r)
	if e := h.id.mayWalk(q); e != 0 {
		return e
	}
	q.Hold = true
	e := h.view.Resolve(q, r)
	if e == unix.EACCES && h.id.unlock(q) {
		e = h.view.Resolve(q, r)
	}
	return e
}
