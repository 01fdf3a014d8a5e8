package fsview

import (
	"golang.org/x/sys/unix"
)

// NameState says what the layers have at one name.
type NameState struct {
	// Visible: the union shows an object there. Mode is its st_mode, UID its
	// owner.
	Visible bool
	Mode    uint32
	UID     uint32
	// Upper: the object is in the upper directory.
	Upper bool
	// Below: a lower directory would show an object if the upper one had
	// nothing, so that removing the name leaves a whiteout.
	Below bool
	// Whiteout: the upper directory has a whiteout there.
	Whiteout bool

	dir devIno // dev and ino of the object
}

// IsDir says whether the object is a directory.
func (n *NameState) IsDir() bool { return n.Visible && n.Mode&unix.S_IFMT == unix.S_IFDIR }

// same says whether both are names of one file. Two names of a file in a lower
// layer are two files of the union.
func (n *NameState) same(t *NameState) bool { return n.Upper && t.Upper && n.dir == t.dir }

// State looks at the name rel, whose parent must exist.
func (o *Union) State(rel string) (NameState, unix.Errno) {
	n, set, e := o.state(rel)
	set.close()
	return n, e
}

// state also returns the parent.
func (o *Union) state(rel string) (n NameState, set dirSet, e unix.Errno) {
	dir, name := splitRel(rel)
	p, e := o.find(dir, true)
	if e != 0 {
		return n, nil, e
	}
	if p.set == nil {
		p.close()
		return n, nil, unix.ENOTDIR
	}
	set = p.set
	b, e := o.child(set, name)
	switch e {
	case 0:
		n.Visible, n.Mode, n.UID = true, b.st.Mode, b.st.Uid
		n.Upper = b.layer == 0 && o.upper
		n.dir = devIno{uint64(b.st.Dev), b.st.Ino}
		b.close()
	case unix.ENOENT:
		e = 0
	default:
		set.close()
		return n, nil, e
	}
	if set[0].layer == 0 && o.upper {
		n.Whiteout = !n.Visible && hasName(set[0].fd, name)
		if len(set) > 1 {
			if b, e := o.child(set[1:], name); e == 0 {
				n.Below = true
				b.close()
			}
		}
	} else {
		n.Below = n.Visible
	}
	return n, set, e
}

func hasName(dir int, name string) bool {
	var st unix.Stat_t
	return unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil
}

// mayChange is what the kernel asks before a name is made or removed: to write
// into the directory, and in a sticky one to own the object or the directory.
// The copy of a directory belongs to who made it: whose the original is counts.
func mayChange(set dirSet, n *NameState) unix.Errno {
	if e := mayAccess(set[0].fd, unix.W_OK|unix.X_OK); e != 0 {
		return e
	}
	uid := uint32(unix.Geteuid())
	if !n.Visible || uid == 0 || uid == n.UID {
		return 0
	}
	sticky, own := false, true
	for i, d := range set {
		var st unix.Stat_t
		if err := unix.Fstat(d.fd, &st); err != nil {
			return errnoOf(err)
		}
		sticky = sticky || i == 0 && st.Mode&unix.S_ISVTX != 0
		own = own && st.Uid == uid
	}
	if sticky && !own {
		return unix.EPERM
	}
	return 0
}

// Ready prepares the making of the new name rel, if MayMake allows it: the
// directory is brought into the upper layer. If the state's Whiteout is set,
// Make must be used.
func (o *Union) Ready(rel string) (NameState, unix.Errno) {
	n, e := o.MayMake(rel)
	if e == 0 {
		dir, _ := splitRel(rel)
		e = o.CopyUp(dir, true)
	}
	return n, e
}

// MayMake says whether the new name rel can be made: the directory must be
// writable. EEXIST if the name is taken.
func (o *Union) MayMake(rel string) (NameState, unix.Errno) {
	n, set, e := o.state(rel)
	if e != 0 {
		return n, e
	}
	defer set.close()
	switch {
	case n.Visible:
		return n, unix.EEXIST
	case !o.upper:
		return n, unix.EROFS
	}
	return n, mayChange(set, &n)
}

// Make makes rel where a whiteout is: mk makes the object in the work directory
// under a temporary name, which then takes the whiteout's place in one step. A
// directory is made opaque, or what the whiteout hid would be in it.
func (o *Union) Make(rel string, mk func(dir int, name string) unix.Errno) unix.Errno {
	dir, name := splitRel(rel)
	up, e := o.upperDir(dir)
	if e != 0 {
		return e
	}
	defer unix.Close(up)
	tmp := o.tmp()
	if e = mk(o.work, tmp); e == 0 {
		e = o.place(up, tmp, name)
	}
	if e != 0 {
		o.discard(tmp)
	}
	return e
}

// Temp is a name for a new object that the caller itself makes, and Place puts
// it over the whiteout at rel.
func (o *Union) Temp() (name, host string) {
	name = o.tmp()
	return name, o.workPath + "/" + name
}

// Place is the second half of Make.
func (o *Union) Place(rel, tmp string) unix.Errno {
	dir, name := splitRel(rel)
	up, e := o.upperDir(dir)
	if e == 0 {
		e = o.place(up, tmp, name)
		unix.Close(up)
	}
	if e != 0 {
		o.discard(tmp)
	}
	return e
}

