package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/sandbox"
	"github.com/ptbox/ptbox/spec"
)

// viewFlags are the flags that say what the guest sees.
type viewFlags struct {
	rootfs, rootStd string
	build           string
	mounts          []fsview.Mount
	readOnly        bool
	config, bundle  string
	hostname        string
}

func (v *viewFlags) opts() []opt {
	return []opt{
		{names: []string{"rootfs", "r"}, arg: "DIR", value: text(&v.rootfs), usage: "the guest's root directory, exactly as it is (default /)"},
		{
			names: []string{"root-std", "R"}, arg: "DIR", value: text(&v.rootStd),
			usage: "the same, with the host's /proc, /sys, /dev, /etc/resolv.conf and /etc/hosts on top",
		},
		{
			names: []string{"build"}, arg: "DIR", value: text(&v.build),
			usage: "install and build software in DIR: -R DIR -0 --clearenv -w /root, with empty /tmp and /run",
		},
		{
			names: []string{"bind", "v"}, arg: "SRC:DST[:OPT,…]", value: &value{set: v.bind(0)},
			usage: "show the host's SRC at DST; options ro, noexec, nodev, nosuid, nosymfollow, noatime; a colon in a path is written \\:",
		},
		{names: []string{"ro-bind"}, arg: "SRC:DST", value: &value{set: v.bind(fsview.ReadOnly)}, usage: "the same, read-only"},
		{names: []string{"tmpfs"}, arg: "DST[:OPT,…]", value: &value{set: v.tmpfs}, usage: "an empty private directory at DST; options mode=M, size=S, nr_inodes=N, and those of --bind"},
		{
			names: []string{"overlay"}, arg: "DST:lower=A:B[,upper=U[,work=W]]", value: &value{set: v.overlay(false)},
			usage: "A over B at DST, as overlayfs shows them; changes go to U, or are refused without one",
		},
		{
			names: []string{"tmp-overlay"}, arg: "DST[:lower=A:B]", value: &value{set: v.overlay(true)},
			usage: "the same with changes that are thrown away at the end; without lower over what DST shows, which may be /",
		},
		{names: []string{"read-only"}, value: boolean(&v.readOnly), usage: "the root cannot be written"},
		{names: []string{"config"}, arg: "FILE", value: text(&v.config), usage: "take root, mounts and process from an OCI config.json"},
		{names: []string{"bundle", "b"}, arg: "DIR", value: text(&v.bundle), usage: "take them from the bundle DIR"},
		{names: []string{"hostname"}, arg: "NAME", value: text(&v.hostname), usage: "what uname(2) says"},
	}
}

// given says that some flag describes a view.
func (v *viewFlags) given() bool {
	return v.rootfs != "" || v.build != "" || v.rootStd != "" || len(v.mounts) > 0 || v.readOnly || v.config != "" || v.bundle != ""
}

// splitColon splits at colons that no backslash precedes.
func splitColon(s string) []string {
	var out []string
	var cur strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == ':':
			i++
			cur.WriteByte(':')
		case s[i] == ':':
			out = append(out, cur.String())
			cur.Reset()
		default:
			cur.WriteByte(s[i])
		}
	}
	return append(out, cur.String())
}

func (v *viewFlags) bind(base fsview.Flags) func(string) error {
	return func(s string) error {
		part := splitColon(s)
		if len(part) == 1 {
			part = append(part, part[0])
		}
		if len(part) > 3 {
			return errors.New("want SRC:DST[:OPTIONS]")
		}
		if part[0] == "" {
			return errors.New("empty source")
		}
		m := fsview.Mount{Kind: fsview.Bind, Flags: base}
		var err error
		if m.Target, err = target(part[1]); err != nil {
			return err
		}
		if m.Source, err = filepath.Abs(part[0]); err != nil {
			return err
		}
		if len(part) == 3 {
			if err := mountOptions(&m, part[2]); err != nil {
				return err
			}
		}
		v.mounts = append(v.mounts, m)
		return nil
	}
}

func target(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("empty destination")
	case !path.IsAbs(s):
		return "", fmt.Errorf("destination %q is not absolute", s)
	}
	return path.Clean(s), nil
}

// restrictions are the words that take something away from a mount.
var restrictions = map[string]fsview.Flags{
	"ro": fsview.ReadOnly, "noexec": fsview.NoExec, "nodev": fsview.NoDev, "nosuid": fsview.NoSuid,
	"nosymfollow": fsview.NoSymFollow, "noatime": fsview.NoAtime,
}

func mountOptions(m *fsview.Mount, list string) error {
	for _, w := range strings.Split(list, ",") {
		if f := restrictions[w]; f != 0 {
			m.Flags |= f
			continue
		}
		switch w {
		case "rw":
			m.Flags &^= fsview.ReadOnly
		default:
			if err := tmpfsOption(m, w); err != nil {
				return err
			}
		}
	}
	return nil
}

func tmpfsOption(m *fsview.Mount, w string) error {
	key, val, ok := strings.Cut(w, "=")
	if !ok || m.Kind != fsview.Tmpfs {
		return fmt.Errorf("unknown option %q", w)
	}
	switch key {
	case "mode":
		n, err := strconv.ParseUint(val, 8, 32)
		if err != nil || n > 0o7777 {
			return fmt.Errorf("%s: not an octal mode", w)
		}
		if m.Mode = uint32(n); n == 0 {
			m.Mode = unix.S_IFDIR // given, and no permission at all
		}
	case "size", "nr_blocks", "nr_inodes":
		n, err := spec.TmpfsLimit(key, val)
		if err != nil {
			return err
		}
		if key == "nr_inodes" {
			m.Inodes = n
		} else {
			m.Size = n
		}
	default:
		return fmt.Errorf("unknown option %q", w)
	}
	return nil
}

