package cred

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Keep as an id argument means "leave it".
const Keep = ^uint32(0)

// IDs are the four ids that a process has of a kind.
type IDs struct{ Real, Effective, Saved, FS uint32 }

// all makes IDs that are all id.
func all(id uint32) IDs { return IDs{id, id, id, id} }

func (i *IDs) has(id uint32) bool { return id == i.Real || id == i.Effective || id == i.Saved }

// Cred is an identity.
type Cred struct {
	// NS is the user namespace that it belongs to.
	NS       *UserNS
	UID, GID IDs
	// Groups are sorted, as the kernel keeps them.
	Groups                                               []uint32
	Permitted, Effective, Inheritable, Bounding, Ambient Caps
	Securebits                                           uint32
	NoNewPrivs                                           bool
}

// New is the identity of a freshly started process. Root has all
// capabilities, everybody else none.
func New(uid, gid uint32, groups []uint32) Cred {
	c := Cred{UID: all(uid), GID: all(gid), Bounding: AllCaps}
	c.Groups = slices.Sorted(slices.Values(groups))
	if uid == 0 {
		c.Permitted, c.Effective = AllCaps, AllCaps
	}
	return c
}

// Can reports whether a capability is effective.
func (c *Cred) Can(n uint) bool { return c.Effective.Has(n) }

// InGroup reports whether gid is the file system group or a supplementary one.
func (c *Cred) InGroup(gid uint32) bool {
	if gid == c.GID.FS {
		return true
	}
	_, ok := slices.BinarySearch(c.Groups, gid)
	return ok
}

// setID is setuid(2) and setgid(2).
func setID(i IDs, id uint32, privileged bool) (IDs, unix.Errno) {
	switch {
	case id == Keep:
		return i, unix.EINVAL
	case privileged:
		return all(id), 0
	case id != i.Real && id != i.Saved:
		return i, unix.EPERM
	}
	i.Effective, i.FS = id, id
	return i, 0
}

// setRE is setreuid(2) and setregid(2).
func setRE(i IDs, r, e uint32, privileged bool) (IDs, unix.Errno) {
	n := i
	if r != Keep {
		n.Real = r
		if r != i.Real && r != i.Effective && !privileged {
			return i, unix.EPERM
		}
	}
	if e != Keep {
		n.Effective = e
		if !i.has(e) && !privileged {
			return i, unix.EPERM
		}
	}
	if r != Keep || e != Keep && e != i.Real {
		n.Saved = n.Effective
	}
	n.FS = n.Effective
	return n, 0
}

// setRES is setresuid(2) and setresgid(2).
func setRES(i IDs, r, e, s uint32, privileged bool) (IDs, unix.Errno) {
	if (r == Keep || r == i.Real) && (e == Keep || e == i.Effective && e == i.FS) && (s == Keep || s == i.Saved) {
		return i, 0 // FS stays as well (Linux 6.0)
	}
	n := i
	for _, p := range []struct {
		id  uint32
		dst *uint32
	}{{r, &n.Real}, {e, &n.Effective}, {s, &n.Saved}} {
		if p.id == Keep {
			continue
		}
		if !i.has(p.id) && !privileged {
			return i, unix.EPERM
		}
		*p.dst = p.id
	}
	n.FS = n.Effective
	return n, 0
}

// setFS is setfsuid(2) and setfsgid(2), which report nothing.
func setFS(i IDs, id uint32, privileged bool) IDs {
	if id != Keep && (i.has(id) || id == i.FS || privileged) {
		i.FS = id
	}
	return i
}

// valid translates id arguments into ids of the first user namespace. Keep
// stays Keep; ok is false if one is not mapped.
func valid(m idMap, ids ...*uint32) bool {
	for _, id := range ids {
		if *id == Keep {
			continue
		}
		if *id = m.down(*id); *id == Keep {
			return false
		}
	}
	return true
}

func (c *Cred) uids(ids ...*uint32) bool { m, _ := c.NS.maps(); return valid(m, ids...) }
func (c *Cred) gids(ids ...*uint32) bool { _, m := c.NS.maps(); return valid(m, ids...) }

// root is the user id that has root's powers in c's user namespace.
func (c *Cred) root() uint32 { return c.NS.UID(0) }

// SetUID is setuid(2).
func (c *Cred) SetUID(id uint32) unix.Errno {
	if !c.uids(&id) {
		return unix.EINVAL
	}
	n, e := setID(c.UID, id, c.Can(unix.CAP_SETUID))
	return c.newUID(n, e)
}

// SetREUID is setreuid(2).
func (c *Cred) SetREUID(r, e uint32) unix.Errno {
	if !c.uids(&r, &e) {
		return unix.EINVAL
	}
	n, err := setRE(c.UID, r, e, c.Can(unix.CAP_SETUID))
	return c.newUID(n, err)
}

