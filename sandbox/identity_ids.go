package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// ids answers the calls that read or change ids, groups and capabilities.
func (id *identity) ids(c *tracer.Call) {
	k := credOf(c.Task)
	a := func(i int) uint32 { return uint32(c.Args[i]) }
	finish := func(e unix.Errno) {
		if e != 0 {
			c.Fail(e)
			return
		}
		c.Return(0)
	}
	switch c.Ent.Name {
	case "getuid":
		c.Return(int64(k.NS.ShowUID(k.UID.Real)))
	case "geteuid":
		c.Return(int64(k.NS.ShowUID(k.UID.Effective)))
	case "getgid":
		c.Return(int64(k.NS.ShowGID(k.GID.Real)))
	case "getegid":
		c.Return(int64(k.NS.ShowGID(k.GID.Effective)))
	case "getresuid":
		finish(putIDs(c, k.UID, k.NS.ShowUID))
	case "getresgid":
		finish(putIDs(c, k.GID, k.NS.ShowGID))
	case "setuid":
		finish(k.SetUID(a(0)))
	case "setgid":
		finish(k.SetGID(a(0)))
	case "setreuid":
		finish(k.SetREUID(a(0), a(1)))
	case "setregid":
		finish(k.SetREGID(a(0), a(1)))
	case "setresuid":
		finish(k.SetRESUID(a(0), a(1), a(2)))
	case "setresgid":
		finish(k.SetRESGID(a(0), a(1), a(2)))
	case "setfsuid":
		c.Return(int64(k.SetFSUID(a(0))))
	case "setfsgid":
		c.Return(int64(k.SetFSGID(a(0))))
	case "getgroups":
		getGroups(c, k)
	case "setgroups":
		finish(setGroups(c, k))
	case "capget":
		finish(id.capget(c))
	case "capset":
		finish(capset(c, k))
	default:
		c.Fail(unix.ENOSYS)
	}
}

func putIDs(c *tracer.Call, i cred.IDs, show func(uint32) uint32) unix.Errno {
	var b [4]byte
	for n, v := range []uint32{i.Real, i.Effective, i.Saved} {
		binary.LittleEndian.PutUint32(b[:], show(v))
		if e := c.Write(c.Args[n], b[:]); e != 0 {
			return e
		}
	}
	return 0
}

func getGroups(c *tracer.Call, k *cred.Cred) {
	size := int32(c.Args[0])
	if size < 0 || size > 0 && len(k.Groups) > int(size) {
		c.Fail(unix.EINVAL)
		return
	}
	if size > 0 {
		var b []byte
		for _, g := range k.Groups {
			b = binary.LittleEndian.AppendUint32(b, k.NS.ShowGID(g))
		}
		if e := c.Write(c.Args[1], b); e != 0 {
			c.Fail(e)
			return
		}
	}
	c.Return(int64(len(k.Groups)))
}

func setGroups(c *tracer.Call, k *cred.Cred) unix.Errno {
	n := uint32(c.Args[0])
	switch {
	case !k.MaySetGroups():
		return unix.EPERM
	case n > cred.MaxGroups:
		return unix.EINVAL
	}
	b := make([]byte, 4*n)
	if e := c.Read(c.Args[1], b); e != 0 {
		return e
	}
	list := make([]uint32, n)
	for i := range list {
		list[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return k.SetGroups(list)
}

// capHeader reads a cap_user_header_t and says how many words each set has.
// An unknown version is replaced by the preferred one, which is how a program
// asks for it (capget(2)).
func capHeader(c *tracer.Call) (pid int32, words int, e unix.Errno) {
	var b [8]byte
	if e := c.Read(c.Args[0], b[:]); e != 0 {
		return 0, 0, e
	}
	pid = int32(binary.LittleEndian.Uint32(b[4:]))
	switch binary.LittleEndian.Uint32(b[:]) {
	case unix.LINUX_CAPABILITY_VERSION_1:
		return pid, 1, 0
	case unix.LINUX_CAPABILITY_VERSION_2, unix.LINUX_CAPABILITY_VERSION_3:
		return pid, 2, 0
	}
	binary.LittleEndian.PutUint32(b[:], unix.LINUX_CAPABILITY_VERSION_3)
	if e := c.Write(c.Args[0], b[:4]); e != 0 {
		return 0, 0, e
	}
	return 0, 0, unix.EINVAL
}

func (id *identity) capget(c *tracer.Call) unix.Errno {
	pid, words, e := capHeader(c)
	if e != 0 {
		if e == unix.EINVAL && c.Args[1] == 0 {
			return 0
		}
		return e
	}
	k := credOf(c.Task)
	switch {
	case pid < 0:
		return unix.EINVAL
	case pid != 0:
		t := id.h.tr.Task(int(pid))
		if t == nil {
			return unix.ESRCH
		}
		k = credOf(t)
	}
	if c.Args[1] == 0 {
		return 0
	}
	var b []byte
	for w := range words {
		for _, s := range []cred.Caps{k.Effective, k.Permitted, k.Inheritable} {
			b = binary.LittleEndian.AppendUint32(b, uint32(s>>(32*w)))
		}
	}
	return c.Write(c.Args[1], b)
}

func capset(c *tracer.Call, k *cred.Cred) unix.Errno {
	pid, words, e := capHeader(c)
	if e != 0 {
		return e
	}
	if pid != 0 && int(pid) != c.Task.Tid {
		return unix.EPERM
	}
	b := make([]byte, 12*words)
	if e := c.Read(c.Args[1], b); e != 0 {
		return e
	}
	var set [3]cred.Caps
	for w := range words {
		for i := range set {
			set[i] |= cred.Caps(binary.LittleEndian.Uint32(b[12*w+4*i:])) << (32 * w)
		}
	}
	return k.SetCaps(set[0], set[1], set[2])
}

// process answers the calls about processes that depend on identities.
func (id *identity) process(c *tracer.Call) bool {
	switch c.Ent.Name {
	case "prctl":
		v, e, ok := credOf(c.Task).Prctl(int(int32(c.Args[0])), [4]uint64{c.Args[1], c.Args[2], c.Args[3], c.Args[4]})
		if !ok {
			return false
		}
		if e != 0 {
			v = -int64(e)
		}
		c.Return(v)
		return true
	case "setns":
		id.setns(c)
		return true
	case "kill", "tkill", "rt_sigqueueinfo", "tgkill", "rt_tgsigqueueinfo":
		return id.kill(c)
	}
	return false
}

// kill applies the permission of kill(2) between the emulated users. Groups
// of processes and those outside are left to the kernel.
func (id *identity) kill(c *tracer.Call) bool {
	at := 0
	if c.Ent.Name == "tgkill" || c.Ent.Name == "rt_tgsigqueueinfo" {
		at = 1
	}
	pid := int(int32(c.Args[at]))
	if pid <= 0 || pid == c.Task.Tid {
		return false
	}
	t := id.h.tr.Task(pid)
	if t == nil || t.Tgid() == c.Task.Tgid() || credOf(c.Task).MaySignal(credOf(t)) {
		return false
	}
	if sig := unix.Signal(int32(c.Args[at+1])); sig == unix.SIGCONT {
		return false // within one session everybody may; the kernel knows
	}
	c.Fail(unix.EPERM)
	return true
}
