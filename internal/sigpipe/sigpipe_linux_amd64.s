#include "textflag.h"

// The handler runs on the signal stack of any thread, with all signals blocked.
// Registers are the kernel's to restore.
TEXT ·catch(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	SUBQ $24, SP
	MOVB DI, 8(SP)
	MOVL ·end(SB), DI
	LEAQ 8(SP), SI
	MOVL $1, DX
	MOVL $1, AX // write
	SYSCALL
	ADDQ $24, SP
	RET

TEXT ·restore(SB), NOSPLIT|NOFRAME|TOPFRAME, $0
	MOVL $15, AX // rt_sigreturn
	SYSCALL
	INT  $3

// func handler() (handler, restorer uintptr)
TEXT ·handler(SB), NOSPLIT, $0-16
	LEAQ ·catch(SB), AX
	MOVQ AX, handler+0(FP)
	LEAQ ·restore(SB), AX
	MOVQ AX, restorer+8(FP)
	RET
