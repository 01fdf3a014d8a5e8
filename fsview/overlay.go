package fsview

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Layers are the directories of an Overlay mount.
type Layers struct {
	// Lower are shown through each other, the topmost first. They are never
	// changed. None means the directory that the mount point shows so far.
	Lower []string
	// Upper takes all changes; "" makes the mount read-only.
	Upper string
	// Work is an empty directory on Upper's file system, in which changes are
	// prepared; "" means a directory beside Upper.
	Work string
	// Scratch, in place of Upper and Work, is a scratch directory of the view.
	Scratch bool
	// Volatile leaves out the fsync after a copy-up.
	Volatile bool
}

// Union is a union of directories with the semantics of Linux' overlayfs,
// mounted with userxattr and without redirect_dir, index and metacopy: the
// kernel shows the same tree when it mounts the same layers. All its methods
// act with the rights of the calling thread, and Rel paths are relative to the
// mount, clean, without symlinks and without a leading slash; "" is the root.
type Union struct {
	layers   []layer // topmost first; if upper is set, the first is writable
	upper    bool
	work     int // descriptor of the directory for preparation, -1 without upper
	workPath string
	lock     int
	seq      int
	volatile bool
	xattrWh  bool // whiteouts cannot be device nodes here
	refs     int  // mounts that show it
	copied   map[devIno]fileCopy
	placed   map[string]devIno // whose copies are where
}

type layer struct {
	path string // canonical
	root int    // O_PATH
	slen int    // len(path), 0 for "/"
}

// Union returns the union behind an Overlay mount, else nil.
func (m *Mount) Union() *Union { return m.ov }

// Rel is the canonical guest path relative to m, which must cover it; for an
// Overlay it is relative to the union.
func (m *Mount) Rel(guest string) string {
	rel := strings.TrimPrefix(guest[min(m.tlen, len(guest)):], "/")
	switch {
	case m.sub == "":
		return rel
	case rel == "":
		return m.sub
	}
	return m.sub + "/" + rel
}

// Writable says whether there is an upper directory.
func (o *Union) Writable() bool { return o.upper }

// Lowers are the held lower directories, by host path. The handles stay the
// union's, as does Work, the directory in which changes are prepared.
func (o *Union) Lowers() map[string]Handle {
	out := map[string]Handle{}
	for i, l := range o.layers {
		if i > 0 || !o.upper {
			out[l.path] = Handle(l.root)
		}
	}
	return out
}

// Work is NoHandle without an upper directory.
func (o *Union) Work() Handle { return Handle(o.work) }

// UpperPath is the host path that rel has in the upper directory.
func (o *Union) UpperPath(rel string) string { return o.layers[0].host(rel) }

func (l *layer) host(rel string) string {
	if rel == "" {
		return l.path
	}
	return l.path[:l.slen] + "/" + rel
}

// openOverlay checks the layers of m and holds them.
func (b *builder) openOverlay(m *Mount) error {
	if m.Layers == nil || len(m.Layers.Lower) == 0 {
		return fmt.Errorf("an overlay without a lower directory: %w", unix.EINVAL)
	}
	if _, ok := b.v.fs.(OS); !ok {
		return fmt.Errorf("an overlay needs the host's file system: %w", unix.EOPNOTSUPP)
	}
	c := *m.Layers
	var scratch string
	if c.Scratch {
		if c.Upper != "" || c.Work != "" {
			return fmt.Errorf("an overlay with an upper directory that is thrown away has no other: %w", unix.EINVAL)
		}
		b.ntmp++
		dir, err := b.mkdir("overlay", b.ntmp, 0o755)
		if err != nil {
			return err
		}
		scratch = b.dir
		c.Upper, c.Work, c.Volatile = dir+"/upper", dir+"/work", true
		for _, d := range []string{c.Upper, c.Work} {
			if e := (OS{}).Mkdir(d, 0o755); e != 0 {
				return fmt.Errorf("%s: %w", d, e)
			}
		}
	}
	o := &Union{work: -1, lock: -1, refs: 1, volatile: c.Volatile, copied: map[devIno]fileCopy{}, placed: map[string]devIno{}}
	if err := o.open(c, scratch); err != nil {
		o.close()
		return err
	}
	if !o.upper {
		m.Flags |= ReadOnly
	}
	m.ov, m.Source = o, o.layers[0].path
	return nil
}

