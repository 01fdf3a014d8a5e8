package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func itoa(n int) string { return strconv.Itoa(n) }

// inodes numbers what has been seen, so that two runs on two equal trees print
// the same although the inode numbers differ.
var inodes = map[[2]uint64]int{}

// rawInodes leaves the numbering to another process.
var rawInodes bool

func inode(dev, ino uint64) string {
	if rawInodes {
		return fmt.Sprintf("#%d:%d", dev, ino)
	}
	k := [2]uint64{dev, ino}
	if inodes[k] == 0 {
		inodes[k] = len(inodes) + 1
	}
	return "#" + itoa(inodes[k])
}

func kind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "reg"
	case unix.S_IFDIR:
		return "dir"
	case unix.S_IFLNK:
		return "lnk"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "sock"
	case unix.S_IFCHR:
		return "chr"
	case unix.S_IFBLK:
		return "blk"
	}
	return "anon"
}

func owner(id, own uint32) string {
	if id == own {
		return "me"
	}
	return strconv.FormatUint(uint64(id), 10)
}

func (f *frame) stat(s *unix.Stat_t) string {
	k := kind(s.Mode)
	if strings.Contains(f.mods, "t") {
		return " " + k
	}
	var b strings.Builder
	fmt.Fprintf(&b, " %s %04o uid=%s gid=%s", k, s.Mode&0o7777, owner(s.Uid, uint32(os.Getuid())), owner(s.Gid, uint32(os.Getgid())))
	switch k {
	case "reg":
		fmt.Fprintf(&b, " size=%d nlink=%d", s.Size, s.Nlink)
	case "lnk":
		// procfs reports a size that has nothing to do with the body.
		fmt.Fprintf(&b, " nlink=%d", s.Nlink)
	case "chr", "blk":
		fmt.Fprintf(&b, " dev=%d:%d", unix.Major(uint64(s.Rdev)), unix.Minor(uint64(s.Rdev)))
	}
	if strings.Contains(f.mods, "l") && k == "dir" {
		fmt.Fprintf(&b, " nlink=%d", s.Nlink)
	}
	if strings.Contains(f.mods, "m") {
		fmt.Fprintf(&b, " atime=%d mtime=%d", s.Atim.Sec, s.Mtim.Sec)
	}
	b.WriteString(" " + inode(uint64(s.Dev), s.Ino))
	return b.String()
}

// describeFD says what a descriptor refers to: type, identity, flags and, for
// a readable regular file, the content.
func describeFD(fd int) string {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return " fstat " + err.Error()
	}
	fl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	fdfl, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	out := " " + kind(s.Mode)
	if kind(s.Mode) != "anon" && s.Mode&unix.S_IFMT != unix.S_IFSOCK {
		out += " " + inode(uint64(s.Dev), s.Ino)
	}
	// O_LARGEFILE (0100000) is added by the kernel for native 64-bit calls.
	out += fmt.Sprintf(" fl=%#o", fl&^0o100000)
	if fdfl&unix.FD_CLOEXEC != 0 {
		out += " cloexec"
	}
	if s.Mode&unix.S_IFMT == unix.S_IFREG && fl&unix.O_PATH == 0 && fl&unix.O_ACCMODE != unix.O_WRONLY {
		buf := make([]byte, 1<<16)
		n, err := unix.Pread(fd, buf, 0)
		switch {
		case err != nil:
			out += " pread " + err.Error()
		case n <= 80:
			out += fmt.Sprintf(" %q", normal(string(buf[:n])))
		default:
			out += fmt.Sprintf(" sha256:%x", sha256.Sum256(buf[:n]))[:24]
		}
	}
	return out
}

var bracketed = regexp.MustCompile(`^([a-z_]+:)\[\d+\]$`)

// normal replaces what must differ between two runs: the numbers of pipes and
// of this process.
func normal(s string) string {
	if m := bracketed.FindStringSubmatch(s); m != nil {
		return m[1] + "[N]"
	}
	pid, tid := itoa(os.Getpid()), itoa(unix.Gettid())
	if s == pid {
		return "PID"
	}
	if s == pid+"/task/"+tid {
		return "PID/task/TID"
	}
	if rest, ok := strings.CutPrefix(s, "/proc/"+pid); ok && (rest == "" || rest[0] == '/') {
		return "/proc/PID" + strings.Replace(rest, "/task/"+tid, "/task/TID", 1)
	}
	return s
}

func (f *frame) sockaddr(b []byte, n int) string {
	if n == 0 || len(b) < 2 {
		return " addr=none"
	}
	full := n
	n = min(n, len(b))
	return fmt.Sprintf(" addr=%d:%q len=%d", *uint16Of(b), b[2:max(n, 2)], full)
}

