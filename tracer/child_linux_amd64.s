#include "textflag.h"

// func cloneVM(stack uintptr, c *child) (r uintptr)
//
// clone(CLONE_VM|SIGCHLD): the child runs childMain(c) on its own stack, in our
// memory. Its g is ours: what it calls may look at no stack bound.
TEXT ·cloneVM(SB), NOSPLIT, $0-24
	MOVQ stack+0(FP), SI
	MOVQ c+8(FP), R12 // survives the call
	MOVQ $0x111, DI   // CLONE_VM|SIGCHLD
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	MOVL $56, AX      // clone
	SYSCALL
	TESTQ AX, AX
	JEQ  child
	MOVQ AX, r+16(FP)
	RET

child:
	XORL BP, BP
	SUBQ $16, SP
	MOVQ R12, 0(SP)
	CALL ·childMain(SB)
	INT  $3

// func rawSyscall(nr, a, b, c, d uintptr) (r uintptr, e unix.Errno)
//
// unix.RawSyscall is four calls deep, which leaves the nosplit functions of
// the child too little stack once they are instrumented (go test -fuzz).
TEXT ·rawSyscall(SB), NOSPLIT, $0-56
	MOVQ nr+0(FP), AX
	MOVQ a+8(FP), DI
	MOVQ b+16(FP), SI
	MOVQ c+24(FP), DX
	MOVQ d+32(FP), R10
	XORL R8, R8
	XORL R9, R9
	SYSCALL
	XORL CX, CX
	CMPQ AX, $-4095
	JCS  done
	NEGQ AX
	MOVQ AX, CX
	MOVQ $-1, AX

done:
	MOVQ AX, r+40(FP)
	MOVQ CX, e+48(FP)
	RET
