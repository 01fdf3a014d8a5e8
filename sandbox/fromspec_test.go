package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/spec"
)

// testBundle is a bundle directory with an empty root, and its configuration.
func testBundle(t *testing.T) (string, *specs.Spec) {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"rootfs/etc", "rootfs/data", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sp := spec.Default("rootfs")
	sp.Mounts = nil
	return dir, sp
}

func convert(t *testing.T, sp *specs.Spec, bundle string) Options {
	t.Helper()
	o, _, err := FromSpec(sp, bundle)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// last returns the mount that is shown at target.
func last(o Options, target string) *fsview.Mount {
	for i := len(o.Mounts) - 1; i >= 0; i-- {
		if o.Mounts[i].Target == target {
			return &o.Mounts[i]
		}
	}
	return nil
}

func TestFromSpecProcess(t *testing.T) {
	dir, sp := testBundle(t)
	umask, adj := uint32(0o27), 1000
	sp.Process.User.Umask = &umask
	sp.Process.OOMScoreAdj = &adj
	sp.Process.Env = nil
	sp.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_CORE", Soft: 0, Hard: 0}}
	sp.Root.Readonly = true
	sp.Domainname = "d"
	o := convert(t, sp, dir)
	if !slices.Equal(o.Args, []string{"sh"}) || o.Env == nil || len(o.Env) != 0 || o.Cwd != "/" || o.Hostname != "ptbox" || o.Domainname != "d" {
		t.Errorf("%+v", o)
	}
	if *o.Umask != umask || *o.OOMScoreAdj != adj || !slices.Equal(o.Rlimits, []Rlimit{{Type: unix.RLIMIT_CORE}}) {
		t.Errorf("%+v", o)
	}
	if o.Root != filepath.Join(dir, "rootfs") || o.RootFlags != fsview.ReadOnly {
		t.Errorf("root %s %v", o.Root, o.RootFlags)
	}
}

func TestFromSpecErrors(t *testing.T) {
	dir, sp := testBundle(t)
	sp.Process.Cwd = "x"
	sp.Version = ""
	_, _, err := FromSpec(sp, dir)
	var se *spec.Error
	if !errors.As(err, &se) || len(se.Problems) != 2 {
		t.Fatalf("got %v", err)
	}
}

func TestFromSpecWarnings(t *testing.T) {
	dir, sp := testBundle(t)
	sp.Linux.CgroupsPath = "/x"
	_, warnings, err := FromSpec(sp, dir)
	if err != nil || len(warnings) != 1 || !strings.HasPrefix(warnings[0], "/linux/cgroupsPath: ") {
		t.Fatal(warnings, err)
	}
}

func TestFromSpecMounts(t *testing.T) {
	dir, sp := testBundle(t)
	sp.Mounts = []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "anything"},
		{Destination: "data", Source: "data", Options: []string{"bind", "ro", "nosuid", "nodev", "noexec"}},
		{Destination: "/tmp/", Type: "tmpfs", Options: []string{"mode=700"}},
		{Destination: "/host", Type: "none", Source: "/", Options: []string{"rbind", "rro"}},
		{Destination: "/p", Type: "bind", Source: "/proc"},
		{Destination: "/data", Options: []string{"remount", "rw", "exec"}},
	}
	o := convert(t, sp, dir)
	for _, w := range []fsview.Mount{
		{Target: "/proc", Source: "/proc", Kind: fsview.Proc},
		{Target: "/data", Source: filepath.Join(dir, "data"), Flags: fsview.NoSuid | fsview.NoDev},
		{Target: "/tmp", Kind: fsview.Tmpfs, Mode: 0o700},
		{Target: "/host", Source: "/", Flags: fsview.ReadOnly | fsview.Recursive},
		{Target: "/host/proc", Source: "/proc", Kind: fsview.Proc, Flags: fsview.ReadOnly | fsview.Recursive},
		{Target: "/p", Source: "/proc", Kind: fsview.Proc},
		{Target: "/dev/null", Source: "/dev/null"},
	} {
		if m := last(o, w.Target); m == nil || *m != w {
			t.Errorf("got %+v, want %+v", m, w)
		}
	}
}

