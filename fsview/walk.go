package fsview

import "golang.org/x/sys/unix"

// walker is the state of one walk. A position is the canonical guest path g,
// the mount m that covers it, and its place in the mount trie (nil off it).
// The directory is held open as cur, or is still to be opened from m's root.
type walker struct {
	v *View
	q *Request
	r *Resolution

	rest string // what is still to be walked; no leading slash
	g    []byte // "" is the guest's root
	node *node
	m    *Mount
	cur  Handle // NoHandle: open g from m.root when it is needed
	own  bool   // cur is to be closed
	root string // where "/" starts and ".." ends; "" is the guest's root
	top  Handle // is root, where the walk may not leave its base

	layer  int  // of an Overlay, in which the last Open found its object
	merged bool // that is a directory of several layers
	mode   uint32

	// climbs says that the ".." of a directory is asked for, not the directory by its
	// path, which may be shut; climbed that a walk met one where it was not.
	climbs, climbed bool

	loops int  // symlinks lost to races, so that nobody can keep us here
	moved bool // more than the plain names below the base was involved
	// rooted says that the kernel would have looked up where "/" is. With
	// RESOLVE_NO_XDEV it takes a jump to "/" for one to another mount until then.
	rooted bool

	body []byte    // of the symlink at hand
	bufs [2][]byte // rest after a symlink, in turns
	turn int
	rel  []byte // a path that is composed for one Open
	look []byte // the same for search
	base []byte // backs root for scoped walks
}

// walk is the second fast path and the slow one. The literal path goes over
// the mount trie in user space as far as it can, then one Open from the
// deepest mount's root answers for everything below (run). Only if that meets
// a symlink are the components tried one by one (step).
func (v *View) walk(q *Request, r *Resolution, b *Base) unix.Errno {
	w := &v.w
	w.q, w.r, w.g = q, r, r.guest[:0]
	w.loops, w.moved, w.own, w.top, w.climbed = 0, false, false, NoHandle, false
	w.root = q.Root
	if w.root == "/" {
		w.root = ""
	}
	e := w.begin(b)
	path := q.Path
	if e == 0 && b != nil && b.Deleted && path[0] != '/' {
		done := false
		if w.m.ov != nil && !shapeOf(path).dotdot {
			path, e = w.fromDeleted(path)
			done = path == ""
		} else {
			path, done, e = w.fromRemoved(path)
		}
		if done {
			return e
		}
	}
	if e == 0 && path == "" {
		w.rest = ""
	} else if e == 0 {
		e = w.enter(path)
	}
	for again := e == 0; again; {
		again, e = w.run()
	}
	if e != 0 && q.Trace != nil {
		w.trace("missing", e.Error())
	}
	w.drop()
	r.guest = w.g
	w.q, w.r, w.rest, w.root = nil, nil, "", ""
	if e != 0 {
		*r = Resolution{Host: r.Host[:0], guest: r.guest, Held: NoHandle}
	}
	return e
}

// begin puts the walker at the base directory.
func (w *walker) begin(b *Base) unix.Errno {
	w.rooted = b == nil || w.q.Resolve&(unix.RESOLVE_BENEATH|unix.RESOLVE_IN_ROOT) != 0
	if b == nil {
		w.toRoot()
		return 0
	}
	// A directory above a mount point does not move: the view's callers refuse
	// to rename it. What it was called is what it is called.
	g, ok := b.Guest, b.Plain == False && b.fixed && b.Guest != "" && (b.mount == nil || b.mount.ov == nil)
	if !ok {
		g, ok = w.v.GuestOf(b)
	}
	if !ok {
		// A directory from outside the view. What is plain below it has been
		// answered already; a symlink or ".." would walk the host.
		return unix.EXDEV
	}
	if g != "/" {
		w.g = append(w.g, g...)
	}
	w.node, w.m = w.v.trie.find(g)
	w.cur, w.own = b.Dir, false
	if w.m.Kind == Proc && w.v.HiddenProcess(g) {
		return unix.ENOENT // as below the directory of a process that is gone
	}
	if w.q.Resolve&(unix.RESOLVE_BENEATH|unix.RESOLVE_IN_ROOT) != 0 {
		w.base = append(w.base[:0], w.g...)
		w.root, w.top = str(w.base), b.Dir
	}
	return 0
}

