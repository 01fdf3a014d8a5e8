package sandbox

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// A tmpfs of the view is a directory of the host's, which knows nothing of
// size= and nr_inodes=. So an account is kept of each one that has them: what
// makes a file larger, and what makes and removes names, stops, and is
// refused with ENOSPC where tmpfs would. Counted is as tmpfs does it
// (mm/shmem.c): pages of files and of symlinks of 128 bytes and more; one inode for
// the root, and one for each name. An entry of the account is corrected when
// the call has returned, from what the file then takes up.

const (
	pageSize = 4096
	// longLink is the length from which on a symlink takes a page
	// (SHORT_SYMLINK_LEN with the NUL).
	longLink = 128
	// maxNameless bounds the descriptors held of removed files.
	maxNameless = 256
)

// limit is the account of one tmpfs.
type limit struct {
	pages, inodes uint64 // what there may be, 0: as much as you like
	used, names   uint64 // what there is
	// promised is what calls that are being made may take in addition.
	promised, making uint64
	// nameless are held files that have lost their last name while somebody
	// had them open.
	nameless []int
}

// limits are the accounts of a sandbox.
type limits struct {
	of    map[string]*limit // by the host directory
	files map[dirKey]*limitedFile
	calls map[*tracer.Task]*promise
	now   *promise // of the call at hand
	// mapping are tasks whose mmap is entered for the second time.
	mapping map[int]bool
	// sized says that there is a limit of size, and not of inodes only.
	sized bool
}

// limitedFile is a regular file in a limited tmpfs.
type limitedFile struct {
	l     *limit
	pages uint64
	// ahead says that blocks were allocated past the end, so that those are
	// no artefact of the host's file system.
	ahead bool
	// mapped is the end of what is mapped shared: there, holes are filled
	// without a call.
	mapped int64
}

// promise is a call that changes an account when it has returned.
type promise struct {
	l     *limit
	pages uint64
	names uint64
	// settle enters what has come of it; an error is negative.
	settle func(val int64)
}

// setLimits makes the accounts that the view needs, and keeps those there are.
func (h *handler) setLimits(v *fsview.View) error {
	for _, m := range v.Mounts() {
		if m.Kind != fsview.Tmpfs || m.Size == 0 && m.Inodes == 0 {
			continue
		}
		q := h.limited
		if q == nil {
			q = &limits{of: map[string]*limit{}, files: map[dirKey]*limitedFile{}, calls: map[*tracer.Task]*promise{}, mapping: map[int]bool{}}
			h.limited = q
			h.writes.cond = tracer.IfLimited
		}
		if q.of[m.Source] != nil {
			continue
		}
		l := &limit{pages: m.Size / pageSize, inodes: m.Inodes}
		// What is there already: mount points, the links in /dev.
		err := filepath.WalkDir(m.Source, func(_ string, _ fs.DirEntry, err error) error {
			l.names++
			return err
		})
		if err == nil && l.inodes != 0 && l.names > l.inodes {
			err = fmt.Errorf("nr_inodes=%d: %w for its mount points", l.inodes, unix.ENOSPC)
		}
		if err != nil {
			return fmt.Errorf("mount %s: %w", m.Target, err)
		}
		q.sized = q.sized || l.pages != 0
		q.of[m.Source] = l
	}
	return nil
}

// begin forgets what a task's last call was to come to, if it never returned
// (a signal has made the kernel start it again).
func (q *limits) begin(t *tracer.Task) {
	q.now = nil
	if p := q.calls[t]; p != nil {
		q.end(t, p, -int64(unix.EINTR))
	}
}

// finish sees to it that the promise of the call at hand is settled.
func (q *limits) finish(c *tracer.Call) {
	p := q.now
	if p == nil {
		return
	}
	q.now = nil
	if c.Answered() {
		q.end(c.Task, p, c.Value())
		return
	}
	q.calls[c.Task] = p
	c.Watch(func(r *tracer.Result) { q.end(r.Task, p, r.Val) })
}

func (q *limits) end(t *tracer.Task, p *promise, val int64) {
	delete(q.calls, t)
	p.l.promised -= p.pages
	p.l.making -= p.names
	p.settle(val)
}

