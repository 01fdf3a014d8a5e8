package difftest

import "strings"

var socketCases = []Case{
	{Name: "stream sockets", Tree: std + src + "d /mnt\n", Mounts: "bind @m /mnt", Script: `
		s=socket AF_UNIX SOCK_STREAM
		bind $s "/d/sock" => OK
		stat "/d/sock"
		getsockname $s
		listen $s 5
		c=socket AF_UNIX SOCK_STREAM
		connect $c "/d/sock" => OK
		getpeername $c
		getsockname $c
		a=accept $s
		getsockname $a
		getpeername $a
		write $c "hello"
		read $a 10 => OK "hello"
		x=socket AF_UNIX SOCK_STREAM
		bind $x "/d/sock" => EADDRINUSE
		bind $x "/f" => EADDRINUSE
		bind $x "/dang" => EADDRINUSE
		bind $x "/lf" => EADDRINUSE
		bind $x "/d" => EADDRINUSE
		bind $x "/missing/x" => ENOENT
		bind $x "/f/x" => ENOTDIR
		bind $x "/nox/x" => EACCES
		bind $x "/rootd/x" => EACCES
		bind $x "/new/" => ENOENT
		bind $x "/loop/x" => ELOOP
		connect $x "/f" => ECONNREFUSED
		connect $x "/missing" => ENOENT
		connect $x "/d" => ECONNREFUSED
		connect $x "/dang" => ENOENT
		connect $x "/d/sock/" => ENOTDIR
		bind $x "/mnt/sock" => OK
		getsockname $x
		stat "/mnt/sock"
		listen $x 1
		y=socket AF_UNIX SOCK_STREAM
		connect $y "/mnt/sock" => OK
		getpeername $y
		z=accept4 $x 128 SOCK_CLOEXEC
		getsockname $z
		symlink "/mnt/sock" "/ls"
		w=socket AF_UNIX SOCK_STREAM
		connect $w "/ls" => OK
		getpeername $w
		unlink "/d/sock" => OK
		getsockname $s
		v=socket AF_UNIX SOCK_STREAM
		connect $v "/d/sock" => ENOENT
	`},
	{Name: "relative socket names", Tree: std + src + "d /mnt\n", Mounts: "bind @m /mnt", Cwd: "/d", Script: `
		s=socket AF_UNIX SOCK_STREAM
		bind $s "sock"
		getsockname $s
		listen $s 5
		c=socket AF_UNIX SOCK_STREAM
		connect $c "./sock"
		getpeername $c
		c2=socket AF_UNIX SOCK_STREAM
		connect $c2 "../d/sock"
		c3=socket AF_UNIX SOCK_STREAM
		connect $c3 "/ld/sock"
		chdir "sub"
		c4=socket AF_UNIX SOCK_STREAM
		connect $c4 "../sock"
		connect $c4 "sock"
		d=socket AF_UNIX SOCK_STREAM
		bind $d "../../mnt/s2"
		getsockname $d
		stat "/mnt/s2"
		chdir "/mnt"
		listen $d 3
		e=socket AF_UNIX SOCK_STREAM
		connect $e "s2"
		getpeername $e
		f=socket AF_UNIX SOCK_STREAM
		bind $f "../d/s3"
		getsockname $f
		stat "/d/s3"
	`},
	{Name: "datagram sockets", Tree: std + src + "d /mnt\n", Mounts: "bind @m /mnt", Script: `
		s=socket AF_UNIX SOCK_DGRAM
		bind $s "/mnt/dg"
		c=socket AF_UNIX SOCK_DGRAM
		bind $c "/d/client"
		sendto $c "one" 0 "/mnt/dg" => OK
		recvfrom $s 100 MSG_DONTWAIT
		sendmsg $c "two" "/mnt/dg" => OK
		recvmsg $s 100 MSG_DONTWAIT
		sendmmsg $c "three" "/mnt/dg" => OK
		recvmmsg $s 100 MSG_DONTWAIT
		sendto $c "x" 0 "/missing" => ENOENT
		sendto $c "x" 0 "/f" => ECONNREFUSED
		sendmsg $c "x" "/missing" => ENOENT
		sendmmsg $c "x" "/missing" => ENOENT
		chdir "/mnt"
		sendto $c "four" 0 "dg" => OK
		recvfrom $s 100 MSG_DONTWAIT
		sendmsg $c "five" "../mnt/dg" => OK
		recvmsg $s 100 MSG_DONTWAIT
		connect $c "dg"
		getpeername $c
		write $c "six"
		recvfrom $s 100 MSG_DONTWAIT
		sendto $s "back" 0 "/d/client" => OK
		recvfrom $c 100 MSG_DONTWAIT
		sendto $c "seven" 0 NULL
		recvmsg $s 2 MSG_DONTWAIT
		recvfrom $s 100 MSG_DONTWAIT => EAGAIN
		q=socketpair AF_UNIX SOCK_DGRAM
		sendto $q0 "pair" 0 NULL
		recvfrom $q1 10 MSG_DONTWAIT
	`},
	{Name: "lengths of socket names", Tree: std + "d /" + strings.Repeat("l", 60) + "\nd /" + strings.Repeat("l", 60) + "/" + strings.Repeat("m", 30) + "\n", Script: `
		a=socket AF_UNIX SOCK_STREAM
		bind $a "/"+"l"*60+"/"+"m"*30+"/"+"n"*14 => OK
		getsockname $a
		listen $a 3
		b=socket AF_UNIX SOCK_STREAM
		connect $b "/"+"l"*60+"/"+"m"*30+"/"+"n"*14 => OK
		getpeername $b
		c=socket AF_UNIX SOCK_STREAM
		bind.x $c "/"+"l"*60+"/"+"m"*30+"/"+"n"*15 => OK
		getsockname $c
		stat "/"+"l"*60+"/"+"m"*30+"/"+"n"*15
		d=socket AF_UNIX SOCK_STREAM
		bind $d "/"+"l"*60+"/"+"m"*30+"/"+"n"*16 => EINVAL
		bind.x $d "/d/x" => OK
		getsockname $d
		e=socket AF_UNIX SOCK_STREAM
		bind $e "/d/y\x00garbage" => OK
		getsockname $e
		stat "/d/y"
		getsockname $d 2
		getsockname $d 6
		getsockname $d 0
		connect $e "/d/y\x00other"
		f=socket AF_UNIX SOCK_STREAM
		bind $f ""
		g=socket AF_UNIX SOCK_STREAM
		bind.x $g ""
		connect $g ""
	`},
	{Name: "socket permissions", Tree: std, Script: `
		s=socket AF_UNIX SOCK_STREAM
		umask 0
		bind $s "/a"
		stat "/a"
		listen $s 1
		chmod "/a" 0000
		c=socket AF_UNIX SOCK_STREAM
		connect $c "/a" => EACCES
		chmod "/a" 0200
		connect $c "/a" => OK
		open "/a" O_RDONLY => EACCES
		chmod "/a" 0700
		open "/a" O_RDONLY => ENXIO
		open "/a" O_PATH => OK
		execve "/a" "x" => EACCES
		rename "/a" "/b" => OK
		d=socket AF_UNIX SOCK_STREAM
		connect $d "/b"
		getpeername $d
		p=socket AF_UNIX SOCK_DGRAM
		connect $p "/b" => EPROTOTYPE
		q=socket AF_UNIX SOCK_SEQPACKET
		bind $q "/seq"
		listen $q 2
		r=socket AF_UNIX SOCK_SEQPACKET
		connect $r "/seq"
		getpeername $r
	`},
	{Name: "sockets on a read-only bind", Tree: std + src + "d /mnt\n", Mounts: "bind @m /mnt ro", Script: `
		s=socket AF_UNIX SOCK_STREAM
		bind $s "/mnt/sock" => EROFS
		bind $s "/mnt/in" => EADDRINUSE
		bind $s "/mnt/missing/x" => ENOENT
		chdir "/mnt"
		bind $s "sock" => EROFS
		bind $s "../sock" => OK
		getsockname $s
	`},
	{Name: "connecting on a read-only bind", Tree: std + src + "d /mnt\nd /w\n", Mounts: "bind @m /mnt ro\nbind @m /w", Script: `
		s=socket AF_UNIX SOCK_STREAM
		bind $s "/w/sock" => OK
		listen $s 2
		c=socket AF_UNIX SOCK_STREAM
		connect $c "/mnt/sock" => OK
		getpeername $c
		access "/mnt/sock" W_OK
	`},
	{Name: "sockets between processes", Tree: std, Script: `
		s=socket AF_UNIX SOCK_STREAM
		bind $s "/d/sock"
		listen $s 2
		fork {
			c=socket AF_UNIX SOCK_STREAM
			connect $c "/ld/sock"
			getpeername $c
			write $c "from child"
		}
		a=accept $s
		read $a 20 => OK "from child"
		fork {
			chdir "/d"
			getsockname $s
			x=socket AF_UNIX SOCK_STREAM
			bind $x "other"
			getsockname $x
		}
		stat "/d/other"
	`},
}
