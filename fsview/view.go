package fsview

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/linux"
)

// Config says what a View shows.
type Config struct {
	// FS is the host; nil means OS{}.
	FS FS
	// Root is shown at "/". Its Target may be empty.
	Root Mount
	// Mounts are entered in order; a later one shadows what it covers.
	Mounts []Mount
	// Scratch returns a private host directory. It is called once, and only
	// if a tmpfs, a mask or a missing mount point needs it. FS must be a Maker
	// then.
	Scratch func() (string, error)
	// Links answers for the symlinks of Proc mounts; needed if there is one.
	Links Links
}

// View is a file system view. It is not safe for concurrent use.
type View struct {
	fs     FS
	links  Links
	hider  Hider // links again, if it hides anything
	trie   node
	mounts []*Mount // those that can be reached, root first
	table  []*Mount // these and what they cover, in the order of mounting
	back   []*Mount // the same, longest Source first, for the way back
	above  map[devIno]bool
	over   map[devIno]bool // directories above those of points, at whichever place
	points map[string]bool // host paths of the objects that are mounted on
	buried []string        // those of points that no mount of the table lies on any more
	merged []Dir
	// ups are the directories above mount points, but roots of mounts: they may
	// not be reached by their paths when a walk leaves a mount.
	ups  map[*Mount]Handle
	w    walker
	path []byte // of the handle at hand

	protected bool   // fs.protected_symlinks is on
	uid       uint32 // who follows symlinks
}

type devIno struct{ dev, ino uint64 }

// New builds a view. Sources are opened and held; a Target is resolved in the
// view as built so far, symlinks included. On error nothing stays open; scratch
// directories are the caller's to remove in any case.
func New(c Config) (*View, error) {
	v := &View{fs: c.FS, links: c.Links, above: map[devIno]bool{}, over: map[devIno]bool{}, points: map[string]bool{}, uid: uint32(os.Geteuid())}
	v.hider, _ = c.Links.(Hider)
	if v.fs == nil {
		v.fs = OS{}
	}
	if _, ok := v.fs.(OS); ok {
		b, err := linux.ReadFile("/proc/sys/fs/protected_symlinks")
		v.protected = err == nil && len(b) > 0 && b[0] != '0'
	}
	v.w = walker{v: v, body: make([]byte, pathMax), cur: NoHandle}
	b := builder{v: v, scratch: c.Scratch}
	if err := b.build(c); err != nil {
		for _, m := range b.opened {
			v.release(m)
		}
		v.dropUps()
		return nil, err
	}
	return v, nil
}

// Close gives up the held descriptors.
func (v *View) Close() {
	release(v.fs, v.table)
	v.mounts, v.table = nil, nil
	v.dropUps()
}

func (v *View) dropUps() {
	for _, h := range v.ups {
		v.fs.Close(h)
	}
	v.ups = nil
}

// release gives up what a mount holds.
func (v *View) release(m *Mount) { release(v.fs, []*Mount{m}) }

func release(fs FS, list []*Mount) {
	for _, m := range list {
		if *m.refs--; *m.refs == 0 {
			fs.Close(m.root)
		}
		m.ov.drop()
	}
}

// Mounts returns the mounts that can be reached, root first, in the order of
// the configuration; Synth mounts come before the mount that needed them.
// Target and Source are canonical.
func (v *View) Mounts() []*Mount { return v.mounts }

// Table returns all mounts, those that others cover included, in the order of
// mounting.
func (v *View) Table() []*Mount { return v.table }

// MountAt returns the mount that covers the canonical guest path.
func (v *View) MountAt(guest string) *Mount {
	_, m := v.trie.find(guest)
	return m
}

// HostOf is the host path of a canonical guest path that lies in m, unless m is
// an Overlay.
func (m *Mount) HostOf(guest string) string {
	if guest == "/" {
		guest = ""
	}
	if len(guest) < m.tlen {
		return ""
	}
	return m.Source[:m.slen] + guest[m.tlen:]
}

// Stat describes a handle, such as Resolution.Held.
func (v *View) Stat(h Handle) (Stat, unix.Errno) { return v.fs.Stat(h) }

// Dir is a host directory whose listing in the view has more names than the
// host knows: mount points that exist only in the view.
type Dir struct {
	Dev, Ino    uint64
	Host, Guest string
	Names       []Name
}

