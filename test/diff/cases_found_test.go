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
}
