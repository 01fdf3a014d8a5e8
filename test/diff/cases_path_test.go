package difftest

var pathCases = []Case{
	{Name: "empty and null paths", Tree: std, Script: `
		stat "" => ENOENT
		lstat "" => ENOENT
		open "" O_RDONLY => ENOENT
		openat -1 "" O_RDONLY => ENOENT
		openat AT_FDCWD "" O_RDONLY|O_CREAT 0644 => ENOENT
		access "" F_OK => ENOENT
		chdir "" => ENOENT
		chdir NULL => EFAULT
		chdir BAD => EFAULT
		stat NULL => EFAULT
		stat BAD => EFAULT
		open NULL O_RDONLY => EFAULT
		mkdir "" 0755 => ENOENT
		rmdir "" => ENOENT
		unlink "" => ENOENT
		rename "" "x" => ENOENT
		rename "f" "" => ENOENT
		symlink "" "x" => ENOENT
		symlink "x" "" => ENOENT
		link "" "x" => ENOENT
		link "f" "" => ENOENT
		readlink "" => ENOENT
		truncate "" 0 => ENOENT
		chmod "" 0644 => ENOENT
		chown "" -1 -1 => ENOENT
		statfs "" => ENOENT
		utimes "" NULL => ENOENT
		getxattr "" "user.x" => ENOENT
		execve "" => ENOENT
		execve NULL => EFAULT
		mknod "" S_IFREG|0644 => ENOENT
		rename NULL "x" => EFAULT
		rename "f" NULL => EFAULT
		link "f" BAD => EFAULT
		symlink NULL "x" => EFAULT
		symlink "x" NULL => EFAULT
	`},
	{Name: "AT_EMPTY_PATH with an empty string", Tree: std, Script: `
		f=open "/d/f" O_RDONLY
		d=open "/d" O_PATH
		l=open "/lf" O_PATH|O_NOFOLLOW
		newfstatat $f "" AT_EMPTY_PATH => OK
		newfstatat $f ""
		newfstatat $d "" AT_EMPTY_PATH
		newfstatat $l "" AT_EMPTY_PATH
		newfstatat AT_FDCWD "" AT_EMPTY_PATH
		statx $f "" AT_EMPTY_PATH STATX_BASIC_STATS
		statx AT_FDCWD "" AT_EMPTY_PATH STATX_BASIC_STATS
		faccessat2 $f "" R_OK AT_EMPTY_PATH
		faccessat2 $f "" X_OK AT_EMPTY_PATH => EACCES
		fchownat $f "" -1 -1 AT_EMPTY_PATH
		fchmodat2 $f "" 0600 AT_EMPTY_PATH
		fstat $f
		fchmodat2 $d "" 0700 AT_EMPTY_PATH
		stat "/d"
		utimensat $f "" 5,6 AT_EMPTY_PATH
		stat.m "/d/f"
		readlinkat $l "" => OK
		readlinkat $d "" => ENOENT
		readlinkat $f "" => ENOENT
		linkat $f "" AT_FDCWD "/newlink" AT_EMPTY_PATH
		newfstatat -1 "" AT_EMPTY_PATH => EBADF
		newfstatat -1 "" => ENOENT
	`},
	{Name: "AT_EMPTY_PATH with NULL", Tree: std, Script: `
		f=open "/d/f" O_RDONLY
		newfstatat $f NULL AT_EMPTY_PATH
		statx $f NULL AT_EMPTY_PATH STATX_BASIC_STATS
		newfstatat $f NULL => EFAULT
		faccessat2 $f NULL R_OK AT_EMPTY_PATH => EFAULT
		fchownat $f NULL -1 -1 AT_EMPTY_PATH => EFAULT
		utimensat $f NULL 7,8
		stat.m "/d/f"
		utimensat $f NULL 9,9 AT_EMPTY_PATH
		futimesat $f NULL 3,4
		stat.m "/d/f"
		utimensat AT_FDCWD NULL 7,8 => EFAULT
		openat $f NULL O_RDONLY => EFAULT
		readlinkat $f NULL => EFAULT
	`},
	{Name: "dirfd", Tree: std, Script: `
		f=open "/d/f" O_RDONLY
		d=open "/d" O_RDONLY|O_DIRECTORY
		p=open "/d" O_PATH
		l=open "/ld" O_PATH|O_NOFOLLOW
		openat -1 "/f" O_RDONLY => OK
		openat 999 "/f" O_RDONLY => OK
		openat -1 "f" O_RDONLY => EBADF
		openat 999 "f" O_RDONLY => EBADF
		openat $f "f" O_RDONLY => ENOTDIR
		openat $f "." O_RDONLY => ENOTDIR
		openat $f "/f" O_RDONLY => OK
		openat $l "f" O_RDONLY => ENOTDIR
		openat $d "f" O_RDONLY
		openat $p "f" O_RDONLY
		openat $p "../f" O_RDONLY
		openat $p "../../../../f" O_RDONLY
		openat $p "sub/../f" O_RDONLY
		openat $p "back/f" O_RDONLY
		openat $p "toroot/f" O_RDONLY
		openat $p "." O_RDONLY
		openat $p ".." O_RDONLY
		newfstatat $d "sub/ff"
		newfstatat $d "sub/ff" AT_SYMLINK_NOFOLLOW
		mkdirat $d "new" 0755
		mkdirat -1 "new" 0755 => EBADF
		mkdirat $f "new" 0755 => ENOTDIR
		unlinkat $p "new" AT_REMOVEDIR
		readlinkat $d "back"
		symlinkat "t" $d "s"
		linkat $d "f" $p "hard"
		renameat $d "hard" AT_FDCWD "moved"
		renameat2 AT_FDCWD "moved" $d "hard2" RENAME_NOREPLACE
		faccessat $d "hard2" R_OK
		faccessat2 $d "hard2" W_OK AT_EACCESS
		fchmodat $d "hard2" 0611
		fchownat $d "hard2" -1 -1
		utimensat $d "hard2" 1,2
		mknodat $d "fifo" S_IFIFO|0644
		statx $d "hard2" 0 STATX_BASIC_STATS
		fchdir $p
		stat "f"
		fchdir $f => ENOTDIR
		fchdir -1 => EBADF
		getcwd
	`},
	{Name: "PATH_MAX", Tree: std, Script: `
		stat "/"*4095 => OK
		stat "/"*4096 => ENAMETOOLONG
		stat "/"*4094+"f" => OK
		stat "/"*4095+"f" => ENAMETOOLONG
		open "/"*4095 O_RDONLY => OK
		open "./"*2047+"f" O_RDONLY => OK
		open "./"*2048+"f" O_RDONLY => ENAMETOOLONG
		lstat "d/../"*800+"f" => OK
		chdir "/"*4095 => OK
		chdir "/"*4096 => ENAMETOOLONG
		mkdir "/"*4094+"f" 0755 => EEXIST
		mkdir "/"*4092+"new" 0755 => OK
		rmdir "/"*4092+"new" => OK
		rename "/"*4094+"f" "/"*4094+"h" => OK
		rename "/h" "/"*4096 => ENAMETOOLONG
		symlink "x"*4095 "/sl" => OK
		symlink "x"*4096 "/sl2" => ENAMETOOLONG
		symlink "/"*4090+"d/f" "/long" => OK
		readlink "/long" 5000
		open "/long" O_RDONLY => OK
		open "/"*4000+"long" O_RDONLY => OK
		stat "/sl" => ENAMETOOLONG
		execve "/"*4096 "x" => ENAMETOOLONG
		execve "/"*4090+"guest" "guest" "exit" "3"
	`},
	{Name: "NAME_MAX", Tree: std, Script: `
		mkdir "a"*255 0755 => OK
		mkdir "a"*256 0755 => ENAMETOOLONG
		stat "a"*255 => OK
		stat "b"*255 => ENOENT
		stat "a"*256 => ENAMETOOLONG
		stat "missing/"+"a"*256 => ENOENT
		stat "f/"+"a"*256 => ENOTDIR
		stat "f/"+"a"*255 => ENOTDIR
		stat "d/"+"a"*256 => ENAMETOOLONG
		stat "d/"+"a"*256+"/x" => ENAMETOOLONG
		stat "nox/"+"a"*256 => EACCES
		open "a"*255+"/x" O_CREAT|O_WRONLY 0644
		rename "a"*255 "c"*255
		rename "c"*255 "c"*256 => ENAMETOOLONG
		unlink "c"*256 => ENAMETOOLONG
		symlink "x" "s"*255
		readlink "s"*255
		chdir "c"*255
		getcwd
		open "../"+"c"*255+"/x" O_RDONLY
		stat "/d/../"+"c"*255+"/x"
		chdir "/dang/"+"a"*256 => ENOENT
	`},
	// A directory whose host path the kernel cannot spell any more has no known
	// place in the view: a symlink that needs one is EXDEV.
	{Name: "deep tree beyond PATH_MAX", Tree: std, Script: `
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
		open.q "here" O_CREAT|O_WRONLY 0644
		stat.t "here" => OK
		mkdir "n"*250 0755
		chdir "n"*250
		open.q "here" O_CREAT|O_WRONLY 0644 => OK
		stat.t "here" => OK
		~EXDEV stat.t "../here" => OK
		stat.t "."
		stat.t ".." => OK
		stat.t "./../"
		~EXDEV stat.t "../.." => OK
		~EXDEV open.q "../here" O_RDWR => OK
		~EXDEV open.q "../new" O_RDWR|O_CREAT 0644 => OK
		~EXDEV rename "../here" "../newer" => OK
		open ".." O_RDWR => EISDIR
		open ".." O_RDWR|O_CREAT 0644 => EISDIR
		open ".." O_RDWR|O_CREAT|O_EXCL 0644 => EEXIST
		d=open.q ".." O_RDONLY|O_DIRECTORY => OK
		rename "here" "herenow" => OK
		rename "herenow" "here" => OK
		mkdir ".." 0755 => EEXIST
		rmdir ".." => ENOTEMPTY
		rmdir "../" => ENOTEMPTY
		rename ".." "x" => EBUSY
		chmod ".." 0700 => OK
		chmod "../" 0755 => OK
		stat.t "../../../../../../../../../../../../../../../../../d" => OK
		stat.t "../../../../../../../../../../../../../../../../../../../../../../../../../../../../../../f" => OK
		stat.t "../../../../../../../../../../../../../../../../../../../../d/../f" => OK
		getcwd 8192
		symlink "../here" "l"
		~EXDEV stat.t "l"
		rename "here" "there"
		stat.t "there"
		@t chdir "."
		stat.t "." => OK
		mkdir "m" 0755 => OK
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		chdir ".."
		stat.t "."
		getcwd
		chdir "/"
		getcwd
	`, Unstable: true},
	{Name: "order of errors in a walk", Tree: std, Script: `
		stat "f/." => ENOTDIR
		stat "f/.." => ENOTDIR
		stat "f/" => ENOTDIR
		stat "f/x" => ENOTDIR
		stat "f//" => ENOTDIR
		stat "missing/." => ENOENT
		stat "missing/.." => ENOENT
		stat "missing/../f" => ENOENT
		stat "missing/" => ENOENT
		stat "f/../g" => ENOTDIR
		stat "nox/f" => EACCES
		stat "nox/missing" => EACCES
		stat "nox/." => EACCES
		stat "nox/.." => EACCES
		stat "nox/../f" => EACCES
		stat "nox" => OK
		stat "nox/" => OK
		lstat "nox/f" => EACCES
		stat "nor/f" => OK
		open "nor" O_RDONLY => EACCES
		open "nor/f" O_RDONLY => OK
		open "noread" O_RDONLY => EACCES
		stat "noread" => OK
		open "rootd/private/x" O_RDONLY => EACCES
		open "rootd/private/x" O_RDONLY|O_CREAT 0644 => EACCES
		open "rootd/new" O_RDONLY|O_CREAT 0644 => EACCES
		open "rootd/f" O_WRONLY => EACCES
		stat "rootd/private/../f" => EACCES
		mkdir "rootd/f" 0755 => EEXIST
		mkdir "rootd/new" 0755 => EACCES
		unlink "rootd/f" => EACCES
		unlink "rootd/missing" => ENOENT
		rmdir "rootd/private" => EACCES
		mkdir "now/x" 0755 => EACCES
		unlink "now/f" => EACCES
		chdir "nox" => EACCES
		chdir "rootd/private" => EACCES
		chdir "f" => ENOTDIR
		chdir "missing" => ENOENT
		rename "now/f" "x" => EACCES
		rename "f" "now/x" => EACCES
		link "f" "now/x" => EACCES
		symlink "f" "now/x" => EACCES
	`},
	{Name: "dots and slashes", Tree: std, Script: `
		stat "."
		stat ".."
		stat "../.."
		stat "/.."
		stat "/../../.."
		stat "/./."
		stat "//"
		stat "///f"
		stat "//f"
		stat "/../f"
		stat "/d/../f"
		stat "/d/./sub/../f"
		stat "d//sub///g"
		stat "./d/./sub/./g"
		stat "d/sub/.."
		stat "d/sub/../.."
		stat "d/sub/../../.."
		stat "d/sub/../../../../f"
		stat "d/sub/empty/../../f"
		stat "d/..//./f"
		stat "ld/../f"
		stat "lad/../f"
		stat "d/toroot/f"
		stat "d/back/d/back/f"
		stat "ldotdot/f"
		stat "ldot/f"
		stat "..."
		stat "d/..."
		stat ".hidden"
		stat "/." => OK
		chdir "d/sub"
		stat ".."
		stat "../.."
		stat "../../.."
		stat "../f"
		stat "../../f"
		stat "../../../../../f"
		stat "./../sub/g"
		chdir ".."
		getcwd => OK "/d" 3
		chdir "..//.."
		getcwd => OK "/" 2
	`},
	{Name: "efault at the end of a mapping", Tree: std, Script: `
		stat END("/f") => OK
		stat EDGE("/f") => EFAULT
		open END("d/f") O_RDONLY => OK
		open EDGE("d/f") O_RDONLY => EFAULT
		stat END("/"*4095) => OK
		stat EDGE("/"*4095) => EFAULT
		stat END("/"*4096) => ENAMETOOLONG
		stat EDGE("/"*4096) => ENAMETOOLONG
		stat EDGE("/"*5000) => ENAMETOOLONG
		mkdir EDGE("/new") 0755 => EFAULT
		stat "/new" => ENOENT
		mkdir END("/new") 0755 => OK
		rename END("/new") "/newer" => OK
		rename "/newer" END("/new") => OK
		rename EDGE("/new") "/newer" => EFAULT
		stat "/f" BAD => EFAULT
		stat "/missing" BAD => ENOENT
		stat BAD BAD => EFAULT
		lstat "/lf" NULL => EFAULT
		newfstatat AT_FDCWD "/f" BAD 0 => EFAULT
		statx AT_FDCWD "/f" 0 STATX_BASIC_STATS BAD => EFAULT
		statfs "/" BAD => EFAULT
		readlink "/lf" BAD 100 => EFAULT
		readlink "/f" BAD 100 => EINVAL
		getcwd BAD 100 => EFAULT
		symlink EDGE("x") "/sl" => EFAULT
		symlink END("x") "/sl" => OK
		getxattr "/f" BAD 10 => EFAULT
		execve EDGE("/guest") "x" => EFAULT
		execve END("/guest") "guest" "exit" "4"
		execve "/guest" BAD => EFAULT
	`},
	{Name: "permission of own files", Tree: std, Script: `
		access "noread" R_OK => EACCES
		access "noread" F_OK => OK
		access "xonly" X_OK => OK
		access "xonly" R_OK => EACCES
		access "rootd/f" W_OK => EACCES
		access "rootd/f" R_OK => OK
		access "rootd" W_OK => EACCES
		access "f" X_OK => EACCES
		access "d" R_OK|W_OK|X_OK => OK
		access "f" 8 => EINVAL
		access "missing" 8 => EINVAL
		faccessat2 AT_FDCWD "lf" W_OK AT_SYMLINK_NOFOLLOW => OK
		faccessat2 AT_FDCWD "dang" F_OK AT_SYMLINK_NOFOLLOW => OK
		faccessat2 AT_FDCWD "dang" F_OK => ENOENT
		faccessat2 AT_FDCWD "f" F_OK 0x40000 => EINVAL
		faccessat AT_FDCWD "dang" F_OK AT_SYMLINK_NOFOLLOW => ENOENT
		faccessat AT_FDCWD "lf" R_OK => OK
		execve "noread" "x" => EACCES
		~EACCES execve "xonly" "x" => ENOEXEC
		execve "f" "x" => EACCES
		execve "d" "x" => EACCES
		chmod "f" 0000
		open "f" O_RDONLY => EACCES
		chmod "f" 0755
		open "f" O_RDWR => OK
	`},
}
