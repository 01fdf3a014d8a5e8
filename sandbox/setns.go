package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// nsFlags are the kinds of namespaces, with their flags.
var nsFlags = map[string]uint64{
	"mnt": unix.CLONE_NEWNS, "user": unix.CLONE_NEWUSER, "uts": unix.CLONE_NEWUTS, "ipc": unix.CLONE_NEWIPC,
	"pid": unix.CLONE_NEWPID, "net": unix.CLONE_NEWNET, "cgroup": unix.CLONE_NEWCGROUP, "time": unix.CLONE_NEWTIME,
}

// setns is setns(2), with the checks of kernel/nsproxy.c in their order.
func (id *identity) setns(c *tracer.Call) {
	n, flags, e := id.nsArgs(c)
	if e == 0 {
		e = id.enterNS(c, n, flags)
	}
	if e != 0 {
		c.Fail(e)
	}
}

// nsArgs reads the arguments: a descriptor of one namespace, or of a process
// and the kinds that are wanted of it. What is left out is nil in the result.
func (id *identity) nsArgs(c *tracer.Call) (n [3]*namespace, flags uint64, e unix.Errno) {
	h, fd := id.h, int(int32(c.Args[0]))
	flags = uint64(uint32(c.Args[1]))
	info, ok := h.fdinfo(c.Task.Tid, fd)
	if !ok || fd < 0 {
		return n, 0, unix.EBADF
	}
	if f, _ := infoField(info, "flags:", 8); f&unix.O_PATH != 0 {
		return n, 0, unix.EBADF
	}
	if one := id.nsDescriptor(c.Task, fd); one != nil {
		kind := nsFlags[one.kind]
		switch {
		case flags != 0 && flags != kind:
			return n, 0, unix.EINVAL
		case one.number == ^uint64(0):
			return n, 0, unix.EPERM
		}
		switch one.kind {
		case "user":
			n[0] = one
		case "mnt":
			n[1] = one
		case "uts":
			n[2] = one
		}
		return n, kind, 0
	}
	pid, ok := infoField(info, "Pid:", 10)
	switch {
	case !ok, flags == 0, flags&^newNamespaces != 0:
		return n, 0, unix.EINVAL
	case pid <= 0:
		return n, 0, unix.ESRCH
	case !h.inside(int(pid)):
		return n, 0, unix.EPERM
	}
	t := h.tr.Task(int(pid))
	switch {
	case t == nil:
		return n, 0, unix.ESRCH
	case t.Tgid() != c.Task.Tgid() && !credOf(c.Task).MayLookInto(credOf(t), true):
		return n, 0, unix.EPERM
	}
	for i, kind := range []string{"user", "mnt", "uts"} {
		if flags&nsFlags[kind] != 0 {
			n[i] = nsOf(t, kind)
		}
	}
	return n, flags, 0
}

// enterNS moves the caller into namespaces.
func (id *identity) enterNS(c *tracer.Call, n [3]*namespace, flags uint64) unix.Errno {
	h, t, k := id.h, c.Task, *credOf(c.Task)
	s := &spaces{}
	if n[0] != nil {
		if n[0].user == k.NS || h.threads(t) > 1 || h.fsUsers(t) > 1 {
			return unix.EINVAL
		}
		if e := k.JoinUserNS(n[0].user); e != 0 {
			return e
		}
		s.cred = &k
	}
	if n[1] != nil {
		switch {
		case !k.CanIn(n[1].mnt.user, unix.CAP_SYS_ADMIN), !k.Can(unix.CAP_SYS_CHROOT), !k.Can(unix.CAP_SYS_ADMIN):
			return unix.EPERM
		case h.fsUsers(t) > 1:
			// With other namespaces at once the kernel would move the
			// root directory of all who share it.
			return unix.EINVAL
		}
		s.mnt = n[1].mnt
	}
	if n[2] != nil {
		if !k.CanIn(n[2].uts.user, unix.CAP_SYS_ADMIN) || !k.Can(unix.CAP_SYS_ADMIN) {
			return unix.EPERM
		}
		s.uts = n[2].uts
	}
	if flags&^emulated != 0 {
		return unix.EPERM // they belong to the host
	}
	if s.mnt == nil {
		h.give(t, s)
		c.Return(0)
		return 0
	}
	// The root of the namespace is the new current directory.
	top := s.mnt.view.MountAt("/")
	st, e := h.host.Stat(top.Root())
	if e != 0 {
		return e
	}
	h.chdirStarts(t, "")
	h.becomeChdir(c, top)
	s.mnt.tasks++ // nobody may end it on the way
	h.chdirTo(c, dirKey{st.Dev, st.Ino}, func(ok bool) {
		if ok {
			h.give(t, s)
			w := cwdOf(t)
			w.drop(h)
			w.root, w.hint = "", "/"
		}
		s.mnt.leave()
	})
	return 0
}

// fsUsers is how many tasks share the current directory of t.
func (h *handler) fsUsers(t *tracer.Task) (n int) {
	h.tr.Each(func(o *tracer.Task) {
		if o.FS == t.FS {
			n++
		}
	})
	return n
}
