package sandbox

import (
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// cwdCall serves chdir, fchdir and getcwd. The kernel really changes the
// directory: what it keeps relative to it stays right by itself.
func (h *handler) cwdCall(c *tracer.Call) {
	switch c.Ent.Name {
	case "getcwd":
		h.getcwd(c)
	case "fchdir":
		h.fchdir(c)
	case "chdir":
		h.chdir(c)
	default:
		c.Fail(unix.EPERM)
	}
}

func (h *handler) fchdir(c *tracer.Call) {
	w := cwdOf(c.Task)
	old := w.hint
	if w.valid && w.base.Guest != "" {
		old = w.base.Guest
	}
	hint := h.fdHint(c.Task, int(int32(c.Args[0])))
	h.chdirStarts(c.Task, hint)
	if len(h.ambiguous) > 0 && hint != old {
		// The directory may be the same, by another name: then only the
		// result tells which one it has.
		c.Watch(func(r *tracer.Result) {
			if r.Val != 0 && w.hint == hint {
				w.hint = old
			}
		})
	}
}

// rooted is a guest path as a task with a root directory of its own sees it.
func (h *handler) rooted(t *tracer.Task, guest string) string {
	root := h.rootOf(t)
	if rest, ok := strings.CutPrefix(guest, root); ok && root != "" {
		if rest == "" {
			return "/"
		}
		if rest[0] == '/' {
			return rest
		}
	}
	if root != "" {
		return "(unreachable)" + guest
	}
	return guest
}

func (h *handler) chdir(c *tracer.Call) {
	raw, e := c.Path(0, 0)
	if e != 0 {
		c.Fail(e)
		return
	}
	h.hold = true
	r, e := h.resolve(c, str(raw), -1, 0, fsview.Lookup, true, false)
	h.hold = false
	if e != 0 {
		c.Fail(e)
		return
	}
	if h.id != nil {
		if e := h.id.search(c, r); e != 0 {
			h.view.Release(r)
			c.Fail(e)
			return
		}
	}
	if e := mergedDirectory(r, unix.X_OK); e != 0 {
		h.view.Release(r)
		c.Fail(e)
		return
	}
	if e := h.lends(c, r, 0); e != 0 {
		h.view.Release(r)
		c.Fail(e)
		return
	}
	h.chdirChecked(c, r)
	if c.Answered() {
		return
	}
	if !r.Relative {
		host := string(r.Host)
		if raw[0] != '/' && unionOf(r) == nil && shutPath(host) {
			// Where it leads is looked at afterwards in any case.
			if b, keep, e := h.baseCwd(c.Task, 0); e == 0 {
				if rel, ok := h.fromBase(b, host); ok {
					host = rel
				}
				if !keep {
					h.host.Close(b.Dir)
				}
			}
		}
		c.SetPath(0, []byte(host))
		guest, _ := h.meant(r)
		h.chdirStarts(c.Task, strings.Clone(guest))
		return
	}
	c.SetPath(0, raw)
	hint := ""
	if b, keep, e := h.baseCwd(c.Task, 0); e == 0 {
		if guest, ok := h.view.GuestOf(b); ok && !b.Deleted {
			hint = path.Join(guest, string(raw)) // no "..", no symlink
		} else if !ok {
			hint = b.Guest // too deep to have a path: it is in the same mount
		}
		if !keep {
			h.host.Close(b.Dir)
		}
	}
	h.chdirStarts(c.Task, hint)
}

// getcwd answers with the guest's path. As in the kernel (fs/d_path.c), the
// result counts the NUL, ERANGE means that it does not fit, and a removed
// directory has no path.
func (h *handler) getcwd(c *tracer.Call) {
	b, keep, e := h.baseCwd(c.Task, 0)
	if e != 0 {
		c.Fail(e)
		return
	}
	guest, ok := h.view.GuestOf(b)
	deleted := b.Deleted
	if at, found := placeOf(b.Dir); found && ok && !deleted && len(h.ambiguous) == 0 {
		h.tr.NoteDir(at.ino, guest)
	}
	if !keep {
		h.host.Close(b.Dir)
	}
	switch {
	case deleted:
		c.Fail(unix.ENOENT)
		return
	case !ok:
		if _, e := h.readProc(h.at(c.Task.Tid, "cwd")); e == unix.ENAMETOOLONG {
			c.Fail(e)
			return
		}
		guest = "(unreachable)/"
	default:
		guest = h.rooted(c.Task, guest)
	}
	if len(guest) >= 4096 {
		c.Fail(unix.ENAMETOOLONG) // it must fit into a page
		return
	}
	if uint64(len(guest)+1) > c.Args[1] {
		c.Fail(unix.ERANGE)
		return
	}
	if e := c.Write(c.Args[0], append([]byte(guest), 0)); e != 0 {
		c.Fail(e)
		return
	}
	c.Return(int64(len(guest) + 1))
}

// readlink serves readlink and readlinkat.
func (h *handler) readlink(c *tracer.Call) {
	p := &c.Ent.Paths[0]
	buf, size := c.Args[p.Arg+1], int(int32(c.Args[p.Arg+2]))
	if size <= 0 {
		c.Fail(unix.EINVAL)
		return
	}
	raw, e := c.Path(int(p.Arg), 0)
	if e != 0 {
		c.Fail(e)
		return
	}
	if len(raw) == 0 {
		if p.Dir < 0 {
			c.Fail(unix.ENOENT)
			return
		}
		if rel, ok := h.openedLink(c.Task, int(int32(c.Args[p.Dir]))); ok && h.readMagic(c, rel, buf, size) {
			return
		}
		c.SetPath(int(p.Arg), nil)
		return
	}
	h.hold = h.pinned
	r, e := h.resolve(c, str(raw), p.Dir, 0, fsview.Lookup, false, false)
	h.hold = false
	if e != 0 {
		c.Fail(e)
		return
	}
	defer h.view.Release(r)
	if m := r.Mount; m != nil && m.Kind == fsview.Proc && r.Guest != "" && !r.Slash {
		rel := strings.TrimPrefix(strings.TrimPrefix(r.Guest, m.Target), "/")
		if h.readMagic(c, rel, buf, size) {
			return
		}
	}
	if r.Held != fsview.NoHandle {
		h.readHeld(c, int(r.Held), buf, size)
		return
	}
	h.setPath(c, p, raw, r)
}

// readMagic answers a readlink of the procfs symlink rel; false means that it is
// an ordinary one.
func (h *handler) readMagic(c *tracer.Call, rel string, buf uint64, size int) bool {
	text, e, ok := h.linkText(c.Task, rel)
	if !ok {
		return false
	}
	if e == 0 {
		text = text[:min(len(text), size)]
		e = c.Write(buf, []byte(text))
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(int64(len(text)))
	return true
}

// openedLink says which symlink of procfs a descriptor is of, if it is of one.
func (h *handler) openedLink(t *tracer.Task, fd int) (rel string, ok bool) {
	link := h.at(t.Tid, "fd/"+strconv.Itoa(fd))
	var st unix.Stat_t
	if fd < 0 || len(h.below) == 0 || unix.Fstatat(h.proc, link, &st, 0) != nil || st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return "", false
	}
	text, e := h.readProc(link)
	if e != 0 {
		return "", false
	}
	guest, ok := h.view.Guest(text)
	if !ok {
		return "", false
	}
	m := h.view.MountAt(guest)
	return m.Rel(guest), m.Kind == fsview.Proc
}

// magic is a symlink of procfs taken apart.
type magic struct {
	pid  int
	what string // "exe", "cwd", "root", "fd", "map_files", "ns"
	rest string // what follows: the descriptor's number
}

// parseMagic recognises PID/what and PID/task/TID/what.
func parseMagic(rel string) (m magic, ok bool) {
	s, rest, ok := strings.Cut(rel, "/")
	if !ok {
		return m, false
	}
	if m.pid, ok = number(s); !ok {
		return m, false
	}
	if tid, after, isTask := strings.Cut(strings.TrimPrefix(rest, "task/"), "/"); isTask && strings.HasPrefix(rest, "task/") {
		if m.pid, ok = number(tid); !ok {
			return m, false
		}
		rest = after
	}
	m.what, m.rest, _ = strings.Cut(rest, "/")
	switch m.what {
	case "exe", "cwd", "root":
		return m, m.rest == ""
	case "fd", "map_files", "ns":
		return m, m.rest != "" && !strings.Contains(m.rest, "/")
	}
	return m, false
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0
}

// Link implements fsview.Links.
func (h *handler) Link(caller any, rel string) fsview.Link {
	defer h.asRoot()()
	t, _ := caller.(*tracer.Task)
	switch rel {
	case "self", "thread-self":
		if t == nil {
			// ptbox explain: nobody in particular.
			return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.ENOENT}
		}
		if rel == "self" {
			return fsview.Link{Body: strconv.Itoa(t.Tgid())}
		}
		return fsview.Link{Body: strconv.Itoa(t.Tgid()) + "/task/" + strconv.Itoa(t.Tid)}
	}
	m, ok := parseMagic(rel)
	if !ok {
		return fsview.Link{}
	}
	if h.tr == nil || !h.knows(m.pid) {
		// A process outside the sandbox: its links lead out of the view.
		return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.ENOENT}
	}
	if h.ownFD(m) {
		return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.ENOENT}
	}
	if m.what == "root" {
		o := h.tr.Task(m.pid)
		if proc(o).mnt != h.mntNS {
			// A walk stays in one view.
			return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.EACCES}
		}
		return fsview.Link{Kind: fsview.LinkJump, Body: "/" + strings.TrimPrefix(h.rootOf(o), "/")}
	}
	if exe := h.exeOf(m); exe != "" {
		return fsview.Link{Kind: fsview.LinkJump, Body: exe}
	}
	text, err := h.readProc(rel)
	if err != 0 {
		return fsview.Link{Kind: fsview.LinkDenied, Errno: err}
	}
	// The last component is the kernel's to follow: it leads to the very
	// object, renamed, deleted or without a name. On the way it is the
	// object's place in the view that counts.
	l := fsview.Link{Kind: fsview.LinkOpaque}
	var st unix.Stat_t
	if m.what == "fd" && unix.Fstatat(h.proc, rel, &st, 0) == nil && st.Mode&unix.S_IFMT == unix.S_IFLNK {
		return l // a symlink that was opened itself is not followed
	}
	if guest, ok := h.hintedText(rel, text); ok {
		if h.view.HiddenProcess(guest) {
			return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.ENOENT}
		}
		if m.what != "fd" || st.Mode == 0 || st.Mode&unix.S_IFMT == unix.S_IFDIR {
			l.Body = guest // nothing lies below anything else: ENOTDIR
		}
	}
	return l
}

