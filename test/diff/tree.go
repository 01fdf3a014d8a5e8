package difftest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// Dir is one side's copy of a case's tree: Dir/root and Dir/src.
type Dir string

func (d Dir) root() string { return filepath.Join(string(d), "root") }
func (d Dir) src() string  { return filepath.Join(string(d), "src") }

// at returns the host path of an entry.
func (d Dir) at(e *Entry) string {
	if e.Src {
		return filepath.Join(d.src(), e.Path)
	}
	return filepath.Join(d.root(), e.Path)
}

// host returns the host path of a mount's source.
func (d Dir) host(source string) string {
	if p, ok := strings.CutPrefix(source, "host:"); ok {
		return p
	}
	if p, ok := strings.CutPrefix(source, "@"); ok {
		return filepath.Join(d.src(), p)
	}
	return filepath.Join(d.root(), source)
}

// build makes the tree. guest is linked (or copied) to /guest, if there is one.
func (d Dir) build(tree []Entry, guest string) error {
	for _, p := range []string{string(d), d.root(), d.src()} {
		if err := os.MkdirAll(p, 0o755); err != nil {
			return err
		}
		if err := give(p, false); err != nil {
			return err
		}
		if err := unix.Chmod(p, 0o755); err != nil {
			return err
		}
	}
	if guest != "" {
		if err := place(guest, filepath.Join(d.root(), "guest")); err != nil {
			return err
		}
	}
	for _, e := range tree {
		at := d.at(&e)
		if err := parents(filepath.Dir(at)); err != nil {
			return err
		}
		if err := e.make(at, guest); err != nil {
			return fmt.Errorf("%c %s: %w", e.Type, e.Path, err)
		}
	}
	// Modes last: a directory without write permission would stop an
	// ordinary user from filling it.
	for i := len(tree) - 1; i >= 0; i-- {
		e := tree[i]
		if e.Type == 'd' || e.Type == 'o' {
			at := d.at(&e)
			if err := unix.Chmod(at, e.Mode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Entry) make(at, guest string) error {
	switch e.Type {
	case 'd', 'o':
		if err := os.Mkdir(at, 0o755); err != nil && !os.IsExist(err) {
			return err
		}
		if e.Type == 'o' {
			if err := unix.Setxattr(at, "user.overlay.opaque", []byte("y"), 0); err != nil {
				return err
			}
		}
	case 'w':
		if err := unix.Mknod(at, unix.S_IFCHR, 0); err != nil {
			return err
		}
	case 'f':
		if err := os.WriteFile(at, []byte(e.Data), 0o600); err != nil {
			return err
		}
		if err := unix.Chmod(at, e.Mode); err != nil {
			return err
		}
	case 'l':
		// One that is the source of a mount stays between two scripts.
		if t, err := os.Readlink(at); err == nil && t == e.Data {
			break
		}
		if err := os.Symlink(e.Data, at); err != nil {
			return err
		}
	case 'p':
		if err := unix.Mkfifo(at, 0o600); err != nil && err != unix.EEXIST {
			return err
		}
		if err := unix.Chmod(at, e.Mode); err != nil {
			return err
		}
	case 'x':
		// A copy: tests change its mode and write to it.
		b, err := os.ReadFile(guest)
		if err != nil {
			return err
		}
		if err := os.WriteFile(at, b, 0o755); err != nil {
			return err
		}
		if err := unix.Chmod(at, e.Mode); err != nil {
			return err
		}
	}
	return give(at, e.Root)
}

// give makes the user who runs the script the owner; without root all belongs
// to this user anyway.
func give(at string, root bool) error {
	if os.Geteuid() != 0 || root {
		return nil
	}
	return os.Lchown(at, unpriv.Nobody, unpriv.Nobody)
}

func parents(dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return nil
	}
	if err := parents(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return give(dir, false)
}

// place links the guest program, which nobody changes; a hard link is fast.
func place(guest, at string) error {
	if os.Link(guest, at) == nil {
		return nil
	}
	b, err := os.ReadFile(guest)
	if err != nil {
		return err
	}
	return os.WriteFile(at, b, 0o755)
}

// remove deletes the tree whatever modes the script has left.
func (d Dir) remove() {
	filepath.WalkDir(string(d), func(p string, e fs.DirEntry, err error) error {
		if e != nil && e.IsDir() {
			os.Chmod(p, 0o700)
		}
		return nil
	})
	os.RemoveAll(string(d))
}

// inum identifies a file.
type inum struct{ Dev, Ino uint64 }

// snapshot lists the tree, one line an object, without those in skip (the
// mount points that the native side had to make) and without what prune says.
func (d Dir) snapshot(skip []inum, prune func(rel string) bool) ([]string, error) {
	skipped := map[inum]bool{}
	for _, i := range skip {
		skipped[i] = true
	}
	var out []string
	err := filepath.WalkDir(string(d), func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(p, string(d))
		if prune != nil && prune(rel) {
			return fs.SkipDir
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		st := fi.Sys().(*syscall.Stat_t)
		if skipped[inum{st.Dev, st.Ino}] {
			return nil // but what the script has put into it counts
		}
		if rel == "/root/guest" {
			return nil
		}
		if rel == "/work" {
			return fs.SkipDir // of overlays
		}
		if st.Mode&syscall.S_IFMT == syscall.S_IFCHR && st.Rdev == 0 {
			out = append(out, rel+" whiteout")
			return nil
		}
		line := fmt.Sprintf("%s %v uid=%d", rel, fi.Mode(), st.Uid)
		switch {
		case fi.Mode()&fs.ModeSymlink != 0:
			t, err := os.Readlink(p)
			if err != nil {
				return err
			}
			line += " -> " + t
		case fi.Mode().IsRegular():
			b, err := os.ReadFile(p)
			if err != nil {
				// Without root a mode may forbid it; the mode is compared.
				b = nil
			}
			if len(b) > 60 {
				b = fmt.Appendf(nil, "sha256:%x", sha256.Sum256(b))
			}
			line += fmt.Sprintf(" nlink=%d %q", st.Nlink, b)
		}
		out = append(out, line)
		return nil
	})
	return out, err
}
