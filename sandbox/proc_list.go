package sandbox

import (
	"path"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Some directories of procfs show the guest only a part of what the host has
// in them. That needs a stop at getdents64, and a stop at each getdents64 of
// every directory would make walks of large trees half as slow again. So the
// call stops only in processes that have opened such a directory, and in their
// children (filter.go).
//
// A process that was handed such a descriptor by another one lists all of the
// host's process numbers. Numbers are all that it sees: they lead nowhere.

// partial reports whether the guest sees a part only of the directory rel.
func partial(rel string) bool {
	if rel == "" {
		return true
	}
	switch path.Base(rel) {
	case "fd", "fdinfo", "map_files":
		return true
	}
	return false
}

// listing sees to it that getdents64 will stop for a process that opens rel.
// It reports whether the call has been given away for that; it comes back.
func (h *handler) listing(c *tracer.Call, rel string) bool {
	return !h.procfs.whole && partial(rel) && h.install(c, &h.procfs.lists)
}

// listsOverlay sees to the same for a process that opens a directory of an
// overlay, which the guest may have mounted itself.
func (h *handler) listsOverlay(c *tracer.Call, r *fsview.Resolution, flags uint64) bool {
	switch {
	case h.id == nil || r.Mount == nil || r.Mount.Kind != fsview.Overlay, r.Mode&unix.S_IFMT != unix.S_IFDIR, flags&unix.O_PATH != 0:
		return false
	}
	return h.watchLists(c)
}

// watchLists sees to it that listing directories stops in the process of c.
func (h *handler) watchLists(c *tracer.Call) bool {
	if h.procfs.filters == 0 {
		h.tr.Catch(unix.SYS_GETDENTS)
		h.tr.Catch(unix.SYS_GETDENTS64)
		return false
	}
	return !h.procfs.whole && h.install(c, &h.procfs.lists)
}
