package tracer

import "golang.org/x/sys/unix"

// Calls that change mappings, and so could touch the window.
var tableMemory = []Sysent{
	{
		Name: "mmap", Nr: nrs{9, no, 222}, Args: kinds{Addr, Size, Hex, Hex, FD, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardMmap,
	},
	{
		Name: "old_mmap", Nr: nrs{no, 90, no}, Args: kinds{Ptr},
		Class: ClassMemory, Support: Refused, Errno: unix.ENOSYS,
		Note: "The arguments are in memory, where a filter cannot look; every C library uses mmap2.",
	},
	{
		Name: "mmap2", Nr: nrs{no, 192, no}, Args: kinds{Addr, Size, Hex, Hex, FD, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardMmap,
	},
	{Name: "munmap", Nr: nrs{11, 91, 215}, Args: kinds{Addr, Size}, Class: ClassMemory, Support: Handled, Guard: GuardAddr0},
	{
		Name: "mremap", Nr: nrs{25, 163, 216}, Args: kinds{Addr, Size, Size, Hex, Addr},
		Class: ClassMemory, Support: Handled, Guard: GuardMremap,
	},
	{
		Name: "mprotect", Nr: nrs{10, 125, 226}, Args: kinds{Addr, Size, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardMprotect,
	},
	{
		Name: "pkey_mprotect", Nr: nrs{329, 380, 288}, Args: kinds{Addr, Size, Hex, Int},
		Class: ClassMemory, Support: Handled, Guard: GuardMprotect,
	},
	{
		Name: "madvise", Nr: nrs{28, 219, 233}, Args: kinds{Addr, Size, Int},
		Class: ClassMemory, Support: Handled, Guard: GuardAddr0,
		Note: "MADV_DONTFORK would give a child without the window.",
	},
	{
		Name: "mbind", Nr: nrs{237, 274, 235}, Args: kinds{Addr, Size, Int, Ptr, Int, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardAddr0,
	},
	{
		Name: "set_mempolicy_home_node", Nr: nrs{450, 450, 450}, Args: kinds{Addr, Size, Int, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardAddr0,
	},
	{
		Name: "mseal", Nr: nrs{462, 462, 462}, Args: kinds{Addr, Size, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardAddr0,
	},
	{
		Name: "remap_file_pages", Nr: nrs{216, 257, 234}, Args: kinds{Addr, Size, Hex, Int, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardAddr0,
	},
	{
		Name: "shmat", Nr: nrs{30, 397, 196}, Args: kinds{Int, Addr, Hex},
		Class: ClassMemory, Support: Handled, Guard: GuardAddr1,
		Note: "SHM_REMAP replaces mappings.",
	},
	{
		Name: "ipc", Nr: nrs{no, 117, no}, Args: kinds{Hex, Int, Int, Int, Addr, Int},
		Class: ClassMemory, Support: Handled, Guard: GuardIPC,
		Note: "The i386 multiplexer of System V IPC: guarded for shmat.",
	},
	{Name: "shmdt", Nr: nrs{67, 398, 197}, Args: kinds{Ptr}, Class: ClassMemory, Note: "Detaches System V segments only."},
	{Name: "brk", Nr: nrs{12, 45, 214}, Args: kinds{Ptr}, Class: ClassMemory, Note: "Never below the program's end."},
	{Name: "map_shadow_stack", Nr: nrs{453, 453, 453}, Args: kinds{Ptr, Size, Hex}, Class: ClassMemory, Note: "Never replaces a mapping."},
	{Name: "mlock", Nr: nrs{149, 150, 228}, Args: kinds{Ptr, Size}, Class: ClassMemory},
	{Name: "mlock2", Nr: nrs{325, 376, 284}, Args: kinds{Ptr, Size, Hex}, Class: ClassMemory},
	{Name: "munlock", Nr: nrs{150, 151, 229}, Args: kinds{Ptr, Size}, Class: ClassMemory},
	{Name: "mlockall", Nr: nrs{151, 152, 230}, Args: kinds{Hex}, Class: ClassMemory},
	{Name: "munlockall", Nr: nrs{152, 153, 231}, Class: ClassMemory},
	{Name: "msync", Nr: nrs{26, 144, 227}, Args: kinds{Ptr, Size, Hex}, Class: ClassMemory},
	{Name: "mincore", Nr: nrs{27, 218, 232}, Args: kinds{Ptr, Size, Ptr}, Class: ClassMemory},
	{Name: "pkey_alloc", Nr: nrs{330, 381, 289}, Args: kinds{Hex, Hex}, Class: ClassMemory},
	{Name: "pkey_free", Nr: nrs{331, 382, 290}, Args: kinds{Int}, Class: ClassMemory},
	{Name: "migrate_pages", Nr: nrs{256, 294, 238}, Args: kinds{PID, Int, Ptr, Ptr}, Class: ClassProcess, Support: Handled, When: IfProtect, Guard: GuardNull0},
	{Name: "move_pages", Nr: nrs{279, 317, 239}, Args: kinds{PID, Int, Ptr, Ptr, Ptr, Hex}, Class: ClassProcess, Support: Handled, When: IfProtect, Guard: GuardNull0},
	{Name: "set_mempolicy", Nr: nrs{238, 276, 237}, Args: kinds{Int, Ptr, Int}, Class: ClassMemory},
	{Name: "get_mempolicy", Nr: nrs{239, 275, 236}, Args: kinds{Ptr, Ptr, Int, Ptr, Hex}, Class: ClassMemory},
	{
		Name: "userfaultfd", Nr: nrs{323, 374, 282}, Args: kinds{Hex},
		Class: ClassMemory, Support: Refused, Errno: unix.EPERM,
		Note: "Would let the guest stall whoever reads its memory; containers refuse it too.",
	},
}
