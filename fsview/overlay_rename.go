package fsview

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Rename is renameat2(2) inside the union. A directory that is not in the upper
// layer alone cannot be renamed (EXDEV): the caller copies it, as with the
// kernel's overlayfs without redirect_dir.
func (o *Union) Rename(from, to string, flags uint) unix.Errno {
	f, fset, e := o.state(from)
	if e != 0 {
		return e
	}
	defer fset.close()
	t, tset, e := o.state(to)
	if e == unix.ENAMETOOLONG && !f.Visible {
		e = unix.ENOENT // the old name is looked for first
	}
	if e != 0 {
		return e
	}
	defer tset.close()
	exchange := flags&unix.RENAME_EXCHANGE != 0
	if e := mayRename(from, to, flags, &f, &t, fset, tset); e != 0 {
		return e
	}
	if from == to || f.same(&t) {
		return 0 // two names of one file
	}
	switch {
	case !o.upper:
		return unix.EROFS
	case flags&unix.RENAME_WHITEOUT != 0:
		return unix.EINVAL
	case !o.Movable(from), exchange && !o.Movable(to):
		return unix.EXDEV
	}
	if t.IsDir() && !exchange {
		if e := o.empty(to); e != 0 {
			return e
		}
	}
	fdir, fname := splitRel(from)
	tdir, tname := splitRel(to)
	for _, up := range []string{from, tdir} {
		if e := o.CopyUp(up, true); e != 0 {
			return e
		}
	}
	if exchange {
		if e := o.CopyUp(to, true); e != 0 {
			return e
		}
	}
	fup, e := o.upperDir(fdir)
	if e != 0 {
		return e
	}
	defer unix.Close(fup)
	tup, e := o.upperDir(tdir)
	if e != 0 {
		return e
	}
	defer unix.Close(tup)
	// A directory must not be merged with what is below its new name.
	if f.IsDir() && (t.Below || t.Whiteout) {
		if e := o.setOpaque(fup, fname); e != 0 {
			return e
		}
	}
	if exchange {
		if t.IsDir() && f.Below {
			if e := o.setOpaque(tup, tname); e != 0 {
				return e
			}
		}
		e = rename(fup, fname, tup, tname, unix.RENAME_EXCHANGE)
	} else {
		e = o.move(fup, fname, tup, tname, &f, &t)
	}
	if e == 0 {
		o.copyMoved(from, to, exchange)
	}
	return e
}

// move renames in the upper layer and leaves a whiteout if there is something
// to hide.
func (o *Union) move(fup int, fname string, tup int, tname string, f, t *NameState) unix.Errno {
	if f.IsDir() {
		if t.Visible && t.Upper {
			// It shows nothing, but may hold whiteouts.
			tmp := o.tmp()
			defer openedAt(tup, tname)()
			if e := errnoOf(unix.Renameat(tup, tname, o.work, tmp)); e != 0 {
				return e
			}
			defer o.discard(tmp)
			t.Whiteout = false
		}
		if t.Whiteout {
			// The whiteout goes to the old name, where it may be needed.
			if e := rename(fup, fname, tup, tname, unix.RENAME_EXCHANGE); e != 0 {
				return e
			}
			if f.Below {
				return 0
			}
			return errnoOf(unix.Unlinkat(fup, fname, 0))
		}
	}
	if !f.Below {
		return errnoOf(unix.Renameat(fup, fname, tup, tname))
	}
	if !o.xattrWh {
		if e := rename(fup, fname, tup, tname, unix.RENAME_WHITEOUT); e != unix.EINVAL && e != unix.EPERM {
			return e
		}
	}
	if e := errnoOf(unix.Renameat(fup, fname, tup, tname)); e != 0 {
		return e
	}
	return o.cover(fup, fname)
}

// mayRename are the checks of do_renameat2 and vfs_rename in fs/namei.c, in
// their order.
func mayRename(from, to string, flags uint, f, t *NameState, fdir, tdir dirSet) unix.Errno {
	exchange := flags&unix.RENAME_EXCHANGE != 0
	switch {
	case !f.Visible:
		return unix.ENOENT
	case flags&unix.RENAME_NOREPLACE != 0 && t.Visible:
		return unix.EEXIST
	case exchange && !t.Visible:
		return unix.ENOENT
	case strings.HasPrefix(to, from+"/"):
		return unix.EINVAL
	case strings.HasPrefix(from, to+"/") && exchange:
		return unix.EINVAL
	case strings.HasPrefix(from, to+"/"):
		return unix.ENOTEMPTY
	case f.same(t):
		return 0
	}
	if e := mayChange(fdir, f); e != 0 {
		return e
	}
	if e := mayChange(tdir, t); e != 0 {
		return e
	}
	if t.Visible && !exchange {
		switch {
		case f.IsDir() && !t.IsDir():
			return unix.ENOTDIR
		case !f.IsDir() && t.IsDir():
			return unix.EISDIR
		}
	}
	return 0
}
