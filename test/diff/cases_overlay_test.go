package difftest

// Three layers: @u over @a over @b.
const (
	layered = `
	d /m
	f /out
	d @a
	d @a/d
	f @a/d/ad
	d @a/d/sub
	f @a/d/sub/as
	f @a/both
	f @a/af
	l @a/link d/ad
	l @a/abs /m/d/bd
	f @a/nowrite 0444
	d @a/empty
	d @a/shut 0555
	f @a/shut/f
	w @a/hidden
	w @a/hiddendir
	o @a/opaque
	f @a/opaque/new
	f @a/file-over-dir
	d @a/dir-over-file
	f @a/dir-over-file/x
	p @a/fifo
	f @a/sticky-bits 04755
	d @b
	d @b/d
	f @b/d/bd
	d @b/d/sub
	f @b/d/sub/bs
	d @b/d/sub/deep
	f @b/d/sub/deep/x
	f @b/both
	f @b/bf
	f @b/hidden
	d @b/hiddendir
	f @b/hiddendir/h
	d @b/opaque
	f @b/opaque/old
	d @b/file-over-dir
	f @b/file-over-dir/y
	f @b/dir-over-file
	d @b/only
	f @b/only/o
	d @b/only/inner
	d @u
	d @u/d
	w @u/d/ad
	f @u/uf
	d @u/pure
	f @u/pure/p
`
	layers = "overlay /m lower=@a:@b,upper=@u"
)

