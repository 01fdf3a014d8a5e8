package fsview

import (
	"path"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/linux"
)

// In an Overlay the walker looks everything up by its path from the mount's
// root: a directory of the union is several directories of the host, and any
// of them stands for the whole.

// openUnion is walker.open in an Overlay. The layer of what was found is kept.
func (w *walker) openUnion(rel string, nofollow bool, mark int) (h Handle, e unix.Errno) {
	b, e := w.m.ov.find(w.unionRel(rel, mark), nofollow)
	if e == unix.EACCES && rel == "." && w.cur != NoHandle {
		// A directory that can be searched, but not be reached by its path.
		if b, e2 := w.m.ov.find(w.unionRel("", mark), nofollow); e2 == 0 {
			b.close()
			return NoHandle, e
		}
		return w.v.fs.Open(w.cur, rel, nofollow)
	}
	if e != 0 {
		return NoHandle, e
	}
	w.layer, w.merged, w.mode = b.layer, len(b.set) > 1, b.st.Mode
	return b.take()
}

// unionRel is the path from the mount's root to rel at the position mark.
func (w *walker) unionRel(rel string, mark int) string {
	sub := w.m.sub
	if mark == w.m.tlen && rel == "" {
		return sub // which may be a file
	}
	w.rel = w.rel[:0]
	if sub != "" {
		w.rel = append(append(w.rel, sub...), '/')
	}
	if mark > w.m.tlen {
		w.rel = append(append(w.rel, w.g[w.m.tlen+1:mark]...), '/')
	}
	w.rel = append(w.rel, rel...)
	return str(w.rel)
}

// openNext opens what is in the current directory of a step.
func (w *walker) openNext(rel string, nofollow bool) (Handle, unix.Errno) {
	if w.m.ov != nil {
		return w.openUnion(rel, nofollow, len(w.g))
	}
	return w.v.fs.Open(w.cur, rel, nofollow)
}

// fromDeleted walks from a directory that the union has no place for any more:
// it has no names, but is still there as ".", and ".." is where it was. The
// rest of the path is returned; "" means that the answer is complete.
func (w *walker) fromDeleted(p string) (string, unix.Errno) {
	s := shapeOf(p)
	i := 0
	for p[i:] != "" && p[i] == '.' {
		j := endOfName(p, i)
		k := skipSlashes(p, j)
		if j-i == 2 && p[i+1] == '.' {
			if e := w.up(NoHandle); e != 0 {
				return "", e
			}
			if k == len(p) {
				return ".", 0
			}
			return p[k:], 0
		}
		if j-i > 1 {
			break
		}
		i = k
	}
	r := w.r
	if i < len(p) {
		if w.q.Op != Rename || i != s.last {
			return "", unix.ENOENT
		}
		// Whether both names lie in one mount is looked at before.
		r.Relative, r.Gone, r.Slash, r.Mount = true, true, s.end < len(p), w.m
		w.drop()
		return "", 0
	}
	r.Relative, r.Exists, r.Slash, r.Mount = true, true, s.end < len(p), w.m
	r.LastDot = parentOnly(w.q.Op, ".", r.Slash)
	if w.q.Hold {
		var e unix.Errno
		if r.Held, e = (OS{}).Open(w.cur, "", false); e != 0 {
			return "", e
		}
	}
	w.drop()
	w.r.guest = w.g
	return "", 0
}

// nameLayer is the layer in which the call on the name last would work: the
// upper one, or that of the object where nothing can be changed.
func (w *walker) nameLayer(last string) int {
	if w.m.ov.upper && w.m.Flags&ReadOnly == 0 {
		return 0
	}
	if b, e := w.m.ov.find(w.unionRel(last, len(w.g)), true); e == 0 {
		b.close()
		return b.layer
	}
	return w.layer
}

// readlink reads a symlink of the current directory of a step into w.body.
func (w *walker) readlink(comp string) (int, unix.Errno) {
	if w.m.ov == nil {
		return w.v.fs.Readlink(w.cur, comp, w.body)
	}
	return w.m.ov.readlink(w.unionRel(comp, len(w.g)), w.body)
}

// readlink is FS.Readlink in the union.
func (o *Union) readlink(rel string, buf []byte) (int, unix.Errno) {
	b, e := o.find(rel, true)
	if e != 0 {
		return 0, e
	}
	defer b.close()
	if b.st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return 0, unix.EINVAL
	}
	return linux.Readlinkat(b.fd, "", buf)
}

// unionHost begins Host with the directory of the layer at hand.
func (w *walker) unionHost() []byte {
	l := &w.m.ov.layers[w.layer]
	w.r.Lower = w.layer > 0 || !w.m.ov.upper
	h := append(w.r.Host[:0], l.path[:l.slen]...)
	if sub := w.m.sub; sub != "" {
		h = append(append(h, '/'), sub...)
	}
	return h
}

// sources are the entries of View.back for m: host paths in any layer of an
// Overlay lead back to it.
func (m *Mount) sources() []*Mount {
	if m.ov == nil {
		return []*Mount{m}
	}
	var out []*Mount
	for _, l := range m.ov.layers {
		s := &Mount{Target: m.Target, Source: l.host(m.sub), st: m.st, id: m.id, of: m}
		s.measure()
		out = append(out, s)
	}
	return out
}

// covered marks a base in a lower directory as deleted when the union does not
// show that directory any more.
func (v *View) covered(b *Base, guest string) {
	m := v.MountAt(guest)
	if m.ov == nil || b.Deleted {
		return
	}
	if m.ov.Lower(string(v.path)) && !m.ov.Holds(m.Rel(guest), b.Dir) {
		b.Deleted = true
	}
}

// Names returns the names of mount points that are missing in the directory
// guest of an Overlay.
func (v *View) Names(guest string) []Name {
	n, m := v.trie.find(guest)
	if n == nil || m.ov == nil {
		return nil
	}
	var out []Name
	for _, k := range n.kids {
		if k.mount != nil && k.mount.glue {
			out = append(out, Name{path.Base(k.mount.Target), k.mount.st.Ino, uint8(k.mount.st.Mode >> 12)})
		}
	}
	return out
}
