package main

import "golang.org/x/sys/unix"

// Calls on processes, identities and memory: with numbers only, so that what
// they answer can be compared.
func init() {
	for name, c := range map[string]call{
		"getuid": {unix.SYS_GETUID, "", resInt}, "geteuid": {unix.SYS_GETEUID, "", resInt},
		"getgid": {unix.SYS_GETGID, "", resInt}, "getegid": {unix.SYS_GETEGID, "", resInt},
		"getresuid": {unix.SYS_GETRESUID, "iii", resNone}, "getresgid": {unix.SYS_GETRESGID, "iii", resNone},
		"getgroups": {unix.SYS_GETGROUPS, "ii", resInt}, "setgroups": {unix.SYS_SETGROUPS, "ii", resNone},
		"setuid": {unix.SYS_SETUID, "i", resNone}, "setgid": {unix.SYS_SETGID, "i", resNone},
		"setreuid": {unix.SYS_SETREUID, "ii", resNone}, "setregid": {unix.SYS_SETREGID, "ii", resNone},
		"setresuid": {unix.SYS_SETRESUID, "iii", resNone}, "setresgid": {unix.SYS_SETRESGID, "iii", resNone},
		"setfsuid": {unix.SYS_SETFSUID, "i", resInt}, "setfsgid": {unix.SYS_SETFSGID, "i", resInt},
		"capget": {unix.SYS_CAPGET, "ii", resNone}, "capset": {unix.SYS_CAPSET, "ii", resNone},
		"kill": {unix.SYS_KILL, "ii", resNone}, "tkill": {unix.SYS_TKILL, "ii", resNone}, "tgkill": {unix.SYS_TGKILL, "iii", resNone},
		"rt_sigqueueinfo": {unix.SYS_RT_SIGQUEUEINFO, "iii", resNone}, "rt_tgsigqueueinfo": {unix.SYS_RT_TGSIGQUEUEINFO, "iiii", resNone},
		"pidfd_open": {unix.SYS_PIDFD_OPEN, "ii", resQuietFD}, "pidfd_getfd": {unix.SYS_PIDFD_GETFD, "fii", resQuietFD},
		"pidfd_send_signal": {unix.SYS_PIDFD_SEND_SIGNAL, "fiii", resNone},
		"kcmp":              {unix.SYS_KCMP, "iiiii", resNone},
		"setpriority":       {unix.SYS_SETPRIORITY, "iii", resNone}, "ioprio_set": {unix.SYS_IOPRIO_SET, "iii", resNone},
		"sched_setscheduler": {unix.SYS_SCHED_SETSCHEDULER, "iii", resNone}, "sched_setparam": {unix.SYS_SCHED_SETPARAM, "ii", resNone},
		"sched_setattr": {unix.SYS_SCHED_SETATTR, "iii", resNone}, "sched_setaffinity": {unix.SYS_SCHED_SETAFFINITY, "iii", resNone},
		"migrate_pages": {unix.SYS_MIGRATE_PAGES, "iiii", resNone}, "move_pages": {unix.SYS_MOVE_PAGES, "iiiiii", resNone},
		"prlimit64": {unix.SYS_PRLIMIT64, "iiii", resNone}, "prctl": {unix.SYS_PRCTL, "iiiii", resInt}, "personality": {unix.SYS_PERSONALITY, "i", resInt},
		"process_vm_readv": {unix.SYS_PROCESS_VM_READV, "iiiiii", resInt}, "process_vm_writev": {unix.SYS_PROCESS_VM_WRITEV, "iiiiii", resInt},
		"process_madvise": {unix.SYS_PROCESS_MADVISE, "fiiii", resInt}, "setns": {unix.SYS_SETNS, "fi", resNone},
		"uname": {unix.SYS_UNAME, "i", resNone}, "sethostname": {unix.SYS_SETHOSTNAME, "ii", resNone}, "setdomainname": {unix.SYS_SETDOMAINNAME, "ii", resNone},
		"madvise": {unix.SYS_MADVISE, "iii", resNone}, "mremap": {unix.SYS_MREMAP, "iiiii", resNone}, "mbind": {unix.SYS_MBIND, "iiiiii", resNone},
		"mseal": {462, "iii", resNone}, "pkey_mprotect": {unix.SYS_PKEY_MPROTECT, "iiii", resNone}, "remap_file_pages": {unix.SYS_REMAP_FILE_PAGES, "iiiii", resNone},
		"shmat": {unix.SYS_SHMAT, "iii", resNone}, "set_mempolicy_home_node": {450, "iiii", resNone},
		"getsockopt": {unix.SYS_GETSOCKOPT, "fiiii", resNone}, "io_submit": {unix.SYS_IO_SUBMIT, "iii", resInt}, "close_range": {unix.SYS_CLOSE_RANGE, "iii", resNone},
		"fsopen": {unix.SYS_FSOPEN, "pi", resQuietFD}, "fsconfig": {unix.SYS_FSCONFIG, "fippi", resNone}, "fsmount": {unix.SYS_FSMOUNT, "fii", resQuietFD},
		"seccomp": {unix.SYS_SECCOMP, "iii", resNone},
	} {
		if _, taken := calls[name]; !taken {
			calls[name] = c
		}
	}
}
