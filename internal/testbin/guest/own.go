package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func init() {
	commands["own"] = ownMain
	// Ids belong to threads: all operations are made by the first one, which
	// /proc/self shows.
	if len(os.Args) > 1 && os.Args[1] == "own" {
		runtime.LockOSThread()
	}
}

// ownMain works through operations on identities and owners, one an argument:
// a word and its operands, separated by blanks. It prints a line for each.
func ownMain(args []string) int {
	for _, line := range args {
		f := strings.Fields(line)
		out, err := own(f[0], f[1:])
		var e unix.Errno
		switch {
		case errors.As(err, &e):
			out = unix.ErrnoName(e)
		case err != nil:
			out = err.Error()
		}
		fmt.Printf("%s: %s\n", line, out)
	}
	return 0
}

func num(s string) int {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return int(n)
}

func own(op string, a []string) (string, error) {
	n := func(i int) int { return num(a[i]) }
	m := func(i int) uint32 { return uint32(num(a[i])) }
	switch op {
	case "stat", "fstat", "statx":
		return ownStat(op, a[0])
	case "chown":
		return "ok", unix.Chown(a[0], n(1), n(2))
	case "lchown":
		return "ok", unix.Lchown(a[0], n(1), n(2))
	case "fchown", "fchmod":
		fd, err := unix.Open(a[0], unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		if op == "fchmod" {
			return "ok", unix.Fchmod(fd, m(1))
		}
		return "ok", unix.Fchown(fd, n(1), n(2))
	case "chmod":
		return "ok", unix.Chmod(a[0], m(1))
	case "umask":
		return fmt.Sprintf("%#o", unix.Umask(n(0))), nil
	case "mkdir":
		return "ok", unix.Mkdir(a[0], m(1))
	case "mknod":
		return "ok", unix.Mknod(a[0], m(1), int(unix.Mkdev(m(2), m(3))))
	case "symlink":
		return "ok", unix.Symlink(a[0], a[1])
	case "link":
		return "ok", unix.Link(a[0], a[1])
	case "rename":
		return "ok", unix.Rename(a[0], a[1])
	case "unlink":
		return "ok", unix.Unlink(a[0])
	case "rmdir":
		return "ok", unix.Rmdir(a[0])
	case "truncate":
		return "ok", unix.Truncate(a[0], int64(n(1)))
	case "access":
		return "ok", unix.Access(a[0], m(1))
	case "eaccess":
		return "ok", unix.Faccessat2(unix.AT_FDCWD, a[0], m(1), unix.AT_EACCESS)
	case "create", "append", "read":
		return ownOpen(op, a)
	case "ls":
		return ownList(a[0])
	case "chdir":
		return "ok", unix.Chdir(a[0])
	case "chroot":
		return "ok", unix.Chroot(a[0])
	case "getcwd":
		return unix.Getwd()
	case "readlink":
		b := make([]byte, 4096)
		k, err := unix.Readlink(a[0], b)
		return string(b[:max(k, 0)]), err
	case "setuid":
		return "ok", unix.Setresuid(n(0), n(1), n(2))
	case "setgid":
		return "ok", unix.Setresgid(n(0), n(1), n(2))
	case "setgroups":
		var list []int
		for i := range a {
			list = append(list, n(i))
		}
		return "ok", unix.Setgroups(list)
	case "ids":
		r, e, s := unix.Getresuid()
		gr, ge, gs := unix.Getresgid()
		g, err := unix.Getgroups()
		return fmt.Sprint(r, e, s, " ", gr, ge, gs, " ", g), err
	case "caps":
		var d [2]unix.CapUserData
		err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &d[0])
		const low = 1<<unix.CAP_CHOWN | 1<<unix.CAP_SETUID | 1<<unix.CAP_SYS_CHROOT
		return fmt.Sprintf("%x %x", d[0].Effective&low, d[0].Permitted&low), err
	case "status":
		return ownStatus()
	case "setx":
		return "ok", unix.Lsetxattr(a[0], a[1], []byte(a[2]), 0)
	case "acl":
		// What mode bits say, too (struct posix_acl_xattr_header and entries).
		b := []byte{2, 0, 0, 0}
		for i, tag := range []byte{1, 4, 0x20} {
			b = append(b, tag, 0, byte(m(1)>>(6-3*i)&7), 0, 0xff, 0xff, 0xff, 0xff)
		}
		return "ok", unix.Setxattr(a[0], "system.posix_acl_access", b, 0)
	case "socket":
		_, err := unix.Socket(n(0), n(1), n(2))
		return "ok", err
	case "removex":
		return "ok", unix.Removexattr(a[0], a[1])
	case "getx":
		b := make([]byte, 256)
		k, err := unix.Lgetxattr(a[0], a[1], b)
		return string(b[:max(k, 0)]), err
	case "listx":
		b := make([]byte, 4096)
		k, err := unix.Llistxattr(a[0], b)
		names := strings.FieldsFunc(string(b[:max(k, 0)]), func(r rune) bool { return r == 0 })
		slices.Sort(names)
		return fmt.Sprint(names), err
	case "hostname":
		if err := unix.Sethostname([]byte(a[0])); err != nil {
			return "", err
		}
		return os.Hostname()
	case "kill":
		return "ok", unix.Kill(n(0), unix.Signal(n(1)))
	case "mount":
		data := ""
		if len(a) > 4 {
			data = a[4]
		}
		return "ok", unix.Mount(a[0], a[1], a[2], uintptr(n(3)), data)
	case "umount":
		return "ok", unix.Unmount(a[0], n(1))
	case "killparent":
		return "ok", unix.Kill(os.Getppid(), 0)
	case "auxv":
		return ownAuxv()
	case "run":
		// The rest of the operations are separated by commas.
		cmd := exec.Command(a[0], append([]string{"own"}, strings.Split(strings.Join(a[1:], " "), ",")...)...)
		cmd.Stdin = os.Stdin // not /dev/null, which there need not be
		out, err := cmd.CombinedOutput()
		return strings.ReplaceAll("\n"+strings.TrimSpace(string(out)), "\n", "\n\t"), err
	case "peer":
		return ownPeer()
	case "message":
		return ownMessage(m(0), m(1))
	}
	if out, known, err := ownNS(op, a); known {
		return out, err
	}
	if out, known, err := ownMount(op, a); known {
		return out, err
	}
	if out, known, err := ownSetns(op, a); known {
		return out, err
	}
	return "unknown operation", nil
}

