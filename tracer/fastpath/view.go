package fastpath

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Mount is what the code may know of a mount of the view.
type Mount struct {
	// Target is the guest path of the mount point, absolute and clean.
	Target string
	// FD is a descriptor of the mount's root in this process. It is handed
	// on to the guest under a reserved number, if Flags do not say MountSlow.
	FD int
	// Flags are Mount*.
	Flags uint32
	// Part: it is no mount, but a directory or, with MountLink, a symlink of one whose own descriptor
	// would show too much.
	Part bool
}

// ID names a directory by device and inode; inode 0 stands for all of them.
type ID struct{ Dev, Ino uint64 }

// Table is what the code may know of the view.
type Table struct {
	// Mounts: the first one is the root.
	Mounts []Mount
	// Above are the directories at or below which there is a mount, and what
	// else must not be walked from.
	Above []ID
	// Roots are the mounts' own directories: ".." of one of them is not what
	// the kernel says.
	Roots []ID
	// Flags are View*.
	Flags uint32
	// NamesOnly: the guest's own descriptors are for O_PATH and for directories;
	// by them no file is read, or, with ViewOwn, none after Revoke.
	NamesOnly bool
	// Narrow: the guest's own descriptors are good until Revoke only, for reading
	// and for O_PATH.
	Narrow bool
	// OneMount: an open stays in the kernel's mount of its descriptor.
	OneMount bool
	// UID and GID are the host's ids that stand for the guest's root, with
	// ViewIDs.
	UID, GID uint32
	// Ask: see PutAsk.
	Ask bool
	// Counts is the descriptor of a page for counters, to be handed on as
	// well, or 0.
	Counts int
}

// MaxReserved is the most descriptors that a table may reserve.
const MaxReserved = 24

// classes: what may be opened by a reserved descriptor.
const (
	classAll  = iota // everything
	classRead        // no writing
	classPath        // directories and O_PATH only
	numClasses
)

func (m *Mount) class() int {
	switch {
	case m.Flags&MountNoDev != 0:
		return classPath
	case m.Flags&MountRO != 0:
		return classRead
	}
	return classAll
}

// Rules is what the seccomp program lets the gadget do.
type Rules struct {
	// IP is the only place that may do it; 0 means none.
	IP uint64
	// AnyStart and AnyEnd bound the how entries that go with any descriptor. FDEnd[i]
	// are the ends of the reserved descriptors, by class; each class is
	// bound by HowLimit.
	AnyStart, AnyEnd uint32
	// AnyList: directories may be listed by any descriptor. Up: their ".."
	// may be opened. Xattr: extended attributes may be read.
	AnyList, Up, Xattr bool
	// Records: it may be asked whether a file has an attribute.
	Records bool
	// Cwd: the name of the current directory may be asked for.
	Cwd     bool
	FirstFD int
	FDEnd   [numClasses]int
	// CountsFD is where the guest has the page of counters, 0 if there is
	// none.
	CountsFD int
}

// HowLimit is the end of the how entries that class may use.
func HowLimit(class int) uint32 {
	return [...]uint32{HowEnd, HowWrite, HowOwn}[class]
}

// plan chooses the reserved descriptors: those of one class lie together.
func (t *Table) plan(first int) (r Rules, fds []int, number map[int]int) {
	r = Rules{IP: SymGadgetAfter, AnyStart: How, AnyEnd: How, FirstFD: first}
	if t.Flags&ViewAnyFD != 0 {
		r.AnyEnd, r.AnyList = HowEnd, true
		r.Up = t.Flags&ViewUp != 0
		for _, m := range t.Mounts {
			// A descriptor does not tell which mount it came from.
			r.AnyEnd = min(r.AnyEnd, HowLimit(m.class()))
		}
		if own := t.Flags&ViewOwn != 0; own && r.AnyEnd > HowRead {
			r.AnyEnd = HowRead
		} else if t.NamesOnly {
			r.AnyEnd = min(r.AnyEnd, HowOwn)
		}
		if t.Narrow {
			r.AnyStart, r.AnyEnd, r.Up = HowOwnPath, min(r.AnyEnd, HowRead), false
		}
	}
	r.Xattr, r.Records = t.Flags&ViewXattr != 0, t.Flags&ViewIDs != 0
	r.Cwd = t.Flags&ViewCwd != 0
	number = map[int]int{}
	for class := range numClasses {
		for i := range t.Mounts {
			m := &t.Mounts[i]
			if m.Flags&MountSlow == 0 && m.class() == class && len(fds) < MaxReserved {
				number[i] = first + len(fds)
				fds = append(fds, m.FD)
			}
		}
		r.FDEnd[class] = first + len(fds)
	}
	if t.Counts != 0 {
		r.CountsFD = first + len(fds)
		fds = append(fds, t.Counts)
	}
	return r, fds, number
}

// PutCwd writes to b, the part of the window from Text on, that the directory
// with this inode number had the guest path when the tracer last looked. It is
// a guess to the code, which looks at the directory of that name.
func PutCwd(b []byte, ino uint64, guest string) {
	if len(guest) >= CwdSize {
		return
	}
	e := b[Cwds-Text+int(ino%NumCwds)*CwdSize:][:CwdSize]
	e[0] = 0
	copy(e[1:], guest[1:])
	e[len(guest)] = 0
	e[0] = guest[0]
}

