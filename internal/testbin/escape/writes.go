package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// writeTechniques change the host's files by their host names. The harness
// looks at the files afterwards as well.
var writeTechniques = []technique{
	{"creat", func() error { return ok(call(unix.SYS_CREAT, outside("made"), 0o644)) }},
	{"open-append", func() error {
		fd, err := unix.Open(cfg.Secret, unix.O_WRONLY|unix.O_APPEND, 0)
		if err != nil {
			return err
		}
		return ok(unix.Write(fd, []byte("x")))
	}},
	{"open-tmpfile", func() error { return ok(unix.Open(cfg.Outside, unix.O_TMPFILE|unix.O_RDWR, 0o600)) }},
	{"truncate", func() error { return unix.Truncate(cfg.Secret, 1) }},
	{"chmod", func() error { return ok(call(unix.SYS_CHMOD, cfg.Secret, 0o600)) }},
	{"fchmodat", func() error { return ok(call(unix.SYS_FCHMODAT, cwd, cfg.Secret, 0o600)) }},
	{"fchmodat2", func() error { return ok(call(unix.SYS_FCHMODAT2, cwd, cfg.Secret, 0o600, 0)) }},
	{"chown", func() error { return ok(call(unix.SYS_CHOWN, cfg.Secret, os.Getuid(), os.Getgid())) }},
	{"fchownat", func() error { return ok(call(unix.SYS_FCHOWNAT, cwd, cfg.Secret, os.Getuid(), os.Getgid(), 0)) }},
	{"utime", func() error { return ok(call(unix.SYS_UTIME, cfg.Secret, nil)) }},
	{"utimes", func() error { return ok(call(unix.SYS_UTIMES, cfg.Secret, nil)) }},
	{"utimensat", func() error { return ok(call(unix.SYS_UTIMENSAT, cwd, cfg.Secret, nil, 0)) }},
	{"setxattr", func() error { return ok(call(unix.SYS_SETXATTR, cfg.Secret, "user.x", "v", 1, 0)) }},
	{"removexattr", func() error { return ok(call(unix.SYS_REMOVEXATTR, cfg.Secret, "user.token")) }},
	{"removexattrat", func() error { return ok(call(466, cwd, cfg.Secret, 0, "user.token")) }},
	{"mkdir", func() error { return unix.Mkdir(outside("made"), 0o755) }},
	{"rmdir", func() error { return unix.Rmdir(outside("empty")) }},
	{"unlink", func() error { return unix.Unlink(cfg.Secret) }},
	{"mknod", func() error { return unix.Mknod(outside("made"), unix.S_IFIFO|0o600, 0) }},
	{"symlink", func() error { return unix.Symlink("x", outside("made")) }},
	{"link-in", func() error { return unix.Link(cfg.Secret, filepath.Join(cfg.Work, "in")) }},
	{"link-out", func() error {
		p := filepath.Join(cfg.Work, "f")
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			return err
		}
		return unix.Link(p, outside("made"))
	}},
	{"rename-in", func() error { return unix.Rename(cfg.Secret, filepath.Join(cfg.Work, "in")) }},
	{"rename-out", func() error {
		p := filepath.Join(cfg.Work, "f")
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			return err
		}
		return ok(call(unix.SYS_RENAMEAT2, cwd, p, cwd, outside("made"), 0))
	}},
	{"unlinkat-of-leaked", func() error { return unix.Unlinkat(cfg.Leaked, "secret", 0) }},
}

// ro names the file on the mount that the view shows read-only.
func ro() string { return filepath.Join(cfg.ReadOnly, "f") }

