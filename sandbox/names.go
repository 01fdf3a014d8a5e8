package sandbox

import (
	"cmp"
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
	if u != nil && !odd(r) {
		n.fd, n.path = unix.AT_FDCWD, u.HostOf(relOf(r))
	}
	if r.MountPoint {
		n.exists, n.mode = true, r.Mode
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

// parent tells two parents apart.
func (n *name) parent() string {
	if unionOf(n.Resolution) != nil {
		return path.Dir(n.Guest) // each may lie in another layer
	}
	return path.Dir(n.path)
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

// search is the permission to look for the name, which comes before all else.
func (n *name) search() unix.Errno {
	return errno(unix.Faccessat(n.fd, path.Dir(trimDots(n.path)), unix.X_OK, unix.AT_EACCESS))
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
	for k, r := range []*fsview.Resolution{from, to} {
		if !r.IsRoot && (special(r) || from.IsRoot || to.IsRoot || h.realMount(from) != h.realMount(to)) {
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
	case beneath(to.Guest, from.Guest):
		return unix.EINVAL
	case beneath(from.Guest, to.Guest):
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
	if a.parent() != b.parent() && (!a.mayMove() || exchange && !b.mayMove()) {
		return unix.EACCES // its ".." changes
	}
	switch {
	case from.MountPoint, to.MountPoint, from.Mounted, to.Mounted:
		return unix.EBUSY
	case unionOf(from) != nil && (!unionOf(from).Movable(relOf(from)) || exchange && !unionOf(to).Movable(relOf(to))):
		return unix.EXDEV
	case to.AboveMount && !exchange:
		return unix.ENOTEMPTY
	case from.AboveMount || to.AboveMount:
		// The view knows its mount points by path; a mount does not move
		// with a directory above it, so that directory must not move.
		return unix.EBUSY
	}
	return 0
}

// beneath reports whether a lies in the directory b.
func beneath(a, b string) bool {
	return b != "" && len(a) > len(b) && a[:len(b)] == b && (a[len(b)] == '/' || b == "/")
}

// link is do_linkat: the old name has been looked up, the new one is made,
// and only then are their mounts compared. old is nil if the old object has no
// place in the view.
func (h *handler) link(c *tracer.Call, from, to *fsview.Resolution, old *fsview.Mount) unix.Errno {
	dir := h.linksDir(c, from)
	if odd(to) || !dir && !special(to) && (old == nil || old == h.realMount(to)) {
		return h.linkRoot(c, from, to)
	}
	if from != nil && !from.Magic {
		var st unix.Stat_t
		p := &c.Ent.Paths[0]
		if e := h.stat(c, p, from, &st, follow(c, p)); e != 0 {
			return e
		}
	}
	n := h.nameOf(c, 1, to)
	defer n.done()
	if e := n.search(); e != 0 {
		return e
	}
	switch {
	case n.tooLong():
		return unix.ENAMETOOLONG
	case n.exists:
		return unix.EEXIST
	case to.Slash:
		return unix.ENOENT
	case readOnly(n):
		return unix.EROFS
	case old != nil && old != n.mount:
		return unix.EXDEV
	case dir:
		// Landlock would say EXDEV.
		return cmp.Or(n.mayChange(), unix.EPERM)
	}
	return 0
}

// linksDir reports whether the old object of a link is a directory.
func (h *handler) linksDir(c *tracer.Call, from *fsview.Resolution) bool {
	var st unix.Stat_t
	p := &c.Ent.Paths[0]
	if from == nil {
		fd := int(int32(c.Args[p.Dir]))
		link := h.at(c.Task.Tid, "cwd")
		if fd != atFDCWD {
			link = h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd))
		}
		return unix.Fstatat(h.proc, link, &st, 0) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR
	}
	return h.stat(c, p, from, &st, follow(c, p)) == 0 && st.Mode&unix.S_IFMT == unix.S_IFDIR
}

// tooLong reports whether the name itself cannot be.
func (n *name) tooLong() bool { return len(path.Base(n.path)) > unix.NAME_MAX }

// linkFD judges the descriptor of linkat's AT_EMPTY_PATH.
func (h *handler) linkFD(c *tracer.Call, fd int) unix.Errno {
	if fd == atFDCWD {
		return 0
	}
	if fd < 0 {
		return unix.EBADF
	}
	if _, e := h.readProc(h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd))); e == unix.ENOENT {
		return unix.EBADF
	}
	return 0
}

// linkJudged ends a linkat with AT_EMPTY_PATH whose new name is refused with e.
// The kernel looks at the descriptor before, and only it knows who has opened
// the file (ENOENT if that was somebody else): it is asked with a new name that
// exists.
func (h *handler) linkJudged(c *tracer.Call, to *tracer.PathArg, e unix.Errno) {
	c.SetPath(int(to.Arg), []byte("/"))
	c.WantResult(func(r *tracer.Result) {
		if r.Val == -int64(unix.EEXIST) {
			r.Val = -int64(e)
		}
	})
}

// magicMount finds the mount of the object behind a magic link of procfs; nil
// means that it has no place in the view.
func (h *handler) magicMount(t *tracer.Task, r *fsview.Resolution) *fsview.Mount {
	rel := "self/fd/" + strconv.Itoa(int(r.Held))
	if r.Held == fsview.NoHandle {
		rel = strings.TrimPrefix(strings.TrimPrefix(r.Guest, r.Mount.Target), "/")
	}
	text, e := h.readProc(rel)
	if e != 0 {
		return nil
	}
	guest, ok := h.guestText(strings.TrimSuffix(text, " (deleted)"))
	if !ok {
		return nil
	}
	return h.view.MountAt(guest)
}
