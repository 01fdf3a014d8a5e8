package sandbox

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/spec"
	"github.com/ptbox/ptbox/tracer"
)

// kinds are the types of file systems that can be mounted.
var kinds = map[string]fsview.Kind{
	"proc": fsview.Proc, "sysfs": fsview.Sysfs, "devpts": fsview.Devpts, "mqueue": fsview.Mqueue,
	"cgroup": fsview.Cgroup, "cgroup2": fsview.Cgroup, "tmpfs": fsview.Tmpfs, "ramfs": fsview.Tmpfs,
	"overlay": fsview.Overlay,
}

// newMount is mount of a new file system.
func (id *identity) newMount(c *tracer.Call, at *spot, kind string, flags uint64) unix.Errno {
	if kind == nestType {
		return id.nestCall(c, false)
	}
	k, ok := kinds[kind]
	if !ok {
		return unix.ENODEV
	}
	data := ""
	if k == fsview.Tmpfs || k == fsview.Overlay {
		var e unix.Errno
		if data, e = mountData(c); e != 0 {
			return e
		}
	}
	t, e := id.makeFS(c, k, mountFlags(flags), data)
	if e != 0 {
		return e
	}
	return id.attach(c, t, at)
}

// makeFS makes a file system that is mounted nowhere.
func (id *identity) makeFS(c *tracer.Call, k fsview.Kind, flags fsview.Flags, data string) (*fsview.Tree, unix.Errno) {
	switch k {
	case fsview.Tmpfs:
		return id.tmpfs(c, flags, data)
	case fsview.Overlay:
		return id.overlay(c, flags, data)
	}
	return id.instance(k, flags)
}

// instance is one of the kernel's own file systems: an instance of what the
// view shows already, which is all that the sandbox may see.
func (id *identity) instance(k fsview.Kind, flags fsview.Flags) (*fsview.Tree, unix.Errno) {
	v := id.h.view
	n := fsview.Mount{Kind: k, Source: fsview.Natural(k)}
	i := slices.IndexFunc(v.Mounts(), func(m *fsview.Mount) bool { return m.Kind == k })
	switch guest, ok := v.Guest(n.Source); {
	case i >= 0:
		m := v.Mounts()[i]
		n.Source, n.LockFlags = m.Source, m.LockFlags
	case ok:
		n.LockFlags = v.MountAt(guest).LockFlags
	default:
		return nil, unix.EPERM
	}
	n.LockFlags &= lockable
	n.Flags = flags | n.LockFlags
	t, err := v.NewTree(n)
	return t, cause(err)
}

// tmpfsOptions are those of a tmpfs (tmpfs(5)).
type tmpfsOptions struct {
	mode, uid, gid uint32
	size, inodes   uint64
}

// set is one option; false means that its value is none. What it does not know
// is left out.
func (o *tmpfsOptions) set(k *cred.Cred, name, v string) (ok bool) {
	switch name {
	case "mode":
		o.mode, ok = octal(v)
	case "uid":
		o.uid, ok = mapped(k.NS.UID, v)
	case "gid":
		o.gid, ok = mapped(k.NS.GID, v)
	case "size", "nr_blocks", "nr_inodes":
		limit, err := spec.TmpfsLimit(name, v)
		if ok = err == nil; name == "nr_inodes" {
			o.inodes = limit
		} else {
			o.size = limit
		}
	default:
		return true
	}
	return ok
}

// tmpfs makes an empty file system. It belongs to whoever mounts it.
func (id *identity) tmpfs(c *tracer.Call, flags fsview.Flags, data string) (*fsview.Tree, unix.Errno) {
	k := credOf(c.Task)
	o := tmpfsOptions{mode: 0o1777, uid: k.UID.FS, gid: k.GID.FS}
	for w := range strings.SplitSeq(data, ",") {
		if name, v, _ := strings.Cut(w, "="); !o.set(k, name, v) {
			return nil, unix.EINVAL
		}
	}
	mode, uid, gid := o.mode, o.uid, o.gid
	n := fsview.Mount{Kind: fsview.Tmpfs, Flags: flags, Size: o.size, Inodes: o.inodes}
	dir, err := id.mountDir()
	if err != nil {
		return nil, unix.ENOMEM
	}
	id.mounts.made++
	dir = filepath.Join(dir, itoa(id.mounts.made))
	if err := unix.Mkdir(dir, 0o700); err != nil {
		return nil, errno(err)
	}
	if err := unix.Chmod(dir, mode); err != nil {
		return nil, errno(err)
	}
	n.Source, n.Mode = dir, mode
	t, err := id.h.view.NewTree(n)
	if err != nil {
		return nil, cause(err)
	}
	if uid != 0 || gid != 0 {
		var o object
		e := id.use(&o, int(t.Top().Root()))
		if e == 0 {
			id.load(&o)
			e = id.chown(&o, uid, gid)
		}
		if e != 0 {
			t.Close()
			return nil, e
		}
	}
	return t, 0
}

// mountData is the last argument of mount(2).
func mountData(c *tracer.Call) (string, unix.Errno) {
	if c.Args[4] == 0 {
		return "", 0
	}
	return c.String(c.Args[4], 4096)
}

// mapped reads an id of a user namespace.
func mapped(to func(uint32) uint32, s string) (uint32, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	v := to(uint32(n))
	return v, err == nil && v != cred.Keep
}

func octal(s string) (n uint32, ok bool) {
	for _, r := range s {
		if r < '0' || r > '7' || n > 0o777 {
			return 0, false
		}
		n = n<<3 | uint32(r-'0')
	}
	return n, s != ""
}

// cause is the errno in an error of the view.
func cause(err error) unix.Errno {
	if err == nil {
		return 0
	}
	for err != nil {
		if e, ok := err.(unix.Errno); ok {
			return e
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			break
		}
		err = u.Unwrap()
	}
	return unix.EINVAL
}
