package sandbox

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// fastTable tells the fast path what it may know of the view; nil means that
// every path call goes to the handlers.
//
// The code in the guest is held by the kernel to what lies beneath a
// descriptor, and the kernel knows nothing of the view's mounts. A hostile
// guest could therefore look below a mount point, at what the mount hides. In
// mode "auto" such views are spared: where something is hidden, the mount
// above it is not used, the guest's own descriptors only within limits (narrow). Nor is a file read
// by those if one of them may lead into procfs, where other processes are
// hidden.
func (s *Sandbox) fastTable(l *tracer.Launch) *fastpath.Table {
	mode := s.o.Fast
	if mode == "" {
		mode = "auto"
	}
	// A filter of the guest's own must see the calls that it was written for.
	if mode != "on" && mode != "auto" || s.o.Trace != nil || s.o.Seccomp != nil || s.h.id != nil && !s.fastIdentity() {
		return nil
	}
	t := &fastpath.Table{Flags: fastpath.ViewAnyFD, OneMount: mode == "auto"}
	if id := s.h.id; id != nil {
		t.Flags |= fastpath.ViewIDs | fastpath.ViewNoCreate
		t.UID, t.GID = id.uid, id.gid
		s.h.fastIDs = fastIDs{on: true, first: s.h.first.version, versions: s.h.versions}
	}
	mounts := s.view.Mounts()
	twice := map[*fsview.Mount]bool{}
	differ := false // in what they allow
	for _, m := range mounts {
		if s.view.Ambiguous(m) {
			for o := range twice {
				differ = differ || o.Flags != m.Flags
			}
			twice[m] = true
		}
	}
	hidden, up := map[*fsview.Mount][]*fsview.Mount{}, true
	if mode == "auto" {
		for _, m := range mounts[1:] {
			p := s.view.MountAt(path.Dir(m.Target))
			switch {
			case !hides(p, m):
			case !apart(p, m):
				hidden[p] = append(hidden[p], m)
			case m.Kind != fsview.Proc:
				// Only ".." from another mount of the view may lead there. (Of
				// procfs, see below, it is names in any case.)
				up = false
			}
		}
	}
	if len(hidden) > 0 && !s.narrow(t, l, hidden) {
		t.Flags &^= fastpath.ViewAnyFD
	}
	procElsewhere := false
	var parts []fastpath.Mount
	for _, m := range mounts {
		if m.Kind == fsview.Proc && mode == "auto" {
			// The view's procfs is not the host's: other processes and the
			// host's mounts are hidden. A descriptor leads to the real one,
			// and with it to the names of processes, no further: what a
			// process has open or runs, Landlock keeps (ptrace(2), "access
			// mode checking").
			t.NamesOnly, s.h.namesOnly = true, true
			if s.h.lock == nil {
				t.Flags &^= fastpath.ViewAnyFD
			}
			// While no guest has a directory of procfs, its descriptors are
			// good for reading.
			t.Flags |= fastpath.ViewOwn
			procElsewhere = s.procElsewhere()
		}
		f, ok := fastFlags(m)
		if seesOpens(m) && m.IsDir() {
			// Not from a descriptor that may lie there: see lends.
			f, ok, t.NamesOnly, s.h.namesOnly = f&^fastpath.MountNoDev, false, true, true
			t.Flags |= fastpath.ViewOwn
		} else if !ok && m.Kind != fsview.Proc && m.Kind != fsview.Synth && m.IsDir() {
			// A descriptor may lie in it, and nothing tells.
			t.Flags &^= fastpath.ViewAnyFD
		}
		if twice[m] {
			f |= fastpath.MountTwice
		}
		if twice[m] && differ {
			f |= fastpath.MountDiffers
		}
		if m != mounts[0] && s.guarded(m) {
			f |= fastpath.MountGuarded
		}
		if ok && hidden[m] != nil && t.Narrow {
			parts = append(parts, s.parts(m, hidden[m], f)...)
		}
		if !ok || hidden[m] != nil {
			f |= fastpath.MountSlow
		}
		t.Mounts = append(t.Mounts, fastpath.Mount{Target: m.Target, FD: int(m.Root()), Flags: f})
	}
	t.Mounts = append(t.Mounts, parts...)
	t.Ask = s.h.guards.shut
	for _, id := range s.view.Above() {
		t.Above = append(t.Above, fastpath.ID(id))
	}
	for _, m := range mounts {
		var st unix.Stat_t
		if m.IsDir() && unix.Fstat(int(m.Root()), &st) == nil {
			t.Roots = append(t.Roots, fastpath.ID{Dev: st.Dev, Ino: st.Ino})
		}
	}
	// A ".." from the root of a mount leaves the view. Where that is not the
	// host's own root, Landlock keeps the directory closed.
	if up && (s.h.lock != nil || mounts[0].Source == "/") {
		t.Flags |= fastpath.ViewUp
	}
	if !s.h.overlays {
		if s.h.id == nil {
			t.Flags |= fastpath.ViewXattr
			// A mount that the guest makes may need the name by which a
			// directory became the current one.
			s.h.roams = len(s.h.ambiguous) == 0
		}
	}
	if s.h.roams {
		t.Flags |= fastpath.ViewChdir
	}
	if s.h.id == nil && asOnHost(mounts) {
		t.Flags |= fastpath.ViewCwd
	}
	if s.h.active()&tracer.IfMounts == 0 {
		t.Flags |= fastpath.ViewStatfs
	}
	// Symlinks of procfs lead elsewhere than the view says.
	var st unix.Stat_t
	if unix.Stat("/proc", &st) == nil {
		t.Above = append(t.Above, fastpath.ID{Dev: st.Dev})
		s.h.procApart = st.Dev
		if !s.h.inProc(l) {
			t.Flags |= fastpath.ViewNamed
		}
	}
	if t.Flags&fastpath.ViewNamed == 0 || procElsewhere || s.beginsSeen(l) {
		t.Flags &^= fastpath.ViewOwn
	}
	s.h.ownReads = t.Flags&fastpath.ViewOwn != 0
	if s.view.MountAt("/proc") == mounts[0] && mounts[0].Source == "/" {
		t.Mounts = append(t.Mounts, fastpath.Mount{Target: "/proc", Flags: fastpath.MountSlow})
	}
	if os.Geteuid() == 0 {
		// access(2) walks with the real identity, an open with the effective
		// one; only the privileged can make them differ.
		t.Flags |= fastpath.ViewNoAccess
	}
	return t
}

