package difftest

// foundCases are what the random comparison has found, shrunk.
var foundCases = []Case{
	{Name: "found/flags of open before the path", Tree: std, Script: `
		open "/missing/x" O_CREAT|O_DIRECTORY|O_RDONLY 0644 => EINVAL
		open "/missing/x" O_TMPFILE|O_RDONLY 0600 => EINVAL
		openat2 AT_FDCWD "/missing/x" O_RDONLY 0644 0 => EINVAL
		openat2 AT_FDCWD "/missing/x" O_PATH|O_CREAT 0644 0 => EINVAL
		openat2 -1 "/f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 -1 "/f" O_RDONLY 0 RESOLVE_IN_ROOT => EBADF
	`},
	{Name: "found/O_PATH ignores O_CREAT and O_EXCL at a mount point", Tree: boundTree, Mounts: bound, Script: `
		open "/mnt" O_PATH|O_CREAT|O_EXCL 0644 => OK
		open "/mnt/" O_PATH|O_CREAT 0644 => OK
		open "/g" O_PATH|O_CREAT|O_EXCL 0644 => OK
	`},
	{Name: "found/other arguments before the path", Tree: boundTree, Mounts: "bind @m /mnt ro", Script: `
		faccessat2 AT_FDCWD "/missing" R_OK 0x10000 => EINVAL
		newfstatat AT_FDCWD "/missing" 0x8000 => EINVAL
		statx AT_FDCWD "/missing" 0x80000 STATX_BASIC_STATS => EINVAL
		fchmodat2 AT_FDCWD "/mnt/in" 0644 0x8000 => EINVAL
		fchownat AT_FDCWD "/mnt/in" -1 -1 0x8000 => EINVAL
		utimensat AT_FDCWD "/missing" 1,2 0x8000 => EINVAL
		unlinkat AT_FDCWD "/mnt/in" 0x8000 => EINVAL
		linkat AT_FDCWD "/missing" AT_FDCWD "/x" 0x8000 => EINVAL
		renameat2 AT_FDCWD "/missing/x" AT_FDCWD "/x" 0x8 => EINVAL
		mknod "/missing/x" S_IFDIR|0755
		mknod "/mnt/new" 0x7000
		truncate "/missing" -1 => EINVAL
		setxattr "/missing" "" "v"
		setxattr "/missing" "user.x" "v" 0x8
		getxattr "/missing" "x"*300
		removexattr "/mnt/in" ""
		symlink "" "/missing/x" => ENOENT
		symlink "" "/f/x" => ENOENT
		name_to_handle_at AT_FDCWD "/missing" 0x8000 => EINVAL
	`},
	{Name: "found/descriptor of linkat before the new name", Tree: std, Script: `
		linkat -1 "" AT_FDCWD "/missing/x" AT_EMPTY_PATH => EBADF
		linkat 99 "" AT_FDCWD "/f/x" AT_EMPTY_PATH => EBADF
		f=open "/f" O_PATH
		linkat $f "" AT_FDCWD "/f/x" AT_EMPTY_PATH
		linkat $f "" AT_FDCWD "/missing/x" AT_EMPTY_PATH
		linkat $f "" AT_FDCWD "/g" AT_EMPTY_PATH
	`},
	{Name: "found/descriptor of a watch", Tree: std, Script: `
		inotify_add_watch -1 "/missing" IN_CREATE => EBADF
		f=open "/f" O_RDONLY
		p=open "/f" O_PATH
		inotify_add_watch $f "/missing" IN_CREATE => EINVAL
		inotify_add_watch $p "/missing" IN_CREATE => EBADF
		inotify_add_watch $p "/d" IN_CREATE => EBADF
		i=inotify_init1 O_NONBLOCK
		inotify_add_watch $i "/missing" 0 => EINVAL
		inotify_add_watch $i "/missing" IN_CREATE => ENOENT
	`},
	{Name: "found/socket before its address", Tree: boundTree, Mounts: "bind @m /mnt ro", Script: `
		bind -1 "/missing/x" => EBADF
		connect -1 "/missing" => EBADF
		sendto -1 "x" 0 "/missing" => EBADF
		f=open "/f" O_RDONLY
		bind $f "/missing/x" => ENOTSOCK
		connect $f "/missing" => ENOTSOCK
		sendto $f "x" 0 "/missing" => ENOTSOCK
		p=open "/f" O_PATH
		connect $p "/missing" => EBADF
		s=socket AF_UNIX SOCK_STREAM
		sendto $s "x" 0 "/missing"
		sendmsg $s "x" "/missing"
		i=socket 2 SOCK_STREAM
		bind $i "/missing/x"
		connect $i "/missing"
		j=socket 2 SOCK_DGRAM
		sendto $j "x" 0 "/missing"
		t=socket AF_UNIX SOCK_DGRAM
		sendto $t "x" 0 "/missing" => ENOENT
		sendmsg $t "x" "/missing" => ENOENT
		bind $t "/mnt/"+"n"*80
		bind $t "/mnt/new" => EROFS
	`},
	{Name: "found/search permission above a mount point", Tree: boundTree, Mounts: "bind @m /mnt\nbind @n /d/sub/empty\nbind @file /d/f\ntmpfs /tmp", Script: `
		chmod "/d/sub" 0600
		stat "/d/sub/empty/other" => EACCES
		stat "/d/sub/empty" => EACCES
		open "/d/sub/empty/missing" O_RDONLY => EACCES
		mkdir "/d/sub/empty/x" 0755 => EACCES
		rename "/d/sub/empty/other" "/d/sub/empty/x" => EACCES
		chmod "/d" 0600
		open "/d/f" O_RDONLY => EACCES
		rmdir "/d/sub/empty" => EACCES
		chdir "/d/sub/empty" => EACCES
		chmod "/d" 0755
		open "/d/f" O_RDONLY => OK
		chmod "/" 0644
		access "/mnt/in" R_OK => EACCES
		lremovexattr "/mnt/in" "user.x" => EACCES
		readlink "/mnt/rel" => EACCES
		rename "/tmp/x" "/" => EACCES
		link "/mnt/in" "/mnt/x" => EACCES
		chmod "." 0755
	`},
	{Name: "found/search permission of the old name's directory first", Tree: std + "d /shut 0000\n", Script: `
		rename "/shut/x" "/missing/x" => EACCES
		renameat2 AT_FDCWD "/shut/x" AT_FDCWD "/f/x" 0 => EACCES
		rename "/missing/x" "/shut/x" => ENOENT
	`},
	{Name: "found/a mount point by another name", Tree: boundTree, Mounts: "bind @m /mnt\nbind @n /mnt/point\nbind @m /dcopy\nbind @file /mnt/in", Script: `
		rmdir "/dcopy/point" => EBUSY
		unlink "/dcopy/point" => EISDIR
		unlink "/dcopy/in" => EBUSY
		rename "/dcopy/point" "/dcopy/x" => EBUSY
		rename "/dcopy/in" "/dcopy/x" => EBUSY
		rename "/dcopy/abs" "/dcopy/in" => EBUSY
		renameat2 AT_FDCWD "/dcopy/in" AT_FDCWD "/dcopy/abs" RENAME_EXCHANGE => EBUSY
		rmdir "/dcopy/sub" => ENOTEMPTY
		link "/dcopy/in" "/dcopy/y" => OK
		unlink "/dcopy/y" => OK
	`},
	{Name: "found/descriptors of files shown twice", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy ro", Script: `
		r=open "/dcopy/in" O_RDONLY
		w=open "/mnt/in" O_RDONLY
		x=open "/mnt/in" O_RDWR
		p=open "/dcopy/in" O_PATH
		fchmod $r 0600 => EROFS
		fchmod $w 0600 => OK
		fchmod $x 0644 => OK
		fchownat $w "" -1 -1 AT_EMPTY_PATH => OK
		fchownat $r "" -1 -1 AT_EMPTY_PATH => EROFS
		fchownat $p "" -1 -1 AT_EMPTY_PATH => EROFS
		v=dup $w
		fchmod $v 0600 => OK
		q=dup $r
		fchmod $q 0600 => EROFS
		fstatfs.m $w
		fstatfs.m $r
		linkat $w "" AT_FDCWD "/mnt/new" AT_EMPTY_PATH => OK
		linkat $r "" AT_FDCWD "/mnt/new2" AT_EMPTY_PATH => EXDEV
	`},
	{Name: "found/directories shown twice, opened without O_DIRECTORY", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m/sub /dcopy\nbind @n /mnt/point", Script: `
		a=openat2 AT_FDCWD "/mnt/sub" O_RDONLY 0 0
		b=openat2 AT_FDCWD "/dcopy" O_RDONLY 0 0
		newfstatat $a ".."
		newfstatat $b ".."
		newfstatat $b "../f"
		c=dup $b
		newfstatat $c "../f" => OK
		close $b
		newfstatat $c "../mnt/in" => OK
		fchdir $a
		getcwd => OK "/mnt/sub" 9
		fchdir $c
		getcwd => OK "/dcopy" 7
		fchdir -1 => EBADF
		getcwd => OK "/dcopy" 7
		stat "../f" => OK
		chdir "/missing" => ENOENT
		getcwd => OK "/dcopy" 7
	`},
	{Name: "found/a failed fchdir does not move the current directory to a read-only place", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy ro", Script: `
		chdir "/mnt"
		fchdir -1 => EBADF
		fchmodat AT_FDCWD "." 0755 => OK
		chdir "/dcopy"
		fchdir 99 => EBADF
		fchmodat AT_FDCWD "." 0755 => EROFS
		open "new" O_CREAT|O_WRONLY 0644 => EROFS
	`},
	{Name: "found/RESOLVE_NO_XDEV and absolute symlinks", Tree: std, Script: `
		d=open "/" O_PATH
		openat2 $d "lad" O_PATH 0 RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "lad/f" O_PATH 0 RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "d/../lad/f" O_PATH 0 RESOLVE_NO_XDEV => OK
		openat2 AT_FDCWD "/lad/f" O_PATH 0 RESOLVE_NO_XDEV => OK
		openat2 $d "laf" O_PATH 0 RESOLVE_NO_XDEV|RESOLVE_IN_ROOT => OK
	`},
	{Name: "found/long names before EROFS", Tree: std, RootFlags: "ro", Script: `
		mkdir "n"*256 0755 => ENAMETOOLONG
		mknod "n"*256 S_IFREG|0644 => ENAMETOOLONG
		symlink "x" "/d/"+"n"*256 => ENAMETOOLONG
		link "f" "n"*256 => ENAMETOOLONG
		open "n"*256 O_CREAT|O_WRONLY 0644 => ENAMETOOLONG
		unlink "n"*256 => EROFS
		rename "n"*256 "x" => EROFS
		mkdir "n"*255 0755 => EROFS
	`},
	{Name: "found/long names beside mount points", Tree: boundTree, Mounts: "bind @m /mnt", Script: `
		rename "n"*256 "/mnt" => ENAMETOOLONG
		rename "/mnt" "n"*256 => ENAMETOOLONG
		renameat2 AT_FDCWD "/mnt" AT_FDCWD "n"*256 RENAME_EXCHANGE => ENAMETOOLONG
	`},
	{Name: "found/links of directories", Tree: boundTree + "d /ours\n", Mounts: "proc /proc\nbind @m /mnt", Script: `
		link "/d" "/x" => EPERM
		link "/" "/x" => EPERM
		linkat AT_FDCWD "/proc/self/cwd" AT_FDCWD "/x" AT_SYMLINK_FOLLOW => EPERM
		link "/mnt" "/mnt/x" => EPERM
		link "/mnt" "/x" => EXDEV
		link "/d" "/now/x" => EACCES
		d=open "/d" O_PATH
		linkat $d "" AT_FDCWD "/x" AT_EMPTY_PATH => EPERM
	`},
	{Name: "found/'..' of removed directories", Tree: std + "d /r/a/b/c\nf /r/f\n", Script: `
		chdir "/r/a/b/c"
		d=open "." O_PATH
		rmdir "/r/a/b/c"
		stat ".."
		newfstatat $d "../../../f" => OK
		rmdir "/r/a/b"
		open "../x" O_RDONLY => ENOENT
		stat "../.." => OK
		stat "../../../f" => OK
		mkdir "/r/a/b" 0755
		mkdir "/r/a/b/c" 0755
		open "/r/a/b/x" O_CREAT|O_WRONLY 0644
		open "../x" O_RDONLY => ENOENT
		newfstatat $d "../x" => ENOENT
		stat "../../b/x" => OK
		rmdir ".." => ENOTEMPTY
		mkdir ".." 0755 => EEXIST
		mkdir "../new" 0755 => ENOENT
		open "..//" O_RDONLY|O_DIRECTORY
		chdir ".."
		getcwd => ENOENT
		chdir ".."
		getcwd => OK "/r/a" 5
	`},
	{Name: "found/magic links of descriptors", Tree: boundTree, Mounts: "proc /proc\nbind @m /mnt ro", Script: `
		f=open "/ld" O_PATH|O_NOFOLLOW
		open "/proc/self/fd/"+$f+"/f" O_RDONLY => ENOTDIR
		stat "/proc/self/fd/"+$f => OK
		access "/proc/self/fd" W_OK => OK
		access "/proc/self/fd" R_OK|X_OK => OK
		statfs.m "/proc/self/cwd"
		chdir "/mnt"
		statfs.m "/proc/self/cwd"
		statfs.m "/proc/thread-self/cwd"
	`},
	{Name: "found/utimensat of an O_PATH descriptor", Tree: boundTree, Mounts: "bind @m /mnt ro", Script: `
		p=open "/mnt/in" O_PATH
		utimensat $p NULL NULL => EBADF
		utimensat $p "" 1,2 AT_EMPTY_PATH => EROFS
		r=open "/mnt/in" O_RDONLY
		utimensat $r NULL 1,2 => EROFS
		q=open "/f" O_PATH
		utimensat $q NULL 1,2 => EBADF
		utimensat $q "" 1,2 AT_EMPTY_PATH
	`},
	{Name: "found/what fails in an overlay copies nothing", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@a:@b,upper=@up", Script: `
		i=open "/m/af" O_RDONLY
		inotify_add_watch -1 "/m/d" IN_CREATE => EBADF
		inotify_add_watch $i "/m/d" IN_CREATE => EINVAL
		setxattr "/m/d/ad" "security.x" "v" => EPERM
		setxattr "/m/d/ad" "trusted.x" "v" => EPERM
		chown "/m/d/ad" 0 -1 => EPERM
		chown "/m/d/ad" -1 0 => EPERM
		p=open "/m/d/ad" O_PATH
		q=dup $p
		fchown $q -1 -1 => EBADF
		fchmod $q 0600 => EBADF
		utimensat $q NULL 1,2 => EBADF
		name_to_handle_at AT_FDCWD "/m/d" 0
		open "/m/link" O_RDWR|O_NOFOLLOW|O_DIRECTORY => ENOTDIR
		openat2 AT_FDCWD "/m/link" O_WRONLY|O_NOFOLLOW|O_DIRECTORY 0 0 => ENOTDIR
	`},
	{Name: "found/exchange moves two directories", Tree: boundTree + "d /own/x\nroot:d /own2/theirs\n", Mounts: "bind @m /d/sub/empty", Script: `
		renameat2 AT_FDCWD "/d" AT_FDCWD "/own2/theirs" RENAME_EXCHANGE => EACCES
	`},
	{Name: "found/RESOLVE_NO_XDEV before O_EXCL", Tree: boundTree, Mounts: "bind @m /mnt ro", Script: `
		openat2 AT_FDCWD "/mnt" O_RDONLY|O_CREAT|O_EXCL 0644 RESOLVE_IN_ROOT|RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "/mnt" O_RDONLY|O_CREAT|O_EXCL 0644 RESOLVE_IN_ROOT => EEXIST
		openat2 AT_FDCWD "/mnt/" O_RDONLY|O_CREAT|O_EXCL 0644 RESOLVE_IN_ROOT|RESOLVE_NO_XDEV
		openat2 AT_FDCWD "/" O_RDONLY|O_CREAT|O_EXCL 0644 RESOLVE_IN_ROOT|RESOLVE_NO_XDEV
		openat2 AT_FDCWD "mnt" O_PATH 0 RESOLVE_NO_XDEV => EXDEV
	`},
	{Name: "found/two failed changes of directory", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /d", Script: `
		chdir "/d" => OK
		chdir "/mnt/in" => ENOTDIR
		fchdir -1 => EBADF
		getcwd => OK "/d" 3
		chdir "/mnt/in" => ENOTDIR
		chdir "/mnt/in" => ENOTDIR
		getcwd => OK "/d" 3
		chdir "/mnt" => OK
		chdir "/d/in" => ENOTDIR
		fchdir 99 => EBADF
		getcwd => OK "/mnt" 5
	`},
	{Name: "found/magic links of files shown twice", Tree: boundTree + "d /proc\n", Mounts: "bind @m/in /g\nbind @m /mnt ro\nproc /proc", Script: `
		p=open "/mnt/in" O_PATH
		w=open "/g" O_PATH
		truncate "/proc/self/fd/"+$p 2 => EROFS
		chmod "/proc/self/fd/"+$p 0600 => EROFS
		open "/proc/self/fd/"+$p O_RDWR => EROFS
		access "/proc/self/fd/"+$p W_OK => EROFS
		setxattr "/proc/self/fd/"+$p "user.x" "v" => EROFS
		truncate "/proc/self/fd/"+$w 2 => OK
		access "/proc/self/fd/"+$w W_OK => OK
		q=dup $p
		truncate "/proc/self/fd/"+$q 2 => EROFS
		statfs.m "/proc/self/fd/"+$p
		statfs.m "/proc/self/fd/"+$w
	`},
	{Name: "found/listing an O_PATH descriptor in an overlay", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@a:@b,upper=@up", Script: `
		f=open "/m/af" O_PATH
		getdents64 $f => EBADF
		d=open "/m/d" O_PATH
		getdents64 $d => EBADF
		getdents64 $d 10 => EBADF
		r=open "/m/af" O_RDONLY
		getdents64 $r => ENOTDIR
	`},
	{Name: "found/a device in an overlay copies nothing up", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@a:@b,upper=@up", Script: `
		mknod "/m/d/new" S_IFCHR|0644 0x107 => EPERM
		mknodat AT_FDCWD "/m/d/new" S_IFBLK|0644 0x801 => EPERM
		mknod "/m/d/new" S_IFCHR|0644 0 => EPERM
		mknod "/m/d/ad" S_IFCHR|0644 0x107 => EEXIST
		mknod "/m/d/new/" S_IFCHR|0644 0x107 => ENOENT
		mknod "/m/missing/new" S_IFCHR|0644 0x107 => ENOENT
		mknod "/m/d" S_IFDIR|0644
	`},
	{Name: "found/removing unreadable directories of an overlay", NoInodes: true, Tree: layered, Mounts: "overlay /m lower=@a:@b,upper=@up", Script: `
		chmod "/m/d" 0300
		rmdir "/m/d" => ENOTEMPTY
		chmod "/m/d" 0000
		rmdir "/m/d" => ENOTEMPTY
		lstat "/m/d"
		mkdir "/m/e" 0755
		rename "/m/e" "/m/d" => ENOTEMPTY
		mkdir "/m/g" 0000
		rename "/m/e" "/m/g" => OK
		lstat "/m/g"
		chmod "/m/g" 0000
		rmdir "/m/g" => OK
		chmod "/m/d" 0700
		unlink "/m/d/ad"
		unlink "/m/d/bd"
		f=open "/m/d" O_RDONLY|O_DIRECTORY
		getdents64 $f
		chmod "/m/empty" 0500
		rmdir "/m/empty" => OK
		lstat "/m/empty" => ENOENT
		unlink "/m/d/sub/as"
		unlink "/m/d/sub/bs"
		unlink "/m/d/sub/deep/x"
		rmdir "/m/d/sub/deep" => OK
		chmod "/m/d/sub" 0100
		rmdir "/m/d/sub" => OK
		lstat "/m/d/sub" => ENOENT
		chmod "/m/opaque" 0500
		unlink "/m/opaque/new" => EACCES
		rmdir "/m/opaque" => ENOTEMPTY
	`},
	{Name: "found/renames from and to a directory that is gone", NoInodes: true, Tree: layered + "d /t\n", Mounts: "overlay /m lower=@a:@b,upper=@up\ntmpfs /t", Script: `
		mkdir "/m/new" 0755
		chdir "/m/new"
		rmdir "/m/new"
		rename "x" "/t/x" => EXDEV
		rename "/t" "x" => EXDEV
		rename "x" "y" => ENOENT
		rename "/m/d" "x" => ENOENT
		rename "x/y" "/t/x" => ENOENT
		renameat2 AT_FDCWD "x" AT_FDCWD "/m/d" RENAME_EXCHANGE => ENOENT
		renameat2 AT_FDCWD "x" AT_FDCWD "/m/d" RENAME_NOREPLACE => ENOENT
		rename "." "/t/x"
		mkdir "/m/new" 0755
		open "/m/new/x" O_CREAT|O_WRONLY 0644
		rename "x" "/m/y" => ENOENT
		link "/m/new/x" "y" => ENOENT
		mkdir "y" 0755 => ENOENT
		unlink "x" => ENOENT
	`},
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
}
