package fsview

import "golang.org/x/sys/unix"

// deep is the mount of a directory whose path is too long for the kernel to tell:
// that of the first one above it whose path is not.
func (v *View) deep(b *Base) *Mount {
	fs, ok := v.fs.(Parenter)
	if p, _ := v.fs.Path(b.Dir, v.path[:0]); !ok || p != nil {
		return nil
	}
	var near *Mount
	if b.Guest != "" {
		near = v.MountAt(b.Guest)
	}
	for dir := b.Dir; ; {
		up, e := fs.Parent(dir)
		if e == 0 && v.same(dir, up) {
			v.fs.Close(up)
			e = unix.EXDEV // it is of no directory that could be reached
		}
		if dir != b.Dir {
			v.fs.Close(dir)
		}
		if e != 0 {
			return nil
		}
		dir = up
		if p, live := v.fs.Path(dir, nil); p != nil {
			v.fs.Close(dir)
			if g, ok := v.guestNear(string(p), near); ok && live {
				return v.MountAt(g)
			}
			return nil
		}
	}
}

func (v *View) same(a, b Handle) bool {
	x, e := v.fs.Stat(a)
	y, e2 := v.fs.Stat(b)
	return e == 0 && e2 == 0 && x.Dev == y.Dev && x.Ino == y.Ino
}

// fromDeep walks by a path that begins with ".." from a directory whose own path
// is too long for the kernel to tell: up by the directories themselves, to one that
// has a path. None below that is the root of a mount, as that has one, too. If
// there is none on the way, only the parent itself can be reached, by the guest's
// own string: with more names the guest could move the directory in the meantime, so
// that they lead out of the mount or to what others cover.
func (v *View) fromDeep(q *Request, r *Resolution) unix.Errno {
	fs, ok := v.fs.(Parenter)
	if !ok || v.deep(q.Base) == nil {
		return unix.EXDEV
	}
	at, rest, up, known := Base{Dir: q.Base.Dir, Guest: q.Base.Guest}, q.Path, 0, false
	defer func() {
		if up > 0 {
			v.fs.Close(at.Dir)
		}
	}()
	for rest != "" && !known {
		j := endOfName(rest, 0)
		k := skipSlashes(rest, j)
		comp := rest[:j]
		if comp != "." && comp != ".." {
			break
		}
		if k == len(rest) && parentOnly(q.Op, comp, k > j) {
			return v.deepDots(q, r, &at, comp, k > j)
		}
		if j == 2 {
			h, e := fs.Parent(at.Dir)
			if e != 0 {
				return e
			}
			if up > 0 {
				v.fs.Close(at.Dir)
			}
			at.Dir = h
			up++
			p, _ := v.fs.Path(h, v.path[:0])
			known = p != nil
		}
		rest = rest[k:]
	}
	sub := *q
	sub.Base, sub.Path, sub.NeedHost = &at, rest, true
	if rest == "" {
		sub.Path = q.Path[shapeOf(q.Path).last+1:] // "." and its slashes
	}
	switch _, ok := v.GuestOf(&at); {
	case known && ok:
		return v.Resolve(&sub, r)
	case known, up != 1, rest != "", q.NeedHost, q.Trace != nil:
		return unix.EXDEV
	}
	r.Relative, r.Exists, r.Mount = true, true, v.MountOf(&at)
	r.Slash = q.Path[len(q.Path)-1] == '/'
	return v.holdDir(q, r, at.Dir)
}

// deepDots ends a walk at a "." or ".." that the kernel judges by its spelling.
func (v *View) deepDots(q *Request, r *Resolution, at *Base, dots string, slash bool) unix.Errno {
	if q.NeedHost {
		return unix.EXDEV
	}
	r.Relative, r.Exists, r.Slash, r.Mount = true, true, slash, v.MountOf(at)
	r.LastDot, r.LastDotDot = dots == ".", dots == ".."
	return v.holdDir(q, r, at.Dir)
}

// holdDir keeps a directory for the caller that asks for it.
func (v *View) holdDir(q *Request, r *Resolution, dir Handle) (e unix.Errno) {
	if q.Hold {
		r.Held, e = v.fs.Open(dir, "", false)
	}
	return e
}