// inProc reports whether the command begins with a directory of procfs.
func (h *handler) inProc(l *tracer.Launch) bool {
	var st unix.Stat_t
	for _, fd := range firstFDs(l) {
		if unix.Fstat(fd, &st) == nil && st.Dev == h.procApart && st.Mode&unix.S_IFMT == unix.S_IFDIR {
			return true
		}
	}
	return false
}

// lends tells the fast path before a guest gets a directory from which files
// must not be read unseen: one of procfs, or one on a mount that seesOpens; or one by which a
// guest could look below a mount.
func (h *handler) lends(c *tracer.Call, r *fsview.Resolution, flags uint64) unix.Errno {
	seen := h.ownReads && r.Mount != nil && seesOpens(r.Mount)
	proc := h.procApart != 0 && (r.Magic || r.Mount == nil || r.Mount.Kind == fsview.Proc || bytes.HasPrefix(r.Host, []byte("/proc")))
	if !seen && !proc && h.aboveHidden == nil {
		return 0
	}
	var st unix.Stat_t
	err := unix.Stat(string(r.Host), &st)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return 0
	}
	if slices.Contains(h.aboveHidden, fileID{st.Dev, st.Ino}) {
		if e := h.lentAbove(c.Task); e != 0 {
			return e
		}
	}
	switch {
	case proc && (err != nil || st.Dev == h.procApart):
		return h.lentProc(c.Task)
	case seen && (err == nil || flags&unix.O_CREAT == 0): // which opens no directory
		return h.lentOwn(c.Task)
	}
	return 0
}

// lentProc does so for t. EAGAIN: some guest hangs in an open.
func (h *handler) lentProc(t *tracer.Task) unix.Errno {
	if h.procApart == 0 {
		return 0
	}
	h.tr.SetFast(0, fastpath.ViewNamed)
	if e := h.lentOwn(t); e != 0 {
		return e
	}
	h.procApart = 0
	return 0
}

