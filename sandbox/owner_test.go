package sandbox

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/rootless"
)

// An end of ptbox at any moment of a change leaves what was before or what
// was to be: each change of each sequence is cut short at each of its steps.
func TestOwnersCutShort(t *testing.T) {
	changes := map[string]func(s *owners, o *object) unix.Errno{
		"chmod 0":     func(s *owners, o *object) unix.Errno { return s.setMode(o, 0) },
		"chmod 444":   func(s *owners, o *object) unix.Errno { return s.setMode(o, 0o444) },
		"chmod 4755":  func(s *owners, o *object) unix.Errno { return s.setMode(o, 0o4755) },
		"chown 5 6":   func(s *owners, o *object) unix.Errno { return s.chown(o, 5, 6) },
		"chown 0 0":   func(s *owners, o *object) unix.Errno { return s.chown(o, 0, 0) },
		"widen write": func(s *owners, o *object) unix.Errno { return s.widen(o, 0o300) },
		"append":      func(s *owners, o *object) unix.Errno { return s.widen(o, 0o200) },
		"widen read":  func(s *owners, o *object) unix.Errno { return s.widen(o, 0o500) },
	}
	var names []string
	for n := range changes {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, dir := range []bool{false, true} {
		for _, a := range names {
			for _, b := range names {
				for _, c := range names {
					if dir && c != a {
						continue // a directory differs little; it costs as much
					}
					seq := []string{a, b, c}
					for cut := 0; cutShort(t, dir, seq, changes, cut); cut++ {
					}
				}
			}
		}
	}
}

// cutShort makes the changes and ends before the step cut of the last one. It
// reports whether there was such a step.
func cutShort(t *testing.T, dir bool, seq []string, changes map[string]func(*owners, *object) unix.Errno, cut int) bool {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	state, file := t.TempDir(), filepath.Join(t.TempDir(), "x")
	err := os.WriteFile(file, nil, 0o644)
	if dir {
		os.Remove(file)
		err = os.Mkdir(file, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(file, 0o700) })
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	open := func() *owners {
		s := &owners{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()), noXattr: map[uint64]bool{}}
		if err := s.side.open(state); err != nil {
			t.Fatal(err)
		}
		return s
	}
	look := func(s *owners) (o object) {
		fd, err := unix.Open(file, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fds = append(fds, fd)
		o = object{fd: fd, link: bytes.Clone(s.fdLink(fd))}
		if err := unix.Fstat(fd, &o.st); err != nil {
			t.Fatal(err)
		}
		s.load(&o)
		return o
	}
	shown := func(s *owners) string {
		o := look(s)
		s.show(&o)
		return fmt.Sprintf("%o %d %d", o.st.Mode, o.st.Uid, o.st.Gid)
	}
	s := open()
	last := len(seq) - 1
	for _, name := range seq[:last] {
		o := look(s)
		if e := changes[name](s, &o); e != 0 {
			t.Fatalf("%v: %s: %v", seq, name, e)
		}
	}
	before := shown(s)
	reached, n := false, 0
	s.before = func() {
		if n == cut {
			reached = true
			panic(cutShortHere{})
		}
		n++
	}
	func() {
		defer func() {
			if r := recover(); r != nil && r != (cutShortHere{}) {
				panic(r)
			}
		}()
		o := look(s)
		if e := changes[seq[last]](s, &o); e != 0 {
			t.Fatalf("%v: %v", seq, e)
		}
	}()
	s.before = nil
	s.side.close()
	s.wide.list.Close()
	s = open()
	defer s.side.close()
	after := shown(s)
	s.settleOld(log)
	if settled := shown(s); settled != after {
		t.Errorf("dir %v, %v, cut at %d: %s, with its mode put right %s", dir, seq, cut, after, settled)
	}
	narrow(t, dir, seq, file, after)
	if !reached {
		return false
	}
	// What follows must work on what was left, and say what was to be.
	again := look(s)
	if e := changes[seq[last]](s, &again); e != 0 {
		t.Errorf("%v, cut at %d: again: %v", seq, cut, e)
	}
	want := shown(s)
	s.settleAll(log)
	if settled := shown(s); settled != want {
		t.Errorf("dir %v, %v, cut at %d: %s, with its mode put right %s", dir, seq, cut, want, settled)
	}
	narrow(t, dir, seq, file, want)
	if lists, _ := filepath.Glob(state + "/" + widenedName + "*"); len(lists) > 0 {
		t.Errorf("left: %v", lists)
	}
	if after != before && after != want {
		t.Errorf("dir %v, %v, cut at %d: %s, before %s, to be %s", dir, seq, cut, after, before, want)
	}
	return true
}

// An id that a record leaves open, as umoci writes it where only the other one
// matters, is the one that the file has without a record.
func TestOwnersLeftOpen(t *testing.T) {
	s := &owners{uid: 7, gid: 8}
	for _, c := range []struct{ host, rec, want [2]uint32 }{
		{[2]uint32{7, 8}, [2]uint32{rootless.NoOp, 5}, [2]uint32{0, 5}},
		{[2]uint32{7, 8}, [2]uint32{5, rootless.NoOp}, [2]uint32{5, 0}},
		{[2]uint32{9, 10}, [2]uint32{rootless.NoOp, rootless.NoOp}, [2]uint32{9, 10}},
	} {
		o := object{seen: true, rec: rootless.Resource{UID: c.rec[0], GID: c.rec[1]}}
		o.st.Uid, o.st.Gid = c.host[0], c.host[1]
		s.show(&o)
		if got := [2]uint32{o.st.Uid, o.st.Gid}; got != c.want {
			t.Errorf("host %v, record %v: %v, want %v", c.host, c.rec, got, c.want)
		}
	}
}

type cutShortHere struct{}

// narrow checks that the host's mode is the one that the guest sees, but for
// the permission to read the owner's record.
func narrow(t *testing.T, dir bool, seq []string, file, shown string) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(file, &st); err != nil {
		t.Fatal(err)
	}
	var mode, uid, gid uint32
	if _, err := fmt.Sscanf(shown, "%o %d %d", &mode, &uid, &gid); err != nil {
		t.Fatal(err)
	}
	if st.Mode != mode && (st.Mode != mode|0o400 || uid == 0 && gid == 0) {
		t.Errorf("dir %v, %v: mode %o on the host, inside %s", dir, seq, st.Mode, shown)
	}
}
