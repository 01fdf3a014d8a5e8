package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// readFD reads the secret from a descriptor, or fails.
func readFD(fd int, err error) error {
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	b := make([]byte, 256)
	n, err := unix.Read(fd, b)
	if err != nil {
		return err
	}
	return isToken(b[:n])
}

// reopen reads the secret by way of an O_PATH descriptor.
func reopen(fd int, err error) error {
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return readFD(unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY, 0))
}

// ok turns a result that may be anything but an error into success.
func ok(_ int, err error) error { return err }

func openHow(flags, mode, resolve uint64) []byte {
	b := make([]byte, 24)
	binary.LittleEndian.PutUint64(b, flags)
	binary.LittleEndian.PutUint64(b[8:], mode)
	binary.LittleEndian.PutUint64(b[16:], resolve)
	return b
}

// outside names something in the directory that the view does not show.
func outside(name string) string { return filepath.Join(cfg.Outside, name) }

const (
	cwd       = unix.AT_FDCWD
	emptyPath = unix.AT_EMPTY_PATH
)

// pathTechniques read the host's files by their host names.
var pathTechniques = []technique{
	{"open", func() error { return readFD(call(unix.SYS_OPEN, cfg.Secret, 0, 0)) }},
	{"openat", func() error { return readFD(call(unix.SYS_OPENAT, cwd, cfg.Secret, 0, 0)) }},
	{"openat2", func() error {
		return readFD(call(unix.SYS_OPENAT2, cwd, cfg.Secret, openHow(0, 0, 0), 24))
	}},
	{"openat2-in-root-of-root", func() error {
		root, err := unix.Open("/", unix.O_PATH, 0)
		if err != nil {
			return err
		}
		return readFD(call(unix.SYS_OPENAT2, root, cfg.Secret, openHow(0, 0, unix.RESOLVE_IN_ROOT), 24))
	}},
	{"open-o-path", func() error { return reopen(unix.Open(cfg.Secret, unix.O_PATH, 0)) }},
	{"open-with-slashes", func() error { return readFD(call(unix.SYS_OPEN, "//./"+cfg.Secret, 0, 0)) }},
	{"open-tree", func() error { return reopen(call(unix.SYS_OPEN_TREE, cwd, cfg.Secret, 0)) }},
	{"name-to-handle", func() error {
		b := make([]byte, 256)
		binary.LittleEndian.PutUint32(b, 128)
		return ok(call(unix.SYS_NAME_TO_HANDLE_AT, cwd, cfg.Secret, b, make([]byte, 8), 0))
	}},
	{"stat", func() error { var st unix.Stat_t; return unix.Stat(cfg.Secret, &st) }},
	{"statx", func() error { var st unix.Statx_t; return unix.Statx(cwd, cfg.Secret, 0, unix.STATX_ALL, &st) }},
	{"statfs", func() error { var st unix.Statfs_t; return unix.Statfs(cfg.Outside, &st) }},
	{"access", func() error { return ok(call(unix.SYS_ACCESS, cfg.Secret, unix.R_OK)) }},
	{"faccessat2", func() error { return ok(call(unix.SYS_FACCESSAT2, cwd, cfg.Secret, unix.R_OK, 0)) }},
	{"readlink", func() error { b := make([]byte, 64); return ok(call(unix.SYS_READLINK, outside("link"), b, 64)) }},
	{"readlinkat", func() error { b := make([]byte, 64); return ok(call(unix.SYS_READLINKAT, cwd, outside("link"), b, 64)) }},
	{"getxattr", func() error {
		b := make([]byte, 64)
		return ok(call(unix.SYS_GETXATTR, cfg.Secret, "user.token", b, 64))
	}},
	{"getxattrat", func() error {
		b := make([]byte, 64)
		args := make([]byte, 16) // struct xattr_args
		binary.LittleEndian.PutUint64(args, address(b))
		binary.LittleEndian.PutUint32(args[8:], 64)
		return ok(call(464, cwd, cfg.Secret, 0, "user.token", args, 16))
	}},
	{"listxattr", func() error {
		b := make([]byte, 64)
		n, err := call(unix.SYS_LISTXATTR, cfg.Secret, b, 64)
		if err == nil && n == 0 {
			err = errHeld
		}
		return err
	}},
	{"file-getattr", func() error { return ok(call(468, cwd, cfg.Secret, make([]byte, 24), 24, 0)) }},
	{"inotify", func() error {
		fd, err := unix.InotifyInit1(0)
		if err != nil {
			return err
		}
		return ok(unix.InotifyAddWatch(fd, cfg.Outside, unix.IN_ALL_EVENTS))
	}},
	{"fanotify", func() error {
		fd, err := unix.FanotifyInit(unix.FAN_CLASS_NOTIF|unix.FAN_REPORT_FID, 0)
		if err != nil {
			return err
		}
		return unix.FanotifyMark(fd, unix.FAN_MARK_ADD, unix.FAN_OPEN, cwd, cfg.Outside)
	}},
	{"chdir", func() error {
		if err := unix.Chdir(cfg.Outside); err != nil {
			return err
		}
		return readFD(unix.Open("secret", 0, 0))
	}},
	{"fchdir-of-leaked", func() error {
		if err := unix.Fchdir(cfg.Leaked); err != nil {
			return err
		}
		return readFD(unix.Open("secret", 0, 0))
	}},
	{"openat-of-leaked", func() error { return readFD(unix.Openat(cfg.Leaked, "secret", 0, 0)) }},
	{"openat-of-every-descriptor", func() error {
		for fd := 3; fd < 4096; fd++ {
			if readFD(unix.Openat(fd, "secret", 0, 0)) == nil {
				return nil
			}
		}
		return errHeld
	}},
	{"proc-fd-of-leaked", func() error {
		return readFD(unix.Open(fmt.Sprintf("/proc/self/fd/%d/secret", cfg.Leaked), 0, 0))
	}},
	{"proc-self-root", func() error { return readFD(unix.Open("/proc/self/root"+cfg.Secret, 0, 0)) }},
	{"proc-thread-self-root", func() error { return readFD(unix.Open("/proc/thread-self/root"+cfg.Secret, 0, 0)) }},
	{"proc-self-root-o-path", func() error {
		fd, err := unix.Open("/proc/self/root", unix.O_PATH, 0)
		if err != nil {
			return err
		}
		return readFD(unix.Openat(fd, cfg.Secret[1:], 0, 0))
	}},
	{"proc-task-root", func() error {
		return readFD(unix.Open(fmt.Sprintf("/proc/%d/task/%d/root%s", os.Getpid(), unix.Gettid(), cfg.Secret), 0, 0))
	}},
}

