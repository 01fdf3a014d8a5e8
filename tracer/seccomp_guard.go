package tracer

import "golang.org/x/sys/unix"

// mapFixed are the flags without which mmap never uses a place that is taken.
// A low address without them is a hint, and the window's pages are taken.
const mapFixed = unix.MAP_FIXED | unix.MAP_FIXED_NOREPLACE

// ipcShmat is the call number of shmat in ipc(2).
const ipcShmat = 21

// cloneStops are the flags of clone(2) that a handler must see: a child that
// escapes the tracer, and namespaces. CLONE_NEWTIME is not among them since
// its bit belongs to clone's exit signal.
const cloneStops = unix.CLONE_UNTRACED | unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// personaStops: READ_IMPLIES_EXEC would make data of the window executable,
// MMAP_PAGE_ZERO maps below it. personaQuery changes nothing.
const (
	personaStops = 0x0400000 | 0x0100000
	personaQuery = 0xffffffff
)

// prctlStops are the options of prctl(2) that concern the sandbox: an
// undumpable guest is closed to some memory backends, PR_SET_MM changes what
// /proc says, PR_SET_SECCOMP is seccomp(2). With PR_SET_MDWE no memory of the
// program, or of one that it executes, can become executable any more.
var prctlStops = []uint32{
	unix.PR_GET_DUMPABLE, unix.PR_SET_DUMPABLE, unix.PR_SET_SECCOMP, unix.PR_SET_MM, unix.PR_SET_MDWE,
}

// prctlIdentity are those that an emulated identity has to answer.
var prctlIdentity = []uint32{
	unix.PR_GET_KEEPCAPS, unix.PR_SET_KEEPCAPS, unix.PR_CAPBSET_READ, unix.PR_CAPBSET_DROP,
	unix.PR_GET_SECUREBITS, unix.PR_SET_SECUREBITS, unix.PR_CAP_AMBIENT,
	unix.PR_GET_NO_NEW_PRIVS, unix.PR_SET_NO_NEW_PRIVS,
}

// prctlRoot are those that take away what an exec would give root.
var prctlRoot = []uint32{unix.PR_CAPBSET_DROP, unix.PR_SET_SECUREBITS}

// ioctlRefused are requests that reach out of the sandbox: input faked on the
// launcher's terminal, and userfaultfd(2) by way of its device.
var ioctlRefused = []uint32{unix.TIOCSTI, unix.TIOCLINUX, ioctlNewUserfaultfd}

// fcntlOwner and ioctlOwner choose who gets the signals of a descriptor: the
// kernel sends them in the caller's name to any process of the same user.
var (
	fcntlOwner = []uint32{unix.F_SETOWN, unix.F_SETOWN_EX}
	ioctlOwner = []uint32{0x8901, 0x8902} // FIOSETOWN, SIOCSPGRP
)

// fcntlDups make duplicates.
var fcntlDups = []uint32{unix.F_DUPFD, unix.F_DUPFD_CLOEXEC}

const ioctlNewUserfaultfd = 0xaa00

// ioctlWrites are requests that change a file or directory through a
// descriptor that was opened for reading, so that only the mount forbids it
// (ioctl_iflags(2), linux/fs.h, linux/btrfs.h; 32-bit forms too).
var ioctlWrites = []uint32{
	0x40086602, 0x40046602, // FS_IOC_SETFLAGS
	0x401c5820,             // FS_IOC_FSSETXATTR
	0x40087602, 0x40047602, // FS_IOC_SETVERSION
	0x40086604, 0x40046604, // EXT4_IOC_SETVERSION
	0x40806685,             // FS_IOC_ENABLE_VERITY
	0x800c6613,             // FS_IOC_SET_ENCRYPTION_POLICY
	0x5000940e, 0x50009418, // BTRFS_IOC_SUBVOL_CREATE, _V2
	0x50009401, 0x50009417, // BTRFS_IOC_SNAP_CREATE, _V2
	0x5000940f, 0x5000943f, // BTRFS_IOC_SNAP_DESTROY, _V2
	0x4008941a,             // BTRFS_IOC_SUBVOL_SETFLAGS
	0xc0c89425, 0xc0c09425, // BTRFS_IOC_SET_RECEIVED_SUBVOL
}

// ioctlClones share the blocks of one file with another (ioctl_ficlone(2)).
var ioctlClones = []uint32{0x40049409, 0x4020940d}

// reserved tests the loaded word for one of the reserved descriptors.
func (p *Policy) reserved(yes, no *node) *node {
	return when(unix.BPF_JGE, uint32(p.WindowFD),
		when(unix.BPF_JGE, uint32(p.lastFD()), no, yes), no)
}

