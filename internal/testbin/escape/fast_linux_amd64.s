#include "textflag.h"

// func syscallAt(code, nr, a, b uintptr) uintptr
TEXT ·syscallAt(SB), NOSPLIT, $16-40
	MOVQ BP, 8(SP)
	MOVQ code+0(FP), R12
	MOVQ nr+8(FP), AX
	MOVQ a+16(FP), DI
	MOVQ b+24(FP), SI
	CALL R12
	MOVQ 8(SP), BP
	MOVQ AX, ret+32(FP)
	RET
