package spec

import (
	"github.com/opencontainers/runtime-spec/specs-go"
)

// DefaultVersion is the version that Default writes: the oldest that has
// every property used, so that older runtimes take the file as well.
const DefaultVersion = "1.0.2"

// Default is the configuration that `ptbox spec` writes: a shell in rootfs,
// run by the caller as the caller, with the usual /proc, /dev and /sys.
func Default(rootfs string) *specs.Spec {
	c := Self()
	sp := &specs.Spec{
		Version: DefaultVersion,
		Process: &specs.Process{
			Terminal: false,
			User:     specs.User{UID: c.UID, GID: c.GID},
			Args:     []string{"sh"},
			Env: []string{
				"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				"TERM=xterm",
				"HOME=/",
			},
			Cwd:             "/",
			NoNewPrivileges: true,
		},
		Root:     &specs.Root{Path: rootfs},
		Hostname: "ptbox",
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "mode=755"}},
			{
				Destination: "/dev/pts", Type: "devpts", Source: "devpts",
				Options: []string{"nosuid", "noexec", "ptmxmode=0666", "mode=0620"},
			},
			{
				Destination: "/dev/shm", Type: "tmpfs", Source: "shm",
				Options: []string{"nosuid", "noexec", "nodev", "mode=1777"},
			},
			{
				Destination: "/sys", Type: "bind", Source: "/sys",
				Options: []string{"rbind", "nosuid", "noexec", "nodev", "ro"},
			},
		},
		Linux: &specs.Linux{
			Namespaces: []specs.LinuxNamespace{{Type: specs.MountNamespace}, {Type: specs.UTSNamespace}},
		},
	}
	return sp
}
