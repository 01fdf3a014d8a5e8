package sandbox

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

func procSelfFD(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// limitOf is the account that a name's directory, or an object, belongs to.
func (h *handler) limitOf(m *fsview.Mount) *limit {
	if h.limited == nil || m == nil {
		return nil
	}
	return h.limited.of[m.Source]
}

// mayMake answers ENOSPC to a call that makes the name k of r where there is no
// room for it. What the kernel finds fault with before it allocates comes
// first.
func (h *handler) mayMake(c *tracer.Call, k int, r *fsview.Resolution) unix.Errno {
	l := h.limitOf(h.realMount(r))
	if l == nil || odd(r) || r.MountPoint {
		return 0
	}
	page := uint64(0)
	if strings.HasPrefix(c.Ent.Name, "symlink") {
		body, e := c.String(c.Args[0], 4096)
		if e != 0 || body == "" {
			return 0 // looked at before all else
		}
		if len(body) >= longLink {
			page = 1
		}
	}
	return h.makes(c, k, r, l, page)
}

// makes is mayMake for a name that takes so many pages.
func (h *handler) makes(c *tracer.Call, k int, r *fsview.Resolution, l *limit, page uint64) unix.Errno {
	q := h.limited
	if l.full(page > 0) {
		if q.sweep(l); l.full(page > 0) {
			n := h.nameOf(c, k, r)
			defer n.done()
			switch {
			case n.exists, n.mayChange() != 0, r.Slash && !strings.HasPrefix(c.Ent.Name, "mkdir"), longName(n.path):
				return 0
			}
			return unix.ENOSPC
		}
	}
	q.promise(l, page, 1, func(val int64) {
		if val >= 0 {
			l.names++
			l.used += page
		}
	})
	return 0
}

// longName says that the last component is longer than a name may be.
func longName(p string) bool { return len(p)-strings.LastIndexByte(p, '/')-1 > 255 }

// mayLink is mayMake for a name of an object that exists. A file that was made
// without one has been counted.
func (h *handler) mayLink(c *tracer.Call, from, to *fsview.Resolution) unix.Errno {
	l := h.limitOf(h.realMount(to))
	if l == nil {
		return 0
	}
	var st unix.Stat_t
	if from == nil {
		fd := int(int32(c.Args[c.Ent.Paths[0].Dir]))
		if unix.Fstatat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), &st, 0) != nil {
			return 0
		}
	} else if h.stat(c, &c.Ent.Paths[0], from, &st, follow(c, &c.Ent.Paths[0])) != 0 {
		return 0
	}
	if st.Nlink == 0 {
		return 0
	}
	return h.makes(c, 1, to, l, 0)
}

