package tracer

import "golang.org/x/sys/unix"

// Verdicts, as a seccomp program returns them: RetErrno carries the errno in
// its low 16 bits.
const (
	RetAllow uint32 = unix.SECCOMP_RET_ALLOW
	RetTrace uint32 = unix.SECCOMP_RET_TRACE
	RetErrno uint32 = unix.SECCOMP_RET_ERRNO

	RetKillProcess uint32 = unix.SECCOMP_RET_KILL_PROCESS
)

// VerdictErrno is the errno of a RetErrno verdict; 0 for the others.
func VerdictErrno(v uint32) unix.Errno {
	if v&unix.SECCOMP_RET_ACTION_FULL != RetErrno {
		return 0
	}
	return unix.Errno(v & unix.SECCOMP_RET_DATA)
}

func fails(e unix.Errno) uint32 { return RetErrno | uint32(e) }

// plan is what becomes of a call: a verdict, or a guard that gives one.
type plan struct {
	guard Guard
	ret   uint32
	fast  fastKind // what the fast path may do in spite of them
}

func (p *Policy) plan(s *Sysent) plan {
	pl := p.slowPlan(s)
	if p.Fast.IP != 0 && (pl.guard != GuardNone || pl.ret == RetTrace) {
		pl.fast = fastCall(s)
	}
	return pl
}

func (p *Policy) slowPlan(s *Sysent) plan {
	switch {
	case s == nil:
		return plan{ret: p.unknown()}
	case p.Only && (s.Support != Handled || s.When&p.Active == 0 && !p.looksFurther(s.Guard)):
		return plan{ret: RetAllow}
	case s.Support == Refused:
		return plan{ret: fails(s.Errno)}
	case s.Support == Native:
		return plan{ret: RetAllow}
	case s.When != Always && s.When&p.Active == 0:
		if s.Errno != 0 {
			return plan{ret: fails(s.Errno)}
		}
		return plan{ret: RetAllow}
	case s.Guard == GuardNone || s.Unless&p.Active != 0:
		return plan{ret: RetTrace}
	case s.Guard.protectsWindow() && p.WindowEnd == 0 && !p.looksFurther(s.Guard):
		return plan{ret: RetAllow}
	}
	return plan{guard: s.Guard}
}

func (g Guard) protectsWindow() bool { return g >= GuardAddr0 && g <= GuardFDRange }

// looksFurther says that a guard of the window has something else to look at.
func (p *Policy) looksFurther(g Guard) bool {
	switch g {
	case GuardMmap:
		return p.Active&(IfNoExec|IfLimited) != 0
	case GuardMprotect:
		return p.Active&IfNoExec != 0
	case GuardIoctl:
		return p.Active&(IfReadOnly|IfLimited|IfUnscoped) != 0
	case GuardFD1, GuardFcntl:
		return p.Active&IfTwice != 0
	}
	return false
}

// unknown is the verdict on a number that the table does not have.
func (p *Policy) unknown() uint32 {
	if p.Only {
		return RetAllow
	}
	return fails(unix.ENOSYS)
}

// Decide gives the verdict on one call: what the program of Compile returns.
// It serves hosts without seccomp, and is what the program is tested against.
func Decide(p *Policy, arch, nr uint32, args *[6]uint64) uint32 {
	return DecideAt(p, arch, nr, uint64(^uint32(args[1])), args) // from nowhere in particular
}

// DecideAt is Decide for a call from a given place: ip is behind the system
// call instruction.
func DecideAt(p *Policy, arch, nr uint32, ip uint64, args *[6]uint64) uint32 {
	abi := p.ABI
	if arch != auditArch[abi] {
		if abi = I386; !p.I386 || arch != auditArch[I386] {
			return p.unknown()
		}
	}
	if nr >= maxNr {
		return p.unknown()
	}
	pl := p.plan(Lookup(abi, int(nr)))
	if pl.fast != fastNone && abi == X8664 && ip == p.Fast.IP && p.fastAllows(pl.fast, args) {
		return RetAllow
	}
	v := pl.ret
	if pl.guard != GuardNone {
		v = p.decideGuard(pl.guard, args)
	}
	if abi == I386 && v == RetTrace && uint32(args[1]) == uint32(ip) {
		return fails(unix.ENOSYS) // unlike
	}
	return v
}

func stopIf(b bool) uint32 {
	if b {
		return RetTrace
	}
	return RetAllow
}

func failIf(b bool, e unix.Errno) uint32 {
	if b {
		return fails(e)
	}
	return RetAllow
}