// lentOwn ends the reading by the guests' own descriptors, for all of them.
func (h *handler) lentOwn(t *tracer.Task) unix.Errno {
	e := h.revoke(t, false)
	h.ownReads = h.ownReads && e != 0
	return e
}

// lent is for a directory of which it is not known what it is.
func (h *handler) lent(t *tracer.Task) unix.Errno {
	if e := h.lentAbove(t); e != 0 {
		return e
	}
	return h.lentProc(t)
}

// lentAbove ends all use of the guests' own descriptors.
func (h *handler) lentAbove(t *tracer.Task) unix.Errno {
	if h.aboveHidden == nil {
		return 0
	}
	e := h.revoke(t, true)
	if e == 0 {
		h.aboveHidden, h.ownReads = nil, false
	}
	return e
}

func (h *handler) revoke(t *tracer.Task, paths bool) unix.Errno {
	if !h.tr.RevokeOwn(t, paths) {
		h.log.Warn("a directory was refused: another task hangs in an open", "tid", t.Tid)
		return unix.EAGAIN
	}
	return 0
}

// seesOpens says that the handlers must see each file of m that is opened for
// reading: what is mapped of it must not be executed (mayMap).
func seesOpens(m *fsview.Mount) bool {
	return m.Flags&fsview.NoExec != 0 && mapsFiles(m) && !onSysfs(m)
}

// onSysfs says that a mount shows the kernel's sysfs, whatever its kind.
func onSysfs(m *fsview.Mount) bool {
	var fs unix.Statfs_t
	return m.Kind == fsview.Sysfs || m.Kind == fsview.Bind && unix.Fstatfs(int(m.Root()), &fs) == nil && fs.Type == unix.SYSFS_MAGIC
}

// beginsSeen reports whether the command begins with a directory on a mount that seesOpens.
func (s *Sandbox) beginsSeen(l *tracer.Launch) bool {
	for _, m := range s.view.Mounts() {
		if !seesOpens(m) {
			continue
		}
		for _, fd := range firstFDs(l) {
			host, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
			if err == nil && (host == m.Source || strings.HasPrefix(host, path.Join(m.Source, "/")+"/") || m.Source == "/") {
				return true
			}
		}
	}
	return false
}

// firstFDs are the descriptors that the command begins with.
func firstFDs(l *tracer.Launch) []int {
	fds := append([]int{l.Dir}, l.Stdio[:]...)
	for fd := range l.Preserve {
		fds = append(fds, 3+fd)
	}
	return fds
}

// procElsewhere reports whether a procfs may be met without a look at where it
// is mounted: at another place than /proc in the host's tree, or in a mount of
// the view's.
func (s *Sandbox) procElsewhere() bool {
	var procfs, st unix.Stat_t
	if unix.Stat("/proc", &procfs) != nil {
		return true
	}
	for _, m := range s.view.Mounts() {
		if m.Kind != fsview.Proc && unix.Fstat(int(m.Root()), &st) == nil && st.Dev == procfs.Dev {
			return true
		}
	}
	for line := range strings.Lines(s.mountinfo) {
		// proc_pid_mountinfo(5)
		f, rest, _ := strings.Cut(line, " - ")
		if !strings.HasPrefix(rest, "proc ") {
			continue
		}
		if at := strings.Fields(f); len(at) < 5 || !strings.HasPrefix(at[4]+"/", "/proc/") {
			return true
		}
	}
	return s.mountinfo == ""
}

// nameDir tells the fast path the name of a directory that a file is opened in
// for reading, since its descriptor is good for names only: the next file there
// is opened by that name.
func (h *handler) nameDir(q *fsview.Request, r *fsview.Resolution, flags uint64) {
	const other = unix.O_ACCMODE | unix.O_CREAT | unix.O_TRUNC | unix.O_PATH
	if !h.namesOnly || flags&other != unix.O_RDONLY || h.ambiguous[r.Mount] {
		return
	}
	if at, ok := placeOf(q.Base.Dir); ok {
		if guest, ok := h.view.GuestOf(q.Base); ok && !q.Base.Deleted {
			h.tr.NoteDir(at.ino, guest)
		}
	}
}

