package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// Access control lists name users of the host, and the kernel would apply them
// to those. So there are none with an emulated identity, except the one that
// every file has: its mode. cp -a and others set that by a list.
const (
	aclAccess  = "system.posix_acl_access"
	aclDefault = "system.posix_acl_default"
)

// acl serves the setting and removing of an access control list.
func (id *identity) acl(c *tracer.Call, name string, set bool, a xattrArgs) {
	var list []byte
	if set && c.Args[a.value] != 0 {
		if c.Args[a.size] > 1<<16 {
			c.Fail(unix.E2BIG)
			return
		}
		list = make([]byte, c.Args[a.size])
		if e := c.Read(c.Args[a.value], list); e != 0 {
			c.Fail(e)
			return
		}
	}
	if e := id.setACL(c, name, list); e != 0 {
		c.Fail(e)
		return
	}
	c.Return(0)
}

// setACL takes a list in the form of linux/posix_acl_xattr.h, as
// vfs_set_acl does; no list at all removes the one there is.
func (id *identity) setACL(c *tracer.Call, name string, list []byte) unix.Errno {
	perm, plain, e := parseACL(list)
	if e != 0 {
		return e
	}
	o, e := id.xattrObject(c)
	if e != 0 {
		return e
	}
	id.load(o)
	shown := *o
	id.show(&shown)
	mode := shown.st.Mode
	k := credOf(c.Task)
	switch {
	case mode&unix.S_IFMT == unix.S_IFLNK:
		return unix.EOPNOTSUPP
	case k.UID.FS != shown.st.Uid && !k.CanOver(shown.st.Uid, shown.st.Gid, unix.CAP_FOWNER):
		return unix.EPERM
	case len(list) <= 4:
		return 0 // there is none to be removed
	case name == aclDefault && mode&unix.S_IFMT != unix.S_IFDIR:
		return unix.EACCES
	case name == aclDefault || !plain:
		return unix.EOPNOTSUPP
	}
	return id.chmodCall(c.Task, o, mode&0o7000|perm)
}

// parseACL reads a list. A plain one says no more than a mode does.
func parseACL(b []byte) (perm uint32, plain bool, e unix.Errno) {
	if len(b) == 0 {
		return 0, true, 0
	}
	le := binary.LittleEndian
	switch {
	case len(b) < 4 || len(b)%8 != 4:
		return 0, false, unix.EINVAL
	case le.Uint32(b) != 2: // POSIX_ACL_XATTR_VERSION
		return 0, false, unix.EOPNOTSUPP
	}
	shifts := map[uint16]int{0x01: 6, 0x04: 3, 0x20: 0} // ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_OTHER
	for b = b[4:]; len(b) > 0; b = b[8:] {
		shift, ok := shifts[le.Uint16(b)]
		if !ok {
			return 0, false, 0
		}
		delete(shifts, le.Uint16(b))
		if le.Uint16(b[2:])&^7 != 0 {
			return 0, false, unix.EINVAL
		}
		perm |= uint32(le.Uint16(b[2:])) << shift
	}
	if len(shifts) > 0 && perm != 0 {
		return 0, false, unix.EINVAL
	}
	return perm, true, 0
}
