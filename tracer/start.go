package tracer

import "encoding/binary"

// The first instructions of a program give way to the few that map the window.
// Putting them back takes a stop. Where they are known, the boot code does what
// they would have done and goes on behind them, and nothing is put back: no
// program comes by its first instruction twice.

// shortEnter maps the window and goes to the boot code, whose address is in
// rbx. After an exec rax is 0.
//
//	mov $9, %al; syscall; jmp *%rbx
var shortEnter = [6]byte{0xb0, 9, 0x0f, 0x05, 0xff, 0xe3}

// What opStart does with the registers before it jumps.
const (
	startPlain = iota
	startCall  // rdi is the stack pointer, and a return address is pushed
	startSP    // rdi is the stack pointer
	startPop   // rsi is popped
)

// start is what the first instructions of a program do.
type start struct {
	kind   uint64
	target uint64 // goes on here
	ret    uint64 // startCall: from there back here
}

// startOf recognises the 16 bytes at the entry point ip.
func startOf(ip uint64, b []byte) (s start, ok bool) {
	rel := func(at int) uint64 {
		return ip + uint64(at) + 4 + uint64(int64(int32(binary.LittleEndian.Uint32(b[at:]))))
	}
	is := func(p ...byte) bool {
		for i, v := range p {
			if b[i] != v {
				return false
			}
		}
		return true
	}
	switch {
	case is(0x48, 0x89, 0xe7, 0xe8): // glibc's ld.so: mov %rsp,%rdi; call
		return start{startCall, rel(4), ip + 8}, true
	case is(0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x89, 0xe7, 0xe8): // the same with endbr64
		return start{startCall, rel(8), ip + 12}, true
	case is(0x48, 0x31, 0xed, 0x48, 0x89, 0xe7): // musl: xor %rbp,%rbp; mov %rsp,%rdi
		return start{startSP, ip + 6, 0}, true
	case is(0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xed): // glibc, static: endbr64; xor %ebp,%ebp
		return start{startPlain, ip + 6, 0}, true
	case is(0x31, 0xed, 0x49, 0x89, 0xd1, 0x5e): // without endbr64: …; mov %rdx,%r9; pop %rsi
		return start{startPop, ip + 6, 0}, true
	}
	if b[0] == 0xe9 && b[5] == 0xcc { // Go: a jump, and nothing behind it
		return start{startPlain, rel(1), 0}, true
	}
	return s, false
}
