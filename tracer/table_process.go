package tracer

import "golang.org/x/sys/unix"

// Calls that make processes or reach into other ones.
var tableProcess = []Sysent{
	{
		Name: "clone", Nr: nrs{56, 120, 220}, Args: kinds{CloneFlags, Ptr, Ptr, Ptr, Hex},
		Class: ClassProcess, Support: Handled, Guard: GuardClone, Unless: IfPids,
	},
	{
		Name: "clone3", Nr: nrs{435, 435, 435}, Args: kinds{CloneArgs, Size},
		Class: ClassProcess, Support: Handled,
		Note: "The flags are in memory, where a filter cannot look.",
	},
	{Name: "fork", Nr: nrs{57, 2, no}, Class: ClassProcess, Support: Handled, When: IfPids},
	{Name: "vfork", Nr: nrs{58, 190, no}, Class: ClassProcess, Support: Handled, When: IfPids},
	{
		Name: "unshare", Nr: nrs{272, 310, 97}, Args: kinds{CloneFlags},
		Class: ClassProcess, Support: Handled,
		Note: "Namespaces are refused with EPERM, but for mount, user and UTS namespaces with an emulated identity, which are ptbox's own; CLONE_FS, CLONE_FILES and CLONE_SYSVSEM are the kernel's.",
	},
	{
		Name: "setns", Nr: nrs{308, 346, 268}, Args: kinds{FD, CloneFlags},
		Class: ClassProcess, Support: Handled, When: IfIdentity, Errno: unix.EPERM,
		Note: "Joins the mount, user and UTS namespaces that are ptbox's own, by their descriptors and by pidfd; the others belong to the host: EPERM, as everything without an emulated identity.",
	},
	{
		Name: "ptrace", Nr: nrs{101, 26, 117}, Args: kinds{Int, PID, Ptr, Ptr},
		Class: ClassProcess, Support: Handled,
		Note: "A process has one tracer, and it is taken.",
	},
	{Name: "prctl", Nr: nrs{157, 172, 167}, Args: kinds{Int, Hex, Hex, Hex, Hex}, Class: ClassProcess, Support: Handled, Guard: GuardPrctl},
	{
		Name: "seccomp", Nr: nrs{317, 354, 277}, Args: kinds{Int, Hex, Ptr},
		Class: ClassProcess, Support: Handled,
		Note: "Filters that could outrank the sandbox's (USER_NOTIF, TRACE) are refused.",
	},
	{
		Name: "process_vm_readv", Nr: nrs{310, 347, 270}, Args: kinds{PID, Ptr, Int, Ptr, Int, Hex},
		Class: ClassProcess, Support: Handled, When: IfProtect,
	},
	{
		Name: "process_vm_writev", Nr: nrs{311, 348, 271}, Args: kinds{PID, Ptr, Int, Ptr, Int, Hex},
		Class: ClassProcess, Support: Handled, When: IfProtect,
	},
	{
		Name: "process_madvise", Nr: nrs{440, 440, 440}, Args: kinds{FD, Ptr, Int, Int, Hex},
		Class: ClassProcess, Support: Handled, When: IfProtect,
		Note: "The ranges are in memory; on itself a process may use any advice since Linux 6.13.",
	},
	{Name: "process_mrelease", Nr: nrs{448, 448, 448}, Args: kinds{FD, Hex}, Class: ClassProcess, Note: "Acts on dying processes only."},
	{Name: "pidfd_getfd", Nr: nrs{438, 438, 438}, Args: kinds{FD, FD, Hex}, Class: ClassProcess, Support: Handled, When: IfProtect},
	{Name: "pidfd_open", Nr: nrs{434, 434, 434}, Args: kinds{PID, Hex}, Class: ClassProcess, Support: Handled, When: IfProtect},
	{
		Name: "pidfd_send_signal", Nr: nrs{424, 424, 424}, Args: kinds{FD, Signal, Ptr, Hex},
		Class: ClassProcess, Support: Handled, When: IfProtect | IfIdentity,
	},
	{Name: "kcmp", Nr: nrs{312, 349, 272}, Args: kinds{PID, PID, Int, Hex, Hex}, Class: ClassProcess, Support: Handled, When: IfProtect},
	{Name: "kill", Nr: nrs{62, 37, 129}, Args: kinds{PID, Signal}, Class: ClassProcess, Support: Handled, When: IfProtect | IfIdentity},
	{Name: "tkill", Nr: nrs{200, 238, 130}, Args: kinds{PID, Signal}, Class: ClassProcess, Support: Handled, When: IfProtect | IfIdentity},
	{Name: "tgkill", Nr: nrs{234, 270, 131}, Args: kinds{PID, PID, Signal}, Class: ClassProcess, Support: Handled, When: IfProtect | IfIdentity},
	{Name: "rt_sigqueueinfo", Nr: nrs{129, 178, 138}, Args: kinds{PID, Signal, Ptr}, Class: ClassProcess, Support: Handled, When: IfProtect | IfIdentity},
	{
		Name: "rt_tgsigqueueinfo", Nr: nrs{297, 335, 240}, Args: kinds{PID, PID, Signal, Ptr},
		Class: ClassProcess, Support: Handled, When: IfProtect | IfIdentity,
	},
	{
		Name: "prlimit64", Nr: nrs{302, 340, 261}, Args: kinds{PID, Int, Ptr, Ptr},
		Class: ClassProcess, Support: Handled, When: IfProtect, Guard: GuardNull0,
		Note: "Needs no ptrace permission, so the launcher's limits must be guarded.",
	},
	{Name: "setrlimit", Nr: nrs{160, 75, 164}, Args: kinds{Int, Ptr}, Class: ClassProcess},
	{
		Name: "personality", Nr: nrs{135, 136, 92}, Args: kinds{Hex},
		Class: ClassProcess, Support: Handled, Guard: GuardPersonality,
	},
	{Name: "wait4", Nr: nrs{61, 114, 260}, Args: kinds{PID, Ptr, Hex, Ptr}, Class: ClassProcess},
	{Name: "waitpid", Nr: nrs{no, 7, no}, Args: kinds{PID, Ptr, Hex}, Class: ClassProcess},
	{Name: "waitid", Nr: nrs{247, 284, 95}, Args: kinds{Int, PID, Ptr, Hex, Ptr}, Class: ClassProcess},
	{Name: "landlock_create_ruleset", Nr: nrs{444, 444, 444}, Args: kinds{Ptr, Size, Hex}, Class: ClassProcess},
	{Name: "landlock_add_rule", Nr: nrs{445, 445, 445}, Args: kinds{FD, Int, Ptr, Hex}, Class: ClassProcess},
	{Name: "landlock_restrict_self", Nr: nrs{446, 446, 446}, Args: kinds{FD, Hex}, Class: ClassProcess},
	{Name: "umask", Nr: nrs{95, 60, 166}, Args: kinds{Mode}, Class: ClassProcess},
}
