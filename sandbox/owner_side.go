package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/rootless"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// sideFile is a log of records for files that cannot carry an attribute. It
// is only appended to, one write a record, so that the end of ptbox at any
// moment leaves it whole; each record has a checksum, and a torn one is
// skipped. A file is known by device, inode and time of birth: an inode that
// is used again does not inherit.
type sideFile struct {
	dir   string // where the log is, or is to be
	fd    int    // -1 until something is written
	index map[sideKey]sideEntry
	odd   int // how many of them are odd
	lines int
}

type sideKey struct{ dev, ino uint64 }

type sideEntry struct {
	birth int64
	rec   rootless.Resource
	gone  bool
	odd   bool // of neither a regular file nor a directory
}

const (
	sideName = "owners"
	sideSize = 64
	sideLive = 1 // the record holds; without it, it is dropped
	sideOdd  = 2
)

// stateDir is where a user's programs keep their state (XDG base directory
// specification); a user without a home gets a directory of that kind in
// place of one.
func stateDir() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		if home := os.Getenv("HOME"); filepath.IsAbs(home) && unix.Access(home, unix.W_OK|unix.X_OK) == nil {
			dir = filepath.Join(home, ".local", "state")
		} else {
			return filepath.Join(os.TempDir(), "ptbox-state-"+strconv.Itoa(os.Geteuid()))
		}
	}
	return filepath.Join(dir, "ptbox")
}