// enter makes path the rest of the walk.
func (w *walker) enter(path string) unix.Errno {
	if path[0] != '/' {
		w.rest = path
		return 0
	}
	if w.q.Resolve&unix.RESOLVE_BENEATH != 0 {
		return unix.EXDEV
	}
	if w.q.Resolve&unix.RESOLVE_NO_XDEV != 0 && !w.rooted {
		return unix.EXDEV
	}
	w.rest = path[skipSlashes(path, 0):]
	old := w.m
	w.toRoot()
	return w.crossed(old)
}

// toRoot puts the walker at the root.
func (w *walker) toRoot() {
	w.g = append(w.g[:0], w.root...)
	w.moved = true
	w.locate()
}

// locate finds mount and node for g, after a jump.
func (w *walker) locate() {
	w.node, w.m = w.v.trie.find(str(w.g))
	switch {
	case w.top != NoHandle && str(w.g) == w.root:
		w.setCur(w.top, false) // whether or not it can be reached by its path
	case len(w.g) == w.m.tlen:
		w.setCur(w.m.root, false)
	default:
		w.setCur(NoHandle, false)
	}
}

// crossed judges a change of mounts.
func (w *walker) crossed(old *Mount) unix.Errno {
	if w.q.Resolve&unix.RESOLVE_NO_XDEV != 0 && old != nil && old != w.m {
		return unix.EXDEV
	}
	return 0
}

func (w *walker) setCur(h Handle, own bool) {
	w.drop()
	w.cur, w.own = h, own
}

func (w *walker) drop() {
	if w.own {
		w.v.fs.Close(w.cur)
		w.own = false
	}
}

func (w *walker) push(name string) {
	w.g = append(w.g, '/')
	w.g = append(w.g, name...)
}

// run walks the rest as far as no symlink and no ".." is met. again says that
// the walk goes on.
func (w *walker) run() (again bool, e unix.Errno) {
	rest, nd := w.rest, w.node
	start := 0       // rest[start:] is relative to the position at mark
	mark := len(w.g) // the position that cur stands for
	last := 0        // where the last component starts
	name := false    // the last component is an ordinary name
	slash, dot := false, false
	for i := 0; i < len(rest); {
		j := endOfName(rest, i)
		k := skipSlashes(rest, j)
		comp := rest[i:j]
		if w.hidden(comp) {
			return false, unix.ENOENT
		}
		if k == len(rest) {
			last, slash = i, k > j
			if parentOnly(w.q.Op, comp, slash) {
				if e = w.parent(rest[start:i], mark, nd, comp, slash); e == unix.ELOOP {
					return w.step(rest[start:], mark)
				}
				return false, e
			}
		}
		if comp == "." {
			dot, name = true, false
			i = k
			continue
		}
		if comp == ".." {
			// rest[i] is a dot: "a/b/." asks whether b is a directory that
			// may be searched, as the kernel does before it goes up.
			h, e := w.open(rest[start:i+1], false, mark)
			if e == unix.ELOOP {
				return w.step(rest[start:], mark)
			}
			if e != 0 {
				return false, e
			}
			w.rest = rest[k:]
			if e = w.up(h); e != 0 || k < len(rest) {
				return e == 0, e
			}
			return false, w.found("", len(w.g), false, slash, false)
		}
		dot, name = false, true
		w.push(comp)
		nd = nd.child(comp)
		if nd != nil && nd.mount != nil {
			if e = w.search(rest[start:i], mark); e != 0 {
				return false, e
			}
			old := w.m
			w.m, w.node, w.moved = nd.mount, nd, true
			w.setCur(w.m.root, false)
			mark, start = len(w.g), k
			if e = w.crossed(old); e != 0 {
				return false, e
			}
			if j < len(rest) && !w.m.IsDir() {
				return false, unix.ENOTDIR
			}
			w.trace("mount", "")
			w.r.MountPoint = k == len(rest)
		}
		i = k
	}
	rel := rest[start:]
	if w.q.Op == OpenCreate && name && rel != "" {
		e = w.create(rel, last-start, mark)
	} else {
		e = w.found(rel, mark, !w.q.Follow && name && !slash, slash, dot)
	}
	if e == unix.ELOOP && rel != "" {
		return w.step(rel, mark)
	}
	return false, e
}

