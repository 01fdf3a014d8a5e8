package sandbox

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// A path that leads nowhere is answered by the view, but the kernel looks at
// some arguments before it looks at a path, and complains about those first.
// Which ones, and in which order, differs between versions, so that the kernel
// itself is asked: the same call with an empty path changes nothing, and fails
// with ENOENT if there is nothing else to complain about.

// noCwd is AT_FDCWD for onFD.
const noCwd = unix.AT_FDCWD

// flagsOf is a register of flags without AT_EMPTY_PATH, which would make the
// empty path a valid one.
func flagsOf(c *tracer.Call, arg int) int {
	return int(uint32(c.Args[arg]) &^ unix.AT_EMPTY_PATH)
}

// complaints make the call with an empty path.
var complaints = map[string]func(c *tracer.Call) unix.Errno{
	"access":     func(c *tracer.Call) unix.Errno { return ask(unix.SYS_FACCESSAT, noCwd, "", c.Args[1]) },
	"faccessat":  func(c *tracer.Call) unix.Errno { return ask(unix.SYS_FACCESSAT, noCwd, "", c.Args[2]) },
	"faccessat2": func(c *tracer.Call) unix.Errno { return ask(unix.SYS_FACCESSAT2, noCwd, "", c.Args[2], flagsOf(c, 3)) },
	"newfstatat": func(c *tracer.Call) unix.Errno {
		return ask(unix.SYS_NEWFSTATAT, noCwd, "", make([]byte, statSize), flagsOf(c, 3))
	},
	"statx": func(c *tracer.Call) unix.Errno {
		return ask(unix.SYS_STATX, noCwd, "", flagsOf(c, 2), uint64(uint32(c.Args[3])), make([]byte, statxSize))
	},
	"fchmodat2": func(c *tracer.Call) unix.Errno { return ask(unix.SYS_FCHMODAT2, noCwd, "", 0, flagsOf(c, 3)) },
	"fchownat":  func(c *tracer.Call) unix.Errno { return ask(unix.SYS_FCHOWNAT, noCwd, "", -1, -1, flagsOf(c, 4)) },
	"utimensat": func(c *tracer.Call) unix.Errno {
		b, e := times(c, c.Args[2], 32)
		if e != 0 {
			return e
		}
		return ask(unix.SYS_UTIMENSAT, noCwd, "", b, flagsOf(c, 3))
	},
	"utimes":    func(c *tracer.Call) unix.Errno { return askTimes(c, unix.SYS_UTIMES, c.Args[1], 32) },
	"futimesat": func(c *tracer.Call) unix.Errno { return askTimes(c, unix.SYS_UTIMES, c.Args[2], 32) },
	"utime":     func(c *tracer.Call) unix.Errno { return askTimes(c, unix.SYS_UTIME, c.Args[1], 16) },
	"truncate":  func(c *tracer.Call) unix.Errno { return ask(unix.SYS_TRUNCATE, "", c.Args[1]) },
	"mknod":     func(c *tracer.Call) unix.Errno { return ask(unix.SYS_MKNODAT, noCwd, "", c.Args[1], c.Args[2]) },
	"mknodat":   func(c *tracer.Call) unix.Errno { return ask(unix.SYS_MKNODAT, noCwd, "", c.Args[2], c.Args[3]) },
	"unlinkat":  func(c *tracer.Call) unix.Errno { return ask(unix.SYS_UNLINKAT, noCwd, "", uint64(uint32(c.Args[2]))) },
	"linkat":    func(c *tracer.Call) unix.Errno { return ask(unix.SYS_LINKAT, noCwd, "", noCwd, "", flagsOf(c, 4)) },
	"renameat2": func(c *tracer.Call) unix.Errno {
		return ask(unix.SYS_RENAMEAT2, noCwd, "", noCwd, "", uint64(uint32(c.Args[4])))
	},
	"setxattr": func(c *tracer.Call) unix.Errno {
		return askSet(c, c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	},
	"lsetxattr": func(c *tracer.Call) unix.Errno {
		return askSet(c, c.Args[1], c.Args[2], c.Args[3], c.Args[4])
	},
	"getxattr":  func(c *tracer.Call) unix.Errno { return askName(c, unix.SYS_GETXATTR, c.Args[1], nil, 0) },
	"lgetxattr": func(c *tracer.Call) unix.Errno { return askName(c, unix.SYS_GETXATTR, c.Args[1], nil, 0) },
	"removexattr": func(c *tracer.Call) unix.Errno {
		return askName(c, unix.SYS_REMOVEXATTR, c.Args[1])
	},
	"lremovexattr": func(c *tracer.Call) unix.Errno {
		return askName(c, unix.SYS_REMOVEXATTR, c.Args[1])
	},
	"removexattrat": func(c *tracer.Call) unix.Errno {
		name, e := attrName(c, c.Args[3])
		if e != 0 {
			return e
		}
		return ask(c.Nr, noCwd, "", flagsOf(c, 2), name)
	},
	"listxattrat": func(c *tracer.Call) unix.Errno {
		return ask(c.Nr, noCwd, "", flagsOf(c, 2), nil, 0)
	},
	"setxattrat": func(c *tracer.Call) unix.Errno { return askXattrat(c) },
	"getxattrat": func(c *tracer.Call) unix.Errno { return askXattrat(c) },

	"name_to_handle_at": func(c *tracer.Call) unix.Errno {
		return ask(unix.SYS_NAME_TO_HANDLE_AT, noCwd, "", make([]byte, 8), make([]byte, 8), flagsOf(c, 4))
	},
}

// argsFirst returns what the kernel says of the other arguments, or e.
func (h *handler) argsFirst(c *tracer.Call, e unix.Errno) unix.Errno {
	f := complaints[c.Ent.Name]
	switch {
	case strings.HasPrefix(c.Ent.Name, "symlink"):
		// The body is read before the name; it may not be empty.
		if body, first := c.String(c.Args[0], 4096); first != 0 {
			return first
		} else if body == "" {
			return unix.ENOENT
		}
		return e
	case c.Ent.Class == tracer.ClassWatch:
		f = h.askWatch
	case f == nil:
		return e
	}
	switch first := f(c); first {
	case 0, unix.ENOENT, unix.ENOSYS:
		return e
	default:
		return first
	}
}

func ask(nr int, args ...any) unix.Errno {
	_, e := onFD(nr, args...)
	return e
}

func askTimes(c *tracer.Call, nr int, at uint64, size int) unix.Errno {
	b, e := times(c, at, size)
	if e != 0 {
		return e
	}
	return ask(nr, "", b)
}

// attrName reads the name of an attribute, too long or empty as it may be.
func attrName(c *tracer.Call, at uint64) (string, unix.Errno) {
	s, e := c.String(at, 257)
	if e == unix.ENAMETOOLONG {
		return strings.Repeat("x", 256), 0
	}
	return s, e
}

// askName is for calls that read an attribute's name before the path.
func askName(c *tracer.Call, nr int, at uint64, more ...any) unix.Errno {
	name, e := attrName(c, at)
	if e != 0 {
		return e
	}
	return ask(nr, append([]any{"", name}, more...)...)
}

func askSet(c *tracer.Call, name, from, size, flags uint64) unix.Errno {
	b, n := value(c, from, size)
	return askName(c, unix.SYS_SETXATTR, name, b, n, flags)
}

// value is a copy of an attribute's value; one that cannot be read is nil, so
// that the kernel says so in its turn.
func value(c *tracer.Call, from, size uint64) (b []byte, n uint64) {
	if size <= xattrMax {
		if b = make([]byte, size); c.Read(from, b) != 0 {
			b = nil
		}
	}
	return b, size
}

func askXattrat(c *tracer.Call) unix.Errno {
	var args [xattrsSize]byte
	if c.Args[5] != xattrsSize || c.Read(c.Args[4], args[:]) != 0 {
		return 0
	}
	name, e := attrName(c, c.Args[3])
	if e != 0 {
		return e
	}
	clear(args[:8]) // its own value
	if c.Ent.Name == "setxattrat" {
		clear(args[8:12])
	}
	return ask(c.Nr, noCwd, "", flagsOf(c, 2), name, args[:], xattrsSize)
}

// askWatch is for a descriptor that must be one of inotify or fanotify.
func (h *handler) askWatch(c *tracer.Call) unix.Errno {
	if c.Ent.Name == "inotify_add_watch" {
		if e := ask(unix.SYS_INOTIFY_ADD_WATCH, -1, "", uint64(uint32(c.Args[2]))); e != unix.EBADF {
			return e
		}
	}
	// A descriptor of O_PATH is none for these calls.
	text, e := h.readProc(h.at(c.Task.Tid, "fd/"+strconv.Itoa(int(int32(c.Args[0])))))
	switch kind, _, _ := strings.Cut(c.Ent.Name, "_"); {
	case e != 0, h.opensPath(c.Task, int(int32(c.Args[0]))):
		return unix.EBADF
	case !strings.Contains(text, kind):
		return unix.EINVAL
	}
	return 0
}
