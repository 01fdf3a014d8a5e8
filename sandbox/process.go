package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// newNamespaces are the clone flags that would change what host paths mean.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWTIME

// process serves the calls that make, change or look into processes.
func (h *handler) process(c *tracer.Call) {
	switch c.Ent.Name {
	case "clone":
		h.clone(c)
	case "clone3":
		h.clone3(c)
	case "unshare":
		h.unshare(c)
	case "prctl":
		h.prctl(c)
	case "ptrace":
		// A task has one tracer: us.
		c.Fail(unix.EPERM)
	case "process_vm_readv", "process_vm_writev", "kcmp":
		if !h.tr.Knows(int(int32(c.Args[0]))) || c.Ent.Name == "kcmp" && !h.tr.Knows(int(int32(c.Args[1]))) {
			c.Fail(unix.EPERM)
		}
	case "pidfd_getfd", "process_madvise", "process_mrelease":
		if !h.pidfdInside(c) {
			c.Fail(unix.EPERM)
		}
	case "fork", "vfork", "seccomp", "pidfd_open", "pidfd_send_signal", "personality",
		"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo":
		// As they are.
	default:
		c.Fail(unix.EPERM)
	}
}

// clone strips CLONE_UNTRACED: no child may live without its tracer.
func (h *handler) clone(c *tracer.Call) {
	flags := c.Args[0]
	if flags&newNamespaces&^0xff != 0 {
		c.Fail(unix.EPERM)
		return
	}
	if flags&unix.CLONE_UNTRACED != 0 {
		c.SetArg(0, flags&^unix.CLONE_UNTRACED)
	}
}

// clone3 keeps its flags in memory that another thread could change after
// they have been looked at: the kernel is given a copy.
func (h *handler) clone3(c *tracer.Call) {
	size := c.Args[1]
	switch {
	case size < 64:
		c.Fail(unix.EINVAL)
		return
	case size > 4096:
		c.Fail(unix.E2BIG)
		return
	}
	b := make([]byte, size)
	if e := c.Read(c.Args[0], b); e != 0 {
		c.Fail(e)
		return
	}
	flags := binary.LittleEndian.Uint64(b)
	if flags&newNamespaces != 0 {
		c.Fail(unix.EPERM)
		return
	}
	binary.LittleEndian.PutUint64(b, flags&^unix.CLONE_UNTRACED)
	c.SetRef(0, c.Put(b))
}

func (h *handler) unshare(c *tracer.Call) {
	flags := c.Args[0]
	if flags&newNamespaces != 0 {
		c.Fail(unix.EPERM)
		return
	}
	if flags&unix.CLONE_FS != 0 {
		c.WantResult(func(r *tracer.Result) {
			if r.Val == 0 {
				h.tr.UnshareFS(r.Task)
			}
		})
	}
}

// prctl keeps a guest readable for its tracer.
func (h *handler) prctl(c *tracer.Call) {
	if c.Args[0] == unix.PR_SET_DUMPABLE {
		// process_vm_readv and /proc/PID need a dumpable task where the
		// tracer has no capability. The guest is told that it worked.
		if c.Args[1] > 1 {
			c.Fail(unix.EINVAL)
			return
		}
		c.Return(0)
	}
}

// pidfdInside reports whether the pidfd in argument 0 names a process of the
// sandbox.
func (h *handler) pidfdInside(c *tracer.Call) bool {
	info, ok := h.fdinfo(c.Task.Tid, int(int32(c.Args[0])))
	if !ok {
		return true // EBADF by the kernel
	}
	pid, ok := infoField(info, "Pid:", 10)
	return ok && h.tr.Knows(int(pid))
}

// uts is the host name that the guest sees.
type uts struct{ node, domain string }

// system serves uname and its like.
func (h *handler) system(c *tracer.Call) {
	if c.Ent.Name != "uname" || h.uts == nil {
		c.Fail(unix.EPERM)
		return
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		c.Fail(errno(err))
		return
	}
	set := func(f []byte, s string) {
		if s != "" {
			clear(f)
			copy(f[:len(f)-1], s)
		}
	}
	set(u.Nodename[:], h.uts.node)
	set(u.Domainname[:], h.uts.domain)
	var b []byte
	for _, f := range [][]byte{u.Sysname[:], u.Nodename[:], u.Release[:], u.Version[:], u.Machine[:], u.Domainname[:]} {
		b = append(b, f...)
	}
	if e := c.Write(c.Args[0], b); e != 0 {
		c.Fail(e)
		return
	}
	c.Return(0)
}

// active says which conditional rows of the table need their stop.
func (h *handler) active() tracer.When {
	var w tracer.When
	if len(h.dirs) > 0 {
		w |= tracer.IfMerged
	}
	if h.readOnlyMounts {
		w |= tracer.IfReadOnly
	}
	if h.uts != nil {
		w |= tracer.IfUTS
	}
	if h.id != nil {
		w |= tracer.IfIdentity
	}
	return w
}
