package difftest

import (
	"fmt"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
)

// World is a view made from a seed, in which many random scripts run.
type World struct {
	Seed uint64
	Case Case
	// Copies says how many scripts can run: an overlay is used once, as
	// nobody may change the layers of a mounted one. 0 means any number.
	Copies int

	// known are paths of the guest that are probably there; dirs those of
	// directories.
	known, dirs []string
	tmpfs       []string
	proc        bool
	// nested says that the source of a mount lies in a directory that another
	// one shows.
	nested bool
	// deep says that a mount point lies below a directory other than "/".
	deep bool
	// shut says that something on a read-only mount may lie in a directory that
	// cannot be read.
	shut bool
	// closed says that a directory may not be searched from the start.
	closed bool
	// twice says that something may be shown at two places.
	twice bool
}

// copyMark stands for the number of the script in the paths of a world with
// copies.
const copyMark = "@@"

// alphabet is small, so that names meet.
var alphabet = []string{"a", "b", "c", "d", "f", "g", "l"}

// maker makes a world.
type maker struct {
	*rand.Rand
	w            *World
	tree, mounts strings.Builder
	// plain leaves out what the kernel's overlayfs, mounted by root, could
	// copy up and an ordinary user could not.
	plain bool
	// own and files are the root's directories and files.
	own, files []string
	// missing says that mount points need not be there. What the native side
	// has to make for them must not be seen at another place.
	missing bool
}

// NewWorld makes the world of a seed.
func NewWorld(seed uint64) *World {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 1)), w: &World{Seed: seed}}
	w := m.w
	w.Case.Name = fmt.Sprintf("fuzz-%d", seed)
	overlay := m.chance(25)
	m.plain = overlay
	root := m.dir("", 7, 6, 6)
	srcM, srcN := m.dir("@m", 3, 4, 3), m.dir("@n", 2, 3, 2)
	m.entry("f", "@file", "")
	w.add(root, "")
	m.own, m.files = slices.Clone(w.dirs), root.files
	m.missing = m.chance(40)
	if overlay {
		m.overlays()
	}
	if m.chance(15) && !overlay {
		w.Case.RootFlags = "ro"
	}
	for range 1 + m.IntN(5) {
		m.bind(srcM, srcN)
	}
	if m.chance(40) {
		m.mountAt("tmpfs", m.target(true), "")
	}
	if m.chance(20) {
		m.entry("d", "/proc", "")
		fmt.Fprintln(&m.mounts, "proc /proc")
		w.proc = true
	}
	for l := range strings.Lines(m.mounts.String()) {
		f := strings.Fields(l)
		w.deep = w.deep || slices.ContainsFunc(f[1:min(len(f), 3)], func(at string) bool { return strings.Count(at, "/") > 1 && at[0] == '/' })
	}
	w.Case.Tree, w.Case.Mounts = m.tree.String(), m.mounts.String()
	w.shut = (w.Case.RootFlags == "ro" || strings.Contains(w.Case.Mounts, " ro\n")) && unreadable.MatchString(w.Case.Tree)
	w.twice = len(twice.FindAllString(w.Case.Mounts, 2)) > 1 || strings.Contains(w.Case.Mounts, "bind /")
	w.closed = unsearched.MatchString(w.Case.Tree)
	return w
}

// twice are binds of directories outside of the root.
var twice = regexp.MustCompile(`(?m)^bind @[mn]`)

// unsearched are directories that an ordinary user may not search.
var unsearched = regexp.MustCompile(`(?m)^d .* 0[06]00$|^root:d .* 0\d00$`)

// unreadable are directories without the right to read.
var unreadable = regexp.MustCompile(`(?m)^d .* 0[0123]\d\d$`)

func (m *maker) chance(percent int) bool { return m.IntN(100) < percent }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// part is a directory tree as it looks from its top.
type part struct{ dirs, files, links []string }

// add enters a part that is shown at a guest path.
func (w *World) add(p part, at string) {
	for _, d := range p.dirs {
		w.dirs = append(w.dirs, path.Join("/", at, d))
	}
	for _, l := range [][]string{p.dirs, p.files, p.links} {
		for _, f := range l {
			w.known = append(w.known, path.Join("/", at, f))
		}
	}
}

