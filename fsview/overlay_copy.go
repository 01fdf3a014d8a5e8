package fsview

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/linux"
)

// CopyUp makes sure that rel, which must be visible, is in the upper directory,
// with all directories above it. Each object is made in the work directory,
// complete with its attributes, and renamed into place: nothing half-written is
// ever visible, and the lower directories stay as they are. Without data a
// regular file arrives empty (it is about to be truncated).
func (o *Union) CopyUp(rel string, data bool) unix.Errno {
	if !o.upper {
		return unix.EROFS
	}
	if rel == "" {
		return 0
	}
	b, e := o.find(rel, true)
	if e != 0 {
		return e
	}
	defer b.close()
	if b.layer == 0 {
		return 0
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
	tmp := o.tmp()
	if e = o.copyTo(tmp, &b, data); e == 0 {
		e = o.keepTimes(up, func() unix.Errno { return o.install(tmp, up, name, unix.RENAME_NOREPLACE) })
	}
	if e == 0 && b.isDir() && b.st.Mode&0o200 == 0 {
		// A directory that is not writable cannot be moved by an ordinary
		// user, as its ".." changes.
		e = errnoOf(unix.Fchmodat(up, name, b.st.Mode&0o7777, 0))
	}
	if e != 0 {
		o.discard(tmp)
		return e
	}
	var st unix.Stat_t
	if b.st.Mode&unix.S_IFMT != unix.S_IFDIR && unix.Fstatat(up, name, &st, unix.AT_SYMLINK_NOFOLLOW) == nil {
		from := devIno{uint64(b.st.Dev), b.st.Ino}
		at := strings.Clone(rel) // it may be backed by what is written to again
		o.copied[from] = fileCopy{devIno{uint64(st.Dev), st.Ino}, at}
		o.placed[at] = from
	}
	return 0
}

// fileCopy is a file that this view has copied up: rel is where it was put, or moved
// by itself.
type fileCopy struct {
	id  devIno
	rel string
}

// CopyOf says where the upper directory has the copy that this view has made of the
// lower object, if it still does.
func (o *Union) CopyOf(dev, ino uint64) (rel string, ok bool) {
	to, ok := o.copied[devIno{dev, ino}]
	if !ok {
		return "", false
	}
	b, e := o.find(to.rel, true)
	if e != 0 {
		return "", false
	}
	defer b.close()
	return to.rel, b.layer == 0 && uint64(b.st.Dev) == to.id.dev && b.st.Ino == to.id.ino
}

// copyMoved notes that what was copied up to from is at to now.
func (o *Union) copyMoved(from, to string, exchange bool) {
	a, ok := o.placed[from]
	b, both := o.placed[to]
	delete(o.placed, from)
	delete(o.placed, to)
	put := func(c devIno, rel string) {
		rel = strings.Clone(rel)
		o.placed[rel], o.copied[c] = c, fileCopy{o.copied[c].id, rel}
	}
	if ok {
		put(a, to)
	}
	if both && exchange {
		put(b, from)
	}
}

// upperDir opens a directory of the upper layer.
func (o *Union) upperDir(rel string) (int, unix.Errno) {
	h, e := OS{}.Open(Handle(o.layers[0].root), rel, true)
	return int(h), e
}

// install renames tmp from the work directory into place. Copying up into a
// directory of the caller that is not writable must work (the file in it may
// be): the kernel does it with the rights of who mounted.
func (o *Union) install(tmp string, up int, name string, flags uint) unix.Errno {
	e := rename(o.work, tmp, up, name, flags)
	if e != unix.EACCES {
		return e
	}
	var st unix.Stat_t
	if unix.Fstat(up, &st) != nil || unix.Chmod(procFD(up), st.Mode&0o7777|0o700) != nil {
		return e
	}
	e = rename(o.work, tmp, up, name, flags)
	unix.Chmod(procFD(up), st.Mode&0o7777)
	return e
}

// rename is renameat2, without flags where the file system has none. What
// NOREPLACE guards against is then only looked for before.
func rename(from int, name string, to int, as string, flags uint) unix.Errno {
	err := unix.Renameat2(from, name, to, as, flags)
	if err == unix.EINVAL && flags == unix.RENAME_NOREPLACE {
		err = unix.Renameat(from, name, to, as)
	}
	return errnoOf(err)
}

// keepTimes does f, which changes a name in dir, and gives dir its times back:
// nobody but us knows that a copy was made.
func (o *Union) keepTimes(dir int, f func() unix.Errno) unix.Errno {
	var st unix.Stat_t
	if err := unix.Fstat(dir, &st); err != nil {
		return errnoOf(err)
	}
	e := f()
	unix.UtimesNanoAt(unix.AT_FDCWD, procFD(dir), []unix.Timespec{st.Atim, st.Mtim}, 0)
	return e
}

// discard removes what was prepared.
func (o *Union) discard(tmp string) {
	if unix.Unlinkat(o.work, tmp, 0) == unix.EISDIR {
		_ = RemoveScratch(o.workPath + "/" + tmp) // what failed is said by the caller
	}
}

// copyTo makes tmp in the work directory a copy of b. Of a directory it copies
// the attributes only.
func (o *Union) copyTo(tmp string, b *thing, data bool) unix.Errno {
	st := &b.st
	var err error
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		err = unix.Mkdirat(o.work, tmp, 0o700)
	case unix.S_IFREG:
		return o.copyFile(tmp, b, data)
	case unix.S_IFLNK:
		var body [pathMax]byte
		n, e := linux.Readlinkat(b.fd, "", body[:])
		if e != 0 {
			return e
		}
		err = unix.Symlinkat(string(body[:n]), o.work, tmp)
	default:
		err = unix.Mknodat(o.work, tmp, st.Mode&unix.S_IFMT|0o600, int(st.Rdev))
	}
	if err != nil {
		return errnoOf(err)
	}
	return o.copyAttrs(tmp, b, st)
}

