package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// moreRaces are those of calls that tell of an object, hang something on it, or
// go through a descriptor that another thread exchanges.
var moreRaces = []technique{
	{"race-swap-statfs", func() error {
		// Another file system shows best who has looked where.
		return swappingTo("/sys", func() error {
			var st unix.Statfs_t
			if err := unix.Statfs(x(""), &st); err != nil {
				return err
			}
			return different(st.Type == unix.SYSFS_MAGIC)
		})
	}},
	{"race-swap-inotify", func() error {
		fd, err := unix.InotifyInit()
		if err != nil {
			return err
		}
		var inside []uint64
		return swapping(func() error {
			if inside == nil {
				inside = insideInodes()
			}
			wd, err := unix.InotifyAddWatch(fd, x(""), unix.IN_CREATE)
			if err == nil {
				defer unix.InotifyRmWatch(fd, uint32(wd))
			}
			return firstOf(err, watchedElsewhere(fd, inside))
		})
	}},
	{"race-swap-fanotify", func() error {
		fd, err := unix.FanotifyInit(unix.FAN_CLASS_NOTIF|unix.FAN_REPORT_FID, 0)
		if err != nil {
			return err
		}
		var inside []uint64
		return swapping(func() error {
			if inside == nil {
				inside = insideInodes()
			}
			err := unix.FanotifyMark(int(fd), unix.FAN_MARK_ADD, unix.FAN_CREATE|unix.FAN_ONDIR, unix.AT_FDCWD, x(""))
			defer unix.FanotifyMark(int(fd), unix.FAN_MARK_FLUSH, 0, unix.AT_FDCWD, "/")
			return firstOf(err, watchedElsewhere(int(fd), inside))
		})
	}},
	{"race-swap-handle", func() error {
		var own []byte
		return swapping(func() error {
			h, _, err := unix.NameToHandleAt(cwd, x(""), unix.AT_SYMLINK_FOLLOW)
			if err != nil {
				return err
			}
			if own == nil {
				own = dirHandle()
			}
			return different(!bytes.Equal(h.Bytes(), own))
		})
	}},
	{"race-swap-sendmsg", swapWrite(func() { sendName(unix.SYS_SENDMSG) })},
	{"race-swap-sendmmsg", swapWrite(func() { sendName(unix.SYS_SENDMMSG) })},
	{"race-swap-sendto", swapWrite(func() { sendName(unix.SYS_SENDTO) })},
	{"race-swap-chown", swapWrite(func() { unix.Chown(x("only"), os.Getuid(), os.Getgid()) })},
	{"race-swap-lchown", swapWrite(func() { unix.Lchown(x("only"), os.Getuid(), os.Getgid()) })},
	{"race-swap-utimensat", swapWrite(func() { call(unix.SYS_UTIMENSAT, cwd, x("only"), nil, 0) })},
	{"race-swap-removexattr", swapWrite(func() { unix.Removexattr(x("secret"), "user.token") })},
	{"race-swap-fchmodat2", swapWrite(func() { call(unix.SYS_FCHMODAT2, cwd, x("secret"), 0o611, unix.AT_SYMLINK_NOFOLLOW) })},
	{"race-swap-exchange", swapWrite(func() {
		unix.Renameat2(cwd, x("only"), cwd, insideFile(), unix.RENAME_EXCHANGE)
	})},
	{"race-swap-listxattr", func() error {
		return swapping(func() error {
			b := make([]byte, 256)
			n, err := unix.Listxattr(x("secret"), b)
			return firstOf(err, different(strings.Contains(string(b[:max(n, 0)]), "user.token")))
		})
	}},
	{"race-filter-open", func() error {
		if err := harmlessFilter(); err != nil {
			return err
		}
		return swapping(func() error { return readFD(unix.Open(x("secret"), 0, 0)) })
	}},
	{"race-filter-connect", func() error {
		if err := harmlessFilter(); err != nil {
			return err
		}
		return swapping(func() error {
			fd, err := socket(unix.SOCK_STREAM)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Connect(fd, &unix.SockaddrUnix{Name: x("stream")})
		})
	}},
	{"race-magic-open", exchanging(func(p string) {
		if fd, err := unix.Open(p, unix.O_WRONLY|unix.O_APPEND, 0); err == nil {
			unix.Write(fd, []byte("x"))
			unix.Close(fd)
		}
	})},
	{"race-magic-truncate", exchanging(func(p string) { unix.Truncate(p, 1) })},
	{"race-magic-chmod", exchanging(func(p string) { unix.Chmod(p, 0o611) })},
	{"race-magic-link", exchanging(func(p string) {
		to := filepath.Join(cfg.Work, "linked")
		unix.Unlink(to)
		unix.Linkat(cwd, p, cwd, to, unix.AT_SYMLINK_FOLLOW)
	})},
	{"race-directory-open", exchangingDirs(func(d int) { unix.Dup2(d, 100) }, func() { appendTo(unix.Openat(100, "f", unix.O_WRONLY|unix.O_APPEND, 0)) })},
	{"race-directory-create", exchangingDirs(func(d int) { unix.Dup2(d, 100) }, func() {
		appendTo(unix.Openat(100, "made", unix.O_WRONLY|unix.O_CREAT, 0o644))
	})},
	{"race-directory-unlink", exchangingDirs(func(d int) { unix.Dup2(d, 100) }, func() {
		unix.Unlinkat(100, "f", 0)
		os.WriteFile(filepath.Join(cfg.Work, "f"), nil, 0o644)
	})},
	{"race-directory-current", exchangingDirs(func(d int) { unix.Fchdir(d) }, func() { appendTo(unix.Open("f", unix.O_WRONLY|unix.O_APPEND, 0)) })},
}

