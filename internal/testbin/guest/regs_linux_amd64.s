#include "textflag.h"

// func callRegs(nr uintptr, in *[6]uintptr, out *[14]uintptr)
//
// Makes one system call with known values in every register that the kernel
// preserves, and stores them as they are afterwards:
// rdi rsi rdx r10 r8 r9 rbx rbp r12 r13 r14 r15 rax, and rflags in the last.
TEXT ·callRegs(SB), NOSPLIT, $112-24
	MOVQ BP, 96(SP)
	MOVQ R14, 104(SP)
	MOVQ nr+0(FP), AX
	MOVQ in+8(FP), R11
	MOVQ out+16(FP), R12
	MOVQ R12, 88(SP)
	MOVQ 0(R11), DI
	MOVQ 8(R11), SI
	MOVQ 16(R11), DX
	MOVQ 24(R11), R10
	MOVQ 32(R11), R8
	MOVQ 40(R11), R9
	MOVQ $0x1111bbbb0001, BX
	MOVQ $0x1111bbbb0002, BP
	MOVQ $0x1111bbbb0003, R12
	MOVQ $0x1111bbbb0004, R13
	MOVQ $0x1111bbbb0005, R14
	MOVQ $0x1111bbbb0006, R15
	SYSCALL
	MOVQ R12, 80(SP)
	MOVQ 88(SP), R12
	MOVQ DI, 0(R12)
	MOVQ SI, 8(R12)
	MOVQ DX, 16(R12)
	MOVQ R10, 24(R12)
	MOVQ R8, 32(R12)
	MOVQ R9, 40(R12)
	MOVQ BX, 48(R12)
	MOVQ BP, 56(R12)
	MOVQ 80(SP), BX
	MOVQ BX, 64(R12)
	MOVQ R13, 72(R12)
	MOVQ R14, 80(R12)
	MOVQ R15, 88(R12)
	MOVQ AX, 96(R12)
	// After SYSCALL rcx is the return address and r11 the flags: whether rcx
	// lies in this function tells if rip came back to where it was.
	MOVQ CX, 104(R12)
	MOVQ 96(SP), BP
	MOVQ 104(SP), R14
	XORPS X15, X15
	RET
