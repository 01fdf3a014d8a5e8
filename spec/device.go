package spec

import (
	"io/fs"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// HostDevice finds the host's node for a device of the configuration: first
// at the same path, then anywhere below /dev.
func HostDevice(d *specs.LinuxDevice) (string, bool) {
	want := uint32(unix.S_IFCHR)
	if d.Type == "b" {
		want = unix.S_IFBLK
	}
	match := func(path string) bool {
		var st unix.Stat_t
		return unix.Lstat(path, &st) == nil && st.Mode&unix.S_IFMT == want &&
			int64(unix.Major(st.Rdev)) == d.Major && int64(unix.Minor(st.Rdev)) == d.Minor
	}
	if match(d.Path) {
		return filepath.Clean(d.Path), true
	}
	found := ""
	// Unreadable directories are passed over: the device may lie elsewhere.
	_ = filepath.WalkDir("/dev", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if e.Type()&fs.ModeDevice != 0 && match(path) {
			found = path
			return fs.SkipAll
		}
		return nil
	})
	return found, found != ""
}
