package fsview

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// oracle is a second, naive resolver: one component at a time, over an
// explicit list of host objects, with a list of components still to come. It
// shares nothing with the one under test but the mount list.
type oracle struct {
	objects map[string]object // by host path
	mounts  []*Mount          // in order; the last one that covers a path shows
	root    string            // guest path
}

type object struct {
	kind   byte // 'd', 'f', 'l'
	body   string
	locked bool // a directory without search permission
}

type verdict struct {
	errno      unix.Errno
	host       string // with the spelling of the end that the kernel must see
	guest      string
	mountPoint bool
	exists     bool
	special    string // ".", ".." or "/"
}

func (o *oracle) at(guest []string) (host string, mountPoint bool) {
	g := "/" + strings.Join(guest, "/")
	for _, m := range slices.Backward(o.mounts) {
		t := m.Target
		switch {
		case t == "/":
			return path.Clean(m.Source + g), false
		case g == t:
			return m.Source, true
		case strings.HasPrefix(g, t+"/"):
			return path.Clean(m.Source + g[len(t):]), false
		}
	}
	panic("no root")
}

func (o *oracle) get(guest []string) (object, bool) {
	host, _ := o.at(guest)
	x, ok := o.objects[host]
	return x, ok
}

func split(p string) []string {
	return strings.FieldsFunc(p, func(c rune) bool { return c == '/' })
}

func (o *oracle) resolve(name string, base []string, op Op, follow bool) verdict {
	if name == "" {
		return verdict{errno: unix.ENOENT}
	}
	if len(name) >= 4096 {
		return verdict{errno: unix.ENAMETOOLONG}
	}
	root := split(o.root)
	pos := slices.Clone(base)
	todo := split(name)
	if name[0] == '/' {
		pos = slices.Clone(root)
	}
	slash := strings.HasSuffix(name, "/")
	links := 0
	named := false // the last step was an ordinary name
	tail := ""
	for len(todo) > 0 {
		c := todo[0]
		todo = todo[1:]
		last := len(todo) == 0
		dots := c == "." || c == ".."
		if last && (op >= Create || op == OpenCreate && slash && !dots) {
			cur, _ := o.get(pos)
			if cur.kind != 'd' {
				return verdict{errno: unix.ENOTDIR}
			}
			host, _ := o.at(pos)
			v := verdict{host: strings.TrimSuffix(host, "/") + "/" + c, guest: "/" + strings.Join(pos, "/")}
			if slash {
				v.host += "/"
			}
			if dots {
				v.special = c
				return v
			}
			_, v.mountPoint = o.at(append(slices.Clone(pos), c))
			v.guest = "/" + strings.Join(append(pos, c), "/")
			v.exists = v.mountPoint
			return v
		}
		cur, _ := o.get(pos)
		switch {
		case cur.kind != 'd':
			return verdict{errno: unix.ENOTDIR}
		case cur.locked:
			return verdict{errno: unix.EACCES}
		}
		named = !dots
		tail = ""
		if c == "." {
			tail = "."
			continue
		}
		if c == ".." {
			if len(pos) > 0 && !slices.Equal(pos, root) {
				pos = pos[:len(pos)-1]
			}
			continue
		}
		if len(c) > 255 {
			return verdict{errno: unix.ENAMETOOLONG}
		}
		next := append(slices.Clone(pos), c)
		x, ok := o.get(next)
		if !ok {
			if last && op == OpenCreate {
				host, _ := o.at(next)
				return verdict{host: host, guest: "/" + strings.Join(next, "/")}
			}
			return verdict{errno: unix.ENOENT}
		}
		if x.kind == 'l' && (!last || follow || slash) {
			if links++; links > 40 {
				return verdict{errno: unix.ELOOP}
			}
			if x.body[0] == '/' {
				pos = slices.Clone(root)
			}
			todo = append(split(x.body), todo...)
			if last && strings.HasSuffix(x.body, "/") {
				slash = true
			}
			continue
		}
		pos = next
	}
	if op >= Create {
		return verdict{host: "/", guest: "/" + strings.Join(pos, "/"), special: "/", exists: true}
	}
	x, _ := o.get(pos)
	if slash && x.kind != 'd' {
		return verdict{errno: unix.ENOTDIR}
	}
	host, mp := o.at(pos)
	v := verdict{guest: "/" + strings.Join(pos, "/"), exists: true, mountPoint: mp && named}
	switch {
	case tail == ".":
		v.host = strings.TrimSuffix(host, "/") + "/."
	case slash && named:
		v.host = host + "/"
	default:
		v.host = host
	}
	return v
}

// verdictOf says the same of a Resolution.
func verdictOf(r *Resolution, e unix.Errno) verdict {
	if e != 0 {
		return verdict{errno: e}
	}
	v := verdict{host: string(r.Host), guest: r.Guest, mountPoint: r.MountPoint, exists: r.Exists}
	switch {
	case r.LastDot:
		v.special = "."
	case r.LastDotDot:
		v.special = ".."
	case r.IsRoot:
		v.special = "/"
	}
	return v
}