// guardProg is decideGuard as a program.
func (c *compiler) guardProg(g Guard) *node {
	allow, stop := c.allow, c.stop
	eperm, ebadf := ret(fails(unix.EPERM)), ret(fails(unix.EBADF))
	switch g {
	case GuardAddr0:
		return below(0, c.WindowEnd, equal(1, 0, allow, eperm), allow)
	case GuardAddr1:
		return equal(1, 0, allow, below(1, c.WindowEnd, eperm, allow))
	case GuardMmap:
		rest := allow
		if c.Active&IfLimited != 0 {
			rest = argLow(3, when(unix.BPF_JSET, unix.MAP_SHARED, stop, rest))
		}
		if c.Active&IfNoExec != 0 {
			rest = argLow(2, when(unix.BPF_JSET, unix.PROT_EXEC, stop, rest))
		}
		if rest != allow {
			rest = argLow(3, when(unix.BPF_JSET, unix.MAP_ANONYMOUS, allow, rest))
		}
		if c.WindowEnd == 0 {
			return rest
		}
		return below(0, c.WindowEnd, argLow(3, when(unix.BPF_JSET, mapFixed, c.window(), rest)), rest)
	case GuardMprotect:
		rest := allow
		if c.Active&IfNoExec != 0 {
			rest = argLow(2, when(unix.BPF_JSET, unix.PROT_EXEC, stop, allow))
		}
		if c.WindowEnd == 0 {
			return rest
		}
		return below(0, c.WindowEnd, equal(1, 0, rest, eperm), rest)
	case GuardMremap:
		return below(0, c.WindowEnd, eperm,
			argLow(3, when(unix.BPF_JSET, unix.MREMAP_FIXED, below(4, c.WindowEnd, eperm, allow), allow)))
	case GuardIPC:
		code := equal(4, 0, allow, below(4, c.WindowEnd, eperm, allow))
		return argLow(0, and(0xffff, when(unix.BPF_JEQ, ipcShmat, code, allow)))
	case GuardFD0:
		return argLow(0, c.reserved(ebadf, allow))
	case GuardFD1:
		code := allow
		if c.Active&IfTwice != 0 {
			code = stop
		}
		if c.WindowEnd != 0 {
			code = argLow(1, c.reserved(ebadf, code))
		}
		return code
	case GuardFDRange:
		return argLow(0, when(unix.BPF_JGE, uint32(c.lastFD()), allow,
			argLow(1, when(unix.BPF_JGE, uint32(c.WindowFD), stop, allow))))
	case GuardClone:
		return argLow(0, when(unix.BPF_JSET, cloneStops, stop, allow))
	case GuardPrctl:
		code := allow
		if c.Active&IfIdentity != 0 {
			code = anyOf(prctlIdentity, stop, code)
		}
		if c.Active&IfRoot != 0 {
			code = anyOf(prctlRoot, stop, code)
		}
		return argLow(0, anyOf(prctlStops, stop, code))
	case GuardIoctl:
		code := allow
		if c.Active&IfReadOnly != 0 {
			code = anyOf(ioctlWrites, stop, code)
		}
		if c.Active&IfUnscoped != 0 {
			code = anyOf(ioctlOwner, stop, code)
		}
		if c.Active&IfLimited != 0 {
			code = anyOf(ioctlClones, stop, code)
		}
		code = argLow(1, anyOf(ioctlRefused, eperm, code))
		if c.WindowEnd != 0 {
			code = argLow(0, c.reserved(ebadf, code))
		}
		return code
	case GuardPersonality:
		return argLow(0, when(unix.BPF_JEQ, personaQuery, allow,
			when(unix.BPF_JSET, personaStops, stop, allow)))
	case GuardFcntl:
		var stops []uint32
		if c.Active&IfUnscoped != 0 {
			stops = append(stops, fcntlOwner...)
		}
		if c.Active&IfTwice != 0 {
			stops = append(stops, fcntlDups...)
		}
		code := allow
		if len(stops) > 0 {
			code = argLow(1, anyOf(stops, stop, allow))
		}
		if c.WindowEnd != 0 {
			code = argLow(0, c.reserved(ebadf, code))
		}
		return code
	case GuardUnix:
		return argLow(0, when(unix.BPF_JEQ, unix.AF_UNIX, allow, ret(fails(unix.EAFNOSUPPORT))))
	case GuardSocket:
		if c.Active&IfNoNet != 0 {
			return c.guardProg(GuardUnix)
		}
		// Only a real root may write to the audit log, and programs of root
		// take its refusal for a failure, unlike a kernel that has no log.
		return argLow(0, when(unix.BPF_JEQ, unix.AF_NETLINK,
			argLow(2, when(unix.BPF_JEQ, unix.NETLINK_AUDIT, ret(fails(unix.EPROTONOSUPPORT)), allow)), allow))
	case GuardSockopt:
		return argLow(1, when(unix.BPF_JEQ, unix.SOL_SOCKET,
			argLow(2, when(unix.BPF_JEQ, unix.SO_PEERCRED, stop, allow)), allow))
	case GuardNull0:
		return equal(0, 0, allow, stop)
	case GuardNull1:
		return equal(1, 0, allow, stop)
	case GuardNull4:
		return equal(4, 0, allow, stop)
	}
	return stop
}

// window allows the engine's own mapping of the window and nothing else that
// is fixed below its end.
func (c *compiler) window() *node {
	allow, eperm := c.allow, ret(fails(unix.EPERM))
	code := equal(2, unix.PROT_READ, allow, equal(2, unix.PROT_READ|unix.PROT_EXEC, allow, eperm))
	pool := c.pool(eperm)
	code = argLow(4, when(unix.BPF_JEQ, uint32(c.WindowFD), code, pool))
	code = equal(3, unix.MAP_SHARED|unix.MAP_FIXED_NOREPLACE, code, pool)
	return argLow(0, when(unix.BPF_JGE, uint32(c.WindowLow), code, eperm))
}