// decideGuard applies a guard. A descriptor, an option or a clone flag is an
// int to the kernel, which ignores the high half of the register.
func (p *Policy) decideGuard(g Guard, args *[6]uint64) uint32 {
	low := func(i int) uint64 { return args[i] & 0xffffffff }
	reserved := func(fd uint64) bool {
		return fd >= uint64(p.WindowFD) && fd < uint64(p.lastFD())
	}
	switch g {
	case GuardAddr0:
		return failIf(args[0] < p.WindowEnd && args[1] != 0, unix.EPERM)
	case GuardAddr1:
		return failIf(args[1] != 0 && args[1] < p.WindowEnd, unix.EPERM)
	case GuardMmap:
		if args[0] < p.WindowEnd && args[3]&mapFixed != 0 {
			return failIf(!p.isWindow(args) && !p.isPool(args), unix.EPERM)
		}
		return stopIf(low(3)&unix.MAP_ANONYMOUS == 0 &&
			(p.Active&IfNoExec != 0 && low(2)&unix.PROT_EXEC != 0 || p.Active&IfLimited != 0 && low(3)&unix.MAP_SHARED != 0))
	case GuardMprotect:
		if args[0] < p.WindowEnd && args[1] != 0 {
			return fails(unix.EPERM)
		}
		return stopIf(p.Active&IfNoExec != 0 && low(2)&unix.PROT_EXEC != 0)
	case GuardMremap:
		return failIf(args[0] < p.WindowEnd ||
			args[3]&unix.MREMAP_FIXED != 0 && args[4] < p.WindowEnd, unix.EPERM)
	case GuardIPC:
		return failIf(args[0]&0xffff == ipcShmat && args[4] != 0 && args[4] < p.WindowEnd, unix.EPERM)
	case GuardFD0:
		return failIf(reserved(low(0)), unix.EBADF)
	case GuardFD1:
		if p.WindowEnd != 0 && reserved(low(1)) {
			return fails(unix.EBADF)
		}
		return stopIf(p.Active&IfTwice != 0)
	case GuardFDRange:
		return stopIf(low(0) < uint64(p.lastFD()) && low(1) >= uint64(p.WindowFD))
	case GuardClone:
		return stopIf(args[0]&cloneStops != 0)
	case GuardPrctl:
		return stopIf(oneOf(prctlStops, low(0)) || p.Active&IfIdentity != 0 && oneOf(prctlIdentity, low(0)) || p.Active&IfRoot != 0 && oneOf(prctlRoot, low(0)))
	case GuardIoctl:
		switch {
		case p.WindowEnd != 0 && reserved(low(0)):
			return fails(unix.EBADF)
		case oneOf(ioctlRefused, low(1)):
			return fails(unix.EPERM)
		}
		return stopIf(p.Active&IfReadOnly != 0 && oneOf(ioctlWrites, low(1)) || p.Active&IfLimited != 0 && oneOf(ioctlClones, low(1)) || p.Active&IfUnscoped != 0 && oneOf(ioctlOwner, low(1)))
	case GuardPersonality:
		return stopIf(low(0) != personaQuery && low(0)&personaStops != 0)
	case GuardFcntl:
		if p.WindowEnd != 0 && reserved(low(0)) {
			return fails(unix.EBADF)
		}
		return stopIf(p.Active&IfUnscoped != 0 && oneOf(fcntlOwner, low(1)) || p.Active&IfTwice != 0 && oneOf(fcntlDups, low(1)))
	case GuardUnix:
		return failIf(low(0) != unix.AF_UNIX, unix.EAFNOSUPPORT)
	case GuardSocket:
		if p.Active&IfNoNet != 0 {
			return failIf(low(0) != unix.AF_UNIX, unix.EAFNOSUPPORT)
		}
		return failIf(low(0) == unix.AF_NETLINK && low(2) == unix.NETLINK_AUDIT, unix.EPROTONOSUPPORT)
	case GuardSockopt:
		return stopIf(low(1) == unix.SOL_SOCKET && low(2) == unix.SO_PEERCRED)
	case GuardNull0:
		return stopIf(args[0] != 0)
	case GuardNull1:
		return stopIf(args[1] != 0)
	case GuardNull4:
		return stopIf(args[4] != 0)
	}
	return RetTrace
}

// isWindow reports whether an mmap maps the window as the engine does.
func (p *Policy) isWindow(args *[6]uint64) bool {
	return args[0] >= p.WindowLow && (args[2] == unix.PROT_READ || args[2] == unix.PROT_READ|unix.PROT_EXEC) &&
		args[3] == unix.MAP_SHARED|unix.MAP_FIXED_NOREPLACE && args[4]&0xffffffff == uint64(p.WindowFD)
}

func oneOf(list []uint32, v uint64) bool {
	for _, x := range list {
		if uint64(x) == v {
			return true
		}
	}
	return false
}