// search asks for the permission to look for a mount point in the directory
// rel from the position at mark. Other errors say that the host has changed
// the directories above it; the view has not.
func (w *walker) search(rel string, mark int) unix.Errno {
	if w.v.uid == 0 {
		return 0
	}
	w.look = append(append(w.look[:0], rel...), '.')
	h, e := w.open(str(w.look), false, mark)
	switch e {
	case 0:
		w.v.fs.Close(h)
	case unix.EACCES:
		return e
	}
	return 0
}

// open looks rel up from the position at mark.
func (w *walker) open(rel string, nofollow bool, mark int) (Handle, unix.Errno) {
	if w.m.ov != nil {
		return w.openUnion(rel, nofollow, mark)
	}
	dir := w.cur
	if dir == NoHandle {
		dir = w.m.root
		if mark > w.m.tlen {
			w.rel = append(w.rel[:0], w.g[w.m.tlen+1:mark]...)
			if rel != "" {
				w.rel = append(append(w.rel, '/'), rel...)
			}
			rel = str(w.rel)
		}
	}
	if len(rel) < pathMax {
		return w.v.fs.Open(dir, rel, nofollow)
	}
	return w.openLong(dir, rel, nofollow)
}

// openLong looks up what is longer than PATH_MAX in pieces: the guest's string
// was short enough, only symlinks or the mount's depth made it longer.
func (w *walker) openLong(dir Handle, rel string, nofollow bool) (Handle, unix.Errno) {
	var own bool
	for {
		n := len(rel)
		if n >= pathMax {
			for n = pathMax - 1; n > 0 && rel[n-1] != '/'; n-- {
			}
			if n == 0 {
				n = pathMax - 1 // one name of 4095 bytes: ENAMETOOLONG
			}
		}
		h, e := w.v.fs.Open(dir, rel[:n], nofollow && n == len(rel))
		if own {
			w.v.fs.Close(dir)
		}
		rel = rel[n:]
		rel = rel[skipSlashes(rel, 0):]
		if e != 0 || rel == "" {
			return h, e
		}
		dir, own = h, true
	}
}

// found ends a walk at an object that must exist: rel from the position at
// mark, which g already includes.
func (w *walker) found(rel string, mark int, nofollow, slash, dot bool) unix.Errno {
	r := w.r
	h := NoHandle
	if rel != "" || w.q.Hold || w.m.ov != nil {
		var e unix.Errno
		if h, e = w.open(rel, nofollow, mark); e != 0 {
			return e
		}
	}
	r.Exists, r.Slash = true, slash
	switch {
	case w.m.ov != nil:
		r.Mode, r.Merged = w.mode, w.merged
	case rel == "" && len(w.g) == w.m.tlen:
		r.Mode = w.m.st.Mode
	}
	tail := ""
	switch {
	case dot:
		tail = "." // the caller's search permission is the kernel's to judge
	case slash:
		tail = "/"
	}
	if w.q.Op >= Create {
		r.IsRoot = true
		r.Host = append(r.Host[:0], '/')
		w.v.hold(w.q, r, h)
		return w.answer()
	}
	w.host(tail, false)
	w.v.hold(w.q, r, h)
	return w.answer()
}

