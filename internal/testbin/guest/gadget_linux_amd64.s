#include "textflag.h"

// func callAt(addr, nr uintptr, in *[6]uintptr) uintptr
//
// Calls the code at addr, which is to make a system call and return.
TEXT ·callAt(SB), NOSPLIT, $16-32
	MOVQ BP, 8(SP)
	MOVQ in+16(FP), R11
	MOVQ nr+8(FP), AX
	MOVQ addr+0(FP), R12
	MOVQ 0(R11), DI
	MOVQ 8(R11), SI
	MOVQ 16(R11), DX
	MOVQ 24(R11), R10
	MOVQ 32(R11), R8
	MOVQ 40(R11), R9
	CALL R12
	MOVQ 8(SP), BP
	MOVQ AX, ret+24(FP)
	RET

// func load(addr uintptr) uint64
TEXT ·load(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), AX
	MOVQ (AX), AX
	MOVQ AX, ret+8(FP)
	RET
