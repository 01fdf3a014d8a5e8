package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// A symlink that is given to root, as dpkg does with each, needs no record where
// it is root's without one; while there are records no stat is answered without
// a stop.
func TestSideFileNeedless(t *testing.T) {
	state, file := t.TempDir(), filepath.Join(t.TempDir(), "l")
	if err := os.Symlink("x", file); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(file, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	open := func(gid int) *owners {
		t.Helper()
		s := &owners{uid: uint32(os.Geteuid()), gid: uint32(gid), noXattr: map[uint64]bool{}}
		if err := s.side.open(state); err != nil {
			t.Fatal(err)
		}
		return s
	}
	look := func(s *owners) object {
		o := object{fd: fd, link: bytes.Clone(s.fdLink(fd))}
		if err := unix.Fstat(fd, &o.st); err != nil {
			t.Fatal(err)
		}
		s.load(&o)
		return o
	}
	mine := os.Getegid()
	for _, c := range []struct {
		gid      int // the host's id of the guest's root
		uid, grp uint32
		records  int
	}{
		{mine, 0, 0, 0}, {mine, 5, 6, 1}, {mine, 0, 6, 1}, {mine, 0, 0, 0}, {mine + 1, 0, 0, 1},
	} {
		s := open(c.gid)
		o := look(s)
		if e := s.chown(&o, c.uid, c.grp); e != 0 {
			t.Fatalf("%+v: %v", c, e)
		}
		now := len(s.side.index)
		s.side.close()
		s = open(c.gid)
		o = look(s)
		s.show(&o)
		var stats uint32
		if c.records > 0 {
			stats = fastpath.ViewNoOdd
		}
		if got := s.side.stats(); got != stats {
			t.Errorf("%+v: stats of kinds %#x stop, want %#x", c, got, stats)
		}
		if now != c.records || len(s.side.index) != c.records || o.st.Uid != c.uid || o.st.Gid != c.grp {
			t.Errorf("%+v: %d records, later %d; shown %d %d", c, now, len(s.side.index), o.st.Uid, o.st.Gid)
		}
	}
}
