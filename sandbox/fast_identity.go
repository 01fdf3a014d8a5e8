package sandbox

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// With an emulated identity the code in the guest knows one user: root with its
// capabilities, in the first mount namespace as it was at the start, without a
// root directory of its own. The host's user is that root to the code, what the
// kernel allows it is allowed, and what the kernel forbids is left to a stop.
// All of that changes at stops only, after each of which settle looks.

// fastIdentity says whether the fast path can serve an emulated identity.
func (s *Sandbox) fastIdentity() bool { return os.Geteuid() != 0 }

// fastIDs is what settle has seen.
type fastIDs struct {
	on       bool
	first    int    // version of the first namespace's view
	versions int    // of all views
	stats    uint32 // which stats are emulated, for records of the side file
}

// settle ends the fast path where it may no longer be used, after t has come
// by.
func (h *handler) settle(t *tracer.Task) {
	f := &h.fastIDs
	if !f.on {
		return
	}
	if now := h.id.side.stats(); now != f.stats {
		h.tr.SetFast(now&^f.stats, f.stats&^now)
		f.stats = now
	}
	if f.versions != h.versions {
		f.versions = h.versions
		h.tr.Each(func(o *tracer.Task) { h.leaves(o) })
	} else if h.leaves(t) {
		// A root directory may be shared with others.
		h.tr.Each(func(o *tracer.Task) {
			if o.FS == t.FS {
				h.leaves(o)
			}
		})
	}
}

// leaves takes a task out that the code does not know.
func (h *handler) leaves(t *tracer.Task) bool {
	p, _ := t.Data.(*process)
	if p == nil {
		return false
	}
	k := &p.cred
	plain := k.NS == nil && k.UID.Real == 0 && k.UID.Effective == 0 && k.UID.FS == 0 && k.Can(unix.CAP_DAC_OVERRIDE) && k.Can(unix.CAP_DAC_READ_SEARCH) &&
		p.mnt == h.first && h.first.version == h.fastIDs.first && h.rootOf(t) == ""
	return !plain && h.tr.LeaveFast(t)
}
