package tracer

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// Policy is what the verdicts of the table depend on.
type Policy struct {
	// ABI is the convention of the host's own programs.
	ABI ABI
	// I386 lets 32-bit calls in, with the verdicts of the table's i386
	// column; otherwise they fail with ENOSYS.
	I386 bool
	// Active are the conditions that hold.
	Active When
	// Only makes a program for tasks that have the one of Compile already: it
	// stops the calls that Active is about, and lets all others pass.
	Only bool
	// WindowLow and WindowEnd bound the window. WindowEnd 0 means that there
	// is none, and its guards vanish. A guard refuses what is fixed below
	// WindowEnd; a mere hint of mmap is let through, since the kernel gives
	// it only a place that is free, and the window is mapped first.
	WindowLow, WindowEnd uint64
	// WindowFD is the guest's descriptor of the window. It, the next one
	// (the stub program's) and the Reserved ones behind that are out of the
	// guest's reach.
	WindowFD int
	// Reserved descriptors belong to the fast path.
	Reserved int
	// Fast is what the fast path may do; without an IP there is none.
	Fast fastpath.Rules
}

// fixedFDs are the descriptors from WindowFD on that every guest has: the
// window's and the stub program's.
const fixedFDs = 2

// lastFD is behind the descriptors that guests may not touch.
func (p *Policy) lastFD() int { return p.WindowFD + fixedFDs + p.Reserved }

// maxInsns is BPF_MAXINSNS of the kernel.
const maxInsns = 4096

// Offsets into struct seccomp_data.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16
)

const x32Mask = 0x40000000

// auditArch is the kernel's arch word of each ABI.
var auditArch = [numABI]uint32{
	X8664: unix.AUDIT_ARCH_X86_64, I386: unix.AUDIT_ARCH_I386, ARM64: unix.AUDIT_ARCH_AARCH64,
}

func (p *Policy) check() error {
	switch {
	case p.ABI >= numABI || p.ABI == I386:
		return fmt.Errorf("seccomp: no host has ABI %d", p.ABI)
	case p.I386 && p.ABI != X8664:
		return fmt.Errorf("seccomp: i386 calls exist on x86_64 only")
	case p.WindowEnd >= 1<<32 || p.WindowLow > p.WindowEnd:
		// The guards compare the low halves of addresses.
		return fmt.Errorf("seccomp: bad window %#x-%#x", p.WindowLow, p.WindowEnd)
	case p.WindowEnd != 0 && (p.WindowFD < 0 || p.WindowFD > 1<<30):
		return fmt.Errorf("seccomp: bad window descriptor %d", p.WindowFD)
	}
	return nil
}

// Compile makes the seccomp program of the table: arch, then a binary search
// over the call numbers, then the guard of the call found. Until a guard it
// looks at arch and number only, which lets the kernel (Linux 5.11) remember
// the calls that are always allowed and skip the program for them.
func Compile(p Policy) ([]unix.SockFilter, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	code := ret(p.unknown())
	if p.I386 {
		code = when(unix.BPF_JEQ, auditArch[I386], unlike(p.numbers(I386)), code)
	}
	code = when(unix.BPF_JEQ, auditArch[p.ABI], p.numbers(p.ABI), code)
	code = load(dataArch, code)
	if len(code) > maxInsns {
		return nil, fmt.Errorf("seccomp: the program has %d instructions, the kernel takes %d", len(code), maxInsns)
	}
	return code, nil
}

// run is a range of call numbers, up to the next run's first, with one plan.
type run struct {
	first uint32
	plan  plan
}

// numbers is the program for one ABI.
func (p *Policy) numbers(abi ABI) prog {
	runs := []run{{0, p.plan(byNr[abi][0])}}
	for nr := uint32(1); nr <= maxNr; nr++ {
		// Lookup of maxNr, and so of all above it, finds nothing. That
		// takes the x32 calls in.
		if pl := p.plan(Lookup(abi, int(nr))); pl != runs[len(runs)-1].plan {
			runs = append(runs, run{nr, pl})
		}
	}
	return load(dataNr, p.search(abi, runs))
}

// search is a balanced tree of compares over runs.
func (p *Policy) search(abi ABI, runs []run) prog {
	if len(runs) == 1 {
		return p.leaf(abi, runs[0].plan)
	}
	mid := len(runs) / 2
	return when(unix.BPF_JGE, runs[mid].first, p.search(abi, runs[mid:]), p.search(abi, runs[:mid]))
}

func (p *Policy) leaf(abi ABI, pl plan) prog {
	code := ret(pl.ret)
	if pl.guard != GuardNone {
		code = p.guardProg(abi, pl.guard)
	}
	if pl.fast != fastNone && abi == X8664 {
		code = p.fastProg(pl.fast, code)
	}
	return code
}

// unlike refuses a call of i386 that would stop and that a tracer could take for
// one of x86-64: with the address behind the instruction in rcx, where `syscall`
// leaves it (isI386). No program has a use for that in ecx.
func unlike(code prog) prog {
	trace := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: RetTrace}
	for i := range code {
		if code[i] == trace {
			code[i] = unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(code) - i - 1)}
		}
	}
	return append(code, load(dataIP, slices.Concat(prog{{Code: unix.BPF_MISC | unix.BPF_TAX}}, load(dataArgs+8, prog{
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: fails(unix.ENOSYS)},
		trace,
	})))...)
}

// prog is a piece of program of which every path ends in a return. Pieces are
// put together like expressions, so there are no labels and no jump can leave
// its piece.
type prog []unix.SockFilter

func ret(v uint32) prog {
	return prog{{Code: unix.BPF_RET | unix.BPF_K, K: v}}
}

// load reads a word of seccomp_data.
func load(off uint32, next prog) prog {
	return slices.Concat(prog{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}}, next)
}

// when tests the loaded word. Jumps of conditions reach 255 instructions only;
// a longer way takes an unconditional one.
func when(op uint16, k uint32, yes, no prog) prog {
	jump := unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k}
	if len(yes) <= len(no) && len(yes) <= 255 {
		jump.Jf = uint8(len(yes))
		return slices.Concat(prog{jump}, yes, no)
	}
	if len(no) <= 255 {
		jump.Jt = uint8(len(no))
		return slices.Concat(prog{jump}, no, yes)
	}
	jump.Jf = 1
	far := unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(no))}
	return slices.Concat(prog{jump, far}, no, yes)
}

// anyOf tests the loaded word against each value.
func anyOf(values []uint32, yes, no prog) prog {
	code := no
	for _, v := range slices.Backward(values) {
		code = when(unix.BPF_JEQ, v, yes, code)
	}
	return code
}
