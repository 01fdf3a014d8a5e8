package tracer

import "golang.org/x/sys/unix"

// Calls about the whole system, most of them a privilege, and what is refused
// because it goes round the filter.
var tableSystem = []Sysent{
	{Name: "uname", Nr: nrs{63, 122, 160}, Args: kinds{Ptr}, Class: ClassSystem, Support: Handled, When: IfUTS | IfIdentity},
	{Name: "olduname", Nr: nrs{no, 109, no}, Args: kinds{Ptr}, Class: ClassSystem, Support: Handled, When: IfUTS},
	{Name: "oldolduname", Nr: nrs{no, 59, no}, Args: kinds{Ptr}, Class: ClassSystem, Support: Handled, When: IfUTS},
	{
		Name: "sethostname", Nr: nrs{170, 74, 161}, Args: kinds{Str, Size},
		Class: ClassSystem, Support: Handled, When: IfUTS | IfIdentity, Errno: unix.EPERM,
		Note: "Without an emulated host name or identity as without CAP_SYS_ADMIN.",
	},
	{
		Name: "setdomainname", Nr: nrs{171, 121, 162}, Args: kinds{Str, Size},
		Class: ClassSystem, Support: Handled, When: IfUTS | IfIdentity, Errno: unix.EPERM,
		Note: "Without an emulated host name or identity as without CAP_SYS_ADMIN.",
	},
	{
		Name: "io_uring_setup", Nr: nrs{425, 425, 425}, Args: kinds{Int, Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "Its requests open, rename and connect past filter and tracer; programs fall back on ENOSYS.",
	},
	{
		Name: "io_uring_enter", Nr: nrs{426, 426, 426}, Args: kinds{FD, Int, Int, Hex, Ptr, Size},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "As io_uring_setup.",
	},
	{
		Name: "io_uring_register", Nr: nrs{427, 427, 427}, Args: kinds{FD, Int, Ptr, Int},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "As io_uring_setup.",
	},
	{
		Name: "bpf", Nr: nrs{321, 357, 280}, Args: kinds{Int, Ptr, Size},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "Names paths in memory; as with unprivileged_bpf_disabled.",
	},
	{
		Name: "perf_event_open", Nr: nrs{298, 336, 241}, Args: kinds{Ptr, PID, Int, FD, Hex},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "Reports host paths; containers refuse it too.",
	},
	{
		Name: "kexec_load", Nr: nrs{246, 283, 104}, Args: kinds{Ptr, Int, Ptr, Hex},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_BOOT.",
	},
	{
		Name: "kexec_file_load", Nr: nrs{320, no, 294}, Args: kinds{FD, FD, Size, Str, Hex},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_BOOT.",
	},
	{
		Name: "reboot", Nr: nrs{169, 88, 142}, Args: kinds{Hex, Hex, Hex, Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_BOOT.",
	},
	{
		Name: "init_module", Nr: nrs{175, 128, 105}, Args: kinds{Ptr, Size, Str},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_MODULE.",
	},
	{
		Name: "finit_module", Nr: nrs{313, 350, 273}, Args: kinds{FD, Str, Hex},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_MODULE.",
	},
	{
		Name: "delete_module", Nr: nrs{176, 129, 106}, Args: kinds{Str, Hex},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_MODULE.",
	},
	{
		Name: "add_key", Nr: nrs{248, 286, 217}, Args: kinds{Str, Str, Ptr, Size, Int},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "Keyrings are not separated from the host's; containers refuse them too.",
	},
	{
		Name: "request_key", Nr: nrs{249, 287, 218}, Args: kinds{Str, Str, Str, Int},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As add_key; also runs a helper on the host.",
	},
	{
		Name: "keyctl", Nr: nrs{250, 288, 219}, Args: kinds{Int, Hex, Hex, Hex, Hex},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As add_key.",
	},
	{
		Name: "iopl", Nr: nrs{172, 110, no}, Args: kinds{Int},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_RAWIO.",
	},
	{
		Name: "ioperm", Nr: nrs{173, 101, no}, Args: kinds{Int, Int, Int},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_RAWIO.",
	},
	{
		Name: "settimeofday", Nr: nrs{164, 79, 170}, Args: kinds{Ptr, Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_TIME.",
	},
	{
		Name: "clock_settime", Nr: nrs{227, 264, 112}, Args: kinds{Int, Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_TIME.",
	},
	{
		Name: "clock_settime64", Nr: nrs{no, 404, no}, Args: kinds{Int, Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_TIME.",
	},
	{
		Name: "stime", Nr: nrs{no, 25, no}, Args: kinds{Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_TIME.",
	},
	{Name: "vhangup", Nr: nrs{153, 111, 58}, Class: ClassSystem, Support: Refused, Errno: unix.EPERM, Note: "As without CAP_SYS_TTY_CONFIG."},
	{
		Name: "_sysctl", Nr: nrs{156, 149, no}, Args: kinds{Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "Gone since Linux 5.5.",
	},
	{
		Name: "create_module", Nr: nrs{174, 127, no}, Args: kinds{Str, Size},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "Not in Linux 2.6 or later.",
	},
	{
		Name: "get_kernel_syms", Nr: nrs{177, 130, no}, Args: kinds{Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "Not in Linux 2.6 or later.",
	},
	{
		Name: "query_module", Nr: nrs{178, 167, no}, Args: kinds{Str, Int, Ptr, Size, Ptr},
		Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS,
		Note: "Not in Linux 2.6 or later.",
	},
	{Name: "getpmsg", Nr: nrs{181, 188, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "putpmsg", Nr: nrs{182, 189, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "afs_syscall", Nr: nrs{183, 137, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "tuxcall", Nr: nrs{184, no, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "security", Nr: nrs{185, no, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "epoll_ctl_old", Nr: nrs{214, no, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "epoll_wait_old", Nr: nrs{215, no, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "vserver", Nr: nrs{236, 273, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "break", Nr: nrs{no, 17, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "stty", Nr: nrs{no, 31, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "gtty", Nr: nrs{no, 32, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "ftime", Nr: nrs{no, 35, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "prof", Nr: nrs{no, 44, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "lock", Nr: nrs{no, 53, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "mpx", Nr: nrs{no, 56, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "ulimit", Nr: nrs{no, 58, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "profil", Nr: nrs{no, 98, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "idle", Nr: nrs{no, 112, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
	{Name: "bdflush", Nr: nrs{no, 134, no}, Class: ClassSystem, Support: Refused, Errno: unix.ENOSYS, Note: "The kernel does not implement it."},
}
