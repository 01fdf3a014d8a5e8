package tracer

import (
	"cmp"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Profile is a guest's seccomp program in the terms of seccomp(3): answers by
// call and arguments. It is compiled here because the pieces are the ones that
// our own program is made of.
type Profile struct {
	// Default is the answer (SECCOMP_RET_*, with its data) to calls that no
	// rule is about, New the one to numbers above all that rules name.
	Default, New uint32
	// I386 and X32 are the answers to the calls of these conventions.
	I386, X32 uint32
	Rules     []ProfileRule
}

// ProfileRule answers a call whose arguments meet all conditions. Of several
// rules for a call, one without conditions is the only one that counts; else
// the first that holds.
type ProfileRule struct {
	Nr     int
	Action uint32
	Conds  []ProfileCond
}

// ProfileCond compares an argument, as 64 bits without a sign.
type ProfileCond struct {
	Arg   int
	Op    CompareOp
	Value uint64
	Mask  uint64 // for MaskedEqual
}

// CompareOp is a comparison.
type CompareOp uint8

// The comparisons.
const (
	Equal CompareOp = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	MaskedEqual // argument & Mask == Value
)

// Compile makes the program.
func (p *Profile) Compile() ([]unix.SockFilter, error) {
	byNr := map[int][]ProfileRule{}
	top := -1
	for _, r := range p.Rules {
		if r.Nr < 0 || r.Nr >= x32Mask {
			return nil, fmt.Errorf("seccomp: no call has number %d", r.Nr)
		}
		byNr[r.Nr] = append(byNr[r.Nr], r)
		top = max(top, r.Nr)
	}
	runs := []leafRun{{first: 0, code: ret(p.Default)}}
	add := func(first uint32, list []ProfileRule, code *node) {
		if n := len(runs) - 1; runs[n].first == first {
			runs = runs[:n]
		}
		if n := len(runs) - 1; n < 0 || !runs[n].same(list, code) {
			runs = append(runs, leafRun{first, list, code})
		}
	}
	nrs := make([]int, 0, len(byNr))
	for nr := range byNr {
		nrs = append(nrs, nr)
	}
	slices.SortFunc(nrs, cmp.Compare[int])
	for _, nr := range nrs {
		add(uint32(nr), byNr[nr], p.rules(byNr[nr]))
		add(uint32(nr)+1, nil, ret(p.Default))
	}
	add(uint32(top)+1, nil, ret(p.New))
	add(x32Mask, nil, ret(p.X32))
	code := when(unix.BPF_JEQ, auditArch[X8664], load(dataNr, leafSearch(runs)),
		when(unix.BPF_JEQ, auditArch[I386], ret(p.I386), ret(unix.SECCOMP_RET_KILL_THREAD)))
	return layOut(load(dataArch, code), maxScreened)
}

// leafRun is a range of call numbers with one program, made from rules if that
// is not a mere answer.
type leafRun struct {
	first uint32
	rules []ProfileRule
	code  *node
}

// same reports whether code, made from list, does what the run's does.
func (r *leafRun) same(list []ProfileRule, code *node) bool {
	if code.isRet() || r.code.isRet() {
		return code.insn == r.code.insn
	}
	return slices.EqualFunc(r.rules, list, func(a, b ProfileRule) bool {
		return a.Action == b.Action && slices.Equal(a.Conds, b.Conds)
	})
}

func (n *node) isRet() bool { return n.insn.Code&7 == unix.BPF_RET }

func leafSearch(runs []leafRun) *node {
	if len(runs) == 1 {
		return runs[0].code
	}
	mid := len(runs) / 2
	return when(unix.BPF_JGE, runs[mid].first, leafSearch(runs[mid:]), leafSearch(runs[:mid]))
}

// rules is the program for the rules of one call.
func (p *Profile) rules(list []ProfileRule) *node {
	for _, r := range list {
		if len(r.Conds) == 0 {
			return ret(r.Action)
		}
	}
	code := ret(p.Default)
	for _, r := range slices.Backward(list) {
		other := code
		code = ret(r.Action)
		for _, c := range slices.Backward(r.Conds) {
			code = c.prog(code, other)
		}
	}
	return code
}

// prog tests the condition.
func (c *ProfileCond) prog(yes, no *node) *node {
	lo, hi := uint32(c.Value), uint32(c.Value>>32)
	switch c.Op {
	case Equal:
		return equal(c.Arg, c.Value, yes, no)
	case NotEqual:
		return equal(c.Arg, c.Value, no, yes)
	case MaskedEqual:
		high := argHigh(c.Arg, and(uint32(c.Mask>>32), when(unix.BPF_JEQ, hi, yes, no)))
		return argLow(c.Arg, and(uint32(c.Mask), when(unix.BPF_JEQ, lo, high, no)))
	case Less, LessEqual:
		yes, no = no, yes
	}
	op := uint16(unix.BPF_JGT)
	if c.Op == Less || c.Op == GreaterEqual {
		op = unix.BPF_JGE
	}
	return argHigh(c.Arg, when(unix.BPF_JGT, hi, yes, when(unix.BPF_JEQ, hi, argLow(c.Arg, when(op, lo, yes, no)), no)))
}

// Judge is the answer to a call, as the program gives it.
func (p *Profile) Judge(d *FilterData) uint32 {
	switch {
	case d.Arch == auditArch[I386]:
		return p.I386
	case d.Arch != auditArch[X8664]:
		return unix.SECCOMP_RET_KILL_THREAD
	case d.Nr >= x32Mask:
		return p.X32
	}
	out, top := p.Default, -1
	found := false
	for _, r := range p.Rules {
		top = max(top, r.Nr)
		if r.Nr != int(d.Nr) {
			continue
		}
		if len(r.Conds) == 0 {
			return r.Action
		}
		holds := !slices.ContainsFunc(r.Conds, func(c ProfileCond) bool { return !c.holds(d.Args[c.Arg]) })
		if holds && !found {
			out, found = r.Action, true
		}
	}
	if int64(d.Nr) > int64(top) {
		return p.New
	}
	return out
}

func (c *ProfileCond) holds(v uint64) bool {
	switch c.Op {
	case Equal:
		return v == c.Value
	case NotEqual:
		return v != c.Value
	case Less:
		return v < c.Value
	case LessEqual:
		return v <= c.Value
	case Greater:
		return v > c.Value
	case GreaterEqual:
		return v >= c.Value
	}
	return v&c.Mask == c.Value
}
