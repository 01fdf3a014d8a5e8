package difftest

// once are mounts that show nothing twice.
const once = `
bind @m /mnt
bind @file /g
tmpfs /tmp
`

// fastCases repeat calls while the tree changes between them: whatever was
// remembered of the first must not show in the second.
var fastCases = []Case{
	{Name: "getcwd again and again", Tree: std, Mounts: "proc /proc", Cwd: "/d/sub", Script: `
		getcwd => OK "/d/sub" 7
		getcwd => OK "/d/sub" 7
		getcwd 6 => ERANGE
		getcwd 7 => OK
		getcwd NULL 100 => EFAULT
		rename "/d/sub" "/d/moved"
		getcwd => OK "/d/moved" 9
		getcwd => OK "/d/moved" 9
		symlink "moved" "/d/sub"
		getcwd => OK "/d/moved" 9
		rename "/d" "/e"
		getcwd => OK "/e/moved" 9
		symlink "e" "/d"
		getcwd => OK "/e/moved" 9
		chdir "/d/sub/empty"
		getcwd => OK "/e/moved/empty" 15
		getcwd => OK "/e/moved/empty" 15
		rmdir "/e/moved/empty"
		getcwd => ENOENT
		mkdir "/e/moved/empty" 0755
		getcwd => ENOENT
		chdir "/"
		getcwd => OK "/" 2
		getcwd => OK "/" 2
		chdir "/nox"
		chdir "/nor"
		getcwd => OK "/nor" 5
		getcwd => OK "/nor" 5
		mkdir "/empty/x" 0755
		chdir "/empty/x"
		getcwd
		chmod "/empty" 0
		getcwd
		chmod "/empty" 0755
	`},
	{Name: "the root of a mount without search permission", Tree: boundTree, Mounts: "bind @m /mnt", Script: `
		open "/mnt" O_RDONLY|O_DIRECTORY
		chmod "/mnt" 0644
		open "/mnt" O_RDONLY|O_DIRECTORY
		open "/mnt" O_RDONLY|O_DIRECTORY
		stat "/mnt"
		faccessat -1 "/mnt" W_OK
		faccessat -1 "/mnt/" W_OK
		chmod "/mnt" 0755
		chmod "/" 0644
		faccessat -1 "//" W_OK
		faccessat -1 "//" W_OK
		open "/" O_RDONLY|O_DIRECTORY
		chmod "/" 0755
	`},
	{Name: "a link that goes up and then to a mount", Tree: boundTree, Mounts: "bind @m /mnt\ntmpfs /tmp", Script: `
		symlink "../mnt" "/d/ml"
		symlink "../mnt/in" "/d/mf"
		symlink "../../mnt" "/d/sub/ml"
		symlink "/d/ml" "/d/twice"
		stat "/d/ml"
		stat "/d/ml"
		lstat "/d/ml"
		stat "/d/mf"
		stat "/d/sub/ml"
		stat "/d/sub/../ml"
		stat "/d/twice"
		faccessat -1 "/d/mf" R_OK
		open "/d/mf" O_RDONLY
		open "/d/ml" O_RDONLY|O_DIRECTORY
		chdir "/d/ml"
		getcwd
	`},
	{Name: "up by a descriptor", Tree: boundTree, Mounts: once, Script: `
		r=open "/" O_RDONLY|O_DIRECTORY
		s=open "/d/sub" O_RDONLY|O_DIRECTORY
		m=open "/mnt" O_RDONLY|O_DIRECTORY
		n=open "/mnt/sub" O_RDONLY|O_DIRECTORY
		t=open "/tmp" O_RDONLY|O_DIRECTORY
		x=open "/d/sub" O_PATH
		f=open "/f" O_RDONLY
		a=openat $s ".." O_RDONLY|O_DIRECTORY
		fstat $a
		b=openat $r ".." O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC
		fstat $b
		c=openat $m ".." O_RDONLY
		fstat $c
		e=openat $n ".." O_RDONLY
		fstat $e
		g=openat $t ".." O_RDONLY|O_DIRECTORY
		fstat $g
		h=openat $x ".." O_RDONLY|O_DIRECTORY
		fstat $h
		fcntl $h F_GETFL 0
		i=openat $s ".." O_PATH
		fcntl $i F_GETFL 0
		openat $f ".." O_RDONLY => ENOTDIR
		openat 99 ".." O_RDONLY => EBADF
		openat $s ".." O_RDWR => EISDIR
		openat $s ".." O_RDONLY|O_CREAT 0644
		openat $s "../.." O_RDONLY
		openat $s "../../../.." O_RDONLY
		openat $s "../f" O_RDONLY
		openat $s "..//../g" O_RDONLY
		openat $s "../../mnt/in" O_RDONLY
		openat $s "../../mnt" O_RDONLY
		openat $n "../in" O_RDONLY
		openat $n "../../f" O_RDONLY
		openat $m "../f" O_RDONLY
		openat $s "../..x" O_RDONLY => ENOENT
		openat $s "../missing" O_RDONLY => ENOENT
		openat $s "../f/x" O_RDONLY => ENOTDIR
		openat $s "../new" O_WRONLY|O_CREAT 0644
		newfstatat $s ".." 0
		newfstatat $s "../" 0
		newfstatat $s "../." 0
		newfstatat $n ".." 0
		newfstatat $m ".." 0
		newfstatat $r ".." 0
		newfstatat $n "../rel" AT_SYMLINK_NOFOLLOW
		newfstatat $n "../rel" 0
		newfstatat $n "../esc" 0
		newfstatat $n "../abs" 0
		statx $n ".." 0 STATX_BASIC_STATS
		statx $m "." 0 STATX_BASIC_STATS
		statx $m "./" 0 STATX_BASIC_STATS
		statx $s ".." 0 STATX_BASIC_STATS
		statx $r ".." 0 STATX_BASIC_STATS
		faccessat $s ".." R_OK
		faccessat $s "../f" W_OK
		faccessat $n "../in" W_OK
		readlinkat $n "../rel" => OK "sub/deep"
		readlinkat $n ".." => EINVAL
		rename "/d/sub" "/empty/sub"
		openat $s "../f" O_RDONLY
		newfstatat $s ".." 0
		rmdir "/empty/sub/empty"
	`},
	{Name: "down by descriptors of directories above mounts", Tree: boundTree, Mounts: "bind @n /d/sub\nbind @m /mnt\nbind @file /d/new", Script: `
		r=open "/" O_RDONLY|O_DIRECTORY
		d=open "/d" O_RDONLY|O_DIRECTORY
		m=open "/mnt" O_RDONLY|O_DIRECTORY
		newfstatat $r "d/sub/other" 0 => OK
		newfstatat $r "d/sub/deep" 0 => ENOENT
		newfstatat $r ".//d/./sub/" 0 => OK
		newfstatat $d "sub/other" 0 => OK
		newfstatat $d "sub/deep" 0 => ENOENT
		newfstatat $d "sub" 0
		newfstatat $d "new" 0 => OK
		newfstatat $d "new/" 0 => ENOTDIR
		newfstatat $d "f" 0
		newfstatat $d "missing" 0 => ENOENT
		newfstatat $m "sub/deep" 0
		newfstatat $m "sub" 0
		newfstatat $m "in" 0
		newfstatat $m "in/x" 0 => ENOTDIR
		statx $d "sub" 0 STATX_BASIC_STATS
		statx $d "g" 0 STATX_BASIC_STATS
		statx $d "." 0 STATX_BASIC_STATS
		faccessat $d "sub/other" R_OK => OK
		faccessat $d "sub/deep" R_OK => ENOENT
		openat $d "sub/other" O_RDONLY => OK
		openat $d "sub/deep" O_RDONLY => ENOENT
		symlink "sub" "/d/down"
		symlink "down/other" "/d/other"
		symlink "d" "/e"
		newfstatat $d "down/other" 0 => OK
		newfstatat $d "down/deep" 0 => ENOENT
		newfstatat $d "down" AT_SYMLINK_NOFOLLOW
		newfstatat $d "down/" AT_SYMLINK_NOFOLLOW
		newfstatat $d "other" 0 => OK
		newfstatat $r "e/sub/other" 0 => OK
		newfstatat $r "e/down/deep" 0 => ENOENT
		openat $d "down/other" O_RDONLY => OK
		openat $d "down/deep" O_RDONLY => ENOENT
		openat $d "other" O_RDONLY => OK
		openat $d "down" O_RDONLY|O_DIRECTORY
		readlinkat $d "down" => OK "sub"
		readlinkat $d "sub" => EINVAL
		readlinkat $d "down/deep" => ENOENT
		readlinkat $d "missing" => ENOENT
		chdir "/d"
		stat "sub/other" => OK
		stat "sub/deep" => ENOENT
		stat "down/deep" => ENOENT
		open "down/other" O_RDONLY => OK
		open "new" O_RDONLY => OK
		chdir "/"
		stat "d/sub/other" => OK
		stat "d/missing" => ENOENT
		access "d/sub/deep" F_OK => ENOENT
		rename "/d/sub/other" "/d/sub/deep"
		newfstatat $d "sub/deep" 0 => OK
		newfstatat $d "sub/other" 0 => ENOENT
	`},
	{Name: "down by descriptors to mounts that the directory lacks", Tree: std + src, Mounts: "bind @n /d/point\nbind @m /mnt/in/deep", Script: `
		r=open "/" O_RDONLY|O_DIRECTORY
		d=open "/d" O_RDONLY|O_DIRECTORY
		newfstatat $r "d/point/other" 0 => OK
		newfstatat $r "d/sub/point" 0 => ENOENT
		newfstatat $d "point/other" 0 => OK
		newfstatat $d "point" 0 => OK
		newfstatat $d "points" 0 => ENOENT
		newfstatat $d "sub/deep" 0
		newfstatat $r "mnt" 0 => OK
		newfstatat $r "mnt/in" 0 => OK
		newfstatat $r "mnt/in/deep/in" 0 => OK
		newfstatat $r "mnt/in/x" 0 => ENOENT
		openat $d "point/other" O_RDONLY => OK
		chdir "/d"
		stat "point/other" => OK
		access "point/other" F_OK => OK
		open "point/other" O_RDONLY => OK
		chdir "/"
		stat "mnt/in/deep" => OK
		stat "mnt/in/../in/deep" => OK
	`},
	{Name: "down by descriptors of procfs", Tree: std + src, Mounts: "proc /proc\nbind @m /mnt", Cwd: "/d", Script: `
		stat "sub/deep"
		stat "sub/deep"
		p=open "/proc/self" O_RDONLY|O_DIRECTORY
		readlinkat $p "cwd" => OK "/d"
		readlinkat $p "cwd" => OK "/d"
		readlinkat $p "root" => OK "/"
		newfstatat $p "cwd" 0
		newfstatat $p "cwd" 0
		newfstatat $p "root/mnt/in" 0
		newfstatat $p "fd/77" AT_SYMLINK_NOFOLLOW => ENOENT
		openat $p "root/mnt/in" O_RDONLY => OK
		openat $p "cwd/sub" O_RDONLY|O_DIRECTORY
		faccessat $p "root/mnt/in" R_OK => OK
		fchdir $p
		readlink "root" => OK "/"
		stat "root/mnt/in" => OK
		stat "root/mnt/hidden" => ENOENT
		access "cwd/exe" F_OK => OK
		access "root/mnt/hidden" F_OK => ENOENT
	`},
	{Name: "down from a current directory in procfs", Tree: std + src, Mounts: "proc /proc\nbind @m /mnt", Script: `
		stat "d/sub"
		stat "d/sub"
		chdir "/proc/self"
		readlink "root" => OK "/"
		readlink "root" => OK "/"
		stat "root/mnt/in" => OK
		stat "root/mnt/hidden" => ENOENT
		access "root/mnt/hidden" F_OK => ENOENT
	`},
	{Name: "down from a name of procfs", Tree: std + src, Mounts: "proc /proc\nbind @m /mnt", Script: `
		symlink "proc/self" "/me"
		stat "d/sub"
		p=open "me" O_PATH
		readlinkat $p "root" => OK "/"
		newfstatat $p "root/mnt/in" 0 => OK
		newfstatat $p "root/mnt/hidden" 0 => ENOENT
		readlinkat $p "root" => OK "/"
	`},
	{Name: "readlink of what is no link, and of what is", Tree: boundTree, Mounts: "bind @m /mnt\nbind @file /g", Cwd: "/d", Script: `
		symlink "f" "/d/l.x"
		symlink "sub" "/d/ldir"
		mkdir "/d/dir.d" 0755
		creat "/d/dir.d/file.c" 0644
		readlink "/d" => EINVAL
		readlink "/d/" => EINVAL
		readlink "/d/." => EINVAL
		readlink "/d/.." => EINVAL
		readlink "/" => EINVAL
		readlink "//" => EINVAL
		readlink "/d/dir.d" => EINVAL
		readlink "/d/dir.d/file.c" => EINVAL
		readlink "/d/dir.d/file.c/" => ENOTDIR
		readlink "/d/dir.d/file.c/x" => ENOTDIR
		readlink "/d/dir.d/file.c/x.y" => ENOTDIR
		readlink "/f" => EINVAL
		readlink "/f/" => ENOTDIR
		readlink "/f/x" => ENOTDIR
		readlink "/fifo" => EINVAL
		readlink "/missing" => ENOENT
		readlink "/missing/x.y" => ENOENT
		readlink "/nox/f" => EACCES
		readlink "/nox" => EINVAL
		readlink "/noread" => EINVAL
		readlink "/mnt" => EINVAL
		readlink "/mnt/in" => EINVAL
		readlink "/mnt/sub" => EINVAL
		readlink "/mnt/hidden" => ENOENT
		readlink "/g" => EINVAL
		readlink "/d/l.x" => OK "f"
		readlink "/d/l.x/" => ENOTDIR
		readlink "/d/ldir" => OK "sub"
		readlink "/d/ldir/" => EINVAL
		readlink "/d/ldir/deep" => ENOENT
		readlink "/d" => EINVAL
		readlink "/d/ldir" => OK "sub"
		readlink "/d/ldir" => OK "sub"
		readlink "/tomnt" => OK "mnt"
		readlink "/tomnt/in" => EINVAL
		readlink "/loop" => OK
		readlink "/loop/" => ELOOP
		readlink "/loop/x" => ELOOP
		readlink "" => ENOENT
		readlink NULL => EFAULT
		readlink "sub" => EINVAL
		readlink "." => EINVAL
		readlink ".." => EINVAL
		readlink "l.x" => OK "f"
		readlink "l.x" => OK "f"
		readlink "ldir" => OK "sub"
		readlink "dir.d/file.c" => EINVAL
		readlink "dir.d/file.c/x" => ENOTDIR
		readlink "missing" => ENOENT
		readlink "ldir/deep" => ENOENT
		unlink "/d/ldir"
		mkdir "/d/ldir" 0755
		readlink "ldir" => EINVAL
		readlink "/d/ldir" => EINVAL
		rmdir "/d/ldir"
		symlink "x" "/d/ldir"
		readlink "ldir" => OK "x"
		readlink "/d/ldir" => OK "x"
		execve "/f/x" "x" => ENOTDIR
		execve "/nox/f" "x" => EACCES
		execve "/missing" "x" => ENOENT
	`},
	{Name: "up from where one may not", Tree: std, Cwd: "/d/sub", Script: `
		e=open "empty" O_RDONLY|O_DIRECTORY
		stat ".."
		chmod "/d/sub" 0300
		stat "..//sub"
		openat $e ".." O_RDONLY => EACCES
		openat $e ".." O_PATH
		newfstatat $e ".." 0
		newfstatat $e "../g" 0
		chmod "/d/sub" 0600
		newfstatat $e "../g" 0 => EACCES
		newfstatat $e ".." 0
		stat ".."
		chmod "/d/sub" 0755
		chmod "/d/sub/empty" 0600
		newfstatat $e ".." 0 => EACCES
		openat $e ".." O_RDONLY => EACCES
		chmod "/d/sub/empty" 0755
		rmdir "/d/sub/empty"
		openat $e ".." O_RDONLY
		newfstatat $e "../g" 0
	`},
	{Name: "chdir up and down", Tree: boundTree, Mounts: once, Script: `
		chdir "d/sub"
		chdir ".."
		getcwd => OK "/d" 3
		chdir "./sub/../../mnt/sub"
		getcwd => OK "/mnt/sub" 9
		stat "deep"
		chdir ".."
		getcwd => OK "/mnt" 5
		getcwd => OK "/mnt" 5
		stat "in"
		chdir ".."
		getcwd => OK "/" 2
		stat "mnt/in"
		chdir "/mnt/abs" => ENOTDIR
		chdir "/mnt/self"
		getcwd => OK "/mnt" 5
		chdir "../.."
		stat "mnt"
		chdir ""  => ENOENT
		chdir NULL => EFAULT
		chdir BAD => EFAULT
		m=open "/mnt/sub" O_RDONLY|O_DIRECTORY
		fchdir $m
		rename "../sub" "../sub2"
		getcwd => OK "/mnt/sub2" 10
		unlink "deep"
		getcwd => OK "/mnt/sub2" 10
		creat "deep" 0644
		stat "/mnt/sub2/deep"
	`},
	{Name: "attributes by every name", Tree: boundTree, Mounts: once, Script: `
		setxattr "/f" "user.a" "one" 0
		setxattr "/mnt/in" "user.a" "two" 0
		getxattr "/f" "user.a" => OK "one"
		getxattr "f" "user.a" => OK "one"
		getxattr "/lf" "user.a" => OK "one"
		getxattr "/mnt/in" "user.a" => OK "two"
		getxattr "/mnt/abs" "user.a" => OK "one"
		lgetxattr "/mnt/abs" "user.a"
		lgetxattr "/mnt/in" "user.a" => OK "two"
		llistxattr "/mnt/in"
		llistxattr "/mnt/abs"
		listxattr "/mnt/abs"
		listxattr "/f"
		listxattr "/f" 3 => ERANGE
		listxattr "/missing" => ENOENT
		listxattr "/noread"
		getxattr "/noread" "user.a"
		getxattr "/nox/f" "user.a" => EACCES
		getxattr "/f/x" "user.a" => ENOTDIR
		getxattr "/loop" "user.a" => ELOOP
		getxattr "/f" "" 
		getxattr "/f" "nonsense"
		getxattr "/fifo" "user.a"
		getxattr "/d" "system.posix_acl_access"
		getxattr "" "user.a" => ENOENT
		getxattr NULL "user.a" => EFAULT
		getxattr "/f" NULL => EFAULT
		removexattr "/f" "user.a"
		getxattr "/f" "user.a" => ENODATA
	`},
	{Name: "directories above mounts that are shut", Tree: boundTree, Mounts: "bind @m /mnt\nbind @n /mnt/sub\ntmpfs /d/sub/empty\nbind @n /d/sub/empty/in\nbind @file /g", Script: `
		stat "/mnt/sub/other" => OK
		chmod "/mnt" 0600
		stat "/mnt/sub/other" => EACCES
		stat "/mnt/sub" => EACCES
		open "/mnt/sub/missing" O_RDONLY => EACCES
		open "/tomnt/sub/other" O_RDONLY => EACCES
		access "//mnt/./sub/other" F_OK => EACCES
		execve "/mnt/sub/missing" "x" => EACCES
		chmod "/mnt" 0711
		stat "/mnt/sub/other" => OK
		chdir "/mnt/sub"
		chmod "/mnt" 0
		stat "other" => OK
		stat "../in" => EACCES
		getcwd
		stat "/mnt/sub/other" => EACCES
		chmod "/mnt" 0755
		chdir "/"
		mkdir "/d/sub/empty/x" 0755
		chmod "/d/sub/empty" 0600
		stat "/d/sub/empty/in/other" => EACCES
		stat "/d/sub/empty/x/y" => EACCES
		chmod "/d/sub/empty" 0755
		chmod "/d" 0644
		stat "/d/sub/empty/in/other" => EACCES
		stat "/d/sub/empty" => EACCES
		lstat "/d/sub/empty/x" => EACCES
		chmod "/d" 0755
		chmod "/d/sub" 0
		stat "/d/sub/empty/in/other" => EACCES
		readlink "/d/sub/empty/x" => EACCES
		chmod "/d/sub" 0755
		stat "/d/sub/empty/in/other" => OK
		r=open "/" O_RDONLY
		chmod "/" 0600
		stat "/g" => EACCES
		open "/g" O_RDONLY => EACCES
		stat "/mnt/sub/other" => EACCES
		stat "/d/sub/empty/in" => EACCES
		fchmod $r 0755
		stat "/g" => OK
	`},
	{Name: "a directory shown twice, opened like a file", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy", Script: `
		a=open "/mnt/sub" O_RDONLY
		b=open "/dcopy/sub" O_RDONLY|O_CLOEXEC
		fchdir $b
		getcwd => OK "/dcopy/sub" 11
		fchdir $a
		getcwd => OK "/mnt/sub" 9
		f=open "/dcopy/in" O_RDONLY
		read $f 20
		newfstatat $b ".."
	`},
}
