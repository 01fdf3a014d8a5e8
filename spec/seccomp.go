package spec

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// maxErrno is MAX_ERRNO of the kernel (include/linux/err.h).
const maxErrno = 4095

// seccomp judges a profile. Which calls there are is not known here: names
// that the kernel does not have are skipped, as other runtimes do.
func (r *report) seccomp(s *specs.LinuxSeccomp) {
	const at = "/linux/seccomp"
	if s.DefaultAction == "" {
		r.bad(at+"/defaultAction", "missing")
	} else {
		r.seccompAction(at+"/defaultAction", s.DefaultAction)
		r.errnoRet(at+"/defaultErrnoRet", s.DefaultAction, s.DefaultErrnoRet)
	}
	for i, a := range s.Architectures {
		if !slices.Contains(seccompArches, a) {
			r.bad(fmt.Sprintf("%s/architectures/%d", at, i), "unknown architecture %q", a)
		}
	}
	for i, f := range s.Flags {
		switch f {
		case specs.LinuxSeccompFlagLog, specs.LinuxSeccompFlagSpecAllow, specs.LinuxSeccompFlagWaitKillableRecv, seccompTsync:
		default:
			r.bad(fmt.Sprintf("%s/flags/%d", at, i), "unknown flag %q", f)
		}
	}
	if s.ListenerPath != "" {
		r.bad(at+"/listenerPath", "a listener is not supported: its answers could let calls run on the host's paths")
	}
	if s.ListenerMetadata != "" && s.ListenerPath == "" {
		r.bad(at+"/listenerMetadata", "set without listenerPath")
	}
	for i := range s.Syscalls {
		r.seccompRule(fmt.Sprintf("%s/syscalls/%d", at, i), &s.Syscalls[i])
	}
}

// seccompTsync is in the schema, not among the constants.
const seccompTsync specs.LinuxSeccompFlag = "SECCOMP_FILTER_FLAG_TSYNC"

var seccompArches = []specs.Arch{
	specs.ArchX86, specs.ArchX86_64, specs.ArchX32, specs.ArchARM, specs.ArchAARCH64, specs.ArchMIPS, specs.ArchMIPS64,
	specs.ArchMIPS64N32, specs.ArchMIPSEL, specs.ArchMIPSEL64, specs.ArchMIPSEL64N32, specs.ArchPPC, specs.ArchPPC64,
	specs.ArchPPC64LE, specs.ArchS390, specs.ArchS390X, specs.ArchPARISC, specs.ArchPARISC64, specs.ArchRISCV64,
	"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K", "SCMP_ARCH_SH", "SCMP_ARCH_SHEB",
}

func (r *report) seccompRule(at string, c *specs.LinuxSyscall) {
	if len(c.Names) == 0 {
		r.bad(at+"/names", "names no system call")
	}
	for i, name := range c.Names {
		if name == "" {
			r.bad(fmt.Sprintf("%s/names/%d", at, i), "empty")
		}
	}
	r.seccompAction(at+"/action", c.Action)
	r.errnoRet(at+"/errnoRet", c.Action, c.ErrnoRet)
	for i, a := range c.Args {
		if a.Index > 5 {
			r.bad(fmt.Sprintf("%s/args/%d/index", at, i), "%d: a system call has six arguments, from 0", a.Index)
		}
		switch a.Op {
		case specs.OpEqualTo, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual, specs.OpMaskedEqual:
		default:
			r.bad(fmt.Sprintf("%s/args/%d/op", at, i), "unknown operator %q", a.Op)
		}
	}
}

func (r *report) seccompAction(at string, a specs.LinuxSeccompAction) {
	switch a {
	case specs.ActTrace:
		r.bad(at, "%s is not supported: the tracer is ptbox", a).Hint = "SCMP_ACT_ERRNO with 38 is what it does without a tracer"
	case specs.ActNotify:
		r.bad(at, "%s is not supported: a listener's answer could let the call run on the host's paths", a)
	default:
		if _, ok := SeccompAction(a, nil); !ok {
			r.bad(at, "unknown action %q", a)
		}
	}
}

// errnoRet judges the errno of an action: the specification wants an error
// where the action has none.
func (r *report) errnoRet(at string, a specs.LinuxSeccompAction, e *uint) {
	switch {
	case e == nil:
	case a != specs.ActErrno && a != specs.ActTrace:
		r.bad(at, "%s has no errno", a)
	case *e > maxErrno:
		r.bad(at, "%d is not an errno", *e)
	}
}

// SeccompAction is what a program returns for an action: SECCOMP_RET_* and
// its data. ok is false for those that ptbox does not have.
func SeccompAction(a specs.LinuxSeccompAction, e *uint) (ret uint32, ok bool) {
	switch a {
	case specs.ActKill, specs.ActKillThread:
		return unix.SECCOMP_RET_KILL_THREAD, true
	case specs.ActKillProcess:
		return unix.SECCOMP_RET_KILL_PROCESS, true
	case specs.ActTrap:
		return unix.SECCOMP_RET_TRAP, true
	case specs.ActErrno:
		if e == nil {
			return unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM), true
		}
		return unix.SECCOMP_RET_ERRNO | uint32(*e)&unix.SECCOMP_RET_DATA, true
	case specs.ActAllow:
		return unix.SECCOMP_RET_ALLOW, true
	case specs.ActLog:
		return unix.SECCOMP_RET_LOG, true
	}
	return 0, false
}
