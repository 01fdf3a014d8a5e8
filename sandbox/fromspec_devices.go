package sandbox

import (
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/spec"
)

// deniesDevices evaluates the device list as far as Validate lets it come:
// "deny all", then rules that allow. One that allows everything undoes it.
func deniesDevices(rules []specs.LinuxDeviceCgroup) bool {
	deny := false
	for _, r := range rules {
		switch {
		case spec.DenyAll(r):
			deny = true
		case (r.Type == "" || r.Type == "a") && (r.Major == nil || *r.Major == -1) && (r.Minor == nil || *r.Minor == -1):
			deny = false
		}
	}
	return deny
}

// denyDevices makes device nodes unusable wherever the configuration does not
// put one itself: in the root and in directories that are bound. Terminals
// stay usable, as every runtime allows them.
func denyDevices(o *Options) {
	o.RootFlags |= fsview.NoDev
	pts := o.Root == "/"
	for i := range o.Mounts {
		m := &o.Mounts[i]
		if m.Kind != fsview.Bind || !isDir(m.Source) {
			continue
		}
		m.Flags |= fsview.NoDev
		pts = pts || m.Target == "/dev" && m.Source == "/dev"
	}
	for _, m := range o.Mounts {
		pts = pts && m.Target != "/dev/pts"
	}
	if pts && isDir("/dev/pts") {
		o.Mounts = append(o.Mounts, fsview.Mount{Target: "/dev/pts", Source: "/dev/pts", Kind: fsview.Devpts})
	}
}
