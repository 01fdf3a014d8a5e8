package sandbox

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// fdinfo reads /proc/TID/fdinfo/FD.
func (h *handler) fdinfo(tid, fd int) (string, bool) {
	f, err := unix.Openat(h.proc, h.at(tid, "fdinfo/"+strconv.Itoa(fd)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", false
	}
	defer unix.Close(f)
	b := make([]byte, 1024)
	n, err := unix.Read(f, b)
	if err != nil {
		return "", false
	}
	return string(b[:n]), true
}

func infoField(info, name string, base int) (int64, bool) {
	_, s, ok := strings.Cut(info, name)
	if !ok {
		return 0, false
	}
	s, _, _ = strings.Cut(s, "\n")
	v, err := strconv.ParseInt(strings.TrimSpace(s), base, 64)
	return v, err == nil
}

// fdMount finds the mount through which a descriptor's object is seen.
func (h *handler) fdMount(t *tracer.Task, fd int) *fsview.Mount {
	if fd < 0 {
		return nil
	}
	text, e := h.readProc(h.at(t.Tid, "fd/"+strconv.Itoa(fd)))
	if e != 0 {
		return nil
	}
	text = strings.TrimSuffix(text, " (deleted)")
	guest, ok := h.guestText(text)
	if !ok {
		return nil
	}
	return h.view.MountAt(guest)
}

// fdWrite answers a call that changes the object of a descriptor: EROFS if
// that lies on a read-only mount. A descriptor opened for reading, or only for
// its path, is enough for these calls.
func (h *handler) fdWrite(c *tracer.Call, arg int) unix.Errno {
	if !c.Ent.Writes || !h.readOnlyMounts || arg < 0 {
		return 0
	}
	fd := int(int32(c.Args[arg]))
	var m *fsview.Mount
	if fd == atFDCWD {
		if text, e := h.readProc(h.at(c.Task.Tid, "cwd")); e == 0 {
			if guest, ok := h.guestText(text); ok {
				m = h.view.MountAt(guest)
			}
		}
	} else {
		m = h.fdMount(c.Task, fd)
	}
	if m != nil && m.Flags&fsview.ReadOnly != 0 {
		return unix.EROFS
	}
	return 0
}

// fdAttr serves calls that change an object by descriptor; they stop only if
// the view has a read-only mount.
func (h *handler) fdAttr(c *tracer.Call) {
	if c.Ent.Name == "ioctl" && (uint32(c.Args[1]) == fioSetOwn || uint32(c.Args[1]) == siocSPgrp) {
		h.owner(c)
		return
	}
	if !h.readOnlyMounts {
		return
	}
	m := h.fdMount(c.Task, int(int32(c.Args[0])))
	if m != nil && m.Flags&fsview.ReadOnly != 0 {
		c.Fail(unix.EROFS)
	}
}

// fdCall serves close_range over the reserved descriptors: two ranges around
// them. The call is run for the first, and entered again for the second.
func (h *handler) fdCall(c *tracer.Call) {
	if c.Ent.Name == "fcntl" {
		h.owner(c)
		return
	}
	if c.Ent.Name != "close_range" {
		c.Fail(unix.EBADF)
		return
	}
	first, last := uint64(uint32(c.Args[0])), uint64(uint32(c.Args[1]))
	low, high := uint64(tracer.DefaultWindowFD), uint64(tracer.DefaultWindowFD+2)
	if first > last {
		return // EINVAL
	}
	if !h.half[c.Task.Tid] && first < low {
		c.SetArg(1, low-1)
		if last < high {
			return
		}
		c.WantResult(func(r *tracer.Result) {
			if r.Val == 0 {
				h.half[r.Task.Tid] = true
				r.Again()
			}
		})
		return
	}
	delete(h.half, c.Task.Tid)
	if last < high {
		c.Return(0)
		return
	}
	c.SetArg(0, high)
}

// magicMount corrects the mount of a resolution that ends at a magic link:
// what counts is where the object lies that the kernel will follow it to, not
// where the link does. Without a place in the view it is no mount's.
func (h *handler) magicMount(r *fsview.Resolution) {
	if !r.Magic {
		return
	}
	m := r.Mount
	rel := strings.Trim(strings.TrimPrefix(r.Guest, m.Target), "/")
	r.Mount = nil
	text, e := h.readProc(rel)
	if e != 0 {
		return
	}
	if guest, ok := h.guestText(strings.TrimSuffix(text, " (deleted)")); ok {
		r.Mount = h.view.MountAt(guest)
	}
}