func ownStat(op, p string) (string, error) {
	var st unix.Stat_t
	var err error
	switch op {
	case "stat":
		err = unix.Lstat(p, &st)
	case "fstat":
		fd, e := unix.Open(p, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if e != nil {
			return "", e
		}
		defer unix.Close(fd)
		err = unix.Fstat(fd, &st)
	case "statx":
		var x unix.Statx_t
		err = unix.Statx(unix.AT_FDCWD, p, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_BASIC_STATS, &x)
		st.Mode, st.Uid, st.Gid, st.Rdev = uint32(x.Mode), x.Uid, x.Gid, unix.Mkdev(x.Rdev_major, x.Rdev_minor)
	}
	return fmt.Sprintf("%07o %d %d %#x", st.Mode, st.Uid, st.Gid, st.Rdev), err
}

func ownOpen(op string, a []string) (string, error) {
	flags, mode := unix.O_RDONLY, uint32(0)
	switch op {
	case "create":
		flags, mode = unix.O_WRONLY|unix.O_CREAT, uint32(num(a[1]))
	case "append":
		flags = unix.O_WRONLY | unix.O_APPEND
	}
	fd, err := unix.Open(a[0], flags|unix.O_CLOEXEC, mode)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if op == "read" {
		b := make([]byte, 256)
		k, err := unix.Read(fd, b)
		return strconv.Quote(string(b[:max(k, 0)])), err
	}
	if op == "append" {
		_, err = unix.Write(fd, []byte(a[1]))
	}
	return "ok", err
}

func ownList(p string) (string, error) {
	d, err := os.ReadDir(p)
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	var names []string
	for _, e := range d {
		names = append(names, e.Name())
	}
	return fmt.Sprint(names), err
}

// ownStatus prints the lines of /proc/self/status that tell who this is.
func ownStatus() (string, error) {
	b, err := os.ReadFile("/proc/self/status")
	var out []string
	for line := range strings.Lines(string(b)) {
		name, val, _ := strings.Cut(line, ":")
		switch name {
		case "Uid", "Gid", "Groups", "NoNewPrivs":
			out = append(out, name+strings.TrimRight(val, " \n"))
		}
	}
	return strconv.Quote(strings.Join(out, " ")), err
}

// ownAuxv prints the ids of the auxiliary vector.
func ownAuxv() (string, error) {
	b, err := unix.Auxv()
	var out []string
	for _, v := range b {
		switch v[0] {
		case 11, 12, 13, 14, 23:
			out = append(out, fmt.Sprintf("%d=%d", v[0], v[1]))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " "), err
}

// ownPeer asks both ends of a socket pair who is at the other one.
func ownPeer() (string, error) {
	fd, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd[0])
	defer unix.Close(fd[1])
	u, err := unix.GetsockoptUcred(fd[0], unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(u.Uid, u.Gid), nil
}

// ownMessage sends credentials over a socket pair and says which ones arrive.
func ownMessage(uid, gid uint32) (string, error) {
	fd, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd[0])
	defer unix.Close(fd[1])
	if err := unix.SetsockoptInt(fd[1], unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return "", err
	}
	out := unix.UnixCredentials(&unix.Ucred{Pid: int32(os.Getpid()), Uid: uid, Gid: gid})
	if err := unix.Sendmsg(fd[0], []byte("x"), out, nil, 0); err != nil {
		return "", err
	}
	oob := make([]byte, 256)
	_, n, _, _, err := unix.Recvmsg(fd[1], make([]byte, 8), oob, 0)
	if err != nil {
		return "", err
	}
	list, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(list) == 0 {
		return "nothing", err
	}
	u, err := unix.ParseUnixCredentials(&list[0])
	if err != nil {
		return "", err
	}
	return fmt.Sprint(u.Uid, u.Gid), nil
}
