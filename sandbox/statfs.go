package sandbox

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// statCall serves the calls that describe an object. What they say of its
// mount is put right when they return, where it is not so already.
func (h *handler) statCall(c *tracer.Call) {
	if c.Ent.Name == "fstatfs" || c.Ent.Name == "fstatfs64" {
		h.statfsResult(c, h.fdMount(c.Task, int(int32(c.Args[0]))))
		return
	}
	h.paths(c)
	if c.Answered() {
		return
	}
	switch c.Ent.Name {
	case "statfs", "statfs64":
		h.statfsResult(c, h.res[0].Mount)
	case "statx":
		h.statxResult(c)
	case "name_to_handle_at":
		h.handleResult(c)
	}
}

// Bits of f_flags that package unix lacks (include/linux/statfs.h).
const (
	stValid       = 0x20
	stNoSymFollow = 0x2000
	stRelAtime    = 0x1000
)

// statfsLayout says where the fields of struct statfs lie, and how wide the
// counts are; the others are words (include/uapi/asm-generic/statfs.h, and
// asm/compat.h for 32-bit programs).
type statfsLayout struct{ size, typ, bsize, blocks, files, frsize, flags, word, count int }

var (
	statfsLong  = statfsLayout{88, 0, 8, 16, 40, 72, 80, 8, 8}
	statfs32    = statfsLayout{48, 0, 4, 8, 20, 40, 44, 4, 4}
	statfs64On3 = statfsLayout{72, 0, 4, 8, 32, 60, 64, 4, 8}
)

// statfsBuf is a struct statfs of a guest.
type statfsBuf struct {
	statfsLayout
	b []byte
}

func (s *statfsBuf) put(at, width int, v uint64) {
	if width == 4 {
		binary.LittleEndian.PutUint32(s.b[at:], uint32(v))
	} else {
		binary.LittleEndian.PutUint64(s.b[at:], v)
	}
}

func (s *statfsBuf) get(at, width int) uint64 {
	if width == 4 {
		return uint64(binary.LittleEndian.Uint32(s.b[at:]))
	}
	return binary.LittleEndian.Uint64(s.b[at:])
}

// statfsResult makes statfs say what the view makes of the mount m.
func (h *handler) statfsResult(c *tracer.Call, m *fsview.Mount) {
	if m == nil || !shapesStatfs(m) {
		return
	}
	layout, buf := statfsLong, c.Args[1]
	if strings.HasSuffix(c.Ent.Name, "64") {
		layout, buf = statfs64On3, c.Args[2]
	} else if c.ABI == tracer.I386 {
		layout = statfs32
	}
	c.WantResult(func(r *tracer.Result) {
		if r.Val != 0 {
			return
		}
		s := &statfsBuf{layout, make([]byte, layout.size)}
		if r.Read(buf, s.b) != 0 {
			return
		}
		s.put(s.flags, s.word, guestStatfs(s.get(s.flags, s.word), m.Flags))
		switch m.Kind {
		case fsview.Tmpfs:
			s.put(s.typ, s.word, unix.TMPFS_MAGIC)
			h.limitedStatfs(m, s)
		case fsview.Overlay:
			s.put(s.typ, s.word, unix.OVERLAYFS_SUPER_MAGIC)
		}
		r.Write(buf, s.b)
	})
}

// limitedStatfs shows the limits of a tmpfs, as shmem_statfs does.
func (h *handler) limitedStatfs(m *fsview.Mount, s *statfsBuf) {
	l := h.limitOf(m)
	if l == nil {
		return
	}
	h.limited.sweep(l)
	left := func(all, used uint64) uint64 { return all - min(used, all) }
	s.put(s.bsize, s.word, pageSize)
	s.put(s.frsize, s.word, pageSize)
	free := left(l.pages, l.used) // all zeros without a limit
	for i, v := range [...]uint64{l.pages, free, free} {
		s.put(s.blocks+i*s.count, s.count, v)
	}
	if l.inodes != 0 {
		s.put(s.files, s.count, l.inodes)
		s.put(s.files+s.count, s.count, left(l.inodes, l.names))
	}
}

// shapesStatfs reports whether statfs on m must differ from the host's.
func shapesStatfs(m *fsview.Mount) bool {
	return m.Flags&^fsview.Recursive != 0 || m.Kind == fsview.Tmpfs || m.Kind == fsview.Overlay
}

// guestStatfs adds what the view forbids to f_flags.
func guestStatfs(flags uint64, f fsview.Flags) uint64 {
	flags |= stValid
	for _, x := range []struct {
		f  fsview.Flags
		st uint64
	}{
		{fsview.ReadOnly, unix.ST_RDONLY},
		{fsview.NoSuid, unix.ST_NOSUID},
		{fsview.NoDev, unix.ST_NODEV},
		{fsview.NoExec, unix.ST_NOEXEC},
		{fsview.NoAtime, unix.ST_NOATIME},
		{fsview.NoSymFollow, stNoSymFollow},
	} {
		if f&x.f != 0 {
			flags |= x.st
		}
	}
	if f&fsview.NoAtime != 0 {
		flags &^= stRelAtime
	}
	return flags
}

// Offsets into struct statx (include/uapi/linux/stat.h).
const (
	statxMask       = 0
	statxAttributes = 8
	statxAttrMask   = 56
	statxMountID    = 144
	statxMountEnd   = 152

	statxMntIDUnique = 0x4000 // STATX_MNT_ID_UNIQUE, Linux 6.8
)