func TestFromSpecDev(t *testing.T) {
	dir, sp := testBundle(t)
	sp.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/nix", Type: "c", Major: 1, Minor: 3}}
	o := convert(t, sp, dir)
	if m := last(o, "/dev/nix"); m == nil || m.Source != "/dev/null" {
		t.Errorf("/dev/nix is %+v", m)
	}
	// A bind of /dev has everything itself.
	sp.Mounts = []specs.Mount{{Destination: "/dev", Source: "/dev", Options: []string{"rbind"}}}
	if m := last(convert(t, sp, dir), "/dev/null"); m != nil {
		t.Errorf("/dev/null is mounted over a bind of /dev: %+v", m)
	}
	// Unless its devices are denied: those that every container has remain.
	all := specs.LinuxDeviceCgroup{Allow: false, Access: "rwm"}
	sp.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{all}}
	o = convert(t, sp, dir)
	if o.RootFlags&fsview.NoDev == 0 || last(o, "/dev").Flags&fsview.NoDev == 0 {
		t.Errorf("devices are not denied: %v", o.Mounts)
	}
	if m := last(o, "/dev/null"); m == nil || m.Flags != 0 {
		t.Errorf("/dev/null is denied: %+v", m)
	}
	if m := last(o, "/dev/pts"); m == nil || m.Flags != 0 {
		t.Errorf("terminals are denied: %+v", m)
	}
	all.Allow = true
	sp.Linux.Resources.Devices = append(sp.Linux.Resources.Devices, all)
	if o = convert(t, sp, dir); o.RootFlags != 0 {
		t.Error("devices are denied although all are allowed again")
	}
}

func TestFromSpecHide(t *testing.T) {
	dir, sp := testBundle(t)
	if err := os.Symlink("/etc", filepath.Join(dir, "rootfs", "link")); err != nil {
		t.Fatal(err)
	}
	sp.Mounts = []specs.Mount{
		{Destination: "/proc", Type: "proc"},
		{Destination: "/tmp", Type: "tmpfs"},
	}
	sp.Linux.MaskedPaths = []string{"/proc/kcore", "/proc/acpi", "/none"}
	sp.Linux.ReadonlyPaths = []string{"/proc/sys", "/link", "/none/x", "/tmp", "/etc/none"}
	o := convert(t, sp, dir)
	for _, w := range []fsview.Mount{
		{Target: "/proc/kcore", Kind: fsview.Mask},
		{Target: "/proc/sys", Source: "/proc/sys", Flags: fsview.ReadOnly},
		{Target: "/link", Source: filepath.Join(dir, "rootfs/etc"), Flags: fsview.ReadOnly},
		{Target: "/tmp", Kind: fsview.Tmpfs, Flags: fsview.ReadOnly},
	} {
		if m := last(o, w.Target); m == nil || *m != w {
			t.Errorf("got %+v, want %+v", m, w)
		}
	}
	for _, target := range []string{"/none/x", "/etc/none"} {
		if m := last(o, target); m != nil {
			t.Errorf("%s is not there, but mounted: %+v", target, m)
		}
	}
	sp.Linux.ReadonlyPaths = []string{"/"}
	if o = convert(t, sp, dir); o.RootFlags != fsview.ReadOnly {
		t.Error("the root is not read-only")
	}
}

func TestMakeDevLinks(t *testing.T) {
	dir, sp := testBundle(t)
	sp.Mounts = []specs.Mount{{Destination: "/dev", Type: "tmpfs"}}
	o := convert(t, sp, dir)
	scratch := t.TempDir()
	v, err := fsview.New(fsview.Config{
		Root: fsview.Mount{Source: o.Root}, Mounts: o.Mounts, Links: noLinks{},
		Scratch: func() (string, error) { return scratch, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := MakeDevLinks(v); err != nil {
		t.Fatal(err)
	}
	var r fsview.Resolution
	if e := v.Resolve(&fsview.Request{Path: "/dev/fd", NeedHost: true}, &r); e != 0 {
		t.Fatal(e)
	}
	if body, err := os.Readlink(string(r.Host)); err != nil || body != "/proc/self/fd" {
		t.Error(body, err)
	}
}

func TestProcRoot(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"22 1 0:21 / /proc rw shared:5 - proc proc rw", "/proc"},
		{"22 1 0:21 / /a\\040b rw - proc none rw", "/a b"},
		{"22 1 0:21 /sys /proc/sys ro - proc proc rw", ""},
		{"22 1 0:21 / /sys rw - sysfs sysfs rw", ""},
		{"nonsense", ""},
	} {
		if got, ok := procRoot(c.line); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v", c.line, got, ok)
		}
	}
}

func TestExampleView(t *testing.T) {
	o := ExampleView()
	if o.Root != "/" || last(o, "/proc").Kind != fsview.Proc || last(o, "/etc/passwd").Source != "/etc/hostname" {
		t.Errorf("%+v", o)
	}
}