func (f *frame) describe(res outcome, r int) string {
	switch res {
	case resInt:
		return fmt.Sprintf(" %d", r)
	case resFD:
		return describeFD(r)
	case resStat:
		return f.stat(statOf(f.out))
	case resStatx:
		return f.statx(statxOf(f.out))
	case resStatfs:
		if strings.Contains(f.mods, "m") {
			return fmt.Sprintf(" flags=%#x", statfsOf(f.out).Flags&(unix.ST_RDONLY|unix.ST_NOEXEC))
		}
		if strings.Contains(f.mods, "a") { // all flags
			return fmt.Sprintf(" flags=%#x", statfsOf(f.out).Flags)
		}
		if strings.ContainsAny(f.mods, "bi") {
			return room(statfsOf(f.out), strings.Contains(f.mods, "i"))
		}
	case resBytes:
		if r > len(f.out) { // a size query
			return fmt.Sprintf(" %d", r)
		}
		s := string(f.out[:r])
		if len(s) > 200 {
			return fmt.Sprintf(" %d bytes sha256:%x", r, sha256.Sum256([]byte(s)))[:40]
		}
		return fmt.Sprintf(" %q", normal(s))
	case resCString:
		s := string(bytes.TrimRight(f.out, "\x00"))
		if n := normal(s); n != s {
			return fmt.Sprintf(" %q", n)
		}
		return fmt.Sprintf(" %q %d", s, r)
	case resList:
		if r > len(f.out) {
			return fmt.Sprintf(" %d", r)
		}
		names := strings.FieldsFunc(string(f.out[:r]), func(c rune) bool { return c == 0 })
		slices.Sort(names)
		return fmt.Sprintf(" %q", names)
	case resSockaddr:
		return f.sockaddr(f.name, int(*uint32Of(f.nlen, 0)))
	case resAccept:
		return f.sockaddr(f.name, int(*uint32Of(f.nlen, 0)))
	case resRecv:
		return fmt.Sprintf(" %q", f.out[:r]) + f.sockaddr(f.name, int(*uint32Of(f.nlen, 0)))
	case resRecvmsg:
		n := r
		if f.regs[2] == 1 { // recvmmsg: r counts messages, msg_len follows the msghdr
			n = int(*uint32Of(f.nlen, 7*longSize/4))
		}
		return fmt.Sprintf(" %q", f.out[:n]) + f.sockaddr(f.name, int(*uint32Of(f.nlen, longSize/4)))
	}
	return ""
}

func (f *frame) statx(x *unix.Statx_t) string {
	s := unix.Stat_t{Mode: uint32(x.Mode), Uid: x.Uid, Gid: x.Gid, Size: int64(x.Size), Ino: x.Ino}
	setNlink(&s, x.Nlink)
	s.Dev = unix.Mkdev(x.Dev_major, x.Dev_minor)
	s.Rdev = unix.Mkdev(x.Rdev_major, x.Rdev_minor)
	s.Atim, s.Mtim = unix.NsecToTimespec(x.Atime.Sec*1e9), unix.NsecToTimespec(x.Mtime.Sec*1e9)
	out := f.stat(&s)
	// STATX_ATTR_MOUNT_ROOT is printed on request only: a view of binds
	// cannot show it, as its mounts are not the kernel's.
	if strings.Contains(f.mods, "r") && x.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		out += " mountroot"
	}
	return out
}

// runDents reads a directory to its end with the given buffer size.
func runDents(f *frame, nr int, old bool) string {
	var names []string
	for {
		r, e := rawCall(uintptr(nr), f.regs)
		if e != 0 {
			return errnoName(e)
		}
		if r == 0 {
			break
		}
		if int(r) > len(f.out) {
			return "OK !more bytes than the buffer has"
		}
		for b := f.out[:r]; len(b) > 0; {
			at, head := 16, 19
			if old {
				at, head = 2*longSize, 2*longSize+2
			}
			n := int(binary.NativeEndian.Uint16(b[at:]))
			if n < head || n > len(b) {
				return fmt.Sprintf("OK !bad d_reclen %d of %d", n, len(b))
			}
			name, typ := b[head:n], b[n-1]
			if old { // struct linux_dirent keeps the type in its last byte
				name = b[head : n-1]
			} else {
				typ = b[18]
			}
			if i := bytes.IndexByte(name, 0); i >= 0 {
				name = name[:i]
			}
			letter := "?"
			if typ < 16 {
				letter = string("?pc?d?b?f?l?s???"[typ])
			}
			names = append(names, string(name)+":"+letter)
			b = b[n:]
		}
	}
	slices.Sort(names)
	if len(names) > 64 {
		return fmt.Sprintf("OK %d names sha256:%x", len(names), sha256.Sum256([]byte(strings.Join(names, "\n"))))[:40]
	}
	return "OK " + strings.Join(names, " ")
}
