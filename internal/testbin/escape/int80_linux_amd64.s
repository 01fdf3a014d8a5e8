#include "textflag.h"

// func int80call(nr uintptr, a *[6]uintptr) uintptr
TEXT ·int80call(SB), NOSPLIT, $8-24
	MOVQ nr+0(FP), AX
	MOVQ a+8(FP), R8
	MOVQ 0(R8), BX
	MOVQ 8(R8), CX
	MOVQ 16(R8), DX
	MOVQ 24(R8), SI
	MOVQ 32(R8), DI
	MOVQ 40(R8), R8
	XCHGQ R8, BP
	MOVQ R8, saved-8(SP)
	INT  $0x80
	MOVQ saved-8(SP), BP
	MOVQ AX, ret+16(FP)
	RET

// func int80at(code, nr uintptr, a *[6]uintptr) uintptr
// The flags are in R11, where SYSCALL leaves them. Only three arguments.
TEXT ·int80at(SB), NOSPLIT, $32-32
	MOVQ code+0(FP), R9
	MOVQ nr+8(FP), AX
	MOVQ a+16(FP), R8
	MOVQ 0(R8), BX
	MOVQ 8(R8), CX
	MOVQ 16(R8), DX
	PUSHFQ
	POPQ R11
	CALL R9
	MOVQ AX, ret+24(FP)
	RET
