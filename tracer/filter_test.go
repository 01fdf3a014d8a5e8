package tracer

import (
	"encoding/binary"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// screened is a guest's program that allows everything, behind the head.
func screened(t testing.TB, seccomp bool) []unix.SockFilter {
	t.Helper()
	tr := &Tracer{seccomp: seccomp, cfg: Config{WindowFD: testFD}}
	prog, e := tr.Screen([]unix.SockFilter{ // the accumulator must be empty
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: RetAllow},
		{Code: unix.BPF_RET | unix.BPF_K, K: RetKillProcess},
	})
	if e != 0 {
		t.Fatal(e)
	}
	return prog
}

func TestScreen(t *testing.T) {
	prog := screened(t, true)
	if len(prog) != screenLen+3 {
		t.Fatalf("the head has %d instructions", len(prog)-3)
	}
	for _, c := range []struct {
		d    FilterData
		want uint32
	}{
		{FilterData{IP: 0x401000}, RetAllow},
		{FilterData{IP: WindowEnd}, RetAllow},
		{FilterData{IP: WindowEnd + 1<<32}, RetAllow},
		{FilterData{IP: WindowLow + 1<<32}, RetAllow},
		{FilterData{IP: WindowEnd - 1}, RetTrace},
		{FilterData{IP: WindowLow}, RetTrace},
		{FilterData{Nr: skipped, IP: 0x401000}, RetTrace},
		{FilterData{Nr: unix.SYS_MMAP, IP: 0x401000, Args: [6]uint64{testLow, 1, 1, 1, testFD}}, RetTrace},
		{FilterData{Nr: unix.SYS_MMAP, IP: 0x401000, Args: [6]uint64{testLow, 1, 1, 1, testFD + 1}}, RetAllow},
		{FilterData{Nr: unix.SYS_MMAP, IP: 0x401000, Args: [6]uint64{testEnd, 1, 1, 1, testFD}}, RetAllow},
		{FilterData{Nr: unix.SYS_MUNMAP, IP: 0x401000, Args: [6]uint64{testLow, 1, 1, 1, testFD}}, RetAllow},
	} {
		if got := RunFilter(prog, &c.d); got != c.want {
			t.Errorf("%+v: %#x, want %#x", c.d, got, c.want)
		}
	}
	if got := RunFilter(screened(t, false), &FilterData{IP: WindowLow}); got != RetAllow {
		t.Errorf("where all calls stop: %#x", got)
	}
	if _, e := (&Tracer{}).Screen(make([]unix.SockFilter, maxScreened+1)); e != unix.ENOMEM {
		t.Errorf("a program that is too long: %v", e)
	}
}

func TestRunFilters(t *testing.T) {
	ret := func(k uint32) []unix.SockFilter { return []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: k}} }
	errno := func(n uint32) []unix.SockFilter { return ret(RetErrno | n) }
	for _, c := range []struct {
		progs [][]unix.SockFilter
		want  uint32
	}{
		{nil, RetAllow},
		{[][]unix.SockFilter{ret(RetAllow), errno(5)}, RetErrno | 5},
		{[][]unix.SockFilter{errno(5), errno(6)}, RetErrno | 6}, // the newest
		{[][]unix.SockFilter{errno(5), ret(RetAllow), ret(unix.SECCOMP_RET_LOG)}, RetErrno | 5},
		{[][]unix.SockFilter{ret(RetKillProcess), ret(0), errno(1)}, RetKillProcess},
		{[][]unix.SockFilter{ret(0), errno(1)}, 0},
	} {
		if got := RunFilters(c.progs, &FilterData{}); got != c.want {
			t.Errorf("%v: %#x, want %#x", c.progs, got, c.want)
		}
	}
}