// lowerHere makes the directory that the mount covers its lower directory, if
// it names none.
func (b *builder) lowerHere(m *Mount, t target) error {
	if m.Layers == nil || len(m.Layers.Lower) > 0 {
		return nil
	}
	if t.missing != "" || !t.dir {
		return fmt.Errorf("no lower directory is given, and the mount point is none: %w", unix.ENOTDIR)
	}
	var r Resolution
	if e := b.v.Resolve(&Request{Path: t.guest, Follow: true, NeedHost: true}, &r); e != 0 {
		return e
	}
	if r.Merged {
		return fmt.Errorf("no lower directory is given, and the mount point shows several: %w", unix.EINVAL)
	}
	l := *m.Layers
	l.Lower = []string{string(r.Host)}
	m.Layers = &l
	return nil
}

// Layers tells where the directories are.
func (o *Union) Layers() (l Layers) {
	for i := range o.layers {
		if i == 0 && o.upper {
			l.Upper, l.Work = o.layers[0].path, strings.TrimSuffix(o.workPath, "/work")
			continue
		}
		l.Lower = append(l.Lower, o.layers[i].path)
	}
	l.Volatile = o.volatile
	return l
}

// drop gives up one mount's share.
func (o *Union) drop() {
	if o == nil {
		return
	}
	if o.refs--; o.refs == 0 {
		o.close()
	}
}

func (o *Union) close() {
	if o == nil {
		return
	}
	for _, l := range o.layers {
		unix.Close(l.root)
	}
	for _, fd := range []int{o.work, o.lock} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	o.layers, o.work, o.lock = nil, -1, -1
}

// hold adds a layer.
func (o *Union) hold(what, dir string) error {
	fail := func(err error) error { return fmt.Errorf("%s %s: %w", what, dir, err) }
	if !filepath.IsAbs(dir) {
		return fail(errors.New("not an absolute path"))
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail(err)
	}
	p, live := (OS{}).Path(Handle(fd), nil)
	if !live {
		unix.Close(fd)
		return fail(unix.ENOENT)
	}
	l := layer{path: string(p), root: fd}
	if l.slen = len(l.path); l.path == "/" {
		l.slen = 0
	}
	o.layers = append(o.layers, l)
	return nil
}

// open holds the layers. They must not lie in each other: what one call changes
// in the upper directory would change behind another name as well, and looking
// up would not end. The kernel refuses that too (ELOOP).
func (o *Union) open(c Layers, scratch string) error {
	if c.Upper != "" {
		if err := o.hold("upper directory", c.Upper); err != nil {
			return err
		}
		o.upper = true
		if err := unix.Access(o.layers[0].path, unix.W_OK|unix.X_OK); err != nil {
			return fmt.Errorf("upper directory %s: it cannot be written: %w", c.Upper, err)
		}
	} else if c.Work != "" {
		return fmt.Errorf("work directory %s: it is of no use without an upper directory: %w", c.Work, unix.EINVAL)
	}
	for _, d := range c.Lower {
		if err := o.hold("lower directory", d); err != nil {
			return err
		}
	}
	for i := range o.layers {
		for j := range o.layers[:i] {
			if err := apart(&o.layers[j], &o.layers[i], scratch); err != nil {
				return err
			}
		}
	}
	if !o.upper {
		return nil
	}
	if err := o.openWork(c.Work, scratch); err != nil {
		return err
	}
	if scratch == "" {
		return nil
	}
	// A lower directory that contains the scratch directory would show the
	// view its own innards.
	for i := range o.layers[1:] {
		l := &o.layers[i+1]
		if rel, ok := strings.CutPrefix(scratch, l.path[:l.slen]+"/"); ok {
			if e := o.hide(rel); e != 0 {
				return fmt.Errorf("hiding %s: %w", scratch, e)
			}
		}
	}
	return nil
}

