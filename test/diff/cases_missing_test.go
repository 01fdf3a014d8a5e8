package difftest

// missingCases have mounts whose mount points are not in the root. The native
// side makes them as root before the script starts, invented parents on a
// read-only file system; ptbox synthesises them. Their owner and mode differ for
// that reason: only types are compared.
var missingCases = []Case{
	{Name: "missing mount point in the root", Tree: std + src, Mounts: "bind @m /newmnt", Script: `
		stat "/newmnt"
		open "/newmnt/in" O_RDONLY
		open "/newmnt/../f" O_RDONLY
		d=open "/" O_RDONLY|O_DIRECTORY
		getdents64 $d
		lseek $d 0 SEEK_SET
		getdents64 $d 64
		chdir "/newmnt/sub"
		getcwd => OK "/newmnt/sub" 12
		stat "../.."
		open "../../f" O_RDONLY
		rmdir "/newmnt" => EBUSY
		rename "/newmnt" "/x" => EBUSY
		rename "/empty" "/newmnt" => EBUSY
		mkdir "/newmnt" 0755 => EEXIST
		mkdir "/newmnt/" 0755 => EEXIST
		mknod "/newmnt" S_IFIFO|0644 => EEXIST
		symlink "x" "/newmnt" => EEXIST
		open "/newmnt" O_CREAT|O_EXCL|O_WRONLY 0644 => EEXIST
		open "/newmnt" O_CREAT|O_WRONLY 0644 => EISDIR
		symlink "newmnt/in" "/l"
		open "/l" O_RDONLY
		symlink "/newmnt" "/l2"
		open "/l2/in" O_RDONLY
		open "/ld/../newmnt/in" O_RDONLY
		open "/d/back/newmnt/in" O_RDONLY
	`},
	{Name: "missing parents", Tree: std + src, Mounts: "bind @m /a/b/c", Script: `
		open "/a/b/c/in" O_RDONLY
		stat.t "/a" => OK dir
		stat.t "/a/b" => OK dir
		lstat.t "/a/b" => OK dir
		lstat.t "/a/b/" => OK dir
		stat.t "/a/."
		stat.t "/a/.."
		stat "/a/.."
		stat "/a/../f"
		stat "/a/b/../../f"
		stat "/a/b/c/../../../f"
		stat.t "/a/b/c/.." => OK dir
		stat "/a/missing" => ENOENT
		stat "/a/missing/x" => ENOENT
		stat "/a/b/missing/.." => ENOENT
		stat "/a/b/c/missing" => ENOENT
		access "/a" R_OK|X_OK => OK
		access "/a/b" F_OK => OK
		access "/a" W_OK => EACCES
		access "/a/x" F_OK => ENOENT
		d=open "/a" O_RDONLY|O_DIRECTORY
		getdents64 $d => OK ..:d .:d b:d
		lseek $d 0 SEEK_SET
		getdents64 $d => OK ..:d .:d b:d
		openat $d "b/c/in" O_RDONLY
		newfstatat $d ".."
		openat $d "../f" O_RDONLY
		newfstatat.t $d "b"
		b=openat.q $d "b" O_RDONLY|O_DIRECTORY
		getdents64 $b => OK ..:d .:d c:d
		openat $b "c/in" O_RDONLY
		openat $b "../b/c/in" O_RDONLY
		newfstatat $b "../.."
		chdir "/a"
		getcwd => OK "/a" 3
		stat.t "b"
		open "b/c/in" O_RDONLY
		stat ".."
		chdir "b"
		getcwd => OK "/a/b" 5
		open "c/in" O_RDONLY
		chdir "c"
		getcwd => OK "/a/b/c" 7
		chdir ".."
		getcwd => OK "/a/b" 5
		chdir "../.."
		getcwd => OK "/" 2
		fchdir $b
		getcwd => OK "/a/b" 5
		open "c/in" O_RDONLY
		stat "../../f"
		open.q "/a" O_RDONLY => OK
		open "/a" O_WRONLY => EISDIR
		open "/a/b" O_RDONLY|O_NOFOLLOW|O_DIRECTORY
		readlink "/a" => EINVAL
		r=open "/" O_RDONLY|O_DIRECTORY
		getdents64 $r
	`, Unstable: false},
	{Name: "nothing can be made in a synthesised directory", Tree: std + src, Mounts: "bind @m /a/b/c", Script: `
		mkdir "/a/new" 0755 => EROFS
		mkdir "/a/b" 0755 => EEXIST
		mkdir "/a" 0755 => EEXIST
		open "/a/new" O_CREAT|O_WRONLY 0644 => EROFS
		open "/a/b" O_CREAT|O_EXCL|O_WRONLY 0644 => EEXIST
		mknod "/a/new" S_IFIFO|0644 => EROFS
		symlink "x" "/a/new" => EROFS
		link "/f" "/a/new" => EROFS
		rename "/f" "/a/new" => EXDEV
		unlink "/a/missing" => EROFS
		unlink "/a/b" => EROFS
		rmdir "/a/missing" => EROFS
		rmdir "/a/b/." => EINVAL
		rmdir "/a/b/.." => ENOTEMPTY
		rename "/a/b/c" "/a/b/d" => EROFS
		rmdir "/a/b/c" => EROFS
		truncate "/a" 0 => EISDIR
		chdir "/a"
		mkdir "new" 0755 => EROFS
		open "new" O_CREAT|O_WRONLY 0644 => EROFS
		unlink "new" => EROFS
		execve "/a" "x" => EACCES
	`},
	{Name: "missing file mount point", Tree: std + src, Mounts: "bind @file /etc/app/conf\nbind @file /topfile ro", Script: `
		open "/etc/app/conf" O_RDONLY
		open "/topfile" O_RDONLY
		open "/topfile" O_RDWR => EROFS
		stat "/topfile/" => ENOTDIR
		stat "/topfile/x" => ENOTDIR
		unlink "/topfile" => EBUSY
		rename "/f" "/topfile" => EBUSY
		mkdir "/topfile" 0755 => EEXIST
		d=open.q "/etc/app" O_RDONLY|O_DIRECTORY
		getdents64 $d => OK ..:d .:d conf:f
		openat $d "conf" O_RDONLY
		openat $d "../../f" O_RDONLY
		e=open.q "/etc" O_RDONLY|O_DIRECTORY
		getdents64 $e => OK ..:d .:d app:d
		r=open "/" O_RDONLY|O_DIRECTORY
		getdents64 $r
		stat.t "/etc/app/other" => ENOENT
		chdir "/etc/app"
		getcwd
		open "conf" O_RDWR
		open "./conf" O_RDONLY
		open "../app/conf" O_RDONLY
		rename "conf" "x" => EROFS
	`},
	{Name: "missing mount point in a real directory", Tree: std + src, Mounts: "bind @m /d/newmnt\nbind @file /d/newfile", Script: `
		open "/d/newmnt/in" O_RDONLY
		open "/ld/newmnt/in" O_RDONLY
		open "/d/newfile" O_RDONLY
		open "/d/sub/../newmnt/../newfile" O_RDONLY
		d=open "/d" O_RDONLY|O_DIRECTORY
		getdents64 $d
		lseek $d 0 SEEK_SET
		getdents64 $d 48
		getdents $d
		lseek $d 0 SEEK_SET
		getdents $d
		n=dup $d
		getdents64 $n
		lseek $n 0 SEEK_SET
		getdents64 $d
		openat $d "newmnt/in" O_RDONLY
		openat $d "newfile" O_RDONLY
		mkdirat $d "x" 0755 => OK
		lseek $d 0 SEEK_SET
		getdents64 $d
		chdir "/d"
		open "newmnt/in" O_RDONLY
		open "newfile" O_RDONLY
		stat "newmnt/.."
		stat "newmnt/../f"
		unlink "newfile" => EBUSY
		rmdir "newmnt" => EBUSY
		mkdir "newmnt" 0755 => EEXIST
		rename "f" "newfile" => EBUSY
		rename "newfile" "f2" => EBUSY
		rmdir "/d"
		p=open "." O_RDONLY|O_DIRECTORY
		getdents64 $p
	`},
	{Name: "missing mount point inside another mount", Tree: std + src + "d /mnt\n", Mounts: "bind @m /mnt\nbind @n /mnt/x/y\nbind @file /mnt/z", Script: `
		open "/mnt/x/y/other" O_RDONLY
		open "/mnt/x/y/../../in" O_RDONLY
		stat.t "/mnt/x"
		open "/mnt/z" O_RDONLY
		d=open "/mnt" O_RDONLY|O_DIRECTORY
		getdents64 $d
		x=open.q "/mnt/x" O_RDONLY|O_DIRECTORY
		getdents64 $x => OK ..:d .:d y:d
		newfstatat $x ".."
		chdir "/mnt/x"
		getcwd => OK "/mnt/x" 7
		chdir "y"
		getcwd => OK "/mnt/x/y" 9
		open "../../../f" O_RDONLY
		open "top/y/other" O_RDONLY
		rename "/mnt/in" "/mnt/x/in" => EXDEV
		open "/mnt/self/x/y/other" O_RDONLY
	`},
	{Name: "missing tmpfs point", Tree: std, Mounts: "tmpfs /var/tmp", Script: `
		mkdir "/var/tmp/x" 0755 => OK
		open "/var/tmp/x/f" O_CREAT|O_RDWR 0644
		mkdir "/var/x" 0755 => EROFS
		chdir "/var/tmp/x"
		getcwd => OK "/var/tmp/x" 11
		stat.t "../../.."
		d=open.q "/var" O_RDONLY|O_DIRECTORY
		getdents64 $d => OK ..:d .:d tmp:d
	`},
	{Name: "two mounts below one missing parent", Tree: std + src, Mounts: "bind @m /a/x\nbind @n /a/y\nbind @file /a/z", Script: `
		d=open.q "/a" O_RDONLY|O_DIRECTORY
		getdents64 $d => OK ..:d .:d x:d y:d z:f
		open "/a/x/../y/other" O_RDONLY
		open "/a/z" O_RDONLY
		chdir "/a/x"
		open "../y/other" O_RDONLY
		open "../z" O_RDONLY
		rename "/a/x/in" "/a/y/in" => EXDEV
		rename "/a/z" "/a/w" => EROFS
	`},
	{Name: "missing point on a read-only root", Tree: std + src, RootFlags: "ro", Mounts: "bind @m /a/b", Script: `
		open "/a/b/in" O_RDWR
		stat.t "/a"
		mkdir "/a/new" 0755 => EROFS
		mkdir "/a/b/new" 0755 => OK
		mkdir "/a/b" 0755 => EEXIST
		d=open "/" O_RDONLY|O_DIRECTORY
		getdents64 $d
		chdir "/a/b"
		open "../../f" O_RDONLY
	`},
	{Name: "a file of the root in the place of a parent's sibling", Tree: std + src + "d /usr/lib\nf /usr/lib/x\n", Mounts: "bind @m /usr/share/doc", Script: `
		open "/usr/lib/x" O_RDONLY
		open "/usr/share/doc/in" O_RDONLY
		d=open "/usr" O_RDONLY|O_DIRECTORY
		getdents64 $d
		mkdir "/usr/local" 0755 => OK
		mkdir "/usr/share/new" 0755 => EROFS
		open "/usr/share/doc/../../lib/x" O_RDONLY
		lseek $d 0 SEEK_SET
		getdents64 $d
		rename "/usr/lib" "/usr/lib2" => OK
	`},
}
