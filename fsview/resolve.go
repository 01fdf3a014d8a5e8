package fsview

import "golang.org/x/sys/unix"

// pathMax is PATH_MAX, nameMax NAME_MAX, maxLinks MAXSYMLINKS of the kernel.
const (
	pathMax  = 4096
	nameMax  = 255
	maxLinks = 40
)

// Resolve answers q into r as the kernel would in a mount namespace that looks
// like the view. 0 means that r is to be handed to the kernel; an errno is the
// definite answer, and r holds nothing then.
func (v *View) Resolve(q *Request, r *Resolution) unix.Errno {
	*r = Resolution{Host: r.Host[:0], guest: r.guest[:0], Held: NoHandle}
	if q.Path == "" {
		return unix.ENOENT
	}
	if len(q.Path) >= pathMax {
		return unix.ENAMETOOLONG
	}
	scoped := q.Resolve&(unix.RESOLVE_BENEATH|unix.RESOLVE_IN_ROOT) != 0
	b := q.Base
	if q.Path[0] == '/' && !scoped {
		b = nil
	}
	if b != nil && q.Path[0] != '/' {
		if b.Plain == Unknown {
			v.judge(b)
		}
		if b.Plain == True && !q.NeedHost && q.Trace == nil {
			if e, ok := v.plain(q, r); ok {
				return e
			}
		}
	}
	e := v.walk(q, r, b)
	if e == unix.EACCES && v.w.climbed {
		v.w.climbs = true
		e = v.walk(q, r, b)
		v.w.climbs = false
	}
	if e == unix.EXDEV && b != nil && q.Path[0] != '/' && !scoped {
		return v.fromDeep(q, r)
	}
	return e
}

// shape is what the spelling of a path says.
type shape struct {
	last   int  // where the last component starts
	end    int  // where it ends
	dotdot bool // a component is ".."
}

func shapeOf(p string) (s shape) {
	for i := skipSlashes(p, 0); i < len(p); {
		j := endOfName(p, i)
		if j-i == 2 && p[i] == '.' && p[i+1] == '.' {
			s.dotdot = true
		}
		s.last, s.end = i, j
		i = skipSlashes(p, j)
	}
	return s
}

// parentOnly says whether a call of this kind leaves the last component to the
// kernel. open(O_CREAT) of "x/" is EISDIR before x is looked at.
func parentOnly(op Op, last string, slash bool) bool {
	if op >= Create {
		return true
	}
	return op == OpenCreate && slash && last != "." && last != ".."
}

// plain is the first fast path: a relative path without "..", from a directory
// below which the view has no mount point, needs no rewriting if no symlink is
// on the way. ok is false when the path must be walked after all.
func (v *View) plain(q *Request, r *Resolution) (e unix.Errno, ok bool) {
	p, b := q.Path, q.Base
	s := shapeOf(p)
	if s.dotdot {
		return 0, false
	}
	last := p[s.last:s.end]
	slash := s.end < len(p)
	parent := parentOnly(q.Op, last, slash)
	rel := p
	if parent {
		rel = p[:s.last]
	}
	h := NoHandle
	exists := !parent
	if rel != "" || q.Hold {
		h, e = v.fs.Open(b.Dir, rel, !q.Follow)
		if e == unix.ENOENT && q.Op == OpenCreate && !parent {
			// The name may be made; its parent must be there, and free of
			// symlinks.
			exists = false
			h, e = NoHandle, 0
			if s.last > 0 || q.Hold {
				h, e = v.fs.Open(b.Dir, p[:s.last], false)
			}
		}
		if e == unix.ELOOP {
			return 0, false
		}
		if e != 0 {
			return e, true
		}
	}
	r.Relative, r.Mount, r.Exists, r.Slash = true, b.mount, exists, slash
	if parent {
		r.LastDot = last == "."
	}
	v.hold(q, r, h)
	return 0, true
}

// hold keeps h for the caller or gives it up.
func (v *View) hold(q *Request, r *Resolution, h Handle) {
	switch {
	case h == NoHandle:
	case q.Hold:
		r.Held = h
	default:
		v.fs.Close(h)
	}
}

// Release gives up the handle of a Resolution that Request.Hold asked for.
func (v *View) Release(r *Resolution) {
	if r.Held != NoHandle {
		v.fs.Close(r.Held)
		r.Held = NoHandle
	}
}

// MountOf is the mount that a base directory belongs to; nil if it is not of the
// view.
func (v *View) MountOf(b *Base) *Mount {
	if g, ok := v.GuestOf(b); ok {
		return v.MountAt(g)
	}
	return v.deep(b)
}

// judge finds out whether mount points lie at or below a base directory, and
// which mount the directory belongs to.
func (v *View) judge(b *Base) {
	b.mount = v.MountOf(b)
	b.Plain, b.fixed = True, true
	if b.mount != nil && (b.mount.Kind == Proc || b.mount.ov != nil) {
		b.Plain = False // symlinks are not what they say, or a directory is several
		return
	}
	st, e := v.fs.Stat(b.Dir)
	id := devIno{st.Dev, st.Ino}
	b.fixed = e != 0 || v.above[id]
	if b.fixed || v.over[id] {
		b.Plain = False
	}
}
