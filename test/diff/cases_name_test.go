package difftest

// nameCases are about calls that make, remove and move names.
var nameCases = []Case{
	{Name: "trailing slash on creation", Tree: std, Script: `
		open "d/" O_CREAT|O_RDONLY 0644 => EISDIR
		open "f/" O_CREAT|O_RDONLY 0644 => EISDIR
		open "new/" O_CREAT|O_RDONLY 0644 => EISDIR
		open "ld/" O_CREAT|O_RDONLY 0644 => EISDIR
		open "dang/" O_CREAT|O_WRONLY 0644 => EISDIR
		creat "new/" 0644 => EISDIR
		open "." O_CREAT|O_RDONLY 0644 => EISDIR
		open "d/." O_CREAT|O_WRONLY 0644 => EISDIR
		open "d/.." O_CREAT|O_WRONLY 0644 => EISDIR
		open "/" O_CREAT|O_RDONLY 0644 => EISDIR
		mkdir "new/" 0755 => OK
		rmdir "new/" => OK
		mkdir "new//" 0755 => OK
		rmdir "new///" => OK
		mkdir "dang/" 0755 => EEXIST
		stat "missing" => ENOENT
		mkdir "ld/" 0755 => EEXIST
		mkdir "lf/" 0755 => EEXIST
		mkdir "f/" 0755 => EEXIST
		mkdir "f/x" 0755 => ENOTDIR
		mkdir "d/" 0755 => EEXIST
		mkdir "missing/new" 0755 => ENOENT
		mkdirat AT_FDCWD "dang/" 0755 => EEXIST
		mknod "new/" S_IFREG|0644 => ENOENT
		mknod "new/" S_IFIFO|0644 => ENOENT
		mknod "d/" S_IFREG|0644 => EEXIST
		mknod "dang/" S_IFREG|0644
		mknodat AT_FDCWD "new/" S_IFREG|0644 => ENOENT
		symlink "x" "new/" => ENOENT
		symlink "x" "d/" => EEXIST
		symlink "x" "dang/"
		symlinkat "x" AT_FDCWD "new/" => ENOENT
		link "f" "new/" => ENOENT
		link "f/" "new" => ENOTDIR
		link "lf/" "new" => ENOTDIR
		link "f" "d/" => EEXIST
		linkat AT_FDCWD "f" AT_FDCWD "new/" 0 => ENOENT
	`},
	{Name: "trailing slash on removal", Tree: std, Script: `
		unlink "f/" => ENOTDIR
		unlink "d/" => EISDIR
		unlink "missing/" => ENOENT
		unlink "ld/" => ENOTDIR
		unlink "lf/" => ENOTDIR
		unlink "dang/" => ENOTDIR
		rmdir "ld/" => ENOTDIR
		rmdir "lslash/" => ENOTDIR
		rmdir "ld" => ENOTDIR
		rmdir "f/" => ENOTDIR
		rmdir "f" => ENOTDIR
		rmdir "missing/" => ENOENT
		rmdir "d/sub/" => ENOTEMPTY
		rmdir "empty/" => OK
		rmdir "d/sub/empty//" => OK
		unlinkat AT_FDCWD "ld/" AT_REMOVEDIR => ENOTDIR
		unlinkat AT_FDCWD "ld/" 0 => ENOTDIR
		unlinkat AT_FDCWD "f" AT_REMOVEDIR => ENOTDIR
		unlinkat AT_FDCWD "d" 0 => EISDIR
		unlinkat AT_FDCWD "f" 1 => EINVAL
		stat "d/f" => OK
		unlink "ld" => OK
		stat "d" => OK
		unlink "dang" => OK
		unlink "f" => OK
		unlink "fifo" => OK
		unlink "f" => ENOENT
	`},
	{Name: "last component is a dot", Tree: std, Script: `
		rmdir "." => EINVAL
		rmdir "d/." => EINVAL
		rmdir "empty/." => EINVAL
		rmdir ".." => ENOTEMPTY
		rmdir "d/.." => ENOTEMPTY
		rmdir "empty/.." => ENOTEMPTY
		rmdir "/" => EBUSY
		rmdir "//" => EBUSY
		rmdir "/." => EINVAL
		rmdir "/.." => ENOTEMPTY
		rmdir "f/." => ENOTDIR
		rmdir "missing/." => ENOENT
		rmdir "ld/." => EINVAL
		unlink "." => EISDIR
		unlink "d/." => EISDIR
		unlink "d/.." => EISDIR
		unlink "/" => EISDIR
		unlink "/.." => EISDIR
		unlink "f/." => ENOTDIR
		mkdir "." 0755 => EEXIST
		mkdir ".." 0755 => EEXIST
		mkdir "/" 0755 => EEXIST
		mkdir "d/." 0755 => EEXIST
		mkdir "d/.." 0755 => EEXIST
		mkdir "new/." 0755 => ENOENT
		mkdir "new/.." 0755 => ENOENT
		mkdir "ld/." 0755 => EEXIST
		mknod "d/." S_IFREG|0644 => EEXIST
		mknod "/" S_IFREG|0644 => EEXIST
		symlink "x" "d/." => EEXIST
		symlink "x" "/" => EEXIST
		link "f" "d/." => EEXIST
		link "f" "/" => EEXIST
		link "/" "new" => EPERM
		link "d/." "new" => EPERM
		rename "." "x" => EBUSY
		rename ".." "x" => EBUSY
		rename "/" "x" => EBUSY
		rename "d/." "x" => EBUSY
		rename "d/sub/.." "x" => EBUSY
		rename "/.." "x" => EBUSY
		rename "d" "." => EBUSY
		rename "d" "empty/.." => EBUSY
		rename "d" "/" => EBUSY
		rename "f" "empty/." => EBUSY
		rename "missing" "." => EBUSY
		rename "missing" "empty/.." => EBUSY
		renameat2 AT_FDCWD "d" AT_FDCWD "." RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "d" AT_FDCWD "/" RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "." AT_FDCWD "x" RENAME_NOREPLACE => EBUSY
		rename "ld/." "x" => EBUSY
		stat "d/sub" => OK
	`},
	{Name: "last component is a dot, in a subdirectory", Tree: std, Cwd: "/d/sub", Script: `
		rmdir "." => EINVAL
		rmdir ".." => ENOTEMPTY
		rmdir "../.." => ENOTEMPTY
		rmdir "../../.." => ENOTEMPTY
		mkdir ".." 0755 => EEXIST
		unlink "empty/.." => EISDIR
		rename "." "../x" => EBUSY
		rename "../.." "x" => EBUSY
		rename "empty" ".." => EBUSY
		rename "empty" "../moved" => OK
		rmdir "../moved" => OK
		symlink "x" "../.." => EEXIST
		getcwd
	`},
	{Name: "rename", Tree: std, Script: `
		rename "f/" "x" => ENOTDIR
		rename "f" "x/" => ENOTDIR
		rename "f" "g/" => ENOTDIR
		rename "f" "empty" => EISDIR
		rename "f" "empty/" => ENOTDIR
		rename "f" "missing/x" => ENOENT
		rename "f" "g/x" => ENOTDIR
		rename "missing" "x" => ENOENT
		rename "missing" "missing2/x" => ENOENT
		rename "empty" "new/" => OK
		rename "new/" "empty/" => OK
		rename "empty" "f" => ENOTDIR
		rename "empty/" "f" => ENOTDIR
		rename "empty" "d" => ENOTEMPTY
		rename "d" "empty" => OK
		rename "empty" "d" => OK
		rename "d" "d/sub/x" => EINVAL
		rename "d" "d" => OK
		rename "d/sub" "d" => ENOTEMPTY
		rename "ld/" "x" => ENOTDIR
		rename "lslash/" "x" => ENOTDIR
		rename "d/sub" "ld/" => ENOTDIR
		rename "f" "ld/" => ENOTDIR
		rename "d/sub" "dang/" => ENOTDIR
		rename "d/sub" "lf/" => ENOTDIR
		rename "ld" "ld2" => OK
		readlink "ld2" => OK "d"
		rename "ld2" "ld" => OK
		rename "f" "lf" => OK
		lstat "lf"
		rename "d/sub" "ld/sub2" => OK
		rename "ld/sub2" "lad/sub" => OK
		rename "d/f" "d/toroot/moved" => OK
		open "/moved" O_RDONLY
		rename "/../moved" "/./d/../d/f" => OK
		open "d/f" O_RDONLY
	`},
	{Name: "rename flags", Tree: std, Script: `
		renameat2 AT_FDCWD "f" AT_FDCWD "g" RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "f" AT_FDCWD "f" RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "f" AT_FDCWD "dang" RENAME_NOREPLACE => EEXIST
		renameat2 AT_FDCWD "missing" AT_FDCWD "g" RENAME_NOREPLACE => ENOENT
		renameat2 AT_FDCWD "f" AT_FDCWD "h" RENAME_NOREPLACE => OK
		renameat2 AT_FDCWD "h" AT_FDCWD "g" RENAME_EXCHANGE => OK
		open "h" O_RDONLY
		open "g" O_RDONLY
		renameat2 AT_FDCWD "h" AT_FDCWD "missing" RENAME_EXCHANGE => ENOENT
		renameat2 AT_FDCWD "h" AT_FDCWD "empty" RENAME_EXCHANGE => OK
		stat.t "h" => OK dir
		renameat2 AT_FDCWD "h/" AT_FDCWD "empty/" RENAME_EXCHANGE => ENOTDIR
		renameat2 AT_FDCWD "h/" AT_FDCWD "empty" RENAME_EXCHANGE => OK
		renameat2 AT_FDCWD "ld" AT_FDCWD "lf" RENAME_EXCHANGE => OK
		readlink "ld" => OK "f"
		renameat2 AT_FDCWD "d" AT_FDCWD "d/sub" RENAME_EXCHANGE => EINVAL
		renameat2 AT_FDCWD "g" AT_FDCWD "h" RENAME_NOREPLACE|RENAME_EXCHANGE => EINVAL
		renameat2 AT_FDCWD "g" AT_FDCWD "h" 8 => EINVAL
		renameat2 AT_FDCWD "g" AT_FDCWD "h" RENAME_WHITEOUT
		renameat AT_FDCWD "g" AT_FDCWD "gg"
		renameat -1 "/f" -1 "/ff"
	`},
	{Name: "links to files", Tree: std, Script: `
		link "f" "f2" => OK
		stat "f"
		stat "f2"
		link "f" "f2" => EEXIST
		link "f" "dang" => EEXIST
		link "lf" "lf2" => OK
		lstat "lf2"
		readlink "lf2"
		link "dang" "dang2" => OK
		readlink "dang2"
		link "d" "d2" => EPERM
		link "ld" "ld2" => OK
		lstat "ld2"
		link "missing" "x" => ENOENT
		link "f" "missing/x" => ENOENT
		link "f" "f/x" => ENOTDIR
		link "ld/f" "lad/f3" => OK
		stat "d/f3"
		linkat AT_FDCWD "lf" AT_FDCWD "lf3" AT_SYMLINK_FOLLOW => OK
		lstat "lf3"
		linkat AT_FDCWD "dang" AT_FDCWD "x" AT_SYMLINK_FOLLOW => ENOENT
		linkat AT_FDCWD "lf" AT_FDCWD "lf4" 0 => OK
		linkat AT_FDCWD "f" AT_FDCWD "y" 0x100 => EINVAL
		linkat AT_FDCWD "rootd/f" AT_FDCWD "stolen" 0
		unlink "f" => OK
		stat "f2"
	`},
	{Name: "symlinks are stored as they are", Tree: std, Script: `
		symlink "/d/f" "s1" => OK
		readlink "s1" => OK "/d/f"
		symlink "/" "s2"
		readlink "s2" => OK "/"
		symlink "//d//f/" "s3"
		readlink "s3" => OK "//d//f/"
		open "s3" O_RDONLY => ENOTDIR
		symlink ".." "s4"
		open "s4/f" O_RDONLY
		symlink "  " "s5"
		readlink "s5"
		symlink "x" "f" => EEXIST
		symlink "x" "dang" => EEXIST
		symlink "x" "d" => EEXIST
		symlink "x" "missing/y" => ENOENT
		symlink "x" "f/y" => ENOTDIR
		symlink "x" "ld/y" => OK
		lstat "d/y"
		symlinkat "../g" AT_FDCWD "d/z"
		open "ld/z" O_RDONLY
		symlink "/proc/self/cwd/f" "s6"
		readlink "s6"
	`},
	{Name: "mknod", Tree: std, Script: `
		mknod "r" S_IFREG|0640 => OK
		stat "r"
		mknod "r0" 0600 => OK
		stat "r0"
		mknod "p" S_IFIFO|0600 => OK
		stat "p"
		mknod "s" S_IFSOCK|0600 => OK
		stat "s"
		mknod "d1" S_IFDIR|0755 => EPERM
		mknod "l1" S_IFLNK|0755 => EINVAL
		mknod "c" S_IFCHR|0600 0x103 => EPERM
		mknod "b" S_IFBLK|0600 0x103 => EPERM
		mknod "wh" S_IFCHR|0600 0
		mknod "dang" S_IFREG|0644 => EEXIST
		mknod "lf" S_IFIFO|0644 => EEXIST
		mknod "f" S_IFREG|0644 => EEXIST
		mknod "missing/x" S_IFREG|0644 => ENOENT
		mknod "f/x" S_IFREG|0644 => ENOTDIR
		mknodat AT_FDCWD "ld/p" S_IFIFO|0644
		stat "d/p"
		mknodat AT_FDCWD "dang" S_IFIFO|0644 => EEXIST
		stat "missing" => ENOENT
	`},
	{Name: "mkdir modes and umask", Tree: std, Script: `
		umask 0
		mkdir "a" 0777
		stat "a"
		open "a/f" O_CREAT|O_WRONLY 0666
		stat "a/f"
		umask 077
		mkdir "b" 0777
		stat "b"
		open "b/f" O_CREAT|O_WRONLY 0666
		stat "b/f"
		mknod "b/p" S_IFIFO|0666
		stat "b/p"
		mkdir "c" 07777
		stat "c"
		open "dang" O_CREAT|O_WRONLY 0666
		stat "missing"
		umask 022
		fork {
			umask 0
			mkdir "e" 0777
		}
		mkdir "g2" 0777
		stat "e"
		stat "g2"
	`},
	{Name: "directories in the way", Tree: std, Script: `
		rmdir "d" => ENOTEMPTY
		rmdir "d/sub/empty" => OK
		unlink "d/sub" => EISDIR
		open "d" O_WRONLY => EISDIR
		open "d" O_RDWR => EISDIR
		open "d" O_RDONLY|O_TRUNC => EISDIR
		truncate "d" 0 => EISDIR
		open "f" O_RDONLY|O_DIRECTORY => ENOTDIR
		open "lf" O_RDONLY|O_DIRECTORY => ENOTDIR
		open "new" O_CREAT|O_DIRECTORY|O_RDONLY 0755 => EINVAL
		open "d" O_CREAT|O_DIRECTORY|O_RDONLY 0755 => EINVAL
		mkdir "d" 0755 => EEXIST
		mkdir "f" 0755 => EEXIST
		mkdir "lf" 0755 => EEXIST
		mkdir "dang" 0755 => EEXIST
		open "d" O_CREAT|O_EXCL|O_WRONLY 0644 => EEXIST
		creat "d" 0644 => EISDIR
	`},
}
