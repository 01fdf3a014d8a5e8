package difftest

// processCases are about calls that name no file. What is compared is which
// arguments are refused, and with what.
var processCases = []Case{
	{Name: "identities of an ordinary user", Tree: std, Script: `
		getuid
		geteuid
		getgid
		getegid
		getresuid 0 0 0 => EFAULT
		getresgid 0 0 0 => EFAULT
		getgroups 0 0 => OK 0
		getgroups -1 0 => EINVAL
		setuid 65534 => OK
		setuid 0 => EPERM
		setgid 65534 => OK
		setgid 0 => EPERM
		setreuid -1 -1 => OK
		setreuid 0 -1 => EPERM
		setregid -1 65534 => OK
		setregid -1 0 => EPERM
		setresuid -1 -1 -1 => OK
		setresuid -1 0 -1 => EPERM
		setresgid 65534 65534 65534 => OK
		setresgid -1 -1 0 => EPERM
		setfsuid 0 => OK 65534
		setfsuid -1 => OK 65534
		setfsgid 0 => OK 65534
		setgroups 0 0 => EPERM
		capget 0 0 => EFAULT
		capset 0 0 => EFAULT
	`},
	{Name: "signals and descriptors of processes", Tree: std, Script: `
		kill $PID 0 => OK
		kill $PID 65 => EINVAL
		kill 2147483647 0 => ESRCH
		tkill $TID 0 => OK
		tkill 0 0 => EINVAL
		tkill 2147483647 0 => ESRCH
		tgkill $PID $TID 0 => OK
		tgkill $PID 0 0 => EINVAL
		tgkill 2147483647 $TID 0 => ESRCH
		rt_sigqueueinfo $PID 0 0 => EFAULT
		rt_tgsigqueueinfo $PID $TID 0 0 => EFAULT
		p=pidfd_open $PID 0 => OK
		pidfd_open 0 0 => EINVAL
		pidfd_open -1 0 => EINVAL
		pidfd_open $PID 1 => EINVAL
		pidfd_open 2147483647 0 => ESRCH
		pidfd_send_signal $p 0 0 0 => OK
		pidfd_send_signal $p 65 0 0 => EINVAL
		pidfd_send_signal -1 0 0 0 => EBADF
		f=open "/f" O_RDONLY
		pidfd_send_signal $f 0 0 0 => EBADF
		pidfd_getfd $f 0 0 => EBADF
		pidfd_getfd $p 99 0 => EBADF
		pidfd_getfd $p 0 1 => EINVAL
		kcmp $PID $PID 99 0 0 => EINVAL
		kcmp 2147483647 $PID 2 0 0 => ESRCH
	`},
	{Name: "scheduling and limits", Tree: std, Script: `
		setpriority 0 0 19 => OK
		setpriority 0 0 -20 => EACCES
		setpriority 9 0 0 => EINVAL
		setpriority 0 2147483647 0 => ESRCH
		ioprio_set 9 0 0 => EINVAL
		ioprio_set 1 2147483647 0x4000 => ESRCH
		sched_setscheduler $TID 0 0 => EINVAL
		sched_setparam $TID 0 => EINVAL
		sched_setparam -1 0 => EINVAL
		sched_setattr $TID 0 0 => EINVAL
		sched_setaffinity 2147483647 0 0
		sched_setaffinity $TID 8 0 => EFAULT
		migrate_pages 2147483647 0 0 0
		move_pages 2147483647 0 0 0 0 0
		prlimit64 $PID 99 0 0 => EINVAL
		prlimit64 $PID 7 0 0 => OK
		prlimit64 2147483647 7 0 0 => ESRCH
		prctl 99999 0 0 0 0 => EINVAL
		prctl 3 0 0 0 0
		personality 0xffffffff
		~EPERM setns -1 0
		seccomp 99 0 0 => EINVAL
		seccomp 1 0 0 => EFAULT
	`},
	{Name: "memory, by numbers", Tree: std, Script: `
		m=mmap 0 8192 PROT_READ|PROT_WRITE MAP_PRIVATE|MAP_ANONYMOUS -1 0
		madvise $m 4096 0 => OK
		madvise $m|1 4096 0 => EINVAL
		madvise $m 4096 999 => EINVAL
		mremap $m|1 4096 4096 0 0 => EINVAL
		mremap $m 4096 4096 0x80 0 => EINVAL
		mbind $m 4096 99 0 0 0 => EINVAL
		mseal $m|1 4096 0 => EINVAL
		pkey_mprotect $m 4096 PROT_READ -1 => OK
		pkey_mprotect $m 4096 PROT_READ 99 => EINVAL
		remap_file_pages $m 4096 1 0 0 => EINVAL
		shmat -1 0 0 => EINVAL
		set_mempolicy_home_node $m|1 4096 0 0 => EINVAL
		process_madvise -1 0 0 0 1 => EINVAL
		process_vm_readv 2147483647 0 0 0 0 0
		process_vm_writev 2147483647 0 0 0 0 0
		uname 0 => EFAULT
		sethostname 0 5 => EPERM
		setdomainname 0 5 => EPERM
		s=socket AF_UNIX SOCK_STREAM
		getsockopt $s 1 9999 0 0
		getsockopt -1 1 3 0 0 => EBADF
		io_submit 0 0 0 => EINVAL
		close_range 5 4 0 => EINVAL
		close_range 500 600 8 => EINVAL
		close_range 500 600 0 => OK
		~ENOSYS fsopen "nosuchfs" 0
		~ENOSYS fsopen "tmpfs" 0
		~ENOSYS fsconfig -1 0 NULL NULL 0
		~ENOSYS fsmount -1 0 0
	`},
}
