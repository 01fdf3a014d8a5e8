package difftest

import "strings"

// Directories above mounts are shut in every way, after and before the same calls have
// been answered often.
var shuttingCases = func() []Case {
	warm := strings.Repeat(`
		stat "/d/sub/other" => OK
		open "/d/sub/other" O_RDONLY => OK
		stat "/d/sub/empty/in" => ENOENT
		stat "d/sub/other" => OK
		access "/mnt/in" F_OK => OK
	`, 3)
	shut := strings.Repeat(`
		stat "/d/sub/other" => EACCES
		open "/d/sub/other" O_RDONLY => EACCES
		stat "/d/sub/missing" => EACCES
		open "/d/sub/new" O_WRONLY|O_CREAT 0644 => EACCES
		readlink "/d/sub/other" => EACCES
		access "//d/./sub" F_OK => EACCES
		stat "d/sub/other" => EACCES
		execve "/d/sub/missing" "x" => EACCES
		chdir "/d/sub" => EACCES
		access "/mnt/in" F_OK => OK
	`, 3)
	var all []Case
	for _, w := range []struct{ name, call string }{
		{"chmod", `chmod "/d" 0644 => OK`},
		{"chmod of a link to it", `chmod "/lad" 0 => OK`},
		{"chmod by a relative path", "chdir \"/d/f/..\" => ENOTDIR\nchdir \"/d\" => OK\nchmod \".\" 0600 => OK\nchdir \"..\""},
		{"chmod from within the mount", "chdir \"/d/sub\"\nchmod \"..\" 0600 => OK\nfchdir $r => OK"},
		{"chmod by procfs", "d=open \"/d\" O_RDONLY|O_DIRECTORY\nchmod \"/proc/self/fd/\"+$d 0600"},
		{"fchmod", "d=open \"/d\" O_RDONLY => OK\nfchmod $d 0600 => OK"},
		{"fchmod of a duplicate", "d=openat $r \"d\" O_RDONLY|O_DIRECTORY => OK\ne=dup $d\nfchmod $e 0600 => OK"},
		{"fchmodat", `fchmodat $r "d" 0600 => OK`},
		{"fchmodat2", `fchmodat2 $r "d" 0600 0 => OK`},
		{"fchmodat2 of a descriptor", "d=open \"/d\" O_PATH => OK\nfchmodat2 $d \"\" 0600 AT_EMPTY_PATH => OK"},
		{"fchmodat2 of the current directory", "chdir \"/d\" => OK\nfchmodat2 AT_FDCWD \"\" 0600 AT_EMPTY_PATH => OK\nfchdir $r => OK"},
		{"fchmodat2 without links", `fchmodat2 AT_FDCWD "/d" 0600 AT_SYMLINK_NOFOLLOW => OK`},
		{"an ACL", `setxattr "/d" "system.posix_acl_access" ` + shutACL + ` 0 => OK`},
		{"an ACL of a link to it", `setxattr "/lad" "system.posix_acl_access" ` + shutACL + ` 0 => OK`},
		{"an ACL without links", `lsetxattr "/d" "system.posix_acl_access" ` + shutACL + ` 0 => OK`},
		{"an ACL by descriptor", "d=open \"/d\" O_RDONLY|O_DIRECTORY => OK\nfsetxattr $d \"system.posix_acl_access\" " + shutACL + " 0 => OK"},
	} {
		for _, cwd := range []string{"/", "/mnt"} {
			relative := func(s string) string {
				if cwd != "/" {
					s = strings.ReplaceAll(s, `"d/sub`, `"../d/sub`)
				}
				return s
			}
			c := Case{
				Name: "shutting/" + w.name + " in " + cwd, Tree: boundTree, Cwd: cwd,
				Mounts: "bind @n /d/sub\nbind @m /mnt\nproc /proc",
				Script: relative("r=open \"/\" O_RDONLY|O_DIRECTORY\nw=open \"" + cwd + "\" O_RDONLY|O_DIRECTORY\n" + warm +
					w.call + "\nfchdir $w\n" + shut +
					"\nchmod \"/d\" 0755 => OK\n" + warm + "fchmodat $r \"d\" 0600\n" + shut),
			}
			all = append(all, c)
		}
	}
	return all
}()

// shutACL takes all from the owner.
const shutACL = `"\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff\x04\x00\x05\x00\xff\xff\xff\xff\x20\x00\x05\x00\xff\xff\xff\xff"`