func apart(a, b *layer, scratch string) error {
	inside := func(x, y *layer) bool { return x.path == y.path || strings.HasPrefix(x.path, y.path[:y.slen]+"/") }
	in := a
	switch {
	case inside(a, b):
	case inside(b, a):
		in = b
	default:
		return nil
	}
	if scratch != "" && in.path != scratch && strings.HasPrefix(in.path, scratch+"/") {
		return nil // hidden below
	}
	return fmt.Errorf("the directories %s and %s overlap: %w", a.path, b.path, unix.ELOOP)
}

// openWork takes the work directory into use. What an earlier run left there
// when it was killed was never visible; it is removed. The directory "work" in
// it is the kernel's, too.
func (o *Union) openWork(dir, scratch string) error {
	up := &o.layers[0]
	if dir == "" {
		// Beside the upper directory, hidden, and found again next time.
		parent, base := filepath.Split(up.path)
		if base == "" {
			return fmt.Errorf("the upper directory %s needs a work directory: %w", up.path, unix.EINVAL)
		}
		dir = parent + "." + base + ".ptbox-work"
		if err := unix.Mkdir(dir, 0o700); err != nil && err != unix.EEXIST {
			return fmt.Errorf("work directory %s: %w (name another one on the file system of the upper directory)", dir, err)
		}
	}
	w := Union{work: -1, lock: -1}
	if err := w.hold("work directory", dir); err != nil {
		return err
	}
	defer w.close()
	wl := &w.layers[0]
	for i := range o.layers {
		if err := apart(wl, &o.layers[i], scratch); err != nil {
			return err
		}
	}
	var a, b unix.Stat_t
	if unix.Fstat(up.root, &a) != nil || unix.Fstat(wl.root, &b) != nil || a.Dev != b.Dev {
		return fmt.Errorf("work directory %s: it must lie on the file system of the upper directory: %w", dir, unix.EXDEV)
	}
	top := wl.path + "/work"
	if err := unix.Mkdir(top, 0o700); err != nil && err != unix.EEXIST {
		return fmt.Errorf("work directory %s: %w", dir, err)
	}
	var err error
	if o.lock, err = unix.Open(top, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("work directory %s: %w", top, err)
	}
	if err := unix.Flock(o.lock, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return fmt.Errorf("work directory %s: another sandbox uses it: %w", dir, unix.EBUSY)
	}
	old, err := os.ReadDir(top)
	if err != nil {
		return fmt.Errorf("work directory %s: %w", top, err)
	}
	for _, e := range old {
		if err := RemoveScratch(filepath.Join(top, e.Name())); err != nil {
			return fmt.Errorf("work directory %s: %w", top, err)
		}
	}
	o.work, o.workPath = o.lock, top
	o.lock = -1
	return o.probe()
}

// probe finds out how the upper directory can hold a whiteout: as a device
// node 0:0, which anybody may make since Linux 5.8, or as an empty file with
// an xattr, which the kernel's overlayfs knows since Linux 6.7.
func (o *Union) probe() error {
	name := o.tmp()
	err := unix.Mknodat(o.work, name, unix.S_IFCHR, 0)
	if err == nil {
		return unix.Unlinkat(o.work, name, 0)
	}
	fd, e := unix.Openat(o.work, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if e == nil {
		e = unix.Fsetxattr(fd, xattrWhiteout, []byte("y"), 0)
		unix.Close(fd)
		unix.Unlinkat(o.work, name, 0)
	}
	if e != nil {
		return fmt.Errorf("%s: the file system can hold no whiteout, neither as a device (%w) nor as an xattr: %w", o.workPath, err, e)
	}
	o.xattrWh = true
	return nil
}

// tmp is a name in the work directory that is not in use.
func (o *Union) tmp() string {
	o.seq++
	return "#" + strconv.Itoa(o.seq)
}

// procFD names a descriptor for the calls that do not take an O_PATH one.
func procFD(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }
