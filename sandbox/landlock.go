package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/landlock"
	"github.com/ptbox/ptbox/tracer"
)

// lock is the Landlock domain that the command will live in: the same view
// once more, as far as the kernel can express it, so that a mistake in a
// handler does not let a guest write where the view says that it may not.
type lock struct {
	set *landlock.Ruleset
	abi int
	// interps are the host's ELF interpreters that the kernel may open for a
	// guest.
	interps map[fileID]bool
}

// fileID tells a file from every other.
type fileID struct{ dev, ino uint64 }

// hostInterps are the paths at which the programs of this architecture look
// for their interpreter. The kernel looks there in the host's tree.
var hostInterps = map[string][]string{
	"amd64": {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"},
	"arm64": {"/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"},
}

// newLock makes the domain of a view, or nil if there is to be none.
func (s *Sandbox) newLock(l *tracer.Launch) (*lock, error) {
	abi := landlock.ABI()
	switch s.o.Landlock {
	case "off":
		return nil, nil
	case "", "auto":
		if abi < landlock.MinABI {
			s.o.Log.Info("the kernel has no Landlock to back the view up", "abi", abi)
			return nil, nil
		}
	case "on":
		if abi < landlock.MinABI {
			return nil, fmt.Errorf("the kernel's Landlock has ABI %d, at least %d is needed", abi, landlock.MinABI)
		}
	default:
		return nil, fmt.Errorf("unknown Landlock mode %q (auto, on, off)", s.o.Landlock)
	}
	set, err := landlock.New(abi, s.o.NoNetwork)
	if err != nil {
		return nil, err
	}
	k := &lock{set: set, abi: abi, interps: map[fileID]bool{}}
	if err := k.fill(s, l); err != nil {
		set.Close()
		return nil, err
	}
	for _, m := range Unenforced(s.view) {
		s.o.Log.Info("a writable mount shows the same files: read-only is up to the handlers", "mount", m.Target)
	}
	return k, nil
}

// scoped reports whether signals and abstract sockets stay inside the domain.
func (k *lock) scoped() bool { return landlock.Scoped(k.abi) }

func (k *lock) close() {
	if k != nil {
		k.set.Close()
	}
}

// fill adds the rules.
func (k *lock) fill(s *Sandbox, l *tracer.Launch) error {
	for _, m := range s.view.Mounts() {
		if err := k.set.Allow(int(m.Root()), mountRights(m)); err != nil {
			return fmt.Errorf("%s: %w", m.Target, err)
		}
		if u := m.Union(); u != nil {
			if err := k.layers(m, u); err != nil {
				return fmt.Errorf("%s: %w", m.Target, err)
			}
		}
		if m.Flags&fsview.ReadOnly != 0 && m.Kind == fsview.Bind {
			if err := k.devices(m.Source); err != nil {
				return err
			}
		}
	}
	if s.h.id != nil {
		dir, err := s.h.id.mountDir()
		if err == nil {
			err = k.allow(dir, landlock.Read|landlock.Write|landlock.Execute)
		}
		if err != nil {
			return fmt.Errorf("scratch directory: %w", err)
		}
		for _, p := range devices {
			if err := k.allow(p, landlock.Read|landlock.Device); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
	}
	// What was handed over open may be opened again through /proc/self/fd,
	// with the rights that it has.
	fds := l.Stdio[:]
	for i := range l.Preserve {
		fds = append(fds, 3+i)
	}
	for _, fd := range fds {
		if err := k.given(fd); err != nil {
			return fmt.Errorf("descriptor %d: %w", fd, err)
		}
	}
	for _, p := range hostInterps[runtime.GOARCH] {
		if err := k.interp(p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// layers adds the other directories of an overlay. Nothing below a lower one
// can be written, whatever the handlers do.
func (k *lock) layers(m *fsview.Mount, u *fsview.Union) error {
	for dir, h := range u.Lowers() {
		if err := k.set.Allow(int(h), mountRights(m)&^landlock.Write); err != nil {
			return err
		}
		if err := k.devices(dir); err != nil {
			return err
		}
	}
	if u.Writable() {
		// Where bind(2) makes a socket that is to take a whiteout's place.
		return k.set.Allow(int(u.Work()), landlock.Write)
	}
	return nil
}

// mountRights are what a mount leaves of all rights.
func mountRights(m *fsview.Mount) landlock.Rights {
	r := landlock.Read | landlock.Write | landlock.Execute
	if m.Flags&fsview.ReadOnly != 0 {
		r &^= landlock.Write
		if !m.IsDir() {
			// A device may be written to on a read-only mount.
			var st unix.Stat_t
			if unix.Fstat(int(m.Root()), &st) == nil && isDevice(st.Mode) {
				r |= landlock.Device
			}
		}
	}
	if m.Flags&fsview.NoExec != 0 {
		r &^= landlock.Execute
	}
	return r
}

// isDevice says whether a read-only mount lets such a file be written to.
func isDevice(mode uint32) bool {
	switch mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK, unix.S_IFIFO:
		return true
	}
	return false
}

// scanned is how many names of a read-only mount are looked at for what may be
// written to all the same.
const scanned = 500

// devices lets the devices and FIFOs of a read-only mount be written to, as
// the kernel would. Each needs a rule, since rights hold for all below a
// directory; those that the scan does not reach, or that appear later, give
// EACCES.
func (k *lock) devices(dir string) error {
	dirs := []string{dir}
	for n := 0; len(dirs) > 0 && n < scanned; dirs = dirs[1:] {
		f, err := os.OpenFile(dirs[0], os.O_RDONLY|unix.O_DIRECTORY, 0) // a FIFO would wait
		if err != nil {
			continue
		}
		list, _ := f.ReadDir(scanned - n)
		f.Close()
		for _, d := range list {
			n++
			p := filepath.Join(dirs[0], d.Name())
			switch {
			case d.IsDir() && p != "/dev/pts":
				dirs = append(dirs, p)
				continue
			case d.Type()&(os.ModeDevice|os.ModeNamedPipe) == 0 && p != "/dev/pts":
				continue
			}
			if err := k.allow(p, landlock.Device); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
	}
	return nil
}

// allow grants rights on what lies at a host path, if it is there.
func (k *lock) allow(p string, r landlock.Rights) error {
	fd, err := unix.Open(p, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	return k.set.Allow(fd, r)
}

// given grants what an inherited descriptor has been opened for.
func (k *lock) given(fd int) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return nil // closed: the guest does not get it either
	}
	var r landlock.Rights
	switch {
	case flags&unix.O_PATH != 0:
		return nil
	case flags&unix.O_ACCMODE == unix.O_RDONLY:
		r = landlock.Read
	case flags&unix.O_ACCMODE == unix.O_WRONLY:
		r = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	default:
		r = landlock.Device | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	return k.set.Allow(fd, r)
}

// interp lets the kernel open one of the host's ELF interpreters, if there is
// one.
func (k *lock) interp(p string) error {
	fd, err := unix.Open(p, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return err
	}
	k.interps[fileID{st.Dev, st.Ino}] = true
	return k.set.Allow(fd, landlock.Execute|unix.LANDLOCK_ACCESS_FS_READ_FILE)
}

// opens says whether the kernel, in the name of a guest, may open the host's
// file p, which is at, to execute it.
func (k *lock) opens(v *fsview.View, p string, at fileID) bool {
	if k == nil || k.interps[at] {
		return true
	}
	fd, err := unix.Open(p, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return true // the kernel will say the same
	}
	defer unix.Close(fd)
	text := make([]byte, 4096)
	n, err := unix.Readlink("/proc/self/fd/"+strconv.Itoa(fd), text)
	if err != nil {
		return false
	}
	for _, m := range v.Mounts() {
		if m.Flags&fsview.NoExec != 0 {
			continue
		}
		if inside(string(text[:n]), m.Source) || m.Union() != nil && m.Union().Lower(string(text[:n])) {
			return true
		}
	}
	return false
}

// inside says whether the canonical path p is dir or lies below it.
func inside(p, dir string) bool {
	rest, ok := strings.CutPrefix(p, strings.TrimSuffix(dir, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// Unenforced returns the mounts of a view whose restrictions Landlock cannot
// express, because a mount with more rights shows the same files: rights hold
// for a directory and all below it, and can only be added to. The handlers
// alone enforce these.
func Unenforced(v *fsview.View) []*fsview.Mount {
	var out []*fsview.Mount
	for _, m := range v.Mounts() {
		for _, o := range v.Mounts() {
			if o != m && inside(m.Source, o.Source) && mountRights(o)&^mountRights(m)&(landlock.Write|landlock.Execute) != 0 {
				out = append(out, m)
				break
			}
		}
	}
	return out
}

// linkRoot answers for link(2) of a mount's root directory. Landlock looks at
// the rights of the directory above, which lies outside of all rules, and says
// EXDEV before the kernel can say that directories have one name.
func (h *handler) linkRoot(c *tracer.Call, from, to *fsview.Resolution) unix.Errno {
	if h.lock == nil || from == nil || from.Magic || from.Mount == nil || odd(to) {
		return 0
	}
	p := &c.Ent.Paths[0]
	var st, root unix.Stat_t
	if h.stat(c, p, from, &st, follow(c, p)) != 0 || st.Mode&unix.S_IFMT != unix.S_IFDIR ||
		unix.Fstat(int(from.Mount.Root()), &root) != nil || root.Ino != st.Ino || root.Dev != st.Dev {
		return 0
	}
	n := h.nameOf(c, 1, to)
	defer n.done()
	if n.search() != 0 || n.exists {
		return 0
	}
	return unix.EPERM
}