// statxResult makes statx name the guest's mount, and say of a mount point
// that it is one. That needs a second stop, which is made only if the answer
// would be another one: a number that was not asked for is not put right.
func (h *handler) statxResult(c *tracer.Call) {
	patch := h.statxPatch(c)
	if patch == nil {
		return
	}
	buf := c.Args[4]
	c.WantResult(func(r *tracer.Result) {
		var b [statxMountEnd]byte
		if r.Val == 0 && r.Read(buf, b[:]) == 0 {
			patch(b[:])
			r.Write(buf, b[:])
		}
	})
}

// statxPatch returns what puts the kernel's struct statx right, nil if nothing
// has to be.
func (h *handler) statxPatch(c *tracer.Call) func(b []byte) {
	asked := c.Args[3]&(unix.STATX_MNT_ID|statxMntIDUnique) != 0
	r := &h.res[0]
	m, guest := r.Mount, r.Guest
	if !h.resolved(c) {
		if !asked {
			return nil
		}
		guest = h.fdGuest(c.Task, int(int32(c.Args[0])))
		if guest == "" {
			return nil
		}
		m = h.view.MountAt(guest)
	} else if guest == "" && asked && r.Mount != nil && c.Args[1] != 0 {
		// "." and the like, by the guest's own words.
		if raw, e := c.Path(1, 0); e == 0 && strings.Trim(string(raw), "./") == "" {
			guest = h.fdGuest(c.Task, int(int32(c.Args[0])))
		}
	}
	if m == nil {
		return nil
	}
	root := guest == m.Target && m.Kind != fsview.Synth
	if !root && !asked {
		return nil
	}
	ids := h.mountIDs()
	if !root && ids.exact {
		return nil
	}
	return func(b []byte) {
		le := binary.LittleEndian
		if root {
			le.PutUint64(b[statxAttributes:], le.Uint64(b[statxAttributes:])|unix.STATX_ATTR_MOUNT_ROOT)
			le.PutUint64(b[statxAttrMask:], le.Uint64(b[statxAttrMask:])|unix.STATX_ATTR_MOUNT_ROOT)
		}
		host := le.Uint64(b[statxMountID:])
		switch mask := le.Uint32(b[statxMask:]); {
		case mask&unix.STATX_MNT_ID != 0:
			le.PutUint64(b[statxMountID:], uint64(ids.of(m, int(host))))
		case mask&statxMntIDUnique != 0:
			// No call of the guest takes such a number; it only has to
			// differ where mounts do.
			if i := h.mountIndex(m); m.Kind != fsview.Synth && i > 0 {
				le.PutUint64(b[statxMountID:], host+uint64(i)<<40)
			}
		}
	}
}

// resolved reports whether the call's path was looked up, and is not the empty
// one that means the descriptor.
func (h *handler) resolved(c *tracer.Call) bool {
	p := &c.Ent.Paths[0]
	if c.Args[p.Arg] == 0 {
		return false
	}
	raw, e := c.Path(int(p.Arg), 0)
	return e == 0 && len(raw) > 0
}

// handleResult makes name_to_handle_at name the guest's mount.
func (h *handler) handleResult(c *tracer.Call) {
	const uniqueID = 1 // AT_HANDLE_MNT_ID_UNIQUE, Linux 6.12
	ids := h.mountIDs()
	if ids.exact || c.Args[4]&uniqueID != 0 {
		return
	}
	m := h.res[0].Mount
	if !h.resolved(c) {
		m = h.fdMount(c.Task, int(int32(c.Args[0])))
	}
	if m == nil {
		return
	}
	at := c.Args[3]
	c.WantResult(func(r *tracer.Result) {
		var b [4]byte
		if r.Val != 0 && r.Val != -int64(unix.EOVERFLOW) || r.Read(at, b[:]) != 0 {
			return
		}
		id := ids.of(m, int(int32(binary.LittleEndian.Uint32(b[:]))))
		binary.LittleEndian.PutUint32(b[:], uint32(id))
		r.Write(at, b[:])
	})
}

// fdGuest is the guest path of a descriptor's object, "" if it has none.
func (h *handler) fdGuest(t *tracer.Task, fd int) string {
	name := "fd/" + strconv.Itoa(fd)
	if fd == atFDCWD {
		name = "cwd"
	}
	text, e := h.readProc(h.at(t.Tid, name))
	if e != 0 {
		return ""
	}
	guest, _ := h.guestText(text)
	return guest
}

func (h *handler) mountIndex(m *fsview.Mount) int {
	for i, x := range h.procfs.table {
		if x == m {
			return i
		}
	}
	return 0
}

// mountTable is the guest's mount table, as it is now: mounts that the host
// makes or removes inside what the view shows come and go.
func (h *handler) mountTable() []hostMount {
	if h.procfs.ids == nil {
		h.procfs.ids = newMountIDs()
	}
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var view []guestMount
	for _, m := range h.procfs.table {
		view = append(view, describeMount(m))
	}
	return guestMounts(parseMountinfo(string(b)), view, h.view.MountAt, h.procfs.ids)
}

// mountIDs are the numbers of the guest's mounts.
func (h *handler) mountIDs() *mountIDs {
	if h.procfs.ids == nil {
		h.mountTable()
	}
	return h.procfs.ids
}

// describeMount asks the kernel for the device and the mount of m's root.
func describeMount(m *fsview.Mount) guestMount {
	g := guestMount{m: m, dir: m.IsDir()}
	var x unix.Statx_t
	if unix.Statx(int(m.Root()), "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &x) == nil {
		g.dev = strconv.Itoa(int(x.Dev_major)) + ":" + strconv.Itoa(int(x.Dev_minor))
		if x.Mask&unix.STATX_MNT_ID != 0 {
			g.host = int(x.Mnt_id)
		}
	}
	return g
}
