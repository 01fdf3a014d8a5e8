package sandbox

import (
	"encoding/binary"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// statCall serves the calls that describe an object. What they say of its
// mount is put right when they return, where it is not so already.
func (h *handler) statCall(c *tracer.Call) {
	if c.Ent.Name == "fstatfs" {
		h.statfsResult(c, h.fdMount(c.Task, int(int32(c.Args[0]))))
		return
	}
	h.paths(c)
	if c.Answered() {
		return
	}
	switch c.Ent.Name {
	case "statfs":
		h.statfsResult(c, h.mountOf(c, &h.res[0]))
	case "statx":
		h.statxResult(c)
	case "name_to_handle_at":
		h.handleResult(c)
	}
}

// Offsets into struct statfs of 64-bit ABIs (include/uapi/asm-generic/statfs.h)
// and bits of f_flags that package unix lacks (include/linux/statfs.h).
const (
	statfsType   = 0
	statfsBsize  = 8
	statfsBlocks = 16
	statfsFiles  = 40
	statfsFrsize = 72
	statfsFlags  = 80

	stValid       = 0x20
	stNoSymFollow = 0x2000
	stRelAtime    = 0x1000
)

// statfsResult makes statfs say what the view makes of the mount m.
func (h *handler) statfsResult(c *tracer.Call, m *fsview.Mount) {
	if m == nil || !shapesStatfs(m) {
		return
	}
	buf := c.Args[1]
	c.WantResult(func(r *tracer.Result) {
		if r.Val != 0 {
			return
		}
		var b [statfsFlags + 8]byte
		if r.Read(buf, b[:]) != 0 {
			return
		}
		h.shapeStatfs(b[:], m)
		r.Write(buf, b[:])
	})
}

// shapeStatfs puts a struct statfs of the host right.
func (h *handler) shapeStatfs(b []byte, m *fsview.Mount) {
	flags := binary.LittleEndian.Uint64(b[statfsFlags:])
	binary.LittleEndian.PutUint64(b[statfsFlags:], guestStatfs(flags, m.Flags))
	switch m.Kind {
	case fsview.Tmpfs:
		binary.LittleEndian.PutUint64(b[statfsType:], unix.TMPFS_MAGIC)
		h.limitedStatfs(m, b)
	case fsview.Overlay:
		binary.LittleEndian.PutUint64(b[statfsType:], unix.OVERLAYFS_SUPER_MAGIC)
	}
}

// limitedStatfs shows the limits of a tmpfs, as shmem_statfs does.
func (h *handler) limitedStatfs(m *fsview.Mount, b []byte) {
	l := h.limitOf(m)
	if l == nil {
		return
	}
	h.limited.sweep(l)
	left := func(all, used uint64) uint64 { return all - min(used, all) }
	put := func(at int, v uint64) { binary.LittleEndian.PutUint64(b[at:], v) }
	put(statfsBsize, pageSize)
	put(statfsFrsize, pageSize)
	if l.pages != 0 {
		free := left(l.pages, l.used)
		put(statfsBlocks, l.pages)
		put(statfsBlocks+8, free)
		put(statfsBlocks+16, free)
	} else {
		clear(b[statfsBlocks : statfsBlocks+24])
	}
	if l.inodes != 0 {
		put(statfsFiles, l.inodes)
		put(statfsFiles+8, left(l.inodes, l.names))
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
			if m.Kind != fsview.Synth && m.Parent() != nil {
				le.PutUint64(b[statxMountID:], host+m.Serial()<<40)
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

// mountTable is the guest's mount table, as it is now: mounts that the host
// makes or removes inside what the view shows come and go.
func (h *handler) mountTable() []hostMount {
	if h.ids == nil {
		h.ids = newMountIDs()
	}
	table, err := mountinfo()
	if err != nil {
		return nil
	}
	var view []guestMount
	for _, m := range h.view.Table() {
		view = append(view, describeMount(m))
	}
	return guestMounts(parseMountinfo(table), view, h.view.MountAt, h.ids)
}

// mountIDs are the numbers of the guest's mounts.
func (h *handler) mountIDs() *mountIDs {
	if h.ids == nil {
		h.mountTable()
	}
	return h.ids
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
