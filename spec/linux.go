package spec

import (
	"fmt"
	"path"
	"reflect"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

func (r *report) linux(l *specs.Linux, c Caller) {
	user := r.namespaces(l.Namespaces)
	root := rootMapped(l, c)
	r.idMaps("/linux/uidMappings", l.UIDMappings, c.UID, user, root)
	r.idMaps("/linux/gidMappings", l.GIDMappings, c.GID, user, root)
	if len(l.Sysctl) > 0 {
		r.unsupported("/linux/sysctl", "the host's values are shown")
	}
	if l.Resources != nil {
		r.resources(l.Resources)
	}
	if l.CgroupsPath != "" {
		r.warn("/linux/cgroupsPath", "no control group is made: the command stays in the caller's")
	}
	for i := range l.Devices {
		r.device(fmt.Sprintf("/linux/devices/%d", i), &l.Devices[i])
	}
	if len(l.NetDevices) > 0 {
		r.unsupported("/linux/netDevices", "the caller's network is used")
	}
	if l.Seccomp != nil {
		r.seccomp(l.Seccomp)
	}
	switch l.RootfsPropagation {
	case "", "private", "rprivate", "slave", "rslave":
	case "shared", "rshared", "unbindable", "runbindable":
		r.bad("/linux/rootfsPropagation", "%q is not supported: nothing propagates out of a view", l.RootfsPropagation)
	default:
		r.bad("/linux/rootfsPropagation", "unknown value %q", l.RootfsPropagation)
	}
	r.paths("/linux/maskedPaths", l.MaskedPaths)
	r.paths("/linux/readonlyPaths", l.ReadonlyPaths)
	if l.MountLabel != "" {
		r.unsupported("/linux/mountLabel", "omit it")
	}
	if l.IntelRdt != nil {
		r.unsupported("/linux/intelRdt", "omit it")
	}
	if l.MemoryPolicy != nil {
		r.unsupported("/linux/memoryPolicy", "start ptbox with numactl(8)")
	}
	if p := l.Personality; p != nil && (p.Domain != specs.PerLinux || len(p.Flags) > 0) {
		r.unsupported("/linux/personality", "start ptbox with setarch(8)")
	}
	if len(l.TimeOffsets) > 0 {
		r.unsupported("/linux/timeOffsets", "the host's clocks are used")
	}
}

// namespaces judges the list and says whether it holds a user namespace. No
// namespace is ever made: each type stands for what ptbox does in its place.
func (r *report) namespaces(list []specs.LinuxNamespace) (user bool) {
	seen := map[specs.LinuxNamespaceType]bool{}
	for i, ns := range list {
		at := fmt.Sprintf("/linux/namespaces/%d", i)
		if seen[ns.Type] {
			r.bad(at+"/type", "%q is given twice", ns.Type)
		}
		seen[ns.Type] = true
		switch ns.Type {
		case specs.MountNamespace, specs.UTSNamespace:
			// The view is the one, the emulated host name the other.
		case specs.UserNamespace:
			user = true
		case specs.PIDNamespace:
			r.warn(at, "process ids are the host's; the whole tree ends with the command")
		case specs.IPCNamespace:
			r.warn(at, "System V and POSIX message queues are the host's")
		case specs.CgroupNamespace:
			r.warn(at, "control groups are the host's")
		case specs.NetworkNamespace:
			// No network but AF_UNIX: what an empty namespace has.
		case specs.TimeNamespace:
			r.bad(at, "clocks of its own are not supported").Hint = "omit the entry"
		default:
			r.bad(at+"/type", "unknown namespace type %q", ns.Type)
		}
		if ns.Path != "" {
			r.bad(at+"/path", "joining a namespace is not supported")
		}
	}
	return user
}

// idMaps accepts the mappings that the emulation of identities amounts to:
// ids to themselves, or the container's root to the caller.
func (r *report) idMaps(at string, maps []specs.LinuxIDMapping, own uint32, user, root bool) {
	if len(maps) == 0 {
		if user {
			r.bad(at, "missing, and there is a user namespace")
		}
		return
	}
	covered := false
	for i, m := range maps {
		if m.Size == 0 {
			r.bad(fmt.Sprintf("%s/%d/size", at, i), "zero")
		}
		if m.ContainerID != m.HostID && !(root && rootless(m, own)) {
			r.bad(fmt.Sprintf("%s/%d", at, i), "maps %d to %d: not supported", m.HostID, m.ContainerID).Hint = "map the caller's id to 0 or to itself"
		}
		covered = covered || (own >= m.HostID && own-m.HostID < m.Size)
	}
	if !covered {
		r.bad(at, "the caller's id %d is not mapped", own)
	}
}

func (r *report) resources(res *specs.LinuxResources) {
	const at = "/linux/resources"
	for i, d := range res.Devices {
		r.deviceRule(fmt.Sprintf("%s/devices/%d", at, i), d)
	}
	const hint = "control groups are not supported yet: omit it, or start ptbox in a group that has the limit"
	if p := res.Pids; p != nil && p.Limit != nil && *p.Limit != -1 && *p.Limit < 1 {
		r.unsupported(at+"/pids/limit", hint)
	}
	// 1024 shares are the default weight: asking for them asks for nothing.
	if cpu := res.CPU; cpu != nil {
		rest := *cpu
		if rest.Shares != nil && (*rest.Shares == 1024 || *rest.Shares == 0) {
			rest.Shares = nil
		}
		if !empty(rest) {
			r.unsupported(at+"/cpu", hint)
		}
	}
	if m := res.Memory; m != nil {
		rest := *m
		for _, p := range []**int64{&rest.Limit, &rest.Reservation, &rest.Swap, &rest.Kernel, &rest.KernelTCP} {
			if *p != nil && **p == -1 {
				*p = nil
			}
		}
		for _, p := range []**bool{&rest.DisableOOMKiller, &rest.UseHierarchy, &rest.CheckBeforeUpdate} {
			if *p != nil && !**p {
				*p = nil
			}
		}
		if !empty(rest) {
			r.unsupported(at+"/memory", hint)
		}
	}
	if res.BlockIO != nil && !empty(*res.BlockIO) {
		r.unsupported(at+"/blockIO", hint)
	}
	if len(res.HugepageLimits) > 0 {
		r.unsupported(at+"/hugepageLimits", hint)
	}
	if res.Network != nil && !empty(*res.Network) {
		r.unsupported(at+"/network", hint)
	}
	if len(res.Rdma) > 0 {
		r.unsupported(at+"/rdma", hint)
	}
	if len(res.Unified) > 0 {
		r.unsupported(at+"/unified", hint)
	}
}

// empty says that no property is set; an empty list sets nothing.
func empty(v any) bool {
	rv := reflect.ValueOf(v)
	for i := range rv.NumField() {
		f := rv.Field(i)
		if f.Kind() == reflect.Slice && f.Len() == 0 {
			continue
		}
		if !f.IsZero() {
			return false
		}
	}
	return true
}

// deviceRule judges an entry of the device list. "Deny all" is what every
// tool writes first: the view then opens devices only where a mount of /dev
// shows them. A rule that allows is the host's permission, which is never
// widened; one that denies a single device would have to be enforced.
func (r *report) deviceRule(at string, d specs.LinuxDeviceCgroup) {
	for _, c := range d.Access {
		if c != 'r' && c != 'w' && c != 'm' {
			r.bad(at+"/access", "unknown access %q", d.Access)
			break
		}
	}
	switch d.Type {
	case "", "a", "b", "c":
	default:
		r.bad(at+"/type", "unknown device type %q", d.Type)
	}
	if !d.Allow && !DenyAll(d) {
		r.bad(at, "only the rule that denies all devices is supported yet")
	}
}

// DenyAll says that the rule denies every access to every device.
func DenyAll(d specs.LinuxDeviceCgroup) bool {
	any := func(n *int64) bool { return n == nil || *n == -1 }
	full := d.Access == ""
	if !full {
		set := map[rune]bool{}
		for _, c := range d.Access {
			set[c] = true
		}
		full = len(set) == 3
	}
	return !d.Allow && (d.Type == "" || d.Type == "a") && any(d.Major) && any(d.Minor) && full
}

func (r *report) device(at string, d *specs.LinuxDevice) {
	if !path.IsAbs(d.Path) {
		r.bad(at+"/path", "%q is not absolute", d.Path)
		return
	}
	switch d.Type {
	case "c", "u", "b":
	case "p":
		r.bad(at+"/type", "named pipes are not supported yet").Hint = "bind one of the host"
		return
	default:
		r.bad(at+"/type", "unknown device type %q", d.Type)
		return
	}
	node, ok := HostDevice(d)
	if !ok {
		r.bad(at, "the host has no device node %s %d:%d", d.Type, d.Major, d.Minor)
		return
	}
	var st unix.Stat_t
	if unix.Stat(node, &st) != nil {
		return
	}
	if d.FileMode != nil && uint32(d.FileMode.Perm()) != st.Mode&0o777 {
		r.warn(at+"/fileMode", "%s keeps the host's mode %#o", node, st.Mode&0o777)
	}
	if d.UID != nil && *d.UID != st.Uid || d.GID != nil && *d.GID != st.Gid {
		r.warn(at, "%s keeps the host's owner %d:%d", node, st.Uid, st.Gid)
	}
}

func (r *report) paths(at string, list []string) {
	for i, p := range list {
		if !path.IsAbs(p) {
			r.bad(fmt.Sprintf("%s/%d", at, i), "%q is not absolute", p)
		}
		r.str(fmt.Sprintf("%s/%d", at, i), p)
	}
}
