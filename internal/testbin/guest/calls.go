package main

import "golang.org/x/sys/unix"

// outcome says how the result of a call is printed.
type outcome uint8

const (
	resNone     outcome = iota // OK
	resInt                     // OK and the number
	resFD                      // a descriptor, described
	resQuietFD                 // a descriptor, not described
	resStat                    // struct stat
	resStatx                   // struct statx
	resStatfs                  // nothing; .m prints the mount's flags
	resBytes                   // the first n bytes of the output buffer
	resList                    // NUL-separated names, sorted
	resCString                 // the buffer up to its NUL, and n
	resDents                   // directory entries; the call is repeated to the end
	resSockaddr                // the address returned
	resAccept                  // a descriptor and the address
	resRecv                    // bytes and the sender's address
	resRecvmsg                 // the same from a msghdr
	resPair                    // two descriptors in the output buffer
)

// call is one row. args has a letter per script argument:
//
//	f descriptor or other number   i number      p string
//	s string and its length        T struct stat out      X struct statx out
//	F struct statfs out            S its size (statfs64)
//	O size: output buffer and its size
//	h flags, mode, resolve: struct open_how and its size
//	t two timespecs   v two timevals   u struct utimbuf
//	a socket address and its length    A address out and length
//	m data, address: struct msghdr     k data, address: one struct mmsghdr and 1
//	M size: struct msghdr to receive   K size: one struct mmsghdr to receive and 1
//	P pair of descriptors out          H file handle out
//	x value string: struct xattr_args and its size
//	y size: struct xattr_args with an output buffer, and its size
//	g struct file_attr and its size    0 a zero register, takes no argument
//	? struct clone_args is not here: processes are made by blocks
type call struct {
	nr   int
	args string
	res  outcome
}

