package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// Abstract Unix sockets have no place in the view: their names are the host's.
// Landlock keeps those of the sandbox and those of the host apart where it can
// (Linux 6.12). Elsewhere a guest reaches the names only that were bound in
// the sandbox.

// isAbstract reports whether an address is an abstract name.
func isAbstract(raw []byte) bool {
	return len(raw) > sunPathOff && binary.LittleEndian.Uint16(raw) == unix.AF_UNIX && raw[sunPathOff] == 0
}

// reachable says whether a guest may send to the address.
func (h *handler) reachable(raw []byte) bool {
	return !isAbstract(raw) || h.scoped() || h.abstract[string(raw[sunPathOff:])]
}

// bound remembers an abstract name once it is bound, one that the kernel has
// chosen too.
func (h *handler) bound(c *tracer.Call, raw []byte) {
	if h.scoped() || len(raw) < sunPathOff || binary.LittleEndian.Uint16(raw) != unix.AF_UNIX {
		return
	}
	c.WantResult(func(r *tracer.Result) {
		fd, ok := h.borrow(r.Task, int(int32(r.Args[0])))
		if r.Val < 0 || !ok {
			return
		}
		defer unix.Close(fd)
		if name, e := sockAddress(fd, false); e == 0 && isAbstract(name) && len(h.abstract) < maxNames {
			if h.abstract == nil {
				h.abstract = map[string]bool{}
			}
			h.abstract[string(name[sunPathOff:])] = true
		}
	})
}
