package sandbox

import (
	"encoding/binary"
	"path"
	"slices"
	"strconv"
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
//
// Closing a descriptor costs no stop. Its number comes up again with an open or a
// message, which are seen, or with a duplicate: those stop in processes that have
// such a descriptor.

// noteFD remembers by which guest path something is about to be opened, if that
// matters.
func (h *handler) noteFD(c *tracer.Call, q *fsview.Request, r *fsview.Resolution, flags uint64) {
	guest, ok := h.twofold(c, q, r, flags)
	if !ok {
		return
	}
	// The result may be wanted for the owner of what is made.
	c.Watch(func(r *tracer.Result) {
		if r.Val >= 0 {
			h.note(r.Task, int(r.Val), guest)
		}
	})
}

// unnamed stands for the name of a file that has none (O_TMPFILE).
const unnamed = "/#"

// twofold says by which path something is opened that the view shows twice: a
// directory, a file without a name, which may get one by its descriptor, or any
// file where the places differ in what they allow, or procfs tells its name.
func (h *handler) twofold(c *tracer.Call, q *fsview.Request, r *fsview.Resolution, flags uint64) (guest string, ok bool) {
	if len(h.ambiguous) == 0 {
		return "", false
	}
	guest, m := h.meant(r)
	if !h.ambiguous[m] {
		return "", false
	}
	guest = strings.Clone(guest)
	if r.Relative {
		base, ok := h.view.GuestOf(q.Base)
		if !ok {
			return q.Base.Guest, q.Base.Guest != "" // too deep to have a path: it is in that mount
		}
		if q.Base.Deleted {
			return "", false
		}
		guest = path.Join(base, q.Path) // no "..", no symlink
	}
	places, differ := 0, false
	if m.Kind == fsview.Overlay {
		places = 2 // any of its layers may be shown elsewhere
	} else {
		h.view.Places(m.HostOf(guest), func(_ string, at *fsview.Mount) bool {
			places++
			differ = differ || at.Flags != m.Flags
			return true
		})
	}
	if places < 2 {
		return "", false
	}
	if flags&unix.O_TMPFILE == unix.O_TMPFILE {
		return guest + unnamed, true
	}
	if !differ && len(h.below) == 0 {
		var st unix.Stat_t
		if h.stat(c, &c.Ent.Paths[0], r, &st, true) != 0 || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			return "", false
		}
	}
	return guest, true
}

// meant is the guest path, and the mount, of what was found: of the object, if
// it was found by a magic link.
func (h *handler) meant(r *fsview.Resolution) (guest string, m *fsview.Mount) {
	if !r.Magic || r.Mount == nil || len(h.ambiguous) == 0 {
		return r.Guest, r.Mount
	}
	guest, ok := h.magicGuest(strings.TrimPrefix(strings.TrimPrefix(r.Guest, r.Mount.Target), "/"))
	if !ok {
		return r.Guest, r.Mount
	}
	return guest, h.view.MountAt(guest)
}

// watchDups sees to it that duplicates are noticed in the process of c before
// anything is noted there: nothing else tells whether a number still is what it
// was. It reports whether the call was given away for that.
func (h *handler) watchDups(c *tracer.Call, q *fsview.Request, r *fsview.Resolution, flags uint64) bool {
	if !h.missesDups(c.Task) {
		return false
	}
	_, ok := h.twofold(c, q, r, flags)
	return ok && h.noticeDups(c)
}

// missesDups says whether a process makes duplicates that nobody notices.
func (h *handler) missesDups(t *tracer.Task) bool {
	s := h.dups.state[t.Tgid()]
	return s != filterIn && s != filterGivenUp && h.procfs.filters != 0
}

func (h *handler) noticeDups(c *tracer.Call) bool {
	h.dups.cond = tracer.IfTwice
	return h.install(c, &h.dups)
}

// dup notes what was noted of the old number of the new one, too.
func (h *handler) dup(c *tracer.Call) {
	old := int(int32(c.Args[0]))
	if len(h.noters) == 0 {
		return
	}
	c.WantResult(func(r *tracer.Result) {
		if r.Val < 0 {
			return
		}
		for p, pid := range h.noters { // each thread may have its own
			if pid == r.Task.Tgid() && p.fds[old] != "" {
				h.note(r.Task, int(r.Val), p.fds[old])
				return
			}
		}
		h.forget(r.Task, int(r.Val))
	})
}