// overlayCases are about overlays of several layers; TestOverlayRoot runs all
// other cases in an overlay of two.
var overlayCases = []Case{
	{Name: "overlay shows the layers through each other", Tree: layered, Mounts: layers, NoInodes: true, Script: `
		d=open "/m" O_RDONLY|O_DIRECTORY
		getdents64 $d
		e=open "/m/d" O_RDONLY|O_DIRECTORY
		getdents64 $e 80
		e=open "/m/d/sub" O_RDONLY|O_DIRECTORY
		getdents64 $e
		e=open "/m/opaque" O_RDONLY|O_DIRECTORY
		getdents64 $e
		e=open "/m/dir-over-file" O_RDONLY|O_DIRECTORY
		getdents64 $e
		e=open "/m/only" O_RDONLY|O_DIRECTORY
		getdents64 $e
		open "/m/both" O_RDONLY => OK
		open "/m/bf" O_RDONLY => OK
		open "/m/d/bd" O_RDONLY => OK
		open "/m/d/ad" O_RDONLY => ENOENT
		open "/m/link" O_RDONLY => ENOENT
		open "/m/abs" O_RDONLY => OK
		open "/m/hidden" O_RDONLY => ENOENT
		open "/m/hiddendir/h" O_RDONLY => ENOENT
		open "/m/opaque/old" O_RDONLY => ENOENT
		open "/m/opaque/new" O_RDONLY => OK
		open "/m/file-over-dir/y" O_RDONLY => ENOTDIR
		open "/m/file-over-dir" O_RDONLY => OK
		open "/m/dir-over-file/x" O_RDONLY => OK
		open "/m/d/sub/deep/x" O_RDONLY => OK
		open "/m/d/sub/deep/../bs" O_RDONLY => OK
		open "/m/d/../../out" O_RDONLY => OK
		openat $d "d/sub/as" O_RDONLY => OK
		openat $d "../out" O_RDONLY => OK
		stat "/m/d"
		lstat "/m/link"
		readlink "/m/abs"
		stat "/m/fifo"
		stat "/m/sticky-bits"
		access "/m/nowrite" W_OK => EACCES
		access "/m/bf" W_OK => OK
		openat2 $d "d/bd" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d "abs" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
	`},
	{Name: "overlay copies up what is written", Tree: layered, Mounts: layers, NoInodes: true, Script: `
		r=open "/m/bf" O_RDONLY
		f=open "/m/bf" O_RDWR => OK
		write $f "changed"
		close $f
		open "/m/bf" O_RDONLY => OK
		open "/m/d/sub/deep/x" O_WRONLY|O_TRUNC => OK
		open "/m/d/sub/deep/x" O_RDONLY => OK
		open "/m/both" O_RDWR|O_APPEND => OK
		chmod "/m/af" 0600 => OK
		stat "/m/af"
		truncate "/m/only/o" 3 => OK
		open "/m/only/o" O_RDONLY => OK
		utimensat AT_FDCWD "/m/empty" 100,200 => OK
		stat.m "/m/empty"
		open "/m/nowrite" O_WRONLY => EACCES
		chmod "/m/nowrite" 0644 => OK
		open "/m/nowrite" O_WRONLY => OK
		open "/m/shut/f" O_WRONLY => OK
		open "/m/shut/new" O_WRONLY|O_CREAT 0644 => EACCES
		stat "/m/shut"
		setxattr "/m/opaque/new" "user.x" "y" 1 => OK
		getxattr "/m/opaque/new" "user.x" 9 => OK
		lchown "/m/link" -1 -1 => OK
		stat "/m/sticky-bits"
		open "/m/sticky-bits" O_WRONLY => OK
		stat "/m/sticky-bits"
	`},
	{Name: "overlay removes and makes again", Tree: layered, Mounts: layers, NoInodes: true, Script: `
		unlink "/m/both" => OK
		stat "/m/both" => ENOENT
		unlink "/m/both" => ENOENT
		f=open "/m/both" O_RDWR|O_CREAT|O_EXCL 0640 => OK
		write $f "again"
		open "/m/both" O_RDONLY => OK
		open "/m/both" O_RDWR|O_CREAT|O_EXCL 0640 => EEXIST
		unlink "/m/both" => OK
		mkdir "/m/both" 0700 => OK
		stat "/m/both"
		rmdir "/m/both" => OK
		symlink "bf" "/m/both" => OK
		open "/m/both" O_RDONLY => OK
		unlink "/m/both" => OK
		mknod "/m/both" S_IFIFO|0600 => OK
		stat "/m/both"
		unlink "/m/both" => OK
		link "/m/bf" "/m/both" => OK
		stat "/m/both"
		stat "/m/bf"
		unlink "/m/both" => OK
		open "/m/both" O_WRONLY|O_CREAT 0200 => OK
		stat "/m/both"
		open "/m/hidden" O_WRONLY|O_CREAT 0444 => OK
		stat "/m/hidden"
		rmdir "/m/d" => ENOTEMPTY
		rmdir "/m/only" => ENOTEMPTY
		unlink "/m/only/o" => OK
		rmdir "/m/only/inner" => OK
		rmdir "/m/only" => OK
		mkdir "/m/only" 0755 => OK
		d=open "/m/only" O_RDONLY|O_DIRECTORY
		getdents64 $d
		unlink "/m/d" => EISDIR
		rmdir "/m/bf" => ENOTDIR
		mkdir "/m/d" 0755 => EEXIST
		mkdir "/m/hiddendir" 0755 => OK
		d=open "/m/hiddendir" O_RDONLY|O_DIRECTORY
		getdents64 $d
		mkdir "/m/d/ad" 0755 => OK
		unlink "/m/shut/f" => EACCES
		rmdir "/m/shut" => ENOTEMPTY
		unlink "/m/uf" => OK
		open "/m/uf" O_RDONLY|O_CREAT 0644 => OK
		mknod "/m/wh" S_IFCHR 0 => EPERM
		rmdir "/m" => EBUSY
	`},
	{Name: "overlay renames", Tree: layered, Mounts: layers, NoInodes: true, Script: `
		rename "/m/d" "/m/e" => EXDEV
		rename "/m/only" "/m/e" => EXDEV
		rename "/m/only" "/m/only" => OK
		rename "/m/pure" "/m/e" => OK
		open "/m/e/p" O_RDONLY => OK
		rename "/m/bf" "/m/both" => OK
		open "/m/both" O_RDONLY => OK
		stat "/m/bf" => ENOENT
		rename "/m/both" "/m/d/moved" => OK
		stat "/m/both" => ENOENT
		open "/m/d/moved" O_RDONLY => OK
		rename "/m/af" "/m/hidden" => OK
		rename "/m/missing" "/m/x" => ENOENT
		rename "/m/hidden" "/m/d" => EISDIR
		rename "/m/e" "/m/hidden" => ENOTDIR
		renameat2 AT_FDCWD "/m/hidden" AT_FDCWD "/m/af" RENAME_NOREPLACE => OK
		renameat2 AT_FDCWD "/m/af" AT_FDCWD "/m/both" RENAME_NOREPLACE => OK
		renameat2 AT_FDCWD "/m/both" AT_FDCWD "/m/d/moved" RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "/m/both" AT_FDCWD "/m/d/moved" RENAME_EXCHANGE => OK
		open "/m/both" O_RDONLY => OK
		renameat2 AT_FDCWD "/m/both" AT_FDCWD "/m/d" RENAME_EXCHANGE => EXDEV
		renameat2 AT_FDCWD "/m/both" AT_FDCWD "/m/x" RENAME_WHITEOUT => EINVAL
		rename "/m/e" "/m/both/x" => ENOTDIR
		unlink "/m/both" => OK
		rename "/m/e" "/m/both" => OK
		open "/m/both/p" O_RDONLY => OK
		rename "/m/both" "/m/both/x" => EINVAL
		rename "/m/link" "/m/hiddendir" => OK
		readlink "/m/hiddendir" => OK
		rename "/m/both" "/m/empty" => OK
		rename "/m/d/moved" "/out2" => EXDEV
		rename "/out" "/m/x" => EXDEV
		link "/m/d/bd" "/m/hard" => OK
		rename "/m/d/bd" "/m/hard" => OK
		stat "/m/hard"
		stat "/m/d/bd"
		rename "/m/opaque" "/m/y" => EXDEV
		d=open "/m" O_RDONLY|O_DIRECTORY
		getdents64 $d
	`},
	{Name: "overlay directories that change while they are read", Tree: layered, Mounts: layers, NoInodes: true, Script: `
		d=open "/m/only" O_RDONLY|O_DIRECTORY
		open "/m/only/new" O_WRONLY|O_CREAT 0644 => OK
		getdents64 $d
		lseek $d 0 SEEK_SET
		unlink "/m/only/o" => OK
		getdents64 $d
		chdir "/m/only/inner" => OK
		getcwd
		open "made" O_WRONLY|O_CREAT 0644 => OK
		open "../../only/inner/made" O_RDONLY => OK
		getcwd
		unlink "made" => OK
		rmdir "/m/only/inner" => OK
		getcwd => ENOENT
		open "x" O_WRONLY|O_CREAT 0644 => ENOENT
		stat "../new"
		mkdir "/m/only/inner" 0755 => OK
		open "x" O_WRONLY|O_CREAT 0644 => ENOENT
	`},
	{Name: "overlay without an upper directory", Tree: layered, Mounts: "overlay /m lower=@a:@b", NoInodes: true, Script: `
		open "/m/bf" O_RDONLY => OK
		open "/m/bf" O_WRONLY => EROFS
		open "/m/new" O_WRONLY|O_CREAT 0644 => EROFS
		open "/m/bf" O_RDONLY|O_CREAT 0644 => OK
		open "/m/bf" O_RDONLY|O_CREAT|O_EXCL 0644 => EEXIST
		mkdir "/m/new" 0755 => EROFS
		mkdir "/m/d" 0755 => EEXIST
		unlink "/m/bf" => EROFS
		unlink "/m/missing" => EROFS
		rename "/m/bf" "/m/new" => EROFS
		chmod "/m/d/bd" 0600 => EROFS
		access "/m/bf" W_OK => EROFS
		f=open "/m/bf" O_RDONLY
		fchmod $f 0600 => EROFS
		d=open "/m/d" O_RDONLY|O_DIRECTORY
		getdents64 $d
		stat "/m/hidden" => ENOENT
	`},
	{Name: "overlay changes through descriptors", Tree: layered, Mounts: layers + "\nproc /proc", NoInodes: true, Script: `
		f=open "/m/bf" O_RDONLY
		fchmod $f 0600 => OK
		stat "/m/bf"
		open "/proc/self/fd/"+$f O_RDWR => OK
		g=open "/m/d/bd" O_RDONLY
		h=open "/proc/self/fd/"+$g O_WRONLY|O_TRUNC => OK
		open "/m/d/bd" O_RDONLY => OK
		i=open "/m/d/sub/bs" O_RDONLY
		chmod "/proc/self/fd/"+$i 0640 => OK
		stat "/m/d/sub/bs"
		j=open "/m/d/sub/as" O_RDONLY
		linkat AT_FDCWD "/proc/self/fd/"+$j AT_FDCWD "/m/linked" AT_SYMLINK_FOLLOW => OK
		k=open "/m/linked" O_RDWR => OK
		write $k "x"
		open "/m/d/sub/as" O_RDONLY
		t=open "/m/only" O_TMPFILE|O_RDWR 0600 => OK
		write $t "tmp"
		linkat AT_FDCWD "/proc/self/fd/"+$t AT_FDCWD "/m/hidden" AT_SYMLINK_FOLLOW => OK
		open "/m/hidden" O_RDONLY => OK
		readlink "/proc/self/fd/"+$j
		n=open "/m/only/o" O_RDONLY
		unlink "/m/only/o" => OK
		readlink "/proc/self/fd/"+$n
		d=open "/m/only" O_RDONLY|O_DIRECTORY
		fchmod $d 0700 => OK
		stat "/m/only"
	`},
	{Name: "overlay sockets", Tree: layered, Mounts: layers, NoInodes: true, Script: `
		s=socket AF_UNIX SOCK_STREAM
		unlink "/m/bf" => OK
		bind $s "/m/bf" => OK
		stat "/m/bf"
		listen $s 1
		c=socket AF_UNIX SOCK_STREAM
		connect $c "/m/bf" => OK
		bind $c "/m/af" => EADDRINUSE
		bind $c "/m/only/sock" => OK
		unlink "/m/only/sock" => OK
	`},
}
