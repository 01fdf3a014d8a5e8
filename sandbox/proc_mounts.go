package sandbox

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ptbox/ptbox/fsview"
)

// hostMount is a line of the host's mountinfo (proc_pid_mountinfo(5)), and a
// line of the guest's once target and the like are the guest's.
type hostMount struct {
	id, parent int
	dev        string // major:minor
	root       string
	target     string
	options    string // of the mount
	fstype     string
	source     string
	super      string // options of the file system
}

// parseMountinfo reads a whole table. Lines that it does not understand are
// left out.
func parseMountinfo(text string) []hostMount {
	var out []hostMount
	for line := range strings.Lines(text) {
		head, tail, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		f, g := strings.Split(head, " "), strings.Split(tail, " ")
		if !ok || len(f) < 6 || len(g) < 2 {
			continue
		}
		m := hostMount{dev: f[2], root: unescapeOctal(f[3]), target: unescapeOctal(f[4]), options: f[5], fstype: g[0], source: unescapeOctal(g[1])}
		var err1, err2 error
		m.id, err1 = strconv.Atoi(f[0])
		m.parent, err2 = strconv.Atoi(f[1])
		if err1 != nil || err2 != nil {
			continue
		}
		if len(g) > 2 {
			m.super = g[2]
		}
		out = append(out, m)
	}
	return out
}

// guestMount is what the table has to know of a mount of the view.
type guestMount struct {
	m    *fsview.Mount
	dev  string // major:minor of its root
	dir  bool
	host int // id of the host mount that its root lies in; 0: unknown
}

// mountKey is a mount of the guest: the part of the host mount that one mount
// of the view shows.
type mountKey struct {
	m    *fsview.Mount
	host int
}

// mountIDs gives each mount of the guest a number that stays. It is the host
// mount's own where that is not taken, since fdinfo shows that one.
type mountIDs struct {
	ids  map[mountKey]int
	used map[int]bool
	next int
	// exact says that every number is the host's.
	exact bool
}

// firstMountID is the first number made up. The kernel hands out the lowest
// free one, so it does not get there.
const firstMountID = 1 << 20

func newMountIDs() *mountIDs {
	return &mountIDs{ids: map[mountKey]int{}, used: map[int]bool{}, next: firstMountID, exact: true}
}

func (t *mountIDs) of(m *fsview.Mount, host int) int {
	k := mountKey{m, host}
	if id, ok := t.ids[k]; ok {
		return id
	}
	id := host
	if host == 0 || t.used[host] {
		id = t.next
		t.next++
		t.exact = false
	}
	t.ids[k], t.used[id] = id, true
	return id
}

// alias makes what m shows of a host mount part of another mount.
func (t *mountIDs) alias(m *fsview.Mount, host, id int) {
	t.ids[mountKey{m, host}] = id
	t.exact = t.exact && id == host
}

// guestMounts makes the guest's mount table: each mount of the view, and after
// it those of the host that lie inside what it shows. at finds the mount of the
// view that covers a guest path.
func guestMounts(host []hostMount, view []guestMount, at func(guest string) *fsview.Mount, ids *mountIDs) []hostMount {
	var out []hostMount
	lines := map[*fsview.Mount]int{} // ids of the lines made so far
	for i := range view {
		g := &view[i]
		m := g.m
		parent := 0
		if m.Target == "/" {
			parent = rootParent(host)
		} else {
			parent = lines[at(parentDir(m.Target))]
		}
		if m.Kind == fsview.Synth {
			// No mount, but a directory of the one that it lies in.
			lines[m] = parent
			ids.alias(m, g.host, parent)
			continue
		}
		back := backing(host, g)
		l := hostMount{id: ids.of(m, g.host), parent: parent, dev: g.dev, root: "/", target: m.Target}
		describe(&l, back, g)
		lines[m] = l.id
		out = append(out, l)
		if m.Kind == fsview.Tmpfs || m.Kind == fsview.Mask || m.Kind == fsview.Overlay || !g.dir {
			continue
		}
		inside := map[int]int{g.host: l.id}
		for j := range host {
			x := host[j]
			up, ok := inside[x.parent]
			rel, below := below(m.Source, x.target)
			if !ok || !below {
				continue
			}
			target := join(m.Target, rel)
			if at(target) != m {
				continue
			}
			id := ids.of(m, x.id)
			inside[x.id] = id
			x.id, x.parent, x.target = id, up, target
			x.options = restrictOptions(x.options, m.Flags)
			x.super = withoutPaths(x.super)
			out = append(out, x)
		}
	}
	return out
}

// describe fills in what a line says of a file system.
func describe(l *hostMount, back *hostMount, g *guestMount) {
	m := g.m
	l.options, l.fstype, l.source, l.super = "rw,relatime", "none", "none", "rw"
	if back != nil {
		l.options, l.fstype, l.source, l.super = back.options, back.fstype, back.source, withoutPaths(back.super)
	}
	switch {
	case m.Kind == fsview.Tmpfs, m.Kind == fsview.Mask && g.dir:
		l.options, l.fstype, l.source, l.super = "rw,relatime", "tmpfs", "tmpfs", "rw"
		// As shmem_show_options does.
		if m.Size != 0 {
			l.super += ",size=" + strconv.FormatUint(m.Size/1024, 10) + "k"
		}
		if m.Inodes != 0 {
			l.super += ",nr_inodes=" + strconv.FormatUint(m.Inodes, 10)
		}
		if m.Mode != 0 {
			l.super += fmt.Sprintf(",mode=%03o", m.Mode&0o7777)
		}
	case m.Kind == fsview.Overlay:
		l.options, l.fstype, l.source, l.super = "rw,relatime", "overlay", "overlay", "rw"
	}
	l.options = restrictOptions(l.options, m.Flags)
}

