package difftest

const execTree = std + `
d /proc
d /mnt
x /bin/prog
x /bin/noexec 0644
x @m/prog
f @m/script 0755 "#!/guest args from-mount\n"
l /bin/link prog
l /bin/abs /bin/prog
l /bin/tomnt /mnt/prog
f /s1 0755 "#!/guest args one\n"
f /s2 0755 "#!/s1 two\n"
f /s3 0755 "#!/s2 three\n"
f /s4 0755 "#!/s3 four\n"
f /s5 0755 "#!/s4 five\n"
f /s6 0755 "#!/s5 six\n"
f /srel 0755 "#!guest args rel\n"
f /srel2 0755 "#!./bin/prog args rel2\n"
f /sspace 0755 "#!  /guest   args  many words  \n"
f /stab 0755 "#!\t/guest\targs\ttabs\n"
f /snoarg 0755 "#!/guest\n"
f /snonl 0755 "#!/guest args"
f /smissing 0755 "#!/no/such/interpreter\n"
f /sdir 0755 "#!/d\n"
f /snox 0755 "#!/bin/noexec args\n"
f /sempty 0755 "#!\n"
f /sblank 0755 "#!   \n"
f /slink 0755 "#!/bin/link args via-link\n"
f /smnt 0755 "#!/mnt/prog args mnt\n"
f /sself 0755 "#!/sself\n"
f /sloop 0755 "#!/loop\n"
f /sproc 0755 "#!/proc/self/exe args\n"
f /noshebang 0755 "echo hello\n"
f /emptyfile 0755 ""
f /garbage 0755 "\x7fELFgarbage"
f /snotx 0644 "#!/guest args\n"
l /ls1 s1
f /mixed 0711 "#!/guest args\n"
`

const execMounts = "proc /proc\nbind @m /mnt"

