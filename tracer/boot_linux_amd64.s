#include "textflag.h"

// func bootAddr() unsafe.Pointer
TEXT ·bootAddr(SB), NOSPLIT, $0-8
	LEAQ ·bootCode(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// bootCode runs in the guest, from the window, before the guest's first
// instruction. It is entered with
//
//	AX   the result of mapping the window (the window's address)
//	R12  the address of a list of operations, opSize bytes each:
//	     code, a0..a5, flags (see boot.go)
//
// and uses R14 for the base of the last mapping and R15 for the last
// descriptor. It never writes to memory but where an operation says so.
TEXT ·bootCode(SB), NOSPLIT|NOFRAME, $0-0
	CMPQ AX, $0x10000
	JNE  fail

next:
	MOVQ 0(R12), AX
	CMPQ AX, $-1
	JEQ  trap
	CMPQ AX, $-2
	JEQ  clear
	CMPQ AX, $-3
	JEQ  store
	CMPQ AX, $-4
	JEQ  leave
	CMPQ AX, $-5
	JEQ  start
	CMPQ AX, $-6
	JEQ  copy

	MOVQ 8(R12), DI
	MOVQ 16(R12), SI
	MOVQ 24(R12), DX
	MOVQ 32(R12), R10
	MOVQ 40(R12), R8
	MOVQ 48(R12), R9
	MOVQ 56(R12), BX
	BTQ  $0, BX // args[0] += base
	JCC  notbase
	ADDQ R14, DI

notbase:
	BTQ  $1, BX // args[4] = fd
	JCC  notfd4
	MOVQ R15, R8

notfd4:
	BTQ  $2, BX // args[0] = fd
	JCC  notfd0
	MOVQ R15, DI

notfd0:
	SYSCALL
	CMPQ AX, $-4095
	JCS  good
	BTQ  $5, BX // an error does not matter
	JCC  fail

good:
	BTQ  $3, BX // base = result
	JCC  notsetbase
	MOVQ AX, R14

notsetbase:
	BTQ  $4, BX // fd = result
	JCC  step
	MOVQ AX, R15

step:
	ADDQ $64, R12
	JMP  next

clear:
	MOVQ 8(R12), DI
	BTQ  $0, 56(R12)
	JCC  clearabs
	ADDQ R14, DI

clearabs:
	MOVQ 16(R12), CX
	XORL AX, AX
	CLD
	REP
	STOSB
	JMP  step

store:
	MOVQ 8(R12), DI
	MOVQ 16(R12), AX
	BTQ  $0, 56(R12)
	JCC  storeabs
	ADDQ R14, AX

storeabs:
	MOVQ AX, 0(DI)
	JMP  step

leave:
	// Registers are zero at the start of a program (ELF_PLAT_INIT); the
	// target travels below the stack pointer, where nothing lives yet.
	MOVQ 8(R12), AX
	BTQ  $0, 56(R12)
	JCC  leaveabs
	ADDQ R14, AX

leaveabs:
	XORL SI, SI
	XORL DI, DI

gone:
	MOVQ AX, -8(SP)
	XORL AX, AX
	XORL BX, BX
	XORL CX, CX
	XORL DX, DX
	XORL BP, BP
	XORL R8, R8
	XORL R9, R9
	XORL R10, R10
	XORL R11, R11
	XORL R12, R12
	XORL R13, R13
	XORL R14, R14
	XORL R15, R15
	JMP  -8(SP)

start:
	// What the overwritten instructions would have done: see start.go.
	MOVQ 8(R12), AX
	MOVQ 16(R12), CX
	XORL SI, SI
	XORL DI, DI
	CMPQ CX, $1
	JEQ  startcall
	CMPQ CX, $2
	JEQ  startsp
	CMPQ CX, $3
	JNE  gone
	MOVQ 0(SP), SI
	LEAQ 8(SP), SP
	JMP  gone

startcall:
	MOVQ SP, DI
	MOVQ 24(R12), CX
	LEAQ -8(SP), SP
	MOVQ CX, 0(SP)
	JMP  gone

startsp:
	MOVQ SP, DI
	JMP  gone

copy:
	MOVQ 8(R12), DI
	MOVQ 16(R12), SI
	MOVQ 24(R12), CX
	CLD
	REP
	MOVSB
	JMP  step

fail:
	MOVQ $-1, R13

trap:
	INT  $3
	BYTE $0x70; BYTE $0x74; BYTE $0x62; BYTE $0x6f; BYTE $0x78; BYTE $0x45; BYTE $0x4e; BYTE $0x44
