package fsview

import (
	"encoding/binary"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/linux"
)

// The xattrs of overlayfs' userxattr form (Documentation/filesystems/overlayfs.rst).
const (
	xattrPrefix   = "user.overlay."
	xattrOpaque   = xattrPrefix + "opaque"
	xattrWhiteout = xattrPrefix + "whiteout"
)

// dirAt is a directory of one layer.
type dirAt struct {
	layer int
	fd    int
	own   bool // fd is to be closed
}

// dirSet is a directory of the union: those of the layers that are shown
// through each other, topmost first.
type dirSet []dirAt

func (s dirSet) close() {
	for _, d := range s {
		if d.own {
			unix.Close(d.fd)
		}
	}
}

// thing is what a lookup found.
type thing struct {
	set   dirSet // a directory; what it holds is the caller's to close
	fd    int    // anything else: an O_PATH descriptor, the caller's
	layer int    // the topmost
	st    unix.Stat_t
}

func (b *thing) isDir() bool { return b.set != nil }

func (b *thing) close() {
	b.set.close()
	if b.set == nil {
		unix.Close(b.fd)
	}
}

// top is a descriptor of the topmost object.
func (b *thing) top() int {
	if b.set != nil {
		return b.set[0].fd
	}
	return b.fd
}

// roots is the root directory of the union.
func (o *Union) roots() dirSet {
	s := make(dirSet, len(o.layers))
	for i := range o.layers {
		s[i] = dirAt{i, o.layers[i].root, false}
	}
	return s
}

// find looks rel up. A symlink on the way is ELOOP; a last one too unless
// nofollow. A trailing slash demands a directory.
func (o *Union) find(rel string, nofollow bool) (b thing, e unix.Errno) {
	set := o.roots()
	st := unix.Stat_t{Mode: unix.S_IFDIR}
	for i := skipSlashes(rel, 0); i < len(rel); {
		if len(set) == 1 && len(rel)-i < pathMax {
			if b, e = o.alone(set[0], rel[i:], nofollow); e != unix.ENOTDIR {
				set.close()
				return b, e
			}
			// It may be a whiteout that is in the way: ENOENT.
		}
		j := endOfName(rel, i)
		k := skipSlashes(rel, j)
		if rel[i:j] == "." {
			// It needs the right to search, as a name would.
			fd, e := linux.Openat(set[0].fd, ".", unix.O_PATH|unix.O_CLOEXEC, 0)
			if e != 0 {
				set.close()
				return b, e
			}
			unix.Close(fd)
			i = k
			continue
		}
		b, e = o.child(set, rel[i:j])
		set.close()
		if e != 0 {
			return b, e
		}
		if b.set == nil {
			last := k == len(rel)
			switch {
			case b.st.Mode&unix.S_IFMT == unix.S_IFLNK && !(last && nofollow && j == k):
				e = unix.ELOOP
			case j < len(rel):
				e = unix.ENOTDIR
			}
			if e != 0 {
				b.close()
			}
			return b, e
		}
		set, st = b.set, b.st
		i = k
	}
	if st.Nlink == 0 {
		if err := unix.Fstat(set[0].fd, &st); err != nil {
			return b, errnoOf(err)
		}
	}
	return thing{set: set, layer: set[0].layer, st: st}, 0
}

// alone looks rel up where a single layer is left: one call does.
func (o *Union) alone(d dirAt, rel string, nofollow bool) (b thing, e unix.Errno) {
	h, e := OS{}.Open(Handle(d.fd), rel, nofollow)
	if e != 0 {
		return b, e
	}
	b.fd, b.layer = int(h), d.layer
	if err := unix.Fstat(b.fd, &b.st); err != nil {
		e = errnoOf(err)
	} else if whiteout(b.fd, &b.st) {
		e = unix.ENOENT
	}
	if e != 0 {
		unix.Close(b.fd)
		return b, e
	}
	if b.st.Mode&unix.S_IFMT == unix.S_IFDIR {
		b.set = dirSet{{d.layer, b.fd, true}}
	}
	return b, 0
}

