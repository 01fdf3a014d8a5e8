package sandbox

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/internal/linux"
	"github.com/ptbox/ptbox/tracer"
)

// Entries of the auxiliary vector that tell a program who it is.
const (
	atUID    = 11
	atEUID   = 12
	atGID    = 13
	atEGID   = 14
	atSecure = 23
)

// mayExec judges whether the task at hand may execute the file, and makes
// sure that the host lets it.
func (id *identity) mayExec(p string) unix.Errno {
	t, _ := id.h.req.Caller.(*tracer.Task)
	if t == nil {
		return 0
	}
	fd, err := unix.Open(p, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return errno(err)
	}
	defer unix.Close(fd)
	var o object
	if e := id.use(&o, fd); e != 0 {
		return e
	}
	if o.st.Mode&unix.S_IFMT != unix.S_IFREG {
		return unix.EACCES
	}
	k := credOf(t)
	if o.st.Uid == id.uid && o.st.Mode&0o500 == 0o500 && id.over(k, unix.CAP_DAC_OVERRIDE) {
		return 0
	}
	id.load(&o)
	shown := o
	id.show(&shown)
	if !k.Access(shown.st.Uid, shown.st.Gid, shown.st.Mode, unix.X_OK) {
		return unix.EACCES
	}
	return id.widen(&o, 0o500) // ptbox itself has to read it
}

// exec works out who the program will be, and returns what its auxiliary
// vector has to say of that.
func (id *identity) exec(c *tracer.Call, t *target) map[uint64]uint64 {
	k := *credOf(c.Task)
	var o object
	f := cred.File{}
	if id.use(&o, t.file.fd) == 0 && !t.nosuid {
		id.load(&o)
		f.Caps = id.fileCaps(&o)
		id.show(&o)
		f.UID, f.GID = o.st.Uid, o.st.Gid
		f.SetUID = o.st.Mode&unix.S_ISUID != 0
		f.SetGID = o.st.Mode&(unix.S_ISGID|0o010) == unix.S_ISGID|0o010
	}
	secure := uint64(0)
	if k.Exec(f) {
		secure = 1
	}
	proc(c.Task).nextCred = &k
	return map[uint64]uint64{
		atUID: uint64(k.NS.ShowUID(k.UID.Real)), atEUID: uint64(k.NS.ShowUID(k.UID.Effective)),
		atGID: uint64(k.NS.ShowGID(k.GID.Real)), atEGID: uint64(k.NS.ShowGID(k.GID.Effective)), atSecure: secure,
	}
}

const capXattr = "security.capability"

var capAlias = []byte(aliasPrefix + capXattr + "\x00")

// fileCaps reads the capabilities that the guest has given to a file.
func (id *identity) fileCaps(o *object) *cred.FileCaps {
	if o.st.Uid != id.uid {
		return nil
	}
	var b [24]byte
	n, e := linux.Getxattr(o.link, capAlias, b[:])
	if e != 0 {
		return nil
	}
	return parseCaps(b[:n])
}

// parseCaps decodes struct vfs_cap_data (linux/capability.h).
func parseCaps(b []byte) *cred.FileCaps {
	if len(b) < 20 {
		return nil
	}
	w := func(i int) cred.Caps { return cred.Caps(binary.LittleEndian.Uint32(b[4*i:])) }
	switch w(0) >> 24 {
	case 2, 3:
	default:
		return nil
	}
	return &cred.FileCaps{Permitted: w(1) | w(3)<<32, Inheritable: w(2) | w(4)<<32, Effective: w(0)&1 != 0}
}

// system serves the calls about the system as a whole that root may make.
func (id *identity) system(c *tracer.Call) bool {
	h := id.h
	switch c.Ent.Name {
	case "uname":
		if h.uts.node == "" && h.uts.domain == "" {
			return true // the kernel's answer is right
		}
		return false
	case "sethostname", "setdomainname":
		if e := id.setName(c); e != 0 {
			c.Fail(e)
			return true
		}
		c.Return(0)
		return true
	}
	return false
}

// setName sets the sandbox' host or domain name.
func (id *identity) setName(c *tracer.Call) unix.Errno {
	if !credOf(c.Task).CanIn(id.h.uts.user, unix.CAP_SYS_ADMIN) {
		return unix.EPERM
	}
	n := int32(c.Args[1])
	if n < 0 || n > 64 {
		return unix.EINVAL
	}
	b := make([]byte, n)
	if e := c.Read(c.Args[0], b); e != 0 {
		return e
	}
	name, _, _ := strings.Cut(string(b), "\x00")
	if c.Ent.Name == "sethostname" {
		id.h.uts.node = name
	} else {
		id.h.uts.domain = name
	}
	return 0
}