// exeOf is the guest path of a program that the stub program started.
func (h *handler) exeOf(m magic) string {
	if m.what != "exe" {
		return ""
	}
	if t := h.tr.Task(m.pid); t != nil {
		if i := proc(t).image; i != nil {
			return i.exe
		}
	}
	return ""
}

// linkText is what readlink shows for the procfs symlink rel; ok is false for
// an ordinary one.
func (h *handler) linkText(t *tracer.Task, rel string) (text string, e unix.Errno, ok bool) {
	switch rel {
	case "self", "thread-self":
		return h.Link(t, rel).Body, 0, true
	}
	m, ok := parseMagic(rel)
	if !ok {
		return "", 0, false
	}
	if !h.knows(m.pid) || h.ownFD(m) {
		return "", unix.ENOENT, true
	}
	if m.what == "root" {
		return h.rooted(t, "/"+strings.TrimPrefix(h.rootOf(h.tr.Task(m.pid)), "/")), 0, true
	}
	if exe := h.exeOf(m); exe != "" {
		return h.rooted(t, exe), 0, true
	}
	if h.id != nil {
		n, e, ok := h.id.nsLink(rel)
		switch {
		case ok && e != 0:
			return "", e, true
		case ok && n.number != 0:
			return n.text(), 0, true
		}
	}
	text, e = h.readProc(rel)
	if e != 0 {
		return "", e, true
	}
	if name, ok := nsName(text); ok {
		return name, 0, true
	}
	h.inNS(m.pid, func() {
		guest, ok := h.magicHint(rel, text), true
		if guest == "" {
			guest, ok = h.magicText(text)
			if ok && h.overlays && h.hidden(text, guest, rel) {
				guest += " (deleted)"
			}
		}
		if ok {
			text = h.rooted(t, guest)
		}
	})
	return text, 0, true
}

