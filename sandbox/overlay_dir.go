package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// unionDir is a directory of an overlay whose listing the tracer makes.
type unionDir struct {
	mergedDir
	u     *fsview.Union
	rel   string
	guest string
}

// maxUnionDirs bounds how many listings are kept.
const maxUnionDirs = 256

// unionFD returns the listing of the overlay directory that argument 0 names.
// nil is returned for any other directory, and for one that is in the upper
// layer alone and will stay so. A directory that is read from the host now may
// have to be merged after the next change in it, when the reader has got
// halfway: that is why those of the lower layers are never read from the host.
func (h *handler) unionFD(c *tracer.Call) *mergedDir {
	fd := int(int32(c.Args[0]))
	if !h.overlays || fd < 0 {
		return nil
	}
	text, e := h.fdPath(c.Task, fd)
	if e != 0 {
		return nil
	}
	guest, ok := h.magicGuest(h.at(c.Task.Tid, "fd/"+itoa(fd)))
	if !ok {
		return nil
	}
	m := h.view.MountAt(guest)
	u := m.Union()
	if u == nil {
		return nil
	}
	rel := m.Rel(guest)
	if u.Lower(text) && h.hidden(text, guest, h.at(c.Task.Tid, "fd/"+itoa(fd))) {
		var st unix.Stat_t
		if unix.Fstatat(h.proc, h.at(c.Task.Tid, "fd/"+itoa(fd)), &st, 0) == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR && !h.opensPath(c.Task, fd) {
			c.Fail(unix.ENOENT) // as for any directory that has been removed
		}
		return nil
	}
	if !u.Listed(rel) && len(h.view.Names(guest)) == 0 {
		return nil
	}
	d := h.unions[guest]
	if d == nil {
		if h.unions == nil || len(h.unions) >= maxUnionDirs {
			h.unions = map[string]*unionDir{}
		}
		d = &unionDir{u: u, rel: rel, guest: guest}
		d.mergedDir.fill = func() unix.Errno { return d.read(h.view) }
		h.unions[guest] = d
	}
	d.mergedDir.extra = h.view.Names(guest)
	return &d.mergedDir
}

// read lists the directory. A name keeps its place in the list as long as it
// exists, so that the positions of other readers stay right; the places of
// names that are gone stay empty.
func (d *unionDir) read(v *fsview.View) unix.Errno {
	names, e := d.u.List(d.rel)
	if e != 0 {
		return e
	}
	at := map[string]int{}
	for i, n := range names {
		at[n.Name] = i
	}
	for _, n := range v.Names(d.guest) {
		if _, ok := at[n.Name]; !ok {
			at[n.Name] = len(names)
			names = append(names, n)
		}
	}
	var list []dirent
	if len(d.list) < 2*len(names)+64 {
		for _, old := range d.list {
			i, ok := at[old.name]
			if !ok || old.name == "" {
				list = append(list, dirent{})
				continue
			}
			list = append(list, dirent{names[i].Ino, names[i].Type, old.name})
			delete(at, old.name)
		}
	}
	for _, n := range names {
		if _, ok := at[n.Name]; ok {
			list = append(list, dirent{n.Ino, n.Type, n.Name})
		}
	}
	d.list = list
	return 0
}

// mergedStat makes a stat call show one link for a merged directory, as
// overlayfs does: the number of subdirectories that the upper one has says
// nothing, and find(1) would believe it. It also shows the directory's lasting
// identity.
func (h *handler) mergedStat(c *tracer.Call, u *fsview.Union, rel string) {
	_, st, same := u.Identity(rel)
	var buf uint64
	switch c.Ent.Name {
	case "stat", "lstat":
		buf = c.Args[1]
	case "newfstatat":
		buf = c.Args[2]
	case "statx":
		buf = c.Args[4]
	}
	if buf == 0 {
		return
	}
	x := c.Ent.Name == "statx"
	c.WantResult(func(r *tracer.Result) {
		if r.Val != 0 {
			return
		}
		word := func(off uint64, v uint64, size int) {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], v)
			r.Write(buf+off, b[:size])
		}
		if !x {
			word(16, 1, 8) // struct stat: st_nlink
			if same {
				word(0, st.Dev, 8)
				word(8, st.Ino, 8)
			}
			return
		}
		word(16, 1, 4) // struct statx: stx_nlink
		if same {
			word(32, st.Ino, 8)
			word(136, uint64(unix.Major(st.Dev)), 4)
			word(140, uint64(unix.Minor(st.Dev)), 4)
		}
	})
}

// mergedDirectory makes r the directory that stands for a merged one, for open
// and chdir, if the caller may do with the upper one what is in mode.
func mergedDirectory(r *fsview.Resolution, mode uint32) unix.Errno {
	u := unionOf(r)
	if u == nil || !r.Merged {
		return 0
	}
	rel := relOf(r)
	host, _, ok := u.Identity(rel)
	if !ok {
		return 0
	}
	if mode != 0 {
		if e := u.May(rel, mode); e != 0 {
			return e
		}
		if unix.Faccessat(unix.AT_FDCWD, host, mode, unix.AT_EACCESS) != nil {
			return 0 // the upper one has been opened up: it is taken as it is
		}
	}
	if r.Held != fsview.NoHandle {
		fd, err := unix.Open(host, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if err != nil {
			return errno(err)
		}
		unix.Close(int(r.Held))
		r.Held = fsview.Handle(fd)
	}
	dot := len(r.Host) > 2 && string(r.Host[len(r.Host)-2:]) == "/."
	r.Host = append(r.Host[:0], host...)
	if dot {
		r.Host = append(r.Host, "/."...)
	}
	return 0
}
