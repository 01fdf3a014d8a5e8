package difftest

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/spec"
)

// TestTmpfsLimits compares how sizes are read with what the kernel makes of
// the same words.
func TestTmpfsLimits(t *testing.T) {
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side mounts")
	}
	for _, c := range [][2]string{
		{"size", "64k"}, {"size", "64K"}, {"size", "1"}, {"size", "4096"}, {"size", "4097"}, {"size", "0"}, {"size", "0x10000"}, {"size", "0X1000"},
		{"size", "010000"}, {"size", "1m"}, {"size", "2G"}, {"size", "1t"}, {"size", "1p"}, {"size", "1e"}, {"size", "0x1e"}, {"size", "0x1ek"},
		{"size", "10%"}, {"size", "200%"}, {"size", "0%"}, {"size", ""}, {"size", "-1"}, {"size", "+1"}, {"size", " 1"},
		{"size", "1 "}, {"size", "1kb"}, {"size", "1.5m"}, {"size", "abc"}, {"size", "0b11"}, {"size", "0o17"}, {"size", "1_000"}, {"size", "09"}, {"size", "10%k"},
		{"nr_blocks", "16"}, {"nr_blocks", "1k"}, {"nr_blocks", "10%"}, {"nr_blocks", "0"}, {"nr_blocks", "x"},
		{"nr_inodes", "5"}, {"nr_inodes", "1k"}, {"nr_inodes", "0"}, {"nr_inodes", "1%"}, {"nr_inodes", ""}, {"nr_inodes", "1m"},
	} {
		n, err := spec.TmpfsLimit(c[0], c[1])
		want, werr := kernelLimit(c[0], c[1])
		if c[0] == "size" && len(c[1]) > 1 && c[1][len(c[1])-1] == '%' && err == nil && werr == nil {
			// The kernel counts the pages it has for itself, sysinfo(2) a few less.
			if d := int64(n - want); d*d > (1<<26)*(1<<26) {
				t.Errorf("%s=%s: %d, the kernel says %d", c[0], c[1], n, want)
			}
			continue
		}
		if (err == nil) != (werr == nil) || err == nil && n != want {
			t.Errorf("%s=%s: %d %v, the kernel says %d %v", c[0], c[1], n, err, want, werr)
		}
	}
	// The kernel takes a lone suffix for 0, and wraps around.
	for _, c := range [][2]string{{"size", "%"}, {"size", "k"}, {"size", "99999999999999999999"}, {"size", "16e"}, {"size", "8e"}, {"nr_inodes", "9999999999999999999999"}} {
		if n, err := spec.TmpfsLimit(c[0], c[1]); err == nil {
			t.Errorf("%s=%s: %d", c[0], c[1], n)
		}
	}
}

// kernelLimit makes a tmpfs with one option and asks it for the limit.
func kernelLimit(key, value string) (uint64, error) {
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigSetString(fs, key, value); err != nil {
		return 0, err
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return 0, err
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	var st unix.Statfs_t
	if err := unix.Fstatfs(fd, &st); err != nil {
		return 0, err
	}
	if key == "nr_inodes" {
		return st.Files, nil
	}
	return st.Blocks * uint64(st.Bsize), nil
}
