package spec

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// MountOptions is what the options of a mount boil down to.
type MountOptions struct {
	// Set and Clear are the restrictions that were given and taken back; a
	// later word wins.
	Set, Clear Restrict
	Bind       bool
	Remount    bool
	// Mode is that of a tmpfs, 0 if not given, S_IFDIR if it is 0.
	Mode uint32
	// Size in bytes and Inodes limit a tmpfs, 0 if not given.
	Size, Inodes uint64
	// Lower, Upper and Work are the directories of an overlay, as they are
	// written. Volatile asks for no fsync.
	Lower       []string
	Upper, Work string
	Volatile    bool
	// Notes are words that are understood but change nothing worth a warning.
	Notes []Problem
	// Bad are the words that cannot be honoured. The pointers of both are
	// relative to the mount.
	Bad []Problem
}

// Restrict is a set of mount restrictions.
type Restrict uint8

// The restrictions.
const (
	ReadOnly Restrict = 1 << iota
	NoExec
	NoDev
	NoSuid
	NoSymFollow
	NoAtime
	// Recursive marks that a restriction was given in its r-form.
	Recursive
)

// toggles are the words that set or clear a restriction.
var toggles = map[string]struct {
	flag Restrict
	set  bool
}{
	"ro": {ReadOnly, true}, "rw": {ReadOnly, false},
	"noexec": {NoExec, true}, "exec": {NoExec, false},
	"nodev": {NoDev, true}, "dev": {NoDev, false},
	"nosuid": {NoSuid, true}, "suid": {NoSuid, false},
	"nosymfollow": {NoSymFollow, true}, "symfollow": {NoSymFollow, false},
	"noatime": {NoAtime, true}, "atime": {NoAtime, false},
}

// neutral are the words that are accepted and need nothing: how the kernel
// keeps access times, if it does, is the host mount's affair, and nothing is
// ever mounted that could propagate.
var neutral = words("defaults relatime norelatime strictatime nostrictatime diratime nodiratime lazytime nolazytime " +
	"iversion noiversion async loud silent nomand mand acl noacl " +
	"private rprivate shared rshared slave rslave unbindable runbindable " +
	"rrelatime rnorelatime rstrictatime rnostrictatime rdiratime rnodiratime")

// vain are the words whose effect is missing: they get a warning.
var vain = words("sync dirsync")

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// ParseOptions reads the options of a mount.
func ParseOptions(m *specs.Mount, c Caller) MountOptions {
	o := MountOptions{Bind: m.Type == "bind"}
	for _, w := range m.Options {
		o.Bind = o.Bind || w == "bind" || w == "rbind"
	}
	for i, w := range m.Options {
		at := fmt.Sprintf("/options/%d", i)
		name, rec := w, false
		if t, ok := strings.CutPrefix(w, "r"); ok && toggles[t].flag != 0 {
			name, rec = t, true
		}
		t, isToggle := toggles[name]
		switch {
		case w == "bind" || w == "rbind":
		case w == "remount":
			o.Remount = true
		case neutral[w]:
		case isToggle:
			if t.set {
				o.Set, o.Clear = o.Set|t.flag, o.Clear&^t.flag
			} else {
				o.Set, o.Clear = o.Set&^t.flag, o.Clear|t.flag
			}
			if rec && t.set {
				o.Set |= Recursive
			}
		case vain[w]:
			o.Notes = append(o.Notes, Problem{Pointer: at, Text: fmt.Sprintf("%q has no effect", w), Warning: true})
		case w == "idmap" || w == "ridmap" || w == "tmpcopyup" || w == "copy-symlink":
			o.Bad = append(o.Bad, Problem{Pointer: at, Text: fmt.Sprintf("option %q is not supported yet", w)})
		default:
			o.data(m.Type, at, w, c)
		}
	}
	return o
}

