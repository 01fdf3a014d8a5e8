package sandbox

import (
	"os"
	"path/filepath"

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
