package tracer

import "golang.org/x/sys/unix"

// ABI is a system call convention. It is chosen per stop from the kernel's
// arch word, never from the ELF class: int 0x80 works from 64-bit code too.
type ABI uint8

// The conventions of the table's number columns.
const (
	X8664 ABI = iota
	I386
	ARM64
	numABI
)

// NoNr marks an ABI that does not have a call.
const NoNr = -1

// ArgKind says what an argument register holds.
type ArgKind uint8

// The kinds of argument.
const (
	None ArgKind = iota
	Int
	Hex       // flags without a decoder of their own
	Ptr       // an address that nobody looks behind
	Size      // a byte count
	FD        // a descriptor that the call acts on
	DirFD     // the base of the next Path
	Path      // a path of the view
	PathOut   // a buffer that the kernel fills with a path
	Str       // a string that is not a path (symlink target, xattr name)
	AtFlags   // AT_* bits
	OpenFlags // O_* bits
	Mode      // permission bits
	OpenHow   // struct open_how *
	Sockaddr  // struct sockaddr *, its length in the next argument
	SockOut   // struct sockaddr * that the kernel fills, socklen_t * next
	Msghdr    // struct msghdr *
	Mmsghdr   // struct mmsghdr *, the count in the next argument
	Argv      // char *[]
	StatOut   // struct stat * that the kernel fills
	PID
	Signal
	UID
	GID
	CloneFlags
	CloneArgs // struct clone_args *
	Addr      // an address whose range must not reach into the window
	numArgKind
)

// PathOp is what a call does with one of its paths.
type PathOp uint8

// The operations on a path.
const (
	OpLookup PathOp = iota
	OpOpen          // O_CREAT and O_EXCL in the flags decide
	OpCreate
	OpDelete
	OpRename
	OpLinkOld // the existing name of link(2): looked up, must share the mount of the new one
	OpExec
)

// FollowRule says when a symlink in the last component is followed.
type FollowRule uint8

// The rules. The bit is PathArg.Bit of argument PathArg.Flags.
const (
	FollowAlways FollowRule = iota
	FollowNever
	FollowUnlessBit
	FollowIfBit
	FollowOpen // O_NOFOLLOW, O_CREAT|O_EXCL of the open flags decide
)

// PathArg describes one path argument of a call.
type PathArg struct {
	// Arg is the path's argument index; Dir that of its dirfd, or -1 for the
	// current directory.
	Arg, Dir int8
	Op       PathOp
	Follow   FollowRule
	// Flags is the argument that holds the flags, or -1; Bit the one that
	// Follow looks at; Empty the one that lets "" (and, since Linux 6.11 for
	// some, NULL) mean the dirfd itself, 0 if the call has none.
	Flags int8
	Bit   uint32
	Empty uint32
	// NullOK: a NULL path means the dirfd itself (utimensat, fanotify_mark)
	// or nothing (acct): leave the call alone.
	NullOK bool
}

// Class groups calls that one handler serves.
type Class uint8

// The classes.
const (
	ClassMisc Class = iota
	ClassOpen
	ClassStat
	ClassAccess
	ClassReadlink
	ClassAttr // chmod, chown, utime, truncate, setxattr …
	ClassXattrRead
	ClassName // mkdir, mknod, link, symlink, rename, unlink, rmdir
	ClassCwd
	ClassExec
	ClassDir // getdents
	ClassFD  // close, dup: protection of the window's descriptor
	ClassFDAttr
	ClassWrite // what makes a file larger through a descriptor
	ClassSocket
	ClassWatch
	ClassMount
	ClassProcess // clone, unshare, setns, prctl, ptrace, kill …
	ClassMemory
	ClassIdentity
	ClassSystem
)

// Support is how far a call is supported.
type Support uint8

// The levels.
const (
	// Native calls name no path and run at full speed.
	Native Support = iota
	// Handled calls stop (see When) and are answered or rewritten.
	Handled
	// Refused calls fail with Errno without a stop.
	Refused
)

