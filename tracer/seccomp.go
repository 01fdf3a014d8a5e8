package tracer

import (
	"fmt"

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
		code = when(unix.BPF_JEQ, auditArch[I386], newCompiler(&p, I386).numbers(), code)
	}
	code = when(unix.BPF_JEQ, auditArch[p.ABI], newCompiler(&p, p.ABI).numbers(), code)
	return layOut(load(dataArch, code), maxInsns)
}

// compiler makes the part of the program for one ABI.
type compiler struct {
	*Policy
	abi         ABI
	allow, stop *node
	leaves      []leaf
}

type leaf struct {
	plan plan
	code *node
}

func newCompiler(p *Policy, abi ABI) *compiler {
	c := &compiler{Policy: p, abi: abi, allow: ret(RetAllow), stop: ret(RetTrace)}
	if abi == I386 {
		c.stop = unlike(c.stop)
	}
	return c
}

// run is a range of call numbers, up to the next run's first, with one plan.
type run struct {
	first uint32
	plan  plan
}

func (c *compiler) numbers() *node {
	runs := append(make([]run, 0, 256), run{0, c.plan(byNr[c.abi][0])})
	for nr := uint32(1); nr <= maxNr; nr++ {
		// Lookup of maxNr, and so of all above it, finds nothing. That
		// takes the x32 calls in.
		if pl := c.plan(Lookup(c.abi, int(nr))); pl != runs[len(runs)-1].plan {
			runs = append(runs, run{nr, pl})
		}
	}
	return load(dataNr, c.search(runs))
}

// search is a balanced tree of compares over runs.
func (c *compiler) search(runs []run) *node {
	if len(runs) == 1 {
		return c.leaf(runs[0].plan)
	}
	mid := len(runs) / 2
	return when(unix.BPF_JGE, runs[mid].first, c.search(runs[mid:]), c.search(runs[:mid]))
}

func (c *compiler) leaf(pl plan) *node {
	for i := range c.leaves {
		if c.leaves[i].plan == pl {
			return c.leaves[i].code
		}
	}
	n := ret(pl.ret)
	switch {
	case pl.guard != GuardNone:
		n = c.guardProg(pl.guard)
	case pl.ret == RetTrace:
		n = c.stop
	}
	if pl.fast != fastNone && c.abi == X8664 {
		n = c.fastProg(pl.fast, n)
	}
	c.leaves = append(c.leaves, leaf{pl, n})
	return n
}

// unlike refuses a call of i386 that would stop and that a tracer could take for
// one of x86-64: with the address behind the instruction in rcx, where `syscall`
// leaves it (isI386). No program has a use for that in ecx.
func unlike(stop *node) *node {
	same := &node{insn: unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_X}, yes: ret(fails(unix.ENOSYS)), no: stop}
	return load(dataIP, &node{insn: unix.SockFilter{Code: unix.BPF_MISC | unix.BPF_TAX}, no: load(dataArgs+8, same)})
}
