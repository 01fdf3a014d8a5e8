package sandbox

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// What lies outside the sandbox is to a guest like the processes of another
// user: kill says EPERM if they are there and ESRCH if not, as it does where
// Landlock itself judges. Process groups are shared with the launcher and the
// shell that started it, so without Landlock's scopes a signal to a group is
// sent by the tracer, to the members that belong to the sandbox.

// inside reports whether pid is a task of the sandbox, or one that has ended
// and that its parent has not waited for.
func (h *handler) inside(pid int) bool {
	return h.knows(pid) || h.zombie(pid)
}

// zombie reports whether pid has ended and a process of the sandbox still has
// to wait for it. The tracer has forgotten it then; its parent has not.
func (h *handler) zombie(pid int) bool {
	if pid <= 0 {
		return false
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	s := string(b)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 2 || f[0] != "Z" {
		return false
	}
	ppid, _ := strconv.Atoi(f[1])
	return h.knows(ppid)
}

// outside is what a call that may not reach pid answers.
func outside(pid int) unix.Errno {
	if pid <= 0 || unix.Kill(pid, 0) == unix.ESRCH {
		return unix.ESRCH
	}
	return unix.EPERM
}

// scoped reports whether the kernel keeps signals inside.
func (h *handler) scoped() bool { return h.lock != nil && h.lock.scoped() }

// scopedHere is scoped for the task at hand: to the kernel, a nest is no domain.
func (h *handler) scopedHere() bool { return h.scoped() && h.mntNS.nest == nil }

// signal serves the calls that send signals by number.
func (h *handler) signal(c *tracer.Call) {
	pid, sig := int(int32(c.Args[0])), int(int32(c.Args[1]))
	switch c.Ent.Name {
	case "kill":
		if pid <= 0 {
			h.killGroup(c, pid, sig)
			return
		}
	case "tgkill", "rt_tgsigqueueinfo":
		// The thread group must be right as well, so the thread is enough.
		pid = int(int32(c.Args[1]))
	}
	if pid > 0 && !h.inside(pid) {
		c.Fail(outside(pid))
	}
}

// killGroup is kill with a pid of 0, -1 or less.
func (h *handler) killGroup(c *tracer.Call, pid, sig int) {
	if h.scopedHere() {
		return
	}
	group, all := 0, false
	switch pid {
	case 0:
		group, _ = unix.Getpgid(c.Task.Tid)
	case -1:
		all = true
	default:
		group = -pid
	}
	c.Fail(h.sendGroup(c.Task, group, all, sig))
}

// sendGroup sends sig to each process of the sandbox that belongs to the
// group, or to all but the caller's own. The signal says that it comes from
// the tracer, since nobody can send one in another's name.
func (h *handler) sendGroup(t *tracer.Task, group int, all bool, sig int) unix.Errno {
	if sig < 0 || sig > 64 {
		return unix.EINVAL
	}
	found := map[int]bool{}
	h.tr.Each(func(o *tracer.Task) {
		id := o.Tgid()
		if !h.knows(id) {
			return
		}
		if all {
			if id != t.Tgid() {
				found[id] = true
			}
			return
		}
		if g, err := unix.Getpgid(id); err == nil && g == group {
			found[id] = true
		}
	})
	if len(found) == 0 {
		if !all && group > 0 && unix.Kill(-group, 0) != unix.ESRCH {
			return unix.EPERM
		}
		return unix.ESRCH
	}
	e := unix.ESRCH
	for id := range found {
		if err := errno(unix.Kill(id, unix.Signal(sig))); err != unix.ESRCH {
			e = err
		}
	}
	return e
}

// groupInside reports whether every process of a group belongs to the
// sandbox.
func (h *handler) groupInside(group int) bool {
	f, err := os.Open("/proc")
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return false
	}
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil && !h.inside(pid) {
			if g, err := unix.Getpgid(pid); err == nil && g == group {
				return false
			}
		}
	}
	return true
}

// pidfdGroup is PIDFD_SIGNAL_PROCESS_GROUP (Linux 6.9).
const pidfdGroup = 4

// pidfdSignal serves pidfd_send_signal.
func (h *handler) pidfdSignal(c *tracer.Call) {
	pid, known := h.pidfd(c.Task, int(int32(c.Args[0])))
	if !known || pid < 0 {
		return // an error, the caller itself, or a process that is gone
	}
	if !h.inside(pid) {
		c.Fail(unix.EPERM)
		return
	}
	if c.Args[3]&pidfdGroup != 0 && !h.scopedHere() {
		group, err := unix.Getpgid(pid)
		if err != nil {
			c.Fail(errno(err))
			return
		}
		c.Fail(h.sendGroup(c.Task, group, false, int(int32(c.Args[1]))))
	}
}

// pidfd finds the process that a descriptor stands for: a pidfd, or a
// directory of procfs (pidfd_send_signal(2)). known is false for anything
// else; -1 is a process that is gone.
func (h *handler) pidfd(t *tracer.Task, fd int) (pid int, known bool) {
	if fd < 0 {
		return 0, false
	}
	info, ok := h.fdinfo(t.Tid, fd)
	if !ok {
		return 0, false
	}
	if n, ok := infoField(info, "Pid:", 10); ok {
		return int(n), true
	}
	text, e := h.readProc(h.at(t.Tid, "fd/"+strconv.Itoa(fd)))
	if e != 0 {
		return 0, false
	}
	rest, ok := strings.CutPrefix(text, "/proc/")
	if !ok {
		return 0, false
	}
	first, _, _ := strings.Cut(rest, "/")
	return number(first)
}

// owner serves fcntl and ioctl where they choose who gets the signals of a
// descriptor. It is asked only where Landlock does not scope them.
func (h *handler) owner(c *tracer.Call) {
	const ownerGroup = 2 // F_OWNER_PGRP
	id, group := int(int32(c.Args[2])), false
	switch {
	case c.Ent.Name == "ioctl":
		var b [4]byte
		if e := c.Read(c.Args[2], b[:]); e != 0 {
			c.Fail(e)
			return
		}
		id = int(int32(binary.LittleEndian.Uint32(b[:])))
		c.SetRef(2, c.Put(b[:]))
	case uint32(c.Args[1]) == unix.F_SETOWN_EX:
		var b [8]byte // struct f_owner_ex
		if e := c.Read(c.Args[2], b[:]); e != 0 {
			c.Fail(e)
			return
		}
		id = int(int32(binary.LittleEndian.Uint32(b[4:])))
		group = binary.LittleEndian.Uint32(b[:]) == ownerGroup
		c.SetRef(2, c.Put(b[:]))
	}
	if id < 0 {
		id, group = -id, true
	}
	switch {
	case id == 0:
	case group && !h.groupInside(id):
		c.Fail(unix.EPERM)
	case !group && !h.inside(id):
		c.Fail(unix.ESRCH)
	}
}

// Requests that are to a descriptor what F_SETOWN is.
const (
	fioSetOwn = 0x8901
	siocSPgrp = 0x8902
)
