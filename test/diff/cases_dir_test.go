package difftest

import (
	"fmt"
	"strings"
)

func manyFiles(dir string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "f %s/file-with-a-longer-name-%04d 0644 \"\"\n", dir, i)
	}
	return b.String()
}

var dirCases = []Case{
	{Name: "reading directories", Tree: boundTree, Mounts: bound, Script: `
		r=open "/" O_RDONLY|O_DIRECTORY
		getdents64 $r
		getdents64 $r
		lseek $r 0 SEEK_SET
		getdents64 $r 100
		lseek $r 0 SEEK_SET
		getdents $r
		lseek $r 0 SEEK_SET
		getdents $r 80
		m=open "/mnt" O_RDONLY|O_DIRECTORY
		getdents64 $m
		p=open "/mnt/point" O_RDONLY|O_DIRECTORY
		getdents64 $p
		s=open "/d/sub" O_RDONLY|O_DIRECTORY
		getdents64 $s
		c=open "/dcopy/sub" O_RDONLY|O_DIRECTORY
		getdents64 $c
		t=open "/tmp" O_RDONLY|O_DIRECTORY
		getdents64 $t
		f=open "/f" O_RDONLY
		getdents64 $f => ENOTDIR
		getdents64 $r 1
		lseek $r 0 SEEK_SET
		getdents64 $r 10 => EINVAL
		getdents64 $r BAD 1000 => EFAULT
		getdents64 -1 => EBADF
		o=open "/d" O_PATH
		getdents64 $o => EBADF
		l=open "/ld" O_RDONLY|O_DIRECTORY
		getdents64 $l
	`},
	{Name: "a large directory with a mount point that is missing", Tree: std + src + manyFiles("/big", 700), Mounts: "bind @m /big/zz-mount\nbind @file /big/aa-file", Script: `
		d=open "/big" O_RDONLY|O_DIRECTORY
		getdents64 $d
		lseek $d 0 SEEK_SET
		getdents64 $d 512
		lseek $d 0 SEEK_SET
		getdents $d 300
		lseek $d 0 SEEK_SET
		getdents64 $d 100000
		open "/big/zz-mount/in" O_RDONLY
		unlink "/big/file-with-a-longer-name-0000"
		lseek $d 0 SEEK_SET
		getdents64 $d 4096
		e=open "/big" O_RDONLY|O_DIRECTORY
		getdents64 $e
	`},
	{Name: "two readers of one directory", Tree: std + src, Mounts: "bind @m /d/missing-mount", Script: `
		a=open "/d" O_RDONLY|O_DIRECTORY
		b=open "/d" O_RDONLY|O_DIRECTORY
		c=dup $a
		getdents64 $a
		getdents64 $b 64
		getdents64 $c
		lseek $c 0 SEEK_SET
		getdents64 $a
		fork {
			getdents64 $b
			lseek $b 0 SEEK_SET
			getdents64 $b
		}
		getdents64 $b
		lseek $b 0 SEEK_SET
		fork {
			getdents64 $b
		}
		getdents64 $b
		close $a
		lseek $c 0 SEEK_SET
		getdents64 $c
		a=open "/empty" O_RDONLY|O_DIRECTORY
		getdents64 $a
	`},
	{Name: "a directory that changes while it is read", Tree: std, Script: `
		d=open "/d" O_RDONLY|O_DIRECTORY
		mkdir "/d/new" 0755
		lseek $d 0 SEEK_SET
		getdents64 $d
		rmdir "/d/new"
		rename "/d/f" "/d/g"
		lseek $d 0 SEEK_SET
		getdents64 $d
		rename "/d" "/e"
		lseek $d 0 SEEK_SET
		getdents64 $d
	`},
}
