package sandbox

import (
	"encoding/binary"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// The fast path goes from one mount to the next without a look at the directories between
// them. While all of these can be searched, nobody sees that; before a guest shuts
// one that belongs to it, the tracer tells the code to ask, for good. What processes
// outside the sandbox do is seen a moment later, by inotify.

// guards are the directories above mount points that the guest's user may shut.
type guards struct {
	dirs map[fileID]string // host paths
	shut bool              // one is shut already

	mu    sync.Mutex
	ended bool
	timer *time.Timer
	note  *os.File // inotify, once it is open
}

// watchAfter is how long a sandbox runs before processes outside are watched: it
// takes the kernel some 10 ms to close an inotify descriptor, more than a short command
// does.
const watchAfter = 250 * time.Millisecond

// guarded reports whether the guest could forbid the search of a directory
// between the root of the mount that m lies on and m's mount point, or whether
// that is forbidden already. What belongs to others it cannot change, and
// missing directories are our own and read-only. With an emulated identity the guest
// is root, who may search all.
func (s *Sandbox) guarded(m *fsview.Mount) bool {
	at := path.Dir(m.Target)
	p := s.view.MountAt(at)
	if os.Geteuid() == 0 || p.Kind == fsview.Synth || s.h.id != nil {
		return false
	}
	if p.Kind == fsview.Overlay {
		return true
	}
	found := false
	for ; s.view.MountAt(at) == p; at = path.Dir(at) {
		found = s.h.guards.add(hostDir(p, at)) || found
		if at == "/" {
			break
		}
	}
	return found
}

// add reports whether a directory has to be guarded.
func (g *guards) add(host string) bool {
	var st unix.Stat_t
	if unix.Stat(host, &st) != nil || int(st.Uid) != os.Geteuid() {
		g.shut = g.shut || !searchable(host)
		return !searchable(host)
	}
	if g.dirs == nil {
		g.dirs = map[fileID]string{}
	}
	if id := (fileID{st.Dev, st.Ino}); g.dirs[id] == "" {
		g.dirs[id] = host
		g.shut = g.shut || !searchable(host)
	}
	return true
}

func searchable(host string) bool {
	return unix.Faccessat(unix.AT_FDCWD, host, unix.X_OK, unix.AT_EACCESS) == nil
}

// watch calls ask once, when a directory has been shut or moved, or nobody would
// notice that one is.
func (g *guards) watch(ask func()) {
	if g.dirs == nil || g.shut {
		return
	}
	g.timer = time.AfterFunc(watchAfter, func() {
		f, err := g.open()
		b := make([]byte, 4096)
		for n := 0; err == nil && (n > 0 && !ofItself(b[:n]) || g.intact()); {
			n, err = f.Read(b)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if !g.ended {
			ask()
		}
	})
}

// open watches the directories.
func (g *guards) open() (*os.File, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "inotify")
	for _, host := range g.dirs {
		if _, e := unix.InotifyAddWatch(fd, host, unix.IN_ATTRIB|unix.IN_MOVE_SELF|unix.IN_DELETE_SELF); e != nil {
			err = e
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.note = f; g.ended {
		f.Close()
	}
	return f, err
}

// ofItself says whether one of some events (inotify(7)) is of a watched directory itself;
// others are of what is in there.
func ofItself(b []byte) bool {
	const size = unix.SizeofInotifyEvent
	for len(b) >= size {
		n := int(binary.NativeEndian.Uint32(b[size-4:]))
		if n == 0 {
			return true
		}
		b = b[min(size+n, len(b)):]
	}
	return false
}

// intact says whether all directories are where they were, and searchable.
func (g *guards) intact() bool {
	for id, host := range g.dirs {
		var st unix.Stat_t
		if unix.Stat(host, &st) != nil || (fileID{st.Dev, st.Ino}) != id || !searchable(host) {
			return false
		}
	}
	return true
}

// close ends watch: ask is not called any more.
func (g *guards) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	if g.timer != nil {
		g.timer.Stop()
	}
	if g.note != nil {
		g.note.Close()
	}
}

// mayShut says whether a call could take the permission to search a directory from
// its owner.
func mayShut(c *tracer.Call) bool {
	switch c.Ent.Name {
	case "chmod", "fchmod":
		return c.Args[1]&unix.S_IXUSR == 0
	case "fchmodat", "fchmodat2":
		return c.Args[2]&unix.S_IXUSR == 0
	}
	return c.Ent.Writes && (strings.Contains(c.Ent.Name, "chown") || strings.Contains(c.Ent.Name, "xattr"))
}

// shuts is told of a call on the object of r.
func (h *handler) shuts(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) {
	var st unix.Stat_t
	if len(h.guards.dirs) > 0 && mayShut(c) {
		h.shutting(&st, h.stat(c, p, r, &st, true))
	}
}

// shutsFD is told of a call on the object of a descriptor.
func (h *handler) shutsFD(c *tracer.Call, fd int) {
	if len(h.guards.dirs) == 0 || !mayShut(c) {
		return
	}
	name := "cwd"
	if fd != atFDCWD {
		name = "fd/" + strconv.Itoa(fd)
	}
	var st unix.Stat_t
	err := unix.Fstatat(h.proc, h.at(c.Task.Tid, name), &st, 0)
	h.shutting(&st, errno(err))
}

// shutting makes the code ask if st is of a guarded directory.
func (h *handler) shutting(st *unix.Stat_t, e unix.Errno) {
	_, ours := h.guards.dirs[fileID{st.Dev, st.Ino}]
	if e == 0 && ours || e != 0 && e != unix.ENOENT {
		h.tr.AskFast()
	}
}
