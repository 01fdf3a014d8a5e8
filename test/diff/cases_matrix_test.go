package difftest

import (
	"fmt"
	"path"
	"strings"
)

// layout is a view for the matrix.
type layout struct {
	name, tree, mounts, flags string
	paths                     []string
	// pre is run before the calls. own leaves out the common paths; raw says
	// that the paths are written as the guest wants them.
	pre                string
	own, raw, noInodes bool
}

// common are the paths that every layout has something to say about.
var common = []string{
	"/", "//", "/.", "/..", ".", "..", "", "/f", "/f/", "/f/.", "/f/..", "/f/x", "/d", "/d/", "/d/.", "/d/..", "/d/../f",
	"/d/f", "/d/sub", "/d/sub/", "/d/sub/g", "/d/sub/..", "/d/sub/../f", "/d/sub/../../f", "d/f", "./d/./f", "d/sub/../../g",
	"/ld", "/ld/", "/ld/.", "/ld/..", "/ld/f", "/lf", "/lf/", "/lf/x", "/lad/sub/../f", "/laf", "/ldf", "/lslash", "/lslash/", "/lfslash",
	"/ldot", "/ldotdot/f", "/lll", "/lll/f", "/lll/", "/dang", "/dang/", "/dang/x", "/dangslash", "/dangdeep", "/dangabs",
	"/loop", "/loop/", "/loop/x", "/loop1", "/above", "/above/f", "/d/back", "/d/back/", "/d/back/f", "/d/toroot/d/f", "/d/sub/ff", "/d/sub/abs",
	"/missing", "/missing/", "/missing/x", "/missing/..", "/d/missing", "/d/missing/", "/empty", "/empty/", "/empty/x", "/fifo", "/fifo/",
	"/nox", "/nox/f", "/nox/..", "/nor/f", "/now/f", "/now/new", "/noread", "/rootd/f", "/rootd/new", "/rootd/private/x", "/../../f", "/...",
}

// layouts are the views of the matrix. The paths of each come after common.
var layouts = []layout{
	{name: "plain", tree: std},
	{name: "bound", tree: boundTree, mounts: bound, paths: []string{
		"/mnt", "/mnt/", "/mnt/.", "/mnt/..", "/mnt/../f", "/mnt/in", "/mnt/in/", "/mnt/hidden", "/mnt/sub", "/mnt/sub/deep", "/mnt/sub/..", "/mnt/sub/../..",
		"/mnt/rel", "/mnt/abs", "/mnt/updown", "/mnt/esc", "/mnt/self", "/mnt/self/", "/mnt/self/..", "/mnt/new", "/mnt/new/",
		"/mnt/point", "/mnt/point/", "/mnt/point/..", "/mnt/point/other", "/mnt/point/top", "/mnt/point/top/in", "/mnt/point/../in",
		"/tomnt", "/tomnt/", "/tomnt/in", "/tomnt/..", "/tomntin", "/tomntup", "/tomntup/f", "/topoint", "/togbind",
		"/g", "/g/", "/g/x", "/g/..", "/d/sub/in", "/d/sub/abs", "/d/sub/point", "/d/sub/new", "/tmp", "/tmp/", "/tmp/x", "/tmp/..", "/dcopy", "/dcopy/f", "/dcopy/sub/g", "/dcopy/back/f",
	}},
	{name: "read-only", tree: boundTree, mounts: "bind @m /mnt ro\nbind @file /g ro\nbind @n /mnt/point", flags: "ro", paths: []string{
		"/new", "/new/", "/mnt", "/mnt/", "/mnt/.", "/mnt/..", "/mnt/in", "/mnt/in/", "/mnt/sub", "/mnt/sub/", "/mnt/sub/deep", "/mnt/rel", "/mnt/abs", "/mnt/new", "/mnt/new/",
		"/mnt/self/new", "/mnt/point", "/mnt/point/", "/mnt/point/other", "/mnt/point/new", "/mnt/point/..", "/mnt/point/../new", "/g", "/g/", "/g/x", "/tomnt/new", "/tomntin", "/togbind",
	}},
	{name: "missing", tree: std + src, mounts: "bind @m /a/b/c\nbind @file /a/file\nbind @n /d/sub/mp\nbind @file /newfile ro\nbind @n /newdir2", paths: []string{
		"/a/b/c", "/a/b/c/", "/a/b/c/..", "/a/b/c/in", "/a/b/c/abs", "/a/b/c/updown", "/a/b/c/esc", "/a/b/c/../../file", "/a/file", "/a/file/", "/a/file/x", "/a/x", "/a/b/x", "/a/../f", "/a/b/../../f",
		"/d/sub/mp", "/d/sub/mp/", "/d/sub/mp/other", "/d/sub/mp/top", "/d/sub/mp/..", "/d/sub/mp/../g", "/ld/sub/mp/other", "/newfile", "/newfile/", "/newdir2", "/newdir2/", "/newdir2/other", "/newdir2/..", "/newdir2/new",
	}},
}

