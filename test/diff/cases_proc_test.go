package difftest

const procTree = std + src + "d /proc\nd /mnt\n"

const procMounts = "proc /proc\nbind @m /mnt"

var procCases = []Case{
	{Name: "self", Tree: procTree, Mounts: procMounts, Script: `
		readlink "/proc/self" => OK "PID"
		readlink "/proc/thread-self" => OK "PID/task/TID"
		readlink "/proc/self/exe" => OK "/guest"
		readlink "/proc/thread-self/exe" => OK "/guest"
		readlink "/proc/"+$PID+"/exe" => OK "/guest"
		readlink "/proc/self/task/"+$TID+"/exe" => OK "/guest"
		readlink "/proc/self/root" => OK "/"
		readlink "/proc/self/cwd" => OK "/"
		readlink "/proc/thread-self/cwd" => OK "/"
		readlink "/proc/self/task/"+$TID+"/root" => OK "/"
		readlink "/proc/self/exe" 3
		open "/proc/self/exe" O_PATH
		lstat.t "/proc/self/exe" => OK lnk
		open "/guest" O_PATH
		open.q "/proc/self/exe" O_RDONLY => OK
		open.q "/proc/self/exe" O_RDWR
		stat "/proc/self/cwd"
		stat "/proc/self/root"
		stat "/proc/self/root/f"
		open "/proc/self/root/f" O_RDONLY
		open "/proc/self/root/../f" O_RDONLY
		open "/proc/self/root/mnt/in" O_RDONLY
		open "/proc/self/root/lad/f" O_RDONLY
		open "/proc/self/root/mnt/abs" O_RDONLY
		chdir "/d"
		readlink "/proc/self/cwd" => OK "/d"
		open "/proc/self/cwd/f" O_RDONLY
		open "/proc/self/cwd/../f" O_RDONLY
		open "/proc/thread-self/cwd/sub/g" O_RDONLY
		chdir "/mnt/sub"
		readlink "/proc/self/cwd" => OK "/mnt/sub"
		open "/proc/self/cwd/../in" O_RDONLY
		open "/proc/self/cwd/../../f" O_RDONLY
		thread {
			readlink "/proc/thread-self" => OK "PID/task/TID"
			readlink "/proc/thread-self/cwd" => OK "/mnt/sub"
			readlink "/proc/self" => OK "PID"
		}
		fork {
			readlink "/proc/self" => OK "PID"
			readlink "/proc/self/cwd" => OK "/mnt/sub"
		}
		chdir "/proc/self"
		readlink "cwd"
		readlink "exe"
		chdir "/proc"
		readlink "self"
		readlink "self/exe"
		open "self/root/f" O_RDONLY
		chdir "/proc/self/root/d"
		getcwd => OK "/d" 3
		chdir "/proc/self/cwd/sub"
		getcwd => OK "/d/sub" 7
		mkdir "/proc/self/cwd/new" 0755
		stat "/d/sub/new"
		rename "/proc/self/cwd/new" "/proc/self/root/newer"
		stat "/newer"
		rmdir "/proc/self/cwd"
		unlink "/proc/self/exe"
	`},
	{Name: "descriptors", Tree: procTree, Mounts: procMounts, Script: `
		f=open "/d/f" O_RDWR
		d=open "/d" O_RDONLY|O_DIRECTORY
		m=open "/mnt/in" O_RDONLY
		l=open "/ld" O_PATH|O_NOFOLLOW
		g=open "/lf" O_RDONLY
		readlink "/proc/self/fd/"+$f => OK "/d/f"
		readlink "/proc/self/fd/"+$d => OK "/d"
		readlink "/proc/self/fd/"+$m => OK "/mnt/in"
		readlink "/proc/self/fd/"+$l => OK "/ld"
		readlink "/proc/self/fd/"+$g => OK "/f"
		readlink "/proc/thread-self/fd/"+$f => OK "/d/f"
		readlink "/proc/"+$PID+"/fd/"+$m => OK "/mnt/in"
		readlink "/proc/self/fd/999" => ENOENT
		readlink "/proc/self/fd/"+$f 2
		lstat.t "/proc/self/fd/"+$f => OK lnk
		stat "/proc/self/fd/"+$f
		open "/proc/self/fd/"+$f O_RDONLY
		open "/proc/self/fd/"+$f O_RDONLY|O_NOFOLLOW => ELOOP
		open "/proc/self/fd/"+$d O_RDONLY|O_DIRECTORY
		open "/proc/self/fd/"+$d+"/f" O_RDONLY
		open "/proc/self/fd/"+$d+"/../f" O_RDONLY
		open "/proc/self/fd/"+$d+"/sub/ff" O_RDONLY
		open "/proc/self/fd/"+$d+"/toroot/f" O_RDONLY
		open "/proc/self/fd/"+$f+"/x" O_RDONLY => ENOTDIR
		open "/proc/self/fd/"+$l O_RDONLY
		open "/proc/self/fd/"+$l O_PATH
		chdir "/proc/self/fd/"+$d
		getcwd => OK "/d" 3
		access "/proc/self/fd/"+$f R_OK|W_OK
		access "/proc/self/fd/"+$m X_OK => EACCES
		chmod "/proc/self/fd/"+$f 0600
		stat "/d/f"
		truncate "/proc/self/fd/"+$f 2
		stat "/d/f"
		mkdir "/proc/self/fd/"+$d+"/made" 0755
		stat "/d/made"
		linkat AT_FDCWD "/proc/self/fd/"+$f AT_FDCWD "/hard" AT_SYMLINK_FOLLOW
		stat "/hard"
		unlink "/d/f"
		readlink "/proc/self/fd/"+$f => OK "/d/f (deleted)"
		open "/proc/self/fd/"+$f O_RDONLY
		stat "/proc/self/fd/"+$f
		rename "/mnt/in" "/mnt/out"
		readlink "/proc/self/fd/"+$m => OK "/mnt/out"
		close $f
		readlink "/proc/self/fd/"+$f => ENOENT
		n=open "/proc/self/fd" O_RDONLY|O_DIRECTORY
		openat $n $d O_RDONLY
	`},
	{Name: "texts of procfs", Tree: procTree, Mounts: procMounts, Script: `
		stat.t "/proc/self/maps" => OK reg
		access "/proc/self/maps" R_OK => OK
		access "/proc/self/maps" W_OK => EACCES
		open.q "/proc/self/maps" O_RDONLY => OK
		open.q "/proc/self/maps" O_WRONLY => EACCES
		open.q "/proc/self/maps" O_RDWR => EACCES
		open.q "/proc/self/maps" O_RDONLY|O_DIRECTORY => ENOTDIR
		open.q "/proc/self/maps/" O_RDONLY => ENOTDIR
		open.q "/proc/self/maps/x" O_RDONLY => ENOTDIR
		open.q "/proc/self/maps" O_RDONLY|O_CREAT => OK
		open.q "/proc/self/maps" O_RDONLY|O_CREAT|O_EXCL => EEXIST
		open.q "/proc/mounts" O_RDONLY => OK
		open.q "/proc/mounts" O_RDONLY|O_NOFOLLOW => ELOOP
		open.q "/proc/self/mountinfo" O_RDONLY|O_NOFOLLOW => OK
		open.q "/proc/self/task/"+$TID+"/status" O_RDONLY => OK
		open.q "/proc/thread-self/numa_maps" O_RDONLY
		open.q "/proc/self/task/1/status" O_RDONLY => ENOENT
		open.q "/proc/self/none" O_RDONLY => ENOENT
		p=open.q "/proc/self/maps" O_PATH
		readlink "/proc/self/fd/"+$p => OK "/proc/PID/maps"
		r=open.q "/proc/self/fd/"+$p O_RDONLY => OK
		readlink "/proc/self/fd/"+$r => OK "/proc/PID/maps"
		again=open.q "/proc/self/fd/"+$r O_RDONLY => OK
		readlink "/proc/self/fd/"+$again => OK "/proc/PID/maps"
		d=open.q "/proc/self" O_RDONLY|O_DIRECTORY => OK
		t=openat.q $d "status" O_RDONLY => OK
		read $t 5 => OK "Name:"
		lseek $t 0 SEEK_SET => OK
		read $t 5 => OK "Name:"
		~EPERM write $t "x" => EBADF
		openat $d "../self/root/f" O_RDONLY
		chdir "/proc/self/task"
		x=open.q $TID+"/status" O_RDONLY => OK
		read $x 5 => OK "Name:"
		openat2.q $d "status" O_RDONLY 0 RESOLVE_BENEATH => OK
		openat2 $d "../self/status" O_RDONLY 0 RESOLVE_BENEATH => EXDEV
		unlink "/proc/self/maps"
		rename "/proc/self/maps" "/x"
		truncate "/proc/self/maps" 0
	`},
	{Name: "pipes, sockets and memory files", Tree: procTree, Mounts: procMounts, Script: `
		p=pipe2 0
		s=socketpair AF_UNIX SOCK_STREAM
		m=memfd_create "name" 0
		readlink "/proc/self/fd/"+$p0 => OK "pipe:[N]"
		readlink "/proc/self/fd/"+$s0 => OK "socket:[N]"
		readlink "/proc/self/fd/"+$m => OK "/memfd:name (deleted)"
		write $p1 "hello"
		r=open "/proc/self/fd/"+$p0 O_RDONLY
		read $r 5 => OK "hello"
		w=open "/proc/self/fd/"+$p0 O_WRONLY
		write $w "again"
		read $p0 10 => OK "again"
		open "/proc/self/fd/"+$s0 O_RDONLY => ENXIO
		write $m "memory"
		x=open "/proc/self/fd/"+$m O_RDONLY
		read $x 10 => OK "memory"
		stat.t "/proc/self/fd/"+$p0 => OK fifo
		stat.t "/proc/self/fd/"+$s0 => OK sock
		stat "/proc/self/fd/"+$m
		chmod "/proc/self/fd/"+$m 0600
		open "/proc/self/fd/"+$p0+"/x" O_RDONLY => ENOTDIR
		chdir "/proc/self/fd/"+$p0 => ENOTDIR
		i=inotify_init1 0
		readlink "/proc/self/fd/"+$i
	`},
	{Name: "O_TMPFILE gets a name", Tree: procTree, Mounts: procMounts, Script: `
		t=open "/d" O_TMPFILE|O_RDWR 0640
		write $t "content"
		fstat $t
		linkat AT_FDCWD "/proc/self/fd/"+$t AT_FDCWD "/d/named" AT_SYMLINK_FOLLOW => OK
		open "/d/named" O_RDONLY
		stat "/d/named"
		u=open "/mnt" O_TMPFILE|O_RDWR 0640
		linkat AT_FDCWD "/proc/self/fd/"+$u AT_FDCWD "/d/other" AT_SYMLINK_FOLLOW => EXDEV
		linkat AT_FDCWD "/proc/self/fd/"+$u AT_FDCWD "/mnt/other" AT_SYMLINK_FOLLOW => OK
		linkat $u "" AT_FDCWD "/mnt/third" AT_EMPTY_PATH
		stat "/mnt/other"
		x=open "/d" O_TMPFILE|O_RDWR|O_EXCL 0600
		linkat AT_FDCWD "/proc/self/fd/"+$x AT_FDCWD "/d/no" AT_SYMLINK_FOLLOW => ENOENT
		open "/d/f" O_TMPFILE|O_RDWR 0600 => ENOTDIR
		open "/d" O_TMPFILE|O_RDONLY 0600 => EINVAL
		open "/missing" O_TMPFILE|O_RDWR 0600 => ENOENT
		open "/ld" O_TMPFILE|O_RDWR 0600 => OK
	`},
	{Name: "namespace links", Tree: procTree, Mounts: procMounts, Script: `
		readlink "/proc/self/ns/uts" => OK "uts:[N]"
		readlink "/proc/thread-self/ns/net" => OK "net:[N]"
		open.q "/proc/self/ns/uts" O_RDONLY => OK
		stat.t "/proc/self/ns/uts" => OK reg
		lstat.t "/proc/self/ns/uts" => OK lnk
		open "/proc/self/ns/uts" O_RDONLY|O_NOFOLLOW => ELOOP
		open "/proc/self/ns/missing" O_RDONLY => ENOENT
		open "/proc/self/ns/uts/x" O_RDONLY => ENOTDIR
	`},
	{Name: "other files of proc", Tree: procTree, Mounts: procMounts, Script: `
		open.q "/proc/self/stat" O_RDONLY => OK
		stat.t "/proc/self/status" => OK reg
		stat.t "/proc/self/fd" => OK dir
		stat.t "/proc/self/task/"+$TID => OK dir
		stat.t "/proc/"+$PID => OK dir
		stat "/proc/0" => ENOENT
		stat "/proc/notapid" => ENOENT
		open "/proc/self/missing" O_RDONLY => ENOENT
		readlink "/proc/mounts" => OK "self/mounts"
		readlink "/proc/net" => OK "self/net"
		open.q "/proc/mounts" O_RDONLY => OK
		open.q "/proc/net/unix" O_RDONLY => OK
		stat.t "/proc/.." => OK dir
		stat "/proc/.."
		stat "/proc/self/../.."
		stat "/proc/../f"
		mkdir "/proc/x" 0755
		open "/proc/x" O_CREAT|O_WRONLY 0644
		rmdir "/proc" => EBUSY
		rename "/proc" "/x" => EBUSY
		chdir "/proc/self/task"
		stat.t $TID
		chdir "/proc/self/fd"
		stat ".."
		chdir "/proc"
		getcwd => OK "/proc" 6
		open "../f" O_RDONLY
		execve "/proc/self/exe" "guest" "exit" "7"
	`},
	{Name: "links into proc", Tree: procTree + `
		l /dev/fd /proc/self/fd
		l /dev/stdin /proc/self/fd/0
		l /dev/stderr fd/2
		l /me proc/self/exe
		l /here /proc/self/cwd
		l /rootlink /proc/self/root
		l /ts /proc/thread-self/cwd/f
	`, Mounts: procMounts, Script: `
		p=pipe2 0
		stat.t "/dev/fd/"+$p0 => OK fifo
		write $p1 "x"
		r=open "/dev/fd/"+$p0 O_RDONLY
		read $r 1
		readlink "/dev/fd/"+$p0
		readlink "/dev/stdin" => OK "/proc/self/fd/0"
		lstat.t "/dev/stderr"
		open "/me" O_PATH
		readlink "/me"
		open.q "/me" O_RDONLY
		chdir "/d"
		open "/here/f" O_RDONLY
		open "/here/../f" O_RDONLY
		open "/rootlink/f" O_RDONLY
		open "/rootlink/mnt/in" O_RDONLY
		open "/ts" O_RDONLY
		chdir "/here/sub"
		getcwd
		execve "/me" "guest" "exit" "6"
		execve "/here/../../guest" "guest" "exit" "8"
	`},
	{Name: "links of proc count as links", Tree: procTree + "l /dev/fd /proc/self/fd\n", Mounts: procMounts, Script: `
		d=open "/d" O_PATH
		openat2 AT_FDCWD "/proc/self/exe" O_PATH 0 RESOLVE_NO_MAGICLINKS => ELOOP
		openat2 AT_FDCWD "/proc/self/status" O_PATH 0 RESOLVE_NO_MAGICLINKS => OK
		openat2 AT_FDCWD "/proc/self/status" O_PATH 0 RESOLVE_NO_SYMLINKS => ELOOP
		openat2 AT_FDCWD "/proc/self/fd/"+$d+"/f" O_RDONLY 0 RESOLVE_NO_MAGICLINKS => ELOOP
		openat2 AT_FDCWD "/proc/self/fd/"+$d+"/f" O_RDONLY 0 0 => OK
		openat2 AT_FDCWD "/proc/self/fd/"+$d O_PATH|O_NOFOLLOW 0 RESOLVE_NO_MAGICLINKS => OK
		openat2 AT_FDCWD "/proc/self/status" O_RDONLY 0 RESOLVE_NO_XDEV => EXDEV
	`},
}
