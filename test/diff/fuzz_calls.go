package difftest

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

// sequence makes up the calls of one script.
type sequence struct {
	*rand.Rand
	w *World
	// known are paths that are there, or that a call may have made.
	known []string
	// who are the prefixes of the processes and threads that make calls.
	who []string
	fd  int
}

// template makes one call; weight is how often.
type template struct {
	weight int
	make   func(s *sequence) string
}

// Sequence returns script number n of the world: between 20 and 200 calls.
func (w *World) Sequence(n int) []string {
	s := &sequence{Rand: rand.New(rand.NewPCG(w.Seed, uint64(n)+100)), w: w, known: slices.Clone(w.known), who: []string{""}}
	if s.IntN(2) == 0 {
		s.who = []string{"", "", "", "@1 ", "@1 ", "@2 ", "@t "}
	}
	total := 0
	for _, t := range templates {
		total += t.weight
	}
	var out []string
	for range 20 + s.IntN(181)*s.IntN(181)/180 {
		k := s.IntN(total)
		for _, t := range templates {
			if k -= t.weight; k < 0 {
				out = append(out, s.by(t.make(s)))
				break
			}
		}
	}
	return out
}

// by lets some process make the call.
func (s *sequence) by(call string) string {
	switch name, _, _ := strings.Cut(call, " "); name {
	case "give", "take", "respawn":
		return call
	}
	return pick(s.Rand, s.who) + call
}

func (s *sequence) chance(percent int) bool { return s.IntN(100) < percent }

// p is a quoted path, for a call of the current directory.
func (s *sequence) p() string { return fmt.Sprintf("%q", s.decorate(s.somewhere())) }

// n is a quoted path that is likely to be new, and is remembered.
func (s *sequence) n() string {
	p := s.somewhere()
	if s.chance(60) {
		p = path.Join(pick(s.Rand, s.known), pick(s.Rand, alphabet))
	}
	if strings.HasPrefix(p, "/") {
		s.known = append(s.known, p)
	}
	return fmt.Sprintf("%q", s.decorate(p))
}

// at is a dirfd and a path.
func (s *sequence) at() string  { return s.dir() + " " + s.p() }
func (s *sequence) nat() string { return s.dir() + " " + s.n() }

func (s *sequence) dir() string {
	if s.chance(40) {
		return "AT_FDCWD"
	}
	return s.f()
}

// f is a descriptor, or -1 if nothing was opened under that name.
func (s *sequence) f() string { return fmt.Sprintf("$f%d", s.IntN(6)) }

// set is the name that a new descriptor gets.
func (s *sequence) set() string {
	s.fd = (s.fd + 1) % 6
	return fmt.Sprintf("f%d=", s.fd)
}

func (s *sequence) somewhere() string {
	switch k := s.IntN(100); {
	case k < 60:
		return pick(s.Rand, s.known)
	case k < 78:
		return path.Join(pick(s.Rand, s.known), pick(s.Rand, alphabet))
	case k < 88:
		var parts []string
		for range 1 + s.IntN(4) {
			parts = append(parts, pick(s.Rand, append([]string{"..", "..", ".", ""}, alphabet...)))
		}
		return pick(s.Rand, s.known) + "/" + strings.Join(parts, "/")
	case k < 96 || !s.w.proc:
		return pick(s.Rand, []string{"/", ".", "..", "../..", "", "//", "/..", "./.", "/" + copyMarkDir(s.w), strings.Repeat("n", 255), strings.Repeat("n", 256)})
	}
	return pick(s.Rand, []string{"/proc/self/cwd", "/proc/self/root", "/proc/self/cwd/..", "/proc/self/exe", "/proc/thread-self/cwd", "/proc/self/root/" + pick(s.Rand, alphabet), "/proc/self/fd"})
}

func copyMarkDir(w *World) string {
	if w.Copies > 0 {
		return "o/" + copyMark
	}
	return "."
}

// decorate spells a path in another way.
func (s *sequence) decorate(p string) string {
	if s.chance(35) {
		// Relative: right if the current directory is one of the path's.
		for range s.IntN(4) {
			if _, rest, ok := strings.Cut(strings.TrimLeft(p, "/"), "/"); ok {
				p = rest
			}
		}
		p = strings.TrimLeft(p, "/")
		if s.chance(20) {
			p = "../" + p
		}
	}
	switch s.IntN(40) {
	case 0, 1:
		return p + "/"
	case 2:
		return p + "/."
	case 3:
		return p + "/.."
	case 4:
		return p + "/../" + path.Base(p)
	case 5:
		return strings.ReplaceAll(p, "/", "//")
	case 6:
		return p + "/./"
	case 7:
		return strings.ReplaceAll(p, "/", "/./")
	}
	return p
}

