package difftest

import (
	"fmt"
	"strings"
)

// chain is a tree of n links, c1 -> c2 -> … -> end.
func chain(n int, end string) string {
	var b strings.Builder
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, "l /c%d c%d\n", i, i+1)
	}
	fmt.Fprintf(&b, "l /c%d %s\n", n, end)
	return b.String()
}

var symlinkCases = []Case{
	{Name: "forty nested links", Tree: std + chain(41, "f"), Script: `
		stat "c2" => OK
		open "c2" O_RDONLY => OK
		stat "c1" => ELOOP
		open "c1" O_RDONLY => ELOOP
		lstat "c1" => OK
		readlink "c1" => OK
		open "c1" O_PATH|O_NOFOLLOW => OK
		access "c2" R_OK => OK
		access "c1" R_OK => ELOOP
		chmod "c1" 0600 => ELOOP
		truncate "c2" 3 => OK
		execve "c1" "x" => ELOOP
		rename "c1" "r1" => OK
		lstat "r1" => OK
	`},
	{Name: "forty nested directory links", Tree: std + chain(41, "d"), Script: `
		stat "c2/f" => OK
		stat "c1/f" => ELOOP
		lstat "c1/f" => ELOOP
		lstat "c2/f" => OK
		chdir "c1" => ELOOP
		chdir "c2" => OK
		getcwd => OK "/d" 3
		chdir "/"
		mkdir "c2/new" 0755 => OK
		mkdir "c1/new2" 0755 => ELOOP
		rmdir "c2/new" => OK
		stat "c3/back/lf" => ELOOP
		stat "c4/back/lf" => OK
		lstat "c3/back/lf" => OK
	`},
	{Name: "the budget of links is one for the whole path", Tree: std + "l /d/me .\n", Script: `
		stat "d/"+"me/"*40+"f" => OK
		stat "d/"+"me/"*41+"f" => ELOOP
		stat "d/"+"me/"*39+"back/f" => OK
		stat "d/"+"me/"*40+"back/f" => ELOOP
		lstat "d/"+"me/"*40+"back" => OK
		stat "d/"+"me/"*40+"back" => ELOOP
		stat "ld/"*1+"me/"*39+"f" => OK
		stat "ld/"*1+"me/"*40+"f" => ELOOP
		stat "ld/"+"back/ld/"*19+"f" => OK
		stat "ld/"+"back/ld/"*20+"f" => ELOOP
		mkdir "d/"+"me/"*41+"new" 0755 => ELOOP
		mkdir "d/"+"me/"*40+"new" 0755 => OK
		rmdir "d/"+"me/"*41+"new" => ELOOP
		unlink "d/"+"me/"*40+"f" => OK
		link "f" "d/"+"me/"*41+"h" => ELOOP
		readlink "d/"+"me/"*41+"back" => ELOOP
		readlink "d/"+"me/"*40+"back" => OK
		rename "d/"+"me/"*40+"sub" "d/"+"me/"*40+"sub2" => OK
		rename "d/"+"me/"*40+"sub2" "d/"+"me/"*41+"sub" => ELOOP
	`},
	{Name: "loops", Tree: std, Script: `
		stat "loop" => ELOOP
		lstat "loop" => OK
		open "loop" O_RDONLY => ELOOP
		open "loop" O_RDONLY|O_NOFOLLOW => ELOOP
		open "loop" O_CREAT|O_WRONLY 0644 => ELOOP
		open "loop1/x" O_RDONLY => ELOOP
		stat "loop1" => ELOOP
		readlink "loop1" => OK
		mkdir "loop/x" 0755 => ELOOP
		mkdir "loop" 0755 => EEXIST
		chdir "loop" => ELOOP
		unlink "loop" => OK
		stat "loop" => ENOENT
		rename "loop1" "loop2" => OK
		lstat "loop2" => OK
		stat "loop2" => ELOOP
	`},
	{Name: "links of all shapes", Tree: std, Script: `
		open "ld" O_RDONLY
		open "lf" O_RDONLY
		open "lad" O_RDONLY
		open "laf" O_RDONLY
		open "ldf" O_RDONLY
		open "lslash" O_RDONLY
		open "lfslash" O_RDONLY => ENOTDIR
		open "ldot" O_RDONLY
		open "ldotdot" O_RDONLY
		open "lll" O_RDONLY
		open "dang" O_RDONLY => ENOENT
		open "dangabs" O_RDONLY => ENOENT
		open "dangdeep" O_RDONLY => ENOENT
		open "above" O_RDONLY
		open "d/back" O_RDONLY
		open "d/toroot" O_RDONLY
		open "d/sub/ff" O_RDONLY
		open "d/sub/abs" O_RDONLY
		open "lll/sub/ff" O_RDONLY
		open "lad/sub/../f" O_RDONLY
		open "above/f" O_RDONLY
		open "lf/" O_RDONLY => ENOTDIR
		open "lf/." O_RDONLY => ENOTDIR
		open "lf/x" O_RDONLY => ENOTDIR
		open "dang/x" O_RDONLY => ENOENT
		open "dang/.." O_RDONLY => ENOENT
		lstat "ld/" => OK
		lstat "ld/."
		lstat "lf/" => ENOTDIR
		lstat "dang/" => ENOENT
		lstat "lslash"
		lstat "lslash/"
		lstat "ld//"
		readlink "ld/" => EINVAL
		readlink "ld" => OK
		readlink "lf/" => ENOTDIR
		readlink "dang/" => ENOENT
		readlink "f" => EINVAL
		readlink "d" => EINVAL
		readlink "missing" => ENOENT
		readlink "ld" 0 => EINVAL
		readlink "laf" 3 => OK
		readlink "laf" 1
		readlink "d/back"
		readlink "ld/back"
		readlinkat AT_FDCWD "ld/sub/abs"
		readlinkat AT_FDCWD "ld/sub/abs" 0 => EINVAL
	`},
	{Name: "NOFOLLOW", Tree: std, Script: `
		open "lf" O_RDONLY|O_NOFOLLOW => ELOOP
		open "ld" O_RDONLY|O_NOFOLLOW => ELOOP
		open "ld" O_RDONLY|O_NOFOLLOW|O_DIRECTORY => ENOTDIR
		open "lf" O_PATH|O_NOFOLLOW => OK
		open "ld" O_PATH|O_NOFOLLOW|O_DIRECTORY => ENOTDIR
		open "ld/" O_RDONLY|O_NOFOLLOW => OK
		open "ld/." O_RDONLY|O_NOFOLLOW => OK
		open "ld/f" O_RDONLY|O_NOFOLLOW => OK
		open "dang" O_RDONLY|O_NOFOLLOW => ELOOP
		open "dang" O_PATH|O_NOFOLLOW => OK
		open "dang" O_PATH => ENOENT
		open "dang" O_CREAT|O_WRONLY|O_NOFOLLOW 0644 => ELOOP
		open "dang" O_CREAT|O_WRONLY|O_EXCL 0644 => EEXIST
		open "lf" O_CREAT|O_WRONLY|O_NOFOLLOW 0644 => ELOOP
		open "lf" O_CREAT|O_EXCL|O_WRONLY 0644 => EEXIST
		lstat "missing" => ENOENT
		newfstatat AT_FDCWD "lf" AT_SYMLINK_NOFOLLOW
		newfstatat AT_FDCWD "dang" AT_SYMLINK_NOFOLLOW
		newfstatat AT_FDCWD "ld/" AT_SYMLINK_NOFOLLOW
		statx AT_FDCWD "lf" AT_SYMLINK_NOFOLLOW STATX_BASIC_STATS
		statx AT_FDCWD "lf" 0 STATX_BASIC_STATS
		fchownat AT_FDCWD "dang" -1 -1 AT_SYMLINK_NOFOLLOW => OK
		fchownat AT_FDCWD "dang" -1 -1 => ENOENT
		lchown "dang" -1 -1 => OK
		chown "dang" -1 -1 => ENOENT
		fchmodat2 AT_FDCWD "lf" 0600 AT_SYMLINK_NOFOLLOW => ENOTSUP
		fchmodat2 AT_FDCWD "f" 0640 AT_SYMLINK_NOFOLLOW => OK
		fchmodat AT_FDCWD "lf" 0604 AT_SYMLINK_NOFOLLOW => OK
		stat "f"
		utimensat AT_FDCWD "lf" 100,200 AT_SYMLINK_NOFOLLOW
		lstat.m "lf"
		utimensat AT_FDCWD "dang" 100,200 AT_SYMLINK_NOFOLLOW => OK
		utimensat AT_FDCWD "dang" 100,200 => ENOENT
		i=inotify_init1 0
		inotify_add_watch $i "dang" IN_ALL_EVENTS => ENOENT
		inotify_add_watch $i "dang" IN_ALL_EVENTS|IN_DONT_FOLLOW => OK
		inotify_add_watch $i "lf" IN_ALL_EVENTS|IN_ONLYDIR => ENOTDIR
		inotify_add_watch $i "ld" IN_ALL_EVENTS|IN_ONLYDIR => OK
	`},
	{Name: "O_CREAT through links", Tree: std, Script: `
		f=open "dang" O_CREAT|O_WRONLY 0644 => OK
		write $f "made"
		open "missing" O_RDONLY => OK
		open "dangabs" O_CREAT|O_RDWR 0600
		open "/d/created" O_RDONLY
		open "dangslash" O_CREAT|O_WRONLY 0644 => EISDIR
		stat "newdir" => ENOENT
		open "dangdeep" O_CREAT|O_WRONLY 0644 => ENOENT
		open "ld" O_CREAT|O_RDONLY 0644 => EISDIR
		open "lf" O_CREAT|O_RDONLY 0644
		open "lf" O_CREAT|O_RDWR|O_TRUNC 0644
		open "lfslash" O_CREAT|O_RDONLY 0644
		creat "laf" 0600
		stat "d/f"
		symlink "/d/via" "l1"
		symlink "l1" "l2"
		open "l2" O_CREAT|O_WRONLY 0644
		stat "d/via"
		symlink "../outside" "esc"
		open "esc" O_CREAT|O_WRONLY 0644
		stat "/outside"
	`},
	{Name: "relative links resolve where they lie", Tree: std + "l /d/sub/r ../f\nl /x d/sub/r\nl /d/sub/x2 /x\n", Script: `
		open "x" O_RDONLY
		open "d/sub/x2" O_RDONLY
		chdir "d/sub"
		open "r" O_RDONLY
		open "x2" O_RDONLY
		open "../../x" O_RDONLY
		chdir "../../ld/sub/.."
		getcwd
	`},
}
