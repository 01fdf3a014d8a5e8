#include "textflag.h"

// func exitAt(addr, code uintptr)
//
// Jumps to the system call instruction at addr with exit_group(code).
TEXT ·exitAt(SB), NOSPLIT, $0-16
	MOVQ addr+0(FP), R12
	MOVQ code+8(FP), DI
	MOVQ $231, AX
	JMP R12
