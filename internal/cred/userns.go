package cred

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Overflow is shown for an id that a user namespace does not map
// (/proc/sys/kernel/overflowuid).
const Overflow = 65534

// maxLevel is how deep user namespaces nest.
const maxLevel = 32

// UserNS is a user namespace (user_namespaces(7)); nil is the first one, which
// maps every id to itself. All ids in a Cred are those of the first one.
type UserNS struct {
	parent       *UserNS
	level        int
	owner, group uint32 // effective ids of who made it
	uid, gid     idMap
	noSetgroups  bool
	setfcap      bool // its maker could set file capabilities
	// Number is for the user of the package, to tell namespaces apart.
	Number uint64
}

// extent maps count ids from first on to those from lower on.
type extent struct{ first, lower, count uint32 }

type idMap []extent

// down maps an id of the namespace.
func (m idMap) down(id uint32) uint32 {
	for _, x := range m {
		if id >= x.first && id-x.first < x.count {
			return x.lower + id - x.first
		}
	}
	return Keep
}

// up is the other way.
func (m idMap) up(id uint32) uint32 {
	for _, x := range m {
		if id >= x.lower && id-x.lower < x.count {
			return x.first + id - x.lower
		}
	}
	return Keep
}

var identityMap = idMap{{0, 0, Keep}}

func (ns *UserNS) maps() (uid, gid idMap) {
	if ns == nil {
		return identityMap, identityMap
	}
	return ns.uid, ns.gid
}

// UID is the user id that id stands for in the namespace, Keep if none.
func (ns *UserNS) UID(id uint32) uint32 { m, _ := ns.maps(); return m.down(id) }

// GID is UID for groups.
func (ns *UserNS) GID(id uint32) uint32 { _, m := ns.maps(); return m.down(id) }

// ShowUID is how the namespace sees a user id.
func (ns *UserNS) ShowUID(id uint32) uint32 { m, _ := ns.maps(); return munged(m.up(id)) }

// ShowGID is ShowUID for groups.
func (ns *UserNS) ShowGID(id uint32) uint32 { _, m := ns.maps(); return munged(m.up(id)) }

func munged(id uint32) uint32 {
	if id == Keep {
		return Overflow
	}
	return id
}

// has says whether the ids of an object are mapped.
func (ns *UserNS) has(uid, gid uint32) bool {
	u, g := ns.maps()
	return u.up(uid) != Keep && g.up(gid) != Keep
}

// CanIn reports whether a capability is effective over a user namespace
// (cap_capable in security/commoncap.c).
func (c *Cred) CanIn(ns *UserNS, n uint) bool {
	for ; ns != c.NS; ns = ns.parent {
		if ns == nil || c.NS != nil && ns.level <= c.NS.level {
			return false
		}
		if ns.parent == c.NS && ns.owner == c.UID.Effective {
			return true
		}
	}
	return c.Can(n)
}

// CanOver reports whether a capability is effective over a file of that owner.
func (c *Cred) CanOver(uid, gid uint32, n uint) bool { return c.Can(n) && c.NS.has(uid, gid) }

// NewUserNS moves c into a new user namespace, in which it has all
// capabilities and nobody has an id yet.
func (c *Cred) NewUserNS() unix.Errno {
	n := &UserNS{parent: c.NS, level: 1, owner: c.UID.Effective, group: c.GID.Effective, setfcap: c.Can(unix.CAP_SETFCAP)}
	if c.NS != nil {
		n.level, n.noSetgroups = c.NS.level+1, c.NS.noSetgroups
	}
	switch {
	case n.level > maxLevel+1:
		return unix.ENOSPC
	case !c.NS.has(n.owner, n.group):
		return unix.EPERM
	}
	c.enter(n)
	return 0
}

// enter is set_cred_user_ns of kernel/user_namespace.c.
func (c *Cred) enter(ns *UserNS) {
	c.NS, c.Securebits = ns, 0
	c.Permitted, c.Effective, c.Bounding = AllCaps, AllCaps, AllCaps
	c.Inheritable, c.Ambient = 0, 0
}

// JoinUserNS is setns(2) with a user namespace.
func (c *Cred) JoinUserNS(ns *UserNS) unix.Errno {
	switch {
	case ns == c.NS:
		return unix.EINVAL
	case !c.CanIn(ns, unix.CAP_SYS_ADMIN):
		return unix.EPERM
	}
	c.enter(ns)
	return 0
}