// entry writes a line of the tree. Some objects are such that the user may not
// use them.
func (m *maker) entry(kind, at, more string) {
	switch {
	case m.plain:
	case kind == "d" && m.chance(8):
		more = pick(m.Rand, []string{"0000", "0500", "0300", "0600", "1777"})
	case kind == "f" && m.chance(10):
		more = pick(m.Rand, []string{"0000", "0444", "0200", "0755", "4755"})
	}
	if !m.plain && kind != "l" && m.chance(6) {
		kind = "root:" + kind
	}
	fmt.Fprintln(&m.tree, kind, at, more)
}

// dir makes a random directory tree at a place; "" is the root.
func (m *maker) dir(at string, dirs, files, links int) part {
	p := part{dirs: []string{"/"}}
	if at != "" {
		m.entry("d", at, "")
	}
	taken := map[string]bool{}
	name := func() string {
		for range 10 {
			n := path.Join(pick(m.Rand, p.dirs), pick(m.Rand, alphabet))
			if !taken[n] && strings.Count(n, "/") < 5 {
				taken[n] = true
				return n
			}
		}
		return ""
	}
	for range dirs {
		if n := name(); n != "" {
			p.dirs = append(p.dirs, n)
			m.entry("d", at+n, "")
		}
	}
	for range files {
		if n := name(); n != "" {
			p.files = append(p.files, n)
			kind := "f"
			if m.chance(8) && !m.plain {
				kind = "p"
			}
			m.entry(kind, at+n, "")
		}
	}
	for range links {
		if n := name(); n != "" {
			p.links = append(p.links, n)
			m.entry("l", at+n, m.body(p))
		}
	}
	return p
}

// body makes a symlink's target.
func (m *maker) body(p part) string {
	some := append(append(append(slices.Clone(p.dirs), p.files...), p.links...), m.w.known...)
	switch m.IntN(9) {
	case 0, 1:
		return pick(m.Rand, some)
	case 2:
		return pick(m.Rand, alphabet)
	case 3:
		return "../" + pick(m.Rand, alphabet)
	case 4:
		return pick(m.Rand, []string{".", "..", "../..", "../../../..", "/", "./."})
	case 5:
		return pick(m.Rand, some) + "/"
	case 6:
		return pick(m.Rand, alphabet) + "/" + pick(m.Rand, alphabet)
	case 7:
		return "nowhere"
	}
	return pick(m.Rand, some) + "/../" + pick(m.Rand, alphabet)
}

// target chooses a mount point that is not in a tmpfs or procfs.
func (m *maker) target(dir bool) string {
	for range 20 {
		var t string
		switch {
		case m.missing && m.chance(15):
			t = path.Join(pick(m.Rand, m.own), "new")
		case m.missing && m.chance(5):
			t = path.Join(pick(m.Rand, m.own), "new", "deep")
			if strings.Contains(m.mounts.String(), " "+path.Dir(t)+" ") {
				continue // it would be made in what is mounted there
			}
		case dir:
			t = pick(m.Rand, m.w.dirs)
		default:
			if t = pick(m.Rand, m.files); m.missing && m.chance(30) {
				t = path.Join(pick(m.Rand, m.own), "file")
			}
		}
		if t != "/" && !slices.ContainsFunc(m.w.tmpfs, func(p string) bool { return strings.HasPrefix(t+"/", p+"/") }) {
			return t
		}
	}
	return m.own[len(m.own)-1]
}

func (m *maker) mountAt(what, at, options string) {
	fmt.Fprintln(&m.mounts, what, at, options)
	m.w.known = append(m.w.known, at, at)
	below := func(d string) bool { return strings.HasPrefix(d+"/", at+"/") }
	m.own, m.w.dirs, m.files = slices.DeleteFunc(m.own, below), slices.DeleteFunc(m.w.dirs, below), slices.DeleteFunc(m.files, below)
	if len(m.own) == 0 {
		m.own = []string{"/"}
	}
	if what == "tmpfs" {
		m.w.tmpfs = append(m.w.tmpfs, at)
		m.w.dirs = append(m.w.dirs, at)
	}
}

