#include "textflag.h"

// func rawSyscall(nr, a, b, c uintptr) uintptr
TEXT ·rawSyscall(SB), NOSPLIT, $0-40
	MOVQ nr+0(FP), AX
	MOVQ a+8(FP), DI
	MOVQ b+16(FP), SI
	MOVQ c+24(FP), DX
	SYSCALL
	MOVQ AX, ret+32(FP)
	RET

// func image() (text, end uintptr)
TEXT ·image(SB), NOSPLIT, $0-16
	LEAQ runtime·text(SB), AX
	MOVQ AX, text+0(FP)
	LEAQ runtime·noptrdata(SB), AX
	MOVQ AX, end+8(FP)
	RET