// SetRESUID is setresuid(2).
func (c *Cred) SetRESUID(r, e, s uint32) unix.Errno {
	if !c.uids(&r, &e, &s) {
		return unix.EINVAL
	}
	n, err := setRES(c.UID, r, e, s, c.Can(unix.CAP_SETUID))
	return c.newUID(n, err)
}

// newUID applies what a change of user ids does to capabilities
// (cap_emulate_setxuid).
func (c *Cred) newUID(n IDs, e unix.Errno) unix.Errno {
	if e != 0 {
		return e
	}
	old, root := c.UID, c.root()
	c.UID = n
	if c.Securebits&NoSetuidFixup != 0 {
		return 0
	}
	if old.has(root) && !n.has(root) {
		if c.Securebits&KeepCaps == 0 {
			c.Permitted, c.Effective = 0, 0
		}
		c.Ambient = 0
	}
	if old.Effective == root && n.Effective != root {
		c.Effective = 0
	}
	if old.Effective != root && n.Effective == root {
		c.Effective = c.Permitted
	}
	return 0
}

// SetFSUID is setfsuid(2); it returns the id before.
func (c *Cred) SetFSUID(id uint32) uint32 {
	old, root := c.UID.FS, c.root()
	if c.uids(&id) {
		c.UID = setFS(c.UID, id, c.Can(unix.CAP_SETUID))
	}
	if c.Securebits&NoSetuidFixup == 0 {
		switch now := c.UID.FS; {
		case old == root && now != root:
			c.Effective &^= fsCaps
		case old != root && now == root:
			c.Effective |= fsCaps & c.Permitted
		}
	}
	return c.NS.ShowUID(old)
}

// SetGID is setgid(2).
func (c *Cred) SetGID(id uint32) (e unix.Errno) {
	if !c.gids(&id) {
		return unix.EINVAL
	}
	c.GID, e = setID(c.GID, id, c.Can(unix.CAP_SETGID))
	return e
}

// SetREGID is setregid(2).
func (c *Cred) SetREGID(r, e uint32) (err unix.Errno) {
	if !c.gids(&r, &e) {
		return unix.EINVAL
	}
	c.GID, err = setRE(c.GID, r, e, c.Can(unix.CAP_SETGID))
	return err
}

// SetRESGID is setresgid(2).
func (c *Cred) SetRESGID(r, e, s uint32) (err unix.Errno) {
	if !c.gids(&r, &e, &s) {
		return unix.EINVAL
	}
	c.GID, err = setRES(c.GID, r, e, s, c.Can(unix.CAP_SETGID))
	return err
}

// SetFSGID is setfsgid(2); it returns the id before.
func (c *Cred) SetFSGID(id uint32) uint32 {
	old := c.GID.FS
	if c.gids(&id) {
		c.GID = setFS(c.GID, id, c.Can(unix.CAP_SETGID))
	}
	return c.NS.ShowGID(old)
}

// MaxGroups is NGROUPS_MAX.
const MaxGroups = 65536

// SetGroups is setgroups(2).
func (c *Cred) SetGroups(list []uint32) unix.Errno {
	if !c.MaySetGroups() {
		return unix.EPERM
	}
	if len(list) > MaxGroups || slices.Contains(list, Keep) {
		return unix.EINVAL
	}
	list = slices.Clone(list)
	for i := range list {
		if !c.gids(&list[i]) {
			return unix.EINVAL
		}
	}
	slices.Sort(list)
	c.Groups = list
	return 0
}

// MaySetGroups says whether setgroups(2) is allowed. In a user namespace it is
// not before groups are mapped, nor if its setgroups file says so.
func (c *Cred) MaySetGroups() bool {
	return c.Can(unix.CAP_SETGID) && (c.NS == nil || c.NS.gid != nil && !c.NS.noSetgroups)
}

// MaySignal is the permission rule of kill(2) for another user's process.
// SIGCONT within a session is the caller's to allow.
func (c *Cred) MaySignal(to *Cred) bool {
	return c.UID.Effective == to.UID.Saved || c.UID.Effective == to.UID.Real ||
		c.UID.Real == to.UID.Saved || c.UID.Real == to.UID.Real || c.CanIn(to.NS, unix.CAP_KILL)
}

// MayLookInto is the permission to learn of a process what only those may know
// who could trace it (ptrace(2), PTRACE_MODE_READ): by the file system ids and
// the effective capabilities of the caller, or with real by the real ids and the
// permitted ones.
func (c *Cred) MayLookInto(of *Cred, real bool) bool {
	uid, gid, caps := c.UID.FS, c.GID.FS, c.Effective
	if real {
		uid, gid, caps = c.UID.Real, c.GID.Real, c.Permitted
	}
	if uid != of.UID.Real || uid != of.UID.Effective || uid != of.UID.Saved ||
		gid != of.GID.Real || gid != of.GID.Effective || gid != of.GID.Saved {
		return c.CanIn(of.NS, unix.CAP_SYS_PTRACE)
	}
	return c.NS == of.NS && of.Permitted&^caps == 0 || c.CanIn(of.NS, unix.CAP_SYS_PTRACE)
}
