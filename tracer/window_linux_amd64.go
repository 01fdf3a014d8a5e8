package tracer

import "encoding/binary"

// syscallLen is the length of the `syscall` instruction.
const syscallLen = 2

// stubText returns the stub at address at whose slot lies at slot:
//
//	syscall
//	mov  saved(%rip), %rdi … %rsi %rdx %r10 %r8 %r9
//	jmp *savedIP(%rip)
//
// The kernel preserves the argument registers across a system call, so a call
// whose arguments were rewritten must give them back. Every operand is
// relative to the instruction, and no register is needed for the way back.
func stubText(at, slot uint64) []byte {
	b := []byte{0x0f, 0x05}
	rel := func(op []byte, word int) {
		b = append(b, op...)
		next := at + uint64(len(b)) + 4
		b = binary.LittleEndian.AppendUint32(b, uint32(slot+uint64(word)*8-next))
	}
	rel([]byte{0x48, 0x8b, 0x3d}, saveDI)
	rel([]byte{0x48, 0x8b, 0x35}, saveSI)
	rel([]byte{0x48, 0x8b, 0x15}, saveDX)
	rel([]byte{0x4c, 0x8b, 0x15}, saveR10)
	rel([]byte{0x4c, 0x8b, 0x05}, saveR8)
	rel([]byte{0x4c, 0x8b, 0x0d}, saveR9)
	rel([]byte{0xff, 0x25}, saveIP)
	return b
}

// stubText32 is the stub for 32-bit code, whose operands are absolute:
//
//	int  $0x80
//	mov  saved, %ebx … %ecx %edx %esi %edi %ebp
//	jmp *savedIP
//
// The instruction has the length of `syscall`. A call by way of the vdso
// returns to the one behind its own int $0x80, so there is one way back.
func stubText32(slot uint64) []byte {
	b := []byte{0xcd, 0x80}
	abs := func(word int, op ...byte) {
		b = append(b, op...)
		b = binary.LittleEndian.AppendUint32(b, uint32(slot+uint64(word)*8))
	}
	abs(saveDI, 0x8b, 0x1d)
	abs(saveDI+1, 0x8b, 0x0d)
	abs(saveDI+2, 0x8b, 0x15)
	abs(saveDI+3, 0x8b, 0x35)
	abs(saveDI+4, 0x8b, 0x3d)
	abs(saveDI+5, 0x8b, 0x2d)
	abs(saveIP, 0xff, 0x25)
	return b
}
