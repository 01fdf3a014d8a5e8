package sandbox

import (
	"errors"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/spec"
	"github.com/ptbox/ptbox/tracer"
)

// specProfile turns a profile that is valid into the tracer's form. What the
// specification leaves open is done as libseccomp and runc do it.
func specProfile(s *specs.LinuxSeccomp) (*tracer.Profile, uintptr) {
	action := func(a specs.LinuxSeccompAction, e *uint) uint32 {
		v, _ := spec.SeccompAction(a, e)
		return v
	}
	// Calls of conventions that are not listed kill; those that are listed
	// fail, since the rules are by the numbers of x86-64.
	foreign := func(a specs.Arch) uint32 {
		if slices.Contains(s.Architectures, a) {
			return unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
		}
		return unix.SECCOMP_RET_KILL_THREAD
	}
	p := &tracer.Profile{
		Default: action(s.DefaultAction, s.DefaultErrnoRet),
		I386:    foreign(specs.ArchX86), X32: foreign(specs.ArchX32),
	}
	// Programs look for ENOSYS to tell that a kernel lacks a call that the
	// profile's author did not know.
	p.New = p.Default
	if d := p.Default; d != unix.SECCOMP_RET_ALLOW && d != unix.SECCOMP_RET_LOG {
		p.New = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	}
	for i := range s.Syscalls {
		c := &s.Syscalls[i]
		ret := action(c.Action, c.ErrnoRet)
		if ret == p.Default {
			continue // says nothing; must not hide another rule
		}
		for _, name := range c.Names {
			ent := tracer.ByName(name)
			if ent == nil || ent.Nr[tracer.X8664] == tracer.NoNr {
				continue
			}
			nr := int(ent.Nr[tracer.X8664])
			for _, conds := range profileConds(c.Args) {
				p.Rules = append(p.Rules, tracer.ProfileRule{Nr: nr, Action: ret, Conds: conds})
			}
		}
	}
	var flags uintptr
	for _, f := range s.Flags {
		switch f {
		case specs.LinuxSeccompFlagLog:
			flags |= unix.SECCOMP_FILTER_FLAG_LOG
		case specs.LinuxSeccompFlagSpecAllow:
			flags |= unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW
		}
		// The others are about other threads, and about a listener.
	}
	return p, flags
}

// profileConds are the conditions of a rule, for each rule that it makes: all
// have to hold, unless two are about one argument. Then one is enough.
func profileConds(args []specs.LinuxSeccompArg) [][]tracer.ProfileCond {
	ops := map[specs.LinuxSeccompOperator]tracer.CompareOp{
		specs.OpEqualTo: tracer.Equal, specs.OpNotEqual: tracer.NotEqual,
		specs.OpLessThan: tracer.Less, specs.OpLessEqual: tracer.LessEqual,
		specs.OpGreaterThan: tracer.Greater, specs.OpGreaterEqual: tracer.GreaterEqual,
		specs.OpMaskedEqual: tracer.MaskedEqual,
	}
	var all []tracer.ProfileCond
	seen := map[uint]bool{}
	twice := false
	for _, a := range args {
		c := tracer.ProfileCond{Arg: int(a.Index), Op: ops[a.Op], Value: a.Value}
		if c.Op == tracer.MaskedEqual {
			c.Mask, c.Value = a.Value, a.ValueTwo
		}
		all = append(all, c)
		twice = twice || seen[a.Index]
		seen[a.Index] = true
	}
	if !twice {
		return [][]tracer.ProfileCond{all}
	}
	var out [][]tracer.ProfileCond
	for _, c := range all {
		out = append(out, []tracer.ProfileCond{c})
	}
	return out
}

// profile compiles the filter that was asked for.
func (s *Sandbox) profile(l *tracer.Launch) error {
	p := s.o.Seccomp
	if p == nil {
		return nil
	}
	start := tracer.FilterData{Nr: unix.SYS_EXECVE, Arch: unix.AUDIT_ARCH_X86_64}
	switch p.Judge(&start) & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_LOG:
	default:
		return failed("seccomp", "", errors.New("the profile refuses execve, by which the command is started"), "allow execve in linux.seccomp")
	}
	var err error
	if l.Filter, err = p.Compile(); err != nil {
		return failed("seccomp", "", err, "")
	}
	l.FilterFlags = s.o.SeccompFlags
	return nil
}
