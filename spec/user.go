package spec

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// noID is what the kernel takes for "no id".
const noID = 1<<32 - 1

// rootless reports whether a mapping is the one of rootless containers: root
// inside is the caller outside.
func rootless(m specs.LinuxIDMapping, own uint32) bool {
	return m.ContainerID == 0 && m.HostID == own && m.Size == 1
}

// Emulated reports whether the process is somebody else inside than the
// caller is outside, so that users have to be emulated.
func Emulated(sp *specs.Spec, c Caller) bool {
	if sp == nil || sp.Process == nil {
		return false
	}
	u := &sp.Process.User
	if u.UID != c.UID || u.GID != c.GID {
		return true
	}
	for _, g := range u.AdditionalGids {
		if g != c.GID && !slices.Contains(c.Groups, g) {
			return true
		}
	}
	return sp.Linux != nil && rootMapped(sp.Linux, c)
}

// rootMapped reports whether user and group ids are mapped in that way.
func rootMapped(l *specs.Linux, c Caller) bool {
	has := func(maps []specs.LinuxIDMapping, own uint32) bool {
		return slices.ContainsFunc(maps, func(m specs.LinuxIDMapping) bool { return own != 0 && rootless(m, own) })
	}
	return has(l.UIDMappings, c.UID) && has(l.GIDMappings, c.GID)
}

// CapabilityMask turns names of capabilities into a mask; unknown ones are
// left out.
func CapabilityMask(names []string) (mask uint64) {
	for _, name := range names {
		if n := slices.Index(capNames[:], name); n >= 0 {
			mask |= 1 << n
		}
	}
	return mask
}
