package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// newNamespaces are the flags of clone(2) and unshare(2) that make namespaces.
// None of them ever reaches the kernel: it would change what host paths mean.
// With an emulated identity those of emulated are namespaces of ptbox's own.
const (
	newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
		unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWTIME
	emulated = unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWUSER

	unshareFlags = newNamespaces | unix.CLONE_THREAD | unix.CLONE_FS | unix.CLONE_SIGHAND | unix.CLONE_VM |
		unix.CLONE_FILES | unix.CLONE_SYSVSEM
)

// uts is the host name that the guest sees.
type uts struct {
	node, domain string
	user         *cred.UserNS // that it belongs to
	ino          uint64       // its number, 0: that of the kernel's
}

// spaces are the namespaces that a task is about to get; nil means that it
// keeps the one that it has.
type spaces struct {
	cred *cred.Cred // in a new user namespace
	mnt  *mntNS
	uts  *uts
}

// newSpaces makes the namespaces that flags ask for.
func (id *identity) newSpaces(t *tracer.Task, flags uint64) (*spaces, unix.Errno) {
	n := &spaces{}
	p := proc(t)
	k := p.cred
	if flags&unix.CLONE_NEWUSER != 0 {
		if id.h.rootOf(t) != "" {
			return nil, unix.EPERM // in a chroot
		}
		if e := k.NewUserNS(); e != 0 {
			return nil, e
		}
		k.NS.Number = id.newNumber()
		n.cred = &k
	}
	if rest := flags & newNamespaces &^ unix.CLONE_NEWUSER; rest&^emulated != 0 || rest != 0 && !k.Can(unix.CAP_SYS_ADMIN) {
		return nil, unix.EPERM
	}
	if flags&unix.CLONE_NEWNS != 0 {
		n.mnt = id.h.cloneNS(p.mnt, k.NS)
	}
	if flags&unix.CLONE_NEWUTS != 0 {
		n.uts = &uts{p.uts.node, p.uts.domain, k.NS, id.newNumber()}
	}
	return n, 0
}

// give moves a task into its namespaces.
func (h *handler) give(t *tracer.Task, n *spaces) {
	if n.cred != nil {
		proc(t).cred = *n.cred
	}
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
		case flags&^unshareFlags != 0,
			flags&(unix.CLONE_NEWUSER|unix.CLONE_THREAD|unix.CLONE_SIGHAND|unix.CLONE_VM) != 0 && h.threads(c.Task) > 1:
			e = unix.EINVAL
		case h.id != nil:
			n, e = h.id.newSpaces(c.Task, flags)
		}
		if e != 0 {
			c.Fail(e)
			return
		}
		rest := flags &^ newNamespaces
		if flags&(unix.CLONE_NEWNS|unix.CLONE_NEWUSER) != 0 {
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

// threads is the number of threads of a task's process.
func (h *handler) threads(t *tracer.Task) int64 {
	b, e := h.readFile(h.at(t.Tid, "status"))
	if e != 0 {
		return 1
	}
	n, _ := infoField(string(b), "Threads:", 10)
	return n
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
