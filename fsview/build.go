package fsview

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// builder makes the mount table of a View.
type builder struct {
	v       *View
	scratch func() (string, error)
	dir     string // the scratch directory, once asked for
	nsynth  int    // names used up in it
	ntmp    int
	synth   []string // directories of synthesised parents, to be sealed
	opened  []*Mount
	nextID  int
}

func (b *builder) build(c Config) error {
	v := b.v
	root := c.Root
	root.Target = "/"
	if root.Kind == Overlay && root.Layers != nil && len(root.Layers.Lower) == 0 {
		l := *root.Layers
		l.Lower = []string{root.Source}
		root.Layers = &l
	}
	if err := b.open(&root); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if !root.IsDir() {
		v.release(&root)
		return fmt.Errorf("root: %s: %w", root.Source, unix.ENOTDIR)
	}
	b.enter(&root)
	for i := range c.Mounts {
		m := c.Mounts[i]
		if err := b.add(&m); err != nil {
			return fmt.Errorf("mount %s: %w", c.Mounts[i].Target, err)
		}
	}
	// The placeholders are made; now the synthesised directories are what
	// they pretend to be.
	for _, d := range b.synth {
		if e := v.fs.(Maker).Chmod(d, 0o555); e != 0 {
			return fmt.Errorf("%s: %w", d, e)
		}
	}
	if err := v.finish(false); err != nil {
		return err
	}
	v.table = slices.Clone(v.mounts)
	for i, m := range v.table {
		m.id = i
		if m.Target != "/" {
			m.parent = v.MountAt(path.Dir(m.Target))
		}
	}
	return nil
}