func (v *viewFlags) tmpfs(s string) error {
	part := splitColon(s)
	if len(part) > 2 {
		return errors.New("want DST[:OPTIONS]")
	}
	dst, err := target(part[0])
	if err != nil {
		return err
	}
	m := fsview.Mount{Kind: fsview.Tmpfs, Target: dst}
	if len(part) == 2 {
		if err := mountOptions(&m, part[1]); err != nil {
			return err
		}
	}
	v.mounts = append(v.mounts, m)
	return nil
}

// options turns the flags into Options for the command args, or for that of
// the configuration if there is none. cmd is the name that errors begin with.
func (p *program) options(v *viewFlags, cmd string, args []string) (sandbox.Options, error) {
	var o sandbox.Options
	switch {
	case !v.given():
		o = sandbox.ExampleView()
	case v.config != "" || v.bundle != "":
		if v.rootfs != "" || v.rootStd != "" || v.build != "" {
			return o, usage(cmd, "a root directory is given beside a configuration, which has its own")
		}
		file, bundle := v.config, v.bundle
		if file == "" {
			file = filepath.Join(bundle, spec.ConfigName)
		}
		if bundle == "" {
			bundle = filepath.Dir(file)
		}
		var err error
		if o, err = p.fromConfig(file, bundle, cmd, args); err != nil {
			return o, err
		}
	default:
		root, err := v.root(cmd)
		if err != nil {
			return o, err
		}
		o.Root = root
		switch {
		case v.build != "":
			o.Mounts = append(standardMounts(), buildMounts()...)
			o.User = &sandbox.User{}
			o.Cwd = "/root"
		case v.rootStd != "":
			o.Mounts = standardMounts()
		default:
			o.Mounts = sandbox.ProcMounts(root, "/")
		}
	}
	if v.readOnly {
		o.RootFlags |= fsview.ReadOnly
	}
	if v.hostname != "" {
		o.Hostname = v.hostname
	}
	mounts, err := p.userMounts(v.mounts, cmd)
	o.Mounts = append(o.Mounts, mounts...)
	if len(args) > 0 {
		o.Args = args
	}
	return o, err
}

func (v *viewFlags) root(cmd string) (string, error) {
	n := 0
	for _, d := range []string{v.rootfs, v.rootStd, v.build} {
		if d != "" {
			n++
		}
	}
	if n > 1 {
		return "", usage(cmd, "--rootfs, --root-std and --build exclude each other")
	}
	dir := v.rootfs + v.rootStd + v.build
	if dir == "" {
		dir = "/"
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fail(cmd, err)
	}
	st, err := os.Stat(abs)
	if err == nil && !st.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		return "", fail(cmd, fmt.Errorf("root directory %s: %w", abs, cause(err)))
	}
	return abs, nil
}

// standardMounts are those of -R: what most programs need of the host. A root
// file system may have files of its own there, which are no secret.
func standardMounts() []fsview.Mount {
	list := []fsview.Mount{
		{Target: "/proc", Source: "/proc", Kind: fsview.Proc},
		{Target: "/sys", Source: "/sys", Kind: fsview.Sysfs, Flags: fsview.ReadOnly},
		{Target: "/dev", Source: "/dev", Kind: fsview.Bind},
	}
	for _, file := range []string{"/etc/resolv.conf", "/etc/hosts"} {
		if _, err := os.Stat(file); err == nil {
			list = append(list, fsview.Mount{Target: file, Source: file, Kind: fsview.Bind, Flags: fsview.ReadOnly, Plain: true})
		}
	}
	return list
}

// buildMounts are what --build shows besides: nothing of a build is left in
// the places for temporary files.
func buildMounts() []fsview.Mount {
	return []fsview.Mount{
		{Target: "/tmp", Kind: fsview.Tmpfs},
		{Target: "/run", Kind: fsview.Tmpfs, Mode: 0o755},
	}
}

// userMounts checks the binds' sources and tells of mounts that hide others.
func (p *program) userMounts(list []fsview.Mount, cmd string) ([]fsview.Mount, error) {
	seen := map[string]bool{}
	var out []fsview.Mount
	for _, m := range list {
		if m.Kind == fsview.Bind {
			if _, err := os.Stat(m.Source); err != nil {
				return nil, fail(cmd, fmt.Errorf("bind source %s: %w", m.Source, cause(err)))
			}
			m.Kind = sandbox.BindKind(m.Source)
		}
		if seen[m.Target] {
			p.note("%s: warning: %s is given twice, the later one is shown", cmd, m.Target)
		}
		seen[m.Target] = true
		out = append(out, m)
	}
	return out, nil
}

// cause strips what the message already says.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// fromConfig loads a configuration and prints its warnings. A command given
// takes the place of the configuration's.
func (p *program) fromConfig(file, bundle, cmd string, args []string) (sandbox.Options, error) {
	sp, err := spec.Load(file)
	if err != nil {
		return sandbox.Options{}, configFailure(cmd, err)
	}
	if len(args) > 0 && sp.Process != nil {
		sp.Process.Args = args
	}
	o, warnings, err := sandbox.FromSpec(sp, bundle)
	var se *spec.Error
	if errors.As(err, &se) {
		se.Path = file
	}
	if err != nil {
		return o, configFailure(cmd, err)
	}
	for _, w := range warnings {
		p.note("%s: warning: %s", cmd, w)
	}
	return o, nil
}
