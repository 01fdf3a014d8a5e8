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