// flags joins some of the names.
func (s *sequence) flags(percent int, names ...string) string {
	var out []string
	for _, n := range names {
		if s.chance(percent) {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return "0"
	}
	return strings.Join(out, "|")
}

func (s *sequence) mode() string {
	return pick(s.Rand, []string{"0755", "0644", "0700", "0777", "0755", "0644", "0000", "0500", "0300", "0600", "1777", "02755"})
}

func (s *sequence) openFlags() string {
	if s.chance(5) {
		return pick(s.Rand, []string{"O_TMPFILE|O_RDWR", "O_TMPFILE|O_WRONLY", "O_TMPFILE|O_RDWR|O_EXCL"})
	}
	f := pick(s.Rand, []string{"O_RDONLY", "O_RDONLY", "O_RDONLY", "O_WRONLY", "O_RDWR", "O_PATH", "O_RDONLY|O_DIRECTORY", "O_PATH|O_DIRECTORY"}) + "|O_NONBLOCK"
	if more := s.flags(15, "O_CREAT", "O_CREAT", "O_EXCL", "O_TRUNC", "O_NOFOLLOW", "O_APPEND", "O_DIRECTORY", "O_CLOEXEC"); more != "0" {
		f += "|" + more
	}
	return f
}

// paint chooses a format and fills in paths: %p a path, %n a new one, %a a
// dirfd and a path, %A a dirfd and a new path, %f a descriptor, %m a mode, %o
// flags of open, %t times.
func (s *sequence) paint(formats ...string) string {
	f := pick(s.Rand, formats)
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			b.WriteByte(f[i])
			continue
		}
		i++
		switch f[i] {
		case 'p':
			b.WriteString(s.p())
		case 'n':
			b.WriteString(s.n())
		case 'a':
			b.WriteString(s.at())
		case 'A':
			b.WriteString(s.nat())
		case 'f':
			b.WriteString(s.f())
		case 's':
			b.WriteString(s.set())
		case 'm':
			b.WriteString(s.mode())
		case 'o':
			b.WriteString(s.openFlags())
		case 't':
			b.WriteString(pick(s.Rand, []string{"1,2", "omit,3", "omit,omit", "now,now", "NULL"}))
		case 'x':
			b.WriteString(pick(s.Rand, []string{`"user.x"`, `"user.y"`, `"trusted.x"`, `"security.x"`, `"bad"`}))
		}
	}
	return b.String()
}

func formats(weight int, f ...string) template {
	return template{weight, func(s *sequence) string { return s.paint(f...) }}
}