// When is a condition under which a Handled call needs its stop; without it
// the call is native.
type When uint16

// The conditions.
const (
	Always     When = 0
	IfMerged   When = 1 << iota // some directory listing has synthesised names
	IfReadOnly                  // the view has a read-only mount
	IfIdentity                  // identity is emulated
	IfProtect                   // needed to guard the launcher and what runs beside the guest
	IfUTS                       // host name is emulated
	IfMounts                    // the view has mounts whose flags or type differ from the host's
	IfUnscoped                  // nothing in the kernel keeps signals inside the sandbox
	IfNoNet                     // the sandbox has no network
	IfPids                      // the number of tasks is limited
	IfRoot                      // the launcher is root, and its guests may become others
	IfPlaced                    // the name by which a directory becomes the current one matters, or must be noticed
	IfLimited                   // a tmpfs is limited in size
	IfNoExec                    // the view has a noexec mount
	IfTwice                     // a descriptor is of a directory that the view shows twice
	IfShut                      // who shuts a directory above a mount has to be noticed
)

// Guard is a test that the seccomp program makes on the arguments of a Handled
// call, so that only the rare case stops or is refused.
type Guard uint8

// The guards. Those that protect the window answer without a stop: EPERM for
// its addresses, EBADF for its descriptor.
const (
	GuardNone        Guard = iota
	GuardAddr0             // a range that starts at args[0] below WindowEnd is refused, unless its length args[1] is 0
	GuardAddr1             // args[1] not NULL and below WindowEnd is refused (shmat)
	GuardMmap              // a fixed mapping below WindowEnd is refused, except the window itself; files executable with IfNoExec, shared with IfLimited stop
	GuardMprotect          // GuardAddr0; PROT_EXEC stops with IfNoExec
	GuardMremap            // old or fixed new address below WindowEnd is refused
	GuardIPC               // shmat through i386's ipc(2): its address below WindowEnd is refused
	GuardFD0               // args[0] == WindowFD is refused
	GuardFD1               // args[1] == WindowFD is refused; others stop with IfTwice (dup2, dup3)
	GuardFDRange           // args[0] <= WindowFD <= args[1] stops (close_range)
	GuardClone             // CLONE_UNTRACED or a CLONE_NEW* flag stops
	GuardPrctl             // only the options that matter stop
	GuardIoctl             // only the requests that matter stop or are refused
	GuardPersonality       // only READ_IMPLIES_EXEC and MMAP_PAGE_ZERO stop
	GuardSockopt           // only SO_PEERCRED stops
	GuardFcntl             // GuardFD0; choosing who gets SIGIO stops with IfUnscoped, duplicating with IfTwice
	GuardUnix              // any address family but AF_UNIX is refused (socketpair)
	GuardSocket            // the same without a network; else NETLINK_AUDIT is (socket)
	GuardNull0             // args[0] == 0 is native (prlimit64 of the caller)
	GuardNull1             // a NULL args[1] is native (newfstatat with AT_EMPTY_PATH, accept)
	GuardNull4             // a NULL args[4] is native (sendto, recvfrom)
	numGuard
)

// Sysent is one row of the system call table, the only place where calls are
// listed: the seccomp program, decoding, docs/syscalls.md and the tests' list
// of what must be covered derive from it.
type Sysent struct {
	Name    string
	Nr      [numABI]int16
	Args    [6]ArgKind
	Paths   []PathArg
	Class   Class
	Support Support
	When    When
	Guard   Guard
	// Unless: under these conditions the guard exempts nothing, and every call stops.
	Unless When
	// Errno is what a Refused call returns, and a Handled one whose When is
	// not met; 0 makes the latter native.
	Errno unix.Errno
	// Writes: the object named by the path is modified, so that a read-only
	// mount answers EROFS (for OpOpen the flags decide).
	Writes bool
	// Note is for docs/syscalls.md: what is special, or why it is refused.
	Note string

	index int16 // in Table
}
