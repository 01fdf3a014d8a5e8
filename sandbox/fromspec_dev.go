package sandbox

import (
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/ptbox/ptbox/fsview"
)

// devLinks are the symlinks that every runtime supplies in /dev
// (config-linux.md, "Dev symbolic links").
var devLinks = [][2]string{
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"core", "/proc/kcore"},
}

// withDevices puts the devices that every program expects into an empty /dev:
// the host's own nodes, since nobody but root can make others. What the list
// mentions below /dev by itself stays as it is.
func withDevices(list []fsview.Mount) []fsview.Mount {
	at := -1
	own := map[string]bool{}
	for i := range list {
		target := path.Clean(list[i].Target)
		own[target] = true
		if target == "/dev" {
			at = i
		}
	}
	if at < 0 || list[at].Kind != fsview.Tmpfs || list[at].Source != "" {
		return list
	}
	var more []fsview.Mount
	for _, name := range append(slices.Clone(defaultDevices), "pts") {
		dst := "/dev/" + name
		if _, err := os.Stat(dst); err != nil || own[dst] {
			continue
		}
		m := fsview.Mount{Target: dst, Source: dst, Kind: fsview.Bind}
		if name == "pts" {
			m.Kind = fsview.Devpts
		}
		more = append(more, m)
	}
	if !own["/dev/shm"] {
		more = append(more, fsview.Mount{Target: "/dev/shm", Kind: fsview.Tmpfs, Mode: 0o1777})
	}
	return slices.Insert(slices.Clone(list), at+1, more...)
}

// MakeDevLinks makes the usual symlinks of /dev if that is a private directory
// of the view. New does so.
func MakeDevLinks(v *fsview.View) error {
	for _, m := range v.Mounts() {
		if m.Target != "/dev" || m.Kind != fsview.Tmpfs {
			continue
		}
		for _, l := range devLinks {
			if err := os.Symlink(l[1], filepath.Join(m.Source, l[0])); err != nil && !os.IsExist(err) {
				return err
			}
		}
	}
	return nil
}
