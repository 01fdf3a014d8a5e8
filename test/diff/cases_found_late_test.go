package difftest

// foundLateCases are more of foundMoreCases.
var foundLateCases = []Case{
	{Name: "found/the sticky bit and the owner of a mount point", Tree: boundTree + "root:d /stick 1777\nd /stick/mine\nroot:d /stick/theirs\n", Mounts: "tmpfs /stick/new\ntmpfs /stick/theirs\nbind @n /stick/mine ro", Script: `
		unlink "/stick/new" => EPERM
		rmdir "/stick/new" => EPERM
		unlink "/stick/theirs" => EPERM
		rmdir "/stick/theirs" => EPERM
		unlink "/stick/mine" => EISDIR
		rmdir "/stick/mine" => EBUSY
		rename "/stick/mine" "/x" => EBUSY
		rename "/stick/theirs" "/x" => EPERM
	`},
	{Name: "found/names in a directory of a read-only mount that has been removed", Tree: boundTree + "d @m/dir\n", Mounts: "bind @m /mnt ro\nbind @m /d/sub/empty", Script: `
		chdir "/mnt/dir"
		rmdir "/d/sub/empty/dir" => OK
		mkdir "x" 0755 => ENOENT
		mknod "x" S_IFREG|0644 => ENOENT
		symlink "a" "x" => ENOENT
		link "/mnt" "x" => ENOENT
		open "x" O_CREAT|O_RDWR 0644 => ENOENT
		mkdir "n"*300 0755 => ENOENT
		unlink "x" => EROFS
		rename "x" "y" => EROFS
		mkdir "." 0755 => EEXIST
	`},
	{Name: "found/links of files of one of two places by their descriptors", Tree: boundTree + "d /proc\n", Mounts: "bind @m /mnt\nbind @m /d/sub/empty\nproc /proc", Script: `
		t=open "/mnt" O_TMPFILE|O_RDWR 0644
		linkat $t "" AT_FDCWD "/mnt/t" AT_EMPTY_PATH => OK
		u=open "/d/sub/empty" O_TMPFILE|O_RDWR 0644
		linkat $u "" AT_FDCWD "/d/sub/empty/u" AT_EMPTY_PATH => OK
		v=open "/mnt" O_TMPFILE|O_RDWR 0644
		linkat $v "" AT_FDCWD "/d/sub/empty/v" AT_EMPTY_PATH => EXDEV
		w=open "/d/sub/empty" O_TMPFILE|O_RDWR 0644
		linkat $w "" AT_FDCWD "/mnt/w" AT_EMPTY_PATH => EXDEV
		linkat AT_FDCWD "/proc/self/fd/"+$w AT_FDCWD "/mnt/w" AT_SYMLINK_FOLLOW => EXDEV
		linkat AT_FDCWD "/proc/self/fd/"+$w AT_FDCWD "/d/sub/empty/w" AT_SYMLINK_FOLLOW => OK
		f=open "/mnt/f" O_RDWR|O_CREAT 0644
		linkat $f "" AT_FDCWD "/mnt/f2" AT_EMPTY_PATH => OK
		linkat $f "" AT_FDCWD "/f2" AT_EMPTY_PATH => EXDEV
		g=open "/d/sub/empty/g" O_RDWR|O_CREAT 0644
		linkat $g "" AT_FDCWD "/d/sub/empty/g3" AT_EMPTY_PATH => OK
		linkat AT_FDCWD "/proc/self/fd/"+$g AT_FDCWD "/d/sub/empty/g4" AT_SYMLINK_FOLLOW => OK
	`},
	{Name: "found/up from a removed directory by a magic link", Tree: boundTree + "d /proc\nd /r/a/b\nf /r/f\n", Mounts: "proc /proc", Script: `
		chdir "/r/a/b"
		d=open "." O_PATH
		rmdir "/r/a/b"
		open "/proc/self/cwd/.." O_PATH => OK
		stat "/proc/self/cwd/../../f" => OK
		stat "/proc/self/cwd/../" => OK
		stat "/proc/self/fd/"+$d+"/.." => OK
		stat "/proc/self/fd/"+$d+"/x" => ENOENT
		stat "/proc/self/fd/"+$d+"/../b" => ENOENT
		mkdir "/proc/self/cwd/../new" 0755 => OK
		rmdir "/proc/self/cwd/../new" => OK
		lstat "/proc/self/cwd/../.." => OK
	`},
	{Name: "found/names below a directory that cannot be reached by its path", Tree: boundTree + "d /a/c/g\nd /a/m\nl /a/c/l .\n", Mounts: "bind @n /a/c/g\nbind @m /a/c/new", Script: `
		chdir "/a/c"
		d=open "." O_RDONLY|O_DIRECTORY
		chmod "/a" 0600
		rmdir "g" => EBUSY
		mkdir "g" 0755 => EEXIST
		mkdir "new" 0755 => EEXIST
		rename "g" "h" => EBUSY
		rename "l" "g" => EISDIR
		unlink "g" => EISDIR
		mkdirat $d "g" 0755 => EEXIST
		open "l" O_PATH|O_DIRECTORY => OK
		openat $d "l" O_RDONLY|O_DIRECTORY => OK
		openat $d "l/l/l" O_RDONLY => OK
	`},
	{Name: "found/a descriptor of a file that an overlay does not show any more", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		p=open "/m/af" O_PATH
		f=open "/m/af" O_RDONLY
		unlink "/m/af"
		getdents64 $p => EBADF
		getdents64 $f => ENOTDIR
	`},
	{Name: "found/a shut directory over a whiteout", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		mkdir "/m/hiddendir" 0000 => OK
		lstat "/m/hiddendir"
		mkdir "/m/d/ad" 0500 => OK
		lstat "/m/d/ad"
		mkdir "/m/hiddendir/x" 0755 => EACCES
		chmod "/m/hiddendir" 0700
		mkdir "/m/hiddendir/x" 0755 => OK
		rmdir "/m/d/ad" => OK
	`},
	{Name: "found/into one of two places of a directory by its descriptor", Tree: boundTree + "f @m/b\nd /proc\n", Mounts: "bind @m /l/c/d\nbind @m /l/c/d/sub\nproc /proc", Script: `
		f=openat -1 "/l/c/d" O_PATH|O_NONBLOCK|O_CREAT|O_APPEND 0644
		fchdir $f
		getcwd
		chdir "/proc/self/fd/"+$f
		getcwd => OK "/l/c/d" 7
		unlink "../b/." => ENOENT
		g=open "/l/c/d/sub" O_PATH
		chdir "/proc/self/fd/"+$g
		getcwd => OK "/l/c/d/sub" 11
		unlink "../b/." => ENOTDIR
	`},
	{Name: "found/making what is there, a merged directory that cannot be read", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		chmod "/m/d" 0300
		open "/m/d/." O_RDONLY|O_CREAT 0644 => EISDIR
		open "/m/d" O_RDONLY|O_CREAT 0644 => EISDIR
		open "/m/d" O_RDONLY => EACCES
		chmod "/m/d" 0600
		open "/m/d/." O_RDONLY|O_CREAT 0644
		open "/m/d/sub/." O_RDONLY|O_CREAT 0644 => EACCES
	`},
	{Name: "found/a mount point under another mount, by a relative path", Tree: boundTree, Mounts: "bind @m/sub /d/sub\nbind @m /d/sub\nbind @m /mnt", Script: `
		chdir "/d/sub"
		rmdir "sub" => EBUSY
		rename "sub" "x" => EBUSY
		rename "in" "sub" => EISDIR
		chdir "/mnt"
		rmdir "sub" => EBUSY
		rmdir "/mnt/sub" => EBUSY
	`},
	{Name: "found/a mount point at another place, by a relative path from above", Tree: boundTree + "d @m/a/b/c\n", Mounts: "bind @m/a /d/sub\nbind @m /mnt\ntmpfs /d/sub/b/c", Script: `
		chdir "/mnt"
		rmdir "a/b/c" => EBUSY
		rename "a/b/c" "x" => EBUSY
		chdir "a"
		rmdir "b/c" => EBUSY
		chdir "b"
		rmdir "c" => EBUSY
	`},
	{Name: "found/a directory of two places that was sent away", Tree: boundTree, Mounts: "bind @m /mnt ro\nbind @m /d/sub", Script: `
		f=open "/d/sub" O_PATH
		give 2 $f f1
		close $f
		@2 fstatfs.m $f1
		@2 mkdirat $f1 "x" 0755 => OK
		g=open "/mnt" O_PATH
		give 2 $g f1
		close $g
		@2 fstatfs.m $f1
		@2 mkdirat $f1 "y" 0755 => EROFS
	`},
	{Name: "found/a read-only file shown twice, by its descriptor's name", Tree: boundTree + "f @m/a/f\nd /proc\n", Mounts: "bind @m/a/f /f ro\nbind @m /mnt ro\nproc /proc", Script: `
		f=open "/mnt/a/f" O_PATH
		readlink "/proc/self/fd/"+$f => OK "/mnt/a/f"
		g=open "/proc/self/fd/"+$f O_RDONLY
		readlink "/proc/self/fd/"+$g => OK "/mnt/a/f"
		h=open "/f" O_RDONLY
		readlink "/proc/self/fd/"+$h => OK "/f"
	`},
	{Name: "found/the current directory of a child of a failed fchdir", Tree: boundTree, Mounts: "bind @m /mnt\nbind @m /dcopy", Script: `
		chdir "/mnt"
		fchdir -1 => EBADF
		fork {
			getcwd => OK "/mnt" 5
			stat "../f" => OK
			chdir "missing" => ENOENT
			getcwd => OK "/mnt" 5
		}
		getcwd => OK "/mnt" 5
	`},
	{Name: "found/an open by way of links or .. gives the lowest descriptor", Tree: std + "d /a\nd /a/b\nf /a/b/f\nl /a/l b\nl /a/abs /a/b\nl /l /a\nf @file\n", Mounts: "bind @file /a/m ro", Script: `
		f=open "/a/l" O_RDONLY|O_DIRECTORY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/l/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/l/f" O_RDWR
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/abs/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/l/b/f" O_PATH
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/l/b/new" O_CREAT|O_RDWR 0644
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "/a/b/../b/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		chdir "/a/b"
		f=open "../.." O_RDONLY|O_DIRECTORY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "../../a/b/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "../l/f" O_RDONLY
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
		f=open "../../l/b" O_PATH
		close $f
		g=open "/" O_RDONLY
		fstat $f => OK
		close $g
	`},
	{Name: "found/the text of a magic link that was opened itself", Tree: std + "d /proc\n", Mounts: "proc /proc", Script: `
		chdir "/d"
		f=open "/proc/self/cwd" O_PATH|O_NOFOLLOW
		readlinkat $f "" => OK "/d"
		g=open "/f" O_RDONLY
		h=open "/proc/self/fd/"+$g O_PATH|O_NOFOLLOW
		readlinkat $h "" => OK "/f"
		i=open "/proc/self/root" O_PATH|O_NOFOLLOW
		readlinkat $i "" => OK "/"
		j=open "/proc/mounts" O_PATH|O_NOFOLLOW
		readlinkat $j "" => OK "self/mounts"
		k=open "/lf" O_PATH|O_NOFOLLOW
		readlinkat $k ""
	`},
	{Name: "found/executing by a descriptor what was copied up since", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		f=open "/m/af" O_PATH
		execveat $f "" AT_EMPTY_PATH "x" => EACCES
		fchmodat2 $f "" 0755 AT_EMPTY_PATH => OK
		execveat $f "" AT_EMPTY_PATH "x" => ENOEXEC
		chmod "/m/af" 0644
		execveat $f "" AT_EMPTY_PATH "x" => EACCES
	`},
	{Name: "found/a file without a name in an overlay by way of a magic link", NoInodes: true, Tree: layered + "d /proc\n", Mounts: layers + "\nproc /proc", Script: `
		chdir "/m/d/sub"
		f=open "/proc/self/cwd" O_TMPFILE|O_RDWR 0644 => OK
		linkat $f "" AT_FDCWD "/m/d/sub/new" AT_EMPTY_PATH => OK
		g=open "/m/af" O_RDONLY
		open "/proc/self/fd/"+$g O_TMPFILE|O_RDWR 0644 => ENOTDIR
	`},
	{Name: "found/errors of a rename to a place of more rights", Tree: std + "d @m\nf @m/g/l\nl @m/b/a /b/d/\nf @m/b/f\nd @m/b/e/e\n", Mounts: "bind @m/b /new ro\nbind @m /d noexec", Script: `
		rename "/d/g" "/d/b/a" => ENOTDIR
		rename "/d/g/l" "/d/b/e" => EISDIR
		rename "/d/g" "/d/b/e" => ENOTEMPTY
		rename "/d/g/missing" "/d/b/x" => ENOENT
		rename "/d/g/l" "/d/b/l" => OK
		rename "/d/g" "/d/b/g" => OK
		link "/d/b/f" "/d/f" => OK
		rename "/d/b/g" "/d/h" => OK
	`},
	{Name: "found/the current directory of a new process after a thread's failed fchdir", Tree: std + "d @m/c\n", Mounts: "bind @m/c /d/new ro\nbind @m /new", Script: `
		f=open "/new/c" O_PATH|O_DIRECTORY
		fchdir $f
		@t fchdir -1 => EBADF
		respawn 2
		@2 getcwd => OK "/new/c" 7
	`},
	{Name: "found/up to where a directory above is shut", Tree: std + "d @m/g/l\nl @m/g/l/g ../b\nl @m/g/l/f ../f\nf @m/g/f\n", Mounts: "bind @m /new", Script: `
		chdir "/new/g"
		chmod "/new" 0000
		stat "l/g/g/" => ENOENT
		stat "l/../f" => OK
		stat "l/../missing" => ENOENT
		mkdir "l/g/x" 0755 => ENOENT
		unlink "l/g/x" => ENOENT
		open "l/../f" O_RDONLY => OK
		open "l/f" O_RDONLY => OK
		open "l/.." O_RDONLY|O_DIRECTORY => OK
		stat "l/../.." => OK
		stat "l/../../g" => EACCES
		stat "l/../../missing" => EACCES
		getcwd
	`},
	{Name: "found/a new file's slash in a shut directory of an overlay", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		open "/m/d/ad/" O_RDWR|O_CREAT 0644 => EISDIR
		open "/m/x/" O_RDWR|O_CREAT 0644 => EISDIR
		chmod "/m/d" 0644
		open "/m/d/ad/" O_RDWR|O_CREAT 0644 => EACCES
		open "/m/d/sub/" O_RDWR|O_CREAT 0644 => EACCES
		open "/m/d/new/" O_RDWR|O_CREAT 0644 => EACCES
	`},
	{Name: "found/moving a mount point into a directory that has been removed", Tree: std + "d /b\n", Mounts: "tmpfs /new", Script: `
		chdir "/b"
		rmdir "../b"
		rename "/new" "a" => ENOENT
		rename "a" "/new" => ENOENT
		renameat2 AT_FDCWD "/new" AT_FDCWD "a" RENAME_EXCHANGE => ENOENT
		rename "/d" "a" => ENOENT
	`},
	{Name: "found/moving a directory above a mount point over a full one that cannot be read", Tree: std + "d /a\nd /b 0300\nl /b/x y\n", Mounts: "tmpfs /a/g", Script: `
		rename "a" "b" => ENOTEMPTY
		rename "/a" "/b/" => ENOTEMPTY
		lstat "/b"
	`},
	{Name: "found/into a mount whose source has been exchanged", Tree: std + "d /b\nd /b2\nd /b/sub\nd /b2/sub\n", Mounts: "bind /b /new", Unstable: true, Script: `
		renameat2 AT_FDCWD "/b2" AT_FDCWD "/b" RENAME_EXCHANGE
		~ENOENT chdir "/new" => OK
		~ENOENT chdir "/new/sub" => OK
		chdir "/d" => OK
	`},
	{Name: "found/a missing file of an overlay to a name that is too long", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		rename "/m/missing" "/m/"+"n"*256 => ENOENT
		rename "/m/af" "/m/"+"n"*256 => ENAMETOOLONG
		renameat2 AT_FDCWD "/m/missing" AT_FDCWD "/m/d/"+"n"*256 RENAME_EXCHANGE => ENOENT
	`},
	{Name: "found/changes by a descriptor of a file whose place another has", NoInodes: true, Tree: layered + "d /proc\n", Mounts: layers + "\nproc /proc", Script: `
		f=open "/m/nowrite" O_PATH
		rename "/m/af" "/m/nowrite" => OK
		fchmodat2 $f "" 0750 AT_EMPTY_PATH
		lstat "/m/nowrite"
		g=open "/m/both" O_PATH
		unlink "/m/both" => OK
		fchmodat2 $g "" 0750 AT_EMPTY_PATH
		h=open "/m/d/sub/as" O_RDONLY
		unlink "/m/d/sub/as" => OK
		fchmod $h 0700
		mknod "/m/d/sub/as" S_IFREG|0644
		fchmod $h 0700
		fsetxattr $h "user.x" "z"
		fchown $h -1 -1
		fchmodat2 $h "" 0750 AT_EMPTY_PATH
		open "/proc/self/fd/"+$h O_RDWR
		truncate "/proc/self/fd/"+$h 0
		chmod "/proc/self/fd/"+$h 0700
		linkat AT_FDCWD "/proc/self/fd/"+$h AT_FDCWD "/m/new" AT_SYMLINK_FOLLOW
	`},
	{Name: "found/the root of a call, shut", Script: `
		chmod "/" 0000
		openat2 AT_FDCWD "//" O_WRONLY|O_CREAT 0644 RESOLVE_IN_ROOT|RESOLVE_NO_XDEV => EISDIR
		openat2 AT_FDCWD "/" O_RDONLY 0 RESOLVE_IN_ROOT => EACCES
		openat2 AT_FDCWD "/." O_WRONLY|O_CREAT 0644 RESOLVE_IN_ROOT => EACCES
		chmod "/" 0444
		openat2 AT_FDCWD "/" O_RDONLY|O_DIRECTORY 0 RESOLVE_IN_ROOT => OK
		openat2 AT_FDCWD "/." O_RDONLY|O_DIRECTORY 0 RESOLVE_IN_ROOT => EACCES
		chmod "/" 0755
	`},
	{Name: "found/a failed fchdir to the same directory by another name", Tree: "d @m\nd /b\nd /d", Mounts: "bind @m /b\nbind @m /d", Script: `
		f=open "/d" O_RDONLY
		chdir "/b"
		chmod "/b" 0600
		fchdir $f => EACCES
		getcwd => OK "/b" 3
		chmod "/b" 0700
		fchdir $f => OK
		getcwd => OK "/d" 3
	`},
	{Name: "found/changes by a descriptor of what has been moved", NoInodes: true, Tree: layered, Mounts: layers, Script: `
		f=open "/m/af" O_PATH
		rename "/m/af" "/m/new" => OK
		fchmodat2 $f "" 0750 AT_EMPTY_PATH => OK
		lstat "/m/new"
		g=open "/m/both" O_RDONLY
		renameat2 AT_FDCWD "/m/new" AT_FDCWD "/m/both" RENAME_EXCHANGE => OK
		fchmod $g 0700 => OK
		fchmodat2 $f "" 0711 AT_EMPTY_PATH => OK
		lstat "/m/new"
		lstat "/m/both"
		h=open "/m/d/sub/as" O_RDONLY
		rename "/m/d/sub/as" "/m/both" => OK
		fchmod $h 0500 => OK
		fchmod $g 0600 => OK
		lstat "/m/both"
		lstat "/m/new"
	`},
}
