package difftest

var openCases = []Case{
	{Name: "openat2 without restrictions", Tree: boundTree, Mounts: bound, Script: `
		openat2 AT_FDCWD "/f" O_RDONLY
		openat2 AT_FDCWD "f" O_RDONLY|O_CLOEXEC
		openat2 AT_FDCWD "/mnt/in" O_RDWR
		openat2 AT_FDCWD "/lad/f" O_RDONLY
		openat2 AT_FDCWD "/mnt/../f" O_RDONLY
		openat2 AT_FDCWD "/missing" O_RDONLY => ENOENT
		openat2 AT_FDCWD "" O_RDONLY => ENOENT
		openat2 AT_FDCWD NULL O_RDONLY => EFAULT
		openat2 AT_FDCWD "/new" O_CREAT|O_RDWR 0640
		openat2 AT_FDCWD "/new" O_CREAT|O_EXCL|O_RDWR 0640 => EEXIST
		openat2 AT_FDCWD "/f" O_RDONLY 0644 => EINVAL
		openat2 AT_FDCWD "/f" 0x8000000000000 => EINVAL
		openat2 AT_FDCWD "/f" O_RDONLY 0 0x1000 => EINVAL
		openat2 -1 "f" O_RDONLY => EBADF
		openat2 AT_FDCWD "/d" O_PATH|O_DIRECTORY
		openat2 AT_FDCWD "/lf" O_PATH|O_NOFOLLOW
		openat2 AT_FDCWD "/lf" O_RDONLY|O_NOFOLLOW => ELOOP
	`},
	{Name: "RESOLVE_BENEATH", Tree: boundTree, Mounts: "bind @m /mnt", Script: `
		d=open "/d" O_RDONLY|O_DIRECTORY
		m=open "/mnt" O_RDONLY|O_DIRECTORY
		openat2 $d "f" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d "sub/g" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d "sub/../f" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d "." O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d ".." O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "../f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "../d/f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "sub/../../f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "/d/f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 AT_FDCWD "/d/f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 AT_FDCWD "d/f" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d "back/f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "toroot/f" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "sub/ff" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "sub/abs" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $d "missing" O_RDONLY 0 RESOLVE_BENEATH => ENOENT
		openat2 $d "missing/../../f" O_RDONLY 0 RESOLVE_BENEATH => ENOENT
		openat2 $d "new" O_CREAT|O_RDWR 0600 RESOLVE_BENEATH => OK
		openat2 $d "../new" O_CREAT|O_RDWR 0600 RESOLVE_BENEATH => EXDEV
		openat2 $m "rel" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $m "abs" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $m "updown" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 $m ".." O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		openat2 AT_FDCWD "mnt/in" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 AT_FDCWD "mnt/../f" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 AT_FDCWD "mnt/updown" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 AT_FDCWD ".." O_RDONLY 0 RESOLVE_BENEATH
		openat2 AT_FDCWD "../f" O_RDONLY 0 RESOLVE_BENEATH
		openat2 AT_FDCWD "above" O_PATH 0 RESOLVE_BENEATH
	`},
	{Name: "RESOLVE_IN_ROOT", Tree: boundTree, Mounts: "bind @m /mnt", Script: `
		d=open "/d" O_RDONLY|O_DIRECTORY
		m=open "/mnt" O_PATH
		r=open "/" O_PATH
		openat2 $d "f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "/f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "../f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "../../../f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "/../d" O_RDONLY 0 RESOLVE_IN_ROOT => ENOENT
		openat2 $d ".." O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "/" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "toroot/f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "back/f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "sub/abs" O_RDONLY 0 RESOLVE_IN_ROOT => ENOENT
		openat2 $d "sub/ff" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "/sub/../../sub/g" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $m "abs" O_RDONLY 0 RESOLVE_IN_ROOT => ENOENT
		openat2 $m "updown" O_RDONLY 0 RESOLVE_IN_ROOT => ENOENT
		openat2 $m "rel" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $m "/in" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $r "/mnt/in" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $r "mnt/updown" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $r "mnt/abs" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 AT_FDCWD "/f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 $d "f" O_RDONLY 0 RESOLVE_IN_ROOT|RESOLVE_BENEATH => EINVAL
		openat2 $d "/new" O_CREAT|O_RDWR 0600 RESOLVE_IN_ROOT
		stat "/d/new"
		chdir "/d"
		openat2 AT_FDCWD "/f" O_RDONLY 0 RESOLVE_IN_ROOT
		openat2 AT_FDCWD "/../f" O_RDONLY 0 RESOLVE_IN_ROOT
	`},
	{Name: "RESOLVE_NO_SYMLINKS and NO_XDEV", Tree: boundTree, Mounts: "bind @m /mnt\nbind @file /g\nbind @n /mnt/point", Script: `
		m=open "/mnt" O_RDONLY|O_DIRECTORY
		openat2 AT_FDCWD "/f" O_RDONLY 0 RESOLVE_NO_SYMLINKS => OK
		openat2 AT_FDCWD "/lf" O_RDONLY 0 RESOLVE_NO_SYMLINKS => ELOOP
		openat2 AT_FDCWD "/ld/f" O_RDONLY 0 RESOLVE_NO_SYMLINKS => ELOOP
		openat2 AT_FDCWD "/lf" O_PATH|O_NOFOLLOW 0 RESOLVE_NO_SYMLINKS
		openat2 AT_FDCWD "/dang" O_RDONLY 0 RESOLVE_NO_SYMLINKS => ELOOP
		openat2 AT_FDCWD "/dang" O_RDWR|O_CREAT 0600 RESOLVE_NO_SYMLINKS => ELOOP
		openat2 AT_FDCWD "/mnt/in" O_RDONLY 0 RESOLVE_NO_SYMLINKS => OK
		openat2 AT_FDCWD "/mnt/../f" O_RDONLY 0 RESOLVE_NO_SYMLINKS => OK
		openat2 AT_FDCWD "/f" O_RDONLY 0 RESOLVE_NO_XDEV => OK
		openat2 AT_FDCWD "/lf" O_RDONLY 0 RESOLVE_NO_XDEV => OK
		openat2 AT_FDCWD "/mnt" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "/mnt/in" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "mnt/../f" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "/g" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 AT_FDCWD "/tomnt" O_PATH|O_NOFOLLOW 0 RESOLVE_NO_XDEV => OK
		openat2 AT_FDCWD "/tomntin" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 $m "in" O_RDONLY 0 RESOLVE_NO_XDEV => OK
		openat2 $m "sub/deep" O_RDONLY 0 RESOLVE_NO_XDEV => OK
		openat2 $m ".." O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 $m "updown" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 $m "abs" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 $m "/f" O_RDONLY 0 RESOLVE_NO_XDEV => OK
		openat2 $m "point/other" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
		openat2 $m "sub/.." O_RDONLY 0 RESOLVE_NO_XDEV => OK
		~EAGAIN openat2 AT_FDCWD "/f" O_RDONLY 0 RESOLVE_CACHED
		~EAGAIN openat2 AT_FDCWD "/missing" O_RDONLY 0 RESOLVE_CACHED
	`},
	{Name: "open flags", Tree: std, Script: `
		open "/f" O_RDWR|O_APPEND|O_NONBLOCK
		open "/f" O_RDONLY|O_CLOEXEC
		open "/f" O_PATH
		open "/f" O_PATH|O_CLOEXEC|O_RDWR
		open "/d" O_PATH|O_DIRECTORY
		open "/f" O_PATH|O_DIRECTORY => ENOTDIR
		open "/fifo" O_RDONLY|O_NONBLOCK
		open "/fifo" O_RDWR
		open "/fifo" O_WRONLY|O_NONBLOCK
		open "/new" O_CREAT|O_EXCL|O_RDWR 0400
		open "/new" O_RDWR => EACCES
		open "/f" O_WRONLY|O_TRUNC
		stat "/f"
		creat "/g" 0644
		stat "/g"
		creat "/c" 0421
		stat "/c"
		open "/noread" O_PATH => OK
		open "/nox" O_PATH => OK
		open "/nox" O_RDONLY
		open "/new2" O_CREAT|O_RDONLY 07777
		stat "/new2"
		open "/xonly" O_RDONLY => EACCES
		open "/d/f" O_RDONLY|O_CREAT
		open "/noread" O_WRONLY|O_CREAT 0644 => EACCES
	`},
	{Name: "inotify and fanotify", Tree: boundTree, Mounts: bound, Script: `
		i=inotify_init1 0
		inotify_add_watch $i "/d" IN_ALL_EVENTS => OK
		inotify_add_watch $i "/mnt/in" IN_MODIFY => OK
		inotify_add_watch $i "/ld" IN_ALL_EVENTS => OK
		inotify_add_watch $i "/ld" IN_MASK_CREATE|IN_MODIFY => EEXIST
		inotify_add_watch $i "/tomnt" IN_ALL_EVENTS|IN_ONLYDIR => OK
		inotify_add_watch $i "/missing" IN_ALL_EVENTS => ENOENT
		inotify_add_watch $i "/f" IN_ALL_EVENTS|IN_ONLYDIR => ENOTDIR
		inotify_add_watch $i "/noread" IN_ALL_EVENTS => EACCES
		inotify_add_watch $i NULL IN_ALL_EVENTS => EFAULT
		inotify_add_watch $i "" IN_ALL_EVENTS => ENOENT
		inotify_add_watch 0 "/f" IN_ALL_EVENTS => EINVAL
		inotify_add_watch -1 "/f" IN_ALL_EVENTS => EBADF
		~ENOSYS a=fanotify_init FAN_CLASS_NOTIF|FAN_REPORT_FID O_RDONLY
		fanotify_mark -1 FAN_MARK_ADD FAN_OPEN AT_FDCWD "/f" => EBADF
		fanotify_mark 0 FAN_MARK_ADD FAN_OPEN AT_FDCWD "/missing"
	`},
	{Name: "file handles", Tree: std, Script: `
		~ENOTSUP name_to_handle_at AT_FDCWD "/f"
		~ENOTSUP name_to_handle_at AT_FDCWD "/lf"
		~ENOTSUP name_to_handle_at AT_FDCWD "/lf" AT_SYMLINK_FOLLOW
		~ENOTSUP name_to_handle_at AT_FDCWD "/missing" => ENOENT
		~ENOTSUP name_to_handle_at AT_FDCWD "/dang" AT_SYMLINK_FOLLOW => ENOENT
		~EPERM open_by_handle_at AT_FDCWD
	`},
}
