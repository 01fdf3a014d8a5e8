package tracer

// Calls that open, create, rename or remove a name, read a directory or a
// link, or move the current directory.
var tableFile = []Sysent{
	{
		Name: "open", Nr: nrs{2, 5, no}, Args: kinds{Path, OpenFlags, Mode},
		Paths: paths(cwdPath(0, OpOpen, FollowOpen).flags(1, 0, 0)),
		Class: ClassOpen, Support: Handled,
	},
	{
		Name: "openat", Nr: nrs{257, 295, 56}, Args: kinds{DirFD, Path, OpenFlags, Mode},
		Paths: paths(at(0, 1, OpOpen, FollowOpen).flags(2, 0, 0)),
		Class: ClassOpen, Support: Handled,
	},
	{
		Name: "openat2", Nr: nrs{437, 437, 437}, Args: kinds{DirFD, Path, OpenHow, Size},
		Paths: paths(at(0, 1, OpOpen, FollowOpen).flags(2, 0, 0)),
		Class: ClassOpen, Support: Handled,
		Note: "The flags are read from struct open_how once; RESOLVE_* count the mounts of the view.",
	},
	{
		Name: "creat", Nr: nrs{85, 8, no}, Args: kinds{Path, Mode},
		Paths: paths(cwdPath(0, OpOpen, FollowAlways)),
		Class: ClassOpen, Support: Handled, Writes: true,
		Note: "open with O_CREAT, O_WRONLY and O_TRUNC.",
	},
	{
		Name: "name_to_handle_at", Nr: nrs{303, 341, 264}, Args: kinds{DirFD, Path, Ptr, Ptr, AtFlags},
		Paths: paths(at(0, 1, OpLookup, FollowIfBit).flags(4, atSymlinkFollow, atEmptyPath)),
		Class: ClassStat, Support: Handled,
	},
	{
		Name: "readlink", Nr: nrs{89, 85, no}, Args: kinds{Path, PathOut, Size},
		Paths: paths(cwdPath(0, OpLookup, FollowNever)),
		Class: ClassReadlink, Support: Handled,
	},
	{
		Name: "readlinkat", Nr: nrs{267, 305, 78}, Args: kinds{DirFD, Path, PathOut, Size},
		Paths: paths(at(0, 1, OpLookup, FollowNever)),
		Class: ClassReadlink, Support: Handled,
		Note: "An empty path reads the link that the descriptor refers to, without a flag.",
	},
	{
		Name: "mkdir", Nr: nrs{83, 39, no}, Args: kinds{Path, Mode},
		Paths: paths(cwdPath(0, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "mkdirat", Nr: nrs{258, 296, 34}, Args: kinds{DirFD, Path, Mode},
		Paths: paths(at(0, 1, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "mknod", Nr: nrs{133, 14, no}, Args: kinds{Path, Mode, Hex},
		Paths: paths(cwdPath(0, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "mknodat", Nr: nrs{259, 297, 33}, Args: kinds{DirFD, Path, Mode, Hex},
		Paths: paths(at(0, 1, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "link", Nr: nrs{86, 9, no}, Args: kinds{Path, Path},
		Paths: paths(cwdPath(0, OpLinkOld, FollowNever), cwdPath(1, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
		Note: "Two mounts of the view give EXDEV, even on one file system.",
	},
	{
		Name: "linkat", Nr: nrs{265, 303, 37}, Args: kinds{DirFD, Path, DirFD, Path, AtFlags},
		Paths: paths(at(0, 1, OpLinkOld, FollowIfBit).flags(4, atSymlinkFollow, atEmptyPath), at(2, 3, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
		Note: "As link; with AT_SYMLINK_FOLLOW and /proc/self/fd/N it names an O_TMPFILE.",
	},
	{
		Name: "symlink", Nr: nrs{88, 83, no}, Args: kinds{Str, Path},
		Paths: paths(cwdPath(1, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
		Note: "The target is stored as it is.",
	},
	{
		Name: "symlinkat", Nr: nrs{266, 304, 36}, Args: kinds{Str, DirFD, Path},
		Paths: paths(at(1, 2, OpCreate, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
		Note: "The target is stored as it is.",
	},
	{
		Name: "rename", Nr: nrs{82, 38, no}, Args: kinds{Path, Path},
		Paths: paths(cwdPath(0, OpRename, FollowNever), cwdPath(1, OpRename, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "renameat", Nr: nrs{264, 302, 38}, Args: kinds{DirFD, Path, DirFD, Path},
		Paths: paths(at(0, 1, OpRename, FollowNever), at(2, 3, OpRename, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "renameat2", Nr: nrs{316, 353, 276}, Args: kinds{DirFD, Path, DirFD, Path, Hex},
		Paths: paths(at(0, 1, OpRename, FollowNever).flags(4, 0, 0), at(2, 3, OpRename, FollowNever).flags(4, 0, 0)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "unlink", Nr: nrs{87, 10, no}, Args: kinds{Path},
		Paths: paths(cwdPath(0, OpDelete, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "unlinkat", Nr: nrs{263, 301, 35}, Args: kinds{DirFD, Path, AtFlags},
		Paths: paths(at(0, 1, OpDelete, FollowNever).flags(2, 0, 0)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "rmdir", Nr: nrs{84, 40, no}, Args: kinds{Path},
		Paths: paths(cwdPath(0, OpDelete, FollowNever)),
		Class: ClassName, Support: Handled, Writes: true,
	},
	{
		Name: "chdir", Nr: nrs{80, 12, 49}, Args: kinds{Path},
		Paths: paths(cwdPath(0, OpLookup, FollowAlways)),
		Class: ClassCwd, Support: Handled,
		Note: "The kernel itself changes to the host directory.",
	},
	{Name: "fchdir", Nr: nrs{81, 133, 50}, Args: kinds{FD}, Class: ClassCwd, Support: Handled, Guard: GuardFD0, Unless: IfPlaced},
	{
		Name: "getcwd", Nr: nrs{79, 183, 17}, Args: kinds{PathOut, Size},
		Class: ClassCwd, Support: Handled,
		Note: "Answered with the name in the view.",
	},
	{
		Name: "getdents", Nr: nrs{78, 141, no}, Args: kinds{FD, Ptr, Size},
		Class: ClassDir, Support: Handled, When: IfMerged,
		Note: "Names of mount points that the directory lacks are added.",
	},
	{
		Name: "getdents64", Nr: nrs{217, 220, 61}, Args: kinds{FD, Ptr, Size},
		Class: ClassDir, Support: Handled, When: IfMerged,
		Note: "Names of mount points that the directory lacks are added.",
	},
	{
		Name: "readdir", Nr: nrs{no, 89, no}, Args: kinds{FD, Ptr, Int},
		Class: ClassDir, Support: Handled, When: IfMerged,
		Note: "Old readdir(2).",
	},
	{
		Name: "inotify_add_watch", Nr: nrs{254, 292, 27}, Args: kinds{FD, Path, Hex},
		Paths: paths(cwdPath(1, OpLookup, FollowUnlessBit).flags(2, inDontFollow, 0)),
		Class: ClassWatch, Support: Handled,
		Note: "Events carry names, never paths.",
	},
	{
		Name: "fanotify_mark", Nr: nrs{301, no, 263}, Args: kinds{FD, Hex, Hex, DirFD, Path},
		Paths: paths(at(3, 4, OpLookup, FollowUnlessBit).flags(1, fanMarkDontFollow, 0).null()),
		Class: ClassWatch, Support: Handled, Guard: GuardNull4,
	},
	{
		Name: "fanotify_mark", Nr: nrs{no, 339, no}, Args: kinds{FD, Hex, Hex, Hex, DirFD, Path},
		Paths: paths(at(4, 5, OpLookup, FollowUnlessBit).flags(1, fanMarkDontFollow, 0).null()),
		Class: ClassWatch, Support: Handled,
		Note: "The mask takes two registers.",
	},
}
