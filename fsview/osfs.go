package fsview

import (
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/linux"
)

// OS is the host's file system. Its handles are O_PATH descriptors.
type OS struct {
	// NoOpenat2 makes it walk component by component as it does where
	// openat2(2) is missing (before Linux 5.6, or refused by a seccomp filter).
	NoOpenat2 bool
}

// noOpenat2 is set once openat2 has turned out to be missing.
var noOpenat2 atomic.Bool

var _ interface {
	FS
	Maker
} = OS{}

// openHow asks for one literal walk. BENEATH is a second lock: there is no
// ".." and no symlink that could lead out.
var (
	openFollow   = unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH}
	openNoFollow = unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC | unix.O_NOFOLLOW, Resolve: openFollow.Resolve}
)

// Root implements FS.
func (OS) Root(path string) (Handle, unix.Errno) {
	if path == "" || path[0] != '/' {
		return NoHandle, unix.EINVAL
	}
	fd, e := linux.Openat(unix.AT_FDCWD, path, unix.O_PATH|unix.O_CLOEXEC, 0)
	return Handle(fd), e
}

// Open implements FS.
func (o OS) Open(dir Handle, rel string, nofollow bool) (Handle, unix.Errno) {
	if rel == "" {
		fd, err := unix.FcntlInt(uintptr(dir), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return NoHandle, errnoOf(err)
		}
		return Handle(fd), 0
	}
	if o.NoOpenat2 || noOpenat2.Load() {
		return o.walk(dir, rel, nofollow)
	}
	how := &openFollow
	if nofollow {
		how = &openNoFollow
	}
	for range 32 {
		fd, e := linux.Openat2(int(dir), rel, how)
		switch e {
		case 0:
			return Handle(fd), 0
		case unix.EAGAIN: // a rename or mount raced with the scoped walk
			continue
		case unix.ENOSYS, unix.EPERM: // EPERM: an older container runtime's filter
			noOpenat2.Store(true)
			return o.walk(dir, rel, nofollow)
		}
		return NoHandle, e
	}
	return o.walk(dir, rel, nofollow)
}

// walk is Open by one openat(2) for each component. The kernel judges ENOTDIR,
// EACCES, ENAMETOOLONG and ENOENT in its own order at each of them.
func (o OS) walk(dir Handle, rel string, nofollow bool) (Handle, unix.Errno) {
	cur := int(dir)
	for i := 0; ; {
		j := endOfName(rel, i)
		k := skipSlashes(rel, j)
		fd, e := linux.Openat(cur, rel[i:j], unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if cur != int(dir) {
			unix.Close(cur)
		}
		if e != 0 {
			return NoHandle, e
		}
		cur, i = fd, k
		if j == len(rel) && nofollow {
			return Handle(fd), 0
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return NoHandle, errnoOf(err)
		}
		switch kind := st.Mode & unix.S_IFMT; {
		case kind == unix.S_IFLNK:
			e = unix.ELOOP
		case kind != unix.S_IFDIR && j < len(rel):
			e = unix.ENOTDIR
		case k == len(rel):
			return Handle(fd), 0
		}
		if e != 0 {
			unix.Close(fd)
			return NoHandle, e
		}
	}
}

// Parent implements Parenter.
func (OS) Parent(dir Handle) (Handle, unix.Errno) {
	fd, e := linux.Openat(int(dir), "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return Handle(fd), e
}

// Jump implements Parenter.
func (OS) Jump(dir Handle, name string) (Handle, unix.Errno) {
	fd, e := linux.Openat(int(dir), name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return Handle(fd), e
}

// Readlink implements FS.
func (OS) Readlink(dir Handle, name string, buf []byte) (int, unix.Errno) {
	return linux.Readlinkat(int(dir), name, buf)
}

// Stat implements FS.
func (OS) Stat(h Handle) (Stat, unix.Errno) {
	var st unix.Stat_t
	if err := unix.Fstat(int(h), &st); err != nil {
		return Stat{}, errnoOf(err)
	}
	return statOf(&st), 0
}

func statOf(st *unix.Stat_t) Stat {
	return Stat{Dev: uint64(st.Dev), Ino: st.Ino, Mode: st.Mode, UID: st.Uid, GID: st.Gid, Nlink: uint32(st.Nlink)}
}

// errnoOf returns the errno in an error of x/sys.
func errnoOf(err error) unix.Errno {
	var e unix.Errno
	if err != nil && !errors.As(err, &e) {
		return unix.EIO
	}
	return e
}

const deleted = " (deleted)"

// Path implements FS. The kernel marks a deleted object by a suffix that a
// name may also end in, so what the path names decides.
func (OS) Path(h Handle, buf []byte) (path []byte, live bool) {
	var name [32]byte
	link := append(name[:0], "/proc/self/fd/"...)
	link = strconv.AppendInt(link, int64(h), 10)
	n := len(buf)
	for size := 512; ; size *= 4 {
		for cap(buf)-n < size {
			buf = append(buf[:cap(buf)], 0)
		}
		k, e := linux.Readlinkat(unix.AT_FDCWD, str(link), buf[n:n+size])
		if e != 0 {
			return nil, false
		}
		if k < size || size > 1<<20 {
			buf = buf[:n+k]
			break
		}
	}
	p := str(buf[n:])
	if p == "" || p[0] != '/' {
		return nil, false // "(unreachable)/…", "pipe:[1]"
	}
	if !strings.HasSuffix(p, deleted) {
		return buf, true
	}
	var st, now unix.Stat_t
	if unix.Fstat(int(h), &st) == nil && unix.Lstat(p, &now) == nil && st.Dev == now.Dev && st.Ino == now.Ino {
		return buf, true
	}
	return buf[:len(buf)-len(deleted)], false
}

// Close implements FS.
func (OS) Close(h Handle) { unix.Close(int(h)) }

// Mkdir implements Maker.
func (o OS) Mkdir(path string, mode uint32) unix.Errno {
	if err := unix.Mkdir(path, mode&0o777); err != nil {
		return errnoOf(err)
	}
	return o.Chmod(path, mode)
}

// Mkfile implements Maker.
func (OS) Mkfile(path string, mode uint32) unix.Errno {
	fd, e := linux.Openat(unix.AT_FDCWD, path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, mode)
	if e == 0 {
		unix.Close(fd)
	}
	return e
}

// Chmod implements Maker.
func (OS) Chmod(path string, mode uint32) unix.Errno {
	if err := unix.Chmod(path, mode); err != nil {
		return errnoOf(err)
	}
	return 0
}
