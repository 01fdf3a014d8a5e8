package tracer

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// someValues are arguments and operands whose halves matter.
var someValues = []uint64{0, 1, 2, 0xff, 0x100, 0xffffffff, 1 << 32, 1<<32 | 1, 0xffffffff << 32, ^uint64(0), 1 << 63, 0x7e020000}

func randomProfile(r *rand.Rand) *Profile {
	actions := []uint32{RetAllow, RetErrno | 1, RetErrno | 38, unix.SECCOMP_RET_TRAP, RetKillProcess, unix.SECCOMP_RET_LOG}
	action := func() uint32 { return actions[r.IntN(len(actions))] }
	p := &Profile{Default: action(), New: action(), I386: action(), X32: action()}
	for range r.IntN(40) {
		rule := ProfileRule{Nr: r.IntN(20) * 23, Action: action()}
		for range r.IntN(4) {
			c := ProfileCond{Arg: r.IntN(6), Op: CompareOp(r.IntN(7)), Value: someValues[r.IntN(len(someValues))], Mask: someValues[r.IntN(len(someValues))]}
			rule.Conds = append(rule.Conds, c)
		}
		p.Rules = append(p.Rules, rule)
	}
	return p
}

// The program gives the answer that the profile's words give.
func TestProfileProgram(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	hits := map[uint32]int{}
	for i := range 400 {
		p := randomProfile(r)
		code, err := p.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if !checked(code) {
			t.Fatalf("the kernel would not take %v", code)
		}
		for range 200 {
			d := FilterData{Nr: uint32(r.IntN(22) * 23), Arch: auditArch[X8664], IP: r.Uint64()}
			switch r.IntN(20) {
			case 0:
				d.Arch = auditArch[I386]
			case 1:
				d.Arch = 7
			case 2:
				d.Nr |= x32Mask
			case 3:
				d.Nr = r.Uint32()
			}
			for k := range d.Args {
				d.Args[k] = someValues[r.IntN(len(someValues))]
			}
			got, want := RunFilter(code, &d), p.Judge(&d)
			if got != want {
				t.Fatalf("profile %d %+v: %+v: the program says %#x, the rules %#x", i, p, d, got, want)
			}
			hits[got]++
		}
	}
	if len(hits) < 7 {
		t.Errorf("answers seen: %v", hits)
	}
}

// A profile of the usual size stays small, however many rules a call has.
func TestProfileSize(t *testing.T) {
	p := &Profile{Default: RetErrno | 1}
	for nr := range 400 {
		p.Rules = append(p.Rules, ProfileRule{Nr: nr, Action: RetAllow})
	}
	for i := range 100 {
		p.Rules = append(p.Rules, ProfileRule{Nr: 410, Action: RetAllow, Conds: []ProfileCond{{Op: MaskedEqual, Value: uint64(i), Mask: 0xff}}})
	}
	code, err := p.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if len(code) > 800 {
		t.Errorf("%d instructions", len(code))
	}
	for i := range 1000 {
		p.Rules = append(p.Rules, ProfileRule{Nr: 410, Action: RetAllow, Conds: []ProfileCond{{Value: uint64(i) << 8}}})
	}
	if _, err := p.Compile(); err == nil {
		t.Error("a program that is too long was made")
	}
}
