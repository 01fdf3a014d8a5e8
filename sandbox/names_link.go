package sandbox

import (
	"cmp"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// link is do_linkat: the old name has been looked up, the new one is made,
// and only then are their mounts compared. old is nil if the old object has no
// place in the view.
func (h *handler) link(c *tracer.Call, from, to *fsview.Resolution, old *fsview.Mount) unix.Errno {
	dir := h.linksDir(c, from)
	old = h.oldMount(c, from, to, old)
	if odd(to) || !dir && !special(to) && (old == nil || old == h.realMount(to)) {
		return h.linkRoot(c, from, to)
	}
	if from != nil && (!from.Magic || from.Slash) {
		var st unix.Stat_t
		p := &c.Ent.Paths[0]
		if e := h.stat(c, p, from, &st, follow(c, p)); e != 0 {
			return e
		}
	}
	n := h.nameOf(c, 1, to)
	defer n.done()
	if e := n.search(); e != 0 {
		return e
	}
	switch {
	case n.gone():
		return unix.ENOENT
	case n.tooLong():
		return unix.ENAMETOOLONG
	case n.exists:
		return unix.EEXIST
	case to.Slash, n.mount != nil && n.mount.Kind == fsview.Proc:
		return unix.ENOENT // procfs has no names to be
	case readOnly(n):
		return unix.EROFS
	case old != nil && old != n.mount:
		return unix.EXDEV
	case dir && h.foreign(c, from):
		return unix.EPERM // may_linkat
	case dir:
		// Landlock would say EXDEV.
		return cmp.Or(n.mayChange(), unix.EPERM)
	}
	return 0
}

// oldMount is the mount of a link's old object, which is in old as far as is
// known: for a file that is shown twice, and named by a descriptor, it was not noted
// by which of the places it was opened. It then is where the new name is.
func (h *handler) oldMount(c *tracer.Call, from, to *fsview.Resolution, old *fsview.Mount) *fsview.Mount {
	at := h.realMount(to)
	if old == nil || old == at || !h.ambiguous[old] || from != nil && !from.Magic {
		return old
	}
	link := h.at(c.Task.Tid, "fd/"+strconv.Itoa(int(int32(c.Args[0]))))
	if from != nil {
		link = strings.TrimPrefix(strings.TrimPrefix(from.Guest, from.Mount.Target), "/")
	}
	text, e := h.readProc(link)
	if e != 0 || h.magicHint(link, text) != "" {
		return old
	}
	h.view.Places(text, func(_ string, m *fsview.Mount) bool {
		if m == at {
			old = at
		}
		return old != at
	})
	return old
}

// linksDir reports whether the old object of a link is a directory.
func (h *handler) linksDir(c *tracer.Call, from *fsview.Resolution) bool {
	var st unix.Stat_t
	return h.oldObject(c, from, &st) && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

// oldObject looks at the old object of a link, which may be a descriptor's.
func (h *handler) oldObject(c *tracer.Call, from *fsview.Resolution, st *unix.Stat_t) bool {
	p := &c.Ent.Paths[0]
	if from == nil {
		fd := int(int32(c.Args[p.Dir]))
		link := h.at(c.Task.Tid, "cwd")
		if fd != atFDCWD {
			link = h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd))
		}
		return unix.Fstatat(h.proc, link, st, 0) == nil
	}
	return h.stat(c, p, from, st, follow(c, p)) == 0
}

// protectedHardlinks is fs.protected_hardlinks (proc(5)).
var protectedHardlinks = sync.OnceValue(func() bool {
	b, err := os.ReadFile("/proc/sys/fs/protected_hardlinks")
	return err == nil && len(b) > 0 && b[0] != '0'
})

// foreign reports whether the guest may not make links of the old object
// because it is somebody else's.
func (h *handler) foreign(c *tracer.Call, from *fsview.Resolution) bool {
	var st unix.Stat_t
	return protectedHardlinks() && unix.Geteuid() != 0 && h.oldObject(c, from, &st) && int(st.Uid) != unix.Geteuid()
}

// linkFD judges the descriptor of linkat's AT_EMPTY_PATH.
func (h *handler) linkFD(c *tracer.Call, fd int) unix.Errno {
	if fd == atFDCWD {
		return 0
	}
	if fd < 0 {
		return unix.EBADF
	}
	if _, e := h.readProc(h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd))); e == unix.ENOENT {
		return unix.EBADF
	}
	return 0
}

// linkJudged ends a linkat with AT_EMPTY_PATH whose new name is refused with e.
// The kernel looks at the descriptor before, and only it knows who has opened
// the file (ENOENT if that was somebody else): it is asked with a new name that
// exists.
func (h *handler) linkJudged(c *tracer.Call, to *tracer.PathArg, e unix.Errno) {
	c.SetPath(int(to.Arg), []byte("/"))
	c.WantResult(func(r *tracer.Result) {
		if r.Val == -int64(unix.EEXIST) {
			r.Val = -int64(e)
		}
	})
}

// magicMount finds the mount of the object behind a magic link of procfs; nil
// means that it has no place in the view.
func (h *handler) magicMount(t *tracer.Task, r *fsview.Resolution) *fsview.Mount {
	link := strings.TrimPrefix(strings.TrimPrefix(r.Guest, r.Mount.Target), "/")
	rel := link
	if r.Held != fsview.NoHandle {
		rel = "self/fd/" + strconv.Itoa(int(r.Held))
	}
	text, e := h.readProc(rel)
	if e != 0 {
		return nil
	}
	text = strings.TrimSuffix(text, " (deleted)")
	guest, ok := h.hintedText(link, text)
	if !ok {
		return nil
	}
	return h.view.MountAt(guest)
}
