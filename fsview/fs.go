package fsview

import "golang.org/x/sys/unix"

// Stat is what a View wants to know of a host object.
type Stat struct {
	Dev, Ino uint64
	Mode     uint32
	UID, GID uint32
	Nlink    uint32
}

// FS is what a View needs of the host.
type FS interface {
	// Root returns a handle on the absolute host path (every symlink followed).
	Root(path string) (Handle, unix.Errno)
	// Open looks rel up below dir. No symlink is followed: one on the way is
	// ELOOP; a last one is ELOOP too unless nofollow, which returns the link
	// itself. A trailing slash or "/." demands a directory, as the kernel
	// does. rel has no ".." component, does not start with a slash and is
	// shorter than PATH_MAX; "" means dir itself.
	Open(dir Handle, rel string, nofollow bool) (Handle, unix.Errno)
	// Readlink puts the body of the symlink name in dir into buf and returns
	// its length; EINVAL when name is something else. name is one component.
	Readlink(dir Handle, name string, buf []byte) (int, unix.Errno)
	// Stat describes h.
	Stat(h Handle) (Stat, unix.Errno)
	// Path appends to buf the host path of h as the kernel knows it now; nil
	// when it has none (it lies outside the process' root, or is no file).
	// live is false when the object has been deleted; the path is then its
	// last one.
	Path(h Handle, buf []byte) (path []byte, live bool)
	// Close gives h up.
	Close(h Handle)
}

// Parenter may be implemented by an FS that has removed directories.
type Parenter interface {
	// Parent opens the ".." of a directory, which a removed one still has.
	Parent(dir Handle) (Handle, unix.Errno)
	// Jump opens the directory that the magic link name of procfs leads to.
	Jump(dir Handle, name string) (Handle, unix.Errno)
}

// Maker is what an FS must do besides if the view needs scratch directories
// (tmpfs, masks, missing mount points). Paths are absolute host paths.
type Maker interface {
	// Mkdir makes a directory with exactly this mode, whatever the umask.
	Mkdir(path string, mode uint32) unix.Errno
	// Mkfile makes an empty file.
	Mkfile(path string, mode uint32) unix.Errno
	// Chmod sets the mode of a directory.
	Chmod(path string, mode uint32) unix.Errno
}