// walkTechniques climb out with "..", symlinks and moved directories.
var walkTechniques = []technique{
	{"dotdot", func() error { return readFD(unix.Open(climb(cfg.Work)+cfg.Secret, 0, 0)) }},
	{"dotdot-from-descriptor", func() error {
		fd, err := unix.Open(cfg.Work, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		return readFD(unix.Openat(fd, climb("")+cfg.Secret, 0, 0))
	}},
	{"dotdot-one-by-one", func() error {
		fd, err := unix.Open(cfg.Work, unix.O_PATH, 0)
		for range 30 {
			if err == nil {
				fd, err = unix.Openat(fd, "..", unix.O_PATH, 0)
			}
		}
		if err != nil {
			return err
		}
		return readFD(unix.Openat(fd, cfg.Secret[1:], 0, 0))
	}},
	{"chdir-dotdot", func() error {
		if err := unix.Chdir(cfg.Work); err != nil {
			return err
		}
		for range 30 {
			if err := unix.Chdir(".."); err != nil {
				return err
			}
		}
		return readFD(unix.Open(cfg.Secret[1:], 0, 0))
	}},
	{"symlink-absolute", func() error { return throughLink(cfg.Secret) }},
	{"symlink-relative", func() error { return throughLink(climb("") + cfg.Secret) }},
	{"symlink-to-directory", func() error {
		l := filepath.Join(cfg.Work, "dirlink")
		if err := os.Symlink(cfg.Outside, l); err != nil {
			return err
		}
		return readFD(unix.Open(l+"/secret", 0, 0))
	}},
	{"moved-directory", func() error {
		// The directory that ".." leads out of is moved up meanwhile.
		deep := filepath.Join(cfg.Work, "a/b/c/d")
		if err := os.MkdirAll(deep, 0o755); err != nil {
			return err
		}
		if err := unix.Chdir(deep); err != nil {
			return err
		}
		if err := os.Rename(deep, filepath.Join(cfg.Work, "d")); err != nil {
			return err
		}
		return readFD(unix.Open(climb("")+cfg.Secret, 0, 0))
	}},
	{"removed-directory", func() error {
		d := filepath.Join(cfg.Work, "gone")
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
		if err := unix.Chdir(d); err != nil {
			return err
		}
		if err := os.Remove(d); err != nil {
			return err
		}
		return readFD(unix.Open(climb("")+cfg.Secret, 0, 0))
	}},
	{"proc-cwd-dotdot", func() error { return readFD(unix.Open("/proc/self/cwd/"+climb("")+cfg.Secret, 0, 0)) }},
}

// climb goes up from a directory further than any tree is deep.
func climb(from string) string {
	up := strings.Repeat("../", 29) + ".."
	if from == "" {
		return up
	}
	return from + "/" + up
}

func throughLink(body string) error {
	l := filepath.Join(cfg.Work, "link")
	os.Remove(l)
	if err := os.Symlink(body, l); err != nil {
		return err
	}
	return readFD(unix.Open(l, 0, 0))
}
