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

// fdFlags are the flags that a descriptor was opened with, 0 if there is none.
func (h *handler) fdFlags(t *tracer.Task, fd int) int64 {
	info, _ := h.fdinfo(t.Tid, fd)
	flags, _ := infoField(info, "flags:", 8)
	return flags
}

// opensPath reports whether a descriptor was opened with O_PATH: for most
// calls it is none then.
func (h *handler) opensPath(t *tracer.Task, fd int) bool {
	return h.fdFlags(t, fd)&unix.O_PATH != 0
}

// writable reports whether a descriptor can be written to.
func (h *handler) writable(t *tracer.Task, fd int) bool {
	flags := h.fdFlags(t, fd)
	return flags&unix.O_ACCMODE != unix.O_RDONLY && flags&unix.O_PATH == 0
}

// fdMount finds the mount through which a descriptor's object is seen.
func (h *handler) fdMount(t *tracer.Task, fd int) *fsview.Mount {
	if fd < 0 {
		return nil
	}
	text, e := h.readProc(h.at(t.Tid, "fd/"+strconv.Itoa(fd)))
	if e == unix.ENAMETOOLONG {
		d, e := h.openProc(t.Tid, "fd/"+strconv.Itoa(fd), unix.O_DIRECTORY)
		if e == unix.ENOTDIR {
			return h.deepMount(t, fd)
		}
		if e != 0 {
			return nil
		}
		defer h.host.Close(d)
		return h.view.MountOf(&fsview.Base{Dir: d, Guest: h.noted(t, fd)})
	}
	if e != 0 {
		return nil
	}
	text = strings.TrimSuffix(text, " (deleted)")
	guest, ok := h.guestText(text)
	if !ok {
		return nil
	}
	m := h.view.MountAt(guest)
	if !h.ambiguous[m] {
		return m
	}
	if g := h.notedAs(t, fd, text); g != "" {
		return h.view.MountAt(g)
	}
	if m.Flags&fsview.ReadOnly != 0 && h.writable(t, fd) {
		// It was not opened there.
		h.view.Places(text, func(_ string, at *fsview.Mount) bool {
			m = at
			return at.Flags&fsview.ReadOnly != 0
		})
	}
	return m
}

// deepMount is the mount of a file whose path is too long for the kernel to
// tell. A file has no parent to ask: of the mounts that it may be in, it is a
// read-only one, unless its descriptor can be written to.
func (h *handler) deepMount(t *tracer.Task, fd int) *fsview.Mount {
	at, ok := mountID(h.proc, h.at(t.Tid, "fd/"+strconv.Itoa(fd)), 0)
	if !ok || h.writable(t, fd) {
		return nil
	}
	for _, m := range h.view.Mounts() {
		if m.Flags&fsview.ReadOnly == 0 || !m.IsDir() {
			continue
		}
		if id, ok := mountID(int(m.Root()), "", 0); ok && id == at {
			return m
		}
	}
	return nil
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
		if b, keep, e := h.baseCwd(c.Task, 0); e == 0 {
			m = h.view.MountOf(b)
			if !keep {
				h.host.Close(b.Dir)
			}
		}
	} else {
		m = h.fdMount(c.Task, fd)
	}
	if m == nil || m.Flags&fsview.ReadOnly == 0 {
		return 0
	}
	if len(c.Ent.Paths) > 0 && fd != atFDCWD && !emptyMeansFD(c, &c.Ent.Paths[0]) && h.opensPath(c.Task, fd) {
		return 0 // EBADF: utimensat without a path wants an open file
	}
	if access && fd != atFDCWD {
		var st unix.Stat_t
		if unix.Fstatat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), &st, 0) == nil && !mountKind(st.Mode) {
			return 0
		}
		if err := unix.Faccessat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), unix.W_OK, unix.AT_EACCESS); err != nil {
			return errno(err)
		}
	}
	return unix.EROFS
}

// mountKind reports whether a read-only mount forbids writing to an object of
// this mode (sb_permission in fs/namei.c).
func mountKind(mode uint32) bool {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK:
		return true
	}
	return false
}

// fdAttr serves calls that change an object by descriptor; they stop only if
// the view has a read-only mount, or a mount below a directory of the guest's own.
func (h *handler) fdAttr(c *tracer.Call) {
	if c.Ent.Name == "ioctl" && (uint32(c.Args[1]) == fioSetOwn || uint32(c.Args[1]) == siocSPgrp) {
		h.owner(c)
		return
	}
	if c.Ent.Name == "ioctl" && h.limited != nil && (uint32(c.Args[1]) == ficlone || uint32(c.Args[1]) == ficloneRange) {
		h.ficlone(c)
		return
	}
	fd := int(int32(c.Args[0]))
	h.shutsFD(c, fd)
	if !h.readOnlyMounts && !h.overlays {
		return
	}
	m := h.fdMount(c.Task, fd)
	if m == nil || m.Flags&fsview.ReadOnly == 0 {
		if h.overlays && !h.opensPath(c.Task, fd) {
			h.overlayFD(c, fd, -1)
		}
		return
	}
	if h.opensPath(c.Task, fd) {
		return // EBADF
	}
	c.Fail(unix.EROFS)
}

// usesReserved says whether a call acts on one of the engine's descriptors,
// which for the guest are not open: programs look with fstat(2) for those that
// they have inherited.
func (h *handler) usesReserved(c *tracer.Call) bool {
	if c.Ent.Class != tracer.ClassFD && c.Ent.Args[0] == tracer.FD {
		return h.isReserved(c.Args[0])
	}
	for i := range c.Ent.Paths {
		p := &c.Ent.Paths[i]
		if p.Dir < 0 || !h.isReserved(c.Args[p.Dir]) {
			continue
		}
		raw, e := c.Path(int(p.Arg), i)
		return e == 0 && (len(raw) == 0 || raw[0] != '/') || c.Args[p.Arg] == 0 && (p.NullOK || emptyMeansFD(c, p))
	}
	return false
}

func (h *handler) isReserved(fd uint64) bool {
	first, end := h.tr.Reserved()
	n := int(int32(fd))
	return n >= first && n < end
}

// fdCall serves close_range over the reserved descriptors: two ranges around
// them. The call is run for the first, and entered again for the second.
func (h *handler) fdCall(c *tracer.Call) {
	switch c.Ent.Name {
	case "fcntl", "fcntl64":
		if cmd := uint32(c.Args[1]); cmd == unix.F_DUPFD || cmd == unix.F_DUPFD_CLOEXEC {
			h.dup(c)
			return
		}
		h.owner(c)
		return
	case "dup", "dup2", "dup3":
		h.dup(c)
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