// templates are the calls and their frequencies.
var templates = []template{
	{120, func(s *sequence) string {
		switch s.IntN(4) {
		case 0:
			return s.paint("%sopen %n %o %m")
		case 1:
			return s.paint("%sopen %p %o 0644")
		case 2:
			return s.paint("%sopenat %a %o 0644")
		}
		flags := s.openFlags()
		mode := "0"
		if strings.Contains(flags, "O_CREAT") || strings.Contains(flags, "O_TMPFILE") {
			mode = "0644"
		}
		return s.paint("%sopenat2 %a ") + flags + " " + mode + " " + s.flags(25, "RESOLVE_BENEATH", "RESOLVE_IN_ROOT", "RESOLVE_NO_SYMLINKS", "RESOLVE_NO_XDEV", "RESOLVE_NO_MAGICLINKS")
	}},
	formats(60, "%sopen %p O_RDONLY|O_DIRECTORY", "%sopen %p O_PATH", "%sopenat %a O_RDONLY|O_DIRECTORY"),
	formats(90, "stat %p", "lstat %p", "newfstatat %a", "newfstatat %a AT_SYMLINK_NOFOLLOW", "newfstatat %a AT_EMPTY_PATH", "statx %a 0 STATX_BASIC_STATS",
		"statx %a AT_SYMLINK_NOFOLLOW STATX_BASIC_STATS", "fstat %f", `newfstatat %f "" AT_EMPTY_PATH`, `statx %f "" AT_EMPTY_PATH STATX_BASIC_STATS`),
	formats(30, "access %p F_OK", "access %p W_OK", "access %p R_OK|X_OK", "faccessat %a W_OK", "faccessat2 %a R_OK AT_SYMLINK_NOFOLLOW", "faccessat2 %a W_OK AT_EACCESS", `faccessat2 %f "" W_OK AT_EMPTY_PATH`),
	formats(25, "readlink %p", "readlinkat %a", `readlinkat %f ""`),
	formats(40, "chdir %p", "chdir %p", "fchdir %f"),
	formats(25, "getcwd", "getcwd", `stat "."`, `stat ".."`, `lstat "../.."`),
	formats(40, "mkdir %n %m", "mkdirat %A 0755", "mkdir %n 0755"),
	formats(12, "mknod %n S_IFREG|0644", "mknod %n S_IFIFO|0644", "mknodat %A S_IFSOCK|0644", "mknodat %A S_IFCHR|0644 0x107", "mknod %n 0600"),
	formats(25, "link %p %n", "linkat %a %A 0", "linkat %a %A AT_SYMLINK_FOLLOW", `linkat %f "" %A AT_EMPTY_PATH`),
	{25, func(s *sequence) string {
		body := fmt.Sprintf("%q", s.decorate(pick(s.Rand, s.known)))
		if s.chance(40) {
			body = fmt.Sprintf("%q", pick(s.Rand, []string{"a", "b", "../a", "..", ".", "/", "f", "c/d", "../../g", "nowhere/x", "l/"}))
		}
		return s.paint("symlink "+body+" %n", "symlinkat "+body+" %A")
	}},
	formats(60, "rename %p %n", "rename %p %p", "renameat %a %A", "renameat2 %a %A RENAME_NOREPLACE", "renameat2 %a %a RENAME_EXCHANGE", "renameat2 %a %A 0", "renameat2 %a %A RENAME_WHITEOUT"),
	formats(40, "unlink %p", "unlinkat %a 0", "rmdir %p", "unlinkat %a AT_REMOVEDIR"),
	formats(30, "chmod %p %m", "fchmodat %a %m", "fchmodat2 %a 0700 AT_SYMLINK_NOFOLLOW", "fchmod %f %m", `fchmodat2 %f "" 0750 AT_EMPTY_PATH`),
	formats(15, "chown %p -1 -1", "lchown %p -1 -1", "fchownat %a -1 -1 AT_SYMLINK_NOFOLLOW", "fchown %f -1 -1", "chown %p 0 -1", `fchownat %f "" -1 -1 AT_EMPTY_PATH`, "chown %p 65534 65534"),
	formats(20, "utime %p 1,2", "utimes %p 3,4", "futimesat %a 5,6", "utimensat %a %t 0", "utimensat %a %t AT_SYMLINK_NOFOLLOW", "utimensat %f NULL %t", `utimensat %f "" %t AT_EMPTY_PATH`),
	formats(12, "truncate %p 3", "ftruncate %f 5"),
	formats(30, `setxattr %p %x "v"`, `lsetxattr %p %x "w"`, `fsetxattr %f %x "z"`, `setxattr %p %x "1" XATTR_CREATE`, `setxattr %p %x "2" XATTR_REPLACE`, "getxattr %p %x", "lgetxattr %p %x", "fgetxattr %f %x",
		"listxattr %p", "llistxattr %p", "flistxattr %f", "removexattr %p %x", "lremovexattr %p %x", "fremovexattr %f %x",
		`setxattrat %a 0 %x "q"`, `setxattrat %a AT_SYMLINK_NOFOLLOW %x "q"`, "getxattrat %a 0 %x", "listxattrat %a AT_SYMLINK_NOFOLLOW", "removexattrat %a 0 %x"),
	formats(10, "statfs.m %p", "fstatfs.m %f"),
	formats(25, "getdents64 %f", "lseek %f 0 SEEK_SET", "getdents64 %f 300", "getdents %f"),
	formats(20, `write %f "data"`, "read %f 20", "lseek %f 0 SEEK_SET"),
	formats(12, "close %f", "%sdup %f", "fcntl %f F_GETFL"),
	formats(6, "umask 0", "umask 0022", "umask 0077"),
	formats(8, "%sinotify_init1 O_NONBLOCK", "inotify_add_watch %f %p IN_CREATE", "inotify_add_watch %f %p IN_CREATE|IN_ONLYDIR|IN_DONT_FOLLOW"),
	formats(12, "%ssocket AF_UNIX SOCK_STREAM|SOCK_NONBLOCK", "bind %f %n", "listen %f 5", "connect %f %p", "getsockname %f", "getpeername %f", "%ssocket AF_UNIX SOCK_DGRAM|SOCK_NONBLOCK", `sendto %f "x" 0 %p`),
	formats(8, "name_to_handle_at %a 0", "file_getattr %a 0", "file_getattr %a AT_SYMLINK_NOFOLLOW"),
	formats(4, `execve %p "x"`, `execveat %f "" AT_EMPTY_PATH "x"`, `execveat %a AT_SYMLINK_NOFOLLOW "x"`),
	formats(10, "give 1 %f f0", "give 2 %f f1", "take 1 $f0 f2", "take 2 $f1 f3"),
	formats(1, "respawn 1", "respawn 2"),
	{12, func(s *sequence) string {
		if !s.w.proc {
			return s.paint("getcwd")
		}
		return s.paint(`readlink "/proc/self/fd/"+%f`, `stat "/proc/self/fd/"+%f`, `%sopen "/proc/self/fd/"+%f O_RDONLY|O_NONBLOCK`, `chdir "/proc/self/fd/"+%f`, `linkat AT_FDCWD "/proc/self/fd/"+%f %A AT_SYMLINK_FOLLOW`,
			`chmod "/proc/self/fd/"+%f %m`, `open "/proc/self/fd/"+%f+"/a" O_RDONLY|O_NONBLOCK`, `readlink "/proc/self/cwd"`, `readlink "/proc/thread-self/root"`, `stat "/proc/self/fd/"+%f+"/.."`, `truncate "/proc/self/fd/"+%f 2`)
	}},
}
