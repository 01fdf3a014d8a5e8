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
	m := h.view.MountAt(guest)
	if h.ambiguous[m] && proc(t).fds[fd] != "" {
		if hint := h.fdHint(t, fd); hint != "" {
			m = h.view.MountAt(hint)
		}
	}
	return m
}

// fdWrite answers a call that changes the object of a descriptor: EROFS if
// that lies on a read-only mount. A descriptor opened for reading, or only for
// its path, is enough for these calls.
func (h *handler) fdWrite(c *tracer.Call, arg int) unix.Errno {
	access := c.Ent.Class == tracer.ClassAccess && c.Args[c.Ent.Paths[0].Arg+1]&unix.W_OK != 0
	if !c.Ent.Writes && !access || !h.readOnlyMounts || arg < 0 {
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
	if m == nil || m.Flags&fsview.ReadOnly == 0 {
		return 0
	}
	if access && fd != atFDCWD {
		if err := unix.Faccessat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), unix.W_OK, unix.AT_EACCESS); err != nil {
			return errno(err)
		}
	}
	return unix.EROFS
}

// fdAttr serves calls that change an object by descriptor; they stop only if
// the view has a read-only mount.
func (h *handler) fdAttr(c *tracer.Call) {
	if c.Ent.Name == "ioctl" && (uint32(c.Args[1]) == fioSetOwn || uint32(c.Args[1]) == siocSPgrp) {
		h.owner(c)
		return
	}
	if c.Ent.Name == "ioctl" && h.limited != nil && (uint32(c.Args[1]) == ficlone || uint32(c.Args[1]) == ficloneRange) {
		h.ficlone(c)
		return
	}
	if !h.readOnlyMounts && !h.overlays {
		return
	}
	fd := int(int32(c.Args[0]))
	m := h.fdMount(c.Task, fd)
	if m == nil || m.Flags&fsview.ReadOnly == 0 {
		if h.overlays {
			h.overlayFD(c, fd, -1)
		}
		return
	}
	if info, ok := h.fdinfo(c.Task.Tid, fd); ok {
		if flags, ok := infoField(info, "flags:", 8); ok && flags&unix.O_PATH != 0 {
			return // EBADF
		}
	}
	c.Fail(unix.EROFS)
}

// fdCall serves close_range over the reserved descriptors: two ranges around
// them. The call is run for the first, and entered again for the second.
func (h *handler) fdCall(c *tracer.Call) {
	if c.Ent.Name == "fcntl" || c.Ent.Name == "fcntl64" {
		h.owner(c)
		return
	}
	if c.Ent.Name != "close_range" {
		c.Fail(unix.EBADF)
		return
	}
	first, last := uint64(uint32(c.Args[0])), uint64(uint32(c.Args[1]))
	from, end := h.tr.Reserved()
	low, high := uint64(from), uint64(end)
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
