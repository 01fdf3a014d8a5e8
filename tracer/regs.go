package tracer

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// regBackend reads and writes the registers that matter at a system call
// stop. The four of them give the same answers by the four ways that ptrace
// has grown; each can be chosen, so that each is tested.
type regBackend interface {
	// entry reads number, arguments, ip and sp at an entry or seccomp stop.
	entry(tid int, r *unix.PtraceRegs) unix.Errno
	// exit reads the result (Rax), ip and sp at an exit stop.
	exit(tid int, r *unix.PtraceRegs) unix.Errno
	// write makes the tracee's registers equal to now; was is what they were.
	write(tid int, was, now *unix.PtraceRegs) unix.Errno
}

// RegBackends names the register backends, best first.
func RegBackends() []string { return []string{"regset", "gsi", "ssi", "peekuser"} }

func newRegBackend(name string) (regBackend, error) {
	switch name {
	case "", "auto", "regset":
		return regset{}, nil
	case "peekuser":
		return peekuser{}, nil
	case "gsi":
		return &gsi{}, nil
	case "ssi":
		return &gsi{set: true}, nil
	}
	return nil, fmt.Errorf("unknown register backend %q (peekuser, regset, gsi, ssi, auto)", name)
}

// regset moves the whole set with one request each way: PTRACE_GETREGS and
// PTRACE_SETREGS. It is the fastest.
type regset struct{}

func (regset) entry(tid int, r *unix.PtraceRegs) unix.Errno { return ptrace.GetRegs(tid, r) }
func (regset) exit(tid int, r *unix.PtraceRegs) unix.Errno  { return ptrace.GetRegs(tid, r) }

func (regset) write(tid int, _, now *unix.PtraceRegs) unix.Errno {
	return ptrace.SetRegs(tid, now)
}

// peekuser moves one register a request, as ptrace did in 1975.
type peekuser struct{}

func (peekuser) entry(tid int, r *unix.PtraceRegs) unix.Errno {
	return peekRegs(tid, r, entryRegs)
}

func (peekuser) exit(tid int, r *unix.PtraceRegs) unix.Errno {
	return peekRegs(tid, r, entryRegs)
}

func (peekuser) write(tid int, was, now *unix.PtraceRegs) unix.Errno {
	return pokeRegs(tid, was, now)
}

// gsi reads by PTRACE_GET_SYSCALL_INFO (Linux 5.3), the same on every
// architecture. With set it also writes number and arguments by
// PTRACE_SET_SYSCALL_INFO (Linux 6.16). Neither can write the instruction
// pointer, so that part goes by POKEUSER.
type gsi struct {
	set  bool
	info ptrace.SyscallInfo
}

func (g *gsi) entry(tid int, r *unix.PtraceRegs) unix.Errno {
	if e := ptrace.GetSyscallInfo(tid, &g.info); e != 0 {
		return e
	}
	i := &g.info
	*r = unix.PtraceRegs{
		Orig_rax: i.Nr, Rip: i.IP, Rcx: i.IP, Rsp: i.SP, Cs: csOf(i.Arch),
		Rdi: i.Args[0], Rsi: i.Args[1], Rdx: i.Args[2], R10: i.Args[3], R8: i.Args[4], R9: i.Args[5],
	}
	// As the entry code leaves it; write compares against this.
	r.Rax = errnoWord(unix.ENOSYS)
	return 0
}

func (g *gsi) exit(tid int, r *unix.PtraceRegs) unix.Errno {
	if e := ptrace.GetSyscallInfo(tid, &g.info); e != 0 {
		return e
	}
	*r = unix.PtraceRegs{Rip: g.info.IP, Rcx: g.info.IP, Rsp: g.info.SP, Rax: g.info.Nr, Cs: csOf(g.info.Arch)}
	return 0
}

func (g *gsi) write(tid int, was, now *unix.PtraceRegs) unix.Errno {
	if !g.set || was.Orig_rax == now.Orig_rax && sameArgs(was, now) || g.info.Op == ptrace.InfoExit || int64(now.Orig_rax) == -1 {
		return pokeRegs(tid, was, now)
	}
	i := g.info
	i.Nr = now.Orig_rax
	i.Args = [6]uint64{now.Rdi, now.Rsi, now.Rdx, now.R10, now.R8, now.R9}
	i.Reserved, i.Flags, i.Pad = 0, 0, 0
	if e := ptrace.SetSyscallInfo(tid, &i); e != 0 {
		return e
	}
	rest := *was
	rest.Orig_rax = now.Orig_rax
	rest.Rdi, rest.Rsi, rest.Rdx, rest.R10, rest.R8, rest.R9 = now.Rdi, now.Rsi, now.Rdx, now.R10, now.R8, now.R9
	return pokeRegs(tid, &rest, now)
}

func sameArgs(a, b *unix.PtraceRegs) bool {
	return a.Rdi == b.Rdi && a.Rsi == b.Rsi && a.Rdx == b.Rdx && a.R10 == b.R10 && a.R8 == b.R8 && a.R9 == b.R9
}

func errnoWord(e unix.Errno) uint64 { return uint64(-int64(e)) }