// forget is for a number that has become another descriptor's.
func (h *handler) forget(t *tracer.Task, fd int) {
	for p, pid := range h.noters {
		if pid == t.Tgid() {
			delete(p.fds, fd)
		}
	}
}

func (h *handler) note(t *tracer.Task, fd int, guest string) {
	p := proc(t)
	if p.fds == nil || len(p.fds) > 1<<16 {
		p.fds = map[int]string{}
	}
	if h.noters == nil {
		h.noters = map[*process]int{}
	}
	h.forget(t, fd) // of another thread, and old
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
				if h.procfs.filters == 0 || h.dups.state[t.Tgid()] == filterIn {
					h.note(t, fd, guest) // it is noticed when the number becomes another's
				}
				return guest
			}
		}
	}
	return ""
}

// notedAs is what was noted of a descriptor, if that still is what the host path
// text shows.
func (h *handler) notedAs(t *tracer.Task, fd int, text string) string {
	g := h.noted(t, fd)
	if dir, ok := strings.CutSuffix(g, unnamed); ok {
		if name := path.Base(text); name[0] == '#' && h.view.Shows(dir, path.Dir(text)) {
			return path.Join(dir, name)
		}
		return ""
	}
	if g == "" || !h.view.Shows(g, text) {
		return ""
	}
	return g
}

// sentNote is what was noted of a descriptor that is on its way to a process, and
// which directory or file it is of.
type sentNote struct {
	id    fsview.DirID
	guest string
}

// maxSent bounds what is remembered of messages that nobody receives.
const maxSent = 256

// sends remembers what was noted of the descriptors in a message: the sender may
// have closed them when they are received.
func (h *handler) sends(c *tracer.Call, ctl, n uint64) {
	if len(h.noters) == 0 {
		return
	}
	var sent []sentNote
	for _, fd := range rights(c, ctl, n) {
		if id, ok := h.fdID(c.Task, fd); ok {
			if guest := h.noted(c.Task, fd); guest != "" {
				sent = append(sent, sentNote{id, guest})
			}
		}
	}
	if len(sent) == 0 {
		return
	}
	h.sent = append(h.sent, sent...)
	h.sent = h.sent[max(0, len(h.sent)-maxSent):]
	c.Watch(func(r *tracer.Result) {
		if r.Val < 0 {
			for _, s := range sent {
				h.arrives(s.id)
			}
		}
	})
}

// arrives is what was noted of the first descriptor of id on its way, which has
// come to its end.
func (h *handler) arrives(id fsview.DirID) string {
	for i, s := range h.sent {
		if s.id == id {
			h.sent = slices.Delete(h.sent, i, i+1)
			return s.guest
		}
	}
	return ""
}

// received forgets what was noted of the numbers that a message's descriptors
// have got, and notes what was when they were sent.
func (h *handler) received(r *tracer.Result, hdr uint64) {
	if len(h.noters) == 0 && len(h.sent) == 0 {
		return
	}
	var b [16]byte // msg_control and msg_controllen
	if r.Read(hdr+32, b[:]) != 0 {
		return
	}
	for _, fd := range rights(r, binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])) {
		h.forget(r.Task, fd)
		if len(h.sent) == 0 {
			continue
		}
		if id, ok := h.fdID(r.Task, fd); ok {
			if guest := h.arrives(id); guest != "" {
				h.note(r.Task, fd, guest)
			}
		}
	}
}

// rights are the descriptors in the control data of a message.
func rights(m memory, ctl, n uint64) (all []int) {
	if n < 16 || n > 1<<16 {
		return nil
	}
	b := make([]byte, n)
	if m.Read(ctl, b) != 0 {
		return nil
	}
	ms, err := unix.ParseSocketControlMessage(b)
	if err != nil {
		return nil
	}
	for i := range ms {
		if fds, err := unix.ParseUnixRights(&ms[i]); err == nil {
			all = append(all, fds...)
		}
	}
	return all
}

// fdID tells what a descriptor is of from everything else.
func (h *handler) fdID(t *tracer.Task, fd int) (id fsview.DirID, ok bool) {
	var st unix.Stat_t
	if fd < 0 || unix.Fstatat(h.proc, h.at(t.Tid, "fd/"+strconv.Itoa(fd)), &st, 0) != nil {
		return id, false
	}
	return fsview.DirID{Dev: st.Dev, Ino: st.Ino}, true
}
