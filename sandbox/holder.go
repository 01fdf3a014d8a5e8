package sandbox

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Two calls have to be the guest's own and still need an object that no other
// thread can exchange: bind(2), and an open through a magic link of procfs.
// Where Landlock judges what they do that is enough. Where it does not, they
// name a descriptor of the tracer's, in the directory that procfs has for its
// holder (tracer.Holder): the view does not show that to anybody.

// heldPath is the host path of a descriptor of the tracer's for the guest's
// use. fd is closed when the call is over.
func (h *handler) heldPath(c *tracer.Call, fd int) (string, bool) {
	if h.lock != nil || h.changed(c.Task) {
		unix.Close(fd)
		return "", false
	}
	pid, e := h.tr.Holder()
	if e != 0 {
		h.log.Warn("no process to hold descriptors", "err", e)
		unix.Close(fd)
		return "", false
	}
	h.closeLater(c, fd)
	return "/proc/" + strconv.Itoa(pid) + "/fd/" + strconv.Itoa(fd), true
}

// closeLater closes fd when the call has returned, or its task is gone.
func (h *handler) closeLater(c *tracer.Call, fd int) {
	p := proc(c.Task)
	p.held = append(p.held, fd)
	c.Watch(func(*tracer.Result) { p.drop() })
}

func (p *process) drop() {
	for _, fd := range p.held {
		unix.Close(fd)
	}
	p.held = nil
}

// magicPath is the name for an open of what r, a magic link, leads to. Its
// mount's restrictions are those of the object that is held.
func (h *handler) magicPath(c *tracer.Call, r *fsview.Resolution) {
	if r.Held == fsview.NoHandle {
		return
	}
	fd := int(r.Held)
	r.Held = fsview.NoHandle
	if name, ok := h.heldPath(c, fd); ok {
		r.Host = append(r.Host[:0], name...)
	}
}

// bindPath is a name for a new socket in the directory that r holds. It goes
// through a symlink in the scratch directory, so that no two sockets that live
// have one name.
func (h *handler) bindPath(c *tracer.Call, r *fsview.Resolution, host string) (string, unix.Errno) {
	if h.lock != nil || h.changed(c.Task) || odd(r) || !h.openat2 {
		return host, 0
	}
	dir, name := filepath.Split(host)
	fd, err := unix.Openat2(unix.AT_FDCWD, dir, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return "", errno(err)
	}
	held, ok := h.heldPath(c, fd)
	if !ok {
		return host, 0
	}
	base, err := h.scratch()
	if err != nil {
		return "", unix.ENOSPC
	}
	links := filepath.Join(base, "b")
	if err := os.Mkdir(links, 0o711); err != nil && !os.IsExist(err) {
		return "", unix.ENOSPC
	}
	h.socks.bound++
	link := filepath.Join(links, strconv.Itoa(h.socks.bound))
	if err := os.Symlink(held, link); err != nil {
		return "", unix.ENOSPC
	}
	c.Watch(func(*tracer.Result) { os.Remove(link) })
	if host = link + "/" + name; len(host) >= sunPathMax {
		return "", unix.ENAMETOOLONG
	}
	return host, 0
}
