package sandbox

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Calls that read or change an object's attributes by its name have no form
// that keeps the kernel from following a symlink that another thread has just
// made. The view has ended its walk with a descriptor of the object, so the
// tracer makes the call itself, on that. It may: guest and tracer are the same
// user, no_new_privs keeps it so, and Landlock has no say about attributes.
// Where a guest of root has become somebody else, the tracer does for the time
// of the call (creds.go); truncate is the guest's wherever Landlock judges it.

// action makes a call on an object: fd holds it with O_PATH, name is a path to
// it for calls that want one. It returns what the guest gets; ok is false if
// the call is better left to the kernel.
type action func(c *tracer.Call, fd int, name string) (v int, e unix.Errno, ok bool)

const (
	emptyPath  = unix.AT_EMPTY_PATH
	statBits   = unix.AT_SYMLINK_NOFOLLOW | unix.AT_NO_AUTOMOUNT | emptyPath
	statxSync  = 0x6000 // AT_STATX_SYNC_TYPE
	statSize   = 144    // struct stat of x86-64
	statxSize  = 256
	xattrMax   = 64 << 10 // XATTR_SIZE_MAX, XATTR_LIST_MAX
	xattrsSize = 16       // struct xattr_args
)

// actions are the calls that the tracer makes itself.
var actions = map[string]action{
	"stat":  func(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) { return actStat(c, fd, c.Args[1], 0) },
	"lstat": func(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) { return actStat(c, fd, c.Args[1], 0) },
	"newfstatat": func(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) {
		return actStat(c, fd, c.Args[2], c.Args[3])
	},
	"access":    func(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) { return actAccess(c, fd, c.Args[1], 0) },
	"faccessat": func(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) { return actAccess(c, fd, c.Args[2], 0) },
	"faccessat2": func(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) {
		return actAccess(c, fd, c.Args[2], c.Args[3])
	},
	"chmod":     func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) { return actChmod(p, c.Args[1]) },
	"fchmodat":  func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) { return actChmod(p, c.Args[2]) },
	"fchmodat2": actChmod2,
	"chown":     actChown,
	"lchown":    actChown,
	"fchownat":  actChownat,
	"utime": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actTimes(c, unix.SYS_UTIME, p, c.Args[1], 16)
	},
	"utimes": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actTimes(c, unix.SYS_UTIMES, p, c.Args[1], 32)
	},
	"futimesat": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actTimes(c, unix.SYS_UTIMES, p, c.Args[2], 32)
	},
	"utimensat": actUtimensat,
	"truncate": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		v, e := onFD(unix.SYS_TRUNCATE, p, c.Args[1])
		return v, e, true
	},
	"getxattr": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actGet(c, p, c.Args[1], c.Args[2], c.Args[3])
	},
	"lgetxattr": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actGet(c, p, c.Args[1], c.Args[2], c.Args[3])
	},
	"listxattr": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actList(c, p, c.Args[1], c.Args[2])
	},
	"llistxattr": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actList(c, p, c.Args[1], c.Args[2])
	},
	"listxattrat": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actList(c, p, c.Args[3], c.Args[4])
	},
	"setxattr": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actSet(c, p, c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	},
	"lsetxattr": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
		return actSet(c, p, c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	},
	"removexattr":   func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) { return actRemove(c, p, c.Args[1]) },
	"lremovexattr":  func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) { return actRemove(c, p, c.Args[1]) },
	"removexattrat": func(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) { return actRemove(c, p, c.Args[3]) },
	"getxattrat":    actXattrat,
	"setxattrat":    actXattrat,
}

// acts says whether the tracer is to make the call itself.
func (h *handler) acts(c *tracer.Call) bool {
	if !h.pinned || c.Ent.Name == "truncate" && h.lock != nil {
		return false
	}
	switch c.Ent.Name {
	case "statx", "statfs", "name_to_handle_at", "file_getattr", "file_setattr", "inotify_add_watch", "fanotify_mark":
		return true
	case "access", "faccessat":
		// These ask for the real ids, which are not taken on.
		return !h.changed(c.Task)
	}
	return actions[c.Ent.Name] != nil
}

// act makes the call on the object that r holds, and gives the descriptor up.
func (h *handler) act(c *tracer.Call, r *fsview.Resolution) {
	if r.Held == fsview.NoHandle {
		return
	}
	if r.Mount != nil && r.Mount.Kind == fsview.Proc && (c.Ent.Class == tracer.ClassAccess || strings.Contains(c.Ent.Name, "xattr")) {
		// /proc/self/fd has rights for the process itself
		// (proc_fd_permission in fs/proc/fd.c).
		h.view.Release(r)
		return
	}
	if unionOf(r) != nil || h.overlays && r.Magic {
		return // the object may have to be copied first: see actLate
	}
	h.actOn(c, int(r.Held))
	h.view.Release(r)
}

