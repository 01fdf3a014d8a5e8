package difftest

var miscCases = []Case{
	// Each of these was wrong in another ptrace tool.
	{Name: "known mistakes of other tools", Tree: std + chain(30, "f") + "d /a\nd /a/b\n", Script: `
		mkdir "/dang/" 0755 => EEXIST
		stat "/missing" => ENOENT
		rmdir "/ld/" => ENOTDIR
		unlink "/ld/" => ENOTDIR
		unlink "/lf/" => ENOTDIR
		rename "/ld/" "/x" => ENOTDIR
		stat "/d" => OK
		rename "/a/b/.." "/x" => EBUSY
		stat "/a" => OK
		rename "/d" "/dang/" => ENOTDIR
		open "/dangslash" O_CREAT|O_WRONLY 0644 => EISDIR
		stat "/newdir" => ENOENT
		mkdir "/"+"n"*255 0755 => OK
		stat "/"*4095 => OK
		open "/c1" O_RDONLY => OK
		stat "/c10" => OK
		chdir NULL => EFAULT
		mknod "/dang" S_IFREG|0644 => EEXIST
		mknodat AT_FDCWD "/dang" S_IFIFO|0644 => EEXIST
		stat "/missing" => ENOENT
		chmod "/d" 0654
		chdir "/d" => EACCES
		chmod "/d" 0745
		chdir "/d" => OK
		chmod "/d" 0655
		chdir "/d" => EACCES
		chdir "/"
		chmod "/d" 0755
		execve "/guest" BAD => EFAULT
		~EACCES execve "/xonly" "x" => ENOEXEC
		getcwd 0 => ERANGE
		getcwd BAD 0
		getcwd BAD 1
	`},
	{Name: "calls of the kernel's cwd follow chdir", Tree: boundTree, Mounts: bound, Script: `
		chdir "/d"
		openat2 AT_FDCWD "f" O_RDONLY
		fchmodat2 AT_FDCWD "f" 0640 0
		statx AT_FDCWD "f" 0 STATX_BASIC_STATS
		faccessat2 AT_FDCWD "f" R_OK AT_EACCESS
		execveat AT_FDCWD "../guest" 0 "g" "exit" "4" => OK exit=4 out=""
		chdir "/mnt"
		openat2 AT_FDCWD "in" O_RDONLY
		fchmodat2 AT_FDCWD "in" 0640 0
		statx AT_FDCWD "in" 0 STATX_BASIC_STATS
		faccessat2 AT_FDCWD "in" R_OK AT_EACCESS
		execveat AT_FDCWD "../guest" 0 "g" "exit" "4" => OK exit=4 out=""
		i=inotify_init1 0
		inotify_add_watch $i "in" IN_ALL_EVENTS
		~ENOSYS file_getattr AT_FDCWD "in" 0
		~ENOTSUP name_to_handle_at AT_FDCWD "in"
	`},
	{Name: "privileged calls", Tree: std, Script: `
		mount "/d" "/empty" NULL MS_BIND => EPERM
		~EPERM mount "/d" "/missing" NULL MS_BIND
		umount2 "/" 0 => EPERM
		~EPERM umount2 "/missing" 0
		pivot_root "/d" "/d/sub" => EPERM
		~ENOSYS open_tree AT_FDCWD "/d" 1
		~ENOSYS open_tree_attr AT_FDCWD "/d" 1 NULL 0
		~ENOSYS fspick AT_FDCWD "/" 0
		~ENOSYS move_mount AT_FDCWD "/d" AT_FDCWD "/empty" 0
		~ENOSYS mount_setattr AT_FDCWD "/" 0 "a mount_attr, whatever it says....................................." 32
		swapon "/f" 0 => EPERM
		swapoff "/f" => EPERM
		acct NULL => EPERM
		acct "/f" => EPERM
		unshare CLONE_NEWNS => EPERM
		chroot "/" => EPERM
		mknod "/dev" S_IFCHR|0644 0x103 => EPERM
	`},
	{Name: "protected directories", Tree: std + "root:d /sticky 01777\nroot:f /sticky/rootfile 0644\nf /sticky/mine\nroot:l /sticky/rootlink /f\n", Script: `
		unlink "/sticky/rootfile" => EPERM
		rename "/sticky/rootfile" "/x" => EPERM
		unlink "/sticky/mine" => OK
		open "/sticky/new" O_CREAT|O_RDWR 0600 => OK
		rename "/sticky/new" "/sticky/rootfile" => EPERM
		stat "/sticky/rootlink"
		open "/sticky/rootlink" O_RDONLY
		open "/sticky/rootfile" O_RDWR|O_CREAT 0644 => EACCES
		open "/sticky/rootfile" O_RDONLY|O_CREAT 0644 => OK
		link "/sticky/rootfile" "/hard"
		rmdir "/sticky" => ENOTEMPTY
		rename "/sticky" "/s2"
	`},
	{Name: "the same names again and again", Tree: std, Script: `
		mkdir "/x" 0755
		stat "/x"
		rmdir "/x"
		stat "/x" => ENOENT
		open "/x" O_CREAT|O_WRONLY 0644
		stat "/x"
		unlink "/x"
		stat "/x" => ENOENT
		symlink "d" "/x"
		stat "/x/f"
		unlink "/x"
		mkdir "/x" 0755
		stat "/x/f" => ENOENT
		rename "/x" "/y"
		symlink "/y" "/x"
		open "/x/new" O_CREAT|O_WRONLY 0644
		unlink "/x"
		rename "/y" "/x"
		stat "/x/new"
		rename "/d" "/z"
		stat "/ld" => ENOENT
		mkdir "/d" 0700
		stat "/ld"
		stat "/ld/f" => ENOENT
	`},
	{Name: "ioctl on a read-only bind", Tree: std + src + "d /mnt\n", Mounts: "bind @m /mnt ro", Script: `
		f=open "/mnt/in" O_RDONLY
		# FS_IOC_SETFLAGS with no flags, FS_IOC_GETFLAGS, TIOCSTI
		ioctl $f 0x40086602 "\x00\x00\x00\x00\x00\x00\x00\x00" => EROFS
		ioctl $f 0x80086601 "\x00\x00\x00\x00\x00\x00\x00\x00" => OK
		ioctl $f 0x5401 "" => ENOTTY
	`},
	{Name: "descriptor calls", Tree: std, Script: `
		f=open "/f" O_RDWR
		g=dup $f
		dup3 $f 200 O_CLOEXEC
		dup2 $f 201
		fstat $g
		close $f
		read $g 10
		lseek $g 0 SEEK_SET
		read $g 100
		write $g "appended"
		fcntl $g F_GETFL
		close $g
		close $g => EBADF
		fstat $g => EBADF
		fork {
			open "/f" O_RDONLY
		}
	`},
}
