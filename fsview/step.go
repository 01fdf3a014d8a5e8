package fsview

import "golang.org/x/sys/unix"

// maxLoops bounds how often a symlink may vanish between the Open that met it
// and the step that looks for it.
const maxLoops = 3 * maxLinks

// step walks component by component until it has found and followed the
// symlink that an Open met on rest, or until nothing but the last run is left.
// The position is the one at mark.
func (w *walker) step(rest string, mark int) (again bool, e unix.Errno) {
	if w.loops++; w.loops > maxLoops {
		return false, unix.ELOOP
	}
	w.g = w.g[:mark]
	w.r.MountPoint = false
	if w.cur == NoHandle {
		h, e := w.open("", false, mark)
		if e != 0 {
			return false, e
		}
		w.cur, w.own = h, true
	}
	for i := w.leap(rest); ; {
		j := endOfName(rest, i)
		k := skipSlashes(rest, j)
		comp, last, slash := rest[i:j], k == len(rest), k == len(rest) && k > j
		nd := w.node.child(comp)
		w.rest = rest[i:]
		switch {
		case comp == "" || comp == "..", nd != nil && nd.mount != nil:
			return true, 0
		case last && (comp == "." || parentOnly(w.q.Op, comp, slash)):
			return true, 0
		case last && !w.q.Follow && !slash:
			return true, 0
		case comp == ".":
			i = k
			continue
		}
		again, e = w.link(comp, rest[j:], last, slash)
		switch {
		case e == notLink && last, e == unix.ENOENT && last && w.q.Op == OpenCreate:
			return true, 0
		case e != notLink:
			return again, e
		}
		// rest[i:j+1] ends in a slash: this must be a directory.
		h, e := w.openNext(rest[i:j+1], false)
		if e == unix.ELOOP {
			return true, 0 // it has just become a symlink
		}
		if e != 0 {
			return false, e
		}
		w.push(comp)
		w.node = nd
		w.setCur(h, true)
		i = k
	}
}

// leap goes to the directory that the last name of rest is in, in one step, if the
// symlink is likely to be there ("usr/bin/cc"). It returns where to go on.
func (w *walker) leap(rest string) int {
	if w.m.Kind == Proc || w.m.ov != nil {
		return 0
	}
	names, to, nd := 0, 0, w.node
	for i := 0; ; names++ {
		j := endOfName(rest, i)
		k := skipSlashes(rest, j)
		if k == len(rest) {
			break
		}
		comp := rest[i:j]
		nd = nd.child(comp)
		if comp == "." || comp == ".." || nd != nil && nd.mount != nil {
			return 0
		}
		i, to = k, k
	}
	if names < 2 {
		return 0 // as it is with "/bin/sh"
	}
	h, e := w.openNext(rest[:to], false)
	if e != 0 {
		return 0
	}
	for i := 0; i < to; {
		j := endOfName(rest, i)
		w.push(rest[i:j])
		i = skipSlashes(rest, j)
	}
	w.node = nd
	w.setCur(h, true)
	return to
}

// up goes to the parent of the directory h, in the guest: from a mount's root to the
// parent of the mount point. NoHandle says that it is known by its path only.
func (w *walker) up(h Handle) unix.Errno {
	if h != NoHandle {
		defer w.v.fs.Close(h)
	}
	w.moved, w.rooted = true, true
	known := h != NoHandle && w.m.ov == nil && len(w.g) > 0 && str(w.g) != w.root
	inside := known && len(w.g) > w.m.tlen
	if len(w.g) == 0 || str(w.g) == w.root {
		if w.q.Resolve&unix.RESOLVE_BENEATH != 0 {
			return unix.EXDEV
		}
	} else {
		w.g = w.g[:chop(w.g)]
	}
	old := w.m
	w.locate()
	if known && w.cur == NoHandle {
		if e := w.climb(h, old, inside); e != 0 {
			return e
		}
	}
	w.trace("dotdot", "")
	return w.crossed(old)
}

// climb makes the parent of the directory h of the mount m the position by itself, not
// by its path, if the walk is to: inside of m, or where m is mounted.
func (w *walker) climb(h Handle, m *Mount, inside bool) unix.Errno {
	fs, ok := w.v.fs.(Parenter)
	up, held := w.v.ups[m]
	if !ok || !inside && !held {
		return 0
	}
	w.climbed = true
	switch {
	case !w.climbs:
		return 0
	case inside:
		p, e := fs.Parent(h)
		if e != 0 {
			return e
		}
		w.setCur(p, true)
		return 0
	}
	// Only where it still is what the view shows there.
	if p, live := w.v.fs.Path(up, w.v.path[:0]); live && w.m.ov == nil && string(p) == w.m.HostOf(str(w.g)) {
		w.setCur(up, false)
	}
	return 0
}

// notLink is what link answers for anything but a symlink: readlink's EINVAL.
const notLink = unix.EINVAL

// link follows the symlink comp of the current directory. tail is what comes
// behind it, its slashes included.
func (w *walker) link(comp, tail string, last, slash bool) (again bool, e unix.Errno) {
	if w.m.Kind == Proc {
		return w.procLink(comp, tail, last, slash)
	}
	n, e := w.readlink(comp)
	if e != 0 {
		return false, e
	}
	return w.follow(comp, str(w.body[:n]), tail, last)
}