func (m *maker) bind(srcM, srcN part) {
	options := ""
	if m.chance(30) {
		options = "ro"
	} else if m.chance(10) {
		options = "noexec"
	}
	src, sub, from := "@m", "", srcM
	switch m.IntN(8) {
	case 0, 1:
		src, from = "@n", srcN
	case 2:
		sub = pick(m.Rand, srcM.dirs)
	case 3:
		if m.w.Case.RootFlags == "" && !m.missing {
			src, from = "/", part{dirs: []string{"/"}}
			sub = pick(m.Rand, m.w.dirs)
			if strings.HasPrefix(sub, "/o/") || !strings.Contains(m.tree.String(), " "+sub+" ") {
				src, sub, from = "@m", "", srcM
			}
		}
	case 4, 5:
		if len(m.files) == 0 {
			break
		}
		file := "@file"
		if len(srcM.files) > 0 && m.chance(50) {
			file = "@m" + pick(m.Rand, srcM.files)
			m.w.nested = true
		}
		m.mountAt("bind "+file, m.target(false), options)
		return
	}
	m.w.nested = m.w.nested || sub != ""
	at := m.target(true)
	m.mountAt("bind "+path.Clean(src+sub), at, options)
	if sub == "" || sub == "/" {
		m.w.add(from, at)
	} else {
		m.w.dirs = append(m.w.dirs, at)
	}
}

// overlays makes a row of equal overlays, one for each script.
func (m *maker) overlays() {
	w := m.w
	w.Copies = 12
	state := *m.Rand
	seed := state.Uint64()
	layers := 1 + m.IntN(2)
	var shown []part
	inner := m.chance(30)
	for i := range w.Copies {
		// The same for each copy.
		sub := &maker{Rand: rand.New(rand.NewPCG(seed, 2)), w: &World{known: w.known}, plain: true}
		shown = shown[:0]
		var lower []string
		for l := range layers {
			at := fmt.Sprintf("@o/%d/%d", i, l)
			lower = append(lower, at)
			shown = append(shown, sub.dir(at, 4, 5, 4))
			sub.w.known = append(slices.Clone(w.known), shown[l].dirs...)
		}
		upper := ""
		if sub.chance(90) || layers < 2 {
			upper = fmt.Sprintf(",upper=@o/%d/u", i)
			if sub.chance(40) {
				shown = append(shown, sub.dir(upper[7:], 2, 3, 2))
				fmt.Fprintf(&sub.tree, "w %s/w%s\n", upper[7:], pick(sub.Rand, alphabet))
			}
		}
		fmt.Fprintf(&m.tree, "d /o/%d\n", i)
		m.tree.WriteString(sub.tree.String())
		fmt.Fprintf(&m.mounts, "overlay /o/%d lower=%s%s\n", i, strings.Join(lower, ":"), upper)
		if at := pick(sub.Rand, shown[0].dirs); inner && at != "/" {
			fmt.Fprintf(&m.mounts, "bind @n /o/%d%s\n", i, at)
		}
	}
	for _, s := range shown {
		// More often than the rest: this is what the world is about.
		for range 3 {
			w.known = append(w.known, (&World{}).with(s, "/o/"+copyMark)...)
		}
	}
	w.Case.NoInodes = true
}

func (w *World) with(p part, at string) []string {
	w.add(p, at)
	return w.known
}

// Prune says which directories belong to one script only, before the script
// with number n runs (all of them if n is negative).
func (w *World) Prune(n int) func(rel string) bool {
	if w.Copies == 0 {
		return nil
	}
	mine := fmt.Sprintf("/src/o/%d", n)
	return func(rel string) bool {
		return rel != mine && strings.HasPrefix(rel, "/src/o/") && strings.Count(rel, "/") == 3
	}
}

// Script is a sequence of calls as script number n of a session.
func (w *World) Script(calls []string, n int) string {
	var b strings.Builder
	for _, t := range w.tmpfs {
		fmt.Fprintf(&b, "clear %q\n", t)
	}
	b.WriteString(strings.Join(calls, "\n"))
	return strings.ReplaceAll(b.String(), copyMark, fmt.Sprint(n))
}
