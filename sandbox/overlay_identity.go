package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// The emulated identity changes files itself, without the kernel's or
// Landlock's check of what the guest may write. It works on copies in the upper
// layer, and owners.lower is the second lock: what still leads into a lower
// directory is not touched.

// leadsLower is owners.lower.
func (h *handler) leadsLower(link string) bool {
	var b [4096]byte
	n, err := unix.Readlink(link, b[:])
	if err != nil {
		return false
	}
	for _, m := range h.view.Mounts() {
		if u := m.Union(); u != nil && u.Lower(string(b[:n])) && !h.elsewhere(string(b[:n]), m) {
			return true
		}
	}
	return false
}

// elsewhere says whether the view shows the host path outside of the overlay m,
// too: a bind of a directory that is a lower one as well may be written.
func (h *handler) elsewhere(host string, m *fsview.Mount) bool {
	guest, ok := h.view.Guest(host)
	return ok && h.view.MountAt(guest) != m
}

// overlayDevice is makeDevice for a name in an overlay.
func (id *identity) overlayDevice(c *tracer.Call, r *fsview.Resolution, u *fsview.Union, mode uint32, dev uint64) unix.Errno {
	rel := relOf(r)
	if e := id.mayName(c, r, u); e != 0 {
		return e
	}
	n, e := u.Ready(rel)
	if e != 0 {
		return e
	}
	if n.Whiteout {
		return u.Make(rel, func(dir int, name string) unix.Errno { return id.makeDevice(c.Task, dir, name, mode, dev) })
	}
	if e := holdUpper(r, u); e != 0 {
		return e
	}
	return id.makeDevice(c.Task, int(r.Held), lastName(rel), mode, dev)
}

// madeNow records the owner of what the tracer itself has made in an overlay.
func (h *handler) madeNow(t *tracer.Task, host string) {
	if h.id == nil {
		return
	}
	k := credOf(t)
	fd, err := unix.Open(host, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if k.UID.FS == 0 && k.GID.FS == 0 {
		return
	}
	var o object
	if h.id.use(&o, fd) == 0 {
		h.id.load(&o)
		if e := h.id.chown(&o, k.UID.FS, k.GID.FS); e != 0 {
			h.log.Warn("the owner of a new file could not be recorded", "name", host, "err", e)
		}
	}
}
