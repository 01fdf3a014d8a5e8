package sandbox

import (
	"fmt"
	"os"
	"path"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/spec"
)

// FromSpec turns the configuration of the bundle directory into Options. What
// cannot be honoured is an error, a *spec.Error that holds all of it; what is
// honoured differently from what one might expect is a warning.
func FromSpec(sp *specs.Spec, bundle string) (Options, []string, error) {
	bad, notes := spec.Split(spec.Validate(sp, bundle))
	if len(bad) > 0 {
		return Options{}, nil, &spec.Error{Problems: bad}
	}
	var warnings []string
	for _, n := range notes {
		warnings = append(warnings, n.String())
	}
	p := sp.Process
	o := Options{
		Args:        p.Args,
		Env:         p.Env,
		Cwd:         p.Cwd,
		Root:        spec.HostPath(bundle, sp.Root.Path),
		Hostname:    sp.Hostname,
		Domainname:  sp.Domainname,
		Umask:       p.User.Umask,
		OOMScoreAdj: p.OOMScoreAdj,
	}
	if o.Env == nil {
		o.Env = []string{} // exactly what is written: nothing
	}
	if spec.Emulated(sp, spec.Self()) {
		o.User = specUser(p)
	}
	if sp.Root.Readonly {
		o.RootFlags |= fsview.ReadOnly
	}
	for _, l := range p.Rlimits {
		n, _ := spec.RlimitNumber(l.Type)
		o.Rlimits = append(o.Rlimits, Rlimit{Type: n, Soft: l.Soft, Hard: l.Hard})
	}
	o.Mounts = ProcMounts(o.Root, "/")
	for i := range sp.Mounts {
		o.Mounts = addMount(o.Mounts, &sp.Mounts[i], bundle)
	}
	deny := sp.Linux != nil && sp.Linux.Resources != nil && deniesDevices(sp.Linux.Resources.Devices)
	if deny {
		denyDevices(&o)
	}
	more, missing := deviceMounts(sp, deny)
	o.Mounts = append(o.Mounts, more...)
	if p.Terminal {
		o.Mounts = append(o.Mounts, console()...)
	}
	for _, name := range missing {
		warnings = append(warnings, fmt.Sprintf("%s: the host does not have it", name))
	}
	if sp.Linux != nil {
		for _, ns := range sp.Linux.Namespaces {
			o.NoNetwork = o.NoNetwork || ns.Type == specs.NetworkNamespace
		}
		if res := sp.Linux.Resources; res != nil && res.Pids != nil && res.Pids.Limit != nil {
			o.PidsLimit = *res.Pids.Limit
		}
		if err := hide(&o, sp.Linux.MaskedPaths, sp.Linux.ReadonlyPaths); err != nil {
			return Options{}, nil, err
		}
	}
	return o, warnings, nil
}

// specUser is who the process is to believe to be.
func specUser(p *specs.Process) *User {
	u := &User{UID: p.User.UID, GID: p.User.GID, Groups: p.User.AdditionalGids}
	if k := p.Capabilities; k != nil {
		u.Caps = &Capabilities{
			Permitted: spec.CapabilityMask(k.Permitted), Effective: spec.CapabilityMask(k.Effective),
			Inheritable: spec.CapabilityMask(k.Inheritable), Bounding: spec.CapabilityMask(k.Bounding),
			Ambient: spec.CapabilityMask(k.Ambient),
		}
	}
	return u
}

