package sandbox

import (
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Where Landlock judges what is made, removed and renamed, a symlink that is
// put on the way leads to a refusal, or to another place of the view. Where it
// does not, the tracer makes these calls too, in the directory that the view's
// walk has ended with. Landlock itself refuses to move or link a file to where it
// has more rights, as in a directory that the view shows at a second place: with
// more rights there, at the place at hand with the same.

// actsNames says whether the tracer is to make, remove or rename itself.
func (h *handler) actsNames(c *tracer.Call) bool {
	if !h.pinned || c.Ent.Class != tracer.ClassName || h.lock != nil && (!h.uneven || len(c.Ent.Paths) < 2) {
		return false
	}
	return c.Ent.Name != "linkat" || c.Args[4] == 0 || c.Args[4] == unix.AT_SYMLINK_FOLLOW
}

// entry is a name in a directory that is held.
type entry struct {
	dir  int
	name string // with its trailing slash
	ok   bool
	own  bool // the descriptor is the entry's
}

func (n *entry) close() {
	if n.own {
		unix.Close(n.dir)
	}
}

// entryOf is the name that path k of the call makes, removes or moves. In an
// overlay it is the one that was found for it.
func (h *handler) entryOf(c *tracer.Call, k int, raw string, r *fsview.Resolution) entry {
	if r == nil || r.IsRoot || odd(r) && unionOf(r) != nil {
		return entry{}
	}
	if unionOf(r) != nil {
		host, ok := c.PathAt(int(c.Ent.Paths[k].Arg))
		dir, name := path.Split(strings.TrimRight(string(host), "/"))
		if !ok || dir == "" || !h.openat2 {
			return entry{}
		}
		fd, err := unix.Openat2(unix.AT_FDCWD, dir, &unix.OpenHow{
			Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
		})
		if err != nil {
			c.Fail(errno(err))
			return entry{}
		}
		return entry{fd, slashed(name, r), true, true}
	}
	if r.Held == fsview.NoHandle {
		return entry{}
	}
	if !r.Relative {
		raw = string(r.Host)
	}
	name := strings.TrimRight(raw, "/")
	return entry{int(r.Held), slashed(name[strings.LastIndexByte(name, '/')+1:], r), true, false}
}

func slashed(name string, r *fsview.Resolution) string {
	if r.Slash {
		return name + "/"
	}
	return name
}

// actNames makes the call, whose paths are raw and lead to got.
func (h *handler) actNames(c *tracer.Call, raw [2]string, got [2]*fsview.Resolution) {
	defer func() {
		for _, r := range got {
			if r != nil {
				h.view.Release(r)
			}
		}
	}()
	if c.Answered() {
		return
	}
	defer h.become(c.Task)()
	var e unix.Errno
	link := c.Ent.Paths[0].Op == tracer.OpLinkOld
	var n, to entry
	if !link {
		n = h.entryOf(c, 0, raw[0], got[0])
		defer n.close()
	}
	if len(c.Ent.Paths) > 1 {
		to = h.entryOf(c, 1, raw[1], got[1])
		defer to.close()
	}
	if c.Answered() {
		return
	}
	switch c.Ent.Name {
	case "mkdir", "mkdirat", "mknod", "mknodat":
		if !n.ok {
			return
		}
		i := c.Ent.Paths[0].Arg + 1
		mode := c.Args[i] &^ uint64(h.umask(c.Task))
		if strings.HasPrefix(c.Ent.Name, "mkdir") {
			_, e = onFD(unix.SYS_MKDIRAT, n.dir, n.name, mode)
		} else {
			_, e = onFD(unix.SYS_MKNODAT, n.dir, n.name, mode, c.Args[i+1])
		}
	case "symlink", "symlinkat":
		body, err := c.String(c.Args[0], 4096)
		if !n.ok || err != 0 || body == "" {
			return
		}
		_, e = onFD(unix.SYS_SYMLINKAT, body, n.dir, n.name)
	case "unlink", "rmdir", "unlinkat":
		flags := uint64(0)
		switch {
		case c.Ent.Name == "rmdir":
			flags = unix.AT_REMOVEDIR
		case c.Ent.Name == "unlinkat":
			flags = c.Args[2]
		}
		if !n.ok {
			return
		}
		_, e = onFD(unix.SYS_UNLINKAT, n.dir, n.name, flags)
	case "rename", "renameat", "renameat2":
		flags := uint64(0)
		if !n.ok || !to.ok {
			return
		}
		if c.Ent.Name == "renameat2" {
			flags = c.Args[4]
		}
		_, e = onFD(unix.SYS_RENAMEAT2, n.dir, n.name, to.dir, to.name, flags)
	case "link", "linkat":
		if got[0] == nil || got[0].Held == fsview.NoHandle || !to.ok || got[0].Mount != nil && got[0].Mount.Kind == fsview.Overlay {
			return
		}
		old := int(got[0].Held)
		if name, ok := c.PathAt(int(c.Ent.Paths[0].Arg)); ok && got[0].Magic && string(name) != string(got[0].Host) {
			// It has been copied up.
			fd, err := unix.Openat2(unix.AT_FDCWD, string(name), &unix.OpenHow{
				Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
			})
			if err != nil {
				c.Fail(errno(err))
				return
			}
			defer unix.Close(fd)
			old = fd
		}
		_, e = onFD(unix.SYS_LINKAT, unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(old), to.dir, to.name, unix.AT_SYMLINK_FOLLOW)
	default:
		return
	}
	c.Finish(-int64(e))
}

// ownUmask gives the calling thread a file mode creation mask of its own: 0,
// since what is made for a guest has the guest's taken off already.
func ownUmask() bool {
	if unix.Unshare(unix.CLONE_FS) != nil {
		return false
	}
	unix.Umask(0)
	return true
}