// PutFlags changes flags of the view in b, the part of the window from Text on.
func PutFlags(b []byte, set, clear uint32) {
	f := b[View-Text+ViewFlags:]
	binary.LittleEndian.PutUint32(f, binary.LittleEndian.Uint32(f)&^clear|set)
}

// PutAsk says in b, the part of the window from Text on, that the search permission
// of the directories above MountGuarded mounts has to be asked for from now on. It is one
// byte that is never taken back: any goroutine may call it.
func PutAsk(b []byte) { b[View-Text+ViewAsk] = 1 }

// pointBit is where the set of mount points has a name. It mirrors points in
// walk.h.
func pointBit(name string) uint32 {
	var h uint32
	for i := range len(name) {
		h = h*31 + uint32(name[i])
	}
	return h * 0x9e3779b1 >> 22 // PointsSize * 8 is 1 << 10
}

var errSize = errors.New("the view has too many mounts for the fast path")

// node is a directory of the mount trie.
type node struct {
	name  string
	kids  []*node
	mount int // -1: none
}

// Place writes code and tables to b, the part of the window from Text on.
// first is the number of the first reserved descriptor. fds are the
// descriptors to be handed on, in order.
func (t *Table) Place(b []byte, first int) (r Rules, fds []int, err error) {
	if len(t.Above)+len(t.Roots) > MaxAbove || len(t.Mounts) == 0 {
		return r, nil, errSize
	}
	r, fds, number := t.plan(first)
	root := &node{mount: 0}
	for i, m := range t.Mounts[1:] {
		n := root
		for name := range strings.SplitSeq(strings.Trim(m.Target, "/"), "/") {
			k := slices.IndexFunc(n.kids, func(k *node) bool { return k.name == name })
			if k < 0 {
				k = len(n.kids)
				n.kids = append(n.kids, &node{name: name, mount: -1})
			}
			n = n.kids[k]
		}
		n.mount = i + 1
	}
	copy(b, Blob)
	copy(b[Dot-Text:], ".\x00")
	copy(b[DotDot-Text:], "..\x00")
	for i := range NumFDNames {
		// Not "self": a thread may have descriptors of its own.
		copy(b[FDNames-Text+i*FDNameSize:], "/proc/thread-self/fd/"+strconv.Itoa(i)+"\x00")
	}
	putHow(b[How-Text:], t.OneMount)
	le := binary.LittleEndian
	v := b[View-Text : View-Text+ViewSize]
	flags := t.Flags
	if r.AnyEnd != HowRead {
		flags &^= ViewOwn
	}
	if t.Narrow {
		flags |= ViewNarrow
		flags &^= ViewUp
	}
	for _, m := range t.Mounts {
		flags |= m.Flags &^ (MountSlow | MountLink)
	}
	if t.Counts != 0 {
		flags |= ViewCounts
	}
	le.PutUint32(v[ViewFlags:], flags)
	le.PutUint32(v[ViewNumAbove:], uint32(len(t.Above)))
	le.PutUint32(v[ViewAnyEnd:], r.AnyEnd)
	le.PutUint32(v[ViewFirstFD:], uint32(first))
	le.PutUint32(v[ViewNumRoots:], uint32(len(t.Roots)))
	le.PutUint32(v[ViewUID:], t.UID)
	le.PutUint32(v[ViewGID:], t.GID)
	if t.Ask {
		PutAsk(b)
	}
	for _, m := range t.Mounts[1:] {
		if m.Part {
			continue
		}
		bit := pointBit(m.Target[strings.LastIndexByte(m.Target, '/')+1:])
		v[ViewPoints+bit/8] |= 1 << (bit % 8)
	}
	for i, id := range slices.Concat(t.Above, t.Roots) {
		le.PutUint64(v[ViewAbove+i*16:], id.Dev)
		le.PutUint64(v[ViewAbove+i*16+8:], id.Ino)
	}
	// Breadth first: the children of a node lie together.
	all := []*node{root}
	names := 0
	for i := 0; i < len(all); i++ {
		n := all[i]
		if len(all)+len(n.kids) > MaxNodes || names+len(n.name) > MaxNames {
			return r, nil, errSize
		}
		e := v[ViewNodes+i*NodeSize:]
		le.PutUint16(e[0:], uint16(names))
		le.PutUint16(e[2:], uint16(len(n.name)))
		le.PutUint16(e[4:], uint16(len(all)))
		le.PutUint16(e[6:], uint16(len(n.kids)))
		fd, mf := -1, uint32(MountSlow)
		if n.mount >= 0 {
			e[16] = 1
			mf |= t.Mounts[n.mount].Flags & MountGuarded
			if f, ok := number[n.mount]; ok {
				fd, mf = f, t.Mounts[n.mount].Flags
			}
		}
		le.PutUint32(e[8:], uint32(fd))
		le.PutUint32(e[12:], mf)
		copy(v[ViewNames+names:], n.name)
		names += len(n.name)
		all = append(all, n.kids...)
	}
	return r, fds, nil
}