// child looks name up in a directory of the union.
func (o *Union) child(set dirSet, name string) (b thing, e unix.Errno) {
	for i, d := range set {
		fd, e := linux.Openat(d.fd, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if e == unix.ENOENT {
			continue
		}
		var st unix.Stat_t
		if e == 0 {
			e = errnoOf(unix.Fstat(fd, &st))
		}
		if e != 0 {
			b.set.close()
			return thing{}, e
		}
		dir := st.Mode&unix.S_IFMT == unix.S_IFDIR
		if b.set != nil && !dir || whiteout(fd, &st) {
			unix.Close(fd)
			break
		}
		if b.set == nil {
			b.layer, b.st = d.layer, st
		}
		if !dir {
			b.fd = fd
			return b, 0
		}
		b.set = append(b.set, dirAt{d.layer, fd, true})
		if i+1 < len(set) && opaque(fd) == 'y' {
			break
		}
	}
	if b.set == nil {
		return b, unix.ENOENT
	}
	return b, 0
}

// whiteout says whether an object hides what the layers below have.
func whiteout(fd int, st *unix.Stat_t) bool {
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFCHR:
		return st.Rdev == 0
	case unix.S_IFREG:
		if st.Size == 0 {
			_, err := unix.Getxattr(procFD(fd), xattrWhiteout, nil)
			return err == nil
		}
	}
	return false
}

// opaque reads the mark of a directory: 'y' hides the directories of the layers
// below, 'x' says that it has whiteouts that are files.
func opaque(fd int) byte {
	var b [1]byte
	if n, err := unix.Getxattr(procFD(fd), xattrOpaque, b[:]); err != nil || n != 1 {
		return 0
	}
	return b[0]
}

// take keeps the topmost descriptor and gives the others up.
func (b *thing) take() (h Handle, e unix.Errno) {
	h = Handle(b.top())
	if b.set != nil {
		if b.set[0].own {
			b.set[0].own = false
		} else {
			h, e = OS{}.Open(h, "", false)
		}
		b.set.close()
	}
	return h, e
}

// Holds says whether the directory rel of the union is, in one of its layers,
// the one that h names.
func (o *Union) Holds(rel string, h Handle) bool {
	var st unix.Stat_t
	return unix.Fstat(int(h), &st) == nil && o.Shows(rel, uint64(st.Dev), st.Ino)
}

// layerOf finds the layer whose directory contains the host path.
func (o *Union) layerOf(host string) (layer int, rel string, ok bool) {
	for i := range o.layers {
		l := &o.layers[i]
		if host == l.path {
			return i, "", true
		}
		if rel, ok := strings.CutPrefix(host, l.path[:l.slen]+"/"); ok {
			return i, rel, true
		}
	}
	return 0, "", false
}

// Lower says whether the host path lies in a lower directory.
func (o *Union) Lower(host string) bool {
	i, _, ok := o.layerOf(host)
	return ok && (i > 0 || !o.upper)
}

// HostOf is the host path of the object at rel, or of the name that it would
// have in the topmost directory of its parent.
func (o *Union) HostOf(rel string) string {
	if b, e := o.find(rel, true); e == 0 {
		b.close()
		return o.layers[b.layer].host(rel)
	}
	dir, _ := splitRel(rel)
	if b, e := o.find(dir, true); e == 0 {
		b.close()
		return o.layers[b.layer].host(rel)
	}
	return o.layers[0].host(rel)
}

// Listed says whether the listing of the directory rel must be made by List: no
// host directory has it, or none will have it once something in it is changed.
func (o *Union) Listed(rel string) bool {
	b, e := o.find(rel, true)
	if e != 0 {
		return false
	}
	defer b.close()
	return len(b.set) > 1 || o.upper && b.layer > 0
}

// MayWrite is May for writing.
func (o *Union) MayWrite(rel string) unix.Errno { return o.May(rel, unix.W_OK) }

// May is what the kernel says to access(2) of the object rel, but for the
// mount's own restrictions: a lower layer may lie on a read-only file system.
func (o *Union) May(rel string, mode uint32) unix.Errno {
	b, e := o.find(rel, true)
	if e != 0 {
		return e
	}
	defer b.close()
	return mayAccess(b.top(), mode)
}

