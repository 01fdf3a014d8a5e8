package sandbox

import (
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// procTarget returns what of procfs a resolution leads to.
func (h *handler) procTarget(r *fsview.Resolution) (m *fsview.Mount, rel string, ok bool) {
	if !r.Magic {
		rel, ok = h.procRel(r.Mount, r.Guest)
		return r.Mount, rel, ok
	}
	// A descriptor of a file of procfs, opened with O_PATH, opened once more.
	if rel, ok = h.procRel(h.view.MountAt(r.Guest), r.Guest); !ok {
		return nil, "", false
	}
	text, e := h.readProc(rel)
	if e != 0 {
		return nil, "", false
	}
	if _, ours := h.textName(text); ours {
		return nil, "", false
	}
	guest, ok := h.guestText(text)
	if !ok {
		return nil, "", false
	}
	m = h.view.MountAt(guest)
	rel, ok = h.procRel(m, guest)
	return m, rel, ok
}

// procOpen gives the guest a text of its own if that is what it opens. done
// says that the call has been dealt with.
//
// The open becomes a memfd_create, so that the descriptor is the guest's from
// the start, needs no file anywhere and is nothing that Landlock judges; the
// tracer fills and seals the file before the guest goes on.
func (h *handler) procOpen(c *tracer.Call, r *fsview.Resolution, how openHow) (done bool) {
	if how.flags&unix.O_PATH != 0 || how.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL {
		return false
	}
	if h.id != nil && h.id.nsOpen(c, r, how) {
		return true
	}
	m, rel, ok := h.procTarget(r)
	if !ok {
		return false
	}
	if h.listing(c, rel) {
		return true
	}
	if r.Slash || how.flags&unix.O_DIRECTORY != 0 {
		return false
	}
	text, e, ok := h.procText(rel)
	if !ok {
		return false
	}
	var mf *mapFile
	if e == 0 && how.flags&unix.O_ACCMODE != unix.O_RDONLY && h.id != nil && isMapFile(rel) {
		var done bool
		if mf, done = h.id.openMap(c, rel); done {
			return true
		}
	}
	if e == 0 && mf == nil && (how.flags&unix.O_ACCMODE != unix.O_RDONLY || how.flags&unix.O_TRUNC != 0) {
		// None of them can be written but by the host's root, and that is
		// not what the guest would write to.
		e = unix.EACCES
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	name := h.textTag(m, rel)
	flags := uint64(textFlags())
	if how.flags&unix.O_CLOEXEC != 0 {
		flags |= unix.MFD_CLOEXEC
	}
	c.SetNr(unix.SYS_MEMFD_CREATE)
	c.SetPath(0, []byte(name))
	c.SetArg(1, flags)
	c.WantResult(func(r *tracer.Result) {
		if r.Val >= 0 {
			if mf != nil {
				h.id.opened(r.Task, int(r.Val), mf)
			}
			if e := h.fillText(r.Task, int(r.Val), text); e != 0 {
				h.log.Warn("a text of procfs cannot be written", "text", rel, "err", e)
			}
		}
	})
	return true
}

// textFlags are the flags of memfd_create that this kernel knows:
// MFD_NOEXEC_SEAL (Linux 6.3) says that the file is no program.
var textFlags = sync.OnceValue(func() int {
	const flags = unix.MFD_NOEXEC_SEAL | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("ptbox-probe", flags|unix.MFD_CLOEXEC)
	if err != nil {
		return unix.MFD_ALLOW_SEALING
	}
	unix.Close(fd)
	return flags
})

// fillText writes the text of a descriptor. It does so through an open file of
// its own, so that the guest's stays at its start.
func (h *handler) fillText(t *tracer.Task, fd int, text string) unix.Errno {
	n, err := unix.Openat(h.proc, h.at(t.Tid, "fd/"+strconv.Itoa(fd)), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	defer unix.Close(n)
	for len(text) > 0 {
		k, err := unix.Write(n, []byte(text))
		if err != nil {
			return errno(err)
		}
		text = text[k:]
	}
	seals := unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	_, err = unix.FcntlInt(uintptr(n), unix.F_ADD_SEALS, seals)
	return errno(err)
}

// textPrefix begins the name of every text.
const textPrefix = "ptbox-text."

// textTag says what a text shows, so that the guest's descriptor can be told
// from others later.
func (h *handler) textTag(m *fsview.Mount, rel string) string {
	shown := strings.TrimPrefix(rel, h.below[m])
	return textPrefix + strconv.FormatUint(m.Serial(), 10) + "." + strings.ReplaceAll(shown, "/", "!")
}

// textName returns what a text shows, from what the kernel calls it.
func (h *handler) textName(host string) (string, bool) {
	dir, tag, ok := strings.Cut(host, textPrefix)
	if !ok || dir != "/memfd:" {
		return "", false
	}
	serial, name, ok := strings.Cut(strings.TrimSuffix(tag, " (deleted)"), ".")
	if !ok {
		return "", false
	}
	m := h.textMount(serial)
	if m == nil {
		return "", false
	}
	if name != "" {
		return join(m.Target, strings.ReplaceAll(name, "!", "/")), true
	}
	return m.Target, true
}

// textMount finds the mount that a text was read through, or one like it: the
// text may be older than the caller's mount namespace.
func (h *handler) textMount(serial string) (like *fsview.Mount) {
	for _, m := range h.view.Mounts() {
		if strconv.FormatUint(m.Serial(), 10) == serial {
			return m
		}
		if m.Kind == fsview.Proc && like == nil {
			like = m
		}
	}
	return like
}
