package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// scratchDir makes the private directory that holds what the view needs on
// the host: tmpfs contents, mount points that the root does not have.
func (s *Sandbox) scratchDir() (string, error) {
	switch {
	case s.inner != "":
		return s.inner, nil
	case s.scratch != "":
		return s.scratch, nil
	}
	d, err := os.MkdirTemp("", "ptbox-")
	if err != nil {
		return "", fmt.Errorf("scratch directory: %w", err)
	}
	if d, err = filepath.Abs(d); err != nil {
		return "", err
	}
	s.scratch = d
	if os.Geteuid() != 0 {
		return d, nil
	}
	// A guest of root may become another user, who must get at what is his
	// in there. The inner name, which nobody else can list, is the key.
	var key [16]byte
	if _, err := unix.Getrandom(key[:], 0); err != nil {
		return "", fmt.Errorf("scratch directory: %w", err)
	}
	inner := filepath.Join(d, fmt.Sprintf("%x", key))
	if err := os.Mkdir(inner, 0o711); err != nil {
		return "", fmt.Errorf("scratch directory: %w", err)
	}
	for _, dir := range []string{inner, d} {
		if err := os.Chmod(dir, 0o711); err != nil {
			return "", fmt.Errorf("scratch directory: %w", err)
		}
	}
	s.inner = inner
	return inner, nil
}

// removeAll is os.RemoveAll for trees with directories that lack permissions:
// synthesised ones are 0555, and the guest may leave anything in a tmpfs.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