// backing is the host mount that a mount of the view shows.
func backing(host []hostMount, g *guestMount) *hostMount {
	var best *hostMount
	for i := range host {
		x := &host[i]
		if g.host != 0 {
			if x.id == g.host {
				return x
			}
			continue
		}
		// Before Linux 5.8 the path has to do, with the device as a check.
		_, in := below(x.target, g.m.Source)
		if (in || x.target == g.m.Source) && x.dev == g.dev && (best == nil || len(x.target) >= len(best.target)) {
			best = x
		}
	}
	return best
}

// rootParent is the parent of the host's own root mount: a mount that nobody
// can see.
func rootParent(host []hostMount) int {
	for _, x := range host {
		if x.target == "/" {
			return x.parent
		}
	}
	return 0
}

func parentDir(p string) string {
	if i := strings.LastIndexByte(p, '/'); i > 0 {
		return p[:i]
	}
	return "/"
}

func join(dir, rel string) string {
	if dir == "/" {
		return "/" + rel
	}
	return dir + "/" + rel
}

// restricting are the flags that mountinfo shows, in the kernel's order
// (show_mnt_opts in fs/proc_namespace.c).
var restricting = []struct {
	f    fsview.Flags
	name string
}{
	{fsview.NoSuid, "nosuid"},
	{fsview.NoDev, "nodev"},
	{fsview.NoExec, "noexec"},
	{fsview.NoAtime, "noatime"},
	{0, "nodiratime"},
	{0, "relatime"},
	{fsview.NoSymFollow, "nosymfollow"},
}

// restrictOptions adds what the view forbids to the options of a mount.
func restrictOptions(options string, f fsview.Flags) string {
	has := map[string]bool{}
	for o := range strings.SplitSeq(options, ",") {
		has[o] = true
	}
	out := "rw"
	if has["ro"] || f&fsview.ReadOnly != 0 {
		out = "ro"
	}
	if f&fsview.NoAtime != 0 {
		has["relatime"] = false
	}
	for _, r := range restricting {
		if has[r.name] || r.f != 0 && f&r.f != 0 {
			out += "," + r.name
		}
	}
	return out
}

// withoutPaths drops the options of a file system that name directories of
// the host (overlayfs).
func withoutPaths(super string) string {
	if !strings.Contains(super, "dir") {
		return super
	}
	var keep []string
	for o := range strings.SplitSeq(super, ",") {
		if k, v, ok := strings.Cut(o, "="); !ok || !strings.Contains(v, "/") || !strings.HasSuffix(strings.TrimRight(k, "+"), "dir") {
			keep = append(keep, o)
		}
	}
	return strings.Join(keep, ",")
}

// mountEscapes are the bytes that mount tables write in octal.
const mountEscapes = " \t\n\\#"

// mountinfoText writes the table as /proc/PID/mountinfo.
func mountinfoText(table []hostMount) string {
	var b strings.Builder
	for _, l := range table {
		for _, s := range []string{
			strconv.Itoa(l.id), strconv.Itoa(l.parent), l.dev, escapeOctal(l.root, mountEscapes),
			escapeOctal(l.target, mountEscapes), l.options, "-", l.fstype, escapeOctal(l.source, mountEscapes),
		} {
			b.WriteString(s)
			b.WriteByte(' ')
		}
		b.WriteString(l.super)
		b.WriteByte('\n')
	}
	return b.String()
}

// mountsText writes it as /proc/PID/mounts, which is fstab(5)'s form.
func mountsText(table []hostMount) string {
	var b strings.Builder
	for _, l := range table {
		b.WriteString(escapeOctal(l.source, mountEscapes) + " " + escapeOctal(l.target, mountEscapes) + " " + l.fstype + " " + allOptions(l) + " 0 0\n")
	}
	return b.String()
}

// allOptions joins the options of a mount and of its file system.
func allOptions(l hostMount) string {
	first := func(s string) (bool, string) {
		head, rest, _ := strings.Cut(s, ",")
		return head == "ro", rest
	}
	ro1, mount := first(l.options)
	ro2, super := first(l.super)
	out := "rw"
	if ro1 || ro2 {
		out = "ro"
	}
	for _, s := range []string{mount, super} {
		if s != "" {
			out += "," + s
		}
	}
	return out
}

// mountstatsText writes it as /proc/PID/mountstats.
func mountstatsText(table []hostMount) string {
	var b strings.Builder
	for _, l := range table {
		b.WriteString("device " + escapeOctal(l.source, mountEscapes) + " mounted on " + escapeOctal(l.target, mountEscapes) + " with fstype " + l.fstype + "\n")
	}
	return b.String()
}