// addMount appends what one valid entry of /mounts shows, or changes the
// entry that it remounts.
func addMount(list []fsview.Mount, m *specs.Mount, bundle string) []fsview.Mount {
	opt := spec.ParseOptions(m, spec.Self())
	out := fsview.Mount{Target: spec.Destination(m), Flags: viewFlags(opt.Set), Mode: opt.Mode, Size: opt.Size, Inodes: opt.Inodes}
	if opt.Remount {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].Target == out.Target {
				list[i].Flags = list[i].Flags&^viewFlags(opt.Clear) | out.Flags
				break
			}
		}
		return list
	}
	if opt.Bind {
		out.Source = spec.HostPath(bundle, m.Source)
		out.Kind = BindKind(out.Source)
		list = append(list, out)
		if out.Kind == fsview.Bind {
			for _, p := range ProcMounts(out.Source, out.Target) {
				p.Flags = out.Flags & fsview.Recursive
				if p.Flags != 0 {
					p.Flags = out.Flags
				}
				list = append(list, p)
			}
		}
		return list
	}
	switch m.Type {
	case "overlay":
		out.Kind, out.Source = fsview.Overlay, ""
		out.Layers = &fsview.Layers{Volatile: opt.Volatile}
		for _, d := range opt.Lower {
			out.Layers.Lower = append(out.Layers.Lower, spec.HostPath(bundle, d))
		}
		if opt.Upper != "" {
			out.Layers.Upper = spec.HostPath(bundle, opt.Upper)
		}
		if opt.Work != "" {
			out.Layers.Work = spec.HostPath(bundle, opt.Work)
		}
		return append(list, out)
	case "proc":
		out.Kind, out.Source = fsview.Proc, "/proc"
	case "sysfs":
		out.Kind, out.Source = fsview.Sysfs, "/sys"
	case "devpts":
		out.Kind, out.Source = fsview.Devpts, "/dev/pts"
	case "mqueue":
		out.Kind, out.Source = fsview.Mqueue, "/dev/mqueue"
	case "cgroup", "cgroup2":
		out.Kind, out.Source = fsview.Cgroup, "/sys/fs/cgroup"
	default:
		out.Kind = fsview.Tmpfs
	}
	// A tree that the host does not have is shown empty, as a new instance
	// without anything in it would be.
	if _, err := os.Stat(out.Source); out.Source != "" && err != nil {
		out.Kind, out.Source, out.Mode, out.Size, out.Inodes = fsview.Tmpfs, "", 0o755, 0, 0
	}
	return append(list, out)
}

func viewFlags(r spec.Restrict) fsview.Flags {
	var f fsview.Flags
	for _, p := range []struct {
		from spec.Restrict
		to   fsview.Flags
	}{
		{spec.ReadOnly, fsview.ReadOnly},
		{spec.NoExec, fsview.NoExec},
		{spec.NoDev, fsview.NoDev},
		{spec.NoSuid, fsview.NoSuid},
		{spec.NoSymFollow, fsview.NoSymFollow},
		{spec.NoAtime, fsview.NoAtime},
		{spec.Recursive, fsview.Recursive},
	} {
		if r&p.from != 0 {
			f |= p.to
		}
	}
	return f
}

// defaultDevices are those that config.md wants in every container.
var defaultDevices = []string{"null", "zero", "full", "random", "urandom", "tty", "ptmx"}

// deviceMounts binds the default devices and those of the configuration. The
// defaults are left out where the configuration itself fills /dev, unless the
// devices in there are denied.
func deviceMounts(sp *specs.Spec, deny bool) (list []fsview.Mount, missing []string) {
	own := map[string]bool{}
	for i := range sp.Mounts {
		dst := spec.Destination(&sp.Mounts[i])
		own[dst] = true
		if dst == "/dev" && !deny && spec.ParseOptions(&sp.Mounts[i], spec.Caller{}).Bind {
			for _, name := range defaultDevices {
				own["/dev/"+name] = true
			}
		}
	}
	bind := func(dst, src string) {
		list = append(list, fsview.Mount{Target: dst, Source: src, Kind: fsview.Bind})
	}
	if sp.Linux != nil {
		for i := range sp.Linux.Devices {
			d := &sp.Linux.Devices[i]
			if src, ok := spec.HostDevice(d); ok {
				own[path.Clean(d.Path)] = true
				bind(path.Clean(d.Path), src)
			}
		}
	}
	for _, name := range defaultDevices {
		dst := "/dev/" + name
		if own[dst] {
			continue
		}
		if _, err := os.Stat(dst); err != nil {
			missing = append(missing, dst)
			continue
		}
		bind(dst, dst)
	}
	return list, missing
}

// console shows the terminal of standard input, if it is one, at /dev/console,
// where config-linux.md wants it.
func console() []fsview.Mount {
	if !spec.Self().StdinTTY {
		return nil
	}
	tty, err := os.Readlink("/proc/self/fd/0")
	if err != nil {
		return nil
	}
	if _, err := os.Stat(tty); err != nil {
		return nil // of another mount namespace
	}
	return []fsview.Mount{{Target: "/dev/console", Source: tty, Kind: fsview.Bind}}
}
