package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// More calls that the tracer makes itself (act.go): those that say something of
// the object's mount, and those that hang something on it.

// statfsSize is sizeof(struct statfs) of 64-bit ABIs.
const statfsSize = 120

func (h *handler) actStatfs(c *tracer.Call, fd int) (int, unix.Errno) {
	var b [statfsSize]byte
	if _, e := onFD(unix.SYS_FSTATFS, fd, b[:]); e != 0 {
		return 0, e
	}
	if m := h.mountOf(c, &h.res[0]); m != nil && shapesStatfs(m) {
		h.shapeStatfs(b[:], m)
	}
	return 0, c.Write(c.Args[1], b[:])
}

const maxHandle = 128 // MAX_HANDLE_SZ

// actHandle is name_to_handle_at. The handle starts with its size, which the
// caller sets to the room that it has.
func (h *handler) actHandle(c *tracer.Call, fd int) (int, unix.Errno, bool) {
	const known = 0x1 | 0x2 | 0x200 | unix.AT_SYMLINK_FOLLOW | emptyPath // AT_HANDLE_MNT_ID_UNIQUE, _CONNECTABLE, _FID
	flags := uint32(c.Args[4])
	if flags&^known != 0 {
		return 0, 0, false
	}
	var b [8 + maxHandle]byte
	if e := c.Read(c.Args[2], b[:8]); e != 0 {
		return 0, e, true
	}
	var id [8]byte
	_, e := onFD(unix.SYS_NAME_TO_HANDLE_AT, fd, "", b[:], id[:], int(flags&^unix.AT_SYMLINK_FOLLOW)|emptyPath)
	if e != 0 && e != unix.EOVERFLOW {
		return 0, e, true
	}
	n := 4
	if flags&0x1 != 0 {
		n = 8
	} else if m := h.mountOf(c, &h.res[0]); m != nil && !h.mountIDs().exact {
		host := int32(binary.LittleEndian.Uint32(id[:]))
		binary.LittleEndian.PutUint32(id[:], uint32(h.mountIDs().of(m, int(host))))
	}
	if w := c.Write(c.Args[3], id[:n]); w != 0 {
		return 0, w, true
	}
	size := 8
	if e == 0 {
		size += int(min(binary.LittleEndian.Uint32(b[:]), maxHandle))
	}
	if w := c.Write(c.Args[2], b[:size]); w != 0 {
		return 0, w, true
	}
	return 0, e, true
}

// actFileAttr is file_getattr and file_setattr (Linux 6.17). Their struct may
// grow: what is larger than a page the kernel refuses. With AT_EMPTY_PATH they
// want a descriptor that is open.
func actFileAttr(c *tracer.Call, name string) (int, unix.Errno, bool) {
	size := c.Args[3]
	if uint32(c.Args[4])&^(unix.AT_SYMLINK_NOFOLLOW|emptyPath) != 0 || size > 4096 {
		return 0, 0, false
	}
	b := make([]byte, size)
	nr := int(c.Ent.Nr[tracer.X8664])
	if c.Ent.Name == "file_setattr" {
		if e := c.Read(c.Args[2], b); e != 0 {
			return 0, e, true
		}
		v, e := onFD(nr, unix.AT_FDCWD, name, b, size, 0)
		return v, e, true
	}
	v, e := onFD(nr, unix.AT_FDCWD, name, b, size, 0)
	if e == 0 {
		e = c.Write(c.Args[2], b)
	}
	return v, e, true
}

// actWatch puts a watch on the object, by the tracer's own copy of the guest's
// descriptor.
func (h *handler) actWatch(c *tracer.Call, name string) (int, unix.Errno, bool) {
	fd, e := take(c.Task, int(int32(c.Args[0])))
	if e == unix.ENOSYS {
		return 0, 0, false // before Linux 5.6 there is no other way than by the path
	}
	if e != 0 {
		// Closed since argsFirst: another thread may open it again before the
		// kernel could look, and exchange the path as well.
		return 0, e, true
	}
	defer unix.Close(fd)
	// The name is a magic link: what it leads to is the object itself, a
	// symlink too.
	if c.Ent.Name == "inotify_add_watch" {
		v, e := onFD(unix.SYS_INOTIFY_ADD_WATCH, fd, name, c.Args[2]&^unix.IN_DONT_FOLLOW)
		return v, e, true
	}
	v, e := onFD(unix.SYS_FANOTIFY_MARK, fd, c.Args[1]&^unix.FAN_MARK_DONT_FOLLOW, c.Args[2], unix.AT_FDCWD, name)
	return v, e, true
}