// calls are those that every architecture has; calls_amd64.go adds the old ones.
var calls = map[string]call{
	"openat": {unix.SYS_OPENAT, "fpii", resFD}, "openat2": {unix.SYS_OPENAT2, "fph", resFD},
	"newfstatat": {sysNewfstatat, "fpTi", resStat}, "fstat": {unix.SYS_FSTAT, "fT", resStat},
	"statx":      {unix.SYS_STATX, "fpiiX", resStatx},
	"faccessat":  {unix.SYS_FACCESSAT, "fpii", resNone}, // the kernel ignores a fourth argument
	"faccessat2": {unix.SYS_FACCESSAT2, "fpii", resNone},
	"readlinkat": {unix.SYS_READLINKAT, "fpO", resBytes},
	"chdir":      {unix.SYS_CHDIR, "p", resNone}, "fchdir": {unix.SYS_FCHDIR, "f", resNone},
	"getcwd":  {unix.SYS_GETCWD, "O", resCString},
	"chroot":  {unix.SYS_CHROOT, "p", resNone},
	"mkdirat": {unix.SYS_MKDIRAT, "fpi", resNone}, "mknodat": {unix.SYS_MKNODAT, "fpii", resNone},
	"linkat": {unix.SYS_LINKAT, "fpfpi", resNone}, "symlinkat": {unix.SYS_SYMLINKAT, "pfp", resNone},
	"renameat2": {unix.SYS_RENAMEAT2, "fpfpi", resNone},
	"renameat":  {unix.SYS_RENAMEAT, "fpfp", resNone},
	"unlinkat":  {unix.SYS_UNLINKAT, "fpi", resNone},
	"fchmodat":  {unix.SYS_FCHMODAT, "fpii", resNone}, "fchmodat2": {unix.SYS_FCHMODAT2, "fpii", resNone},
	"fchmod":   {unix.SYS_FCHMOD, "fi", resNone},
	"fchownat": {unix.SYS_FCHOWNAT, "fpiii", resNone}, "fchown": {unix.SYS_FCHOWN, "fii", resNone},
	"utimensat": {unix.SYS_UTIMENSAT, "fpti", resNone},
	"truncate":  {unix.SYS_TRUNCATE, "pi", resNone}, "ftruncate": {unix.SYS_FTRUNCATE, "fi", resNone},
	"setxattr": {unix.SYS_SETXATTR, "ppsi", resNone}, "lsetxattr": {unix.SYS_LSETXATTR, "ppsi", resNone},
	"fsetxattr": {unix.SYS_FSETXATTR, "fpsi", resNone},
	"getxattr":  {unix.SYS_GETXATTR, "ppO", resBytes}, "lgetxattr": {unix.SYS_LGETXATTR, "ppO", resBytes},
	"fgetxattr": {unix.SYS_FGETXATTR, "fpO", resBytes},
	"listxattr": {unix.SYS_LISTXATTR, "pO", resList}, "llistxattr": {unix.SYS_LLISTXATTR, "pO", resList},
	"flistxattr":  {unix.SYS_FLISTXATTR, "fO", resList},
	"removexattr": {unix.SYS_REMOVEXATTR, "pp", resNone}, "lremovexattr": {unix.SYS_LREMOVEXATTR, "pp", resNone},
	"fremovexattr": {unix.SYS_FREMOVEXATTR, "fp", resNone},
	// The at forms of the xattr calls came in Linux 6.13, file_getattr in 6.17.
	"setxattrat": {463, "fpipx", resNone}, "getxattrat": {464, "fpipy", resInt},
	"listxattrat": {465, "fpiO", resList}, "removexattrat": {466, "fpip", resNone},
	"file_getattr": {468, "fpgi", resNone}, "file_setattr": {469, "fpgi", resNone},
	"statfs": {unix.SYS_STATFS, "pF", resStatfs}, "fstatfs": {unix.SYS_FSTATFS, "fF", resStatfs},
	"inotify_init1": {unix.SYS_INOTIFY_INIT1, "i", resQuietFD}, "inotify_add_watch": {unix.SYS_INOTIFY_ADD_WATCH, "fpi", resNone},
	"fanotify_init": {unix.SYS_FANOTIFY_INIT, "ii", resQuietFD}, "fanotify_mark": {unix.SYS_FANOTIFY_MARK, "fiifp", resNone},
	"name_to_handle_at": {unix.SYS_NAME_TO_HANDLE_AT, "fpHi", resNone},
	"open_by_handle_at": {unix.SYS_OPEN_BY_HANDLE_AT, "fHi", resQuietFD},
	"getdents64":        {unix.SYS_GETDENTS64, "fO", resDents},
	"lseek":             {unix.SYS_LSEEK, "fii", resInt},
	"read":              {unix.SYS_READ, "fO", resBytes}, "write": {unix.SYS_WRITE, "fs", resInt},
	"close": {unix.SYS_CLOSE, "f", resNone}, "dup": {unix.SYS_DUP, "f", resFD}, "dup3": {unix.SYS_DUP3, "ffi", resQuietFD},
	"fcntl": {unix.SYS_FCNTL, "fii", resInt},
	"pipe2": {unix.SYS_PIPE2, "Pi", resPair}, "memfd_create": {unix.SYS_MEMFD_CREATE, "pi", resQuietFD},
	"umask":   {unix.SYS_UMASK, "i", resInt},
	"unshare": {unix.SYS_UNSHARE, "i", resNone},
	"mount":   {unix.SYS_MOUNT, "pppip", resNone}, "umount2": {unix.SYS_UMOUNT2, "pi", resNone},
	"pivot_root": {unix.SYS_PIVOT_ROOT, "pp", resNone},
	"open_tree":  {unix.SYS_OPEN_TREE, "fpi", resQuietFD}, "open_tree_attr": {467, "fpipi", resQuietFD}, "fspick": {unix.SYS_FSPICK, "fpi", resQuietFD},
	"move_mount": {unix.SYS_MOVE_MOUNT, "fpfpi", resNone}, "mount_setattr": {unix.SYS_MOUNT_SETATTR, "fpipi", resNone},
	"swapon": {unix.SYS_SWAPON, "pi", resNone}, "swapoff": {unix.SYS_SWAPOFF, "p", resNone}, "acct": {unix.SYS_ACCT, "p", resNone},
	"quotactl": {unix.SYS_QUOTACTL, "ipip", resNone},

	"socket": {unix.SYS_SOCKET, "iii", resQuietFD}, "socketpair": {unix.SYS_SOCKETPAIR, "iiiP", resPair},
	"bind": {unix.SYS_BIND, "fa", resNone}, "connect": {unix.SYS_CONNECT, "fa", resNone}, "listen": {unix.SYS_LISTEN, "fi", resNone},
	"accept": {sysAccept, "fA", resAccept}, "accept4": {unix.SYS_ACCEPT4, "fAi", resAccept},
	"getsockname": {unix.SYS_GETSOCKNAME, "fA", resSockaddr}, "getpeername": {unix.SYS_GETPEERNAME, "fA", resSockaddr},
	"ioctl": {unix.SYS_IOCTL, "fip", resNone}, "sendto": {unix.SYS_SENDTO, "fsia", resInt}, "recvfrom": {unix.SYS_RECVFROM, "fOiA", resRecv},
	"sendmsg": {unix.SYS_SENDMSG, "fmi", resInt}, "recvmsg": {unix.SYS_RECVMSG, "fMi", resRecvmsg},
	"sendmmsg": {unix.SYS_SENDMMSG, "fki", resInt}, "recvmmsg": {unix.SYS_RECVMMSG, "fKi", resRecvmsg},
}
