package main

import "golang.org/x/sys/unix"

const (
	sysNewfstatat = unix.SYS_NEWFSTATAT
	sysAccept     = unix.SYS_ACCEPT
)

func init() {
	for name, c := range map[string]call{
		"open": {unix.SYS_OPEN, "pii", resFD}, "creat": {unix.SYS_CREAT, "pi", resFD},
		"stat": {unix.SYS_STAT, "pT", resStat}, "lstat": {unix.SYS_LSTAT, "pT", resStat},
		"access": {unix.SYS_ACCESS, "pi", resNone}, "readlink": {unix.SYS_READLINK, "pO", resBytes},
		"mkdir": {unix.SYS_MKDIR, "pi", resNone}, "mknod": {unix.SYS_MKNOD, "pii", resNone},
		"link": {unix.SYS_LINK, "pp", resNone}, "symlink": {unix.SYS_SYMLINK, "pp", resNone},
		"rename": {unix.SYS_RENAME, "pp", resNone}, "unlink": {unix.SYS_UNLINK, "p", resNone}, "rmdir": {unix.SYS_RMDIR, "p", resNone},
		"chmod": {unix.SYS_CHMOD, "pi", resNone}, "chown": {unix.SYS_CHOWN, "pii", resNone}, "lchown": {unix.SYS_LCHOWN, "pii", resNone},
		"utime": {unix.SYS_UTIME, "pu", resNone}, "utimes": {unix.SYS_UTIMES, "pv", resNone}, "futimesat": {unix.SYS_FUTIMESAT, "fpv", resNone},
		"getdents": {unix.SYS_GETDENTS, "fO", resDents}, "dup2": {unix.SYS_DUP2, "ff", resQuietFD},
		"uselib": {unix.SYS_USELIB, "p", resNone},
	} {
		calls[name] = c
	}
}
