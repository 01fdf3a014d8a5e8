package sandbox

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// dirKey names a directory by what does not change.
type dirKey struct{ dev, ino uint64 }

// mergedDir is a host directory whose listing in the view has names that the
// host does not know.
type mergedDir struct {
	extra []fsview.Name
	// hide, if it is set, says which of the host's names are left out.
	hide func(name string) bool
	// fill makes list where the host cannot (overlays).
	fill func() unix.Errno
	// list is the whole listing as last read from its start.
	list []dirent
}

// dirent is one entry of a listing.
type dirent struct {
	ino  uint64
	kind byte
	name string
}

// direntHead is the size of struct linux_dirent64 before the name.
const direntHead = 19

// getdents serves getdents64 on a merged directory. The tracer lists the
// directory itself and adds the names; the position is a number in that list.
// It is kept where the kernel keeps it, in the open file, so that dup, fork,
// lseek, telldir and seekdir work on it as on any other directory.
func (h *handler) getdents(c *tracer.Call) {
	d := h.mergedFD(c)
	if d == nil {
		if d = h.unionFD(c); d == nil {
			return
		}
	}
	t := c.Task
	fd := int(int32(c.Args[0]))
	pos, ok := h.filePos(t.Tid, fd)
	if !ok || h.opensPath(t, fd) {
		return // EBADF
	}
	if len(d.extra) == 0 && d.fill == nil {
		h.filtered(c, d, fd, pos)
		return
	}
	if pos == 0 || d.list == nil {
		e := h.readList(t, fd, pos, d)
		if e == unix.EACCES && d.fill != nil {
			// It has been made unreadable since: by the guest's own descriptor,
			// which shows one layer.
			one := mergedDir{extra: d.extra}
			e = h.readList(t, fd, pos, &one)
			d.list = one.list
		}
		if e != 0 {
			c.Fail(e)
			return
		}
	}
	size := int(min(c.Args[2], 1<<16))
	var out []byte
	for pos >= 0 && pos < int64(len(d.list)) {
		if d.list[pos].name == "" {
			pos++ // a name that is gone
			continue
		}
		n := len(out)
		out = d.list[pos].append(out, pos+1, c.Ent.Name == "getdents64")
		if len(out) > size {
			if n == 0 {
				c.Fail(unix.EINVAL)
				return
			}
			out = out[:n]
			break
		}
		pos++
	}
	if e := c.Write(c.Args[1], out); e != 0 {
		c.Fail(e)
		return
	}
	if len(out) == 0 {
		c.Return(0)
		return
	}
	h.seekTo(c, pos, int64(len(out)))
}

// seekTo answers a call with n and leaves the file at pos: the guest's own
// lseek stores the new position, and what it returns is replaced.
func (h *handler) seekTo(c *tracer.Call, pos, n int64) {
	c.SetNr(unix.SYS_LSEEK)
	c.SetArg(1, uint64(pos))
	c.SetArg(2, unix.SEEK_SET)
	c.WantResult(func(r *tracer.Result) {
		if r.Val >= 0 {
			r.Val = n
		}
	})
}

// append adds the entry as struct linux_dirent64, or in the old form that has
// the type behind the name.
func (e *dirent) append(out []byte, next int64, is64 bool) []byte {
	head, tail := direntHead, 1
	if !is64 {
		head, tail = direntHead-1, 2
	}
	b := make([]byte, (head+len(e.name)+tail+7)&^7)
	binary.LittleEndian.PutUint64(b[0:], e.ino)
	binary.LittleEndian.PutUint64(b[8:], uint64(next))
	binary.LittleEndian.PutUint16(b[16:], uint16(len(b)))
	if is64 {
		b[18] = e.kind
	} else {
		b[len(b)-1] = e.kind
	}
	copy(b[head:], e.name)
	return append(out, b...)
}

// mergedFD returns the merged directory that argument 0 names, or nil.
func (h *handler) mergedFD(c *tracer.Call) *mergedDir {
	fd := int(int32(c.Args[0]))
	if fd < 0 {
		return nil
	}
	var st unix.Stat_t
	if unix.Fstatat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), &st, 0) != nil {
		return nil
	}
	if d := h.dirs[dirKey{st.Dev, st.Ino}]; d != nil || !h.procDev[st.Dev] {
		return d
	}
	return h.procDir(c.Task.Tid, fd)
}

// mergedAt returns the entry of a directory, made if need be.
func (h *handler) mergedAt(k dirKey) *mergedDir {
	d := h.dirs[k]
	if d == nil {
		d = &mergedDir{}
		h.dirs[k] = d
	}
	return d
}

// filePos reads the position of an open file from its fdinfo.
func (h *handler) filePos(tid, fd int) (int64, bool) {
	b, ok := h.fdinfo(tid, fd)
	if !ok {
		return 0, false
	}
	return infoField(b, "pos:", 10)
}

// readList lists the directory behind a task's descriptor, which is at pos,
// extra names last.
func (h *handler) readList(t *tracer.Task, fd int, pos int64, d *mergedDir) unix.Errno {
	if d.fill != nil {
		return d.fill()
	}
	dir, err := unix.Openat(h.proc, h.at(t.Tid, "fd/"+strconv.Itoa(fd)), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	shared := err == unix.EACCES
	if shared {
		// It has been made unreadable since: by the guest's own descriptor.
		var ok bool
		if dir, ok = h.borrow(t, fd); !ok {
			return unix.EACCES
		}
	} else if err != nil {
		return errno(err)
	}
	defer unix.Close(dir)
	if shared {
		if _, err := unix.Seek(dir, 0, unix.SEEK_SET); err != nil {
			return errno(err)
		}
		defer unix.Seek(dir, pos, unix.SEEK_SET)
	}
	list := []dirent{}
	have := map[string]bool{}
	buf := make([]byte, 1<<15)
	for {
		n, err := unix.Getdents(dir, buf)
		if err != nil {
			return errno(err)
		}
		if n == 0 {
			break
		}
		for b := buf[:n]; len(b) > direntHead; {
			l := int(binary.LittleEndian.Uint16(b[16:]))
			name := b[direntHead:l]
			for i, v := range name {
				if v == 0 {
					name = name[:i]
					break
				}
			}
			if d.hide == nil || !d.hide(string(name)) {
				list = append(list, dirent{binary.LittleEndian.Uint64(b), b[18], string(name)})
			}
			have[string(name)] = true
			b = b[l:]
		}
	}
	for _, e := range d.extra {
		if !have[e.Name] {
			list = append(list, dirent{e.Ino, e.Type, e.Name})
		}
	}
	d.list = list
	return 0
}
