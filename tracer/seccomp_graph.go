package tracer

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// node is an instruction of a program that is put together like an expression:
// what it goes on with is made before it. Several may go on with the same one,
// so that a part that is used twice is in the program once.
type node struct {
	insn unix.SockFilter
	yes  *node // where a condition holds
	no   *node // where it does not; what is next, behind anything else
	at   int   // its place, counted from the program's end; 0: it has none yet
}

func ret(v uint32) *node {
	return &node{insn: unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: v}}
}

// load reads a word of seccomp_data.
func load(off uint32, next *node) *node {
	return &node{insn: unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}, no: next}
}

// and keeps some bits of the loaded word.
func and(mask uint32, next *node) *node {
	return &node{insn: unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: mask}, no: next}
}

// when tests the loaded word.
func when(op uint16, k uint32, yes, no *node) *node {
	return &node{insn: unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k}, yes: yes, no: no}
}

// anyOf tests the loaded word against each value.
func anyOf(values []uint32, yes, no *node) *node {
	for _, v := range slices.Backward(values) {
		no = when(unix.BPF_JEQ, v, yes, no)
	}
	return no
}

// argLow and argHigh load the halves of an argument (little-endian hosts).
func argLow(i int, next *node) *node  { return load(dataArgs+8*uint32(i), next) }
func argHigh(i int, next *node) *node { return load(dataArgs+8*uint32(i)+4, next) }

// below tests args[i] < end, for an end of less than 1<<32.
func below(i int, end uint64, yes, no *node) *node {
	return argHigh(i, when(unix.BPF_JEQ, 0,
		argLow(i, when(unix.BPF_JGE, uint32(end), no, yes)), no))
}

// equal tests all 64 bits of args[i].
func equal(i int, v uint64, yes, no *node) *node {
	return argLow(i, when(unix.BPF_JEQ, uint32(v),
		argHigh(i, when(unix.BPF_JEQ, uint32(v>>32), yes, no)), no))
}

// layOut makes the program that starts with n. All jumps lead forward, so it is
// written from its end.
func layOut(n *node, most int) ([]unix.SockFilter, error) {
	b := make(backward, 0, 1024)
	b.place(n)
	if len(b) > most {
		return nil, fmt.Errorf("seccomp: the program has %d instructions, the kernel takes %d", len(b), most)
	}
	slices.Reverse(b)
	return b, nil
}

// backward is a program, its last instruction first. A place in it is the
// number of instructions from there on.
type backward []unix.SockFilter

// maxJump is how far conditions jump.
const maxJump = 255

// place sees to it that n is in the program, and tells where.
func (b *backward) place(n *node) int {
	class := n.insn.Code & 7
	// A far return is made anew: that costs no more than a jump there.
	if n.at != 0 && (class != unix.BPF_RET || len(*b)-n.at < maxJump/2) {
		return n.at
	}
	switch class {
	case unix.BPF_RET:
	case unix.BPF_JMP:
		no := b.place(n.no)
		yes := b.place(n.yes)
		no = b.within(no, maxJump-1) // the other may take one more instruction
		yes = b.within(yes, maxJump)
		n.insn.Jf, n.insn.Jt = uint8(len(*b)-no), uint8(len(*b)-yes)
	default:
		b.within(b.place(n.no), 0)
	}
	*b = append(*b, n.insn)
	n.at = len(*b)
	return n.at
}

// within is the place from which the one at is reached, no further off than
// reach: if that is not at itself, then a jump to it.
func (b *backward) within(at, reach int) int {
	far := len(*b) - at
	if far <= reach {
		return at
	}
	*b = append(*b, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(far)})
	return len(*b)
}
