package difftest

// foundMoreCases are more of foundCases.
var foundMoreCases = []Case{
	{Name: "found/renaming a mount point that the root does not have", Tree: std + src, Mounts: "tmpfs /new\nbind @m /deep/er", Script: `
		rename "new" "newer" => EBUSY
		rename "/deep" "deeper" => EBUSY
		rename "/new" "/newer" => EBUSY
		rename "new" "/d/x" => EACCES
		renameat2 AT_FDCWD "/new" AT_FDCWD "/d" RENAME_EXCHANGE => EBUSY
	`},
	{Name: "found/mount points below a mount", Tree: boundTree, Mounts: "bind /d /mnt\ntmpfs /mnt\nbind @m /dcopy\nbind @n /dcopy/sub\ntmpfs /dcopy\nbind @m /empty", Script: `
		rename "/d" "/new" => EBUSY
		rmdir "/d" => EBUSY
		rmdir "/dcopy" => EBUSY
		rmdir "/empty/sub" => EBUSY
		rename "/empty/sub" "/empty/x" => EBUSY
	`},
	{Name: "found/both directories of a rename may be searched", Tree: boundTree + "d /shut 0000\nl /toshut shut\n", Mounts: "bind @file /g\nbind @m /mnt ro", Script: `
		rename "/g/" "/shut/x" => EACCES
		rename "/g/" "/toshut/x" => EACCES
		rename "/shut/x" "/g/" => EACCES
		rename "/mnt/missing" "/shut/x" => EACCES
		renameat2 AT_FDCWD "/shut/x" -1 "" 0 => EACCES
		renameat2 AT_FDCWD "/shut/x" AT_FDCWD "" RENAME_WHITEOUT => EACCES
		renameat2 AT_FDCWD "/shut/x" AT_FDCWD BAD 0 => EACCES
		rename "/f" "" => ENOENT
		rename "" "/shut/x" => ENOENT
	`},
	{Name: "found/links of other people's directories", Tree: std + "root:d /theirs\nroot:d /theirs/in\n", Script: `
		link "/theirs" "/theirs/x" => EPERM
		link "/theirs/in" "/theirs/x" => EPERM
		link "/d" "/theirs/x" => EACCES
		link "/d" "/d/x" => EPERM
	`},
	{Name: "found/search permission before a mount point exists", Tree: boundTree, Mounts: "tmpfs /d/sub/empty\nbind @file /d/sub/g", Script: `
		chmod "/d/sub" 0600
		open "/d/sub/empty" O_RDWR|O_CREAT|O_EXCL 0644 => EACCES
		open "/d/sub/g" O_RDWR|O_CREAT|O_EXCL 0644 => EACCES
		open "/d/sub/g/" O_RDWR|O_CREAT 0644 => EACCES
		open "/d/sub/empty/" O_RDWR|O_CREAT 0644 => EACCES
		chmod "/d/sub" 0700
		open "/d/sub/g/" O_RDWR|O_CREAT 0644 => EISDIR
		open "/d/sub/g" O_RDWR|O_CREAT|O_EXCL 0644 => EEXIST
	`},
	{Name: "found/into itself by a descriptor, above a mount point", Tree: boundTree, Mounts: "bind @file /d/sub/g", Script: `
		d=open "/d/sub" O_PATH
		renameat AT_FDCWD "d" $d "x" => EINVAL
		renameat AT_FDCWD "/d" $d "x" => EINVAL
		renameat $d "empty" AT_FDCWD "/d" => ENOTEMPTY
		renameat2 AT_FDCWD "d" $d "empty" RENAME_EXCHANGE => EINVAL
		chdir "/d"
		rename "sub" "sub/empty/x" => EINVAL
		rename "/d/sub" "/mnt" => ENOTEMPTY
		rename "/d/sub" "/empty/x/y" => ENOENT
	`},
	{Name: "found/attributes of the directory of descriptors", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		lremovexattr "/proc/self/fd" "user.y" => ENOTSUP
		setxattr "/proc/self/fd" "user.y" "v" => ENOTSUP
		getxattr "/proc/self/fd" "user.y" => ENOTSUP
		listxattr "/proc/self/fd"
		removexattr "/proc/self/status" "user.y"
		setxattr "/proc/self" "user.y" "v"
	`},
	{Name: "found/magic links of directories shown twice", Tree: boundTree + "d /proc\nd /x/l\nf /x/here\nf /here\n", Mounts: "bind @m /mnt\nbind @m /x/l\nproc /proc", Script: `
		chdir "/mnt"
		open "/proc/self/cwd/../x/here" O_RDONLY => OK
		open "/proc/self/cwd/../here" O_RDONLY => OK
		statx AT_FDCWD "/proc/self/cwd/.." AT_SYMLINK_NOFOLLOW STATX_BASIC_STATS
		chdir "/x/l"
		stat "/proc/self/cwd/.."
		d=open "/mnt" O_RDONLY|O_DIRECTORY
		e=open "/x/l" O_RDONLY|O_DIRECTORY
		stat "/proc/self/fd/"+$d+"/.."
		stat "/proc/self/fd/"+$e+"/.."
		c=dup $d
		stat "/proc/self/fd/"+$c+"/.."
		chdir "/mnt/in" => ENOTDIR
		stat "/proc/self/cwd/.."
		readlink "/proc/self/cwd"
	`},
	{Name: "found/nothing below a descriptor without a name", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		f=open "/d" O_TMPFILE|O_RDWR 0600
		stat "/proc/self/fd/"+$f+"/.." => ENOTDIR
		stat "/proc/self/fd/"+$f+"/x" => ENOTDIR
		stat "/proc/self/fd/"+$f => OK
		g=open "/g" O_RDONLY
		unlink "/g"
		open "/proc/self/fd/"+$g+"/x" O_RDONLY => ENOTDIR
		open "/proc/self/fd/"+$g+"/" O_RDONLY
		open "/proc/self/fd/"+$g+"/." O_RDONLY => ENOTDIR
		s=socket AF_UNIX SOCK_STREAM
		stat "/proc/self/fd/"+$s+"/.." => ENOTDIR
	`},
	{Name: "found/writing to a FIFO on a read-only mount, by descriptor", Tree: boundTree + "p @m/pipe\n", Mounts: "bind @m /mnt ro", Script: `
		p=open "/mnt/pipe" O_PATH
		faccessat2 $p "" W_OK AT_EMPTY_PATH => OK
		faccessat2 $p "" W_OK|X_OK AT_EMPTY_PATH => EACCES
		f=open "/mnt/in" O_PATH
		faccessat2 $f "" W_OK AT_EMPTY_PATH => EROFS
	`},
	{Name: "found/descriptors that O_TRUNC and O_CREAT were given for", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy ro", Script: `
		t=open "/mnt/in" O_RDONLY|O_TRUNC
		fchmod $t 0600 => OK
		fchown $t -1 -1 => OK
		c=open "/mnt/new" O_RDONLY|O_CREAT|O_TRUNC 0644
		fchmodat2 $c "" 0600 AT_EMPTY_PATH => OK
		r=open "/dcopy/new" O_RDONLY
		fchmod $r 0644 => EROFS
		d=open "/dcopy/new" O_RDONLY|O_CREAT 0644
		fchmod $d 0644 => EROFS
	`},
	{Name: "found/a socket without a name in an overlay copies nothing up", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@a:@b,upper=@up", Script: `
		bind -1 "/m/d/sock" => EBADF
		f=open "/out" O_RDONLY
		bind $f "/m/d/sock" => ENOTSOCK
		i=socket 2 SOCK_STREAM
		bind $i "/m/d/sock"
	`},
	{Name: "found/moving a directory over a full one above a mount point", Tree: boundTree, Mounts: "bind @file /d/sub/g", Script: `
		rename "/d" "/mnt" => ENOTEMPTY
	`},
	{Name: "found/binds of FIFOs", Tree: boundTree + "p @m/pipe\n", Mounts: "bind @m/pipe /g ro\nbind @m/pipe /newpipe ro\nbind @m/pipe /fifo", Script: `
		lstat "/g"
		lstat "/fifo"
		open "/g" O_WRONLY|O_NONBLOCK => ENXIO
		execve "/g" "x" => EACCES
		execve "/fifo" "x" => EACCES
		open "/fifo" O_WRONLY|O_NONBLOCK => ENXIO
		r=open "/fifo" O_RDONLY|O_NONBLOCK => OK
		open "/g" O_WRONLY|O_NONBLOCK => OK
	`},
	{Name: "found/programs that are being written", Tree: std + "f /script 0755 \"#!/guest exit 3\"\nx /prog\n", Script: `
		f=open "/new" O_WRONLY|O_CREAT 0755
		execve "/new" "x" => ETXTBSY
		execveat $f "" AT_EMPTY_PATH "x" => ETXTBSY
		close $f
		execve "/new" "x" => ENOEXEC
		s=open "/script" O_WRONLY
		execve "/script" "x" => ETXTBSY
		close $s
		p=open "/prog" O_WRONLY
		execve "/prog" "x" => ETXTBSY
	`},
	{Name: "found/a symlink to nothing in an overlay copies nothing up", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@a:@b,upper=@up", Script: `
		symlink "" "/m/d/new" => ENOENT
		symlinkat BAD AT_FDCWD "/m/d/new" => EFAULT
		symlink "x"*4096 "/m/d/new" => ENAMETOOLONG
		symlink "" "/m/af" => ENOENT
	`},
	{Name: "found/making names in procfs", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		link "/f" "/proc/self/fd/c" => ENOENT
		link "/f" "/proc/self/x" => ENOENT
		link "/f" "/proc/x" => ENOENT
		link "/f" "/proc/self/status" => EEXIST
		mkdir "/proc/x" 0755
		mkdir "/proc/self/x" 0755
		rename "/f" "/proc/x" => EXDEV
		symlink "f" "/proc/self/fd/c"
		open "/proc/self/fd/c" O_CREAT|O_RDWR 0644
	`},
	{Name: "found/statfs of descriptors of a file shown twice", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy noexec", Script: `
		w=open "/mnt/in" O_WRONLY
		x=open "/dcopy/in" O_RDWR
		c=open "/dcopy/new" O_WRONLY|O_CREAT 0644
		fstatfs.m $w
		fstatfs.m $x
		fstatfs.m $c
	`},
	{Name: "found/the old getdents in procfs", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		d=open "/proc/self/fd" O_RDONLY|O_DIRECTORY
		getdents $d
		getdents $d => OK
		lseek $d 0 SEEK_SET
		getdents $d 60
		getdents $d 60
		getdents $d 10 => OK
		lseek $d 0 SEEK_SET
		getdents64 $d
	`},
	{Name: "found/links of other people's directories, by descriptor", Tree: std + "root:d /theirs\nroot:d /theirs/in\nl /tolink theirs\n", Script: `
		d=open "/theirs/in" O_PATH
		l=open "/tolink" O_PATH
		linkat $d "" AT_FDCWD "/theirs/x" AT_EMPTY_PATH => EPERM
		linkat $l "" AT_FDCWD "/theirs/x" AT_EMPTY_PATH => EPERM
		m=open "/d" O_PATH
		linkat $m "" AT_FDCWD "/theirs/x" AT_EMPTY_PATH
		linkat $m "" AT_FDCWD "/x" AT_EMPTY_PATH
	`},
	{Name: "found/read-only whiteouts", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@u:@a:@b", Script: `
		open "/m/d/ad" O_CREAT|O_RDWR 0644 => EROFS
		open "/m/hidden" O_CREAT|O_EXCL|O_RDWR 0644 => EROFS
		creat "/m/hidden" 0644 => EROFS
		open "/m/hidden" O_RDONLY => ENOENT
		s=socket AF_UNIX SOCK_STREAM
		bind $s "/m/hidden" => EROFS
		bind $s "/m/af" => EADDRINUSE
		connect $s "/m" => EROFS
		connect $s "/m/af" => EROFS
		connect $s "/m/hidden" => ENOENT
		connect $s "/m/nowrite" => EROFS
		connect -1 "/m/af" => EBADF
	`},
	{Name: "found/marks of overlayfs are not listed", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		listxattr "/m/opaque" => OK []
		llistxattr "/m/opaque" => OK []
		setxattr "/m/opaque" "user.x" "v" => OK
		listxattr "/m/opaque"
		listxattr "/m/missing" => ENOENT
		listxattr "/m/af"
		listxattrat AT_FDCWD "/m/opaque" 0
	`},
	{Name: "found/a magic link with a slash before the new name", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		link "/proc/self/exe/" "/missing/x" => ENOTDIR
		f=open "/f" O_RDONLY
		linkat AT_FDCWD "/proc/self/fd/"+$f+"/" AT_FDCWD "/missing/x" AT_SYMLINK_FOLLOW => ENOTDIR
		linkat AT_FDCWD "/proc/self/fd/"+$f AT_FDCWD "/missing/x" AT_SYMLINK_FOLLOW => ENOENT
	`},
	{Name: "found/what is no socket is sent to a magic link with a slash", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		sendto -1 "x" 0 "/proc/self/exe/" => EBADF
		connect -1 "/proc/self/exe/" => EBADF
		s=socket AF_UNIX SOCK_DGRAM
		connect $s "/proc/self/exe/" => ENOTDIR
		p=open "/f" O_PATH
		connect $p "/proc/self/exe/" => EBADF
		t=socket AF_UNIX SOCK_STREAM
		sendto $t "x" 0 "/proc/self/exe/"
	`},
	{Name: "found/in a root below directories that cannot be searched", Tree: boundTree + "l /d/sub/top /\nl /d/sub/up ../f\nl /d/sub/loop /loop\n", Script: `
		d=open "/d/sub" O_RDONLY|O_DIRECTORY
		chmod "/" 0600
		openat2 $d "/top" O_RDONLY|O_NOFOLLOW 0 RESOLVE_IN_ROOT|RESOLVE_NO_SYMLINKS => ELOOP
		openat2 $d "/top/x" O_RDONLY 0 RESOLVE_IN_ROOT|RESOLVE_NO_SYMLINKS => ELOOP
		openat2 $d "//top//top//g" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "up" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "loop" O_RDONLY 0 RESOLVE_IN_ROOT => ELOOP
		openat2 $d "/top/empty" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "/empty/../../g" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "top" O_RDONLY 0 0
	`},
	{Name: "found/a duplicate where another place of the directory was open", Tree: boundTree + "l /mnt/x d\n", Mounts: "bind @m /mnt ro\nbind @m /d/sub/empty", Script: `
		a=open "/mnt" O_PATH
		b=open "/d/sub/empty" O_RDONLY|O_DIRECTORY
		close $a
		c=dup $b
		newfstatat $c ".."
		fchdir $c
		getcwd => OK "/d/sub/empty" 13
		mkdirat $c "new" 0755 => OK
		chdir "/"
		a=open "/mnt" O_PATH
		close $c
		c=dup $a
		newfstatat $c ".."
		mkdirat $c "more" 0755 => EROFS
		dup2 $b $c
		mkdirat $c "more" 0755 => OK
		dup3 $a $c 0
		mkdirat $c "evenmore" 0755 => EROFS
		fchdir $c
		getcwd => OK "/mnt" 5
		fchmodat2 AT_FDCWD "" 0700 AT_EMPTY_PATH => EROFS
		fchdir $b
		fchmodat2 AT_FDCWD "" 0700 AT_EMPTY_PATH => OK
	`},
	{Name: "found/no parent is copied up for what is elsewhere", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		i=inotify_init1 O_NONBLOCK
		linkat $i "" AT_FDCWD "/m/d/sub/deep/new" AT_EMPTY_PATH => EXDEV
		linkat $i "" AT_FDCWD "/m/missing/new" AT_EMPTY_PATH => ENOENT
		linkat $i "" AT_FDCWD "/m/af" AT_EMPTY_PATH => EEXIST
	`},
	{Name: "found/a directory that was made unreadable while it was read", Tree: std + src, Mounts: "tmpfs /d/new", Script: `
		d=open "/d" O_RDONLY|O_DIRECTORY
		fchmod $d 0300
		getdents64 $d
		getdents64 $d
		lseek $d 0 SEEK_SET
		getdents64 $d
		open "/d" O_RDONLY|O_DIRECTORY => EACCES
	`},
	{Name: "found/a directory of an overlay that was made unreadable while it was read", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		d=open "/m/d/sub/deep" O_RDONLY|O_DIRECTORY
		fchmod $d 0300
		getdents64 $d
		getdents64 $d
		lseek $d 0 SEEK_SET
		getdents64 $d
		open "/m/d/sub/deep" O_RDONLY|O_DIRECTORY => EACCES
	`},
	{Name: "found/a directory of an overlay that cannot be searched for any more", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		d=open "/m/d/sub/deep" O_RDONLY|O_DIRECTORY
		f=open "/m/af" O_RDONLY
		chmod "/m" 0644
		getdents64 $d
		getdents64 $d
		fstat $f
		read $f 20
	`},
	{Name: "found/a magic link with a slash before a read-only directory", Tree: std + "d /proc\n", Mounts: "tmpfs /new/deep/d\nbind /d /mnt ro\nproc /proc", Script: `
		link "/proc/self/exe/" "/new/deep/c" => ENOTDIR
		link "/proc/self/exe/" "/mnt/c" => ENOTDIR
		link "/proc/self/exe/" "/f" => ENOTDIR
		link "/proc/self/exe" "/new/deep/c" => EROFS
	`},
	{Name: "found/deeper than PATH_MAX in a read-only bind", Unstable: true, Tree: boundTree, Mounts: "bind @m /d/sub/empty\nbind @m /mnt ro", Script: `
		chdir "/d/sub/empty"
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		mkdir "n"*250 0755
		chdir "n"*250
		w=open.q "f" O_CREAT|O_RDWR 0644 => OK
		fchmod $w 0644 => OK
		e=open.q "." O_RDONLY|O_DIRECTORY
		fchmod $e 0755 => OK
		mkdirat $e "y" 0755 => OK
		chdir "/mnt"
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		chdir "n"*250
		mkdir "x" 0755 => EROFS
		chmod "f" 0600 => EROFS
		open.q "f" O_RDWR => EROFS
		r=open.q "f" O_RDONLY => OK
		fchmod $r 0600 => EROFS
		fsetxattr $r "user.a" "b" 0 => EROFS
		unlink "f" => EROFS
		d=open.q "." O_RDONLY|O_DIRECTORY
		mkdirat $d "x" 0755 => EROFS
		fchmod $d 0700 => EROFS
		fchmodat2 AT_FDCWD "" 0700 AT_EMPTY_PATH => EROFS
		getcwd
		fchdir $e
		mkdir "z" 0755 => OK
		fchmodat2 AT_FDCWD "" 0700 AT_EMPTY_PATH => OK
		fchmod $e 0755 => OK
	`},
	{Name: "found/no whiteout on request in an overlay, above a mount point", NoInodes: true, Tree: layered, Mounts: layers + "\ntmpfs /m/d/sub/deep", Unstable: true, Script: `
		renameat2 AT_FDCWD "/m/d/sub" AT_FDCWD "/m/new" RENAME_WHITEOUT => EINVAL
		renameat2 AT_FDCWD "/m/d/sub/deep" AT_FDCWD "/m/new" RENAME_WHITEOUT => EBUSY
		renameat2 AT_FDCWD "/m/d/sub" AT_FDCWD "/m/new" 0 => EXDEV
		renameat2 AT_FDCWD "/m/af" AT_FDCWD "/m/new" RENAME_WHITEOUT => EINVAL
	`},
}