func (o *Union) copyFile(tmp string, b *thing, data bool) unix.Errno {
	out, err := unix.Openat(o.work, tmp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return errnoOf(err)
	}
	defer unix.Close(out)
	if data && b.st.Size > 0 {
		in, err := unix.Open(procFD(b.fd), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		if err != nil {
			return errnoOf(err)
		}
		e := copyData(out, in, b.st.Size)
		unix.Close(in)
		if e != 0 {
			return e
		}
	}
	if e := o.copyAttrs(tmp, b, &b.st); e != 0 {
		return e
	}
	if !o.volatile {
		// The rename may reach the disk before the data do.
		return errnoOf(unix.Fsync(out))
	}
	return 0
}

// copyData copies size bytes, by sharing the blocks where the file system can,
// and leaves holes as holes.
func copyData(out, in int, size int64) unix.Errno {
	if unix.IoctlFileClone(out, in) == nil {
		return 0
	}
	if err := unix.Ftruncate(out, size); err != nil {
		return errnoOf(err)
	}
	for pos := int64(0); pos < size; {
		data, end := pos, size
		if d, err := unix.Seek(in, pos, unix.SEEK_DATA); err == nil {
			data = d
			if h, err := unix.Seek(in, d, unix.SEEK_HOLE); err == nil {
				end = h
			}
		} else if err == unix.ENXIO {
			return 0 // a hole up to the end
		}
		if e := copyRange(out, in, data, end-data); e != 0 {
			return e
		}
		pos = end
	}
	return 0
}

func copyRange(out, in int, pos, n int64) unix.Errno {
	r, w := pos, pos
	for n > 0 {
		k, err := unix.CopyFileRange(in, &r, out, &w, int(min(n, 1<<30)), 0)
		if err != nil || k == 0 {
			break // another file system, before Linux 5.19, or a strange one
		}
		n -= int64(k)
	}
	var buf []byte
	if n > 0 {
		buf = make([]byte, 1<<20)
	}
	for n > 0 {
		k, err := unix.Pread(in, buf[:min(n, int64(len(buf)))], r)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return errnoOf(err)
		}
		if k == 0 {
			return 0 // it has become shorter
		}
		for b := buf[:k]; len(b) > 0; {
			m, err := unix.Pwrite(out, b, w)
			if err != nil && err != unix.EINTR {
				return errnoOf(err)
			}
			m = max(m, 0)
			b, w = b[m:], w+int64(m)
		}
		r, n = r+int64(k), n-int64(k)
	}
	return 0
}

// copyAttrs gives tmp the owner, xattrs, mode and times of b. Only root may
// give files away: for anybody else a copy belongs to who made it.
func (o *Union) copyAttrs(tmp string, b *thing, st *unix.Stat_t) unix.Errno {
	at := o.workPath + "/" + tmp
	link := st.Mode&unix.S_IFMT == unix.S_IFLNK
	err := unix.Lchown(at, int(st.Uid), int(st.Gid))
	if err == unix.EPERM || err == unix.EINVAL {
		err = unix.Lchown(at, -1, int(st.Gid))
	}
	if err != nil && err != unix.EPERM && err != unix.EINVAL {
		return errnoOf(err)
	}
	if !link {
		if e := copyXattrs(at, procFD(b.top())); e != 0 {
			return e
		}
		mode := st.Mode & 0o7777
		if b.isDir() {
			mode |= 0o200
		}
		if err := unix.Chmod(at, mode); err != nil {
			return errnoOf(err)
		}
	}
	return errnoOf(unix.UtimesNanoAt(unix.AT_FDCWD, at, []unix.Timespec{st.Atim, st.Mtim}, unix.AT_SYMLINK_NOFOLLOW))
}

// copyXattrs copies all extended attributes but overlayfs' own. Those that an
// ordinary user may not set (security.*) or that the file system does not have
// are left out, as long as they are not the user's.
func copyXattrs(to, from string) unix.Errno {
	size, err := unix.Listxattr(from, nil)
	if err != nil || size == 0 {
		return 0 // no xattrs at all
	}
	list := make([]byte, size+256)
	if size, err = unix.Listxattr(from, list); err != nil {
		return errnoOf(err)
	}
	for name := range strings.SplitSeq(string(list[:size]), "\x00") {
		if name == "" || strings.HasPrefix(name, xattrPrefix) || strings.HasPrefix(name, "trusted.overlay.") {
			continue
		}
		n, err := unix.Getxattr(from, name, nil)
		if err == unix.ENODATA || err == unix.EACCES || err == unix.EPERM {
			continue
		}
		val := make([]byte, max(n, 0))
		if err == nil && n > 0 {
			n, err = unix.Getxattr(from, name, val)
		}
		if err == nil {
			err = unix.Setxattr(to, name, val[:n], 0)
		}
		if err != nil && (strings.HasPrefix(name, "user.") || err == unix.ENOSPC) {
			return errnoOf(err)
		}
	}
	return 0
}
