package tracer

// Calls on descriptors: what could close or replace the window's, and what
// changes a file of a read-only mount through a descriptor that was opened
// for reading.
var tableFD = []Sysent{
	{Name: "close", Nr: nrs{3, 6, 57}, Args: kinds{FD}, Class: ClassFD, Support: Handled, Guard: GuardFD0},
	{Name: "dup", Nr: nrs{32, 41, 23}, Args: kinds{FD}, Class: ClassFD, Support: Handled, When: IfTwice},
	{Name: "dup2", Nr: nrs{33, 63, no}, Args: kinds{FD, FD}, Class: ClassFD, Support: Handled, Guard: GuardFD1},
	{Name: "dup3", Nr: nrs{292, 330, 24}, Args: kinds{FD, FD, OpenFlags}, Class: ClassFD, Support: Handled, Guard: GuardFD1},
	{
		Name: "close_range", Nr: nrs{436, 436, 436}, Args: kinds{FD, FD, Hex},
		Class: ClassFD, Support: Handled, Guard: GuardFDRange,
	},
	{Name: "fcntl", Nr: nrs{72, 55, 25}, Args: kinds{FD, Int, Hex}, Class: ClassFD, Support: Handled, Guard: GuardFcntl},
	{Name: "fcntl64", Nr: nrs{no, 221, no}, Args: kinds{FD, Int, Hex}, Class: ClassFD, Support: Handled, Guard: GuardFcntl},
	{
		Name: "ioctl", Nr: nrs{16, 54, 29}, Args: kinds{FD, Hex, Hex},
		Class: ClassFDAttr, Support: Handled, Guard: GuardIoctl,
		Note: "TIOCSTI and TIOCLINUX could type into the launcher's terminal, USERFAULTFD_IOC_NEW is userfaultfd: EPERM.",
	},
	{
		Name: "fchmod", Nr: nrs{91, 94, 52}, Args: kinds{FD, Mode},
		Class: ClassFDAttr, Support: Handled, When: IfReadOnly | IfIdentity | IfShut, Writes: true,
	},
	{
		Name: "fchown", Nr: nrs{93, 95, 55}, Args: kinds{FD, UID, GID},
		Class: ClassFDAttr, Support: Handled, When: IfReadOnly | IfIdentity | IfShut, Writes: true,
	},
	{
		Name: "fchown32", Nr: nrs{no, 207, no}, Args: kinds{FD, UID, GID},
		Class: ClassFDAttr, Support: Handled, When: IfReadOnly | IfIdentity | IfShut, Writes: true,
	},
	{
		Name: "fsetxattr", Nr: nrs{190, 228, 7}, Args: kinds{FD, Str, Ptr, Size, Hex},
		Class: ClassFDAttr, Support: Handled, When: IfReadOnly | IfIdentity | IfShut, Writes: true,
	},
	{
		Name: "fremovexattr", Nr: nrs{199, 237, 16}, Args: kinds{FD, Str},
		Class: ClassFDAttr, Support: Handled, When: IfReadOnly | IfIdentity | IfShut, Writes: true,
	},
	{Name: "fgetxattr", Nr: nrs{193, 231, 10}, Args: kinds{FD, Str, Ptr, Size}, Class: ClassXattrRead, Support: Handled, When: IfIdentity},
	{Name: "flistxattr", Nr: nrs{196, 234, 13}, Args: kinds{FD, Ptr, Size}, Class: ClassXattrRead, Support: Handled, When: IfIdentity},
	{Name: "ftruncate", Nr: nrs{77, 93, 46}, Args: kinds{FD, Int}, Class: ClassWrite, Support: Handled, When: IfLimited, Note: "The descriptor must be open for writing."},
	{Name: "ftruncate64", Nr: nrs{no, 194, no}, Args: kinds{FD, Int, Int}, Class: ClassWrite, Support: Handled, When: IfLimited, Note: "The descriptor must be open for writing."},
	{Name: "fallocate", Nr: nrs{285, 324, 47}, Args: kinds{FD, Hex, Int, Int}, Class: ClassWrite, Support: Handled, When: IfLimited},
	{Name: "copy_file_range", Nr: nrs{326, 377, 285}, Args: kinds{FD, Ptr, FD, Ptr, Size, Hex}, Class: ClassWrite, Support: Handled, When: IfLimited},
	{Name: "cachestat", Nr: nrs{451, 451, 451}, Args: kinds{FD, Ptr, Ptr, Hex}, Class: ClassFD},
	{Name: "syncfs", Nr: nrs{306, 344, 267}, Args: kinds{FD}, Class: ClassFD},
}
