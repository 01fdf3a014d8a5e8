package cred

import "golang.org/x/sys/unix"

// Caps is a set of capabilities.
type Caps uint64

// LastCap is the highest capability of Linux 6.18.
const LastCap = unix.CAP_LAST_CAP

// AllCaps has every capability.
const AllCaps = Caps(1)<<(LastCap+1) - 1

// fsCaps are those that the file system user id governs (CAP_FS_MASK).
const fsCaps = Caps(1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_FOWNER |
	1<<unix.CAP_FSETID | 1<<unix.CAP_LINUX_IMMUTABLE | 1<<unix.CAP_MKNOD | 1<<unix.CAP_MAC_OVERRIDE)

// Has reports whether n is in the set.
func (s Caps) Has(n uint) bool { return n <= LastCap && s>>n&1 != 0 }

func (s Caps) within(t Caps) bool { return s&^t == 0 }

// Securebits (capabilities(7)); each has a lock one bit higher.
const (
	NoRoot             = 1 << 0
	NoSetuidFixup      = 1 << 2
	KeepCaps           = 1 << 4
	NoCapAmbientRaise  = 1 << 6
	ExecRestrictFile   = 1 << 8 // Linux 6.14, as the next
	ExecDenyInteract   = 1 << 10
	secureBits         = NoRoot | NoSetuidFixup | KeepCaps | NoCapAmbientRaise | ExecRestrictFile | ExecDenyInteract
	secureLocks        = secureBits << 1
	secureUnprivileged = ExecRestrictFile | ExecRestrictFile<<1 | ExecDenyInteract | ExecDenyInteract<<1
)

// SetCaps is capset(2).
func (c *Cred) SetCaps(effective, permitted, inheritable Caps) unix.Errno {
	effective, permitted, inheritable = effective&AllCaps, permitted&AllCaps, inheritable&AllCaps
	switch {
	case !c.Can(unix.CAP_SETPCAP) && !inheritable.within(c.Inheritable|c.Permitted),
		!inheritable.within(c.Inheritable | c.Bounding),
		!permitted.within(c.Permitted),
		!effective.within(permitted):
		return unix.EPERM
	}
	c.Effective, c.Permitted, c.Inheritable = effective, permitted, inheritable
	c.Ambient &= permitted & inheritable
	return 0
}

// Prctl answers the options of prctl(2) that concern an identity. ok is false
// for all others.
func (c *Cred) Prctl(option int, a [4]uint64) (v int64, e unix.Errno, ok bool) {
	switch option {
	case unix.PR_CAPBSET_READ:
		if a[0] > LastCap {
			return 0, unix.EINVAL, true
		}
		return truth(c.Bounding.Has(uint(a[0]))), 0, true
	case unix.PR_CAPBSET_DROP:
		switch {
		case !c.Can(unix.CAP_SETPCAP):
			return 0, unix.EPERM, true
		case a[0] > LastCap:
			return 0, unix.EINVAL, true
		}
		c.Bounding &^= 1 << a[0]
	case unix.PR_GET_SECUREBITS:
		return int64(c.Securebits), 0, true
	case unix.PR_SET_SECUREBITS:
		return 0, c.setSecurebits(a[0]), true
	case unix.PR_GET_KEEPCAPS:
		return truth(c.Securebits&KeepCaps != 0), 0, true
	case unix.PR_SET_KEEPCAPS:
		switch {
		case a[0] > 1:
			return 0, unix.EINVAL, true
		case c.Securebits&(KeepCaps<<1) != 0:
			return 0, unix.EPERM, true
		}
		c.Securebits = c.Securebits&^KeepCaps | KeepCaps*uint32(a[0])
	case unix.PR_CAP_AMBIENT:
		v, e = c.ambient(a)
		return v, e, true
	case unix.PR_GET_NO_NEW_PRIVS:
		if a != [4]uint64{} {
			return 0, unix.EINVAL, true
		}
		return truth(c.NoNewPrivs), 0, true
	case unix.PR_SET_NO_NEW_PRIVS:
		if a != [4]uint64{1} {
			return 0, unix.EINVAL, true
		}
		c.NoNewPrivs = true
	default:
		return 0, 0, false
	}
	return 0, 0, true
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (c *Cred) setSecurebits(v uint64) unix.Errno {
	old := uint64(c.Securebits)
	change := old ^ v
	switch {
	case old&secureLocks>>1&change != 0,
		old&secureLocks&^v != 0,
		v&^(secureBits|secureLocks) != 0,
		change&^secureUnprivileged != 0 && !c.Can(unix.CAP_SETPCAP):
		return unix.EPERM
	}
	c.Securebits = uint32(v)
	return 0
}

func (c *Cred) ambient(a [4]uint64) (int64, unix.Errno) {
	if a[0] == unix.PR_CAP_AMBIENT_CLEAR_ALL {
		if a[1]|a[2]|a[3] != 0 {
			return 0, unix.EINVAL
		}
		c.Ambient = 0
		return 0, 0
	}
	if a[1] > LastCap || a[2]|a[3] != 0 {
		return 0, unix.EINVAL
	}
	n := uint(a[1])
	switch a[0] {
	case unix.PR_CAP_AMBIENT_IS_SET:
		return truth(c.Ambient.Has(n)), 0
	case unix.PR_CAP_AMBIENT_RAISE:
		if !c.Permitted.Has(n) || !c.Inheritable.Has(n) || c.Securebits&NoCapAmbientRaise != 0 {
			return 0, unix.EPERM
		}
		c.Ambient |= 1 << n
	case unix.PR_CAP_AMBIENT_LOWER:
		c.Ambient &^= 1 << n
	default:
		return 0, unix.EINVAL
	}
	return 0, 0
}