// fastFlags says what the fast path must know of a mount; ok is false if it
// must keep away.
func fastFlags(m *fsview.Mount) (f uint32, ok bool) {
	switch m.Kind {
	case fsview.Bind, fsview.Tmpfs, fsview.Mask, fsview.Sysfs, fsview.Devpts, fsview.Mqueue, fsview.Cgroup:
	default:
		return 0, false
	}
	if m.Flags&fsview.ReadOnly != 0 {
		f |= fastpath.MountRO
	}
	if m.Flags&fsview.NoExec != 0 {
		f |= fastpath.MountNoExec
	}
	// What makes a file, or makes it larger, has to be accounted for.
	if m.Size != 0 || m.Inodes != 0 {
		f |= fastpath.MountRO
	}
	// In a scratch directory of our own there are no devices: only root could
	// make one. In sysfs there never are.
	if m.Flags&fsview.NoDev != 0 && (m.Kind != fsview.Tmpfs || os.Geteuid() == 0) && !onSysfs(m) {
		f |= fastpath.MountNoDev
	}
	return f, m.IsDir() && m.Flags&(fsview.NoSymFollow|fsview.NoAtime) == 0 && !seesOpens(m)
}

// asOnHost reports whether the view shows all directories at the host's names for
// them, as GuestOf would find out for each.
func asOnHost(mounts []*fsview.Mount) bool {
	for _, m := range mounts {
		if m.Kind != fsview.Bind && m.Kind != fsview.Proc || m.Source != m.Target {
			return false
		}
	}
	return true
}

// hides reports whether something lies under the mount point of m, in p, that
// the view does not show there.
func hides(p, m *fsview.Mount) bool {
	host := underneath(p, m)
	var under, top unix.Stat_t
	if err := unix.Lstat(host, &under); err != nil {
		return err != unix.ENOENT
	}
	if unix.Fstat(int(m.Root()), &top) == nil && under.Dev == top.Dev && under.Ino == top.Ino {
		return m.Kind == fsview.Proc || m.Flags&^p.Flags&(fsview.ReadOnly|fsview.NoDev|fsview.NoExec|fsview.NoSymFollow) != 0
	}
	if p.Kind == fsview.Tmpfs && under.Mode&unix.S_IFMT == unix.S_IFREG && under.Size == 0 {
		return false // made for the mount's sake; elsewhere (sysfs) the size may say nothing
	}
	return !m.Plain && !bare(host, 64)
}

// underneath is the host path of what m covers in p.
func underneath(p, m *fsview.Mount) string {
	rel := m.Target
	if p.Target != "/" {
		rel = rel[len(p.Target):]
	}
	return path.Join(p.Source, rel)
}

// apart reports whether what m covers in p is in another of the kernel's mounts
// than the root of p: no open goes there from above (Table.OneMount).
func apart(p, m *fsview.Mount) bool {
	at, ok := mountID(unix.AT_FDCWD, underneath(p, m), unix.AT_SYMLINK_NOFOLLOW)
	above, known := mountID(int(p.Root()), "", 0)
	return ok && known && at != above
}

// mountID is the kernel's number of the mount that an object is in.
func mountID(dir int, name string, flags int) (id uint64, ok bool) {
	var x unix.Statx_t
	err := unix.Statx(dir, name, unix.AT_EMPTY_PATH|unix.AT_NO_AUTOMOUNT|flags, unix.STATX_MNT_ID, &x)
	return x.Mnt_id, err == nil && x.Mask&unix.STATX_MNT_ID != 0
}

// bare reports whether there is nothing to be seen in a directory: what root
// file systems have at the places of mounts are empty directories, and in /dev
// symlinks and devices.
func bare(dir string, limit int) bool {
	list, err := os.ReadDir(dir)
	if err != nil || len(list) > limit {
		return false
	}
	for _, d := range list {
		switch d.Type() {
		case fs.ModeSymlink, fs.ModeDevice | fs.ModeCharDevice:
		case fs.ModeDir:
			if !bare(path.Join(dir, d.Name()), 0) {
				return false
			}
		case 0:
			if i, err := d.Info(); err != nil || i.Size() > 0 {
				return false
			}
		default:
			return false
		}
	}
	return true
}
