package difftest

// mountCases are about what lies at and below mount points.
var mountCases = []Case{
	{Name: "bind of a directory", Tree: boundTree, Mounts: "bind @m /mnt", Script: `
		open "/mnt" O_RDONLY
		open "/mnt/in" O_RDONLY
		open "/mnt/hidden" O_RDONLY => ENOENT
		open "/mnt/sub/deep" O_RDONLY
		open "/mnt/rel" O_RDONLY
		open "/mnt/abs" O_RDONLY
		open "/mnt/updown" O_RDONLY
		open "/mnt/esc" O_RDONLY
		open "/mnt/self/self/in" O_RDONLY
		open "/mnt/.." O_RDONLY
		open "/mnt/../f" O_RDONLY
		open "/mnt/sub/../../f" O_RDONLY
		open "/mnt/self/../f" O_RDONLY
		open "/tomnt/in" O_RDONLY
		open "/tomnt/../f" O_RDONLY
		open "/tomntin" O_RDONLY
		open "/tomntup/f" O_RDONLY
		stat "/mnt"
		lstat "/mnt/"
		stat "/mnt/."
		stat "/mnt/.."
		stat "/"
		d=open "/mnt" O_RDONLY|O_DIRECTORY
		openat $d "in" O_RDONLY
		openat $d ".." O_RDONLY
		openat $d "../f" O_RDONLY
		openat $d "../mnt/in" O_RDONLY
		newfstatat $d ".."
		openat $d "sub/../../f" O_RDONLY
		openat $d "abs" O_RDONLY
		openat $d "updown" O_RDONLY
		getdents64 $d
		chdir "/mnt"
		getcwd => OK "/mnt" 5
		stat ".."
		stat "../f"
		open "in" O_RDONLY
		open "updown" O_RDONLY
		chdir "sub"
		getcwd => OK "/mnt/sub" 9
		stat "../in"
		stat "../../f"
		chdir "../.."
		getcwd => OK "/" 2
		fchdir $d
		getcwd => OK "/mnt" 5
		open "../d/f" O_RDONLY
	`},
	{Name: "a mount point cannot be removed or moved", Tree: boundTree, Mounts: bound, Script: `
		rmdir "/mnt" => EBUSY
		rmdir "/mnt/" => EBUSY
		unlink "/mnt" => EISDIR
		rename "/mnt" "/x" => EBUSY
		rename "/mnt/" "/x" => EBUSY
		rename "/empty" "/mnt" => EBUSY
		rename "/f" "/mnt"
		unlink "/g" => EBUSY
		unlink "/g/" => ENOTDIR
		rmdir "/g" => ENOTDIR
		rename "/g" "/x" => EBUSY
		rename "/f" "/g" => EBUSY
		rename "/d" "/g"
		renameat2 AT_FDCWD "/f" AT_FDCWD "/g" RENAME_EXCHANGE => EBUSY
		renameat2 AT_FDCWD "/f" AT_FDCWD "/g" RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "/g" AT_FDCWD "/x" RENAME_NOREPLACE => EBUSY
		rmdir "/mnt/." => EINVAL
		rmdir "/mnt/.." => ENOTEMPTY
		rmdir "/mnt/point" => EBUSY
		rmdir "/mnt/point/.." => ENOTEMPTY
		unlink "/mnt/.." => EISDIR
		rename "/mnt/." "/x" => EXDEV
		rename "/mnt/.." "/x" => EXDEV
		rename "/mnt/point" "/mnt/x" => EBUSY
		unlinkat AT_FDCWD "/mnt" AT_REMOVEDIR => EBUSY
		unlinkat AT_FDCWD "/g" 0 => EBUSY
		rmdir "/tomnt" => ENOTDIR
		rmdir "/tomnt/" => ENOTDIR
		rmdir "/tomnt/point" => EBUSY
		rmdir "/d" => ENOTEMPTY
		mkdir "/mnt" 0755 => EEXIST
		mknod "/g" S_IFREG|0644 => EEXIST
		symlink "x" "/g" => EEXIST
		symlink "x" "/mnt" => EEXIST
		link "/f" "/g" => EEXIST
		link "/g" "/g2" => EXDEV
		link "/mnt" "/x"
		stat.t "/mnt" => OK dir
		stat.t "/g" => OK reg
	`},
	{Name: "across mounts", Tree: boundTree, Mounts: bound, Script: `
		rename "/f" "/mnt/f" => EXDEV
		rename "/mnt/in" "/in" => EXDEV
		rename "/mnt/in" "/mnt/point/in" => EXDEV
		rename "/missing" "/mnt/f" => EXDEV
		rename "/." "/mnt/f" => EXDEV
		rename "/mnt/.." "/f2" => EXDEV
		rename "/f" "/mnt/missing/x" => ENOENT
		rename "/missing/x" "/mnt/f" => ENOENT
		rename "/d/f" "/dcopy/f2" => EXDEV
		rename "/d/f" "/d/sub/f" => EXDEV
		rename "/d/sub/in" "/mnt/in2" => EXDEV
		rename "/mnt/in" "/mnt/in2" => OK
		rename "/mnt/in2" "/mnt/sub/../in" => OK
		rename "/mnt/point/../in" "/mnt/in2" => OK
		rename "/tomnt/in2" "/mnt/in" => OK
		link "/f" "/mnt/f" => EXDEV
		link "/mnt/in" "/in" => EXDEV
		link "/mnt/in" "/mnt/sub/in" => OK
		link "/d/f" "/dcopy/f2" => EXDEV
		link "/missing" "/mnt/f" => ENOENT
		link "/f" "/mnt/in" => EEXIST
		linkat AT_FDCWD "/mnt/abs" AT_FDCWD "/abs" 0 => EXDEV
		linkat AT_FDCWD "/mnt/abs" AT_FDCWD "/hard" AT_SYMLINK_FOLLOW => OK
		stat "/hard"
		renameat2 AT_FDCWD "/f" AT_FDCWD "/mnt/in" RENAME_EXCHANGE => EXDEV
		renameat2 AT_FDCWD "/f" AT_FDCWD "/mnt/in" RENAME_NOREPLACE => EXDEV
		symlink "/mnt/in" "/tomnt2" => OK
		open "/tomnt2" O_RDONLY
		symlink "/f" "/mnt/tof" => OK
		open "/mnt/tof" O_RDONLY
		m=open "/mnt" O_RDONLY|O_DIRECTORY
		renameat $m "in" $m "../in" => EXDEV
		renameat $m "../f" $m "f" => EXDEV
		renameat $m "../f" $m "../ff" => OK
		linkat $m "in" $m "../in" 0 => EXDEV
	`},
	{Name: "bind of a file", Tree: boundTree, Mounts: "bind @file /g", Script: `
		open "/g" O_RDONLY
		stat "/g"
		lstat "/g"
		open "/g/" O_RDONLY => ENOTDIR
		open "/g/x" O_RDONLY => ENOTDIR
		open "/g/.." O_RDONLY => ENOTDIR
		stat "/g/." => ENOTDIR
		open "/togbind" O_RDONLY
		open "/togbind" O_RDONLY|O_NOFOLLOW => ELOOP
		f=open "/g" O_RDWR|O_TRUNC
		write $f "new content"
		open "/g" O_RDONLY
		open "/g" O_CREAT|O_RDONLY 0644
		open "/g" O_CREAT|O_EXCL|O_RDONLY 0644 => EEXIST
		creat "/g" 0644
		truncate "/g" 5
		stat "/g"
		chmod "/g" 0600
		stat "/g"
		chdir "/g" => ENOTDIR
		unlink "/g" => EBUSY
		rename "/g" "/h" => EBUSY
		rename "/f" "/g" => EBUSY
		link "/g" "/h" => EXDEV
		mkdir "/g" 0755 => EEXIST
		utimes "/g" 10,20
		stat.m "/g"
		setxattr "/g" "user.a" "v"
		getxattr "/g" "user.a"
		access "/g" R_OK|W_OK
		readlink "/g" => EINVAL
		d=open "/" O_RDONLY|O_DIRECTORY
		openat $d "g" O_RDONLY
		unlinkat $d "g" 0 => EBUSY
		execve "/g" "x" => EACCES
	`},
	{Name: "nested mounts", Tree: boundTree, Mounts: bound, Script: `
		open "/mnt/point" O_RDONLY
		open "/mnt/point/other" O_RDONLY
		open "/mnt/point/../in" O_RDONLY
		open "/mnt/point/../../f" O_RDONLY
		open "/mnt/point/../.." O_RDONLY
		open "/mnt/point/top" O_RDONLY
		open "/mnt/point/top/in" O_RDONLY
		open "/mnt/point/top/../f" O_RDONLY
		open "/topoint" O_RDONLY
		open "/d/sub/in" O_RDONLY
		open "/d/sub/point" O_RDONLY
		open "/d/sub/../f" O_RDONLY
		open "/d/sub/point/../in" O_RDONLY
		open "/dcopy/sub/g" O_RDONLY
		open "/dcopy/f" O_RDONLY
		open "/dcopy/back/f" O_RDONLY
		open "/dcopy/toroot/f" O_RDONLY
		open "/dcopy/sub/ff" O_RDONLY
		open "/ld/sub/in" O_RDONLY
		open "/tmp" O_RDONLY
		chdir "/mnt/point"
		getcwd => OK "/mnt/point" 11
		stat ".."
		stat "../in"
		open "../../f" O_RDONLY
		chdir ".."
		getcwd => OK "/mnt" 5
		open "point/other" O_RDONLY
		chdir "self/point/.."
		getcwd => OK "/mnt" 5
		chdir "/d/sub"
		getcwd => OK "/d/sub" 7
		chdir "../sub/sub"
		getcwd => OK "/d/sub/sub" 11
		chdir "/dcopy/sub/empty"
		getcwd => OK "/dcopy/sub/empty" 17
		stat "../../f"
		stat "../../../f"
		d=open "/d" O_RDONLY|O_DIRECTORY
		getdents64 $d
		openat $d "sub/in" O_RDONLY
		openat $d "sub/.." O_RDONLY
		m=open "/mnt" O_PATH
		openat $m "point/other" O_RDONLY
		openat $m "point" O_RDONLY
		openat $m "point/../in" O_RDONLY
		openat $m "./point/./other" O_RDONLY
	`},
	{Name: "a later mount shadows", Tree: std + src + "d /mnt/sub\nf /mnt/sub/x\n", Mounts: `
		bind @m/sub /mnt/sub
		bind @n /mnt
	`, Script: `
		open "/mnt/other" O_RDONLY
		open "/mnt/sub" O_RDONLY => ENOENT
		open "/mnt/sub/deep" O_RDONLY => ENOENT
		mkdir "/mnt/sub" 0755 => OK
		open "/mnt/sub" O_RDONLY
		rmdir "/mnt/sub" => OK
		d=open "/mnt" O_RDONLY|O_DIRECTORY
		getdents64 $d
		chdir "/mnt"
		getcwd
	`},
	{Name: "two mounts on one point", Tree: std + src + "d /mnt\n", Mounts: `
		bind @m /mnt
		bind @n /mnt
	`, Script: `
		open "/mnt/other" O_RDONLY
		open "/mnt/in" O_RDONLY => ENOENT
		stat "/mnt/.."
		chdir "/mnt"
		getcwd
		rmdir "/mnt" => EBUSY
	`},
	{Name: "a mount over a symlink lands on its target", Tree: std + src, Mounts: `
		bind @m /ld
		bind @file /lf
	`, Script: `
		readlink "/ld" => OK "d"
		readlink "/lf" => OK "f"
		open "/d/in" O_RDONLY
		open "/ld/in" O_RDONLY
		open "/d/f" O_RDONLY => ENOENT
		open "/f" O_RDONLY
		open "/lf" O_RDONLY
		rmdir "/d" => EBUSY
		unlink "/f" => EBUSY
		unlink "/ld" => OK
		unlink "/lf" => OK
		open "/d/in" O_RDONLY
		open "/f" O_RDONLY
		chdir "/d"
		getcwd
	`},
	{Name: "a mount below a symlinked parent", Tree: std + src + "d /d/mp\nl /abslink /d\n", Mounts: "bind @m /abslink/mp", Script: `
		open "/d/mp/in" O_RDONLY
		open "/abslink/mp/in" O_RDONLY
		open "/abslink/mp/../f" O_RDONLY
		chdir "/abslink/mp"
		getcwd => OK "/d/mp" 6
		rmdir "/d/mp" => EBUSY
	`},
	{Name: "a source that is a symlink", Tree: std + src + "d /mnt\n", Mounts: "bind @link /mnt", Script: `
		open "/mnt/in" O_RDONLY
		stat "/mnt/.."
		chdir "/mnt/sub/.."
		getcwd
	`},
	{Name: "one source at two points", Tree: std + src + "d /a\nd /b\n", Mounts: `
		bind @m /a
		bind @m /b
	`, Script: `
		stat "/a"
		stat "/b"
		stat "/a/in"
		stat "/b/in"
		open "/a/new" O_CREAT|O_WRONLY 0644
		stat "/b/new"
		rename "/a/new" "/b/new2" => EXDEV
		link "/a/new" "/b/new2" => EXDEV
		chdir "/a"
		getcwd => OK "/a" 3
		open "/a/../f" O_RDONLY
		chdir "/b"
		getcwd => OK "/b" 3
		chdir "sub"
		getcwd => OK "/b/sub" 7
		chdir ".."
		getcwd => OK "/b" 3
		open "../f" O_RDONLY
		a=open "/a/sub" O_RDONLY|O_DIRECTORY
		b=open "/b/sub" O_RDONLY|O_DIRECTORY
		fchdir $a
		getcwd => OK "/a/sub" 7
		fchdir $b
		getcwd => OK "/b/sub" 7
	`},
	{Name: "a directory bound onto itself and its parent inside", Tree: std, Mounts: `
		bind /d /d
		bind / /d/sub
	`, Script: `
		open "/d/f" O_RDONLY
		open "/d/sub/f" O_RDONLY
		open "/d/sub/d/f" O_RDONLY
		open "/d/sub/d/sub/g" O_RDONLY
		open "/d/sub/../f" O_RDONLY
		open "/d/sub/ld/f" O_RDONLY
		open "/d/sub/lad/f" O_RDONLY
		open "/d/sub/lad/sub/f" O_RDONLY
		rename "/f" "/d/f3" => EXDEV
		rename "/d/sub/f" "/f3" => EXDEV
		chdir "/d/sub/d/sub"
		getcwd => OK "/d/sub/d/sub" 13
		stat "../../../.."
		stat "../../../../f"
		rmdir "/d" => EBUSY
		rmdir "/d/sub" => EBUSY
		rename "/d/sub/empty" "/d/sub/empty2" => OK
		stat "/empty2"
	`},
	{Name: "symlinks in a mount are the guest's", Tree: std + src + `
		d /mnt
		l @m/tof /f
		l @m/tod /d
		l @m/up ..
		l @m/upup ../..
		l @m/out ../d/f
		l @m/sub/up2 ../../f
		l @m/sub/selfmnt /mnt/in
		l @m/dang /created-in-root
		l @m/dangrel created-in-mount
		l @m/dangup ../created-up
	`, Mounts: "bind @m /mnt", Script: `
		open "/mnt/tof" O_RDONLY
		open "/mnt/tod/f" O_RDONLY
		open "/mnt/up" O_RDONLY
		open "/mnt/up/f" O_RDONLY
		open "/mnt/upup/f" O_RDONLY
		open "/mnt/out" O_RDONLY
		open "/mnt/sub/up2" O_RDONLY
		open "/mnt/sub/selfmnt" O_RDONLY
		open "/mnt/up/mnt/up/mnt/in" O_RDONLY
		open "/mnt/dang" O_CREAT|O_WRONLY 0644
		open "/mnt/dangrel" O_CREAT|O_WRONLY 0644
		open "/mnt/dangup" O_CREAT|O_WRONLY 0644
		stat "/created-in-root"
		stat "/mnt/created-in-mount"
		stat "/created-up"
		chdir "/mnt/tod"
		getcwd
		chdir "/mnt/up"
		getcwd
		chdir "/mnt/sub"
		open "up2" O_RDONLY
		readlink "up2"
		readlink "/mnt/tof"
	`},
	{Name: "noexec bind", Tree: std + "x @m/prog\nf @m/script 0755 \"#!/guest args\\n\"\nd /mnt\n", Mounts: "bind @m /mnt noexec", Script: `
		execve "/mnt/prog" "guest" "exit" "0" => EACCES
		execve "/mnt/script" "x" => EACCES
		access "/mnt/prog" X_OK => EACCES
		access "/mnt" X_OK => OK
		access "/mnt/prog" R_OK => OK
		f=open "/mnt/prog" O_RDONLY
		execveat $f "" AT_EMPTY_PATH "guest" "exit" "0" => EACCES
		faccessat2 AT_FDCWD "/mnt/prog" X_OK AT_EACCESS => EACCES
	`},
	{Name: "tmpfs", Tree: std + "d /tmp\nf /tmp/hidden\n", Mounts: "tmpfs /tmp\ntmpfs /d/sub", Script: `
		stat.t "/tmp/hidden" => ENOENT
		stat "/tmp"
		open "/tmp/a" O_CREAT|O_RDWR 0644
		mkdir "/tmp/dir" 0755
		rename "/tmp/a" "/tmp/dir/b"
		open "/tmp/dir/b" O_RDONLY
		rename "/tmp/dir/b" "/b" => EXDEV
		rename "/f" "/tmp/f" => EXDEV
		open "/tmp/../f" O_RDONLY
		d=open "/tmp" O_RDONLY|O_DIRECTORY
		getdents64 $d
		rmdir "/tmp" => EBUSY
		chdir "/tmp/dir"
		getcwd
		d=open "/d/sub" O_RDONLY|O_DIRECTORY
		getdents64 $d
		symlink "/f" "/tmp/l"
		open "/tmp/l" O_RDONLY
		symlink "../f" "/tmp/l2"
		open "/tmp/l2" O_RDONLY
		mknod "/tmp/p" S_IFIFO|0644
		link "/tmp/dir/b" "/tmp/b2"
		stat "/tmp/b2"
		t=open "/tmp" O_TMPFILE|O_RDWR 0600
		linkat $t "" AT_FDCWD "/tmp/linked" AT_EMPTY_PATH
	`},
	{Name: "rename keeps what is below a mount's parent", Tree: std + src + "d /p/q/mp\n", Mounts: "bind @m /p/q/mp", Script: `
		open "/p/q/mp/in" O_RDONLY
		rename "/p/q/mp" "/x" => EBUSY
		rmdir "/p/q" => ENOTEMPTY
		rename "/d" "/p/q/d"
		open "/p/q/d/f" O_RDONLY
		open "/p/q/d/../mp/in" O_RDONLY
		open "/p/q/d/back/mp/in" O_RDONLY
	`},
	// The kernel moves the mount along with its mount point's parent. A view's
	// mounts have fixed places, so that refusing is the other right answer.
	{Name: "renaming the parent of a mount point", Tree: boundTree, Mounts: bound, Unstable: true, Script: `
		~EBUSY rename "/d" "/d2" => OK
	`},
}