// magicGuest is the guest path of the object behind the procfs symlink rel. A
// path by which a descriptor was opened goes before others that show the same.
func (h *handler) magicGuest(rel string) (string, bool) {
	text, e := h.readProc(rel)
	if e != 0 {
		return "", false
	}
	return h.hintedText(rel, text)
}

// hintedText is guestText for the body of the procfs symlink rel.
func (h *handler) hintedText(rel, text string) (string, bool) {
	if hint := h.magicHint(rel, text); hint != "" {
		return hint, true
	}
	return h.guestText(text)
}

// magicHint is the path by which the object of a magic link was opened, if that
// is known and still shows what the link's body says.
func (h *handler) magicHint(rel, text string) string {
	m, ok := parseMagic(rel)
	if !ok {
		return ""
	}
	t := h.tr.Task(m.pid)
	if t == nil || proc(t).mnt != h.mntNS {
		return ""
	}
	switch m.what {
	case "fd":
		n, _ := number(m.rest)
		return h.notedAs(t, n, text)
	case "cwd":
		for _, g := range []string{cwdOf(t).hint, cwdOf(t).before} {
			if g != "" && h.view.Shows(g, text) {
				return g
			}
		}
	}
	return ""
}

// guestText maps the body of a magic link.
func (h *handler) guestText(text string) (string, bool) {
	if name, ok := h.textName(text); ok {
		return name, true
	}
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "/memfd:") {
		return "", false
	}
	return h.view.Guest(text)
}

func (h *handler) readProc(rel string) (string, unix.Errno) {
	b := make([]byte, 4096)
	n, err := unix.Readlinkat(h.proc, rel, b)
	if err != nil {
		return "", errno(err)
	}
	return string(b[:n]), 0
}
