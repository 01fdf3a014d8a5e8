package difftest

const restrictTree = std + `
d /mnt
d /proc
d @m
f @m/f
x @m/prog
d @m/d
f @m/d/f
l @m/lf f
l @m/ld d
l @m/out /f
l /into mnt/f
l /intold mnt/lf
f @file 0755
f /file
`

// restrictCases are about mounts with noexec, nosymfollow, noatime, nodev and
// nosuid.
var restrictCases = []Case{
	{Name: "mapping on a noexec mount", Tree: restrictTree, Mounts: "proc /proc\nbind @m /mnt noexec\nbind @file /file noexec", Script: `
		f=open "/mnt/f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_SHARED $f 0 => EPERM
		mmap 0 0 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EINVAL
		mmap 0 4096 PROT_EXEC MAP_PRIVATE 99 0 => EBADF
		mmap 0 4096 PROT_READ|PROT_WRITE|PROT_EXEC MAP_SHARED $f 0 => EACCES
		p=open "/mnt/f" O_PATH => OK
		mmap 0 4096 PROT_EXEC MAP_PRIVATE $p 0 => EBADF
		w=open "/mnt/f" O_WRONLY
		mmap 0 4096 PROT_EXEC MAP_PRIVATE $w 0 => EACCES
		m=mmap 0 4096 PROT_READ MAP_PRIVATE $f 0 => OK
		mprotect $m 4096 PROT_READ|PROT_EXEC => EACCES
		mprotect $m 4096 PROT_READ|PROT_WRITE => OK
		mprotect $m 4096 PROT_EXEC => EACCES
		mprotect $m 0 PROT_EXEC => OK
		mprotect $m|1 4096 PROT_EXEC => EINVAL
		a=mmap 0 16384 PROT_READ MAP_PRIVATE|MAP_ANONYMOUS -1 0
		mprotect $a 16384 PROT_READ|PROT_EXEC => OK
		mprotect $a 16384 PROT_READ
		mmap $a|8192 4096 PROT_READ MAP_PRIVATE|MAP_FIXED $f 0
		mprotect $a 16384 PROT_READ|PROT_EXEC => EACCES
		mprotect $a 4096 PROT_READ => OK
		n=open "/f" O_RDONLY
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $n 0 => OK
		b=open "/file" O_RDONLY
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $b 0 => EPERM
		r=open.q "/proc/self/fd/"+$f O_RDONLY
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $r 0 => EPERM
		d=dup3 $f 30 0
		close $f
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $d 0 => EPERM
		unlink "/mnt/f"
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $d 0 => EPERM
		mprotect $m 4096 PROT_EXEC => EACCES
		fork {
			mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE 30 0
			g=open "/mnt/d/f" O_RDONLY
			mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $g 0
		}
		thread {
			g=open "/mnt/d/f" O_RDONLY
			mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $g 0
		}
		execve "/mnt/prog" => EACCES
		execve "/file" => EACCES
		access "/mnt/prog" X_OK => EACCES
		access "/mnt/d" X_OK => OK
		access "/file" X_OK => EACCES`},
	{Name: "mapping on a noexec mount, by its directories", Tree: restrictTree, Mounts: "proc /proc\nbind @m /mnt noexec", Script: `
		r=open "/" O_RDONLY|O_DIRECTORY
		n=openat $r "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $n 0 => OK
		f=openat $r "mnt/f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		chdir "/mnt/d" => OK
		f=open "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		d=open "/mnt" O_RDONLY|O_DIRECTORY => OK
		f=openat $d "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		n=openat $r "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $n 0 => OK
		s=openat $d "d" O_RDONLY => OK
		f=openat $s "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		p=openat $d "d" O_PATH
		fork {
			f=openat $p "f" O_RDONLY
			mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0
		}`},
	{Name: "directories of a noexec mount that are not opened by its name", Tree: restrictTree, Mounts: "bind @m /mnt noexec", Script: `
		r=open "/" O_PATH
		d=openat $r "mnt/d" O_PATH => OK
		f=openat $d "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		fchdir $d => OK
		f=open "../f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		chdir ".." => OK
		f=open "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		chdir ".."
		n=open "f" O_RDONLY => OK
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $n 0 => OK`},
	{Name: "mapping on a noexec tmpfs", Tree: restrictTree, Mounts: "tmpfs /mnt noexec", Script: `
		f=open "/mnt/f" O_RDWR|O_CREAT 0755 => OK
		wzero $f 4096
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $f 0 => EPERM
		m=mmap 0 4096 PROT_READ|PROT_WRITE MAP_SHARED $f 0 => OK
		mprotect $m 4096 PROT_READ|PROT_EXEC => EACCES
		execve "/mnt/f" => EACCES
		t=open.q "/mnt" O_TMPFILE|O_RDWR 0700
		wzero $t 4096
		mmap 0 4096 PROT_READ|PROT_EXEC MAP_PRIVATE $t 0 => EPERM`},
	{Name: "nosymfollow", Tree: restrictTree, Mounts: "bind @m /mnt nosymfollow", Script: `
		open "/mnt/f" O_RDONLY => OK
		open "/mnt/lf" O_RDONLY => ELOOP
		open "/mnt/lf" O_PATH|O_NOFOLLOW => OK
		open "/mnt/lf" O_RDONLY|O_NOFOLLOW => ELOOP
		open "/mnt/ld/f" O_RDONLY => ELOOP
		open "/mnt/out" O_RDONLY => ELOOP
		open "/into" O_RDONLY => OK
		open "/intold" O_RDONLY => ELOOP
		open "/mnt/new" O_WRONLY|O_CREAT 0644 => OK
		open "/mnt/lf" O_WRONLY|O_CREAT 0644 => ELOOP
		open "/mnt/lf" O_WRONLY|O_CREAT|O_EXCL 0644 => EEXIST
		readlink "/mnt/lf" => OK
		lstat "/mnt/lf" => OK
		stat "/mnt/lf" => ELOOP
		stat "/mnt/ld/" => ELOOP
		lstat "/mnt/ld/" => ELOOP
		lstat "/mnt/ld/." => ELOOP
		mkdir "/mnt/ld/x" 0755 => ELOOP
		mkdir "/mnt/lf" 0755 => EEXIST
		symlink "a" "/mnt/s" => OK
		unlink "/mnt/s" => OK
		chmod "/mnt/lf" 0600 => ELOOP
		lchown "/mnt/lf" -1 -1 => OK
		truncate "/mnt/lf" 0 => ELOOP
		chdir "/mnt/ld" => ELOOP
		execve "/mnt/ld/f" => ELOOP
		link "/mnt/lf" "/mnt/l2" => OK
		linkat AT_FDCWD "/mnt/lf" AT_FDCWD "/mnt/l3" AT_SYMLINK_FOLLOW => ELOOP
		chdir "/mnt" => OK
		open "lf" O_RDONLY => ELOOP
		d=open "." O_RDONLY|O_DIRECTORY
		openat $d "ld/f" O_RDONLY => ELOOP
		statfs.m "/mnt"`},
	{Name: "noatime", Tree: restrictTree, Mounts: "proc /proc\nbind @m /mnt noatime", Script: `
		utimensat AT_FDCWD "/mnt/f" 1000,2000 0 => OK
		utimensat AT_FDCWD "/mnt/d" 1000,2000 0 => OK
		utimensat AT_FDCWD "/f" 1000,2000 0 => OK
		f=open.q "/mnt/f" O_RDONLY => OK
		read $f 10
		stat.m "/mnt/f"
		d=open.q "/mnt/d" O_RDONLY|O_DIRECTORY => OK
		getdents64 $d 4096
		g=openat.q $d "f" O_RDWR
		read $g 10
		o=openat2.q AT_FDCWD "/mnt/f" O_RDONLY
		read $o 10
		stat.m "/mnt/f"
		stat.m "/mnt/d"
		n=open.q "/mnt/new" O_RDWR|O_CREAT 0600 => OK
		write $n "abc"
		utimensat AT_FDCWD "/mnt/new" 1000,2000 0 => OK
		pread64 $n 3 0
		stat.m "/mnt/new"
		r=open.q "/proc/self/fd/"+$f O_RDONLY
		read $r 10
		stat.m "/mnt/f"`},
}
