package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// userReg is one register of struct user_regs_struct, which starts struct
// user: its offset there and where it is kept here.
type userReg struct {
	off uintptr
	get func(*unix.PtraceRegs) *uint64
}

// entryRegs are the registers that a system call stop is about.
var entryRegs = []userReg{
	{15 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Orig_rax }},
	{10 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rax }},
	{14 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rdi }},
	{13 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rsi }},
	{12 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rdx }},
	{7 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.R10 }},
	{9 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.R8 }},
	{8 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.R9 }},
	{11 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rcx }},
	{16 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rip }},
	{17 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Cs }},
	{19 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rsp }},
	{5 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rbx }},
	{4 * 8, func(r *unix.PtraceRegs) *uint64 { return &r.Rbp }},
}

// argOf is where argument i of a call lives: the kernel's entry code takes 32-bit
// calls' from ebx, ecx, edx, esi, edi and ebp (entry_64_compat.S).
func argOf(abi ABI, r *unix.PtraceRegs, i int) *uint64 {
	if abi == I386 {
		return [...]*uint64{&r.Rbx, &r.Rcx, &r.Rdx, &r.Rsi, &r.Rdi, &r.Rbp}[i]
	}
	switch i {
	case 0:
		return &r.Rdi
	case 1:
		return &r.Rsi
	case 2:
		return &r.Rdx
	case 3:
		return &r.R10
	case 4:
		return &r.R8
	}
	return &r.R9
}

func peekRegs(tid int, r *unix.PtraceRegs, set []userReg) unix.Errno {
	for _, u := range set {
		v, e := ptrace.PeekUser(tid, u.off)
		if e != 0 {
			return e
		}
		*u.get(r) = v
	}
	return 0
}

// pokeRegs writes the registers of entryRegs that differ.
func pokeRegs(tid int, was, now *unix.PtraceRegs) unix.Errno {
	for _, u := range entryRegs {
		if v := *u.get(now); v != *u.get(was) {
			if e := ptrace.PokeUser(tid, u.off, v); e != 0 {
				return e
			}
		}
	}
	return 0
}

// Code segments of 64-bit and of 32-bit user code (__USER_CS, __USER32_CS).
const (
	userCS   = 0x33
	userCS32 = 0x23
)

// abiOf is the convention of a call at whose stop the registers are r. The
// instruction does not tell, and a guest could write over it. But 32-bit code
// cannot make a 64-bit call, and the seccomp program lets 32-bit calls from 64-bit code
// pass from below 4 GiB only; there the kernel is asked.
func (tr *Tracer) abiOf(t *Task, r *unix.PtraceRegs) ABI {
	if r.Cs != userCS {
		return I386
	}
	if r.Rip>>32 != 0 {
		return X8664
	}
	si := ptrace.SyscallInfo{}
	if ptrace.GetSyscallInfo(t.Tid, &si) == 0 && si.Arch == auditArch[I386] {
		return I386
	}
	return X8664
}

// argsOf are the arguments of a call as the guest gave them.
func argsOf(abi ABI, r *unix.PtraceRegs) [6]uint64 {
	if abi == I386 {
		low := func(v uint64) uint64 { return v & 0xffffffff }
		return [6]uint64{low(r.Rbx), low(r.Rcx), low(r.Rdx), low(r.Rsi), low(r.Rdi), low(r.Rbp)}
	}
	return [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
}

// giveArgs puts the argument registers of from into r.
func giveArgs(abi ABI, r, from *unix.PtraceRegs) {
	if abi == I386 {
		r.Rbx, r.Rcx, r.Rdx, r.Rsi, r.Rdi, r.Rbp = from.Rbx, from.Rcx, from.Rdx, from.Rsi, from.Rdi, from.Rbp
		return
	}
	r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9 = from.Rdi, from.Rsi, from.Rdx, from.R10, from.R8, from.R9
}

func csOf(arch uint32) uint64 {
	if arch == unix.AUDIT_ARCH_I386 {
		return userCS32
	}
	return userCS
}