func (o *Union) place(up int, tmp, name string) unix.Errno {
	var st, parent unix.Stat_t
	if err := unix.Fstatat(o.work, tmp, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return errnoOf(err)
	}
	if err := unix.Fstat(up, &parent); err != nil {
		return errnoOf(err)
	}
	dir := st.Mode&unix.S_IFMT == unix.S_IFDIR
	if parent.Mode&unix.S_ISGID != 0 {
		// The group is inherited, and a directory passes it on.
		unix.Fchownat(o.work, tmp, -1, int(parent.Gid), unix.AT_SYMLINK_NOFOLLOW)
		if dir {
			unix.Fchmodat(o.work, tmp, st.Mode&0o7777|unix.S_ISGID, 0)
		}
	}
	if !dir {
		return errnoOf(unix.Renameat(o.work, tmp, up, name))
	}
	if err := unix.Fstatat(o.work, tmp, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return errnoOf(err)
	}
	if mode := st.Mode & 0o7777; mode&0o300 != 0o300 {
		// It is marked and moved as any other, and shut after that.
		if err := unix.Fchmodat(o.work, tmp, mode|0o700, 0); err != nil {
			return errnoOf(err)
		}
		defer unix.Fchmodat(up, name, mode, 0)
	}
	if e := o.setOpaque(o.work, tmp); e != 0 {
		return e
	}
	// No directory can be renamed over a file.
	if e := rename(o.work, tmp, up, name, unix.RENAME_EXCHANGE); e != 0 {
		return e
	}
	return errnoOf(unix.Unlinkat(o.work, tmp, 0))
}

func (o *Union) setOpaque(dir int, name string) unix.Errno {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(fd)
	return errnoOf(unix.Setxattr(procFD(fd), xattrOpaque, []byte("y"), 0))
}

// newWhiteout makes a whiteout in the work directory that is to stand in up.
func (o *Union) newWhiteout(up int) (string, unix.Errno) {
	tmp := o.tmp()
	if !o.xattrWh {
		return tmp, errnoOf(unix.Mknodat(o.work, tmp, unix.S_IFCHR, 0))
	}
	fd, err := unix.Openat(o.work, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err == nil {
		err = unix.Fsetxattr(fd, xattrWhiteout, []byte("y"), 0)
		unix.Close(fd)
	}
	if err == nil && opaque(up) == 0 {
		// The kernel looks for such whiteouts in marked directories only.
		err = unix.Setxattr(procFD(up), xattrOpaque, []byte("x"), 0)
	}
	return tmp, errnoOf(err)
}

// cover puts a whiteout at name, in place of whatever the upper layer has.
func (o *Union) cover(up int, name string) unix.Errno {
	tmp, e := o.newWhiteout(up)
	if e != 0 {
		return e
	}
	var st unix.Stat_t
	if unix.Fstatat(up, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR {
		defer openedAt(up, name)()
		if e = rename(o.work, tmp, up, name, unix.RENAME_EXCHANGE); e == 0 {
			o.discard(tmp)
		}
		return e
	}
	if e = errnoOf(unix.Renameat(o.work, tmp, up, name)); e != 0 {
		o.discard(tmp)
	}
	return e
}

// hide puts a whiteout at rel whatever the rights on its directory.
func (o *Union) hide(rel string) unix.Errno {
	dir, name := splitRel(rel)
	if e := o.CopyUp(dir, true); e != 0 {
		return e
	}
	up, e := o.upperDir(dir)
	if e != 0 {
		return e
	}
	defer unix.Close(up)
	return o.cover(up, name)
}

// Remove is unlink(2) of rel, or rmdir(2).
func (o *Union) Remove(rel string, rmdir bool) unix.Errno {
	n, set, e := o.state(rel)
	if e != 0 {
		return e
	}
	defer set.close()
	if !n.Visible {
		return unix.ENOENT
	}
	if !o.upper {
		return unix.EROFS
	}
	if e := mayChange(set, &n); e != 0 {
		return e
	}
	switch {
	case rmdir && !n.IsDir():
		return unix.ENOTDIR
	case !rmdir && n.IsDir():
		return unix.EISDIR
	case rmdir:
		if e := o.empty(rel); e != 0 {
			return e
		}
	}
	dir, name := splitRel(rel)
	if e := o.CopyUp(dir, true); e != 0 {
		return e
	}
	up, e := o.upperDir(dir)
	if e != 0 {
		return e
	}
	defer unix.Close(up)
	if n.Below {
		return o.cover(up, name)
	}
	if !rmdir {
		return errnoOf(unix.Unlinkat(up, name, 0))
	}
	err := unix.Unlinkat(up, name, unix.AT_REMOVEDIR)
	if err == unix.ENOTEMPTY || err == unix.EEXIST {
		// It holds nothing but whiteouts.
		tmp := o.tmp()
		defer openedAt(up, name)()
		if err = unix.Renameat(up, name, o.work, tmp); err == nil {
			o.discard(tmp)
		}
	}
	return errnoOf(err)
}

// empty is ENOTEMPTY if the union shows a name in the directory rel. Whether it
// may be read does not matter for that.
func (o *Union) empty(rel string) unix.Errno {
	b, e := o.find(rel, true)
	if e != 0 {
		return e
	}
	defer b.close()
	if d := b.set; len(d) > 0 && d[0].layer == 0 && o.upper {
		defer opened(d[0].fd)()
	}
	list, e := o.list(b.set)
	if e == 0 && len(list) > 2 {
		e = unix.ENOTEMPTY
	}
	return e
}
