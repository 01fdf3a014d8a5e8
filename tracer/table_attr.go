package tracer

// Calls that read or change the attributes of a named file.
var tableAttr = []Sysent{
	{
		Name: "stat", Nr: nrs{4, 106, no}, Args: kinds{Path, StatOut},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "lstat", Nr: nrs{6, 107, no}, Args: kinds{Path, StatOut},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassStat, Support: Handled,
	},
	{Name: "fstat", Nr: nrs{5, 108, 80}, Args: kinds{FD, StatOut}, Class: ClassStat, Support: Handled, Guard: GuardFD0, Unless: IfIdentity},
	{
		Name: "newfstatat", Nr: nrs{262, no, 79}, Args: kinds{DirFD, Path, StatOut, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(3, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassStat, Support: Handled, Guard: GuardNull1, Unless: IfIdentity,
	},
	{
		Name: "fstatat64", Nr: nrs{no, 300, no}, Args: kinds{DirFD, Path, StatOut, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(3, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassStat, Support: Handled, Guard: GuardNull1, Unless: IfIdentity,
		Note: "newfstatat of i386.",
	},
	{
		Name: "statx", Nr: nrs{332, 383, 291}, Args: kinds{DirFD, Path, AtFlags, Hex, StatOut},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassStat, Support: Handled, Guard: GuardNull1, Unless: IfIdentity,
	},
	{
		Name: "stat64", Nr: nrs{no, 195, no}, Args: kinds{Path, StatOut},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "lstat64", Nr: nrs{no, 196, no}, Args: kinds{Path, StatOut},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassStat, Support: Handled,
	},
	{Name: "fstat64", Nr: nrs{no, 197, no}, Args: kinds{FD, StatOut}, Class: ClassStat, Support: Handled, Guard: GuardFD0, Unless: IfIdentity},
	{
		Name: "oldstat", Nr: nrs{no, 18, no}, Args: kinds{Path, StatOut},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "oldlstat", Nr: nrs{no, 84, no}, Args: kinds{Path, StatOut},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassStat, Support: Handled,
	},
	{Name: "oldfstat", Nr: nrs{no, 28, no}, Args: kinds{FD, StatOut}, Class: ClassStat, Support: Handled, When: IfIdentity},
	{
		Name: "statfs", Nr: nrs{137, 99, 43}, Args: kinds{Path, Ptr},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "statfs64", Nr: nrs{no, 268, no}, Args: kinds{Path, Size, Ptr},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "fstatfs", Nr: nrs{138, 100, 44}, Args: kinds{FD, Ptr}, Class: ClassStat, Support: Handled, When: IfMounts,
		Note: "f_flags are those of the view's mount.",
	},
	{Name: "fstatfs64", Nr: nrs{no, 269, no}, Args: kinds{FD, Size, Ptr}, Class: ClassStat, Support: Handled, When: IfMounts},
	{Name: "ustat", Nr: nrs{136, 62, no}, Args: kinds{Hex, Ptr}, Class: ClassStat, Note: "By device number."},
	{
		Name: "file_getattr", Nr: nrs{468, 468, 468}, Args: kinds{DirFD, Path, Ptr, Size, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(4, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "file_setattr", Nr: nrs{469, 469, 469}, Args: kinds{DirFD, Path, Ptr, Size, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(4, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "access", Nr: nrs{21, 33, no}, Args: kinds{Path, Mode},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAccess, Support: Handled,
	},
	{
		Name: "faccessat", Nr: nrs{269, 307, 48}, Args: kinds{DirFD, Path, Mode},
		Paths: paths(at(0, 1, OpLookup, FollowAlways)),
		Class: ClassAccess, Support: Handled,
		Note: "Has no flags; the fourth register is not looked at.",
	},
	{
		Name: "faccessat2", Nr: nrs{439, 439, 439}, Args: kinds{DirFD, Path, Mode, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(3, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassAccess, Support: Handled,
	},
	{
		Name: "chmod", Nr: nrs{90, 15, no}, Args: kinds{Path, Mode},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "fchmodat", Nr: nrs{268, 306, 53}, Args: kinds{DirFD, Path, Mode},
		Paths: paths(at(0, 1, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
		Note: "Has no flags.",
	},
	{
		Name: "fchmodat2", Nr: nrs{452, 452, 452}, Args: kinds{DirFD, Path, Mode, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(3, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "chown", Nr: nrs{92, 182, no}, Args: kinds{Path, UID, GID},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "chown32", Nr: nrs{no, 212, no}, Args: kinds{Path, UID, GID},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "lchown", Nr: nrs{94, 16, no}, Args: kinds{Path, UID, GID},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "lchown32", Nr: nrs{no, 198, no}, Args: kinds{Path, UID, GID},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "fchownat", Nr: nrs{260, 298, 54}, Args: kinds{DirFD, Path, UID, GID, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(4, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "utime", Nr: nrs{132, 30, no}, Args: kinds{Path, Ptr},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "utimes", Nr: nrs{235, 271, no}, Args: kinds{Path, Ptr},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "futimesat", Nr: nrs{261, 299, no}, Args: kinds{DirFD, Path, Ptr},
		Paths: paths(at(0, 1, OpLookup, FollowAlways).null()),
		Class: ClassAttr, Support: Handled, Guard: GuardNull1, Unless: IfReadOnly, Writes: true,
	},
	{
		Name: "utimensat", Nr: nrs{280, 320, 88}, Args: kinds{DirFD, Path, Ptr, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(3, atSymlinkNoFollow, atEmptyPath).null()),
		Class: ClassAttr, Support: Handled, Guard: GuardNull1, Unless: IfReadOnly, Writes: true,
	},
	{
		Name: "utimensat_time64", Nr: nrs{no, 412, no}, Args: kinds{DirFD, Path, Ptr, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(3, atSymlinkNoFollow, atEmptyPath).null()),
		Class: ClassAttr, Support: Handled, Guard: GuardNull1, Unless: IfReadOnly, Writes: true,
	},
	{
		Name: "truncate", Nr: nrs{76, 92, 45}, Args: kinds{Path, Int},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "truncate64", Nr: nrs{no, 193, no}, Args: kinds{Path, Int, Int},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "setxattr", Nr: nrs{188, 226, 5}, Args: kinds{Path, Str, Ptr, Size, Hex},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "lsetxattr", Nr: nrs{189, 227, 6}, Args: kinds{Path, Str, Ptr, Size, Hex},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "removexattr", Nr: nrs{197, 235, 14}, Args: kinds{Path, Str},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "lremovexattr", Nr: nrs{198, 236, 15}, Args: kinds{Path, Str},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "setxattrat", Nr: nrs{463, 463, 463}, Args: kinds{DirFD, Path, AtFlags, Str, Ptr, Size},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "removexattrat", Nr: nrs{466, 466, 466}, Args: kinds{DirFD, Path, AtFlags, Str},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassAttr, Support: Handled, Writes: true,
	},
	{
		Name: "getxattr", Nr: nrs{191, 229, 8}, Args: kinds{Path, Str, Ptr, Size},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassXattrRead, Support: Handled,
	},
	{
		Name: "lgetxattr", Nr: nrs{192, 230, 9}, Args: kinds{Path, Str, Ptr, Size},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassXattrRead, Support: Handled,
	},
	{
		Name: "getxattrat", Nr: nrs{464, 464, 464}, Args: kinds{DirFD, Path, AtFlags, Str, Ptr, Size},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassXattrRead, Support: Handled,
	},
	{
		Name: "listxattr", Nr: nrs{194, 232, 11}, Args: kinds{Path, Ptr, Size},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassXattrRead, Support: Handled,
	},
	{
		Name: "llistxattr", Nr: nrs{195, 233, 12}, Args: kinds{Path, Ptr, Size},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassXattrRead, Support: Handled,
	},
	{
		Name: "listxattrat", Nr: nrs{465, 465, 465}, Args: kinds{DirFD, Path, AtFlags, Ptr, Size},
		Paths: paths(at(0, 1, OpLookup, FollowUnlessBit).flags(2, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassXattrRead, Support: Handled,
	},
}