// Name is such a name, as getdents(2) shows it.
type Name struct {
	Name string
	Ino  uint64
	Type uint8 // DT_DIR, DT_REG …
}

// Merged returns the directories whose listings lack names.
func (v *View) Merged() []Dir { return v.merged }

// finish computes what depends on the whole table. Where the host's directories
// above a mount point are gone, the mount is still there for those who name it,
// as one in another namespace is; gone says that this is no error.
func (v *View) finish(gone bool) error {
	v.trie.each(func(m *Mount) { v.mounts = append(v.mounts, m) })
	slices.SortFunc(v.mounts, func(a, b *Mount) int { return a.id - b.id })
	for _, m := range v.mounts {
		v.back = append(v.back, m.sources()...)
	}
	slices.SortStableFunc(v.back, func(a, b *Mount) int {
		if d := b.slen - a.slen; d != 0 {
			return d
		}
		return b.id - a.id
	})
	for _, p := range v.buried {
		v.points[p] = true
	}
	for _, m := range v.mounts[1:] {
		if err := v.note(m); err != nil && !gone {
			return fmt.Errorf("mount %s: %w", m.Target, err)
		}
	}
	v.noteOver()
	return nil
}

// noteOver enters the directories above the objects that are mounted on, wherever
// else the view shows them: a walk must know what it finds there for busy.
func (v *View) noteOver() {
	for p := range v.points {
		for _, m := range v.mounts {
			if m.ov != nil || !m.IsDir() || !strings.HasPrefix(p, m.Source[:m.slen]+"/") {
				continue
			}
			for rel := p[m.slen+1:]; rel != ""; {
				rel = strings.TrimSuffix(rel[:strings.LastIndexByte(rel, '/')+1], "/")
				h, e := v.fs.Open(m.root, rel, false)
				if e != 0 {
					continue
				}
				if st, e := v.fs.Stat(h); e == 0 {
					v.over[devIno{st.Dev, st.Ino}] = true
				}
				v.fs.Close(h)
			}
		}
	}
}

// bury notes where old was mounted, or what m is mounted on instead: m covers
// old, which keeps its place for the kernel.
func (v *View) bury(old, m *Mount) {
	if old.Target == m.Target {
		if old.ov == nil {
			v.buried = append(v.buried, old.Source)
		}
		return
	}
	if p := v.MountAt(old.Target[:chop([]byte(old.Target))]); p.ov == nil && !old.glue {
		v.buried = append(v.buried, p.HostOf(old.Target))
	}
}

// note enters the directories above a mount point, and the name that its
// parent may lack.
func (v *View) note(m *Mount) error {
	g := []byte(m.Target)
	name := string(g[chop(g)+1:])
	first := true
	for {
		g = g[:chop(g)]
		p := v.MountAt(string(g))
		if p.ov != nil {
			return nil // nothing in it is plain, and Names tells of its mount points
		}
		host := p.Source[:p.slen] + string(g[p.tlen:])
		h, e := v.fs.Open(p.root, string(g[min(p.tlen+1, len(g)):]), false)
		if e != 0 {
			return fmt.Errorf("%s: %w", host, e)
		}
		st, e := v.fs.Stat(h)
		if e == 0 && first && len(g) > p.tlen {
			if v.ups == nil {
				v.ups = map[*Mount]Handle{}
			}
			v.ups[m] = h
		} else {
			v.fs.Close(h)
		}
		if e != 0 {
			return fmt.Errorf("%s: %w", host, e)
		}
		v.above[devIno{st.Dev, st.Ino}] = true
		if first && !m.glue {
			v.points[strings.TrimSuffix(host, "/")+"/"+name] = true
		}
		if first && m.glue {
			v.addName(st, host, string(g), Name{name, m.st.Ino, uint8(m.st.Mode >> 12)})
		}
		first = false
		if len(g) == p.tlen {
			return nil // what lies above is noted for p itself
		}
	}
}

func (v *View) addName(st Stat, host, guest string, n Name) {
	if host == "" {
		host = "/"
	}
	if guest == "" {
		guest = "/"
	}
	for i := range v.merged {
		d := &v.merged[i]
		if d.Dev == st.Dev && d.Ino == st.Ino && d.Guest == guest {
			d.Names = append(d.Names, n)
			return
		}
	}
	v.merged = append(v.merged, Dir{st.Dev, st.Ino, host, guest, []Name{n}})
}
