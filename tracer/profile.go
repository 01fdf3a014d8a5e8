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
	runs := []leafRun{{0, ret(p.Default)}}
	add := func(first uint32, code prog) {
		if n := len(runs) - 1; runs[n].first == first {
			runs = runs[:n]
		}
		if n := len(runs) - 1; n < 0 || !slices.Equal(runs[n].code, code) {
			runs = append(runs, leafRun{first, code})
		}
	}
	nrs := make([]int, 0, len(byNr))
	for nr := range byNr {
		nrs = append(nrs, nr)
	}
	slices.SortFunc(nrs, cmp.Compare[int])
	for _, nr := range nrs {
		add(uint32(nr), p.rules(byNr[nr]))
		add(uint32(nr)+1, ret(p.Default))
	}
	add(uint32(top)+1, ret(p.New))
	add(x32Mask, ret(p.X32))
	code := load(dataNr, leafSearch(runs))
	code = load(dataArch, when(unix.BPF_JEQ, auditArch[X8664], code,
		when(unix.BPF_JEQ, auditArch[I386], ret(p.I386), ret(unix.SECCOMP_RET_KILL_THREAD))))
	if len(code) > maxScreened {
		return nil, fmt.Errorf("seccomp: the profile makes %d instructions, the kernel takes %d", len(code), maxScreened)
	}
	return code, nil
}

// leafRun is a range of call numbers with one program.
type leafRun struct {
	first uint32
	code  prog
}

func leafSearch(runs []leafRun) prog {
	if len(runs) == 1 {
		return runs[0].code
	}
	mid := len(runs) / 2
	return when(unix.BPF_JGE, runs[mid].first, leafSearch(runs[mid:]), leafSearch(runs[:mid]))
}

// rules is the program for the rules of one call.
func (p *Profile) rules(list []ProfileRule) prog {
	for _, r := range list {
		if len(r.Conds) == 0 {
			return ret(r.Action)
		}
	}
	var code prog
	for _, r := range list {
		code = append(code, r.prog()...)
	}
	return append(code, ret(p.Default)...)
}

// Targets of jumps in a condition: what comes behind it, and what comes behind
// the rule.
const (
	toNext = 0xfe
	toFail = 0xff
)

// prog is the program of one rule. It runs on behind its end where the rule
// does not hold.
func (r *ProfileRule) prog() prog {
	var code prog
	var ends []int // of the condition that each instruction belongs to
	for i := range r.Conds {
		c := r.Conds[i].prog()
		for range c {
			ends = append(ends, len(code)+len(c))
		}
		code = append(code, c...)
	}
	out := append(slices.Clone(code), ret(r.Action)...)
	for pc, end := range ends {
		for _, j := range []*uint8{&out[pc].Jt, &out[pc].Jf} {
			switch *j {
			case toNext:
				*j = uint8(end - pc - 1)
			case toFail:
				*j = uint8(len(out) - pc - 1)
			}
		}
	}
	return out
}

// prog tests the condition.
func (c *ProfileCond) prog() prog {
	off := dataArgs + 8*uint32(c.Arg) // little-endian
	lo := unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}
	hi := unix.SockFilter{Code: lo.Code, K: off + 4}
	loV, hiV := uint32(c.Value), uint32(c.Value>>32)
	jump := func(op uint16, k uint32, jt, jf uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jt: jt, Jf: jf}
	}
	and := func(k uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: k}
	}
	yes, no := uint8(toNext), uint8(toFail)
	switch c.Op {
	case Equal:
		return prog{lo, jump(unix.BPF_JEQ, loV, 0, no), hi, jump(unix.BPF_JEQ, hiV, yes, no)}
	case NotEqual:
		return prog{lo, jump(unix.BPF_JEQ, loV, 0, yes), hi, jump(unix.BPF_JEQ, hiV, no, yes)}
	case MaskedEqual:
		return prog{
			lo, and(uint32(c.Mask)), jump(unix.BPF_JEQ, loV, 0, no),
			hi, and(uint32(c.Mask >> 32)), jump(unix.BPF_JEQ, hiV, yes, no),
		}
	case Less, LessEqual:
		yes, no = no, yes
	}
	op := uint16(unix.BPF_JGT)
	if c.Op == Less || c.Op == GreaterEqual {
		op = unix.BPF_JGE
	}
	return prog{hi, jump(unix.BPF_JGT, hiV, yes, 0), jump(unix.BPF_JEQ, hiV, 0, no), lo, jump(op, loV, yes, no)}
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