// count judges whether one more symlink may be followed.
func (w *walker) count() unix.Errno {
	if w.r.Links++; w.r.Links > maxLinks {
		return unix.ELOOP
	}
	if w.m.Flags&NoSymFollow != 0 || w.q.Resolve&unix.RESOLVE_NO_SYMLINKS != 0 {
		return unix.ELOOP
	}
	return 0
}

// follow continues with a symlink's body.
func (w *walker) follow(comp, body, tail string, last bool) (again bool, e unix.Errno) {
	if e = w.count(); e != 0 {
		return false, e
	}
	if last && w.v.protected && !w.mayFollow(comp) {
		return false, unix.EACCES
	}
	if body == "" {
		return false, unix.ENOENT
	}
	w.traceLink("symlink", comp, body)
	w.moved = true
	e = w.enter(w.join(body, tail))
	return e == 0, e
}

// mayFollow is the kernel's may_follow_link (proc(5), protected_symlinks): in a
// sticky directory that anybody may write to, a last symlink is followed only
// if it belongs to the follower or to the directory's owner. The kernel never
// sees the symlink that the view has followed, so it could not tell.
func (w *walker) mayFollow(comp string) bool {
	const shared = unix.S_ISVTX | unix.S_IWOTH
	dir, e := w.v.fs.Stat(w.cur)
	if e != 0 || dir.Mode&shared != shared {
		return e == 0
	}
	h, e := w.openNext(comp, true)
	if e != 0 {
		return false
	}
	st, e := w.v.fs.Stat(h)
	w.v.fs.Close(h)
	return e == 0 && (st.UID == w.v.uid || st.UID == dir.UID)
}

// join makes body followed by tail. tail may lie in the other buffer.
func (w *walker) join(body, tail string) string {
	w.turn ^= 1
	b := append(w.bufs[w.turn][:0], body...)
	b = append(b, tail...)
	w.bufs[w.turn] = b
	return str(b)
}

// procLink follows a symlink of procfs. Its body, as the tracer would read it,
// may name the tracer ("self"), a host path or no path at all, so Links is
// asked. Reading the body is not the way to recognise one either: that needs
// rights that lstat does not need.
func (w *walker) procLink(comp, tail string, last, slash bool) (again bool, e unix.Errno) {
	h, e := w.v.fs.Open(w.cur, comp, true)
	if e != 0 {
		return false, e
	}
	st, e := w.v.fs.Stat(h)
	w.v.fs.Close(h)
	if e != 0 {
		return false, e
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return false, notLink
	}
	w.rel = w.rel[:0]
	if len(w.g) > w.m.tlen {
		w.rel = append(append(w.rel, w.g[w.m.tlen+1:]...), '/')
	}
	w.rel = append(w.rel, comp...)
	l := w.v.links.Link(w.q.Caller, str(w.rel))
	if l.Kind == LinkText {
		if l.Body != "" {
			return w.follow(comp, l.Body, tail, last)
		}
		n, e := w.v.fs.Readlink(w.cur, comp, w.body)
		if e != 0 {
			return false, e
		}
		return w.follow(comp, str(w.body[:n]), tail, last)
	}
	if e = w.count(); e != 0 {
		return false, e
	}
	return w.magic(l, comp, tail, last, slash)
}

// magic follows a magic link.
func (w *walker) magic(l Link, comp, tail string, last, slash bool) (again bool, e unix.Errno) {
	const scoped = unix.RESOLVE_BENEATH | unix.RESOLVE_IN_ROOT
	w.moved = true
	switch {
	case l.Kind == LinkDenied && l.Errno != 0:
		return false, l.Errno
	case l.Kind == LinkDenied:
		return false, unix.EACCES
	case w.q.Resolve&unix.RESOLVE_NO_MAGICLINKS != 0:
		return false, unix.ELOOP
	case w.q.Resolve&scoped != 0:
		return false, unix.EXDEV
	case !last && w.jumpRemoved(l.Body, comp, tail):
		return true, 0
	case l.Kind == LinkJump, !last && l.Body != "":
		if l.Body == "" || l.Body[0] != '/' {
			return false, unix.ENOENT
		}
		// A magic link leads to its object whatever the caller's root is.
		w.traceLink("magic", comp, l.Body)
		root, old := w.root, w.m
		w.root = ""
		e = w.enter(w.join(l.Body, tail))
		w.root = root
		if e == 0 {
			e = w.crossed(old)
		}
		return e == 0, e
	case last:
		w.traceLink("magic", comp, "")
		w.r.Magic, w.r.Exists, w.r.Slash = true, true, slash
		w.host(comp, slash)
		w.push(comp)
		return false, w.answer()
	case l.Errno != 0:
		return false, l.Errno
	}
	return false, unix.ENOTDIR
}

func (w *walker) traceLink(what, comp, body string) {
	if w.q.Trace == nil {
		return
	}
	n := len(w.g)
	w.push(comp)
	w.trace(what, body)
	w.g = w.g[:n]
}
