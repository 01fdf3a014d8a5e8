package difftest

const roTree = std + `
d /mnt
d @m
f @m/f
f @m/x 0755
d @m/d
d @m/d/e
f @m/d/f
d @m/locked 0500
f @m/locked/f
f @m/unwritable 0444
l @m/lf f
l @m/ld d
l @m/dang missing
l @m/out /f
l @m/outdang /made-outside
p @m/fifo 0666
root:f @m/rootf 0644
root:d @m/rootd 0755
l /into mnt/new
l /intof mnt/f
f @file
`

// readOnlyCases are about EROFS and about what comes before it.
var readOnlyCases = []Case{
	{Name: "open on a read-only bind", Tree: roTree, Mounts: "bind @m /mnt ro", Script: `
		open "/mnt/f" O_RDONLY
		open "/mnt/f" O_WRONLY => EROFS
		open "/mnt/f" O_RDWR => EROFS
		open "/mnt/f" O_RDONLY|O_TRUNC => EROFS
		open "/mnt/f" O_RDONLY|O_CREAT 0644 => OK
		open "/mnt/f" O_RDONLY|O_CREAT|O_EXCL 0644 => EEXIST
		open "/mnt/f" O_WRONLY|O_CREAT 0644 => EROFS
		open "/mnt/f" O_PATH|O_WRONLY => OK
		open "/mnt/new" O_RDONLY|O_CREAT 0644 => EROFS
		open "/mnt/new" O_WRONLY|O_CREAT|O_EXCL 0644 => EROFS
		open "/mnt/new" O_RDONLY => ENOENT
		open "/mnt/missing/new" O_RDONLY|O_CREAT 0644 => ENOENT
		open "/mnt/f/new" O_RDONLY|O_CREAT 0644 => ENOTDIR
		open "/mnt/d" O_WRONLY => EISDIR
		open "/mnt/d" O_RDONLY|O_CREAT 0644 => EISDIR
		open "/mnt/d/" O_RDONLY|O_CREAT 0644 => EISDIR
		open "/mnt/new/" O_RDONLY|O_CREAT 0644 => EISDIR
		open "/mnt/unwritable" O_WRONLY
		open "/mnt/rootf" O_WRONLY
		open "/mnt/rootd/new" O_WRONLY|O_CREAT 0644
		open "/mnt/locked/new" O_WRONLY|O_CREAT 0644
		open "/mnt/fifo" O_RDWR|O_NONBLOCK => OK
		open "/mnt/fifo" O_RDONLY|O_NONBLOCK => OK
		open "/mnt/dang" O_RDONLY|O_CREAT 0644 => EROFS
		open "/mnt/dang" O_RDONLY|O_CREAT|O_EXCL 0644 => EEXIST
		open "/mnt/dang" O_RDONLY|O_CREAT|O_NOFOLLOW 0644 => ELOOP
		open "/mnt/out" O_WRONLY => OK
		open "/mnt/outdang" O_WRONLY|O_CREAT 0644 => OK
		stat "/made-outside"
		open "/into" O_WRONLY|O_CREAT 0644 => EROFS
		open "/intof" O_WRONLY => EROFS
		open "/intof" O_RDONLY => OK
		open "/mnt" O_TMPFILE|O_RDWR 0600 => EROFS
		creat "/mnt/new" 0644 => EROFS
		creat "/mnt/f" 0644 => EROFS
		openat2 AT_FDCWD "/mnt/f" O_WRONLY 0 0 => EROFS
		openat2 AT_FDCWD "/mnt/new" O_WRONLY|O_CREAT 0644 0 => EROFS
		d=open "/mnt" O_RDONLY|O_DIRECTORY
		openat $d "f" O_RDWR => EROFS
		openat $d "new" O_CREAT|O_WRONLY 0644 => EROFS
		openat $d "d/../f" O_RDWR => EROFS
		openat $d "../f" O_RDWR => OK
		chdir "/mnt/d"
		open "f" O_RDWR => EROFS
		open "../f" O_RDWR => EROFS
		open "new" O_CREAT|O_WRONLY 0644 => EROFS
		open "../../f" O_RDWR => OK
	`},
	{Name: "names on a read-only bind", Tree: roTree, Mounts: "bind @m /mnt ro", Script: `
		mkdir "/mnt/new" 0755 => EROFS
		mkdir "/mnt/d" 0755 => EEXIST
		mkdir "/mnt/f" 0755 => EEXIST
		mkdir "/mnt/dang" 0755 => EEXIST
		mkdir "/mnt/new/" 0755 => EROFS
		mkdir "/mnt" 0755 => EEXIST
		mkdir "/mnt/missing/x" 0755 => ENOENT
		mkdir "/mnt/f/x" 0755 => ENOTDIR
		mkdir "/mnt/locked/x" 0755
		mkdir "/mnt/d/." 0755 => EEXIST
		mkdir "/mnt/d/.." 0755 => EEXIST
		mknod "/mnt/new" S_IFIFO|0644 => EROFS
		mknod "/mnt/f" S_IFIFO|0644 => EEXIST
		mknod "/mnt/new/" S_IFIFO|0644 => ENOENT
		mknod "/mnt/new" S_IFREG|0644 => EROFS
		symlink "x" "/mnt/new" => EROFS
		symlink "x" "/mnt/f" => EEXIST
		symlink "x" "/mnt/new/" => ENOENT
		link "/mnt/f" "/mnt/new" => EROFS
		link "/mnt/f" "/mnt/d" => EEXIST
		link "/mnt/missing" "/mnt/new" => ENOENT
		link "/f" "/mnt/new"
		link "/mnt/f" "/new" => EXDEV
		link "/mnt/d" "/mnt/new"
		unlink "/mnt/f" => EROFS
		unlink "/mnt/missing" => EROFS
		unlink "/mnt/missing/x" => ENOENT
		unlink "/mnt/d" => EROFS
		unlink "/mnt/d/" => EROFS
		unlink "/mnt/f/" => EROFS
		unlink "/mnt/d/." => EISDIR
		unlink "/mnt/f/x" => ENOTDIR
		unlink "/mnt" => EISDIR
		rmdir "/mnt/d" => EROFS
		rmdir "/mnt/missing" => EROFS
		rmdir "/mnt/f" => EROFS
		rmdir "/mnt/d/." => EINVAL
		rmdir "/mnt/d/.." => ENOTEMPTY
		rmdir "/mnt" => EBUSY
		rename "/mnt/f" "/mnt/g" => EROFS
		rename "/mnt/missing" "/mnt/g" => EROFS
		rename "/mnt/f" "/f" => EXDEV
		rename "/f" "/mnt/f" => EXDEV
		rename "/mnt/." "/mnt/x" => EBUSY
		rename "/mnt/d/.." "/mnt/x" => EBUSY
		rename "/mnt/f" "/mnt/d/." => EBUSY
		rename "/mnt/missing/x" "/mnt/y" => ENOENT
		rename "/mnt/f" "/mnt/f" => EROFS
		renameat2 AT_FDCWD "/mnt/f" AT_FDCWD "/mnt/x" RENAME_NOREPLACE => EROFS
		renameat2 AT_FDCWD "/mnt/f" AT_FDCWD "/mnt/x" RENAME_EXCHANGE => EROFS
		d=open "/mnt" O_RDONLY|O_DIRECTORY
		mkdirat $d "new" 0755 => EROFS
		unlinkat $d "f" => EROFS
		unlinkat $d "d" AT_REMOVEDIR => EROFS
		renameat $d "f" $d "g" => EROFS
		linkat $d "f" $d "g" 0 => EROFS
		symlinkat "x" $d "g" => EROFS
		mknodat $d "g" S_IFIFO|0644 => EROFS
		mkdirat $d "../new-outside" 0755 => OK
		chdir "/mnt/d"
		mkdir "new" 0755 => EROFS
		unlink "f" => EROFS
		rmdir "e" => EROFS
		mkdir "../../new2" 0755 => OK
	`},
	{Name: "attributes on a read-only bind", Tree: roTree, Mounts: "bind @m /mnt ro", Script: `
		chmod "/mnt/f" 0600 => EROFS
		chmod "/mnt/missing" 0600 => ENOENT
		chmod "/mnt/f/" 0600 => ENOTDIR
		chmod "/mnt/rootf" 0600 => EROFS
		chmod "/mnt/out" 0600 => OK
		chmod "/mnt" 0755 => EROFS
		fchmodat AT_FDCWD "/mnt/f" 0600 => EROFS
		fchmodat2 AT_FDCWD "/mnt/f" 0600 0 => EROFS
		fchmodat2 AT_FDCWD "/mnt/lf" 0600 AT_SYMLINK_NOFOLLOW
		chown "/mnt/f" -1 -1 => EROFS
		lchown "/mnt/lf" -1 -1 => EROFS
		chown "/mnt/missing" -1 -1 => ENOENT
		fchownat AT_FDCWD "/mnt/f" -1 -1 0 => EROFS
		utime "/mnt/f" 1,2 => EROFS
		utimes "/mnt/f" 1,2 => EROFS
		futimesat AT_FDCWD "/mnt/f" 1,2 => EROFS
		utimensat AT_FDCWD "/mnt/f" 1,2 => EROFS
		utimensat AT_FDCWD "/mnt/f" omit,omit
		utimensat AT_FDCWD "/mnt/missing" omit,omit
		utimensat AT_FDCWD "/mnt/lf" 1,2 AT_SYMLINK_NOFOLLOW => EROFS
		truncate "/mnt/f" 0 => EROFS
		truncate "/mnt/d" 0 => EISDIR
		truncate "/mnt/missing" 0 => ENOENT
		truncate "/mnt/unwritable" 0
		truncate "/mnt/f" -1 => EINVAL
		truncate "/mnt/fifo" 0 => EINVAL
		setxattr "/mnt/f" "user.a" "v" => EROFS
		lsetxattr "/mnt/f" "user.a" "v" => EROFS
		setxattr "/mnt/missing" "user.a" "v" => ENOENT
		removexattr "/mnt/f" "user.a" => EROFS
		lremovexattr "/mnt/f" "user.a" => EROFS
		getxattr "/mnt/f" "user.a" => ENODATA
		listxattr "/mnt/f"
		access "/mnt/f" W_OK => EROFS
		access "/mnt/f" R_OK => OK
		access "/mnt/x" X_OK => OK
		access "/mnt/d" W_OK => EROFS
		access "/mnt/d" X_OK => OK
		access "/mnt/unwritable" W_OK
		access "/mnt/rootf" W_OK
		access "/mnt/fifo" W_OK => OK
		access "/mnt/missing" W_OK => ENOENT
		access "/mnt/out" W_OK => OK
		access "/mnt" W_OK => EROFS
		faccessat AT_FDCWD "/mnt/f" W_OK => EROFS
		faccessat2 AT_FDCWD "/mnt/f" W_OK AT_EACCESS => EROFS
		faccessat2 AT_FDCWD "/mnt/lf" W_OK AT_SYMLINK_NOFOLLOW
		statfs.m "/mnt"
		statfs.m "/"
		statfs.m "/mnt/out"
		stat "/mnt/f"
		open "/mnt/f" O_RDONLY
	`},
	{Name: "descriptors into a read-only bind", Tree: roTree, Mounts: "bind @m /mnt ro", Script: `
		f=open "/mnt/f" O_RDONLY
		d=open "/mnt/d" O_RDONLY|O_DIRECTORY
		p=open "/mnt/f" O_PATH
		fchmod $f 0600 => EROFS
		fchmod $d 0700 => EROFS
		fchmod $p 0600 => EBADF
		fchown $f -1 -1 => EROFS
		fsetxattr $f "user.a" "v" => EROFS
		fremovexattr $f "user.a" => EROFS
		utimensat $f NULL 1,2 => EROFS
		futimesat $f NULL 1,2 => EROFS
		fchownat $f "" -1 -1 AT_EMPTY_PATH => EROFS
		fchownat $p "" -1 -1 AT_EMPTY_PATH => EROFS
		fchmodat2 $p "" 0600 AT_EMPTY_PATH => EROFS
		utimensat $p "" 1,2 AT_EMPTY_PATH => EROFS
		faccessat2 $f "" W_OK AT_EMPTY_PATH => EROFS
		ftruncate $f 0 => EINVAL
		linkat $f "" AT_FDCWD "/stolen" AT_EMPTY_PATH
		fstatfs.m $f
		n=dup $f
		fchmod $n 0600 => EROFS
		o=open "/f" O_RDONLY
		fchmod $o 0600 => OK
		fchown $o -1 -1 => OK
		fsetxattr $o "user.a" "v"
		fgetxattr $o "user.a"
		flistxattr $o
		fremovexattr $o "user.a"
		futimesat $o NULL 1,2 => OK
	`},
	{Name: "reopening through proc does not gain a write", Tree: roTree + "d /proc\n", Mounts: "bind @m /mnt ro\nproc /proc", Script: `
		f=open "/mnt/f" O_RDONLY
		open "/proc/self/fd/"+$f O_RDONLY
		open "/proc/self/fd/"+$f O_RDWR => EROFS
		open "/proc/self/fd/"+$f O_WRONLY|O_TRUNC => EROFS
		chmod "/proc/self/fd/"+$f 0600 => EROFS
		truncate "/proc/self/fd/"+$f 0 => EROFS
		utimensat AT_FDCWD "/proc/self/fd/"+$f 1,2 => EROFS
		setxattr "/proc/self/fd/"+$f "user.a" "v" => EROFS
		access "/proc/self/fd/"+$f W_OK => EROFS
		d=open "/mnt/d" O_PATH
		open "/proc/self/fd/"+$d+"/f" O_RDWR => EROFS
		mkdir "/proc/self/fd/"+$d+"/new" 0755 => EROFS
		unlink "/proc/self/fd/"+$d+"/f" => EROFS
		open "/proc/self/fd/"+$d+"/../f" O_RDWR => EROFS
		open "/proc/self/root/mnt/f" O_RDWR => EROFS
		chdir "/mnt"
		open "/proc/self/cwd/f" O_RDWR => EROFS
		mkdir "/proc/self/cwd/new" 0755 => EROFS
		linkat AT_FDCWD "/proc/self/fd/"+$f AT_FDCWD "/stolen" AT_SYMLINK_FOLLOW => EXDEV
	`},
	{Name: "read-only bind of a file", Tree: roTree, Mounts: "bind @file /g ro", Script: `
		open "/g" O_RDONLY
		open "/g" O_RDWR => EROFS
		open "/g" O_RDONLY|O_CREAT 0644 => OK
		open "/g" O_WRONLY|O_TRUNC => EROFS
		truncate "/g" 0 => EROFS
		chmod "/g" 0600 => EROFS
		unlink "/g" => EBUSY
		rename "/f" "/g" => EBUSY
		access "/g" W_OK => EROFS
		setxattr "/g" "user.a" "v" => EROFS
		mkdir "/new" 0755 => OK
		unlink "/f" => OK
	`},
	{Name: "read-only root", Tree: roTree, RootFlags: "ro", Mounts: "bind @m /mnt\ntmpfs /empty", Script: `
		mkdir "/new" 0755 => EROFS
		mkdir "/d" 0755 => EEXIST
		mkdir "/" 0755 => EEXIST
		open "/f" O_RDWR => EROFS
		open "/f" O_RDONLY => OK
		open "/new" O_CREAT|O_WRONLY 0644 => EROFS
		unlink "/f" => EROFS
		unlink "/missing" => EROFS
		rmdir "/" => EBUSY
		rmdir "/d/.." => ENOTEMPTY
		rename "/f" "/x" => EROFS
		rename "/mnt/f" "/x" => EXDEV
		chmod "/f" 0600 => EROFS
		chmod "/" 0755 => EROFS
		open "/rootd/f" O_WRONLY
		open "/mnt/new" O_CREAT|O_WRONLY 0644 => OK
		unlink "/mnt/f" => OK
		rmdir "/mnt" => EROFS
		open "/mnt/d/../new" O_RDWR => OK
		mkdir "/mnt/../new" 0755 => EROFS
		open "/empty/x" O_CREAT|O_WRONLY 0644 => OK
		symlink "x" "/sl" => EROFS
		link "/f" "/hard" => EROFS
		access "/f" W_OK => EROFS
		access "/" W_OK => EROFS
		access "/mnt/d" W_OK => OK
		open "/fifo" O_RDWR|O_NONBLOCK => OK
		f=open "/f" O_RDONLY
		fchmod $f 0600 => EROFS
		chdir "/d"
		open "f" O_RDWR => EROFS
		open "new" O_CREAT|O_RDWR 0644 => EROFS
		unlink "f" => EROFS
		statfs.m "/"
		statfs.m "/mnt"
		mknod "/p" S_IFIFO|0644 => EROFS
	`},
	{Name: "a writable mount in a read-only one", Tree: roTree + "d @rw\nf @rw/f\n", Mounts: "bind @m /mnt ro\nbind @rw /mnt/d", Script: `
		open "/mnt/f" O_RDWR => EROFS
		open "/mnt/d/f" O_RDWR => OK
		open "/mnt/d/new" O_CREAT|O_WRONLY 0644 => OK
		open "/mnt/ld/new2" O_CREAT|O_WRONLY 0644 => OK
		mkdir "/mnt/d/../x" 0755 => EEXIST
		mkdir "/mnt/d/../y" 0755 => EROFS
		unlink "/mnt/d/../f" => EROFS
		rename "/mnt/d/f" "/mnt/d/g" => OK
		rename "/mnt/d/g" "/mnt/g" => EXDEV
		rmdir "/mnt/d" => EROFS
		chmod "/mnt/d" 0700 => OK
		chmod "/mnt" 0700 => EROFS
		access "/mnt/d" W_OK => OK
	`},
	{Name: "one source read-only here and writable there", Tree: roTree + "d /rw\n", Mounts: "bind @m /mnt ro\nbind @m /rw", Script: `
		open "/mnt/f" O_RDWR => EROFS
		open "/rw/f" O_RDWR => OK
		open "/rw/new" O_CREAT|O_WRONLY 0644 => OK
		stat "/mnt/new" => OK
		chdir "/mnt/d"
		open "f" O_RDWR => EROFS
		chdir "/rw/d"
		open "f" O_RDWR => OK
		a=open "/mnt/d" O_RDONLY|O_DIRECTORY
		b=open "/rw/d" O_RDONLY|O_DIRECTORY
		openat $a "f" O_RDWR => EROFS
		openat $b "f" O_RDWR => OK
		mkdirat $a "n" 0755 => EROFS
		mkdirat $b "n" 0755 => OK
		fchmod $a 0700 => EROFS
		fchmod $b 0700 => OK
	`},
}
