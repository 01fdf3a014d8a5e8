package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// version is what a file is, and when it was changed last.
type version struct {
	id   fileID
	size int64
	time unix.Timespec // of the last change
}

func versionOf(st *unix.Stat_t) version {
	return version{fileID{st.Dev, st.Ino}, st.Size, st.Ctim}
}

// heldInterp is the view's own ELF interpreter, open for all guests.
type heldInterp struct {
	*tracer.HeldInterp
	version
}

// is reports whether a file is the held one, as it was.
func (k *heldInterp) is(st *unix.Stat_t) bool { return k != nil && k.version == versionOf(st) }

// file is what the tracer is told of it.
func (k *heldInterp) file() *tracer.HeldInterp {
	if k == nil {
		return nil
	}
	return k.HeldInterp
}

// interps are the paths of the interpreters that distributions have.
var interps = []string{"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"}

// holdInterp opens the view's interpreter, if it has one that the kernel does
// not find by itself, and that anybody may read.
func (s *Sandbox) holdInterp() {
	for _, p := range interps {
		var r fsview.Resolution
		if s.view.Resolve(&fsview.Request{Path: p, Follow: true, NeedHost: true}, &r) != 0 || r.Magic || r.Mount != nil && r.Mount.Flags&fsview.NoExec != 0 {
			continue
		}
		var t target
		if s.h.openExec(&r, &t) != 0 {
			continue
		}
		var st, host unix.Stat_t
		if unix.Fstat(t.file.fd, &st) != nil || st.Mode&0o004 == 0 || unix.Stat(p, &host) == nil && host.Dev == st.Dev && host.Ino == st.Ino {
			t.close()
			continue
		}
		img, e := tracer.ParseELF(t.file)
		if e != 0 {
			t.close()
			continue
		}
		s.h.held = &heldInterp{&tracer.HeldInterp{FD: t.file.fd, Image: img}, versionOf(&st)}
		return
	}
}

// fixed says that what t sees of the host's tree is what every guest sees, for good.
func (h *handler) fixed(t *tracer.Task) bool { return h.id == nil && !h.changed(t) }

// inRoot says that the way to p leads through no mount but the root, which is
// the host's: the view finds there what the kernel finds, as long as the kernel finds the same.
func (h *handler) inRoot(p string) bool {
	var r fsview.Resolution
	e := h.view.Resolve(&fsview.Request{Path: p, Follow: true, NeedHost: true, Resolve: unix.RESOLVE_NO_XDEV | unix.RESOLVE_NO_MAGICLINKS}, &r)
	return e == 0 && r.Mount != nil && r.Mount.Target == "/" && r.Mount.Source == "/" && r.Mount.Kind == fsview.Bind
}

// hostInterp is the image that the kernel has loaded from the host's path p,
// where st is; nil if it is none that can be taken away again.
func (h *handler) hostInterp(p string, st *unix.Stat_t) *tracer.Image {
	v := versionOf(st)
	if k, ok := h.hostInterps[v]; ok {
		return k
	}
	var t target
	defer t.close()
	if h.openFile(p, &t) != 0 {
		return nil
	}
	img, e := tracer.ParseELF(t.file)
	if e != 0 || img.Type != 3 {
		img = nil
	}
	if h.hostInterps == nil || len(h.hostInterps) >= maxSteadies {
		h.hostInterps = map[version]*tracer.Image{}
	}
	h.hostInterps[v] = img
	return img
}
