package sandbox

import (
	"encoding/binary"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer"
)

// Where one host directory is shown at two places of the view, a descriptor of
// it does not tell which was meant: the kernel has one mount where the guest
// has two. So it is noted at the open. A duplicate, or a descriptor that came
// over a socket, is recognised as one of an open file that was noted.

// noteFD remembers by which guest path something is about to be opened: a
// directory, or a file where the places differ in what they allow.
func (h *handler) noteFD(c *tracer.Call, q *fsview.Request, r *fsview.Resolution) {
	if !h.ambiguous[r.Mount] {
		return
	}
	guest := strings.Clone(r.Guest)
	if r.Relative {
		base, ok := h.view.GuestOf(q.Base)
		if !ok || q.Base.Deleted {
			return
		}
		guest = path.Join(base, q.Path) // no "..", no symlink
	}
	places, differ := 0, false
	if r.Mount.Kind == fsview.Overlay {
		places = 2 // any of its layers may be shown elsewhere
	} else {
		h.view.Places(r.Mount.HostOf(guest), func(_ string, m *fsview.Mount) bool {
			places++
			differ = differ || m.Flags != r.Mount.Flags
			return true
		})
	}
	if places < 2 {
		return
	}
	if !differ {
		var st unix.Stat_t
		if h.stat(c, &c.Ent.Paths[0], r, &st, true) != 0 || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return
		}
	}
	c.WantResult(func(r *tracer.Result) {
		if r.Val >= 0 {
			h.note(r.Task, int(r.Val), guest)
		}
	})
}

func (h *handler) note(t *tracer.Task, fd int, guest string) {
	p := proc(t)
	if p.fds == nil || len(p.fds) > 1<<16 {
		p.fds = map[int]string{}
	}
	if h.noters == nil {
		h.noters = map[*process]int{}
	}
	for other, pid := range h.noters {
		if pid == t.Tgid() {
			delete(other.fds, fd) // of another thread, and old
		}
	}
	p.fds[fd] = guest
	h.noters[p] = t.Tgid()
}

// noted is the guest path that was noted of a descriptor, or of the open file
// that it is another descriptor of.
func (h *handler) noted(t *tracer.Task, fd int) string {
	p := proc(t)
	if guest := p.fds[fd]; guest != "" {
		return guest
	}
	for other, pid := range h.noters {
		for n, guest := range other.fds {
			same, e := ptrace.KcmpFile(t.Tid, fd, pid, n)
			if e == unix.ESRCH {
				delete(h.noters, other)
				break
			}
			if e == 0 && same {
				h.note(t, fd, guest)
				return guest
			}
		}
	}
	return ""
}

// received forgets what was noted of the numbers that a message's descriptors
// have got.
func (h *handler) received(r *tracer.Result, hdr uint64) {
	p := proc(r.Task)
	if len(p.fds) == 0 {
		return
	}
	var b [16]byte // msg_control and msg_controllen
	if r.Read(hdr+32, b[:]) != 0 {
		return
	}
	n := binary.LittleEndian.Uint64(b[8:])
	if n < 16 || n > 1<<16 {
		return
	}
	ctl := make([]byte, n)
	if r.Read(binary.LittleEndian.Uint64(b[:]), ctl) != 0 {
		return
	}
	ms, err := unix.ParseSocketControlMessage(ctl)
	if err != nil {
		return
	}
	for i := range ms {
		if fds, err := unix.ParseUnixRights(&ms[i]); err == nil {
			for _, fd := range fds {
				delete(p.fds, fd)
			}
		}
	}
}