// removes notes that the call takes the name k of r away.
func (h *handler) removes(c *tracer.Call, k int, r *fsview.Resolution) {
	l := h.limitOf(h.realMount(r))
	if l == nil || odd(r) || r.MountPoint {
		return
	}
	n := h.nameOf(c, k, r)
	defer n.done()
	if !n.exists {
		return
	}
	fd, err := unix.Openat(n.fd, n.path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	h.limited.promise(l, 0, 0, func(val int64) { h.limited.removed(l, fd, val >= 0) })
}

// removed is told what fd holds has lost a name, if done.
func (q *limits) removed(l *limit, fd int, done bool) {
	var st unix.Stat_t
	if !done || unix.Fstat(fd, &st) != nil {
		unix.Close(fd)
		return
	}
	switch kind := st.Mode & unix.S_IFMT; {
	case st.Nlink > 0 && kind != unix.S_IFDIR:
		l.names--
	case kind == unix.S_IFREG:
		q.lost(l, fd, &st)
		return
	default:
		l.names--
		if kind == unix.S_IFLNK && st.Size >= longLink {
			l.used--
		}
	}
	unix.Close(fd)
}

// moves notes that a rename takes away the name that it moves over.
func (h *handler) moves(c *tracer.Call, to *fsview.Resolution) unix.Errno {
	flags := uint64(0)
	if c.Ent.Name == "renameat2" {
		flags = c.Args[4]
	}
	l := h.limitOf(h.realMount(to))
	if l == nil || odd(to) {
		return 0
	}
	if flags&unix.RENAME_WHITEOUT != 0 {
		// It leaves a device in the place of the old name.
		if l.full(false) {
			if h.limited.sweep(l); l.full(false) {
				return unix.ENOSPC
			}
		}
		h.limited.promise(l, 0, 1, func(val int64) {
			if val >= 0 {
				l.names++
			}
		})
	}
	if flags&unix.RENAME_EXCHANGE == 0 {
		h.removes(c, 1, to)
	}
	return 0
}

// opens keeps the account of an open that may make or change a file. away says
// that the call was given away, and will come back.
func (h *handler) opens(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, how openHow) (e unix.Errno, away bool) {
	if how.flags&unix.O_PATH != 0 {
		return 0, false
	}
	tmp := how.flags&unix.O_TMPFILE == unix.O_TMPFILE
	if how.flags&unix.O_ACCMODE == unix.O_RDONLY && how.flags&(unix.O_CREAT|unix.O_TRUNC) == 0 && !tmp {
		return 0, false
	}
	l := h.limitOf(h.mountOf(c, r))
	if l == nil {
		return 0, false
	}
	if h.watchWrites(c) {
		return 0, true
	}
	var st unix.Stat_t
	missing := uint64(0)
	switch e := h.stat(c, p, r, &st, true); {
	case tmp, e == unix.ENOENT && how.flags&unix.O_CREAT != 0 && !r.Slash && !odd(r):
		missing = 1
	case e != 0 || st.Mode&unix.S_IFMT != unix.S_IFREG:
		return 0, false
	}
	q := h.limited
	if missing > 0 && l.full(false) {
		if q.sweep(l); l.full(false) {
			n := h.nameOf(c, 0, r)
			defer n.done()
			dir := n
			if tmp && unix.Faccessat(n.fd, n.path, unix.W_OK|unix.X_OK, unix.AT_EACCESS) != nil || !tmp && (dir.mayChange() != 0 || longName(n.path)) {
				return 0, false
			}
			return unix.ENOSPC, false
		}
	}
	t := c.Task
	q.promise(l, 0, missing, func(val int64) {
		if val >= 0 {
			q.opened(h, t, l, int(val), tmp)
		}
	})
	return 0, false
}

// opened enters the file that a task has just opened.
func (q *limits) opened(h *handler, t *tracer.Task, l *limit, n int, tmp bool) {
	fd, e := h.openProc(t.Tid, "fd/"+strconv.Itoa(n), 0)
	if e != 0 {
		return
	}
	var st unix.Stat_t
	if unix.Fstat(int(fd), &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(int(fd))
		return
	}
	f, old := q.fileAt(l, &st)
	if !old {
		l.names++
	}
	f.update(int(fd))
	if tmp && !old {
		q.lost(l, int(fd), &st) // until it is given a name
		return
	}
	unix.Close(int(fd))
}

// changes notes that truncate(2) changes the file at r.
func (h *handler) changes(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) {
	l := h.limitOf(h.mountOf(c, r))
	if l == nil {
		return
	}
	fd, path, done := h.hostAt(c, p, 0, r)
	defer done()
	flags := unix.O_PATH | unix.O_CLOEXEC
	if !r.Magic {
		flags |= unix.O_NOFOLLOW
	}
	o, err := unix.Openat(fd, path, flags, 0)
	if err != nil {
		return
	}
	var st unix.Stat_t
	if unix.Fstat(o, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(o)
		return
	}
	f, _ := h.limited.fileAt(l, &st)
	h.limited.promise(l, 0, 0, func(int64) {
		f.update(o)
		unix.Close(o)
	})
}
