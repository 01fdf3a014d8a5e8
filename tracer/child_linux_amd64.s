#include "textflag.h"

// func cloneChild(flags, stack uintptr, c *child) (r uintptr)
//
// clone(2): the child runs childMain(c) on its own stack. Its g is ours: what it
// calls may look at no stack bound.
TEXT ·cloneChild(SB), NOSPLIT, $0-32
	MOVQ flags+0(FP), DI
	MOVQ stack+8(FP), SI
	MOVQ c+16(FP), R12 // survives the call
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	MOVL $56, AX      // clone
	SYSCALL
	TESTQ AX, AX
	JEQ  child
	MOVQ AX, r+24(FP)
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