// data reads an option of the file system's own.
func (o *MountOptions) data(typ, at, w string, c Caller) {
	bad := func(format string, a ...any) {
		o.Bad = append(o.Bad, Problem{Pointer: at, Text: fmt.Sprintf(format, a...)})
	}
	note := func(format string, a ...any) {
		o.Notes = append(o.Notes, Problem{Pointer: at, Text: fmt.Sprintf(format, a...), Warning: true})
	}
	key, value, _ := strings.Cut(w, "=")
	switch {
	case o.Bind:
		bad("unknown option %q", w)
	case (typ == "tmpfs" || typ == "ramfs") && key == "mode":
		mode, err := strconv.ParseUint(value, 8, 32)
		if err != nil || mode > 0o7777 {
			bad("%q is not an octal mode", value)
			return
		}
		if o.Mode = uint32(mode); mode == 0 {
			o.Mode = unix.S_IFDIR // given, and no permission at all
		}
	case typ == "tmpfs" && (key == "uid" || key == "gid"):
		id, err := strconv.ParseUint(value, 10, 32)
		if own := map[string]uint32{"uid": c.UID, "gid": c.GID}[key]; err != nil || uint32(id) != own {
			bad("%s is not the caller's %s %d", w, key, own)
		}
	case typ == "tmpfs" && (key == "size" || key == "nr_blocks" || key == "nr_inodes"):
		n, err := TmpfsLimit(key, value)
		if err != nil {
			bad("%s", err)
			return
		}
		if key == "nr_inodes" {
			o.Inodes = n
		} else {
			o.Size = n
		}
	case typ == "tmpfs" && (key == "huge" || key == "mpol"):
		note("%q has no effect: the directory lies on a file system of the host", w)
	case typ == "overlay":
		if text := o.overlay(w); text != "" {
			bad("%s", text)
		}
	case typ == "devpts" && w == "newinstance":
		note("%q has no effect: the host's terminals are shown", w)
	case typ == "devpts" && (key == "ptmxmode" || key == "mode" || key == "gid" || key == "max"):
		// Properties of an instance that is not made.
	default:
		bad("unknown option %q", w)
	}
}

// Destination is the clean guest path of a mount: a relative one starts at "/".
func Destination(m *specs.Mount) string { return path.Clean("/" + m.Destination) }

func (r *report) mounts(list []specs.Mount, bundle string, c Caller) {
	seen := map[string]int{}
	for i := range list {
		m := &list[i]
		at := fmt.Sprintf("/mounts/%d", i)
		o := ParseOptions(m, c)
		dst := Destination(m)
		switch {
		case m.Destination == "":
			r.bad(at+"/destination", "missing")
		case !path.IsAbs(m.Destination):
			r.warn(at+"/destination", "%q is relative, taken as %s", m.Destination, dst)
		}
		r.str(at+"/destination", m.Destination)
		first, dup := seen[dst]
		switch {
		case o.Remount && !dup:
			r.bad(at+"/options", "remount of %s, which is not mounted before", dst)
		case dup && !o.Remount:
			r.warn(at+"/destination", "%s hides the mount /mounts/%d", dst, first)
		}
		seen[dst] = i
		if !o.Remount {
			r.mountType(at, m, o, bundle)
		}
		for _, p := range append(o.Bad, o.Notes...) {
			p.Pointer = at + p.Pointer
			r.list = append(r.list, p)
		}
		if len(m.UIDMappings) > 0 {
			r.unsupported(at+"/uidMappings", "")
		}
		if len(m.GIDMappings) > 0 {
			r.unsupported(at+"/gidMappings", "")
		}
	}
}

func (r *report) mountType(at string, m *specs.Mount, o MountOptions, bundle string) {
	if o.Bind {
		if m.Source == "" {
			r.bad(at+"/source", "missing")
			return
		}
		r.str(at+"/source", m.Source)
		src := HostPath(bundle, m.Source)
		if _, err := os.Stat(src); err != nil {
			r.bad(at+"/source", "%s: %v", src, cause(err))
		}
		return
	}
	switch m.Type {
	case "proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2", "tmpfs", "ramfs":
	case "overlay":
		r.overlayMount(at, o, bundle)
	case "", "none":
		r.bad(at+"/type", "missing, and the options hold neither bind nor rbind")
	default:
		r.bad(at+"/type", "file systems of type %q cannot be shown", m.Type)
	}
}
