package fsview

import "golang.org/x/sys/unix"

// fromRemoved walks from a directory that has been removed. It has no names;
// its ".." is the directory that it was in, which may have been removed as
// well, and another one may have its path now. So the walk goes up by the
// directories themselves until it meets one that is still there. The rest of
// the path is returned, unless the answer is complete.
//
// A directory of an Overlay has been removed when its place shows another one, or
// none: a lower layer keeps what it has.
func (w *walker) fromRemoved(p string) (rest string, done bool, e unix.Errno) {
	fs, ok := w.v.fs.(Parenter)
	if !ok || !shapeOf(p).dotdot {
		return p, false, 0
	}
	dir, own := w.cur, false
	drop := func() {
		if own {
			w.v.fs.Close(dir)
		}
	}
	for i := 0; i < len(p); {
		j := endOfName(p, i)
		k := skipSlashes(p, j)
		switch p[i:j] {
		case ".":
		case "..":
			up, e := fs.Parent(dir)
			drop()
			if e != 0 {
				w.drop()
				return "", true, e
			}
			dir, own = up, true
			host, live := w.v.fs.Path(dir, nil)
			if !live || w.m.ov != nil && !w.shown(dir, host) || k == len(p) && parentOnly(w.q.Op, "..", k > j) {
				break
			}
			guest, ok := w.v.guestNear(string(host), w.m)
			drop()
			if !ok {
				w.drop()
				return "", true, unix.EXDEV
			}
			w.g = append(w.g[:0], guest...)
			if guest == "/" {
				w.g = w.g[:0]
			}
			w.moved, w.rooted = true, true
			w.locate()
			w.trace("dotdot", "")
			if k == len(p) && k > j {
				return ".", false, 0
			}
			return p[k:], false, 0
		default:
			h, e := w.v.fs.Open(dir, p[i:j], true)
			if e == 0 {
				w.v.fs.Close(h)
				e = unix.ENOENT
			}
			drop()
			w.drop()
			return "", true, e
		}
		i = k
	}
	r := w.r
	r.Relative, r.Exists, r.Slash, r.Mount = true, true, p[len(p)-1] == '/', w.m
	r.LastDotDot = parentOnly(w.q.Op, "..", r.Slash)
	if w.q.Hold {
		r.Held, e = w.v.fs.Open(dir, "", false)
	}
	drop()
	w.drop()
	return "", true, e
}

// shown says whether the Overlay that the walk is in still has the directory of
// one of its layers.
func (w *walker) shown(dir Handle, host []byte) bool {
	guest, ok := w.v.guestNear(string(host), w.m)
	if !ok || len(guest) < w.m.tlen {
		return false
	}
	st, e := w.v.fs.Stat(dir)
	return e == 0 && w.m.ov.Shows(w.m.Rel(guest), st.Dev, st.Ino)
}

// jumpRemoved goes up from the removed directory that a magic link leads to, if it
// does, until it meets one that is still there.
func (w *walker) jumpRemoved(body, comp, tail string) bool {
	fs, ok := w.v.fs.(Parenter)
	if !ok || body == "" || w.cur == NoHandle || !shapeOf(tail).dotdot {
		return false
	}
	dir, e := fs.Jump(w.cur, comp)
	if e != 0 {
		return false
	}
	host, live := w.v.fs.Path(dir, nil)
	guest, ok := w.v.guestNear(string(host), nil)
	g, m := string(w.g), w.m
	if ok {
		w.m = w.v.MountAt(guest)
		ok = !live || w.m.ov != nil && !w.shown(dir, host)
	}
	if !ok {
		w.m = m
		w.v.fs.Close(dir)
		return false
	}
	w.traceLink("magic", comp, body)
	w.g = append(w.g[:0], guest...)
	w.setCur(dir, true)
	rest, done, _ := w.fromRemoved(tail[skipSlashes(tail, 0):])
	if done {
		w.r.Relative, w.r.Exists, w.r.LastDotDot = false, false, false
		w.v.Release(w.r)
		w.g, w.m = append(w.g[:0], g...), m
		w.locate()
		return false
	}
	w.rest = rest
	return true
}
