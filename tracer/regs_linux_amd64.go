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
}

// argOf is where argument i of a call lives.
func argOf(r *unix.PtraceRegs, i int) *uint64 {
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

func csOf(arch uint32) uint64 {
	if arch == unix.AUDIT_ARCH_I386 {
		return userCS32
	}
	return userCS
}
