package sandbox

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// procText makes the texts of procfs that tell of identities: name is a file
// of task tid, real what stands in it so far.
func (id *identity) procText(tid int, name, real string) (text string, ok bool) {
	t := id.h.tr.Task(tid)
	if t == nil {
		return real, false
	}
	switch name {
	case "status":
		return status(real, credOf(t), id.reader().NS), true
	case "uid_map", "gid_map":
		return credOf(t).NS.MapText(name == "gid_map", id.reader().NS), true
	case "setgroups":
		return credOf(t).NS.SetgroupsText(), true
	}
	return real, false
}

// reader is the identity of the task at hand.
func (id *identity) reader() *cred.Cred { return credOf(id.h.task) }

// status replaces the lines of /proc/PID/status that tell of an identity.
func status(real string, k *cred.Cred, by *cred.UserNS) string {
	var out strings.Builder
	ids := func(name string, i cred.IDs, show func(uint32) uint32) {
		fmt.Fprintf(&out, "%s:\t%d\t%d\t%d\t%d\n", name, show(i.Real), show(i.Effective), show(i.Saved), show(i.FS))
	}
	caps := map[string]cred.Caps{"CapInh": k.Inheritable, "CapPrm": k.Permitted, "CapEff": k.Effective, "CapBnd": k.Bounding, "CapAmb": k.Ambient}
	for line := range strings.Lines(real) {
		name, _, _ := strings.Cut(line, ":")
		set, isCap := caps[name]
		switch {
		case name == "Uid":
			ids(name, k.UID, by.ShowUID)
		case name == "Gid":
			ids(name, k.GID, by.ShowGID)
		case name == "Groups":
			out.WriteString("Groups:\t")
			for _, g := range k.Groups {
				fmt.Fprintf(&out, "%d ", by.ShowGID(g))
			}
			out.WriteString("\n")
		case isCap:
			fmt.Fprintf(&out, "%s:\t%016x\n", name, uint64(set))
		case name == "NoNewPrivs":
			n := 0
			if k.NoNewPrivs {
				n = 1
			}
			fmt.Fprintf(&out, "NoNewPrivs:\t%d\n", n)
		default:
			out.WriteString(line)
		}
	}
	return out.String()
}

// socket answers who is at the other end of a socket.
func (id *identity) socket(c *tracer.Call) bool {
	if c.Ent.Name != "getsockopt" {
		return false
	}
	fd, ok := id.h.borrow(c.Task, int(int32(c.Args[0])))
	if !ok {
		return true // EBADF by the kernel
	}
	defer unix.Close(fd)
	u, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return true
	}
	uid, gid := id.guestIDs(int(u.Pid), u.Uid, u.Gid)
	var size [4]byte
	if e := c.Read(c.Args[4], size[:]); e != 0 {
		c.Fail(e)
		return true
	}
	n := min(int32(binary.LittleEndian.Uint32(size[:])), 12)
	if n < 0 {
		c.Fail(unix.EINVAL)
		return true
	}
	var b [12]byte
	binary.LittleEndian.PutUint32(b[0:], uint32(u.Pid))
	binary.LittleEndian.PutUint32(b[4:], uid)
	binary.LittleEndian.PutUint32(b[8:], gid)
	binary.LittleEndian.PutUint32(size[:], uint32(n))
	e := c.Write(c.Args[3], b[:n])
	if e == 0 {
		e = c.Write(c.Args[4], size[:])
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(0)
	return true
}

// socketName judges a socket's path: bind makes a name, and whoever connects
// or sends must be allowed to write.
func (id *identity) socketName(c *tracer.Call, name string, r *fsview.Resolution, create bool) unix.Errno {
	if create {
		if r.Held == fsview.NoHandle || odd(r) {
			return 0
		}
		if u := unionOf(r); u != nil {
			if e := holdUpper(r, u); e != 0 {
				return e
			}
		}
		return id.made(c, int(r.Held), lastName(name), false)
	}
	o := &id.obj
	if e := id.resolved(o, r, true); e != 0 {
		return e
	}
	return id.permit(c.Task, o, unix.W_OK)
}

// guestIDs are the ids of a process, or of one that is not the sandbox'.
func (id *identity) guestIDs(pid int, uid, gid uint32) (guestUID, guestGID uint32) {
	ns := id.reader().NS
	if t := id.h.tr.Task(pid); t != nil {
		k := credOf(t)
		return ns.ShowUID(k.UID.Effective), ns.ShowGID(k.GID.Effective)
	}
	if uid == id.uid {
		uid = 0
	}
	if gid == id.gid {
		gid = 0
	}
	return ns.ShowUID(uid), ns.ShowGID(gid)
}