// single are the calls of one path; %s is the quoted path. Those that change
// the tree run after those that do not, and in this order: what an earlier one
// has made or removed is part of the comparison.
var single = []string{
	`stat %s`, `lstat %s`, `open %s O_RDONLY|O_NONBLOCK`, `open %s O_PATH`, `open %s O_PATH|O_NOFOLLOW`, `open %s O_RDONLY|O_DIRECTORY|O_NOFOLLOW`,
	`open %s O_RDWR|O_NONBLOCK`, `openat AT_FDCWD %s O_RDONLY|O_NOFOLLOW|O_NONBLOCK`, `openat2 AT_FDCWD %s O_RDONLY|O_NONBLOCK 0 0`,
	`openat2 AT_FDCWD %s O_PATH 0 RESOLVE_NO_SYMLINKS`, `openat2 AT_FDCWD %s O_PATH 0 RESOLVE_IN_ROOT`, `openat2 AT_FDCWD %s O_PATH 0 RESOLVE_BENEATH`, `openat2 AT_FDCWD %s O_PATH 0 RESOLVE_NO_XDEV`,
	`openat2 $d %s O_PATH 0 RESOLVE_IN_ROOT`, `openat2 $d %s O_PATH 0 RESOLVE_BENEATH`,
	`newfstatat $d %s`, `newfstatat $d %s AT_SYMLINK_NOFOLLOW`, `newfstatat $d %s AT_EMPTY_PATH`, `statx $d %s 0 STATX_BASIC_STATS`, `statx AT_FDCWD %s AT_SYMLINK_NOFOLLOW STATX_BASIC_STATS`,
	`access %s F_OK`, `access %s W_OK`, `faccessat $d %s R_OK`, `faccessat2 $d %s X_OK AT_SYMLINK_NOFOLLOW`,
	`readlink %s`, `readlinkat $d %s`, `statfs %s`, `getxattr %s "user.x"`, `lgetxattr %s "user.x"`, `listxattr %s`, `llistxattr %s`,
	`chdir %s`, `execve %s "x"`, `inotify_add_watch $i %s IN_MODIFY`, `inotify_add_watch $i %s IN_MODIFY|IN_DONT_FOLLOW`,
	`connect $s %s`, `sendto $t "x" 0 %s`, `~EPERM chroot %s`,
	`chmod %s 0755`, `fchmodat $d %s 0755`, `fchmodat2 $d %s 0755 AT_SYMLINK_NOFOLLOW`, `chown %s -1 -1`, `lchown %s -1 -1`, `fchownat $d %s -1 -1 AT_SYMLINK_NOFOLLOW`,
	`utime %s 1,2`, `utimes %s 3,4`, `futimesat $d %s 5,6`, `utimensat $d %s 7,8 AT_SYMLINK_NOFOLLOW`, `utimensat $d %s 9,9`, `truncate %s 3`,
	`setxattr %s "user.x" "v"`, `lsetxattr %s "user.y" "w"`, `removexattr %s "user.x"`, `lremovexattr %s "user.y"`,
	`mkdir %s 0755`, `mkdirat $d %s 0755`, `mknod %s S_IFIFO|0644`, `mknodat $d %s S_IFREG|0644`, `symlink "f" %s`, `symlinkat "f" $d %s`, `link "/f" %s`, `linkat $d "f" $d %s 0`,
	`link %s "/linked"`, `linkat AT_FDCWD %s AT_FDCWD "/linked2" AT_SYMLINK_FOLLOW`, `creat %s 0644`, `open %s O_CREAT|O_WRONLY|O_NONBLOCK 0644`, `open %s O_CREAT|O_EXCL|O_RDWR 0644`,
	`open %s O_CREAT|O_NOFOLLOW|O_RDONLY|O_NONBLOCK 0644`, `open %s O_TMPFILE|O_RDWR 0600`, `open %s O_RDONLY|O_TRUNC|O_NONBLOCK`,
	`bindnew %s`,
	`rename %s "/renamed"`, `rename "/g" %s`, `renameat $d %s $d "renamed"`, `renameat2 AT_FDCWD %s AT_FDCWD "/empty" RENAME_EXCHANGE`, `renameat2 AT_FDCWD "/empty" AT_FDCWD %s RENAME_NOREPLACE`,
	`rename "/empty" %s`, `unlink %s`, `unlinkat $d %s 0`, `rmdir %s`, `unlinkat $d %s AT_REMOVEDIR`,
}