// create ends an open with O_CREAT: the object may be missing. rel[:last] is
// its parent.
func (w *walker) create(rel string, last, mark int) unix.Errno {
	h, e := w.open(rel, !w.q.Follow, mark)
	exists := e == 0
	if e == unix.ENOENT {
		h, e = NoHandle, 0
		if last > 0 || w.q.Hold {
			h, e = w.open(rel[:last], false, mark)
		}
		w.layer = 0
	}
	if e != 0 {
		return e
	}
	w.r.Exists = exists
	if exists && w.m.ov != nil {
		w.r.Mode = w.mode
	}
	w.host("", false)
	w.v.hold(w.q, w.r, h)
	return w.answer()
}

// parent ends a walk whose last component is the kernel's business. nd is the
// trie's node of the parent.
func (w *walker) parent(rel string, mark int, nd *node, last string, slash bool) unix.Errno {
	r := w.r
	h := NoHandle
	if last == ".." && w.m.ov != nil && w.q.Resolve&unix.RESOLVE_BENEATH != 0 && str(w.g) == w.root {
		return unix.EXDEV // which the kernel, given a path of the layer's, would not say
	}
	if rel != "" || w.q.Hold || w.m.ov != nil {
		var e unix.Errno
		if h, e = w.open(rel, false, mark); e != 0 {
			return e
		}
	}
	if w.m.ov != nil && last != "." && last != ".." {
		w.layer = w.nameLayer(last)
	}
	r.Slash = slash
	switch last {
	case ".":
		r.LastDot = true
	case "..":
		r.LastDotDot = true
	default:
		if kid := nd.child(last); kid != nil {
			r.MountPoint = kid.mount != nil
			r.AboveMount = kid.mount == nil || len(kid.kids) > 0
			if r.MountPoint {
				r.Mode, r.Exists = kid.mount.st.Mode, true
			}
		}
	}
	w.host(last, false)
	r.Mounted = !r.MountPoint && w.v.points[str(r.Host)]
	if slash {
		r.Host = append(r.Host, '/')
	}
	if last != "." && last != ".." {
		w.push(last)
	}
	v := w.v
	v.hold(w.q, r, h)
	return w.answer()
}

// host writes Host for g and a tail: a last component, "/" or nothing.
func (w *walker) host(tail string, slash bool) {
	m := w.m
	h := append(w.r.Host[:0], m.Source[:m.slen]...)
	if m.ov != nil {
		h = w.unionHost()
	}
	h = append(h, w.g[m.tlen:]...)
	if len(h) == 0 || tail != "" {
		h = append(h, '/')
	}
	if tail != "/" {
		h = append(h, tail...)
	}
	if slash {
		h = append(h, '/')
	}
	w.r.Host = h
}

// answer fills in what every resolution has.
func (w *walker) answer() unix.Errno {
	r := w.r
	r.Mount = w.m
	r.Guest = "/"
	if len(w.g) > 0 {
		r.Guest = str(w.g)
	}
	r.Relative = !w.moved && w.m.ov == nil && !w.q.NeedHost && !r.MountPoint && !r.AboveMount && !r.Magic
	w.trace("final", "")
	return 0
}

func (w *walker) trace(what, target string) {
	if w.q.Trace == nil {
		return
	}
	s := Step{What: what, Guest: string(w.g), Target: target, Mount: w.m}
	if s.Guest == "" {
		s.Guest = "/"
	}
	if len(w.g) >= w.m.tlen && w.m.ov == nil {
		s.Host = w.m.Source[:w.m.slen] + string(w.g[w.m.tlen:])
	}
	if s.Host == "" {
		s.Host = "/"
	}
	if what == "final" {
		s.Host = string(w.r.Host)
	}
	w.q.Trace(s)
}