// checked says whether the kernel would take a program (bpf_check_classic and
// seccomp_check_filter).
func checked(prog []unix.SockFilter) bool {
	if len(prog) == 0 || len(prog) > maxInsns {
		return false
	}
	for pc, i := range prog {
		left := uint64(len(prog) - pc - 1)
		op := i.Code & 0xf0
		switch i.Code & 7 {
		case unix.BPF_LD:
			switch i.Code {
			case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
				if i.K >= 64 || i.K&3 != 0 {
					return false
				}
			case unix.BPF_LD | unix.BPF_IMM, unix.BPF_LD | unix.BPF_W | unix.BPF_LEN:
			default:
				return false // scratch memory is left to the kernel's own tests
			}
		case unix.BPF_LDX:
			if i.Code != unix.BPF_LDX|unix.BPF_IMM && i.Code != unix.BPF_LDX|unix.BPF_W|unix.BPF_LEN {
				return false
			}
		case unix.BPF_ALU:
			x := i.Code&unix.BPF_X != 0
			if i.Code > 0xff || op > unix.BPF_XOR || op == unix.BPF_MOD || op == unix.BPF_DIV && !x && i.K == 0 || (op == unix.BPF_LSH || op == unix.BPF_RSH) && i.K >= 32 {
				return false
			}
		case unix.BPF_JMP:
			if op == unix.BPF_JA && (i.Code != unix.BPF_JMP|unix.BPF_JA || uint64(i.K) >= left) || op > unix.BPF_JSET || uint64(i.Jt) >= left || uint64(i.Jf) >= left {
				return false
			}
		case unix.BPF_RET:
			if i.Code != unix.BPF_RET|unix.BPF_K && i.Code != unix.BPF_RET|unix.BPF_A {
				return false
			}
		case unix.BPF_MISC:
			if i.Code != unix.BPF_MISC|unix.BPF_TAX && i.Code != unix.BPF_MISC|unix.BPF_TXA {
				return false
			}
		default:
			return false
		}
	}
	return prog[len(prog)-1].Code&7 == unix.BPF_RET
}

// FuzzRunFilter compares the programs that the kernel would take with the VM of
// x/net/bpf; no program at all makes it panic or go on for ever.
func FuzzRunFilter(f *testing.F) {
	pack := func(prog []unix.SockFilter) (b []byte) {
		for _, i := range prog {
			b = append(binary.LittleEndian.AppendUint16(b, i.Code), i.Jt, i.Jf)
			b = binary.LittleEndian.AppendUint32(b, i.K)
		}
		return b
	}
	f.Add(pack(screened(f, true)), uint32(9), uint64(0x10000), uint64(0x10000))
	code, err := Compile(testPolicy())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pack(code), uint32(9), uint64(0x400000), uint64(0x10000))
	f.Fuzz(func(t *testing.T, b []byte, nr uint32, ip, arg uint64) {
		var prog []unix.SockFilter
		var rawInsns []bpf.RawInstruction
		for ; len(b) >= 8 && len(prog) < maxInsns; b = b[8:] {
			i := unix.SockFilter{Code: binary.LittleEndian.Uint16(b), Jt: b[2], Jf: b[3], K: binary.LittleEndian.Uint32(b[4:])}
			prog = append(prog, i)
			rawInsns = append(rawInsns, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
		}
		d := FilterData{Nr: nr, Arch: auditArch[X8664], IP: ip, Args: [6]uint64{arg, arg, 1, 2, 3, 4}}
		got := RunFilter(prog, &d)
		if !checked(prog) {
			return
		}
		insns, ok := bpf.Disassemble(rawInsns)
		if !ok {
			return
		}
		vm, err := bpf.NewVM(insns)
		if err != nil {
			return
		}
		var data [64]byte
		for off := uint32(0); off < 64; off += 4 {
			binary.BigEndian.PutUint32(data[off:], d.word(off))
		}
		want, err := vm.Run(data[:])
		if err != nil {
			return
		}
		if got != uint32(want) {
			t.Errorf("%v of %+v: %#x, want %#x", prog, d, got, uint32(want))
		}
	})
}