// withRO runs f with the file open for reading.
func withRO(flags int, f func(fd int) error) error {
	fd, err := unix.Open(ro(), flags, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return f(fd)
}

func fdName(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// readOnlyTechniques change what a read-only mount shows. The files belong to
// the user, so only the mount is in the way.
var readOnlyTechniques = []technique{
	{"ro-write", func() error { return ok(unix.Open(ro(), unix.O_WRONLY, 0)) }},
	{"ro-truncate-flag", func() error { return ok(unix.Open(ro(), unix.O_RDONLY|unix.O_TRUNC, 0)) }},
	{"ro-create", func() error { return ok(unix.Open(ro()+"2", unix.O_CREAT|unix.O_RDONLY, 0o644)) }},
	{"ro-truncate", func() error { return unix.Truncate(ro(), 0) }},
	{"ro-chmod", func() error { return unix.Chmod(ro(), 0o600) }},
	{"ro-utimes", func() error { return ok(call(unix.SYS_UTIMES, ro(), nil)) }},
	{"ro-setxattr", func() error { return unix.Setxattr(ro(), "user.x", []byte("v"), 0) }},
	{"ro-unlink", func() error { return unix.Unlink(ro()) }},
	{"ro-rename", func() error { return unix.Rename(ro(), ro()+"2") }},
	{"ro-link", func() error { return unix.Link(ro(), ro()+"2") }},
	{"ro-link-out", func() error { return unix.Link(ro(), filepath.Join(cfg.Work, "linked")) }},
	{"ro-reopen", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error { return ok(unix.Open(fdName(fd), unix.O_RDWR, 0)) })
	}},
	{"ro-reopen-o-path", func() error {
		return withRO(unix.O_PATH, func(fd int) error { return ok(unix.Open(fdName(fd), unix.O_RDWR, 0)) })
	}},
	{"ro-reopen-truncate", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error { return unix.Truncate(fdName(fd), 0) })
	}},
	{"ro-fchmod", func() error { return withRO(unix.O_RDONLY, func(fd int) error { return unix.Fchmod(fd, 0o600) }) }},
	{"ro-fchmod-empty", func() error {
		return withRO(unix.O_PATH, func(fd int) error { return ok(call(unix.SYS_FCHMODAT2, fd, "", 0o600, emptyPath)) })
	}},
	{"ro-fd-chmod", func() error { return withRO(unix.O_PATH, func(fd int) error { return unix.Chmod(fdName(fd), 0o600) }) }},
	{"ro-fchown", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error { return unix.Fchown(fd, os.Getuid(), os.Getgid()) })
	}},
	{"ro-futimens", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error { return ok(call(unix.SYS_UTIMENSAT, fd, nil, nil, 0)) })
	}},
	{"ro-fsetxattr", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error { return unix.Fsetxattr(fd, "user.x", []byte("v"), 0) })
	}},
	{"ro-setflags", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error {
			// The others stay: some file systems refuse to drop one.
			flags := make([]byte, 8)
			call(unix.SYS_IOCTL, fd, unix.FS_IOC_GETFLAGS, flags)
			flags[0] |= 0x80 // FS_NOATIME_FL
			return ok(call(unix.SYS_IOCTL, fd, unix.FS_IOC_SETFLAGS, flags))
		})
	}},
	{"ro-linkat-empty", func() error {
		return withRO(unix.O_RDONLY, func(fd int) error {
			return unix.Linkat(cwd, fdName(fd), cwd, filepath.Join(cfg.Work, "linked2"), unix.AT_SYMLINK_FOLLOW)
		})
	}},
	{"ro-dirfd-create", func() error {
		d, err := unix.Open(cfg.ReadOnly, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		return ok(unix.Openat(d, "new", unix.O_CREAT|unix.O_WRONLY, 0o644))
	}},
	{"ro-cwd-create", func() error {
		if err := unix.Chdir(cfg.ReadOnly); err != nil {
			return err
		}
		return unix.Mkdir("new", 0o755)
	}},
	{"ro-proc-cwd-create", func() error {
		if err := unix.Chdir(cfg.ReadOnly); err != nil {
			return err
		}
		return unix.Mkdir("/proc/self/cwd/new", 0o755)
	}},
}
