package sandbox

import (
	"cmp"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// overlayOpen prepares an open in an overlay: what is to be written is copied
// up, and a file that takes a whiteout's place is made here. It may change how
// and r.Host.
func (h *handler) overlayOpen(c *tracer.Call, r *fsview.Resolution, how *openHow) unix.Errno {
	u := unionOf(r)
	if how.flags&unix.O_PATH != 0 {
		return mergedDirectory(r, 0)
	}
	write := how.flags&unix.O_ACCMODE != unix.O_RDONLY || how.flags&unix.O_TRUNC != 0
	if u == nil {
		if r.Magic && write {
			return h.magicOpen(c, r, how)
		}
		return 0
	}
	if !u.Writable() || odd(r) {
		return 0
	}
	rel := relOf(r)
	creat := how.flags&unix.O_CREAT != 0
	switch {
	case creat && how.flags&unix.O_DIRECTORY != 0:
		return unix.EINVAL // Linux 6.4
	case creat && r.Slash:
		return cmp.Or(u.May(strings.TrimPrefix(path.Dir("/"+rel), "/"), unix.X_OK), unix.EISDIR)
	case creat && how.flags&unix.O_EXCL != 0, creat && !r.Exists:
		if h.id != nil {
			if e := h.id.mayName(c, r, u); e != 0 {
				return e
			}
		}
		n, e := u.Ready(rel)
		if e != 0 || !n.Whiteout {
			return e
		}
		return h.makeFile(c, u, rel, how)
	case how.flags&unix.O_TMPFILE == unix.O_TMPFILE:
		return unnamedIn(u, rel, r)
	case r.Lower && r.Mode&unix.S_IFMT == unix.S_IFIFO:
		// Readers and writers must meet in one of the two.
		if e := u.CopyUp(rel, true); e == 0 {
			r.Host = append(r.Host[:0], u.UpperPath(rel)...)
		}
		return 0
	case !write && r.Merged && !creat:
		return mergedDirectory(r, unix.R_OK)
	case !write || !r.Lower:
		return 0
	}
	return h.openLower(u, rel, r, how)
}

// unnamedIn prepares a directory for a file without a name.
func unnamedIn(u *fsview.Union, rel string, r *fsview.Resolution) unix.Errno {
	if r.Mode&unix.S_IFMT != unix.S_IFDIR {
		return unix.ENOTDIR
	}
	if !r.Lower {
		return 0
	}
	if e := u.May(rel, unix.W_OK|unix.X_OK); e != 0 {
		return e
	}
	if e := u.CopyUp(rel, true); e != 0 {
		return e
	}
	r.Host = append(r.Host[:0], u.UpperPath(rel)...)
	return 0
}

// openLower brings a file that is to be written into the upper layer.
func (h *handler) openLower(u *fsview.Union, rel string, r *fsview.Resolution, how *openHow) unix.Errno {
	switch r.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		return unix.EISDIR
	case unix.S_IFLNK:
		if how.flags&unix.O_DIRECTORY != 0 {
			return unix.ENOTDIR
		}
		return unix.ELOOP
	default:
		return 0 // writing to a FIFO or a device does not change the layer
	}
	if how.flags&unix.O_DIRECTORY != 0 {
		return unix.ENOTDIR
	}
	if how.flags&unix.O_ACCMODE != unix.O_WRONLY {
		if err := unix.Faccessat(unix.AT_FDCWD, string(r.Host), unix.R_OK, unix.AT_EACCESS); err != nil {
			return errno(err)
		}
	}
	if e := u.MayWrite(rel); e != 0 {
		return e
	}
	if e := u.CopyUp(rel, how.flags&unix.O_TRUNC == 0); e != 0 {
		return e
	}
	r.Host = append(r.Host[:0], u.UpperPath(rel)...)
	return 0
}

// makeFile makes an empty file in place of a whiteout, which the guest then
// opens. That is one step for everybody else, and O_EXCL has been decided.
func (h *handler) makeFile(c *tracer.Call, u *fsview.Union, rel string, how *openHow) unix.Errno {
	mode := uint32(how.mode) & 0o7777 &^ h.umask(c.Task)
	e := u.Make(rel, func(dir int, name string) unix.Errno {
		fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
		if err == nil {
			err = unix.Fchmod(fd, mode|0o600)
			unix.Close(fd)
		}
		return errno(err)
	})
	if e != 0 {
		return e
	}
	h.madeNow(c.Task, u.UpperPath(rel))
	how.flags &^= unix.O_EXCL
	if mode&0o600 != 0o600 {
		// The open that makes a file need not respect its mode.
		host := u.UpperPath(rel)
		c.WantResult(func(*tracer.Result) { unix.Chmod(host, mode) })
	}
	return 0
}

// setOpenFlags gives open and openat their flags back after a change.
func setOpenFlags(c *tracer.Call, how *openHow) {
	if a := c.Ent.Paths[0].Flags; a >= 0 && c.Ent.Name != "openat2" {
		c.SetArg(int(a), how.flags)
	}
}
