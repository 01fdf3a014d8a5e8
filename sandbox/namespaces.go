package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// newNamespaces are the flags of clone(2) and unshare(2) that make namespaces.
// None of them ever reaches the kernel: it would change what host paths mean.
// With an emulated identity those of emulated are namespaces of ptbox's own.
const (
	newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
		unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWTIME
	emulated = unix.CLONE_NEWNS | unix.CLONE_NEWUTS

	unshareFlags = newNamespaces | unix.CLONE_THREAD | unix.CLONE_FS | unix.CLONE_SIGHAND | unix.CLONE_VM |
		unix.CLONE_FILES | unix.CLONE_SYSVSEM
)

// uts is the host name that the guest sees.
type uts struct{ node, domain string }

// spaces are the namespaces that a task is about to get; nil means that it
// keeps the one that it has.
type spaces struct {
	mnt *mntNS
	uts *uts
}

// newSpaces makes the namespaces that flags ask for.
func (id *identity) newSpaces(t *tracer.Task, flags uint64) (*spaces, unix.Errno) {
	if flags&newNamespaces&^emulated != 0 || !capable(t, unix.CAP_SYS_ADMIN) {
		return nil, unix.EPERM
	}
	n := &spaces{}
	p := proc(t)
	if flags&unix.CLONE_NEWNS != 0 {
		n.mnt = id.h.cloneNS(p.mnt)
	}
	if flags&unix.CLONE_NEWUTS != 0 {
		u := *p.uts
		n.uts = &u
	}
	return n, 0
}

// give moves a task into its namespaces.
func (h *handler) give(t *tracer.Task, n *spaces) {
	if n.mnt != nil {
		h.join(t, n.mnt)
	}
	if n.uts != nil {
		proc(t).uts = n.uts
	}
	h.enter(t)
}

// drop gives up namespaces that nobody has entered.
func (n *spaces) drop() {
	if n.mnt != nil {
		n.mnt.view.Close()
	}
}

func (h *handler) unshare(c *tracer.Call) {
	flags := c.Args[0]
	var n *spaces
	if flags&newNamespaces != 0 {
		e := unix.EPERM
		switch {
		case flags&^unshareFlags != 0:
			e = unix.EINVAL
		case h.id != nil:
			n, e = h.id.newSpaces(c.Task, flags)
		}
		if e != 0 {
			c.Fail(e)
			return
		}
		rest := flags &^ newNamespaces
		if n.mnt != nil {
			rest |= unix.CLONE_FS
		}
		if rest == 0 {
			h.give(c.Task, n)
			c.Return(0)
			return
		}
		c.SetArg(0, rest)
		flags = rest
	}
	if n == nil && flags&unix.CLONE_FS == 0 {
		return
	}
	c.WantResult(func(r *tracer.Result) {
		if r.Val != 0 {
			if n != nil {
				n.drop()
			}
			return
		}
		if flags&unix.CLONE_FS != 0 {
			h.unshareFS(r.Task)
		}
		if n != nil {
			h.give(r.Task, n)
		}
	})
}

// unshareFS gives a task a current and a root directory of its own.
func (h *handler) unshareFS(t *tracer.Task) {
	old := cwdOf(t)
	h.tr.UnshareFS(t)
	if n := cwdOf(t); n != old {
		n.root, n.hint = old.root, old.hint
		if old.valid && old.base.Guest != "" {
			n.hint = old.base.Guest
		}
	}
}

// cloneSpaces prepares the namespaces of a child that is about to be made.
func (h *handler) cloneSpaces(c *tracer.Call, flags uint64) unix.Errno {
	switch {
	case flags&newNamespaces == 0:
		return 0
	case h.id == nil:
		return unix.EPERM
	case flags&unix.CLONE_FS != 0 && flags&(unix.CLONE_NEWNS|unix.CLONE_NEWUSER) != 0,
		flags&(unix.CLONE_THREAD|unix.CLONE_SIGHAND) != 0 && flags&(unix.CLONE_NEWUSER|unix.CLONE_NEWPID) != 0:
		return unix.EINVAL
	}
	n, e := h.id.newSpaces(c.Task, flags)
	if e != 0 {
		return e
	}
	if h.births == nil {
		h.births = map[*tracer.Task]*spaces{}
	}
	h.births[c.Task] = n
	return 0
}

// unborn gives up what was prepared for a child that has not come: its parent
// has stopped again, or is gone.
func (h *handler) unborn(t *tracer.Task) {
	if n := h.births[t]; n != nil {
		n.drop()
		delete(h.births, t)
	}
}