// matrixCases runs every call of single with every path of every layout, one
// case a call and layout.
func matrixCases() []Case { return append(matrixOf(layouts), sceneCases()...) }

func matrixOf(layouts []layout) []Case {
	var out []Case
	for _, l := range layouts {
		paths := append(append([]string{}, common...), l.paths...)
		if l.own {
			paths = l.paths
		}
		for i, call := range single {
			var b strings.Builder
			b.WriteString(l.pre)
			b.WriteString("d=open \"/d\" O_RDONLY|O_DIRECTORY\n")
			switch {
			case strings.HasPrefix(call, "creat"):
				b.WriteString("k=open \"/fifo\" O_RDWR\n") // else it waits for a reader
			case strings.Contains(call, "$i"):
				b.WriteString("i=inotify_init1 0\n")
			case strings.Contains(call, "$t"):
				b.WriteString("t=socket AF_UNIX SOCK_DGRAM\n")
			case strings.Contains(call, "$s"):
				b.WriteString("s=socket AF_UNIX SOCK_STREAM\n")
			}
			for _, p := range paths {
				if l.raw {
					// An address of a socket is no pointer to a path.
					if p[0] == '"' || !strings.HasPrefix(call, "bindnew") && !strings.HasPrefix(call, "connect") && !strings.HasPrefix(call, "sendto") {
						line(&b, call, p, false)
					}
					continue
				}
				if strings.HasPrefix(call, "rename") && l.holdsMount(p) {
					// The kernel moves the mounts along; a view's have fixed places.
					if !strings.HasPrefix(call, "rename \"") && !strings.HasSuffix(call, "NOREPLACE") {
						continue
					}
					line(&b, "~EBUSY "+call, fmt.Sprintf("%q", p), false)
					continue
				}
				line(&b, call, fmt.Sprintf("%q", p), strings.HasPrefix(p, "/a") && !strings.HasPrefix(p, "/above"))
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(call, "~EPERM "), " ")
			c := Case{Name: fmt.Sprintf("matrix/%s/%02d %s", l.name, i, name), Tree: l.tree, Mounts: l.mounts, RootFlags: l.flags, NoInodes: l.noInodes, Script: b.String()}
			out = append(out, c)
		}
	}
	return out
}

// holdsMount says that a mount lies below the directory p.
func (l *layout) holdsMount(p string) bool {
	ms, _ := ParseMounts(l.mounts)
	for _, m := range ms {
		if strings.HasPrefix(m.Target, path.Clean("/"+p)+"/") {
			return true
		}
	}
	return false
}

// line writes one call of the matrix. typeOnly is for what the native side's
// root has made: its owner and mode are not those of a synthesised object.
func line(b *strings.Builder, call, path string, typeOnly bool) {
	switch name, _, _ := strings.Cut(call, " "); {
	case name == "bindnew":
		fmt.Fprintf(b, "s=socket AF_UNIX SOCK_STREAM\nbind $s %s\ngetsockname $s\nclose $s\n", path)
		return
	case name == "chdir":
		fmt.Fprintf(b, "%s\ngetcwd\nstat.t \"..\"\nchdir \"/\"\n", fmt.Sprintf(call, path))
		return
	case typeOnly && (name == "stat" || name == "lstat" || name == "newfstatat" || name == "statx"):
		call = strings.Replace(call, name, name+".t", 1)
	}
	fmt.Fprintf(b, call+"\n", path)
}