func mayAccess(fd int, mode uint32) unix.Errno {
	err := unix.Faccessat(unix.AT_FDCWD, procFD(fd), mode, unix.AT_EACCESS)
	if err != unix.EROFS {
		return errnoOf(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return errnoOf(err)
	}
	perm := st.Mode
	switch uid := uint32(unix.Geteuid()); {
	case uid == 0:
		return 0
	case uid == st.Uid:
		perm >>= 6
	case inGroup(st.Gid):
		perm >>= 3
	}
	if perm&mode != mode {
		return unix.EACCES
	}
	return 0
}

func inGroup(gid uint32) bool {
	list, _ := unix.Getgroups()
	return uint32(unix.Getegid()) == gid || slices.Contains(list, int(gid))
}

// List returns the names in the directory rel, "." and ".." first.
func (o *Union) List(rel string) ([]Name, unix.Errno) {
	b, e := o.find(rel, true)
	if e != 0 {
		return nil, e
	}
	defer b.close()
	if b.set == nil {
		return nil, unix.ENOTDIR
	}
	return o.list(b.set)
}

func (o *Union) list(set dirSet) ([]Name, unix.Errno) {
	var out []Name
	upper := 0 // how many of them are in the upper layer
	seen := map[string]int{}
	for i, d := range set {
		// By its link: "." would need the right to search.
		fd, e := linux.Openat(unix.AT_FDCWD, procFD(d.fd), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if e != 0 {
			return nil, e
		}
		files := len(set) > 1 && opaque(d.fd) == 'x'
		e = eachEntry(fd, func(n Name) {
			if at := seen[n.Name]; at != 0 {
				// Of a merged directory the lower one gives the number.
				if at > 0 && i > 0 && o.upper && n.Type == unix.DT_DIR && out[at-1].Type == unix.DT_DIR && at <= upper {
					out[at-1].Ino = n.Ino
				}
				return
			}
			seen[n.Name] = -1
			if n.Type == unix.DT_CHR || n.Type == unix.DT_UNKNOWN || files && n.Type == unix.DT_REG {
				if hidden(d.fd, n.Name) {
					return
				}
			}
			out = append(out, n)
			seen[n.Name] = len(out)
		})
		unix.Close(fd)
		if i == 0 && d.layer == 0 {
			upper = len(out)
		}
		if e != 0 {
			return nil, e
		}
	}
	return out, 0
}

// hidden says whether name is a whiteout.
func hidden(dir int, name string) bool {
	fd, e := linux.Openat(dir, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if e != 0 {
		return false
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && whiteout(fd, &st)
}

// direntHead is the size of struct linux_dirent64 before the name.
const direntHead = 19

// eachEntry reads a directory.
func eachEntry(fd int, f func(Name)) unix.Errno {
	buf := make([]byte, 1<<15)
	for {
		n, err := unix.Getdents(fd, buf)
		if err != nil {
			return errnoOf(err)
		}
		if n == 0 {
			return 0
		}
		for b := buf[:n]; len(b) > direntHead; {
			l := int(binary.NativeEndian.Uint16(b[16:]))
			name, _, _ := strings.Cut(string(b[direntHead:l]), "\x00")
			f(Name{name, binary.NativeEndian.Uint64(b), b[18]})
			b = b[l:]
		}
	}
}

// splitRel takes a path apart into its directory and its last name.
func splitRel(rel string) (dir, name string) {
	dir, name = path.Split(rel)
	return strings.TrimSuffix(dir, "/"), name
}

// Shows says whether the union has the object of this identity at rel. What
// cannot be searched for any more is taken to be there.
func (o *Union) Shows(rel string, dev, ino uint64) bool {
	b, e := o.find(rel, true)
	if e != 0 {
		return e == unix.EACCES
	}
	defer b.close()
	for _, d := range b.set {
		var st unix.Stat_t
		if unix.Fstat(d.fd, &st) == nil && uint64(st.Dev) == dev && st.Ino == ino {
			return true
		}
	}
	return b.set == nil && uint64(b.st.Dev) == dev && b.st.Ino == ino
}

// Movable says whether the object rel can be renamed: a directory can if it is
// in the upper layer alone.
func (o *Union) Movable(rel string) bool {
	b, e := o.find(rel, true)
	if e != 0 {
		return true
	}
	defer b.close()
	return b.set == nil || o.upper && b.layer == 0 && len(b.set) == 1
}

// Identity is the directory that stands for the merged directory rel wherever
// it is recognised by its number: the topmost lower one, which is there before
// and after the first change. ok is false for anything else. Programs that walk
// a tree (fts(3)) compare the numbers and give up if they change.
func (o *Union) Identity(rel string) (host string, st Stat, ok bool) {
	b, e := o.find(rel, true)
	if e != 0 {
		return "", st, false
	}
	defer b.close()
	if !o.upper || len(b.set) < 2 || b.layer != 0 {
		return "", st, false
	}
	st, e = OS{}.Stat(Handle(b.set[1].fd))
	return o.layers[b.set[1].layer].host(rel), st, e == 0
}