// promise notes that the call at hand may take pages and inodes from l.
func (q *limits) promise(l *limit, pages, names uint64, settle func(val int64)) {
	l.promised += pages
	l.making += names
	p := q.now
	if p == nil {
		q.now = &promise{l, pages, names, settle}
		return
	}
	// A rename takes and gives in one.
	first := p.settle
	p.pages, p.names = p.pages+pages, p.names+names
	p.settle = func(val int64) {
		first(val)
		settle(val)
	}
}

// free is the number of pages that may still be taken.
func (l *limit) free() uint64 {
	if l.pages == 0 {
		return 1 << 62
	}
	if n := l.used + l.promised; n < l.pages {
		return l.pages - n
	}
	return 0
}

// full reports whether there is no inode, or no page if one is needed.
func (l *limit) full(page bool) bool {
	return l.inodes != 0 && l.names+l.making >= l.inodes || page && l.free() == 0
}

// pagesOf is what a file takes up.
func (f *limitedFile) pagesOf(st *unix.Stat_t) uint64 {
	n := (uint64(st.Blocks)*512 + pageSize - 1) / pageSize
	if size := pagesUpTo(st.Size); !f.ahead && size < n {
		return size // a file system that allocates in advance, or in large units
	}
	return n
}

func pagesUpTo(end int64) uint64 { return uint64(end+pageSize-1) / pageSize }

// update enters what the file behind fd takes up now.
func (f *limitedFile) update(fd int) {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) == nil {
		n := f.pagesOf(&st)
		f.l.used += n - f.pages
		f.pages = n
	}
}

// fileAt returns the entry of a file, made if need be.
func (q *limits) fileAt(l *limit, st *unix.Stat_t) (f *limitedFile, old bool) {
	k := dirKey{st.Dev, st.Ino}
	f, old = q.files[k]
	if !old {
		f = &limitedFile{l: l}
		q.files[k] = f
	}
	return f, old
}

// sweep settles the files that nobody has open any more.
func (q *limits) sweep(l *limit) {
	keep := l.nameless[:0]
	for _, fd := range l.nameless {
		var st unix.Stat_t
		switch err := unix.Fstat(fd, &st); {
		case err == nil && st.Nlink == 0 && openElsewhere(fd, st.Mode):
			keep = append(keep, fd)
			continue
		case err == nil && st.Nlink == 0:
			q.forget(l, &st)
		}
		unix.Close(fd)
	}
	l.nameless = keep
}

// forget takes a file out of the account.
func (q *limits) forget(l *limit, st *unix.Stat_t) {
	l.names--
	k := dirKey{st.Dev, st.Ino}
	if f := q.files[k]; f != nil {
		l.used -= f.pages
		delete(q.files, k)
	}
}

// lost is told of a file whose last name has just gone; fd holds it, and
// becomes the account's.
func (q *limits) lost(l *limit, fd int, st *unix.Stat_t) {
	if len(l.nameless) < maxNameless && openElsewhere(fd, st.Mode) {
		l.nameless = append(l.nameless, fd)
		return
	}
	q.forget(l, st)
	unix.Close(fd)
}

// openElsewhere asks the kernel whether somebody has the file open that fd
// holds with O_PATH: only where nobody has can a write lease be taken
// (fcntl(2)). A mapping and a descriptor on its way through a socket count.
// Where there are no leases the file counts as gone.
func openElsewhere(fd int, mode uint32) bool {
	name := procSelfFD(fd)
	r, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.EACCES && unix.Chmod(name, mode&0o7777|0o400) == nil {
		r, err = unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		unix.Chmod(name, mode&0o7777)
	}
	if err != nil {
		return true
	}
	defer unix.Close(r)
	_, err = unix.FcntlInt(uintptr(r), unix.F_SETLEASE, unix.F_WRLCK)
	if err == nil {
		unix.FcntlInt(uintptr(r), unix.F_SETLEASE, unix.F_UNLCK)
	}
	return err == unix.EAGAIN
}

func (q *limits) close() {
	if q == nil {
		return
	}
	for _, l := range q.of {
		for _, fd := range l.nameless {
			unix.Close(fd)
		}
	}
}