// actLate makes a call whose object an overlay may have exchanged for another.
func (h *handler) actLate(c *tracer.Call, r *fsview.Resolution) {
	defer h.view.Release(r)
	name, ok := c.PathAt(int(c.Ent.Paths[0].Arg))
	if r.Magic && ok && string(name) == string(r.Host) {
		if r.Held != fsview.NoHandle && !c.Answered() {
			h.actOn(c, int(r.Held))
		}
		return
	}
	if c.Answered() || !ok || len(name) == 0 || name[0] != '/' || !h.openat2 {
		return
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, string(name), &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC | unix.O_NOFOLLOW, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		c.Fail(errno(err))
		return
	}
	if strings.Contains(c.Ent.Name, "listxattr") && unionOf(r) != nil {
		h.listUnion(c, fd)
	} else {
		h.actOn(c, fd)
	}
	unix.Close(fd)
}

// listUnion is listxattr of an object in an overlay: the marks of overlayfs are
// not shown, but counted for those who only ask for the size (ovl_listxattr).
func (h *handler) listUnion(c *tracer.Call, fd int) {
	a := c.Args[1:]
	if strings.HasSuffix(c.Ent.Name, "at") {
		a = c.Args[3:]
	}
	b := make([]byte, xattrMax)
	n, e := onFD(unix.SYS_LISTXATTR, h.fdName(fd), b, len(b))
	if e == 0 && a[1] != 0 {
		if uint64(n) > a[1] {
			c.Fail(unix.ERANGE)
			return
		}
		var out []byte
		for name := range bytes.SplitAfterSeq(b[:n], []byte{0}) {
			if !bytes.HasPrefix(name, []byte("user.overlay.")) {
				out = append(out, name...)
			}
		}
		n, e = len(out), c.Write(a[0], out)
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	c.Return(int64(n))
}

// actOn makes the call on the object of fd.
func (h *handler) actOn(c *tracer.Call, fd int) {
	name := h.fdName(fd)
	defer h.become(c.Task)()
	var v int
	var e unix.Errno
	ok := true
	switch c.Ent.Name {
	case "statfs":
		v, e = h.actStatfs(c, fd)
	case "statx":
		v, e, ok = h.actStatx(c, fd)
	case "name_to_handle_at":
		v, e, ok = h.actHandle(c, fd)
	case "file_getattr", "file_setattr":
		v, e, ok = actFileAttr(c, name)
	case "inotify_add_watch", "fanotify_mark":
		v, e, ok = h.actWatch(c, name)
	default:
		v, e, ok = actions[c.Ent.Name](c, fd, name)
	}
	switch {
	case e != 0:
		c.Finish(-int64(e))
	case ok:
		c.Finish(int64(v))
	}
}

// fdName is a path to an open descriptor.
func (h *handler) fdName(fd int) string {
	if fd >= len(h.fdNames) {
		return "/proc/self/fd/" + strconv.Itoa(fd)
	}
	if h.fdNames[fd] == "" {
		h.fdNames[fd] = "/proc/self/fd/" + strconv.Itoa(fd)
	}
	return h.fdNames[fd]
}

func actStat(c *tracer.Call, fd int, to, flags uint64) (int, unix.Errno, bool) {
	if uint32(flags)&^statBits != 0 {
		return 0, 0, false
	}
	b := c.Scratch(statSize)
	if e := statFD(fd, b); e != 0 {
		return 0, e, true
	}
	return 0, c.Write(to, b), true
}

func (h *handler) actStatx(c *tracer.Call, fd int) (int, unix.Errno, bool) {
	flags, mask := uint32(c.Args[2]), uint32(c.Args[3])
	const reserved = 1 << 31
	if flags&^(statBits|statxSync) != 0 || mask&reserved != 0 {
		return 0, 0, false
	}
	b := c.Scratch(statxSize)
	if e := statxFD(fd, flags&(statxSync|unix.AT_NO_AUTOMOUNT), mask, b); e != 0 {
		return 0, e, true
	}
	if patch := h.statxPatch(c); patch != nil {
		patch(b)
	}
	return 0, c.Write(c.Args[4], b), true
}

func actAccess(_ *tracer.Call, fd int, mode, flags uint64) (int, unix.Errno, bool) {
	const known = unix.AT_EACCESS | unix.AT_SYMLINK_NOFOLLOW | emptyPath
	if uint32(mode)&^7 != 0 || uint32(flags)&^known != 0 {
		return 0, 0, false
	}
	e := accessFD(fd, uint32(mode)&7, uint32(flags)&unix.AT_EACCESS)
	return 0, e, e != unix.ENOSYS
}

func actChmod(name string, mode uint64) (int, unix.Errno, bool) {
	v, e := onFD(unix.SYS_FCHMODAT, unix.AT_FDCWD, name, mode)
	return v, e, true
}

func actChmod2(c *tracer.Call, _ int, name string) (int, unix.Errno, bool) {
	if uint32(c.Args[3])&^(unix.AT_SYMLINK_NOFOLLOW|emptyPath) != 0 {
		return 0, 0, false
	}
	return actChmod(name, c.Args[2])
}

func actChown(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) {
	v, e := onFD(unix.SYS_FCHOWNAT, fd, "", c.Args[1], c.Args[2], emptyPath)
	return v, e, true
}

func actChownat(c *tracer.Call, fd int, _ string) (int, unix.Errno, bool) {
	if uint32(c.Args[4])&^(unix.AT_SYMLINK_NOFOLLOW|emptyPath) != 0 {
		return 0, 0, false
	}
	v, e := onFD(unix.SYS_FCHOWNAT, fd, "", c.Args[2], c.Args[3], emptyPath)
	return v, e, true
}

// times copies a call's times; nil means now.
func times(c *tracer.Call, at uint64, size int) ([]byte, unix.Errno) {
	if at == 0 {
		return nil, 0
	}
	b := c.Scratch(size)
	return b, c.Read(at, b)
}

func actTimes(c *tracer.Call, nr int, name string, at uint64, size int) (int, unix.Errno, bool) {
	b, e := times(c, at, size)
	if e != 0 {
		return 0, e, true
	}
	v, e := onFD(nr, name, b)
	return v, e, true
}

func actUtimensat(c *tracer.Call, _ int, name string) (int, unix.Errno, bool) {
	if uint32(c.Args[3])&^(unix.AT_SYMLINK_NOFOLLOW|emptyPath) != 0 {
		return 0, 0, false
	}
	b, e := times(c, c.Args[2], 32)
	if e != 0 {
		return 0, e, true
	}
	v, e := onFD(unix.SYS_UTIMENSAT, unix.AT_FDCWD, name, b, 0)
	return v, e, true
}

// attr reads the name of an attribute; ok is false for one that the kernel is
// to refuse.
func attr(c *tracer.Call, at uint64) (string, bool) {
	s, e := c.String(at, 256)
	return s, e == 0 && s != ""
}

func actGet(c *tracer.Call, p string, name, to, size uint64) (int, unix.Errno, bool) {
	s, ok := attr(c, name)
	if !ok {
		return 0, 0, false
	}
	b := c.Scratch(int(min(size, xattrMax)))
	n, e := onFD(unix.SYS_GETXATTR, p, s, b, len(b))
	if e == 0 && len(b) > 0 {
		e = c.Write(to, b[:n])
	}
	return n, e, true
}

func actList(c *tracer.Call, p string, to, size uint64) (int, unix.Errno, bool) {
	b := c.Scratch(int(min(size, xattrMax)))
	n, e := onFD(unix.SYS_LISTXATTR, p, b, len(b))
	if e == 0 && len(b) > 0 {
		e = c.Write(to, b[:n])
	}
	return n, e, true
}

func actSet(c *tracer.Call, p string, name, from, size, flags uint64) (int, unix.Errno, bool) {
	s, ok := attr(c, name)
	if !ok || size > xattrMax {
		return 0, 0, false
	}
	b := c.Scratch(int(size))
	if e := c.Read(from, b); e != 0 {
		return 0, e, true
	}
	v, e := onFD(unix.SYS_SETXATTR, p, s, b, len(b), flags)
	return v, e, true
}

func actRemove(c *tracer.Call, p string, name uint64) (int, unix.Errno, bool) {
	s, ok := attr(c, name)
	if !ok {
		return 0, 0, false
	}
	v, e := onFD(unix.SYS_REMOVEXATTR, p, s)
	return v, e, true
}

// actXattrat is getxattrat and setxattrat, whose arguments are in a struct.
func actXattrat(c *tracer.Call, _ int, p string) (int, unix.Errno, bool) {
	var b [xattrsSize]byte
	if c.Args[5] != xattrsSize || uint32(c.Args[2])&^(unix.AT_SYMLINK_NOFOLLOW|emptyPath) != 0 || c.Read(c.Args[4], b[:]) != 0 {
		return 0, 0, false
	}
	le := binary.LittleEndian
	at, size, flags := le.Uint64(b[:]), uint64(le.Uint32(b[8:])), uint64(le.Uint32(b[12:]))
	if c.Ent.Name == "setxattrat" {
		return actSet(c, p, c.Args[3], at, size, flags)
	}
	if flags != 0 {
		return 0, 0, false
	}
	return actGet(c, p, c.Args[3], at, size)
}

// readHeld is readlink of a held object.
func (h *handler) readHeld(c *tracer.Call, fd int, buf uint64, size int) {
	b := c.Scratch(min(size, unix.PathMax))
	n, e := readlinkFD(fd, b)
	if e == unix.ENOENT {
		e = unix.EINVAL // of "": not a symlink
	}
	if e == 0 {
		e = c.Write(buf, b[:n])
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	c.Return(int64(n))
}
