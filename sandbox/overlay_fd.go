package sandbox

import (
	"cmp"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// A descriptor that was opened for reading, or for its path only, before its
// file was copied up still names the lower file, and would let a change through
// to it. Such calls are made on the copy, by its path.

// behind is an object of a lower layer behind a descriptor.
type behind struct {
	u    *fsview.Union
	rel  string
	host string
	st   unix.Stat_t
}

// lowerBehind returns what the host path of a descriptor or magic link leads
// to, if that is an object of a lower layer.
func (h *handler) lowerBehind(text, link string) (b behind, ok bool) {
	guest, ok := h.guestText(strings.TrimSuffix(text, " (deleted)"))
	if !ok {
		return b, false
	}
	m := h.view.MountAt(guest)
	if b.u = m.Union(); b.u == nil || !b.u.Lower(text) {
		return b, false
	}
	b.rel, b.host = m.Rel(guest), text
	return b, unix.Fstatat(h.proc, link, &b.st, 0) == nil
}

// copied finds the copy of the object, where it may have been moved since.
func (b *behind) copied() bool {
	rel, ok := b.u.CopyOf(uint64(b.st.Dev), b.st.Ino)
	if ok {
		b.rel = rel
	}
	return ok
}

// displaced is what the kernel says to the copy of an object that has been
// removed: a whiteout, or something else, is at its place in the upper layer.
func (b *behind) displaced() unix.Errno {
	var st unix.Stat_t
	if unix.Lstat(b.u.UpperPath(b.rel), &st) == nil {
		return unix.EEXIST
	}
	return unix.EROFS
}

// lift finds or makes the copy of a lower object, for the attribute change c.
func (h *handler) lift(c *tracer.Call, b *behind) (host string, e unix.Errno) {
	if !b.u.Writable() {
		return "", unix.EROFS
	}
	if b.copied() {
		return b.u.UpperPath(b.rel), 0
	}
	if !b.u.Shows(b.rel, uint64(b.st.Dev), b.st.Ino) {
		return "", b.displaced()
	}
	if b.st.Mode&unix.S_IFMT != unix.S_IFDIR || b.u.Lower(b.host) {
		if e := h.copyUpFor(c, b.u, b.rel, b.host); e != 0 {
			return "", e
		}
	}
	return b.u.UpperPath(b.rel), 0
}

// byPath are the calls by path that do what those by descriptor do, with the
// same arguments otherwise.
var byPath = map[string]int{
	"fchmod": unix.SYS_CHMOD, "fchown": unix.SYS_CHOWN,
	"fsetxattr": unix.SYS_SETXATTR, "fremovexattr": unix.SYS_REMOVEXATTR,
}

// overlayFD makes a change through the descriptor fd on the upper layer. arg is
// the path argument of an AT_EMPTY_PATH call, or -1.
func (h *handler) overlayFD(c *tracer.Call, fd, arg int) {
	text, e := h.fdPath(c.Task, fd)
	if e != 0 {
		return // EBADF by the kernel
	}
	if arg >= 0 && c.Args[arg] == 0 && fd != atFDCWD && !emptyMeansFD(c, &c.Ent.Paths[0]) && h.opensPath(c.Task, fd) {
		return // the same: utimensat without a path wants an open file
	}
	link := h.at(c.Task.Tid, "cwd")
	if fd != atFDCWD {
		link = h.at(c.Task.Tid, "fd/"+itoa(fd))
	}
	b, ok := h.lowerBehind(text, link)
	if !ok {
		return
	}
	nr, known := byPath[c.Ent.Name]
	if arg < 0 && !known {
		c.Fail(unix.EROFS)
		return
	}
	host, e := h.lift(c, &b)
	if e != 0 {
		c.Fail(e)
		return
	}
	if arg >= 0 {
		c.SetPath(arg, []byte(host))
		if f := c.Ent.Paths[0].Flags; f >= 0 {
			c.SetArg(int(f), c.Args[f]|unix.AT_SYMLINK_NOFOLLOW)
		}
		return
	}
	c.SetNr(nr)
	c.SetPath(0, []byte(host))
}

// magicTarget is the lower object that a magic link leads to, if it does.
func (h *handler) magicTarget(r *fsview.Resolution) (b behind, ok bool) {
	rel := r.Mount.Rel(r.Guest)
	if r.Held != fsview.NoHandle {
		rel = "self/fd/" + itoa(int(r.Held))
	}
	text, e := h.readProc(rel)
	if e != 0 {
		return b, false
	}
	return h.lowerBehind(text, rel)
}

// magicWrite is a change of attributes through /proc/PID/fd/N.
func (h *handler) magicWrite(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) {
	b, ok := h.magicTarget(r)
	if !ok {
		return
	}
	host, e := h.lift(c, &b)
	if e != 0 {
		c.Fail(e)
		return
	}
	c.SetPath(int(p.Arg), []byte(host))
}

// magicOpen opens a lower file anew for writing, through /proc/PID/fd/N.
func (h *handler) magicOpen(c *tracer.Call, r *fsview.Resolution, how *openHow) unix.Errno {
	b, ok := h.magicTarget(r)
	if !ok {
		return 0
	}
	switch {
	case !b.u.Writable():
		return unix.EROFS
	case b.copied():
		r.Host, r.Magic = append(r.Host[:0], b.u.UpperPath(b.rel)...), false
		return 0
	case !b.u.Shows(b.rel, uint64(b.st.Dev), b.st.Ino):
		return b.displaced()
	}
	lower := fsview.Resolution{Host: []byte(b.host), Mode: b.st.Mode, Lower: true}
	var e unix.Errno
	if how.flags&unix.O_TMPFILE == unix.O_TMPFILE {
		e = unnamedIn(b.u, b.rel, &lower)
	} else {
		e = h.openLower(b.u, b.rel, &lower, how)
	}
	if e != 0 {
		return e
	}
	r.Host, r.Magic = append(r.Host[:0], lower.Host...), false
	return 0
}

// magicLink is linkat(2) with AT_SYMLINK_FOLLOW of /proc/PID/fd/N, or with
// AT_EMPTY_PATH if from is nil, which gives a temporary file its name. A lower
// file must not get one, in the overlay or elsewhere: what is written to it
// there would be written to the layer. Its copy gets it.
func (h *handler) magicLink(c *tracer.Call, from, to *fsview.Resolution, u *fsview.Union) {
	fd := int(int32(c.Args[0]))
	link := h.at(c.Task.Tid, "fd/"+itoa(fd))
	if from != nil {
		link = from.Mount.Rel(from.Guest)
	}
	if from != nil && from.Slash {
		var st unix.Stat_t
		if e := h.stat(c, &c.Ent.Paths[0], from, &st, true); e != 0 {
			c.Fail(e) // before the new name is looked at
			return
		}
	}
	src := "/proc/" + link
	flags := unix.AT_SYMLINK_FOLLOW
	text, e := h.readProc(link)
	var b behind
	lower := false
	if e == 0 {
		b, lower = h.lowerBehind(text, link)
	}
	if lower && b.u != u {
		c.Fail(unix.EXDEV)
		return
	}
	if u == nil {
		return
	}
	rel := relOf(to)
	if n, e := u.State(rel); e == 0 && !n.Visible && to.Slash {
		c.Fail(unix.ENOENT)
		return
	}
	if n, e := u.State(rel); e == 0 && !n.Visible && !lower && u.Writable() && !h.onUpper(u, link) {
		c.Fail(unix.EXDEV) // no parent is copied up for that
		return
	}
	if dev := uint64(b.st.Dev); lower && u.Writable() && !b.copied() && !u.Shows(b.rel, dev, b.st.Ino) {
		_, e := u.MayMake(rel)
		c.Fail(cmp.Or(e, unix.ENOENT)) // it has no name that another could be made of
		return
	}
	n, e := u.Ready(rel) // before the copy: nothing is copied for a name that is taken
	if e != 0 {
		c.Fail(e)
		return
	}
	if lower {
		if src, e = h.lift(c, &b); e != 0 {
			c.Fail(e)
			return
		}
		flags = 0
		c.SetPath(1, []byte(src))
		c.SetArg(4, 0)
	}
	if n.Whiteout {
		h.reply(c, u.Make(rel, func(at int, name string) unix.Errno {
			return errno(unix.Linkat(unix.AT_FDCWD, src, at, name, flags))
		}))
	}
}

// onUpper says whether a magic link leads to an object of the file system that the
// upper layer is on.
func (h *handler) onUpper(u *fsview.Union, link string) bool {
	var st, upper unix.Stat_t
	return unix.Fstatat(h.proc, link, &st, 0) != nil || unix.Stat(u.UpperPath(""), &upper) != nil || st.Dev == upper.Dev
}

// hidden says whether the object of the lower layer that a magic link leads to
// is not at its place in the view any more, as if it had been deleted.
func (h *handler) hidden(host, guest, link string) bool {
	if !strings.HasPrefix(guest, "/") {
		return false
	}
	m := h.view.MountAt(guest)
	u := m.Union()
	if u == nil || !u.Lower(host) {
		return false
	}
	var st unix.Stat_t
	if unix.Fstatat(h.proc, link, &st, 0) != nil {
		return false
	}
	rel, dev := m.Rel(guest), uint64(st.Dev)
	at, copied := u.CopyOf(dev, st.Ino)
	return !u.Shows(rel, dev, st.Ino) && (!copied || at != rel)
}

// lifted prepares an object for the emulated identity, which changes it itself:
// it must be in the upper layer for that.
func (h *handler) lifted(c *tracer.Call, o *object, r *fsview.Resolution) unix.Errno {
	if r.Magic && c.Ent.Writes {
		b, ok := h.magicTarget(r)
		if !ok {
			return 0
		}
		host, e := h.lift(c, &b)
		r.Host, r.Magic = append(r.Host[:0], host...), false
		return e
	}
	u := unionOf(r)
	if u == nil {
		return 0
	}
	rel := relOf(r)
	if r.Merged {
		if _, st, ok := u.Identity(rel); ok {
			o.as = &st
		}
	}
	if !r.Lower || !c.Ent.Writes {
		return 0
	}
	if e := u.CopyUp(rel, true); e != 0 {
		return e
	}
	h.view.Release(r)
	r.Host, r.Lower = append(r.Host[:0], u.UpperPath(rel)...), false
	return 0
}

// liftedFD is lifted for a descriptor; ok is false if that does not name a
// lower object.
func (h *handler) liftedFD(c *tracer.Call, fd int) (host string, ok bool, e unix.Errno) {
	if !h.overlays || !c.Ent.Writes {
		return "", false, 0
	}
	text, e := h.fdPath(c.Task, fd)
	if e != 0 {
		return "", false, 0
	}
	link := h.at(c.Task.Tid, "cwd")
	if fd != atFDCWD {
		link = h.at(c.Task.Tid, "fd/"+itoa(fd))
	}
	b, ok := h.lowerBehind(text, link)
	if !ok {
		return "", false, 0
	}
	host, e = h.lift(c, &b)
	return host, true, e
}

// holdUpper makes the held parent of a new name that of the upper layer.
func holdUpper(r *fsview.Resolution, u *fsview.Union) unix.Errno {
	if !u.Writable() {
		return 0
	}
	dir := path.Dir("/" + relOf(r))[1:]
	if e := u.CopyUp(dir, true); e != 0 {
		return e
	}
	fd, err := unix.Open(u.UpperPath(dir), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	if r.Held != fsview.NoHandle {
		unix.Close(int(r.Held))
	}
	r.Held = fsview.Handle(fd)
	return 0
}

// mayName is what the emulated user may do to the names of a directory of an
// overlay: the tracer itself makes and removes some of them.
func (id *identity) mayName(c *tracer.Call, r *fsview.Resolution, u *fsview.Union) unix.Errno {
	if r.Held == fsview.NoHandle {
		return 0
	}
	if n, e := u.State(relOf(r)); e != 0 || n.Visible && c.Ent.Class == tracer.ClassOpen {
		return e // EEXIST
	} else if !n.Visible && c.Ent.Class != tracer.ClassOpen && c.Ent.Paths[0].Op == tracer.OpDelete {
		return unix.ENOENT
	}
	var dir object
	if e := id.use(&dir, int(r.Held)); e != 0 {
		return e
	}
	return id.permit(c.Task, &dir, unix.W_OK|unix.X_OK)
}
