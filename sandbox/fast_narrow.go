package sandbox

import (
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// Where a mount hides something ("-r / --tmpfs /tmp"), a descriptor of the mount
// above it shows that to who asks the kernel by it. The directories beside the
// mount point do not: they are handed on one by one. And a guest's own
// descriptor does not either, while it is none of a directory on the way to the mount point.

// narrow makes the guests' own descriptors good until one of them gets such a
// directory (lends). It reports whether none has one from the start.
func (s *Sandbox) narrow(t *fastpath.Table, l *tracer.Launch, hidden map[*fsview.Mount][]*fsview.Mount) bool {
	if os.Geteuid() == 0 {
		return false // it could reach a directory by other calls
	}
	var above []fileID
	for p, mounts := range hidden {
		for _, at := range s.wayTo(p, mounts) {
			var st unix.Stat_t
			if unix.Stat(hostDir(p, at), &st) != nil {
				return false
			}
			above = append(above, fileID{st.Dev, st.Ino})
		}
	}
	for _, fd := range firstFDs(l) {
		var st unix.Stat_t
		if unix.Fstat(fd, &st) == nil && slices.Contains(above, fileID{st.Dev, st.Ino}) {
			return false
		}
	}
	t.Narrow, t.NamesOnly, s.h.namesOnly, s.h.aboveHidden = true, true, true, above
	t.Flags |= fastpath.ViewOwn
	return true
}

// wayTo are the guest paths of the directories of p that have one of the mounts below
// them, the uppermost first.
func (s *Sandbox) wayTo(p *fsview.Mount, mounts []*fsview.Mount) (dirs []string) {
	for _, m := range mounts {
		for at := path.Dir(m.Target); s.view.MountAt(at) == p; at = path.Dir(at) {
			if !slices.Contains(dirs, at) {
				dirs = append(dirs, at)
			}
			if at == "/" {
				break
			}
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return len(a) - len(b) })
	return dirs
}

// hostDir is the host path of the directory at in p.
func hostDir(p *fsview.Mount, at string) string {
	if h := p.HostOf(at); h != "" {
		return h
	}
	return "/"
}

// parts are what lies beside the mounts in p: directories, and the root's
// symlinks ("/bin"). Only where nobody but root could put something else into
// their place; what root does while the sandbox runs is not seen.
func (s *Sandbox) parts(p *fsview.Mount, mounts []*fsview.Mount, flags uint32) (parts []fastpath.Mount) {
	way := s.wayTo(p, mounts)
	top, ok := mountID(int(p.Root()), "", 0)
	var procfs unix.Stat_t
	if !ok || p.Kind != fsview.Bind || unix.Stat("/proc", &procfs) != nil {
		return nil
	}
	for _, at := range way {
		host := hostDir(p, at)
		list, err := os.ReadDir(host)
		if err != nil || !steady(host) || unix.Faccessat(unix.AT_FDCWD, host, unix.W_OK, unix.AT_EACCESS) == nil ||
			unix.Faccessat(unix.AT_FDCWD, host, unix.X_OK, unix.AT_EACCESS) != nil {
			continue
		}
		for _, d := range list {
			guest, f := path.Join(at, d.Name()), flags
			link := d.Type() == os.ModeSymlink && guest == "/"+d.Name()
			if link {
				f = fastpath.MountLink
			} else if !d.IsDir() {
				continue
			}
			if slices.Contains(way, guest) || s.view.MountAt(guest) != p {
				continue
			}
			fd, err := unix.Openat2(unix.AT_FDCWD, path.Join(host, d.Name()), &unix.OpenHow{
				Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_MAGICLINKS,
			})
			if err != nil {
				continue
			}
			var st unix.Stat_t
			if id, ok := mountID(fd, "", 0); !ok || id != top || unix.Fstat(fd, &st) != nil || st.Dev == procfs.Dev ||
				link != (st.Mode&unix.S_IFMT == unix.S_IFLNK) || !link && st.Mode&unix.S_IFMT != unix.S_IFDIR {
				unix.Close(fd)
				continue
			}
			s.partFDs = append(s.partFDs, fd)
			parts = append(parts, fastpath.Mount{Target: guest, FD: fd, Flags: f, Part: true})
		}
	}
	// There may be more than there are numbers for.
	slices.SortStableFunc(parts, func(a, b fastpath.Mount) int { return rank(a) - rank(b) })
	return parts
}

// rank is lower of what is used more.
func rank(m fastpath.Mount) int {
	switch {
	case m.Flags == fastpath.MountLink:
		return 0
	case m.Target == "/usr", m.Target == "/etc", m.Target == "/home":
		return 1
	}
	return 2
}
