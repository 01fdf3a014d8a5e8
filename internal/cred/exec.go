package cred

import "golang.org/x/sys/unix"

// File is what of a program's file matters to exec.
type File struct {
	UID, GID uint32
	// SetUID and SetGID are the mode bits, unless the mount forbids them.
	SetUID, SetGID bool
	// Caps are the file's capabilities, if it has any.
	Caps *FileCaps
}

// FileCaps is a security.capability attribute.
type FileCaps struct {
	Permitted, Inheritable Caps
	Effective              bool
}

// Exec makes c the identity of the program in f (capabilities(7),
// "Transformation of capabilities during execve()"). secure is what the
// program finds as AT_SECURE.
func (c *Cred) Exec(f File) (secure bool) {
	old, root := *c, c.root()
	if !c.NoNewPrivs && c.NS.has(f.UID, f.GID) {
		if f.SetUID {
			c.UID.Effective = f.UID
		}
		if f.SetGID {
			c.GID.Effective = f.GID
		}
	}
	setid := c.UID.Effective != old.UID.Effective || c.GID.Effective != old.GID.Effective
	var file FileCaps
	hasCaps := f.Caps != nil && !c.NoNewPrivs
	if hasCaps {
		file = *f.Caps
	}
	if c.Securebits&NoRoot == 0 {
		switch {
		case hasCaps && c.UID.Real != root && c.UID.Effective == root:
			// A set-user-ID-root program with capabilities of its own gets
			// just those (handle_privileged_root).
		default:
			if c.UID.Effective == root || c.UID.Real == root {
				file.Permitted, file.Inheritable = AllCaps, AllCaps
			}
			if c.UID.Effective == root {
				file.Effective = true
			}
		}
	}
	if hasCaps || setid {
		c.Ambient = 0
	}
	c.Permitted = c.Inheritable&file.Inheritable | c.Bounding&file.Permitted | c.Ambient
	c.Effective = c.Ambient
	if file.Effective {
		c.Effective = c.Permitted
	}
	c.UID.Saved, c.UID.FS = c.UID.Effective, c.UID.Effective
	c.GID.Saved, c.GID.FS = c.GID.Effective, c.GID.Effective
	c.Securebits &^= KeepCaps
	return setid || c.UID.Real != root && (file.Effective || !c.Permitted.within(c.Ambient))
}

// Access is the permission check of the kernel (generic_permission) on an
// object with the given owner and mode; want is made of R_OK, W_OK and X_OK.
func (c *Cred) Access(uid, gid, mode, want uint32) bool {
	bits := mode
	switch {
	case c.UID.FS == uid:
		bits >>= 6
	case c.InGroup(gid):
		bits >>= 3
	}
	if want&^bits&7 == 0 {
		return true
	}
	dir := mode&unix.S_IFMT == unix.S_IFDIR
	if c.CanOver(uid, gid, unix.CAP_DAC_READ_SEARCH) && (want&^unix.R_OK == 0 || dir && want&unix.W_OK == 0) {
		return true
	}
	// A program that nobody may execute is not one for root either.
	return c.CanOver(uid, gid, unix.CAP_DAC_OVERRIDE) && (dir || want&unix.X_OK == 0 || mode&0o111 != 0)
}

// AccessReal is the check of access(2): with the real ids, and with the
// capabilities that they would have.
func (c *Cred) AccessReal(uid, gid, mode, want uint32) bool {
	n := *c
	n.UID.FS, n.GID.FS = c.UID.Real, c.GID.Real
	if c.Securebits&NoSetuidFixup == 0 {
		n.Effective = 0
		if c.UID.Real == c.root() {
			n.Effective = c.Permitted
		}
	}
	return n.Access(uid, gid, mode, want)
}
