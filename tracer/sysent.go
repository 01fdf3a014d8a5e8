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
type When uint8

// The conditions.
const (
	Always     When = 0
	IfMerged   When = 1 << iota // some directory listing has synthesised names
	IfReadOnly                  // the view has a read-only mount
	IfIdentity                  // identity is emulated
	IfProtect                   // needed to guard the window or the launcher
	IfUTS                       // host name is emulated
)

// Guard is a test that the seccomp program makes on the arguments of an
// otherwise native call, so that only the rare case stops.
type Guard uint8

// The guards.
const (
	GuardNone     Guard = iota
	GuardAddr0          // args[0] below WindowEnd stops
	GuardAddr1          // args[1] not NULL and below WindowEnd stops (shmat)
	GuardMmap           // fixed or hinted mapping below WindowEnd stops
	GuardMremap         // old or new address below WindowEnd stops
	GuardFD0            // args[0] == WindowFD stops
	GuardFD1            // args[1] == WindowFD stops (dup2, dup3)
	GuardFDRange        // args[0] <= WindowFD <= args[1] stops (close_range)
	GuardClone          // CLONE_UNTRACED or a CLONE_NEW* flag stops
	GuardPrctl          // only the options that matter stop
	GuardIoctl          // only the requests that matter stop
	GuardNull1          // a NULL args[1] is native (newfstatat, statx with AT_EMPTY_PATH)
	GuardNull0          // a NULL args[0] is native
	GuardSocketUn       // only family AF_UNIX matters
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
	// Errno is what a Refused call returns.
	Errno unix.Errno
	// Writes: the object named by the path is modified, so that a read-only
	// mount answers EROFS (for OpOpen the flags decide).
	Writes bool
	// Note is for docs/syscalls.md: what is special, or why it is refused.
	Note string
}
