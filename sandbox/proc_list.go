package sandbox

import (
	"path"

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
