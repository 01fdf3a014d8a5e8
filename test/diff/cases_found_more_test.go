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
	{Name: "found/the sticky bit and the owner of a mount point", Tree: boundTree + "root:d /stick 1777\nd /stick/mine\nroot:d /stick/theirs\n", Mounts: "tmpfs /stick/new\ntmpfs /stick/theirs\nbind @n /stick/mine ro", Script: `
		unlink "/stick/new" => EPERM
		rmdir "/stick/new" => EPERM
		unlink "/stick/theirs" => EPERM
		rmdir "/stick/theirs" => EPERM
		unlink "/stick/mine" => EISDIR
		rmdir "/stick/mine" => EBUSY
		rename "/stick/mine" "/x" => EBUSY
		rename "/stick/theirs" "/x" => EPERM
	`},
	{Name: "found/names in a directory of a read-only mount that has been removed", Tree: boundTree + "d @m/dir\n", Mounts: "bind @m /mnt ro\nbind @m /d/sub/empty", Script: `
		chdir "/mnt/dir"
		rmdir "/d/sub/empty/dir" => OK
		mkdir "x" 0755 => ENOENT
		mknod "x" S_IFREG|0644 => ENOENT
		symlink "a" "x" => ENOENT
		link "/mnt" "x" => ENOENT
		open "x" O_CREAT|O_RDWR 0644 => ENOENT
		mkdir "n"*300 0755 => ENOENT
		unlink "x" => EROFS
		rename "x" "y" => EROFS
		mkdir "." 0755 => EEXIST
	`},
	{Name: "found/links of files of one of two places by their descriptors", Tree: boundTree + "d /proc\n", Mounts: "bind @m /mnt\nbind @m /d/sub/empty\nproc /proc", Script: `
		t=open "/mnt" O_TMPFILE|O_RDWR 0644
		linkat $t "" AT_FDCWD "/mnt/t" AT_EMPTY_PATH => OK
		u=open "/d/sub/empty" O_TMPFILE|O_RDWR 0644
		linkat $u "" AT_FDCWD "/d/sub/empty/u" AT_EMPTY_PATH => OK
		v=open "/mnt" O_TMPFILE|O_RDWR 0644
		linkat $v "" AT_FDCWD "/d/sub/empty/v" AT_EMPTY_PATH => EXDEV
		w=open "/d/sub/empty" O_TMPFILE|O_RDWR 0644
		linkat $w "" AT_FDCWD "/mnt/w" AT_EMPTY_PATH => EXDEV
		linkat AT_FDCWD "/proc/self/fd/"+$w AT_FDCWD "/mnt/w" AT_SYMLINK_FOLLOW => EXDEV
		linkat AT_FDCWD "/proc/self/fd/"+$w AT_FDCWD "/d/sub/empty/w" AT_SYMLINK_FOLLOW => OK
		f=open "/mnt/f" O_RDWR|O_CREAT 0644
		linkat $f "" AT_FDCWD "/mnt/f2" AT_EMPTY_PATH => OK
		linkat $f "" AT_FDCWD "/f2" AT_EMPTY_PATH => EXDEV
		g=open "/d/sub/empty/g" O_RDWR|O_CREAT 0644
		linkat $g "" AT_FDCWD "/d/sub/empty/g3" AT_EMPTY_PATH => OK
		linkat AT_FDCWD "/proc/self/fd/"+$g AT_FDCWD "/d/sub/empty/g4" AT_SYMLINK_FOLLOW => OK
	`},
	{Name: "found/up from a removed directory by a magic link", Tree: boundTree + "d /proc\nd /r/a/b\nf /r/f\n", Mounts: "proc /proc", Script: `
		chdir "/r/a/b"
		d=open "." O_PATH
		rmdir "/r/a/b"
		open "/proc/self/cwd/.." O_PATH => OK
		stat "/proc/self/cwd/../../f" => OK
		stat "/proc/self/cwd/../" => OK
		stat "/proc/self/fd/"+$d+"/.." => OK
		stat "/proc/self/fd/"+$d+"/x" => ENOENT
		stat "/proc/self/fd/"+$d+"/../b" => ENOENT
		mkdir "/proc/self/cwd/../new" 0755 => OK
		rmdir "/proc/self/cwd/../new" => OK
		lstat "/proc/self/cwd/../.." => OK
	`},
	{Name: "found/names below a directory that cannot be reached by its path", Tree: boundTree + "d /a/c/g\nd /a/m\nl /a/c/l .\n", Mounts: "bind @n /a/c/g\nbind @m /a/c/new", Script: `
		chdir "/a/c"
		d=open "." O_RDONLY|O_DIRECTORY
		chmod "/a" 0600
		rmdir "g" => EBUSY
		mkdir "g" 0755 => EEXIST
		mkdir "new" 0755 => EEXIST
		rename "g" "h" => EBUSY
		rename "l" "g" => EISDIR
		unlink "g" => EISDIR
		mkdirat $d "g" 0755 => EEXIST
		open "l" O_PATH|O_DIRECTORY => OK
		openat $d "l" O_RDONLY|O_DIRECTORY => OK
		openat $d "l/l/l" O_RDONLY => OK
	`},
	{Name: "found/a descriptor of a file that an overlay does not show any more", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		p=open "/m/af" O_PATH
		f=open "/m/af" O_RDONLY
		unlink "/m/af"
		getdents64 $p => EBADF
		getdents64 $f => ENOTDIR
	`},
	{Name: "found/a shut directory over a whiteout", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		mkdir "/m/hiddendir" 0000 => OK
		lstat "/m/hiddendir"
		mkdir "/m/d/ad" 0500 => OK
		lstat "/m/d/ad"
		mkdir "/m/hiddendir/x" 0755 => EACCES
		chmod "/m/hiddendir" 0700
		mkdir "/m/hiddendir/x" 0755 => OK
		rmdir "/m/d/ad" => OK
	`},
	{Name: "found/into one of two places of a directory by its descriptor", Tree: boundTree + "f @m/b\nd /proc\n", Mounts: "bind @m /l/c/d\nbind @m /l/c/d/sub\nproc /proc", Script: `
		f=openat -1 "/l/c/d" O_PATH|O_NONBLOCK|O_CREAT|O_APPEND 0644
		fchdir $f
		getcwd
		chdir "/proc/self/fd/"+$f
		getcwd => OK "/l/c/d" 7
		unlink "../b/." => ENOENT
		g=open "/l/c/d/sub" O_PATH
		chdir "/proc/self/fd/"+$g
		getcwd => OK "/l/c/d/sub" 11
		unlink "../b/." => ENOTDIR
	`},
	{Name: "found/making what is there, a merged directory that cannot be read", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		chmod "/m/d" 0300
		open "/m/d/." O_RDONLY|O_CREAT 0644 => EISDIR
		open "/m/d" O_RDONLY|O_CREAT 0644 => EISDIR
		open "/m/d" O_RDONLY => EACCES
		chmod "/m/d" 0600
		open "/m/d/." O_RDONLY|O_CREAT 0644
		open "/m/d/sub/." O_RDONLY|O_CREAT 0644 => EACCES
	`},
	{Name: "found/a mount point under another mount, by a relative path", Tree: boundTree, Mounts: "bind @m/sub /d/sub\nbind @m /d/sub\nbind @m /mnt", Script: `
		chdir "/d/sub"
		rmdir "sub" => EBUSY
		rename "sub" "x" => EBUSY
		rename "in" "sub" => EISDIR
		chdir "/mnt"
		rmdir "sub" => EBUSY
		rmdir "/mnt/sub" => EBUSY
	`},
	{Name: "found/a mount point at another place, by a relative path from above", Tree: boundTree + "d @m/a/b/c\n", Mounts: "bind @m/a /d/sub\nbind @m /mnt\ntmpfs /d/sub/b/c", Script: `
		chdir "/mnt"
		rmdir "a/b/c" => EBUSY
		rename "a/b/c" "x" => EBUSY
		chdir "a"
		rmdir "b/c" => EBUSY
		chdir "b"
		rmdir "c" => EBUSY
	`},
	{Name: "found/a directory of two places that was sent away", Tree: boundTree, Mounts: "bind @m /mnt ro\nbind @m /d/sub", Script: `
		f=open "/d/sub" O_PATH
		give 2 $f f1
		close $f
		@2 fstatfs.m $f1
		@2 mkdirat $f1 "x" 0755 => OK
		g=open "/mnt" O_PATH
		give 2 $g f1
		close $g
		@2 fstatfs.m $f1
		@2 mkdirat $f1 "y" 0755 => EROFS
	`},
	{Name: "found/a read-only file shown twice, by its descriptor's name", Tree: boundTree + "f @m/a/f\nd /proc\n", Mounts: "bind @m/a/f /f ro\nbind @m /mnt ro\nproc /proc", Script: `
		f=open "/mnt/a/f" O_PATH
		readlink "/proc/self/fd/"+$f => OK "/mnt/a/f"
		g=open "/proc/self/fd/"+$f O_RDONLY
		readlink "/proc/self/fd/"+$g => OK "/mnt/a/f"
		h=open "/f" O_RDONLY
		readlink "/proc/self/fd/"+$h => OK "/f"
	`},
	{Name: "found/the current directory of a child of a failed fchdir", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy", Script: `
		chdir "/mnt"
		fchdir -1 => EBADF
		fork {
			getcwd => OK "/mnt" 5
			stat "../f" => OK
			chdir "missing" => ENOENT
			getcwd => OK "/mnt" 5
		}
		getcwd => OK "/mnt" 5
	`},
	{Name: "found/an open by way of links or .. gives the lowest descriptor", Tree: std + "d /a\nd /a/b\nf /a/b/f\nl /a/l b\nl /a/abs /a/b\nl /l /a\nf @file\n", Mounts: "bind @file /a/m ro", Script: `
		f=open "/a/l" O_RDONLY|O_DIRECTORY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/l/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/l/f" O_RDWR
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/abs/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/l/b/f" O_PATH
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/l/b/new" O_CREAT|O_RDWR 0644
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/b/../b/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		chdir "/a/b"
		f=open "../.." O_RDONLY|O_DIRECTORY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "../../a/b/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "../l/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "../../l/b" O_PATH
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
	`},
	{Name: "found/the text of a magic link that was opened itself", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		chdir "/d"
		f=open "/proc/self/cwd" O_PATH|O_NOFOLLOW
		readlinkat $f "" => OK "/d"
		g=open "/f" O_RDONLY
		h=open "/proc/self/fd/"+$g O_PATH|O_NOFOLLOW
		readlinkat $h "" => OK "/f"
		i=open "/proc/self/root" O_PATH|O_NOFOLLOW
		readlinkat $i "" => OK "/"
		j=open "/proc/mounts" O_PATH|O_NOFOLLOW
		readlinkat $j "" => OK "self/mounts"
		k=open "/lf" O_PATH|O_NOFOLLOW
		readlinkat $k ""
	`},
	{Name: "found/executing by a descriptor what was copied up since", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		f=open "/m/af" O_PATH
		execveat $f "" AT_EMPTY_PATH "x" => EACCES
		fchmodat2 $f "" 0755 AT_EMPTY_PATH => OK
		execveat $f "" AT_EMPTY_PATH "x" => ENOEXEC
		chmod "/m/af" 0644
		execveat $f "" AT_EMPTY_PATH "x" => EACCES
	`},
	{Name: "found/a file without a name in an overlay by way of a magic link", NoInodes: true, Tree: layered + "d /proc\n", Mounts: layers + "\nproc /proc", Script: `
		chdir "/m/d/sub"
		f=open "/proc/self/cwd" O_TMPFILE|O_RDWR 0644 => OK
		linkat $f "" AT_FDCWD "/m/d/sub/new" AT_EMPTY_PATH => OK
		g=open "/m/af" O_RDONLY
		open "/proc/self/fd/"+$g O_TMPFILE|O_RDWR 0644 => ENOTDIR
	`},
	{Name: "found/errors of a rename to a place of more rights", Tree: std + "d @m\nf @m/g/l\nl @m/b/a /b/d/\nf @m/b/f\nd @m/b/e/e\n", Mounts: "bind @m/b /new ro\nbind @m /d noexec", Script: `
		rename "/d/g" "/d/b/a" => ENOTDIR
		rename "/d/g/l" "/d/b/e" => EISDIR
		rename "/d/g" "/d/b/e" => ENOTEMPTY
		rename "/d/g/missing" "/d/b/x" => ENOENT
		rename "/d/g/l" "/d/b/l" => OK
		rename "/d/g" "/d/b/g" => OK
		link "/d/b/f" "/d/f" => OK
		rename "/d/b/g" "/d/h" => OK
	`},
	{Name: "found/the current directory of a new process after a thread's failed fchdir", Tree: std + "d @m/c\n", Mounts: "bind @m/c /d/new ro\nbind @m /new", Script: `
		f=open "/new/c" O_PATH|O_DIRECTORY
		fchdir $f
		@t fchdir -1 => EBADF
		respawn 2
		@2 getcwd => OK "/new/c" 7
	`},
	{Name: "found/up to where a directory above is shut", Tree: std + "d @m/g/l\nl @m/g/l/g ../b\nl @m/g/l/f ../f\nf @m/g/f\n", Mounts: "bind @m /new", Script: `
		chdir "/new/g"
		chmod "/new" 0000
		stat "l/g/g/" => ENOENT
		stat "l/../f" => OK
		stat "l/../missing" => ENOENT
		mkdir "l/g/x" 0755 => ENOENT
		unlink "l/g/x" => ENOENT
		open "l/../f" O_RDONLY => OK
		open "l/f" O_RDONLY => OK
		open "l/.." O_RDONLY|O_DIRECTORY => OK
		stat "l/../.." => OK
		stat "l/../../g" => EACCES
		stat "l/../../missing" => EACCES
		getcwd
	`},
	{Name: "found/a new file's slash in a shut directory of an overlay", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		open "/m/d/ad/" O_RDWR|O_CREAT 0644 => EISDIR
		open "/m/x/" O_RDWR|O_CREAT 0644 => EISDIR
		chmod "/m/d" 0644
		open "/m/d/ad/" O_RDWR|O_CREAT 0644 => EACCES
		open "/m/d/sub/" O_RDWR|O_CREAT 0644 => EACCES
		open "/m/d/new/" O_RDWR|O_CREAT 0644 => EACCES
	`},
	{Name: "found/moving a mount point into a directory that has been removed", Tree: std + "d /b\n", Mounts: "tmpfs /new", Script: `
		chdir "/b"
		rmdir "../b"
		rename "/new" "a" => ENOENT
		rename "a" "/new" => ENOENT
		renameat2 AT_FDCWD "/new" AT_FDCWD "a" RENAME_EXCHANGE => ENOENT
		rename "/d" "a" => ENOENT
	`},
	{Name: "found/moving a directory above a mount point over a full one that cannot be read", Tree: std + "d /a\nd /b 0300\nl /b/x y\n", Mounts: "tmpfs /a/g", Script: `
		rename "a" "b" => ENOTEMPTY
		rename "/a" "/b/" => ENOTEMPTY
		lstat "/b"
	`},
	{Name: "found/into a mount whose source has been exchanged", Tree: std + "d /b\nd /b2\nd /b/sub\nd /b2/sub\n", Mounts: "bind /b /new", Unstable: true, Script: `
		renameat2 AT_FDCWD "/b2" AT_FDCWD "/b" RENAME_EXCHANGE
		~ENOENT chdir "/new" => OK
		~ENOENT chdir "/new/sub" => OK
		chdir "/d" => OK
	`},
	{Name: "found/a missing file of an overlay to a name that is too long", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		rename "/m/missing" "/m/"+"n"*256 => ENOENT
		rename "/m/af" "/m/"+"n"*256 => ENAMETOOLONG
		renameat2 AT_FDCWD "/m/missing" AT_FDCWD "/m/d/"+"n"*256 RENAME_EXCHANGE => ENOENT
	`},
	{Name: "found/changes by a descriptor of a file whose place another has", NoInodes: true, Tree: layered + "d /proc\n", Mounts: layers + "\nproc /proc", Script: `
		f=open "/m/nowrite" O_PATH
		rename "/m/af" "/m/nowrite" => OK
		fchmodat2 $f "" 0750 AT_EMPTY_PATH
		lstat "/m/nowrite"
		g=open "/m/both" O_PATH
		unlink "/m/both" => OK
		fchmodat2 $g "" 0750 AT_EMPTY_PATH
		h=open "/m/d/sub/as" O_RDONLY
		unlink "/m/d/sub/as" => OK
		fchmod $h 0700
		mknod "/m/d/sub/as" S_IFREG|0644
		fchmod $h 0700
		fsetxattr $h "user.x" "z"
		fchown $h -1 -1
		fchmodat2 $h "" 0750 AT_EMPTY_PATH
		open "/proc/self/fd/"+$h O_RDWR
		truncate "/proc/self/fd/"+$h 0
		chmod "/proc/self/fd/"+$h 0700
		linkat AT_FDCWD "/proc/self/fd/"+$h AT_FDCWD "/m/new" AT_SYMLINK_FOLLOW
	`},
	{Name: "found/the root of a call, shut", Script: `
		chmod "/" 0000
		openat2 AT_FDCWD "//" O_WRONLY|O_CREAT 0644 RESOLVE_IN_ROOT|RESOLVE_NO_XDEV => EISDIR
		openat2 AT_FDCWD "/" O_RDONLY 0 RESOLVE_IN_ROOT => EACCES
		openat2 AT_FDCWD "/." O_WRONLY|O_CREAT 0644 RESOLVE_IN_ROOT => EACCES
		chmod "/" 0444
		openat2 AT_FDCWD "/" O_RDONLY|O_DIRECTORY 0 RESOLVE_IN_ROOT => OK
		openat2 AT_FDCWD "/." O_RDONLY|O_DIRECTORY 0 RESOLVE_IN_ROOT => EACCES
		chmod "/" 0755
	`},
	{Name: "found/a failed fchdir to the same directory by another name", Tree: "d @m\nd /b\nd /d", Mounts: "bind @m /b\nbind @m /d", Script: `
		f=open "/d" O_RDONLY
		chdir "/b"
		chmod "/b" 0600
		fchdir $f => EACCES
		getcwd => OK "/b" 3
		chmod "/b" 0700
		fchdir $f => OK
		getcwd => OK "/d" 3
	`},
	{Name: "found/changes by a descriptor of what has been moved", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		f=open "/m/af" O_PATH
		rename "/m/af" "/m/new" => OK
		fchmodat2 $f "" 0750 AT_EMPTY_PATH => OK
		lstat "/m/new"
		g=open "/m/both" O_RDONLY
		renameat2 AT_FDCWD "/m/new" AT_FDCWD "/m/both" RENAME_EXCHANGE => OK
		fchmod $g 0700 => OK
		fchmodat2 $f "" 0711 AT_EMPTY_PATH => OK
		lstat "/m/new"
		lstat "/m/both"
		h=open "/m/d/sub/as" O_RDONLY
		rename "/m/d/sub/as" "/m/both" => OK
		fchmod $h 0500 => OK
		fchmod $g 0600 => OK
		lstat "/m/both"
		lstat "/m/new"
	`},
}
