package difftest

const tmpfsTree = std + `
d /mnt
d /other
d /proc
f @f
`

// tmpfsCases are about the limits of a tmpfs: what is counted, and in which
// order errors come.
var tmpfsCases = []Case{
	{Name: "tmpfs size", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=64k", Script: `
		statfs.b "/mnt"
		f=open "/mnt/a" O_RDWR|O_CREAT 0644 => OK
		wzero $f 40000
		statfs.b "/mnt"
		wzero $f 40000
		wzero $f 1 => ENOSPC
		wzero $f 0 => OK
		statfs.b "/mnt"
		stat "/mnt/a"
		pwrite64 $f 4096 0 => OK
		pwrite64 $f 4096 100000 => ENOSPC
		pwrite64 $f 8192 61440
		g=open "/mnt/b" O_WRONLY|O_CREAT 0644 => OK
		wzero $g 1 => ENOSPC
		wzero $f 1 => ENOSPC
		ftruncate $f 50000 => OK
		statfs.b "/mnt"
		wzero $g 100000
		fstatfs.b $g
		truncate "/mnt/b" 100 => OK
		statfs.b "/mnt"
		open "/mnt/a" O_WRONLY|O_TRUNC => OK
		statfs.b "/mnt"
		unlink "/mnt/b" => OK
		statfs.b "/mnt"
		close $g
		statfs.b "/mnt"
		lseek $f 0 SEEK_SET
		writev $f 30000,30000,30000
		statfs.b "/mnt"
		stat "/mnt/a"`},
	{Name: "tmpfs sparse files", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=40k", Script: `
		f=open "/mnt/a" O_RDWR|O_CREAT 0644
		ftruncate $f 10000000 => OK
		statfs.b "/mnt"
		pwrite64 $f 1 5000000 => OK
		statfs.b "/mnt"
		pwrite64 $f 10000 100 => OK
		statfs.b "/mnt"
		pwrite64 $f 100000 8000
		statfs.b "/mnt"
		pwrite64 $f 4096 5000000
		pwrite64 $f 100 5000000 => OK
		pwrite64 $f 10 9000000 => ENOSPC
		fallocate $f PUNCH_HOLE|KEEP_SIZE 0 8192 => OK
		statfs.b "/mnt"
		pwrite64 $f 10 9000000 => OK
		statfs.b "/mnt"`},
	{Name: "tmpfs fallocate", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=64k", Script: `
		f=open "/mnt/a" O_RDWR|O_CREAT 0644
		fallocate $f 0 0 30000 => OK
		statfs.b "/mnt"
		fallocate $f 0 0 65536 => OK
		fallocate $f 0 0 65537 => ENOSPC
		statfs.b "/mnt"
		pwrite64 $f 65536 0 => OK
		ftruncate $f 0
		fallocate $f KEEP_SIZE 0 65536 => OK
		statfs.b "/mnt"
		g=open "/mnt/b" O_RDWR|O_CREAT 0644
		wzero $g 1 => ENOSPC
		fallocate $g 0 0 4096 => ENOSPC
		fallocate $g 0 0 0 => EINVAL
		fallocate $g ZERO_RANGE 0 4096 => ENOTSUP
		fallocate $g COLLAPSE_RANGE 0 4096 => ENOTSUP
		h=open "/mnt/b" O_RDONLY
		fallocate $h 0 0 4096 => EBADF
		fallocate $h ZERO_RANGE 0 4096 => EBADF
		ftruncate $f 65536
		fallocate $f PUNCH_HOLE|KEEP_SIZE 0 8192 => OK
		wzero $g 1 => OK
		ioctln $g FICLONE $f => ENOTSUP
		s=open "/f" O_RDONLY
		ioctln $g FICLONE $s => EXDEV
		ioctln $g FICLONE 77 => EBADF
		statfs.b "/mnt"
		ftruncate $f 1
		statfs.b "/mnt"`},
	{Name: "tmpfs write calls", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=64k", Script: `
		s=open "/d/source" O_RDWR|O_CREAT 0644
		ftruncate $s 100000
		f=open "/mnt/a" O_RDWR|O_CREAT 0644
		copy_file_range $s 0 $f 0 50000 0
		copy_file_range $s 0 $f 0 50000 0
		copy_file_range $f 0 $s 0 50000 0
		statfs.b "/mnt"
		ftruncate $f 0
		lseek $f 0 SEEK_SET
		lseek $s 0 SEEK_SET
		sendfile $f $s 0 100000
		sendfile $f $s 0 100000
		stat "/mnt/a"
		ftruncate $f 0
		lseek $f 0 SEEK_SET
		p=pipe2 0
		wzero $p1 30000
		splice $p0 0 $f 0 30000 0
		wzero $p1 40000
		splice $p0 0 $f 0 40000 0
		wzero $p1 1
		splice $p0 0 $f 0 40000 0
		ftruncate $f 0
		lseek $f 0 SEEK_SET
		pwritev $f 4096,4096 8192
		pwritev $f 4096,4096 61440
		pwritev2 $f 4096,4096 -1 -1 0
		pwritev2 $f 4096 0 0 RWF_APPEND
		pwritev2 $f 8192 0 0 RWF_APPEND
		statfs.b "/mnt"
		g=open "/mnt/a" O_WRONLY|O_APPEND
		wzero $g 100000
		wzero $g 1 => ENOSPC
		pwrite64 $g 10 0 => ENOSPC
		pwrite64 $f 10 0 => OK
		h=open "/mnt/a" O_RDONLY
		wzero $h 1 => EBADF
		statfs.b "/mnt"`, Unstable: true},
	{Name: "tmpfs open and removed", Tree: tmpfsTree, Mounts: "proc /proc\ntmpfs /mnt size=64k,nr_inodes=6", Script: `
		f=open "/mnt/a" O_RDWR|O_CREAT 0600
		wzero $f 20000
		fchmod $f 0
		unlink "/mnt/a" => OK
		statfs.b "/mnt"
		statfs.i "/mnt"
		g=open "/mnt/b" O_RDWR|O_CREAT 0644
		wzero $g 10000
		link "/mnt/b" "/mnt/c" => OK
		statfs.b "/mnt"
		statfs.i "/mnt"
		unlink "/mnt/b"
		statfs.b "/mnt"
		statfs.i "/mnt"
		rename "/mnt/c" "/mnt/d"
		h=open "/mnt/e" O_RDWR|O_CREAT 0644
		rename "/mnt/d" "/mnt/e"
		statfs.b "/mnt"
		statfs.i "/mnt"
		close $h
		statfs.b "/mnt"
		statfs.i "/mnt"
		close $f
		statfs.b "/mnt"
		statfs.i "/mnt"
		m=mmap 0 4096 PROT_READ MAP_PRIVATE $g 0
		close $g
		unlink "/mnt/e"
		statfs.b "/mnt"
		statfs.i "/mnt"
		munmap $m 4096
		statfs.b "/mnt"
		statfs.i "/mnt"
		t=open.q "/mnt" O_TMPFILE|O_RDWR 0644 => OK
		wzero $t 5000
		statfs.b "/mnt"
		statfs.i "/mnt"
		linkat $t "" AT_FDCWD "/mnt/t" AT_EMPTY_PATH
		linkat AT_FDCWD "/proc/self/fd/"+$t AT_FDCWD "/mnt/t" AT_SYMLINK_FOLLOW
		statfs.b "/mnt"
		statfs.i "/mnt"
		close $t
		statfs.b "/mnt"
		statfs.i "/mnt"
		unlink "/mnt/t"
		statfs.b "/mnt"
		statfs.i "/mnt"
		fork {
			f=open "/mnt/a" O_RDWR|O_CREAT 0644
			wzero $f 30000
			unlink "/mnt/a"
		}
		statfs.b "/mnt"
		statfs.i "/mnt"`},
	{Name: "tmpfs nr_inodes", Tree: tmpfsTree, Mounts: "tmpfs /mnt nr_inodes=6\nbind /other /other", Script: `
		statfs.i "/mnt"
		mkdir "/mnt/d" 0755 => OK
		open "/mnt/f" O_WRONLY|O_CREAT 0644 => OK
		symlink "x" "/mnt/l" => OK
		mknod "/mnt/p" S_IFIFO|0644 0 => OK
		link "/mnt/f" "/mnt/f2" => OK
		statfs.i "/mnt"
		link "/mnt/f" "/mnt/f3" => ENOSPC
		open "/mnt/n" O_WRONLY|O_CREAT 0644 => ENOSPC
		open "/mnt/n" O_WRONLY => ENOENT
		open "/mnt/n" O_WRONLY|O_CREAT|O_EXCL 0644 => ENOSPC
		open "/mnt/f" O_WRONLY|O_CREAT 0644 => OK
		open "/mnt/f" O_WRONLY|O_CREAT|O_EXCL 0644 => EEXIST
		open "/mnt/"+"a"*255 O_WRONLY|O_CREAT 0644 => ENOSPC
		open "/mnt/"+"a"*256 O_WRONLY|O_CREAT 0644 => ENAMETOOLONG
		open "/mnt/n/" O_WRONLY|O_CREAT 0644 => EISDIR
		open "/mnt/d/n" O_WRONLY|O_CREAT 0644 => ENOSPC
		open "/mnt" O_TMPFILE|O_RDWR 0644 => ENOSPC
		mkdir "/mnt/n" 0755 => ENOSPC
		mkdir "/mnt/n/" 0755 => ENOSPC
		mkdir "/mnt/d" 0755 => EEXIST
		mkdir "/mnt/f/x" 0755 => ENOTDIR
		mknod "/mnt/n" S_IFREG|0644 0 => ENOSPC
		mknod "/mnt/n/" S_IFREG|0644 0 => ENOENT
		symlink "x" "/mnt/n" => ENOSPC
		symlink "" "/mnt/n" => ENOENT
		symlink "x" "/mnt/l" => EEXIST
		chmod "/mnt/d" 0555
		mkdir "/mnt/d/n" 0755 => EACCES
		open "/mnt/d/n" O_WRONLY|O_CREAT 0644 => EACCES
		chmod "/mnt/d" 0755
		s=socket AF_UNIX SOCK_STREAM 0
		bind $s "/mnt/n"
		bind $s "/mnt/f"
		rename "/mnt/f" "/mnt/g" => OK
		renameat2 AT_FDCWD "/mnt/g" AT_FDCWD "/mnt/f" RENAME_WHITEOUT
		renameat2 AT_FDCWD "/mnt/g" AT_FDCWD "/mnt/f2" RENAME_EXCHANGE
		statfs.i "/mnt"
		rename "/mnt/l" "/mnt/g" => OK
		statfs.i "/mnt"
		bind $s "/mnt/n" => OK
		statfs.i "/mnt"
		close $s
		rmdir "/mnt/d" => OK
		unlink "/mnt/n" => OK
		unlink "/mnt/p" => OK
		statfs.i "/mnt"
		symlink "x" "/mnt/"+"a"*255
		statfs.i "/mnt"`},
	{Name: "tmpfs long symlinks", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=8k", Script: `
		symlink "x"*127 "/mnt/a" => OK
		statfs.b "/mnt"
		symlink "x"*128 "/mnt/b" => OK
		statfs.b "/mnt"
		symlink "x"*4000 "/mnt/c" => OK
		symlink "x"*128 "/mnt/d" => ENOSPC
		symlink "x"*127 "/mnt/d" => OK
		symlink "x"*128 "/mnt/d" => EEXIST
		unlink "/mnt/b"
		statfs.b "/mnt"`},
	{Name: "tmpfs by other processes", Tree: tmpfsTree, Mounts: "proc /proc\ntmpfs /mnt size=32k", Script: `
		f=open "/mnt/a" O_RDWR|O_CREAT 0644
		fork {
			wzero $f 30000
			wzero $f 30000
		}
		wzero $f 1 => ENOSPC
		statfs.b "/mnt"
		ftruncate $f 0
		thread {
			lseek $f 0 SEEK_SET
			wzero $f 30000
			wzero $f 30000
		}
		statfs.b "/mnt"
		e=open.q "/proc/self/fd/"+$f O_WRONLY|O_TRUNC
		statfs.b "/mnt"
		wzero $e 100000
		dup3 $e 20 0
		wzero 20 1 => ENOSPC`},
	{Name: "tmpfs mapped", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=64k", Script: `
		f=open "/mnt/a" O_RDWR|O_CREAT 0644
		ftruncate $f 32768
		m=mmap 0 32768 PROT_READ|PROT_WRITE MAP_SHARED $f 0 => OK
		pwrite64 $f 32768 0 => OK
		statfs.b "/mnt"
		pwrite64 $f 32768 32768 => OK
		pwrite64 $f 1 65536 => ENOSPC
		statfs.b "/mnt"
		ftruncate $f 0 => OK
		munmap $m 32768
		statfs.b "/mnt"
		ftruncate $f 1000000
		~ENOMEM mmap 0 1000000 PROT_READ|PROT_WRITE MAP_SHARED $f 0
		r=open "/mnt/a" O_RDONLY
		mmap 0 1000000 PROT_READ MAP_SHARED $r 0 => OK
		mmap 0 1000000 PROT_READ|PROT_WRITE MAP_PRIVATE $f 0 => OK
		mmap 0 4096 PROT_READ|PROT_WRITE MAP_SHARED $r 0 => EACCES
		mmap 0 4096 PROT_READ MAP_SHARED $f 1 => EINVAL`},
	{Name: "tmpfs without limits", Tree: tmpfsTree, Mounts: "tmpfs /mnt size=0,nr_inodes=0\ntmpfs /other nr_blocks=2", Script: `
		f=open "/mnt/a" O_RDWR|O_CREAT 0644
		wzero $f 1000000
		g=open "/other/a" O_RDWR|O_CREAT 0644
		statfs.b "/other" 
		wzero $g 10000
		wzero $f 1000000
		rename "/mnt/a" "/other/b" => EXDEV
		link "/mnt/a" "/other/b" => EXDEV`},
}