// MapText is /proc/PID/uid_map, or gid_map, as a reader in the namespace by
// sees it.
func (ns *UserNS) MapText(group bool, by *UserNS) string {
	pick := func(n *UserNS) idMap {
		u, g := n.maps()
		if group {
			return g
		}
		return u
	}
	if by == ns && ns != nil {
		by = ns.parent
	}
	var out strings.Builder
	for _, x := range pick(ns) {
		for i, v := range []uint32{x.first, pick(by).up(x.lower), x.count} {
			if i > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(pad10(v))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// SetgroupsText is /proc/PID/setgroups.
func (ns *UserNS) SetgroupsText() string {
	if ns != nil && ns.noSetgroups {
		return "deny\n"
	}
	return "allow\n"
}

// MayWriteSetgroups is asked when /proc/PID/setgroups is opened for writing.
func (c *Cred) MayWriteSetgroups(ns *UserNS) bool { return c.CanIn(ns, unix.CAP_SYS_ADMIN) }

// WriteSetgroups is a write to /proc/PID/setgroups.
func (ns *UserNS) WriteSetgroups(text string) unix.Errno {
	if len(text) >= 8 {
		return unix.EINVAL
	}
	word := strings.TrimRight(strings.TrimRight(text, "\x00"), " \t\n\v\f\r")
	switch {
	case word != "allow" && word != "deny":
		return unix.EINVAL
	case word == "allow":
		if ns != nil && ns.noSetgroups {
			return unix.EPERM
		}
		return 0
	case ns == nil || ns.gid != nil:
		return unix.EPERM
	}
	ns.noSetgroups = true
	return 0
}

// WriteMap is a write to the uid_map, or gid_map, of ns by a process with the
// identity c, which had the identity opener when it opened the file
// (map_write in kernel/user_namespace.c).
func (ns *UserNS) WriteMap(c, opener *Cred, group bool, text string) unix.Errno {
	switch {
	case ns == nil, opener.NS != ns && opener.NS != ns.parent:
		return unix.EPERM
	case len(text) >= 4096:
		return unix.EINVAL
	}
	own, n := &ns.uid, uint(unix.CAP_SETUID)
	lower, lowerGroups := ns.parent.maps()
	if group {
		own, n, lower = &ns.gid, unix.CAP_SETGID, lowerGroups
	}
	if *own != nil || !opener.CanIn(ns, unix.CAP_SYS_ADMIN) {
		return unix.EPERM
	}
	m, e := parseMap(text)
	if e != 0 {
		return e
	}
	if !ns.permitted(c, opener, group, n, m, lower) {
		return unix.EPERM
	}
	for i := range m {
		x := &m[i]
		first := lower.down(x.lower)
		if first == Keep || lower.down(x.lower+x.count-1) != first+x.count-1 {
			return unix.EPERM
		}
		x.lower = first
	}
	*own = m
	return 0
}

// permitted is new_idmap_permitted.
func (ns *UserNS) permitted(c, opener *Cred, group bool, n uint, m, lower idMap) bool {
	if !group && slices.ContainsFunc(m, func(x extent) bool { return x.lower == 0 }) {
		// Root of the parent needs CAP_SETFCAP as well (verify_root_map).
		if opener.NS == ns && !ns.setfcap || opener.NS != ns && !opener.CanIn(ns.parent, unix.CAP_SETFCAP) {
			return false
		}
	}
	if len(m) == 1 && m[0].count == 1 && ns.owner == opener.UID.Effective {
		id := lower.down(m[0].lower)
		if !group && id == opener.UID.Effective || group && ns.noSetgroups && id == opener.GID.Effective {
			return true
		}
	}
	return c.CanIn(ns.parent, n) && opener.CanIn(ns.parent, n)
}

// parseMap reads the lines of a map.
func parseMap(text string) (m idMap, e unix.Errno) {
	text, _, _ = strings.Cut(text, "\x00")
	text = strings.TrimSuffix(text, "\n")
	for line := range strings.SplitSeq(text, "\n") {
		f := strings.Fields(line)
		if len(f) != 3 || len(m) == 340 {
			return nil, unix.EINVAL
		}
		var v [3]uint32
		for i, s := range f {
			n, ok := decimal(s)
			if !ok {
				return nil, unix.EINVAL
			}
			v[i] = n
		}
		x := extent{v[0], v[1], v[2]}
		if x.first == Keep || x.lower == Keep || x.first+x.count <= x.first || x.lower+x.count <= x.lower {
			return nil, unix.EINVAL
		}
		for _, o := range m {
			if x.first < o.first+o.count && o.first < x.first+x.count || x.lower < o.lower+o.count && o.lower < x.lower+x.count {
				return nil, unix.EINVAL
			}
		}
		m = append(m, x)
	}
	return m, 0
}

// decimal is simple_strtoul, which wraps round.
func decimal(s string) (n uint32, ok bool) {
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = n*10 + uint32(r-'0')
	}
	return n, s != ""
}

func pad10(v uint32) string {
	var b [10]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			break
		}
	}
	for i--; i >= 0; i-- {
		b[i] = ' '
	}
	return string(b[:])
}
