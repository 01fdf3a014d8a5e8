package sandbox

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/linux"
	"github.com/ptbox/ptbox/internal/rootless"
)

// owners keeps what the guest has made of owners, modes and devices, and the
// host's inodes cannot hold. A record lives in an attribute of the file
// itself, so that it goes where the file goes; what cannot carry one (symlinks
// and sockets, file systems without user attributes, files of other host
// users) has it in a side file.
type owners struct {
	uid, gid uint32 // the host's ids that stand for the guest's root
	// noXattr are the file systems that have shown to lack user attributes.
	noXattr map[uint64]bool
	side    sideFile
	wide    widened
	// before is called before each change of the disk, by tests that end there.
	before func()
	// lower says whether a path below /proc leads into a lower directory of
	// an overlay, of which nothing may be changed.
	lower func(link string) bool
	link  [32]byte // "/proc/self/fd/N"
	buf   [256]byte
}

// object is a file that a call is about.
type object struct {
	fd   int    // O_PATH descriptor of ours, or -1
	own  bool   // fd is to be closed
	link []byte // a path in /proc that leads to the object, with a NUL
	st   unix.Stat_t
	rec  rootless.Resource
	seen bool         // there is a record
	side bool         // it is in the side file
	as   *fsview.Stat // the identity to be shown, for a merged directory
}

var xattrName = []byte(rootless.Xattr + "\x00")

// fdLink names a descriptor of ours.
func (s *owners) fdLink(fd int) []byte {
	b := append(s.link[:0], "/proc/self/fd/"...)
	b = strconv.AppendInt(b, int64(fd), 10)
	return append(b, 0)
}

func (o *object) path() string { return string(o.link[:len(o.link)-1]) }

// carries reports whether an object can have the attribute.
func (s *owners) carries(o *object) bool {
	switch o.st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
		return o.st.Uid == s.uid && !s.noXattr[o.st.Dev]
	}
	return false
}

// load looks for the record of o, whose st is filled in.
func (s *owners) load(o *object) {
	o.rec, o.seen, o.side = rootless.Resource{}, false, false
	if len(s.side.index) > 0 {
		if r, ok := s.side.get(o); ok {
			o.rec, o.seen, o.side = r, true, true
		}
	}
	// A record of the side file that was made for another mode is one whose
	// change has not begun or has just ended (store): the attribute decides.
	if !s.carries(o) || o.side && (o.rec.HostMode == 0 || o.rec.HostMode == o.st.Mode) {
		return
	}
	n, e := linux.Getxattr(o.link, xattrName, s.buf[:])
	switch e {
	case 0:
		if r, err := rootless.Unmarshal(s.buf[:n]); err == nil {
			o.rec, o.seen = r, true
		}
	case unix.EOPNOTSUPP:
		s.noXattr[o.st.Dev] = true
	}
}

// show changes st into what the guest is to see.
func (s *owners) show(o *object) {
	st, r := &o.st, &o.rec
	host := st.Mode
	if st.Uid == s.uid {
		st.Uid = 0
	}
	if st.Gid == s.gid {
		st.Gid = 0
	}
	if !o.seen {
		return
	}
	if r.UID != rootless.NoOp {
		st.Uid = r.UID
	}
	if r.GID != rootless.NoOp {
		st.Gid = r.GID
	}
	// A mode that was recorded for another host mode is out of date:
	// somebody outside has changed it, or the kernel has dropped a bit.
	if r.HostMode != 0 && r.HostMode == host {
		st.Mode, st.Rdev = r.Mode, r.Rdev
	}
}

// store makes r the record of o and mode, with its type, the host's mode. It
// is safe at any moment: whatever the end of ptbox interrupts, the next reader
// sees the record and the mode of before or of after.
func (s *owners) store(o *object, r rootless.Resource, mode uint32) unix.Errno {
	if r.Mode == mode && r.Rdev == 0 {
		r.Mode, r.HostMode = 0, 0
	}
	if r.HostMode != 0 {
		r.HostMode = mode
	}
	if mode == o.st.Mode && o.seen && r == o.rec {
		return 0
	}
	carries := s.carries(o)
	work := mode
	change := r != o.rec || o.seen && o.side
	if carries && change {
		work |= 0o600 // what reading and writing an attribute takes
	}
	// Whatever is wider than the guest has set is put right at the end.
	if wide := r.HostMode != 0 && (r.Mode^mode)&unix.S_IFMT == 0; o.st.Uid == s.uid && (wide || work != mode) {
		if e := s.noteWide(o); e != 0 {
			return e
		}
	}
	if !carries {
		if mode != o.st.Mode {
			if e := s.chmod(o, mode); e != 0 {
				return e
			}
		}
		return s.put(o, r)
	}
	undo := func(*object) {}
	if work != mode || work != o.st.Mode && r.HostMode != 0 {
		// The side file speaks for the file while its mode or its attribute
		// is not what it is to be.
		t := r
		if t.HostMode == 0 {
			t.Mode = mode
		}
		t.HostMode = work
		if e := s.put(o, t); e != 0 {
			return e
		}
		undo = s.drop
		if o.side {
			undo = func(o *object) { _ = s.put(o, o.rec) }
		}
		o.side = true
	}
	if work != o.st.Mode {
		if e := s.chmod(o, work); e != 0 {
			undo(o)
			return e
		}
	}
	if change {
		switch e := s.write(o, r); e {
		case 0:
		case unix.EOPNOTSUPP, unix.ENOSPC, unix.EDQUOT, unix.E2BIG, unix.EPERM, unix.EACCES:
			if e == unix.EOPNOTSUPP {
				s.noXattr[o.st.Dev] = true
			}
			if e := s.put(o, r); e != 0 {
				return e
			}
			return s.chmod(o, mode)
		default:
			return e
		}
	}
	if work != mode {
		if e := s.chmod(o, mode); e != 0 {
			return e
		}
	}
	if o.side {
		s.drop(o)
	}
	return 0
}

