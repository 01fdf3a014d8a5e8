package sandbox

import (
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Calls that make, remove or move a name go to the kernel as they are unless
// the name has to do with a mount of the view, of which the kernel knows
// nothing. Then the checks of fs/namei.c are made here, in its order.

// name is one name of such a call, looked at.
type name struct {
	*fsview.Resolution
	mount  *fsview.Mount // as mount(2) would see it
	exists bool
	mode   uint32
	uid    uint32
	fd     int // with path: how the tracer reaches it
	path   string
	done   func()
}

func (n *name) dir() bool { return n.mode&unix.S_IFMT == unix.S_IFDIR }

// odd reports whether there is no name to work on: ".", "..", the root.
func odd(r *fsview.Resolution) bool { return r.LastDot || r.LastDotDot || r.IsRoot }

// special reports whether the kernel alone would not see what the view shows.
func special(r *fsview.Resolution) bool {
	return r.MountPoint || r.Mounted || r.AboveMount || r.Mount != nil && (r.Mount.Flags&fsview.ReadOnly != 0)
}

// realMount is the mount of the name's parent. The root has no parent.
func (h *handler) realMount(r *fsview.Resolution) *fsview.Mount {
	if r.IsRoot {
		return h.view.MountAt("/")
	}
	return r.Mount
}

// nameOf looks at name k of the call.
func (h *handler) nameOf(c *tracer.Call, k int, r *fsview.Resolution) *name {
	n := &name{Resolution: r, mount: h.realMount(r)}
	var p *tracer.PathArg // none for an address of a socket
	if k < len(c.Ent.Paths) {
		p = &c.Ent.Paths[k]
	}
	n.fd, n.path, n.done = h.hostAt(c, p, k, r)
	n.path = strings.TrimRight(n.path, "/")
	if n.path == "" {
		n.path = "/"
	}
	u := unionOf(r)
	if h.inHeld(c, p, r) && n.search() == unix.EACCES {
		n.done()
		n.fd, n.path, n.done = int(r.Held), path.Base(n.path), func() {}
	}
	if u != nil && !odd(r) {
		n.fd, n.path = unix.AT_FDCWD, u.HostOf(relOf(r))
	}
	if r.MountPoint {
		n.exists, n.mode = true, r.Mode
		var st unix.Stat_t
		if unix.Fstatat(n.fd, n.path, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
			n.uid = st.Uid // of what lies there; an invented one is nobody's
		}
		return n
	}
	if u != nil && !odd(r) {
		st, _ := u.State(relOf(r))
		n.exists, n.mode, n.uid = st.Visible, st.Mode, st.UID
		return n
	}
	var st unix.Stat_t
	if unix.Fstatat(n.fd, n.path, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
		n.exists, n.mode, n.uid = true, st.Mode, st.Uid
	}
	return n
}

// beside reports whether two names have one parent.
func (n *name) beside(o *name) bool {
	if unionOf(n.Resolution) != nil {
		return path.Dir(n.Guest) == path.Dir(o.Guest) // each may lie in another layer
	}
	var a, b unix.Stat_t
	return unix.Fstatat(n.fd, path.Dir(n.path), &a, 0) == nil && unix.Fstatat(o.fd, path.Dir(o.path), &b, 0) == nil &&
		a.Ino == b.Ino && a.Dev == b.Dev
}

// mayChange is the permission to add names to the parent, or to take away n:
// may_create and may_delete without what depends on the object's type.
func (n *name) mayChange() unix.Errno {
	dir := path.Dir(n.path)
	if err := unix.Faccessat(n.fd, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return errno(err)
	}
	if !n.exists {
		return 0
	}
	var st unix.Stat_t
	if unix.Fstatat(n.fd, dir, &st, 0) == nil && st.Mode&unix.S_ISVTX != 0 {
		if me := uint32(unix.Geteuid()); me != 0 && me != st.Uid && me != n.uid {
			return unix.EPERM
		}
	}
	return 0
}

// mayMove is the permission to change the ".." of a directory.
func (n *name) mayMove() bool {
	return !n.dir() || unix.Faccessat(n.fd, n.path, unix.W_OK, unix.AT_EACCESS) == nil
}

// empty reports whether a directory of the host has no names, as far as that
// can be seen.
func (n *name) empty() bool {
	fd, err := unix.Openat(n.fd, n.path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == unix.EACCES {
		if has, known := n.hasNames(); known {
			return !has
		}
		fd, err = n.openShut()
	}
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	b := make([]byte, 4096)
	for {
		k, err := unix.ReadDirent(fd, b)
		if err != nil || k <= 0 {
			return true
		}
		if _, _, names := unix.ParseDirent(b[:k], -1, nil); len(names) > 0 {
			return false
		}
	}
}

// hasNames tells by the numbers of a directory that may not be read whether it has
// names: subdirectories are counted nearly everywhere, and tmpfs and btrfs add up all
// names. On other file systems files go unnoticed: it is not known then.
func (n *name) hasNames() (has, known bool) {
	dir, err := unix.Openat(n.fd, n.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false, true
	}
	defer unix.Close(dir)
	var st unix.Stat_t
	var fs unix.Statfs_t
	if unix.Fstat(dir, &st) != nil || unix.Fstatfs(dir, &fs) != nil {
		return false, false
	}
	const tmpfsEmpty = 40 // "." and ".." (mm/shmem.c)
	switch {
	case st.Nlink > 2:
		return true, true
	case fs.Type == unix.TMPFS_MAGIC:
		return st.Size > tmpfsEmpty, true
	case fs.Type == unix.BTRFS_SUPER_MAGIC:
		return st.Size > 0, true
	}
	return false, false
}

// openShut opens a directory of the caller's that may not be read for the moment. Others
// may see that it can be, and a kill right then leaves it so; but there is no call that
// asks for names and needs no right to read, and none that fails for names alone.
func (n *name) openShut() (int, error) {
	dir, err := unix.Openat(n.fd, n.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	at := "/proc/self/fd/" + strconv.Itoa(dir)
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return -1, err
	}
	if err := unix.Chmod(at, st.Mode&0o7777|0o400); err != nil {
		return -1, err
	}
	defer unix.Chmod(at, st.Mode&0o7777)
	return unix.Open(at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// search is the permission to look for the name, which comes before all else.
func (n *name) search() unix.Errno {
	return errno(unix.Faccessat(n.fd, path.Dir(trimDots(n.path)), unix.X_OK, unix.AT_EACCESS))
}

// gone says that the parent has been removed: nobody finds a name there.
func (n *name) gone() bool {
	var st unix.Stat_t
	return unix.Fstatat(n.fd, path.Dir(n.path), &st, 0) == nil && st.Nlink == 0
}

func readOnly(n *name) bool { return n.mount != nil && n.mount.Flags&fsview.ReadOnly != 0 }

// create is filename_create and may_create.
func (h *handler) create(c *tracer.Call, k int, r *fsview.Resolution) unix.Errno {
	if odd(r) || !special(r) {
		return 0 // the kernel judges by the spelling alone
	}
	n := h.nameOf(c, k, r)
	defer n.done()
	if e := n.search(); e != 0 {
		return e
	}
	switch {
	case n.gone():
		return unix.ENOENT
	case n.tooLong():
		return unix.ENAMETOOLONG
	case n.exists:
		return unix.EEXIST
	case r.Slash && !strings.HasPrefix(c.Ent.Name, "mkdir"):
		return unix.ENOENT
	case readOnly(n):
		return unix.EROFS
	}
	return n.mayChange()
}

// remove is do_rmdir and do_unlinkat.
func (h *handler) remove(c *tracer.Call, r *fsview.Resolution) unix.Errno {
	rmdir := isRmdir(c)
	if odd(r) || !special(r) {
		return 0
	}
	n := h.nameOf(c, 0, r)
	defer n.done()
	if e := n.search(); e != 0 {
		return e
	}
	if readOnly(n) {
		return unix.EROFS
	}
	if !n.exists {
		return unix.ENOENT
	}
	if !rmdir && r.Slash {
		if n.dir() {
			return unix.EISDIR
		}
		return unix.ENOTDIR
	}
	if e := n.mayChange(); e != 0 {
		return e
	}
	switch {
	case rmdir && !n.dir():
		return unix.ENOTDIR
	case !rmdir && n.dir():
		return unix.EISDIR
	case r.MountPoint, r.Mounted:
		return unix.EBUSY
	case r.AboveMount:
		return unix.ENOTEMPTY
	}
	return 0
}

// rename is do_renameat2 and vfs_rename.
func (h *handler) rename(c *tracer.Call, from, to *fsview.Resolution) unix.Errno {
	var flags uint64
	if c.Ent.Name == "renameat2" {
		flags = c.Args[4]
	}
	const known = unix.RENAME_NOREPLACE | unix.RENAME_EXCHANGE | unix.RENAME_WHITEOUT
	if uint32(flags)&^known != 0 || flags&unix.RENAME_EXCHANGE != 0 && flags&known != unix.RENAME_EXCHANGE {
		return unix.EINVAL
	}
	h.aboveElsewhere(c, from, to)
	ours := special(from) || special(to) || from.IsRoot || to.IsRoot || h.realMount(from) != h.realMount(to)
	for k, r := range []*fsview.Resolution{from, to} {
		if ours && !r.IsRoot && !r.Gone {
			n := h.nameOf(c, k, r)
			e := n.search()
			n.done()
			if e != 0 {
				return e
			}
		}
	}
	if h.realMount(from) != h.realMount(to) {
		return unix.EXDEV
	}
	if from.Gone || to.Gone {
		return unix.ENOENT
	}
	if from.IsRoot || to.IsRoot {
		// The host's root is another one: the kernel might say EXDEV.
		if flags&unix.RENAME_NOREPLACE != 0 && !odd(from) {
			return unix.EEXIST
		}
		return unix.EBUSY
	}
	if odd(from) || odd(to) || !special(from) && !special(to) {
		return 0
	}
	a, b := h.nameOf(c, 0, from), h.nameOf(c, 1, to)
	defer a.done()
	defer b.done()
	if readOnly(a) {
		return unix.EROFS
	}
	exchange := flags&unix.RENAME_EXCHANGE != 0
	switch {
	case a.gone(), b.gone():
		return unix.ENOENT
	case a.tooLong():
		return unix.ENAMETOOLONG
	case !a.exists:
		return unix.ENOENT
	case b.tooLong():
		return unix.ENAMETOOLONG
	case flags&unix.RENAME_NOREPLACE != 0 && b.exists:
		return unix.EEXIST
	case exchange && !b.exists:
		return unix.ENOENT
	case exchange && !b.dir() && to.Slash:
		return unix.ENOTDIR
	case !a.dir() && (from.Slash || !exchange && to.Slash):
		return unix.ENOTDIR
	case from.Guest != "" && from.Guest == to.Guest:
		c.Return(0) // two names of one object: nothing to do
		return 0
	case beneath(h.guestName(c, 1, to), h.guestName(c, 0, from)):
		return unix.EINVAL
	case beneath(h.guestName(c, 0, from), h.guestName(c, 1, to)):
		if exchange {
			return unix.EINVAL
		}
		return unix.ENOTEMPTY
	}
	if e := a.mayChange(); e != 0 {
		return e
	}
	if e := b.mayChange(); e != 0 {
		return e
	}
	if b.exists && !exchange && a.dir() != b.dir() {
		if a.dir() {
			return unix.ENOTDIR
		}
		return unix.EISDIR
	}
	if !a.beside(b) && (!a.mayMove() || exchange && !b.mayMove()) {
		return unix.EACCES // its ".." changes
	}
	switch {
	case from.MountPoint, to.MountPoint, from.Mounted, to.Mounted:
		return unix.EBUSY
	case unionOf(from) != nil && flags&unix.RENAME_WHITEOUT != 0:
		return unix.EINVAL // overlayfs makes none on request
	case unionOf(from) != nil && (!unionOf(from).Movable(relOf(from)) || exchange && !unionOf(to).Movable(relOf(to))):
		return unix.EXDEV
	case to.AboveMount && !exchange, b.exists && b.dir() && !exchange && !b.empty():
		return unix.ENOTEMPTY
	case from.AboveMount || to.AboveMount:
		// The view knows its mount points by path; a mount does not move
		// with a directory above it, so that directory must not move.
		return unix.EBUSY
	}
	return 0
}

// aboveElsewhere marks names of directories that have a mount point below them at
// another place of the view.
func (h *handler) aboveElsewhere(c *tracer.Call, from, to *fsview.Resolution) {
	if len(h.ambiguous) == 0 {
		return
	}
	for k, r := range []*fsview.Resolution{from, to} {
		if odd(r) || r.Gone || r.MountPoint || r.AboveMount || unionOf(r) != nil {
			continue
		}
		n := h.nameOf(c, k, r)
		var st unix.Stat_t
		if n.dir() && unix.Fstatat(n.fd, n.path, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
			r.AboveMount = h.view.IsAbove(fsview.DirID{Dev: st.Dev, Ino: st.Ino})
		}
		n.done()
	}
}

// guestName is the guest path of name k of the call, "" if it is not known.
func (h *handler) guestName(c *tracer.Call, k int, r *fsview.Resolution) string {
	if r.Guest != "" || !r.Relative {
		return r.Guest
	}
	p := &c.Ent.Paths[k]
	raw := c.Said(k)
	b, keep, e := h.baseOf(c, p.Dir, k)
	if e != 0 {
		return ""
	}
	guest, ok := h.view.GuestOf(b)
	if !keep {
		h.host.Close(b.Dir)
	}
	if !ok || b.Deleted {
		return ""
	}
	return path.Join(guest, string(raw)) // no "..", no symlink
}

// beneath reports whether a lies in the directory b.
func beneath(a, b string) bool {
	return b != "" && len(a) > len(b) && a[:len(b)] == b && (a[len(b)] == '/' || b == "/")
}

// tooLong reports whether the name itself cannot be.
func (n *name) tooLong() bool { return len(path.Base(n.path)) > unix.NAME_MAX }
