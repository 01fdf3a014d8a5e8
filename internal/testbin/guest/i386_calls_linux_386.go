package main

import "golang.org/x/sys/unix"

const (
	sysNewfstatat = unix.SYS_FSTATAT64
	sysAccept     = unix.SYS_ACCEPT4
)

// Where package unix has an old call under the name, the one that C libraries
// use is meant, and numbers of 64 bits take two registers.
func init() {
	for name, c := range map[string]call{
		"open": {unix.SYS_OPEN, "pii", resFD}, "creat": {unix.SYS_CREAT, "pi", resFD},
		"access": {unix.SYS_ACCESS, "pi", resNone}, "readlink": {unix.SYS_READLINK, "pO", resBytes},
		"mkdir": {unix.SYS_MKDIR, "pi", resNone}, "mknod": {unix.SYS_MKNOD, "pii", resNone},
		"link": {unix.SYS_LINK, "pp", resNone}, "symlink": {unix.SYS_SYMLINK, "pp", resNone},
		"rename": {unix.SYS_RENAME, "pp", resNone}, "unlink": {unix.SYS_UNLINK, "p", resNone}, "rmdir": {unix.SYS_RMDIR, "p", resNone},
		"chmod": {unix.SYS_CHMOD, "pi", resNone},
		"utime": {unix.SYS_UTIME, "pu", resNone}, "utimes": {unix.SYS_UTIMES, "pv", resNone}, "futimesat": {unix.SYS_FUTIMESAT, "fpv", resNone},
		"getdents": {unix.SYS_GETDENTS, "fO", resDents}, "dup2": {unix.SYS_DUP2, "ff", resQuietFD},
		"uselib": {unix.SYS_USELIB, "p", resNone},

		"stat": {unix.SYS_STAT64, "pT", resStat}, "lstat": {unix.SYS_LSTAT64, "pT", resStat}, "fstat": {unix.SYS_FSTAT64, "fT", resStat},
		"chown": {unix.SYS_CHOWN32, "pii", resNone}, "lchown": {unix.SYS_LCHOWN32, "pii", resNone}, "fchown": {unix.SYS_FCHOWN32, "fii", resNone},
		"fanotify_mark": {unix.SYS_FANOTIFY_MARK, "fii0fp", resNone}, "fcntl": {unix.SYS_FCNTL64, "fii", resInt},
		"fallocate": {unix.SYS_FALLOCATE, "fii0i", resNone}, "mmap": {unix.SYS_MMAP2, "iiiifi", resNone},
		"statfs": {unix.SYS_STATFS64, "pSF", resStatfs}, "fstatfs": {unix.SYS_FSTATFS64, "fSF", resStatfs},

		"getuid": {unix.SYS_GETUID32, "", resInt}, "geteuid": {unix.SYS_GETEUID32, "", resInt},
		"getgid": {unix.SYS_GETGID32, "", resInt}, "getegid": {unix.SYS_GETEGID32, "", resInt},
		"getresuid": {unix.SYS_GETRESUID32, "iii", resNone}, "getresgid": {unix.SYS_GETRESGID32, "iii", resNone},
		"getgroups": {unix.SYS_GETGROUPS32, "ii", resInt}, "setgroups": {unix.SYS_SETGROUPS32, "ii", resNone},
		"setuid": {unix.SYS_SETUID32, "i", resNone}, "setgid": {unix.SYS_SETGID32, "i", resNone},
		"setreuid": {unix.SYS_SETREUID32, "ii", resNone}, "setregid": {unix.SYS_SETREGID32, "ii", resNone},
		"setresuid": {unix.SYS_SETRESUID32, "iii", resNone}, "setresgid": {unix.SYS_SETRESGID32, "iii", resNone},
		"setfsuid": {unix.SYS_SETFSUID32, "i", resInt}, "setfsgid": {unix.SYS_SETFSGID32, "i", resInt},
	} {
		calls[name] = c
	}
}
