package difftest

// Below a directory that the guest has shut, from one that it is in or has open: the
// kernel walks from there, and never asks for what lies above.
var shutCases = []Case{
	{Name: "shut/names by way of a symlink", Tree: std + "d /a/b/c\nf /a/b/c/f\nl /a/b/l c\nf /a/b/g\nl /a/b/c/up ..\n", Script: `
		chdir "/a/b"
		d=open "/a/b/c" O_RDONLY|O_DIRECTORY
		chmod "/" 0000
		unlink "l/x" => ENOENT
		unlink "l/f" => OK
		rmdir "l/x" => ENOENT
		mkdir "l/x" 0755 => OK
		mkdir "l/x" 0755 => EEXIST
		mkdir "l/x/" 0755 => EEXIST
		mknod "l/n" S_IFREG|0644 => OK
		mknod "l/p/" S_IFIFO|0644 => ENOENT
		symlink "n" "l/s" => OK
		link "l/n" "l/m" => OK
		link "l/n" "l/x" => EEXIST
		linkat AT_FDCWD "l/s" AT_FDCWD "l/t" AT_SYMLINK_FOLLOW => OK
		rename "l/m" "g" => OK
		rename "l/missing" "g" => ENOENT
		rename "g" "l/x" => EISDIR
		rename "l/n" "l/x/n" => OK
		renameat2 AT_FDCWD "g" AT_FDCWD "l/s" RENAME_EXCHANGE => OK
		renameat2 AT_FDCWD "l/s" AT_FDCWD "l/x" RENAME_NOREPLACE => EEXIST
		unlinkat $d "up/l/x" 0 => EISDIR
		unlinkat $d "up/l/x" AT_REMOVEDIR => ENOTEMPTY
		mkdirat $d "up/new" 0700 => OK
		mkdirat $d "../newer" 0700 => OK
		rmdir "l/." => EINVAL
		rmdir "l/.." => ENOTEMPTY
		truncate "l/x/n" 3 => OK
		truncate "l/x" 3 => EISDIR
		truncate "l/missing" 3 => ENOENT
		rename "/a/b/g" "l/y" => EACCES
		rename "l/y" "/a/b/g" => EACCES
		chmod "/" 0755
	`},
	{Name: "shut/names on a read-only mount", Tree: std + "d @m/a/b\nl @m/a/l b\nf @m/a/b/f\n", Mounts: "bind @m /new\nbind @m /ro ro", Script: `
		chdir "/ro/a"
		d=open "/new/a" O_RDONLY|O_DIRECTORY
		chmod "/new" 0000
		unlink "l/f" => EROFS
		mkdir "l/x" 0755 => EROFS
		mkdir "l/f" 0755 => EEXIST
		rename "l/f" "l/g" => EROFS
		truncate "l/f" 1 => EROFS
		renameat AT_FDCWD "l/f" $d "l/f" => EXDEV
		linkat $d "l/f" AT_FDCWD "l/g" 0 => EROFS
		unlinkat $d "l/f" 0 => OK
	`},
	{Name: "shut/names where mounts are", Tree: std + "d /a/b/c\nl /a/b/l c\nd /a/b/c/m\nd @m/x\nd @n\nd /a/b/c/n\n", Mounts: "bind @m /a/b/c/m\nbind @n /a/b/c/n/deep", Script: `
		chdir "/a/b"
		chmod "/" 0000
		rmdir "l/m" => EBUSY
		mkdir "l/m" 0755 => EEXIST
		rename "l/m" "l/o" => EBUSY
		rename "l/n" "l/m" => EBUSY
		rmdir "l/n" => ENOTEMPTY
		unlink "l/m/x" => EISDIR
		rmdir "l/m/x" => OK
		rename "l/m/y" "l/y" => EXDEV
		chdir "l/n/.." => OK
		getcwd => OK "/a/b/c" 7
		chdir "../l/../c/n/deep/../../../.." => OK
		getcwd => OK "/a" 3
		chdir ".." => EACCES
		chdir "b/l/n/deep" => OK
		getcwd => OK "/a/b/c/n/deep" 14
	`},
	{Name: "shut/out of a mount", Tree: std + "d @m\nl @m/b ../..\nl @m/c ../../c\nd /c/b\nd /c/new\nf /c/f\n", Mounts: "bind @m /c/b", Script: `
		chdir "/c/b"
		d=open "/c" O_RDONLY|O_DIRECTORY
		chmod "b" 0644
		f=openat AT_FDCWD "b" O_RDONLY|O_DIRECTORY => OK
		stat "b" => OK
		stat "b/c" => EACCES
		stat "c" => EACCES
		stat ".." => OK
		stat "../f" => OK
		stat "../b" => OK
		stat "../missing" => ENOENT
		stat "../../c" => EACCES
		newfstatat $d "b/../f" => OK
		access "../f" R_OK => OK
		chmod "../f" 0600 => OK
		mkdir "../d" 0755 => OK
		rename "../d" "../new/d" => OK
		rename "../new/d" "x" => EXDEV
		fchdir $d => OK
		chdir "new/../b/../new" => OK
		getcwd => OK "/c/new" 7
	`},
	{Name: "shut/a read-only mount remains so", Tree: "d /etc\nf /etc/d/f\nl /etc/l d\nl /etc/d/s f\n", Mounts: "bind /etc /etc ro", Script: `
		chdir "/etc"
		chmod "/" 0000
		open "d/f" O_WRONLY => EROFS
		open "l/f" O_WRONLY => EROFS
		open "l/s" O_WRONLY => EROFS
		open "l/f" O_RDWR => EROFS
		open "l/f" O_RDONLY|O_TRUNC => EROFS
		open "l/f" O_RDONLY => OK
		open "l/new" O_WRONLY|O_CREAT 0644 => EROFS
		open "l/new/" O_WRONLY|O_CREAT 0644 => EISDIR
		open "l/new" O_WRONLY => ENOENT
		open "l/new" O_WRONLY|O_CREAT|O_EXCL 0644 => EROFS
		open "l/." O_TMPFILE|O_RDWR 0644 => EROFS
		open "l" O_WRONLY => EISDIR
		truncate "l/f" 1 => EROFS
		access "l/f" W_OK => EROFS
		access "l/f" R_OK => OK
		mkdir "l/x" 0755 => EROFS
		link "l/f" "l/x" => EROFS
		chmod "l/f" 0600 => EROFS
	`},
	{Name: "open/a new name that is none beneath a directory", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		openat2 AT_FDCWD ".." O_RDWR|O_CREAT|O_EXCL 0644 RESOLVE_BENEATH => EXDEV
		openat2 AT_FDCWD "d/.." O_RDWR|O_CREAT|O_EXCL 0644 RESOLVE_BENEATH => EEXIST
		openat2 AT_FDCWD "d/." O_RDWR|O_CREAT|O_EXCL 0644 RESOLVE_BENEATH|RESOLVE_NO_XDEV => EEXIST
	`},
}
