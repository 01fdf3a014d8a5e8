package difftest

var cwdCases = []Case{
	{Name: "chdir and getcwd", Tree: std, Script: `
		getcwd => OK "/" 2
		getcwd 0 => ERANGE
		getcwd 1 => ERANGE
		getcwd NULL 0
		getcwd NULL 100 => EFAULT
		chdir "d" => OK
		getcwd => OK "/d" 3
		getcwd 2 => ERANGE
		getcwd 3 => OK
		chdir "sub/.."
		getcwd => OK "/d" 3
		chdir "back"
		getcwd => OK "/" 2
		chdir "ld/sub"
		getcwd => OK "/d/sub" 7
		chdir "/lll"
		getcwd => OK "/d" 3
		chdir "toroot/lad"
		getcwd => OK "/d" 3
		chdir "f" => ENOTDIR
		chdir "/f/" => ENOTDIR
		chdir "missing" => ENOENT
		chdir "/nox" => EACCES
		chdir "/nor" => OK
		getcwd => OK "/nor" 5
		open "." O_RDONLY => EACCES
		stat "f"
		chdir "/.."
		getcwd => OK "/" 2
		chdir "//d//sub//"
		getcwd => OK "/d/sub" 7
		chdir "../../../.."
		getcwd => OK "/" 2
		chdir "/above"
		getcwd => OK "/d" 3
		chdir "/loop" => ELOOP
		chdir "/dang" => ENOENT
		getcwd => OK "/d" 3
	`},
	{Name: "the start directory", Tree: std, Cwd: "/d/sub", Script: `
		getcwd => OK "/d/sub" 7
		stat "g"
		stat "../f"
		open "ff" O_RDONLY
	`},
	{Name: "start through a link", Tree: std, Cwd: "/ld/sub", Script: `
		getcwd => OK "/d/sub" 7
		stat "../f"
	`},
	{Name: "fchdir", Tree: std, Script: `
		d=open "/d/sub" O_RDONLY|O_DIRECTORY
		p=open "/d" O_PATH
		l=open "/ld" O_PATH
		f=open "/f" O_RDONLY
		fchdir $d => OK
		getcwd => OK "/d/sub" 7
		stat "g"
		fchdir $p => OK
		getcwd => OK "/d" 3
		fchdir $l => OK
		getcwd => OK "/d" 3
		fchdir $f => ENOTDIR
		fchdir AT_FDCWD => EBADF
		rename "/d/sub" "/d/moved"
		fchdir $d => OK
		getcwd => OK "/d/moved" 9
		stat "../f"
	`},
	{Name: "deleted working directory", Tree: std + "d /proc\n", Mounts: "proc /proc", Cwd: "/d/sub/empty", Script: `
		rmdir "/d/sub/empty" => OK
		getcwd => ENOENT
		open "." O_RDONLY => OK
		open ".." O_RDONLY => OK
		stat "."
		stat ".."
		stat "../g"
		open "../g" O_RDONLY
		stat "../../f"
		stat "x" => ENOENT
		open "x" O_CREAT|O_WRONLY 0644 => ENOENT
		mkdir "x" 0755 => ENOENT
		symlink "x" "y" => ENOENT
		link "/f" "y" => ENOENT
		rename "/f" "y" => ENOENT
		chdir "." => OK
		getcwd => ENOENT
		readlink "/proc/self/cwd"
		stat "/proc/self/cwd"
		open "/f" O_RDONLY
		mkdir "/d/sub/empty" 0755 => OK
		getcwd => ENOENT
		mkdir "x" 0755 => ENOENT
		fork {
			getcwd => ENOENT
			stat "../g"
			chdir ".."
			getcwd
		}
		execve "/guest" "guest" "exit" "5"
		chdir ".." => OK
		getcwd => OK "/d/sub" 7
	`},
	{Name: "deleted directory descriptor", Tree: std, Script: `
		d=open "/d/sub/empty" O_RDONLY|O_DIRECTORY
		p=open "/d/sub/empty" O_PATH
		rmdir "/d/sub/empty" => OK
		openat $d "." O_RDONLY
		openat $p ".." O_RDONLY
		openat $d "x" O_CREAT|O_WRONLY 0644 => ENOENT
		mkdirat $p "x" 0755 => ENOENT
		newfstatat $d "../g"
		newfstatat $d "" AT_EMPTY_PATH
		getdents64 $d
		fchdir $d => OK
		getcwd => ENOENT
		open "../g" O_RDONLY
	`},
	{Name: "working directory renamed by itself", Tree: std, Script: `
		chdir "/d/sub"
		rename "/d" "/moved" => OK
		getcwd => OK "/moved/sub" 11
		open "g" O_RDONLY
		open "../f" O_RDONLY
		open "../../f" O_RDONLY
		mkdir "new" 0755
		stat "/moved/sub/new"
		stat "/d/sub/new" => ENOENT
		symlink "/moved" "/d"
		stat "/d/sub/new"
		chdir ".."
		getcwd => OK "/moved" 7
		rename "/moved/sub" "/sub"
		stat "sub" => ENOENT
		chdir "/sub/empty"
		rename "/sub/empty" "/moved/e2"
		getcwd => OK "/moved/e2" 10
		stat "../f"
	`},
	{Name: "working directory renamed by another process", Tree: std, Script: `
		chdir "/d/sub"
		d=open "." O_RDONLY|O_DIRECTORY
		fork {
			chdir "/"
			rename "/d" "/moved"
			rename "/moved/sub" "/s"
		}
		getcwd => OK "/s" 3
		open "g" O_RDONLY
		open "../f" O_RDONLY
		open "new" O_CREAT|O_WRONLY 0644
		mkdirat $d "newd" 0755
		stat "/s/new"
		stat "/s/newd"
		openat $d "../f" O_RDONLY
		openat $d "../moved/f" O_RDONLY
		chdir "empty"
		fork {
			rmdir "/s/empty"
		}
		getcwd => ENOENT
		stat "../g"
	`},
	{Name: "working directory deleted and made again by another process", Tree: std, Script: `
		chdir "/d/sub/empty"
		fork {
			rmdir "/d/sub/empty"
			mkdir "/d/sub/empty" 0755
			open "/d/sub/empty/x" O_CREAT|O_WRONLY 0644
		}
		getcwd => ENOENT
		stat "x" => ENOENT
		stat "../empty/x" => OK
		stat "/d/sub/empty/x" => OK
	`},
	{Name: "a child has its own working directory", Tree: std, Script: `
		chdir "/d"
		fork {
			getcwd => OK "/d" 3
			chdir "sub"
			getcwd => OK "/d/sub" 7
			open "g" O_RDONLY
			fork {
				getcwd
				chdir "/"
			}
			open "g" O_RDONLY
		}
		getcwd => OK "/d" 3
		open "f" O_RDONLY
	`},
	{Name: "threads share the working directory", Tree: std, Script: `
		chdir "/d"
		thread {
			getcwd => OK "/d" 3
			chdir "sub"
		}
		getcwd => OK "/d/sub" 7
		open "g" O_RDONLY
		chdir "/"
		thread {
			getcwd => OK "/" 2
			open "f" O_RDONLY
		}
	`},
	{Name: "a thread with a working directory of its own", Tree: std, Script: `
		chdir "/d"
		thread {
			unshare CLONE_FS
			getcwd => OK "/d" 3
			chdir "sub"
			getcwd => OK "/d/sub" 7
			open "g" O_RDONLY
			open "../f" O_RDONLY
			umask 077
		}
		getcwd => OK "/d" 3
		open "f" O_RDONLY
		open "g" O_RDONLY => ENOENT
		open "new" O_CREAT|O_WRONLY 0666
		stat "new"
	`},
	{Name: "working directory in a mount", Tree: boundTree, Mounts: bound, Script: `
		chdir "/mnt/sub"
		getcwd => OK "/mnt/sub" 9
		rename "/mnt/sub" "/mnt/renamed" => OK
		getcwd => OK "/mnt/renamed" 13
		open "deep" O_RDONLY
		open "../in" O_RDONLY
		open "../../f" O_RDONLY
		chdir ".."
		getcwd => OK "/mnt" 5
		mkdir "new" 0755
		chdir "new"
		rmdir "../new" => OK
		getcwd => ENOENT
		stat "../in"
		stat ".."
		chdir "/tmp"
		getcwd => OK "/tmp" 5
		stat "../f"
		mkdir "x" 0755
		chdir "x"
		getcwd => OK "/tmp/x" 7
		chdir "../.."
		getcwd => OK "/" 2
		chdir "/dcopy/sub"
		getcwd => OK "/dcopy/sub" 11
		stat "../f"
		chdir "/d"
		stat "sub/in"
		stat "./sub/../f"
		chdir "sub"
		getcwd => OK "/d/sub" 7
	`},
	{Name: "chroot needs a capability", Tree: std, Script: `
		~EPERM chroot "/d" => EPERM
		~EPERM chroot "/missing" => ENOENT
		~EPERM chroot "/f" => ENOTDIR
		~EPERM chroot "/nox" => EACCES
		getcwd
	`},
}
