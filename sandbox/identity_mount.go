package sandbox

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/spec"
	"github.com/ptbox/ptbox/tracer"
)

// mounts is what the guest's root has made of the view's mount table. There is
// one table for the whole sandbox, as there is without unshare(CLONE_NEWNS).
// Mounts that were there at the start are locked, as a user namespace locks
// those that it inherits (mount_namespaces(7)): they can be covered, but neither
// taken away nor be given back what they lack.
type mounts struct {
	dir    string // of the contents of tmpfs mounts
	made   int
	own    map[*fsview.Mount]bool
	locked map[*fsview.Mount]fsview.Flags
}

// mountDir makes the directory that holds tmpfs mounts.
func (id *identity) mountDir() (string, error) {
	if id.mounts.dir != "" {
		return id.mounts.dir, nil
	}
	base, err := id.h.scratch()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "mounts")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	id.mounts.dir = dir
	id.mounts.own, id.mounts.locked = map[*fsview.Mount]bool{}, map[*fsview.Mount]fsview.Flags{}
	return dir, nil
}

// mount serves chroot, mount and umount2; all other calls about mounts are
// refused.
func (id *identity) mount(c *tracer.Call) bool {
	e := unix.EPERM
	switch c.Ent.Name {
	case "chroot":
		e = id.chroot(c)
	case "mount":
		e = id.mountCall(c)
	case "umount2":
		e = id.umount(c)
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(0)
	return true
}

// mountPoint resolves the target of mount or umount2.
func (id *identity) mountPoint(c *tracer.Call) (string, unix.Errno) {
	p := &c.Ent.Paths[0]
	raw, e := c.Path(int(p.Arg), 0)
	if e == 0 && len(raw) == 0 {
		e = unix.ENOENT
	}
	if e != 0 {
		return "", e
	}
	r, e := id.h.resolve(c, str(raw), -1, 0, fsview.Lookup, follow(c, p), true)
	switch {
	case e != 0:
		return "", e
	case r.Magic:
		return "", unix.EINVAL
	}
	return strings.Clone(r.Guest), 0
}

const (
	msPropagation = unix.MS_SHARED | unix.MS_PRIVATE | unix.MS_SLAVE | unix.MS_UNBINDABLE
	msMagic       = 0xc0ed0000 // MS_MGC_VAL, which old programs add
)

func (id *identity) mountCall(c *tracer.Call) unix.Errno {
	flags := c.Args[3]
	if flags&0xffff0000 == msMagic {
		flags &^= 0xffff0000
	}
	target, e := id.mountPoint(c)
	switch {
	case e != 0:
		return e
	case !capable(c.Task, unix.CAP_SYS_ADMIN):
		return unix.EPERM
	}
	at := id.h.view.MountAt(target)
	if at.Target != target {
		at = nil
	}
	switch {
	case flags&unix.MS_REMOUNT != 0:
		return id.remount(at, flags)
	case flags&unix.MS_BIND != 0:
		return id.bind(c, target, flags)
	case flags&msPropagation != 0:
		if at == nil {
			return unix.EINVAL
		}
		return 0 // there is nobody to propagate to
	case flags&unix.MS_MOVE != 0:
		return unix.EINVAL
	}
	kind, e := c.String(c.Args[2], 256)
	if e != 0 {
		return e
	}
	return id.newMount(c, target, kind, flags)
}

// mountFlags turns the flags of mount(2) into the view's.
func mountFlags(flags uint64) (f fsview.Flags) {
	for _, p := range []struct {
		ms uint64
		f  fsview.Flags
	}{
		{unix.MS_RDONLY, fsview.ReadOnly}, {unix.MS_NOEXEC, fsview.NoExec}, {unix.MS_NODEV, fsview.NoDev}, {unix.MS_NOSUID, fsview.NoSuid},
		{unix.MS_NOSYMFOLLOW, fsview.NoSymFollow}, {unix.MS_NOATIME, fsview.NoAtime},
	} {
		if flags&p.ms != 0 {
			f |= p.f
		}
	}
	return f
}

// lockedFlags are those that cannot be taken from a mount again.
func (id *identity) lockedFlags(m *fsview.Mount) fsview.Flags {
	if id.mounts.own[m] {
		return id.mounts.locked[m]
	}
	return m.Flags
}

func (id *identity) remount(m *fsview.Mount, flags uint64) unix.Errno {
	if m == nil {
		return unix.EINVAL
	}
	const (
		lockable = fsview.ReadOnly | fsview.NoExec | fsview.NoDev | fsview.NoSuid
		all      = lockable | fsview.NoSymFollow | fsview.NoAtime
		times    = unix.MS_NOATIME | unix.MS_NODIRATIME | unix.MS_RELATIME | unix.MS_STRICTATIME
	)
	f := m.Flags&^all | mountFlags(flags)
	if flags&times == 0 {
		// Without a word about them, access times stay as they are.
		f = f&^fsview.NoAtime | m.Flags&fsview.NoAtime
	}
	if locked := id.lockedFlags(m) & lockable; f&locked != locked {
		return unix.EPERM
	}
	if !id.mounts.own[m] && (f^m.Flags)&fsview.NoAtime != 0 {
		return unix.EPERM // MNT_LOCK_ATIME
	}
	m.Flags = f
	id.changed()
	return 0
}

// bind is mount with MS_BIND. What is mounted below the source is hidden there
// for a reason, so it comes along or nothing does, as with locked mounts.
func (id *identity) bind(c *tracer.Call, target string, flags uint64) unix.Errno {
	source, e := c.String(c.Args[0], 4096)
	if e != 0 {
		return e
	}
	if source == "" {
		return unix.ENOENT
	}
	r, e := id.h.resolve(c, source, -1, 0, fsview.Lookup, true, true)
	switch {
	case e != 0:
		return e
	case r.Magic:
		return unix.EINVAL
	}
	from := strings.Clone(r.Guest)
	list := []fsview.Mount{id.shown(r.Mount, string(r.Host), target)}
	locks := []fsview.Flags{id.lockedFlags(r.Mount)}
	for _, m := range id.h.view.Mounts() {
		if m.Target == from || !isBelow(m.Target, from) || isBelow(m.Target, target) {
			continue
		}
		if flags&unix.MS_REC == 0 {
			if !id.mounts.own[m] {
				return unix.EINVAL
			}
			continue
		}
		list = append(list, id.shown(m, m.Source, filepath.Join(target, strings.TrimPrefix(m.Target, from))))
		locks = append(locks, id.lockedFlags(m))
	}
	for i := range list {
		if e := id.enter(list[i], locks[i]); e != 0 {
			return e
		}
	}
	return 0
}

// shown is a mount that shows the host path source, which m shows, at target.
func (id *identity) shown(m *fsview.Mount, source, target string) fsview.Mount {
	n := fsview.Mount{Source: source, Target: target, Kind: fsview.Bind, Flags: m.Flags}
	if source == m.Source && m.Kind != fsview.Synth {
		n.Kind = m.Kind
	}
	return n
}

// isBelow reports whether the canonical path p is dir or lies below it.
func isBelow(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}

// newMount is mount of a new file system. The kernel's own ones are instances
// of what the view shows already, which is all that the sandbox may see.
func (id *identity) newMount(c *tracer.Call, target, kind string, flags uint64) unix.Errno {
	kinds := map[string]fsview.Kind{
		"proc": fsview.Proc, "sysfs": fsview.Sysfs, "devpts": fsview.Devpts, "mqueue": fsview.Mqueue,
		"cgroup": fsview.Cgroup, "cgroup2": fsview.Cgroup, "tmpfs": fsview.Tmpfs, "ramfs": fsview.Tmpfs,
	}
	k, ok := kinds[kind]
	if !ok {
		return unix.ENODEV
	}
	if k == fsview.Tmpfs {
		return id.tmpfs(c, target, flags)
	}
	var locked fsview.Flags
	source := ""
	for _, m := range id.h.view.Mounts() {
		if m.Kind == k {
			source, locked = m.Source, id.lockedFlags(m)
			break
		}
	}
	if source == "" {
		return unix.EPERM
	}
	return id.enter(fsview.Mount{Source: source, Target: target, Kind: k, Flags: mountFlags(flags) | locked}, locked)
}

func (id *identity) tmpfs(c *tracer.Call, target string, flags uint64) unix.Errno {
	mode := uint32(0o1777)
	m := fsview.Mount{Target: target, Kind: fsview.Tmpfs, Flags: mountFlags(flags)}
	if c.Args[4] != 0 {
		data, e := c.String(c.Args[4], 4096)
		if e != 0 {
			return e
		}
		for w := range strings.SplitSeq(data, ",") {
			if v, ok := strings.CutPrefix(w, "mode="); ok {
				n, ok := octal(v)
				if !ok {
					return unix.EINVAL
				}
				mode = n
			}
			key, v, _ := strings.Cut(w, "=")
			if key != "size" && key != "nr_blocks" && key != "nr_inodes" {
				continue
			}
			n, err := spec.TmpfsLimit(key, v)
			if err != nil {
				return unix.EINVAL
			}
			if key == "nr_inodes" {
				m.Inodes = n
			} else {
				m.Size = n
			}
		}
	}
	dir, err := id.mountDir()
	if err != nil {
		return unix.ENOMEM
	}
	id.mounts.made++
	dir = filepath.Join(dir, itoa(id.mounts.made))
	if err := unix.Mkdir(dir, 0o700); err != nil {
		return errno(err)
	}
	if err := unix.Chmod(dir, mode); err != nil {
		return errno(err)
	}
	m.Source = dir
	return id.enter(m, 0)
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

// enter puts a mount into the view.
func (id *identity) enter(m fsview.Mount, locked fsview.Flags) unix.Errno {
	if _, err := id.mountDir(); err != nil {
		return unix.ENOMEM
	}
	n, err := id.h.view.Mount(m)
	if err != nil {
		return cause(err)
	}
	id.mounts.own[n], id.mounts.locked[n] = true, locked
	id.changed()
	return 0
}

// cause is the errno in an error of the view.
func cause(err error) unix.Errno {
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

func (id *identity) umount(c *tracer.Call) unix.Errno {
	flags := c.Args[1]
	if flags&^(unix.MNT_FORCE|unix.MNT_DETACH|unix.MNT_EXPIRE|unix.UMOUNT_NOFOLLOW) != 0 {
		return unix.EINVAL
	}
	if !capable(c.Task, unix.CAP_SYS_ADMIN) {
		return unix.EPERM
	}
	target, e := id.mountPoint(c)
	if e != 0 {
		return e
	}
	m := id.h.view.MountAt(target)
	if m.Target != target || !id.mounts.own[m] {
		return unix.EINVAL
	}
	if flags&unix.MNT_DETACH != 0 {
		// What lies below goes with it, the last one first.
		list := id.h.view.Mounts()
		for i := len(list) - 1; i >= 0; i-- {
			if o := list[i]; o != m && isBelow(o.Target, target) && id.mounts.own[o] {
				if err := id.leave(o); err != nil {
					return cause(err)
				}
			}
		}
	}
	if err := id.leave(m); err != nil {
		return cause(err)
	}
	return 0
}

func (id *identity) leave(m *fsview.Mount) error {
	if err := id.h.view.Unmount(m); err != nil {
		return err
	}
	delete(id.mounts.own, m)
	delete(id.mounts.locked, m)
	id.changed()
	return nil
}

// changed brings what is known of the view up to date.
func (id *identity) changed() {
	h := id.h
	h.views++
	h.setView(h.view)
	if err := h.setLimits(h.view); err != nil {
		h.log.Warn("a new tmpfs has no limit", "err", err)
	}
	if h.procfs.ids != nil {
		h.mountTable()
	}
}
