package fsview

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// RemoveScratch removes a host directory that Config.Scratch returned, with
// all that the view and its guests made there. Synthesised directories are not
// writable, and a guest may have made others like that, so os.RemoveAll alone
// fails for anyone but root. Symlinks are removed, not followed.
func RemoveScratch(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrPermission) && os.Chmod(dir, 0o700) == nil {
		root, err = os.OpenRoot(dir)
	}
	if err != nil {
		return err
	}
	unlock(root, ".")
	root.Close()
	return os.RemoveAll(dir)
}

// unlock makes the directories at and below name ours to empty.
func unlock(root *os.Root, name string) {
	if st, err := root.Lstat(name); err != nil || !st.IsDir() {
		return
	}
	if root.Chmod(name, 0o700) != nil {
		return
	}
	d, err := root.Open(name)
	if err != nil {
		return
	}
	entries, _ := d.ReadDir(-1)
	d.Close()
	for _, e := range entries {
		if e.IsDir() {
			unlock(root, filepath.Join(name, e.Name()))
		}
	}
}
