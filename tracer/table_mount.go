package tracer

import "golang.org/x/sys/unix"

// umountNoFollow is UMOUNT_NOFOLLOW.
const umountNoFollow = 0x8

// Calls about mounts: the view is fixed when the sandbox starts, but for an
// emulated root.
var tableMount = []Sysent{
	{
		Name: "mount", Nr: nrs{165, 21, 40}, Args: kinds{Str, Path, Str, Hex, Ptr},
		Paths: paths(cwdPath(1, OpLookup, FollowAlways)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.EPERM,
		Note: "Changes the view of the mount namespace: binds, moves, tmpfs, overlay, and proc, sysfs, devpts and mqueue where the view has them; without an emulated identity as without CAP_SYS_ADMIN.",
	},
	{
		Name: "umount", Nr: nrs{no, 22, no}, Args: kinds{Path},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.EPERM,
		Note: "umount2 without flags.",
	},
	{
		Name: "umount2", Nr: nrs{166, 52, 39}, Args: kinds{Path, Hex},
		Paths: paths(cwdPath(0, OpLookup, FollowUnlessBit).flags(1, umountNoFollow, 0)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.EPERM,
		Note: "Takes away what mount has added; without an emulated identity as without CAP_SYS_ADMIN.",
	},
	{
		Name: "pivot_root", Nr: nrs{155, 217, 41}, Args: kinds{Path, Path},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways), cwdPath(1, OpLookup, FollowAlways)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.EPERM,
		Note: "Changes the view's root for the caller's mount namespace; without an emulated identity as without CAP_SYS_ADMIN.",
	},
	{
		Name: "chroot", Nr: nrs{161, 61, 51}, Args: kinds{Path},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.EPERM,
		Note: "Changes the root of the view for the caller; without an emulated identity as without CAP_SYS_CHROOT.",
	},
	{
		Name: "open_tree", Nr: nrs{428, 428, 428}, Args: kinds{DirFD, Path, Hex},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, unix.AT_SYMLINK_NOFOLLOW, 0)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "With an emulated identity, a change of the view as by mount; without, callers fall back to the old calls on ENOSYS.",
	},
	{
		Name: "open_tree_attr", Nr: nrs{467, 467, 467}, Args: kinds{DirFD, Path, Hex, Ptr, Size},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, unix.AT_SYMLINK_NOFOLLOW, 0)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "move_mount", Nr: nrs{429, 429, 429}, Args: kinds{DirFD, Path, DirFD, Path, Hex},
		Paths: paths(at(0, 1, OpLookup, FollowIfBit).flags(4, unix.MOVE_MOUNT_F_SYMLINKS, 0), at(2, 3, OpLookup, FollowIfBit).flags(4, unix.MOVE_MOUNT_T_SYMLINKS, 0)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "fsopen", Nr: nrs{430, 430, 430}, Args: kinds{Str, Hex},
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "fsconfig", Nr: nrs{431, 431, 431}, Args: kinds{FD, Int, Str, Ptr, Int},
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "fsmount", Nr: nrs{432, 432, 432}, Args: kinds{FD, Hex, Hex},
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "fspick", Nr: nrs{433, 433, 433}, Args: kinds{DirFD, Path, Hex},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, unix.FSPICK_SYMLINK_NOFOLLOW, 0)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "mount_setattr", Nr: nrs{442, 442, 442}, Args: kinds{DirFD, Path, Hex, Ptr, Size},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, unix.AT_SYMLINK_NOFOLLOW, 0)),
		Class: ClassMount, Support: Handled, When: IfIdentity, Errno: unix.ENOSYS,
		Note: "As open_tree.",
	},
	{
		Name: "statmount", Nr: nrs{457, 457, 457}, Args: kinds{Ptr, Ptr, Size, Hex},
		Class: ClassMount, Support: Refused, Errno: unix.ENOSYS,
		Note: "Would show the host's mounts; callers fall back to mountinfo.",
	},
	{
		Name: "listmount", Nr: nrs{458, 458, 458}, Args: kinds{Ptr, Ptr, Size, Hex},
		Class: ClassMount, Support: Refused, Errno: unix.ENOSYS,
		Note: "Would show the host's mounts; callers fall back to mountinfo.",
	},
	{
		Name: "listns", Nr: nrs{470, 470, 470}, Args: kinds{Ptr, Ptr, Size, Hex},
		Class: ClassMount, Support: Refused, Errno: unix.ENOSYS,
		Note: "Would show the host's namespaces; callers fall back to /proc.",
	},
	{
		Name: "quotactl", Nr: nrs{179, 131, 60}, Args: kinds{Hex, Path, Int, Ptr},
		Class: ClassMount, Support: Refused, Errno: unix.EPERM,
		Note: "Names a block device by path; as without CAP_SYS_ADMIN.",
	},
	{
		Name: "quotactl_fd", Nr: nrs{443, 443, 443}, Args: kinds{FD, Hex, Int, Ptr},
		Class: ClassMount, Support: Refused, Errno: unix.ENOSYS,
		Note: "As a kernel before 5.14.",
	},
	{
		Name: "swapon", Nr: nrs{167, 87, 224}, Args: kinds{Path, Hex},
		Class: ClassMount, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_ADMIN.",
	},
	{
		Name: "swapoff", Nr: nrs{168, 115, 225}, Args: kinds{Path},
		Class: ClassMount, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_ADMIN.",
	},
	{
		Name: "acct", Nr: nrs{163, 51, 89}, Args: kinds{Path},
		Class: ClassMount, Support: Refused, Errno: unix.EPERM,
		Note: "As without CAP_SYS_PACCT.",
	},
	{
		Name: "open_by_handle_at", Nr: nrs{304, 342, 265}, Args: kinds{FD, Ptr, OpenFlags},
		Class: ClassMount, Support: Refused, Errno: unix.EPERM,
		Note: "Opens by inode and so passes every path check; as without CAP_DAC_READ_SEARCH.",
	},
	{Name: "nfsservctl", Nr: nrs{180, 169, 42}, Class: ClassMount, Support: Refused, Errno: unix.ENOSYS, Note: "Gone since Linux 3.1."},
	{
		Name: "lookup_dcookie", Nr: nrs{212, 253, 18}, Args: kinds{Hex, PathOut, Size},
		Class: ClassMount, Support: Refused, Errno: unix.ENOSYS,
		Note: "Gone since Linux 6.8; gave host paths.",
	},
	{Name: "sysfs", Nr: nrs{139, 135, no}, Args: kinds{Int, Hex, Hex}, Class: ClassMount, Note: "Names of file system types."},
}