// open reads the log, if there is one.
func (s *sideFile) open(dir string) error {
	s.dir, s.fd, s.odd, s.index = dir, -1, 0, map[sideKey]sideEntry{}
	if err := s.private(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	b, err := os.ReadFile(filepath.Join(dir, sideName))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	for ; len(b) >= sideSize; b = b[sideSize:] {
		s.replay(b[:sideSize])
	}
	if s.lines > 4096 && s.lines > 4*len(s.index) {
		s.compact()
	}
	return nil
}

// private refuses a directory that somebody else could have put there: what
// lies in it says who owns what.
func (s *sideFile) private() error {
	var st unix.Stat_t
	if err := unix.Lstat(s.dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%s is not a directory of this user alone", s.dir)
	}
	return nil
}

func (s *sideFile) replay(b []byte) {
	le := binary.LittleEndian
	if crc32.ChecksumIEEE(b[:60]) != le.Uint32(b[60:]) {
		return
	}
	s.lines++
	k := sideKey{le.Uint64(b[0:]), le.Uint64(b[8:])}
	flags := le.Uint32(b[56:])
	s.set(k, sideEntry{birth: int64(le.Uint64(b[16:])), gone: flags&sideLive == 0, odd: flags&sideOdd != 0, rec: rootless.Resource{
		UID: le.Uint32(b[24:]), GID: le.Uint32(b[28:]), Mode: le.Uint32(b[32:]), HostMode: le.Uint32(b[36:]), Rdev: le.Uint64(b[40:]),
	}})
}

// set makes e what is known of a file.
func (s *sideFile) set(k sideKey, e sideEntry) {
	if s.index[k].odd {
		s.odd--
	}
	if e.gone {
		delete(s.index, k)
		return
	}
	s.index[k] = e
	if e.odd {
		s.odd++
	}
}

// stats are the flags of the fast path by which the stats of files that may
// have a record here are left to a stop.
func (s *sideFile) stats() (flags uint32) {
	if s.odd > 0 {
		flags |= fastpath.ViewNoOdd
	}
	if len(s.index) > s.odd {
		flags |= fastpath.ViewNoStat
	}
	return flags
}

func oddKind(o *object) bool {
	t := o.st.Mode & unix.S_IFMT
	return t != unix.S_IFREG && t != unix.S_IFDIR
}

func encodeSide(k sideKey, e sideEntry) []byte {
	b := make([]byte, sideSize)
	le := binary.LittleEndian
	le.PutUint64(b[0:], k.dev)
	le.PutUint64(b[8:], k.ino)
	le.PutUint64(b[16:], uint64(e.birth))
	le.PutUint32(b[24:], e.rec.UID)
	le.PutUint32(b[28:], e.rec.GID)
	le.PutUint32(b[32:], e.rec.Mode)
	le.PutUint32(b[36:], e.rec.HostMode)
	le.PutUint64(b[40:], e.rec.Rdev)
	var flags uint32
	if !e.gone {
		flags |= sideLive
	}
	if e.odd {
		flags |= sideOdd
	}
	le.PutUint32(b[56:], flags)
	le.PutUint32(b[60:], crc32.ChecksumIEEE(b[:60]))
	return b
}

// compact writes a log of what still holds, if no other ptbox uses it.
func (s *sideFile) compact() {
	name := filepath.Join(s.dir, sideName)
	old, err := unix.Open(name, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(old)
	if unix.Flock(old, unix.LOCK_EX|unix.LOCK_NB) != nil {
		return
	}
	var b []byte
	for k, e := range s.index {
		b = append(b, encodeSide(k, e)...)
	}
	if os.WriteFile(name+".new", b, 0o600) == nil {
		_ = os.Rename(name+".new", name) // the old file says the same
	}
}

// start opens the log for appending.
func (s *sideFile) start() unix.Errno {
	if err := os.MkdirAll(s.dir, 0o700); err != nil || s.private() != nil {
		return unix.EPERM
	}
	for {
		name := filepath.Join(s.dir, sideName)
		fd, err := unix.Open(name, unix.O_WRONLY|unix.O_CREAT|unix.O_APPEND|unix.O_CLOEXEC, 0o600)
		if err != nil {
			return errno(err)
		}
		unix.Flock(fd, unix.LOCK_SH)
		var st, now unix.Stat_t
		if unix.Fstat(fd, &st) == nil && unix.Stat(name, &now) == nil && st.Ino != now.Ino {
			unix.Close(fd) // compacted while we waited
			continue
		}
		if n := st.Size % sideSize; n != 0 {
			unix.Write(fd, make([]byte, sideSize-n))
		}
		s.fd = fd
		return 0
	}
}

func (s *sideFile) close() {
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
}

func (s *sideFile) append(k sideKey, e sideEntry) unix.Errno {
	if s.fd < 0 {
		if e := s.start(); e != 0 {
			return e
		}
	}
	n, err := unix.Write(s.fd, encodeSide(k, e))
	if err == nil && n != sideSize {
		err = unix.ENOSPC
	}
	return errno(err)
}

// birth is an object's time of birth, 0 where the file system keeps none.
func birth(o *object) int64 {
	var sx unix.Statx_t
	fd, path, flags := unix.AT_FDCWD, o.path(), 0
	if o.fd >= 0 {
		fd, path, flags = o.fd, "", unix.AT_EMPTY_PATH
	}
	if unix.Statx(fd, path, flags, unix.STATX_BTIME, &sx) != nil || sx.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return sx.Btime.Sec*1e9 + int64(sx.Btime.Nsec)
}

func (s *sideFile) get(o *object) (rootless.Resource, bool) {
	e, ok := s.index[sideKey{o.st.Dev, o.st.Ino}]
	if !ok || e.odd && !oddKind(o) || e.birth != birth(o) {
		return rootless.Resource{}, false
	}
	return e.rec, true
}

func (s *sideFile) put(o *object, r rootless.Resource) unix.Errno {
	k := sideKey{o.st.Dev, o.st.Ino}
	e := sideEntry{birth: birth(o), rec: r, odd: oddKind(o)}
	if err := s.append(k, e); err != 0 {
		return err
	}
	s.set(k, e)
	return 0
}

func (s *sideFile) drop(o *object) unix.Errno {
	k := sideKey{o.st.Dev, o.st.Ino}
	if _, ok := s.index[k]; !ok {
		return 0
	}
	gone := sideEntry{gone: true}
	e := s.append(k, gone)
	if e == 0 {
		s.set(k, gone)
	}
	return e
}
