package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// process serves the calls that make, change or look into processes.
func (h *handler) process(c *tracer.Call) {
	switch c.Ent.Name {
	case "fork", "vfork":
		h.mayFork(c)
	case "clone":
		h.clone(c)
		h.mayFork(c)
	case "clone3":
		h.clone3(c)
		h.mayFork(c)
	case "unshare":
		h.unshare(c)
	case "prctl":
		h.prctl(c)
	case "ptrace":
		// A task has one tracer: us.
		c.Fail(unix.EPERM)
	case "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo":
		h.signal(c)
	case "pidfd_send_signal":
		h.pidfdSignal(c)
	case "seccomp":
		h.seccomp(c)
	case "personality":
		c.Fail(unix.EPERM)
	default:
		if !h.reach(c) {
			c.Fail(unix.EPERM)
		}
	}
}

// reach serves the calls that look into or change other processes, and reports
// whether it knows the call.
func (h *handler) reach(c *tracer.Call) bool {
	switch c.Ent.Name {
	case "process_vm_readv", "process_vm_writev":
		nothing := c.Args[2] == 0 || c.Args[4] == 0 // then the process is not looked for
		if pid := int(int32(c.Args[0])); pid > 0 && !nothing && !h.inside(pid) {
			c.Fail(outside(pid))
		}
	case "pidfd_open", "prlimit64", "migrate_pages", "move_pages",
		"sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr":
		if pid := int(int32(c.Args[0])); pid > 0 && !h.inside(pid) {
			c.Fail(outside(pid))
		}
	case "kcmp":
		for _, a := range c.Args[:2] {
			if pid := int(int32(a)); pid > 0 && !h.inside(pid) {
				c.Fail(outside(pid))
			}
		}
	case "setpriority", "ioprio_set":
		h.priority(c)
	case "pidfd_getfd":
		if pid, known := h.pidfd(c.Task, int(int32(c.Args[0]))); known && !h.inside(pid) {
			c.Fail(unix.EPERM)
			return true
		}
		if len(h.noters) > 0 {
			c.WantResult(func(r *tracer.Result) { h.forget(r.Task, int(r.Val)) })
		}
	case "process_madvise":
		h.processMadvise(c)
	default:
		return false
	}
	return true
}

// priority lets a guest change its own priorities and those of tasks beside
// it. Groups and users are more than the sandbox.
func (h *handler) priority(c *tracer.Call) {
	which, who := int(int32(c.Args[0])), int(int32(c.Args[1]))
	if c.Ent.Name == "ioprio_set" {
		which-- // IOPRIO_WHO_PROCESS is 1
	}
	switch which {
	case unix.PRIO_PROCESS:
		if who > 0 && !h.inside(who) {
			c.Fail(outside(who))
		}
	case unix.PRIO_PGRP:
		if who == 0 {
			who, _ = unix.Getpgid(c.Task.Tid)
		}
		if who > 0 && !h.groupInside(who) {
			c.Fail(unix.EPERM)
		}
	case unix.PRIO_USER:
		c.Fail(unix.EPERM)
	}
}

// processMadvise refuses, as kernels before 6.13 did, the advice that a
// process may give about itself only: by this call it would reach the window.
func (h *handler) processMadvise(c *tracer.Call) {
	switch c.Args[3] {
	case unix.MADV_WILLNEED, unix.MADV_COLD, unix.MADV_PAGEOUT, unix.MADV_COLLAPSE:
	default:
		c.Fail(unix.EINVAL)
		return
	}
	if pid, known := h.pidfd(c.Task, int(int32(c.Args[0]))); known && !h.inside(pid) {
		c.Fail(unix.EPERM)
	}
}

// clone strips CLONE_UNTRACED: no child may live without its tracer.
func (h *handler) clone(c *tracer.Call) {
	flags := c.Args[0] // the lowest byte is a signal, whatever CLONE_NEWTIME is
	if e := h.cloneSpaces(c, flags&^0xff); e != 0 {
		c.Fail(e)
		return
	}
	if drop := flags & (unix.CLONE_UNTRACED | newNamespaces&^0xff); drop != 0 {
		c.SetArg(0, flags&^drop)
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
	if e := h.cloneSpaces(c, flags); e != 0 {
		c.Fail(e)
		return
	}
	flags &^= unix.CLONE_UNTRACED | newNamespaces
	if flags&^unix.CLONE_CLEAR_SIGHAND == unix.CLONE_VM|unix.CLONE_VFORK && c.QuietBirth() {
		flags |= unix.CLONE_PTRACE | unix.CLONE_UNTRACED // posix_spawn(3)
	}
	binary.LittleEndian.PutUint64(b, flags)
	c.SetRef(0, c.Put(b))
}

// prctl keeps a guest readable for its tracer.
func (h *handler) prctl(c *tracer.Call) {
	switch uint32(c.Args[0]) {
	case unix.PR_SET_SECCOMP:
		h.prctlSeccomp(c)
	case unix.PR_CAPBSET_DROP, unix.PR_SET_SECUREBITS:
		h.credsCall(c)
	case unix.PR_SET_MM:
		// Would change what /proc says of the program.
		c.Fail(unix.EPERM)
	case unix.PR_SET_DUMPABLE:
		// process_vm_readv and /proc/PID need a dumpable task where the
		// tracer has no capability. The guest is told that it worked.
		if c.Args[1] > 1 {
			c.Fail(unix.EINVAL)
			return
		}
		c.Return(0)
	}
}

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
	w := tracer.IfProtect
	if h.noNet {
		w |= tracer.IfNoNet
	}
	if h.pidsLimit > 0 {
		w |= tracer.IfPids
	}
	if h.root {
		w |= tracer.IfRoot
	}
	if !h.scoped() {
		w |= tracer.IfUnscoped
	}
	if h.procfs.whole && len(h.dirs) > 0 || h.overlays {
		w |= tracer.IfMerged
	}
	if h.readOnlyMounts || h.overlays {
		w |= tracer.IfReadOnly
	}
	if h.limited != nil && h.procfs.filters == 0 {
		w |= tracer.IfLimited
	}
	if h.noExecMounts && h.procfs.filters == 0 {
		w |= tracer.IfNoExec
	}
	if h.procfs.filters == 0 {
		w |= tracer.IfTwice
	}
	if len(h.guards.dirs) > 0 {
		w |= tracer.IfShut
	}
	if h.uts != nil {
		w |= tracer.IfUTS
	}
	if h.id != nil {
		// The guest's root may mount what makes the other two matter.
		w |= tracer.IfIdentity | tracer.IfReadOnly | tracer.IfMounts
	}
	if !h.roams {
		w |= tracer.IfPlaced
	}
	for _, m := range h.view.Mounts() {
		if shapesStatfs(m) {
			w |= tracer.IfMounts
		}
	}
	return w
}