func init() { techniques = append(techniques, moreRaces...) }

// different is the end of a race that is judged by what was seen.
func different(won bool) error {
	if won {
		return nil
	}
	return errHeld
}

func firstOf(err error, then error) error {
	if err != nil {
		return err
	}
	return then
}

// watchedElsewhere says whether a watch of fd is on an object other than inside,
// by the numbers that fdinfo shows.
func watchedElsewhere(fd int, inside []uint64) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(b)) {
		_, s, ok := strings.Cut(line, " ino:")
		if !ok {
			s, ok = strings.CutPrefix(line, "fanotify ino:")
		}
		if !ok {
			continue
		}
		var ino uint64
		fmt.Sscanf(s, "%x", &ino)
		return different(!slices.Contains(inside, ino))
	}
	return errHeld
}

// insideInodes are the numbers of the directory and the symlink that are being
// swapped. By their names alone, a thread that is slow to swap them would look
// like a watch that is on neither.
func insideInodes() []uint64 {
	got := map[uint32]uint64{}
	for len(got) < 2 {
		for _, p := range []string{"x", "y"} {
			var st unix.Stat_t
			if unix.Lstat(filepath.Join(cfg.Work, p), &st) == nil {
				got[st.Mode&unix.S_IFMT] = st.Ino
			}
		}
	}
	return slices.Collect(maps.Values(got))
}

// dirHandle is the handle of the directory that is swapped.
func dirHandle() []byte {
	for {
		for _, p := range []string{"x", "y"} {
			p = filepath.Join(cfg.Work, p)
			fd, err := unix.Open(p, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
			if err != nil {
				continue
			}
			h, _, err := unix.NameToHandleAt(fd, "", unix.AT_EMPTY_PATH)
			unix.Close(fd)
			if err == nil {
				return h.Bytes()
			}
		}
	}
}

// sendName sends a datagram to the socket x/dgram.
func sendName(nr int) {
	fd, err := socket(unix.SOCK_DGRAM | unix.SOCK_NONBLOCK)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	a := sockaddr(x("dgram"))
	if nr == unix.SYS_SENDTO {
		call(nr, fd, "x", 1, 0, a, len(a))
		return
	}
	data, hdr := []byte("x"), make([]byte, 64)
	iov := binary.LittleEndian.AppendUint64(nil, address(data))
	iov = binary.LittleEndian.AppendUint64(iov, 1)
	binary.LittleEndian.PutUint64(hdr[0:], address(a))
	binary.LittleEndian.PutUint32(hdr[8:], uint32(len(a)))
	binary.LittleEndian.PutUint64(hdr[16:], address(iov))
	binary.LittleEndian.PutUint64(hdr[24:], 1)
	if nr == unix.SYS_SENDMSG {
		call(nr, fd, hdr, 0)
	} else {
		call(nr, fd, hdr, 1, 0)
	}
	runtime.KeepAlive([][]byte{a, data, iov})
}

// harmlessFilter gives the thread a filter of its own that forbids nothing
// which is used.
func harmlessFilter() error {
	return install(unix.SYS_SECCOMP, func(p []byte) []any { return []any{1, 0, p} }, unix.SECCOMP_RET_ERRNO|1)
}

// exchanging runs f with the name of a descriptor that is now one of a file
// which may be written, now one of a read-only mount's file.
func exchanging(f func(p string)) func() error {
	return func() error {
		a, err := unix.Open(insideFile(), unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		b, err := unix.Open(filepath.Join(cfg.ReadOnly, "f"), unix.O_RDONLY, 0)
		if err != nil {
			return err
		}
		const n = 100
		unix.Dup2(a, n)
		odd := false
		return racing(func() error { f("/proc/self/fd/100"); return errSignalled }, func() {
			if odd = !odd; odd {
				unix.Dup2(b, n)
			} else {
				unix.Dup2(a, n)
			}
		})
	}
}

// exchangingDirs runs f again and again while use is given a directory that may be
// written to, and one that must not. Both have a file f.
func exchangingDirs(use func(dir int), f func()) func() error {
	return func() error {
		if err := os.WriteFile(filepath.Join(cfg.Work, "f"), []byte("inside"), 0o644); err != nil {
			return err
		}
		var dirs [2]int
		for i, p := range []string{cfg.Work, cfg.ReadOnly} {
			var err error
			if dirs[i], err = unix.Open(p, unix.O_RDONLY|unix.O_DIRECTORY, 0); err != nil {
				return err
			}
		}
		use(dirs[0])
		k := 0
		return racing(func() error { f(); return errSignalled }, func() {
			k ^= 1
			use(dirs[k])
		})
	}
}

func appendTo(fd int, err error) {
	if err == nil {
		unix.Write(fd, []byte("x"))
		unix.Close(fd)
	}
}
