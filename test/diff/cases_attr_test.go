package difftest

var attrCases = []Case{
	{Name: "chmod", Tree: std, Script: `
		chmod "/lf" 0600 => OK
		stat "/f"
		lstat "/lf"
		chmod "/ld/f" 04711
		stat "/d/f"
		chmod "/missing" 0600 => ENOENT
		chmod "/dang" 0600 => ENOENT
		chmod "/loop" 0600 => ELOOP
		chmod "/f/" 0600 => ENOTDIR
		chmod "/rootd/f" 0600 => EPERM
		chmod "/d" 01777
		stat "/d"
		fchmodat AT_FDCWD "/lf" 0640
		fchmodat2 AT_FDCWD "/lf" 0604 0 => OK
		stat "/f"
		fchmodat2 AT_FDCWD "/f" 0600 0x80000 => EINVAL
		f=open "/f" O_RDONLY
		fchmod $f 0400
		stat "/f"
		fchmod -1 0400 => EBADF
		chmod "/nox/f" 0600 => EACCES
	`},
	{Name: "chown", Tree: std, Script: `
		chown "/f" -1 -1 => OK
		chown "/lf" -1 -1 => OK
		lchown "/lf" -1 -1 => OK
		lchown "/dang" -1 -1 => OK
		chown "/dang" -1 -1 => ENOENT
		chown "/f" 0 0 => EPERM
		chown "/f" 65534 65534 => OK
		chown "/rootd/f" 65534 65534 => EPERM
		chown "/rootd/f" -1 -1
		chown "/missing" 0 0 => ENOENT
		chmod "/f" 06755
		chown "/f" -1 65534
		stat "/f"
		fchownat AT_FDCWD "/lf" -1 -1 AT_SYMLINK_NOFOLLOW => OK
		fchownat AT_FDCWD "/f" -1 -1 0x80000 => EINVAL
		f=open "/f" O_RDONLY
		fchown $f -1 -1 => OK
		fchown $f 0 -1 => EPERM
	`},
	{Name: "times", Tree: std, Script: `
		utime "/f" 11,12
		stat.m "/f"
		utimes "/f" 13,14
		stat.m "/f"
		futimesat AT_FDCWD "/f" 15,16
		stat.m "/f"
		utimensat AT_FDCWD "/f" 17,18
		stat.m "/f"
		utimensat AT_FDCWD "/f" omit,19
		stat.m "/f"
		utimensat AT_FDCWD "/f" omit,omit
		stat.m "/f"
		utime "/lf" 21,22
		stat.m "/f"
		lstat "/lf"
		utimensat AT_FDCWD "/lf" 23,24 AT_SYMLINK_NOFOLLOW
		lstat.m "/lf"
		stat.m "/f"
		utime "/missing" NULL => ENOENT
		utime "/f" NULL => OK
		utimes "/f" NULL => OK
		utime "/f" BAD => EFAULT
		utimes "/dang" NULL => ENOENT
		utimes "/rootd/f" NULL => EACCES
		utimes "/rootd/f" 1,2 => EPERM
		utimensat AT_FDCWD "/missing" omit,omit
		utimensat AT_FDCWD "/f" 1,2 0x80000 => EINVAL
		d=open "/d" O_RDONLY|O_DIRECTORY
		utimensat $d "f" 31,32
		stat.m "/d/f"
		utimensat $d NULL 33,34
		stat.m "/d"
		futimesat $d "sub/g" 35,36
		stat.m "/d/sub/g"
		utimensat -1 NULL 1,2 => EBADF
	`},
	{Name: "truncate", Tree: std, Script: `
		truncate "/f" 3
		open "/f" O_RDONLY
		truncate "/lf" 1
		stat "/f"
		truncate "/f" 100
		stat "/f"
		truncate "/missing" 0 => ENOENT
		truncate "/d" 0 => EISDIR
		truncate "/f/" 0 => ENOTDIR
		truncate "/f" -1 => EINVAL
		truncate "/fifo" 0 => EINVAL
		truncate "/rootd/f" 0 => EACCES
		truncate "/dang" 0 => ENOENT
		truncate "/noread" 0
		f=open "/f" O_RDWR
		ftruncate $f 2
		stat "/f"
	`},
	{Name: "extended attributes", Tree: std, Script: `
		setxattr "/f" "user.a" "value" => OK
		getxattr "/f" "user.a" => OK "value"
		getxattr "/lf" "user.a" => OK "value"
		lgetxattr "/lf" "user.a"
		listxattr "/f"
		listxattr "/lf"
		llistxattr "/lf"
		getxattr "/f" "user.a" 0 => OK 5
		getxattr "/f" "user.a" 2 => ERANGE
		listxattr "/f" 0
		listxattr "/f" 1
		getxattr "/f" "user.missing" => ENODATA
		setxattr "/f" "user.a" "new" XATTR_CREATE => EEXIST
		setxattr "/f" "user.b" "new" XATTR_REPLACE => ENODATA
		setxattr "/lf" "user.b" "via link" => OK
		getxattr "/f" "user.b"
		lsetxattr "/lf" "user.c" "x" => EPERM
		lsetxattr "/f" "user.c" "" => OK
		lgetxattr "/f" "user.c"
		removexattr "/lf" "user.b" => OK
		lremovexattr "/f" "user.c" => OK
		lremovexattr "/lf" "user.c" => EPERM
		removexattr "/f" "user.c" => ENODATA
		listxattr "/f"
		setxattr "/missing" "user.a" "x" => ENOENT
		setxattr "/f/" "user.a" "x" => ENOTDIR
		setxattr "/f" "bad.name" "x"
		setxattr "/f" "trusted.x" "x"
		getxattr "/dang" "user.a" => ENOENT
		lgetxattr "/dang" "user.a"
		setxattr "/rootd/f" "user.a" "x" => EACCES
		f=open "/f" O_RDONLY
		fsetxattr $f "user.fd" "1"
		fgetxattr $f "user.fd"
		flistxattr $f
		fremovexattr $f "user.fd"
		setxattr "/d" "user.dir" "d"
		getxattr "/lad" "user.dir"
	`},
	{Name: "the at forms of the xattr calls", Tree: std, Script: `
		d=open "/d" O_RDONLY|O_DIRECTORY
		~ENOSYS setxattrat $d "f" 0 "user.a" "value"
		~ENOSYS getxattrat $d "f" 0 "user.a"
		~ENOSYS listxattrat $d "f" 0
		~ENOSYS setxattrat $d "missing" 0 "user.a" "value"
		~ENOSYS getxattrat AT_FDCWD "/lf" AT_SYMLINK_NOFOLLOW "user.a"
		~ENOSYS removexattrat $d "f" 0 "user.a"
		~ENOSYS listxattrat $d "" AT_EMPTY_PATH
		~ENOSYS file_getattr AT_FDCWD "/f" 0
		~ENOSYS file_getattr AT_FDCWD "/missing" 0
		~ENOSYS file_setattr AT_FDCWD "/missing" 0
	`},
	{Name: "statfs", Tree: boundTree, Mounts: bound, Script: `
		statfs "/" => OK
		statfs "/mnt/in" => OK
		statfs "/missing" => ENOENT
		statfs "/f/x" => ENOTDIR
		statfs "/lf" => OK
		statfs "/dang" => ENOENT
		statfs "/tmp" => OK
		statfs "/nox/f" => EACCES
		statfs.m "/d/sub"
		f=open "/d/sub/in" O_RDONLY
		fstatfs $f
		fstatfs.m $f
	`},
	{Name: "stat of everything", Tree: boundTree, Mounts: bound, Script: `
		stat "/"
		lstat "/ld"
		stat "/ld"
		stat "/fifo"
		statx AT_FDCWD "/mnt/in" 0 STATX_BASIC_STATS
		statx AT_FDCWD "/tomnt" AT_SYMLINK_NOFOLLOW STATX_BASIC_STATS
		statx AT_FDCWD "/tomnt" 0 STATX_BASIC_STATS
		statx AT_FDCWD "/f" AT_SYMLINK_NOFOLLOW|AT_STATX_DONT_SYNC STATX_BASIC_STATS
		statx AT_FDCWD "/f" 0x80000 STATX_BASIC_STATS => EINVAL
		statx AT_FDCWD "/f" 0 0x80000000 => EINVAL
		newfstatat AT_FDCWD "/mnt" AT_NO_AUTOMOUNT
		newfstatat AT_FDCWD "/mnt" 0x80000 => EINVAL
		stat "/g"
		stat "/mnt/point/../sub/deep"
		stat "/rootd/private"
		stat "/noread"
	`},
}
