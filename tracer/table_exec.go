package tracer

import "golang.org/x/sys/unix"

// Calls that run a program.
var tableExec = []Sysent{
	{
		Name: "execve", Nr: nrs{59, 11, 221}, Args: kinds{Path, Argv, Argv},
		Paths: paths(cwdPath(0, OpExec, FollowAlways)),
		Class: ClassExec, Support: Handled,
	},
	{
		Name: "execveat", Nr: nrs{322, 358, 281}, Args: kinds{DirFD, Path, Argv, Argv, AtFlags},
		Paths: paths(at(0, 1, OpExec, FollowUnlessBit).flags(4, atSymlinkNoFollow, atEmptyPath)),
		Class: ClassExec, Support: Handled,
	},
	{
		Name: "uselib", Nr: nrs{134, 86, no}, Args: kinds{Path},
		Class: ClassExec, Support: Refused, Errno: unix.ENOSYS,
		Note: "Loads a.out libraries; kernels are built without it.",
	},
	{Name: "memfd_create", Nr: nrs{319, 356, 279}, Args: kinds{Str, Hex}, Class: ClassExec},
	{
		Name: "memfd_secret", Nr: nrs{447, 447, 447}, Args: kinds{Hex},
		Class: ClassExec,
		Note:  "Strings in such memory cannot be read by a tracer: path calls give EFAULT.",
	},
}