var execCases = []Case{
	{Name: "execve", Tree: execTree, Mounts: execMounts, Script: `
		execve "/bin/prog" "name" "args" "a" "b"
		execve "/bin/link" "name" "args"
		execve "/bin/abs" "name" "args"
		execve "/bin/tomnt" "name" "args"
		execve "/mnt/prog" "name" "args"
		execve "bin/prog" "name" "args"
		execve "./bin/../bin/prog" "name" "args"
		execve "/mnt/../bin/prog" "name" "args"
		execve "/ld/../bin/prog" "name" "args"
		execve "/guest" "guest" "exit" "42" => OK exit=42 out=""
		execve "/bin/noexec" "x" => EACCES
		execve "/bin" "x" => EACCES
		execve "/bin/prog/" "x" => ENOTDIR
		execve "/bin/missing" "x" => ENOENT
		execve "/missing/prog" "x" => ENOENT
		execve "/f/prog" "x" => ENOTDIR
		execve "/loop" "x" => ELOOP
		execve "/dang" "x" => ENOENT
		execve "/nox/f" "x" => EACCES
		execve "/noshebang" "x" => ENOEXEC
		execve "/emptyfile" "x" => ENOEXEC
		execve "/garbage" "x" => ENOEXEC
		execve "/fifo" "x" => EACCES
		chdir "/bin"
		execve "prog" "name" "args"
		execve "./link" "name" "args"
		execve "../guest" "name" "args"
		chdir "/mnt"
		execve "prog" "name" "args"
		execve "../bin/prog" "name" "args"
	`},
	{Name: "arguments", Tree: execTree, Mounts: execMounts, Script: `
		execve "/guest" "guest" "args" "" "x y" "tab	here" "ü"
		execve "/guest" "guest" "args" "long"*5000
		execve "/guest" "/other/argv0" "args"
		execve "/guest" "" "args"
		execve "/guest" BAD => EFAULT
		execve "/guest" "guest" BAD => EFAULT
		execve "/guest" "guest" "args" "x"*200000 => E2BIG
	`},
	{Name: "scripts", Tree: execTree, Mounts: execMounts, Script: `
		execve "/s1" "argv0" "x"
		execve "s1" "argv0" "x"
		execve "./d/../s1" "argv0" "x"
		execve "/ls1" "argv0" "x"
		execve "/s2" "argv0" "x"
		execve "/s3" "argv0" "x"
		execve "/s4" "argv0" "x"
		execve "/s5" "argv0" "x"
		execve "/s6" "argv0" "x"
		execve "/srel" "argv0" "x"
		execve "/srel2" "argv0" "x"
		execve "/sspace" "argv0" "x"
		execve "/stab" "argv0" "x"
		execve "/snoarg" "argv0" "exit" "3"
		execve "/snonl" "argv0" "x"
		execve "/smissing" "argv0" => ENOENT
		execve "/sdir" "argv0" => EACCES
		execve "/snox" "argv0" => EACCES
		execve "/sempty" "argv0" => ENOEXEC
		execve "/sblank" "argv0" => ENOEXEC
		execve "/slink" "argv0" "x"
		execve "/smnt" "argv0" "x"
		execve "/mnt/script" "argv0" "x"
		execve "/sself" "argv0" => ELOOP
		execve "/sloop" "argv0" => ELOOP
		execve "/snotx" "argv0" => EACCES
		execve "/mixed" "argv0" "x"
		chdir "/d"
		execve "/srel" "argv0" "x"
		execve "/srel2" "argv0" "x"
		execve "../s1" "argv0" "x"
		chdir "/mnt"
		execve "script" "argv0" "x"
		execve "./script" "argv0" "x"
	`},
	{Name: "long interpreter lines", Tree: std, Script: `
		f=open "/long255" O_CREAT|O_WRONLY 0755
		write $f "#!"+"/"*240+"guest args\n"
		close $f
		execve "/long255" "x" "y"
		f=open "/long256" O_CREAT|O_WRONLY 0755
		write $f "#!"+"/"*248+"guest\n"
		close $f
		execve "/long256" "x" "exit" "1"
		f=open "/long257" O_CREAT|O_WRONLY 0755
		write $f "#!"+"/"*252+"guest\n"
		close $f
		execve "/long257" "x" "exit" "1"
		f=open "/longarg" O_CREAT|O_WRONLY 0755
		write $f "#!/guest args "+"a"*400+"\n"
		close $f
		execve "/longarg" "x" "y"
	`},
	{Name: "execveat", Tree: execTree, Mounts: execMounts, Script: `
		d=open "/bin" O_RDONLY|O_DIRECTORY
		f=open "/bin/prog" O_RDONLY
		p=open "/bin/prog" O_PATH
		c=open "/bin/prog" O_RDONLY|O_CLOEXEC
		s=open "/s1" O_RDONLY
		execveat $d "prog" 0 "name" "args"
		execveat $d "link" 0 "name" "args"
		execveat $d "link" AT_SYMLINK_NOFOLLOW "name" "args" => ELOOP
		execveat $d "prog" AT_SYMLINK_NOFOLLOW "name" "exit" "2" => OK exit=2 out=""
		execveat $d "../guest" 0 "name" "exit" "2" => OK exit=2 out=""
		execveat -1 "/guest" 0 "name" "exit" "2" => OK exit=2 out=""
		execveat -1 "guest" 0 "name" => EBADF
		execveat AT_FDCWD "guest" 0 "name" "exit" "4" => OK exit=4 out=""
		execveat $f "" AT_EMPTY_PATH "name" "exit" "2" => OK exit=2 out=""
		execveat $p "" AT_EMPTY_PATH "name" "exit" "3" => OK exit=3 out=""
		execveat $f "" 0 "name" => ENOENT
		execveat $f "x" 0 "name" => ENOTDIR
		execveat $d "" AT_EMPTY_PATH "name" => EACCES
		execveat $d "missing" 0 "name" => ENOENT
		execveat $f "" 0x8000 "name" => ENOENT
		execveat AT_FDCWD "/guest" 0x8000 "name" => EINVAL
		execveat $f NULL AT_EMPTY_PATH "name"
		execveat AT_FDCWD "/smissing" 0 "x" => ENOENT
	`},
	{Name: "execveat of a script by descriptor", Tree: execTree, Mounts: "bind @m /mnt", Script: `
		d=open "/" O_RDONLY|O_DIRECTORY
		execveat AT_FDCWD "/s1" 0 "x" "y"
		execveat AT_FDCWD "s1" 0 "x" "y"
		execveat AT_FDCWD "/mnt/script" 0 "x" "y"
		execveat $d "/s2" 0 "x" "y"
	`},
	{Name: "memory files can be executed", Tree: execTree, Mounts: execMounts, Script: `
		m=memfd_create "prog" MFD_EXEC
		write $m "#!/guest args from-memfd\n"
		execve "/proc/self/fd/"+$m "x" "y"
		g=memfd_create "garbage" MFD_EXEC
		write $g "garbage"
		execveat $g "" AT_EMPTY_PATH "x" => ENOEXEC
		execve "/proc/self/fd/"+$g "x" => ENOEXEC
	`},
	{Name: "text file busy", Tree: execTree, Mounts: execMounts, Script: `
		open "/guest" O_RDWR
		open "/bin/prog" O_WRONLY
		w=open "/bin/prog" O_RDWR
		execve "/bin/prog" "guest" "exit" "0" => ETXTBSY
		close $w
		truncate "/guest" 0
	`},
	// A program that may be executed but not read is EACCES: the kernel would
	// make it a process that an unprivileged tracer cannot look into.
	{Name: "permission to execute", Tree: execTree, Mounts: execMounts, Script: `
		chmod "/bin/prog" 0111 => OK
		~EACCES execve "/bin/prog" "guest" "exit" "1" => OK exit=1 out=""
		chmod "/bin/prog" 0100 => OK
		~EACCES execve "/bin/prog" "guest" "exit" "1" => OK exit=1 out=""
		chmod "/bin/prog" 0011 => OK
		execve "/bin/prog" "guest" => EACCES
		chmod "/bin/prog" 0666 => OK
		execve "/bin/prog" "guest" => EACCES
		chmod "/s1" 0111 => OK
		~EACCES execve "/s1" "x"
		chmod "/bin" 0600 => OK
		execve "/bin/prog" "guest" => EACCES
		execve "/bin/link" "guest" => EACCES
	`},
	{Name: "AT_EXECVE_CHECK", Tree: execTree, Mounts: execMounts, Script: `
		~EINVAL execveat AT_FDCWD "/guest" AT_EXECVE_CHECK "x"
		~EINVAL execveat AT_FDCWD "/bin/noexec" AT_EXECVE_CHECK "x"
		~EINVAL execveat AT_FDCWD "/s1" AT_EXECVE_CHECK "x"
		~EINVAL execveat AT_FDCWD "/missing" AT_EXECVE_CHECK "x" => ENOENT
	`},
	{Name: "a program that is unlinked while it runs", Tree: execTree, Mounts: execMounts, Script: `
		f=open "/bin/prog" O_RDONLY
		unlink "/bin/prog" => OK
		execveat $f "" AT_EMPTY_PATH "name" "exit" "9" => OK exit=9 out=""
		execve "/bin/prog" "x" => ENOENT
		readlink "/proc/self/fd/"+$f => OK "/bin/prog (deleted)"
	`},
}
