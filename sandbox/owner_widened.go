package sandbox

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// widened lists the files whose host modes have been made wider than what the
// guest has set, because its root did what the mode forbids. They stay so while
// the sandbox runs: at any moment some thread may be in a call that needs it.
// At the end they are put right. So that a kill does not prevent that, the paths
// are in a file that the next sandbox works through; the records say which modes
// there have to be, so that what is on the list once too often does no harm.
type widened struct {
	list  *os.File // nil until something is on it
	paths map[string]bool
}

const widenedName = "widened-"

// noteWide puts the object's path on the list, before its mode is changed.
func (s *owners) noteWide(o *object) unix.Errno {
	w := &s.wide
	var b [4096]byte
	n, err := unix.Readlink(o.path(), b[:])
	if err != nil || n == len(b) || b[0] != '/' || w.paths[string(b[:n])] {
		return 0 // without a name there is nothing that could be left behind
	}
	if w.list == nil {
		if e := s.startWide(); e != 0 {
			return e
		}
	}
	s.changes()
	return w.add(string(b[:n]))
}

func (w *widened) add(path string) unix.Errno {
	if _, err := w.list.WriteString(path + "\x00"); err != nil {
		return unix.ENOSPC
	}
	w.paths[path] = true
	return 0
}

// moved is called before one path becomes the other, or they change places.
func (w *widened) moved(a, b string) unix.Errno {
	var more []string
	for p := range w.paths {
		for _, x := range [][2]string{{a, b}, {b, a}} {
			if rest, ok := strings.CutPrefix(p, x[0]); ok && (rest == "" || rest[0] == '/') && !w.paths[x[1]+rest] {
				more = append(more, x[1]+rest)
			}
		}
	}
	for _, p := range more {
		if e := w.add(p); e != 0 {
			return e
		}
	}
	return 0
}

// startWide makes the list. It is locked as long as its sandbox lives.
func (s *owners) startWide() unix.Errno {
	if err := os.MkdirAll(s.side.dir, 0o700); err != nil || s.side.private() != nil {
		return unix.EPERM
	}
	for {
		f, err := os.CreateTemp(s.side.dir, widenedName)
		if err != nil {
			return unix.EPERM
		}
		// Another sandbox may have found the list before the lock was there.
		fd := int(f.Fd())
		var st unix.Stat_t
		if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil && unix.Fstat(fd, &st) == nil && st.Nlink > 0 {
			s.wide = widened{list: f, paths: map[string]bool{}}
			return 0
		}
		f.Close()
	}
}

// settleAll gives the files that this sandbox has widened the modes that the
// guest sees, and ends the list.
func (s *owners) settleAll(log *slog.Logger) {
	w := &s.wide
	if w.list == nil {
		return
	}
	s.settleList(slices.Collect(maps.Keys(w.paths)), log)
	os.Remove(w.list.Name()) //nolint:errcheck // read once more, it does nothing
	w.list.Close()
	*w = widened{}
}

// settleOld does the same for the sandboxes that were killed.
func (s *owners) settleOld(log *slog.Logger) {
	lists, _ := filepath.Glob(filepath.Join(s.side.dir, widenedName+"*"))
	for _, name := range lists {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			if b, err := io.ReadAll(f); err == nil {
				s.settleList(strings.Split(string(b), "\x00"), log)
				os.Remove(name) //nolint:errcheck // the next one tries again
			}
		}
		f.Close()
	}
}

// settleList begins at the bottom: a directory may be shut afterwards.
func (s *owners) settleList(paths []string, log *slog.Logger) {
	slices.Sort(paths)
	for _, p := range slices.Backward(paths) {
		if p == "" {
			continue
		}
		if e := s.settle(p); e != 0 {
			log.Warn("a mode could not be put right", "path", p, "err", e)
		}
	}
}

// settle gives one file the mode that its record has for it.
func (s *owners) settle(path string) unix.Errno {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC | unix.O_NOFOLLOW, Resolve: unix.RESOLVE_NO_SYMLINKS})
	switch {
	case err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP:
		return 0 // removed or renamed since
	case err == unix.ENOSYS:
		fd, err = unix.Open(path, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	}
	if err != nil {
		return errno(err)
	}
	defer unix.Close(fd)
	o := object{fd: fd, link: bytes.Clone(s.fdLink(fd))}
	if err := unix.Fstat(fd, &o.st); err != nil {
		return errno(err)
	}
	s.load(&o)
	host := o.st.Mode
	if !o.seen || o.st.Uid != s.uid || o.rec.HostMode != host || o.rec.Mode&unix.S_IFMT != host&unix.S_IFMT || o.rec.Mode == host {
		return 0
	}
	return s.setMode(&o, o.rec.Mode&0o7777)
}
