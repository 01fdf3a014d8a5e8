package tracer

import (
	"strings"

	"golang.org/x/sys/unix"
)

var classNames = [...]string{
	ClassMisc: "misc", ClassOpen: "open", ClassStat: "stat", ClassAccess: "access", ClassReadlink: "readlink",
	ClassAttr: "attr", ClassXattrRead: "xattr", ClassName: "name", ClassCwd: "cwd", ClassExec: "exec",
	ClassDir: "dir", ClassFD: "fd", ClassFDAttr: "fdattr", ClassWrite: "write", ClassSocket: "socket", ClassWatch: "watch",
	ClassMount: "mount", ClassProcess: "process", ClassMemory: "memory", ClassIdentity: "identity", ClassSystem: "system",
}

// String is the class's name in docs/syscalls.md.
func (c Class) String() string { return classNames[c] }

// String is the level's name in docs/syscalls.md.
func (s Support) String() string { return [...]string{"native", "handled", "refused"}[s] }

// String lists conditions; Always is "always".
func (w When) String() string {
	var out []string
	for _, c := range []struct {
		w    When
		text string
	}{
		{IfMerged, "mount points without a host directory"},
		{IfReadOnly, "read-only mounts"},
		{IfIdentity, "an emulated identity"},
		{IfProtect, "a launcher to guard"},
		{IfUTS, "an emulated host name"},
		{IfMounts, "mounts that restrict"},
		{IfUnscoped, "no Landlock for signals"},
		{IfNoNet, "no network"},
		{IfPids, "a limit on tasks"},
		{IfRoot, "root as the caller"},
		{IfPlaced, "directories that the view shows twice, or without the fast path"},
		{IfLimited, "a tmpfs of limited size"},
		{IfNoExec, "noexec mounts"},
		{IfTwice, "a descriptor of a directory that the view shows twice"},
		{IfShut, "mounts below directories of the guest's own"},
	} {
		if w&c.w != 0 {
			out = append(out, c.text)
		}
	}
	if out == nil {
		return "always"
	}
	return "with " + strings.Join(out, " or ")
}

// guardText says what a guard picks out, and what becomes of that.
var guardText = [numGuard]string{
	GuardAddr0:       "EPERM for the window",
	GuardAddr1:       "EPERM for the window",
	GuardMmap:        "EPERM if fixed over the window; stops for executable files with noexec mounts, for shared ones with a tmpfs of limited size",
	GuardMprotect:    "EPERM for the window; with noexec mounts stops for PROT_EXEC",
	GuardMremap:      "EPERM from or onto the window",
	GuardIPC:         "EPERM for shmat onto the window",
	GuardFD0:         "EBADF for the reserved descriptors",
	GuardFD1:         "EBADF onto the reserved descriptors; stops with a descriptor of a directory that the view shows twice",
	GuardFDRange:     "stops if it spans the reserved descriptors",
	GuardClone:       "stops for CLONE_UNTRACED and namespaces",
	GuardPrctl:       "stops for PR_{GET,SET}_DUMPABLE, PR_SET_SECCOMP, PR_SET_MM, and with an emulated identity for capabilities and no_new_privs",
	GuardIoctl:       "EPERM for TIOCSTI, TIOCLINUX, USERFAULTFD_IOC_NEW; with read-only mounts stops for FS_IOC_SETFLAGS and the like, without Landlock for signals for FIOSETOWN and SIOCSPGRP, with a tmpfs of limited size for FICLONE and FICLONERANGE",
	GuardPersonality: "stops for READ_IMPLIES_EXEC and MMAP_PAGE_ZERO",
	GuardFcntl:       "EBADF for the reserved descriptors; without Landlock for signals stops for F_SETOWN, with a descriptor of a directory that the view shows twice for F_DUPFD",
	GuardUnix:        "EAFNOSUPPORT for all but AF_UNIX",
	GuardSocket:      "without a network EAFNOSUPPORT for all but AF_UNIX, else EPROTONOSUPPORT for NETLINK_AUDIT",
	GuardSockopt:     "stops for SO_PEERCRED",
	GuardNull0:       "stops unless the first argument is 0",
	GuardNull1:       "stops unless the second argument is NULL",
	GuardNull4:       "stops unless the fifth argument is NULL",
}

// SupportString says in a few words what becomes of the call under the
// conditions active: "native", "stops", "refused: EPERM", or what a guard does.
func (s *Sysent) SupportString(active When) string {
	// Any window will do: only whether there is one matters.
	p := Policy{Active: active, WindowEnd: 1}
	pl := p.plan(s)
	if pl.guard != GuardNone {
		return "native; " + guardText[pl.guard]
	}
	if e := VerdictErrno(pl.ret); e != 0 {
		return "refused: " + unix.ErrnoName(e)
	}
	if pl.ret == RetTrace {
		return "stops"
	}
	return "native"
}

// stopString says under which conditions the call leaves the native path.
func (s *Sysent) stopString() string {
	if s.Support == Native {
		return "never"
	}
	if s.Support == Refused {
		return unix.ErrnoName(s.Errno)
	}
	text := s.When.String()
	if s.Guard != GuardNone {
		if text = guardText[s.Guard]; s.When != Always {
			text = s.When.String() + ": " + text
		}
	}
	if s.Unless != 0 {
		text += "; " + s.Unless.String() + " always"
	}
	if s.Errno != 0 {
		text += ", else " + unix.ErrnoName(s.Errno)
	}
	return text
}
