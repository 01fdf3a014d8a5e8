package sandbox

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/rootless"
	"github.com/ptbox/ptbox/tracer"
)

// aliasPrefix stands before the names of attributes that the host's user may
// not set, or that are ours.
const aliasPrefix = "user.ptbox."

// aliased is the host's name of an attribute of the guest, if it is another
// one. The record of owners itself can be set by a guest that emulates owners
// in turn: it gets one of its own.
func aliased(name string) (string, bool) {
	if strings.HasPrefix(name, "security.") || strings.HasPrefix(name, "trusted.") ||
		name == rootless.Xattr || strings.HasPrefix(name, aliasPrefix) {
		return aliasPrefix + name, true
	}
	return name, false
}

// xattrArgs are the places of a call's arguments.
type xattrArgs struct{ name, value, size, flags int }

// xattrObject finds the object of a call on attributes.
func (id *identity) xattrObject(c *tracer.Call) (*object, unix.Errno) {
	if len(c.Ent.Paths) == 0 {
		return &id.obj, id.fdObject(c, 0)
	}
	return id.object(c, &c.Ent.Paths[0])
}

// xattrRead answers reads of attributes that have another name on the host,
// and lists without those that the guest must not see.
func (id *identity) xattrRead(c *tracer.Call) bool {
	a := xattrArgs{name: 1, value: 2, size: 3}
	switch c.Ent.Name {
	case "getxattr", "lgetxattr", "fgetxattr":
	case "listxattr", "llistxattr", "flistxattr":
		id.xattrAnswer(c, c.Args[1], c.Args[2], id.list)
		return true
	case "getxattrat", "listxattrat":
		// Newer than Linux 6.12; callers fall back on the older ones.
		c.Fail(unix.ENOSYS)
		return true
	default:
		return false
	}
	name, e := c.String(c.Args[a.name], 256)
	if e != 0 {
		return false
	}
	host, ok := aliased(name)
	if !ok {
		return false
	}
	id.xattrAnswer(c, c.Args[a.value], c.Args[a.size], func(o *object, b []byte) (int, error) {
		n, err := unix.Getxattr(o.path(), host, b)
		if err == unix.EACCES {
			err = unix.ENODATA // the kernel's own attributes need no permission
		}
		if err == unix.ENODATA && strings.HasPrefix(name, "security.") {
			n, err = unix.Getxattr(o.path(), name, b)
		}
		return n, err
	})
	return true
}

// xattrAnswer answers a call that fills a buffer: with size 0 it returns how
// large that has to be.
func (id *identity) xattrAnswer(c *tracer.Call, buf, size uint64, read func(*object, []byte) (int, error)) {
	o, e := id.xattrObject(c)
	if e != 0 {
		c.Fail(e)
		return
	}
	b := make([]byte, 1<<16)
	n, err := read(o, b)
	switch {
	case err != nil:
		e = errno(err)
	case size == 0:
	case uint64(n) > size:
		e = unix.ERANGE
	default:
		e = c.Write(buf, b[:n])
	}
	if e != 0 {
		c.Fail(e)
		return
	}
	c.Return(int64(n))
}

// list is listxattr(2) in the guest's names.
func (id *identity) list(o *object, b []byte) (int, error) {
	n, err := unix.Listxattr(o.path(), b)
	if err != nil {
		return 0, err
	}
	var out []byte
	for name := range strings.SplitSeq(string(b[:n]), "\x00") {
		if name == "" || name == rootless.Xattr {
			continue
		}
		name = strings.TrimPrefix(name, aliasPrefix)
		out = append(append(out, name...), 0)
	}
	return copy(b, out), nil
}

// xattrWrite serves the setting and removing of attributes.
func (id *identity) xattrWrite(c *tracer.Call) bool {
	a := xattrArgs{name: 1, value: 2, size: 3, flags: 4}
	set := false
	switch c.Ent.Name {
	case "setxattr", "lsetxattr", "fsetxattr":
		set = true
	case "removexattr", "lremovexattr", "fremovexattr":
	case "setxattrat", "removexattrat":
		c.Fail(unix.ENOSYS)
		return true
	default:
		return false
	}
	name, e := c.String(c.Args[a.name], 256)
	if e != 0 {
		return false
	}
	if name == aclAccess || name == aclDefault {
		id.acl(c, name, set, a)
		return true
	}
	host, ok := aliased(name)
	if !ok && !strings.HasPrefix(name, "user.") {
		return false
	}
	o, e := id.xattrObject(c)
	if e == 0 && ok && name != rootless.Xattr {
		e = mayAlias(c.Task, name)
	}
	if e == 0 {
		e = id.permit(c.Task, o, unix.W_OK)
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	if !ok {
		return false
	}
	if id.kept(o) {
		e = unix.EROFS
	} else if set {
		e = id.setAlias(c, o, host, a)
	} else {
		e = errno(unix.Removexattr(o.path(), host))
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(0)
	return true
}

// mayAlias is who may set attributes of the kernel's own (xattr(7)).
func mayAlias(t *tracer.Task, name string) unix.Errno {
	n := uint(unix.CAP_SYS_ADMIN)
	if name == capXattr {
		n = unix.CAP_SETFCAP
	}
	if !credOf(t).CanIn(nil, n) {
		return unix.EPERM
	}
	return 0
}

func (id *identity) setAlias(c *tracer.Call, o *object, host string, a xattrArgs) unix.Errno {
	if c.Args[a.size] > 1<<16 {
		return unix.E2BIG
	}
	b := make([]byte, c.Args[a.size])
	if e := c.Read(c.Args[a.value], b); e != 0 {
		return e
	}
	if strings.HasSuffix(host, capXattr) && parseCaps(b) == nil {
		return unix.EINVAL
	}
	return errno(unix.Setxattr(o.path(), host, b, int(c.Args[a.flags])))
}