// write stores r in the file's attribute.
func (s *owners) write(o *object, r rootless.Resource) unix.Errno {
	if s.kept(o) {
		return unix.EROFS
	}
	s.changes()
	b := r.Marshal()
	if len(b) == 0 {
		if err := unix.Removexattr(o.path(), rootless.Xattr); err != nil && err != unix.ENODATA {
			return errno(err)
		}
		return 0
	}
	return errno(unix.Setxattr(o.path(), rootless.Xattr, b, 0))
}

func (s *owners) changes() {
	if s.before != nil {
		s.before()
	}
}

// put records r in the side file, unless it is what everybody sees of the file
// without a record: while there is one, no stat is answered without a stop.
func (s *owners) put(o *object, r rootless.Resource) unix.Errno {
	s.changes()
	if r == (rootless.Resource{}) && !s.carries(o) && o.st.Uid == s.uid && o.st.Gid == s.gid {
		return s.side.drop(o)
	}
	return s.side.put(o, r)
}

func (s *owners) drop(o *object) {
	s.changes()
	_ = s.side.drop(o) // what it says holds no more, by the mode
}

// kept says whether o must stay as it is.
func (s *owners) kept(o *object) bool { return s.lower != nil && s.lower(o.path()) }

func (s *owners) chmod(o *object, mode uint32) unix.Errno {
	if s.kept(o) {
		return unix.EACCES
	}
	s.changes()
	return errno(unix.Chmod(o.path(), mode&0o7777))
}

// chown records new ids; rootless.NoOp leaves one as it is. What else chown(2)
// does, above all to the set-id bits, has been done.
func (s *owners) chown(o *object, uid, gid uint32) unix.Errno {
	shown := *o
	s.show(&shown)
	r := o.rec
	r.UID, r.GID = shown.st.Uid, shown.st.Gid
	if uid != rootless.NoOp {
		r.UID = uid
	}
	if gid != rootless.NoOp {
		r.GID = gid
	}
	return s.keep(o, r, o.st.Mode)
}

// keep stores r and mode, and sees to it that a record can be read again: the
// attributes of a file are readable for those who may read the file.
func (s *owners) keep(o *object, r rootless.Resource, mode uint32) unix.Errno {
	if r.HostMode != 0 && r.HostMode != o.st.Mode {
		r.Mode, r.HostMode, r.Rdev = 0, 0, 0 // out of date
	}
	if s.carries(o) && r != (rootless.Resource{}) && mode&0o400 == 0 {
		if r.HostMode == 0 {
			r.Mode = mode
		}
		mode |= 0o400
		r.HostMode = mode
	}
	return s.store(o, r, mode)
}

// setMode makes the guest see the permission bits perm.
func (s *owners) setMode(o *object, perm uint32) unix.Errno {
	r := o.rec
	host := o.st.Mode & unix.S_IFMT
	live := r.HostMode != 0 && r.HostMode == o.st.Mode
	if live && r.Mode&unix.S_IFMT != host {
		// A device: the mode is all in the record.
		r.Mode = r.Mode&unix.S_IFMT | perm
		return s.store(o, r, o.st.Mode)
	}
	r.Mode, r.HostMode, r.Rdev = 0, 0, 0
	if o.st.Uid != s.uid {
		r.Mode, r.HostMode = host|perm, o.st.Mode
		if !o.seen {
			r.UID, r.GID = o.st.Uid, o.st.Gid
		}
		return s.store(o, r, o.st.Mode)
	}
	// The record goes by the mode that is there now, so it is put right
	// before the new mode.
	rec := o.rec
	rec.Mode, rec.HostMode, rec.Rdev = 0, 0, 0
	if rec != (rootless.Resource{}) && perm&0o400 == 0 {
		r.Mode, r.HostMode = host|perm, host|perm|0o400
		return s.store(o, r, host|perm|0o400)
	}
	if e := s.store(o, r, host|perm); e != 0 {
		return e
	}
	// The host drops bits that it does not let its user have (chmod(2)).
	var st unix.Stat_t
	if unix.Stat(o.path(), &st) == nil && st.Mode != host|perm {
		o.st, o.rec, o.seen, o.side = st, r, true, false
		r.Mode, r.HostMode = host|perm, st.Mode
		return s.store(o, r, st.Mode)
	}
	return 0
}

// widen gives the host's user permission bits that the guest's root does not
// need and the host's owner does, while the guest goes on seeing the old ones.
func (s *owners) widen(o *object, bits uint32) unix.Errno {
	if o.st.Uid != s.uid || o.st.Mode&bits == bits {
		return 0
	}
	if t := o.st.Mode & unix.S_IFMT; t == unix.S_IFLNK {
		return 0
	}
	r := o.rec
	if r.HostMode == 0 || r.HostMode != o.st.Mode {
		r.Mode = o.st.Mode
	}
	r.HostMode = o.st.Mode | bits | 0o400
	return s.store(o, r, r.HostMode)
}