// add enters one mount of the configuration.
func (b *builder) add(m *Mount) error {
	if m.Target == "" || m.Target[0] != '/' {
		return fmt.Errorf("the mount point is not an absolute path: %w", unix.EINVAL)
	}
	if m.Kind == Proc && b.v.links == nil {
		return fmt.Errorf("a proc mount needs Config.Links: %w", unix.EINVAL)
	}
	t, err := b.target(m.Target)
	if err != nil {
		return err
	}
	m.Target = t.guest
	if m.Target == "/" {
		return fmt.Errorf("the root cannot be mounted over: %w", unix.EBUSY)
	}
	if m.Kind == Mask {
		if t.missing != "" {
			return nil // there is nothing to hide
		}
		if err := b.mask(m, t); err != nil {
			return err
		}
	}
	if m.Kind == Overlay {
		if err := b.lowerHere(m, t); err != nil {
			return err
		}
	}
	if err := b.open(m); err != nil {
		return err
	}
	if t.missing != "" {
		if err := b.supply(m, t); err != nil {
			b.v.release(m)
			return err
		}
	} else if t.dir != m.IsDir() {
		b.v.release(m)
		kind := [2]string{"a file", "a directory"}
		return fmt.Errorf("%s is %s, the mount point %s is %s: %w", m.Source, kind[btoi(m.IsDir())],
			m.Target, kind[btoi(t.dir)], unix.ENOTDIR)
	}
	b.enter(m)
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// enter puts an opened mount into the trie.
func (b *builder) enter(m *Mount) {
	m.id = b.nextID
	b.nextID++
	m.measure()
	// What m covers cannot be reached any more.
	if n, _ := b.v.trie.find(m.Target); n != nil {
		m.glue = m.glue || n.mount != nil && n.mount.glue
		n.each(func(old *Mount) {
			b.v.bury(old, m)
			b.close(old)
		})
	}
	b.v.trie.put(m)
	b.opened = append(b.opened, m)
}

// measure works out where the rest of a path starts.
func (m *Mount) measure() {
	m.tlen, m.slen = len(m.Target), len(m.Source)
	if m.Target == "/" {
		m.tlen = 0
	}
	if m.Source == "/" {
		m.slen = 0
	}
}

func (b *builder) close(m *Mount) {
	for i, o := range b.opened {
		if o == m {
			b.v.release(m)
			b.opened = append(b.opened[:i], b.opened[i+1:]...)
			return
		}
	}
}

// sources are the host trees of the kinds that have a natural one.
var sources = map[Kind]string{
	Proc: "/proc", Sysfs: "/sys", Devpts: "/dev/pts", Mqueue: "/dev/mqueue", Cgroup: "/sys/fs/cgroup",
}

// Natural is the host directory that a mount of this kind shows if it names none.
func Natural(k Kind) string { return sources[k] }

// open makes or finds the source of m, holds it and makes its path canonical.
func (b *builder) open(m *Mount) error {
	fs := b.v.fs
	switch {
	case m.Kind == Overlay:
		if err := b.openOverlay(m); err != nil {
			return err
		}
	case m.Kind == Tmpfs && m.Source == "":
		mode := m.Mode
		if mode == 0 {
			mode = 0o1777
		}
		b.ntmp++
		dir, err := b.mkdir("tmpfs", b.ntmp, mode&0o7777)
		if err != nil {
			return err
		}
		m.Source, m.own = dir, true
	case m.Source == "":
		if m.Source = sources[m.Kind]; m.Source == "" {
			return fmt.Errorf("the mount has no source: %w", unix.EINVAL)
		}
	}
	h, e := fs.Root(m.Source)
	if e != 0 {
		m.ov.drop()
		return fmt.Errorf("source %s: %w", m.Source, e)
	}
	st, e := fs.Stat(h)
	if e != 0 {
		fs.Close(h)
		m.ov.drop()
		return fmt.Errorf("source %s: %w", m.Source, e)
	}
	p, live := fs.Path(h, nil)
	if p == nil || !live {
		fs.Close(h)
		m.ov.drop()
		return fmt.Errorf("source %s: it has no path any more: %w", m.Source, unix.ENOENT)
	}
	m.Source = string(p)
	m.hold(h, st)
	return nil
}

// mask chooses what is shown instead of a masked object: an empty directory,
// or the null device as OCI runtimes do.
func (b *builder) mask(m *Mount, t target) error {
	if m.Source != "" {
		return nil
	}
	if !t.dir {
		m.Source = "/dev/null"
		return nil
	}
	b.nsynth++
	dir, err := b.mkdir("synth", b.nsynth, 0o755)
	if err != nil {
		return err
	}
	b.synth = append(b.synth, dir)
	m.Source, m.own = dir, true
	m.Flags |= ReadOnly
	return nil
}

// mkdir makes <scratch>/kind/n.
func (b *builder) mkdir(kind string, n int, mode uint32) (string, error) {
	mk, ok := b.v.fs.(Maker)
	if !ok || b.scratch == nil {
		return "", fmt.Errorf("a scratch directory is needed, and there is none: %w", unix.EINVAL)
	}
	if b.dir == "" {
		d, err := b.scratch()
		if err != nil {
			return "", fmt.Errorf("scratch directory: %w", err)
		}
		b.dir = d
	}
	top := path.Join(b.dir, kind)
	if e := mk.Mkdir(top, 0o755); e != 0 && e != unix.EEXIST {
		return "", fmt.Errorf("%s: %w", top, e)
	}
	dir := path.Join(top, strconv.Itoa(n))
	if e := mk.Mkdir(dir, mode); e != 0 {
		return "", fmt.Errorf("%s: %w", dir, e)
	}
	return dir, nil
}

// supply makes the mount point that the view lacks. Inside a directory of our
// own it is really made. In one of the user's nothing is touched: the topmost
// missing directory becomes a Synth mount with the rest below it.
func (b *builder) supply(m *Mount, t target) error {
	parent := b.v.MountAt(path.Dir(t.missing))
	if parent.own {
		return b.placeholders(parent, parent.Source+t.missing[parent.tlen:], t.guest[len(t.missing):], m.IsDir())
	}
	m.glue = t.missing == t.guest
	if m.glue {
		return nil
	}
	b.nsynth++
	dir, err := b.mkdir("synth", b.nsynth, 0o755)
	if err != nil {
		return err
	}
	s := &Mount{Target: t.missing, Source: dir, Kind: Synth, Flags: ReadOnly, own: true, glue: true}
	if err := b.open(s); err != nil {
		return err
	}
	s.own, s.glue = true, true
	b.synth = append(b.synth, s.Source)
	b.enter(s)
	rest := t.guest[len(t.missing)+1:]
	first, more, _ := strings.Cut(rest, "/")
	if more != "" {
		more = "/" + more
	}
	return b.placeholders(s, s.Source+"/"+first, more, m.IsDir())
}

// placeholders makes the object at host and what rest names below it. All but
// the last are directories; the last one is what dir says.
func (b *builder) placeholders(in *Mount, host, rest string, dir bool) error {
	mk := b.v.fs.(Maker)
	for {
		var e unix.Errno
		if rest == "" && !dir {
			e = mk.Mkfile(host, 0o444)
		} else if e = mk.Mkdir(host, 0o755); e == 0 && in.Kind != Tmpfs {
			b.synth = append(b.synth, host)
		}
		if e != 0 {
			return fmt.Errorf("%s: %w", host, e)
		}
		if rest == "" {
			return nil
		}
		name, more, found := strings.Cut(rest[1:], "/")
		host += "/" + name
		if rest = ""; found {
			rest = "/" + more
		}
	}
}
