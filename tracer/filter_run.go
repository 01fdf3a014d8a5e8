package tracer

import "golang.org/x/sys/unix"

// FilterData is struct seccomp_data.
type FilterData struct {
	Nr, Arch uint32
	IP       uint64
	Args     [6]uint64
}

// word is the 32-bit word at offset off, as little-endian hosts lay it out.
func (d *FilterData) word(off uint32) uint32 {
	half := func(v uint64) uint32 { return uint32(v >> (off & 4 * 8)) }
	switch {
	case off == dataNr:
		return d.Nr
	case off == dataArch:
		return d.Arch
	case off < dataArgs:
		return half(d.IP)
	}
	return half(d.Args[(off-dataArgs)/8])
}

const (
	dataSize = 64
	scratch  = 16 // BPF_MEMWORDS
)

// RunFilters gives the strictest answer of the programs, as the kernel would:
// the last one's of several that are equally strict.
func RunFilters(progs [][]unix.SockFilter, d *FilterData) uint32 {
	out := RetAllow
	for i := len(progs) - 1; i >= 0; i-- {
		v := RunFilter(progs[i], d)
		if int32(v&unix.SECCOMP_RET_ACTION_FULL) < int32(out&unix.SECCOMP_RET_ACTION_FULL) {
			out = v
		}
	}
	return out
}

// RunFilter runs one program. The kernel has checked it: what it would not
// have taken ends with KILL_PROCESS.
func RunFilter(prog []unix.SockFilter, d *FilterData) uint32 {
	var a, x uint32
	var mem [scratch]uint32
	for pc := 0; pc < len(prog); pc++ {
		i := &prog[pc]
		k, from := i.K, i.K
		if i.Code&unix.BPF_X != 0 {
			from = x
		}
		switch i.Code & 7 {
		case unix.BPF_LD, unix.BPF_LDX:
			var v uint32
			switch i.Code &^ 7 {
			case unix.BPF_W | unix.BPF_ABS:
				if k&3 != 0 || k >= dataSize || i.Code&7 != unix.BPF_LD {
					return RetKillProcess
				}
				v = d.word(k)
			case unix.BPF_W | unix.BPF_LEN:
				v = dataSize
			case unix.BPF_IMM:
				v = k
			case unix.BPF_MEM:
				if k >= scratch {
					return RetKillProcess
				}
				v = mem[k]
			default:
				return RetKillProcess
			}
			if i.Code&7 == unix.BPF_LD {
				a = v
			} else {
				x = v
			}
		case unix.BPF_ST, unix.BPF_STX:
			if k >= scratch {
				return RetKillProcess
			}
			if mem[k] = a; i.Code&7 == unix.BPF_STX {
				mem[k] = x
			}
		case unix.BPF_ALU:
			if i.Code&0xf0 == unix.BPF_DIV && from == 0 {
				return 0 // KILL_THREAD (bpf_convert_filter)
			}
			var ok bool
			if a, ok = alu(i.Code, a, from); !ok {
				return RetKillProcess
			}
		case unix.BPF_JMP:
			step := i.Jf
			switch i.Code & 0xf0 {
			case unix.BPF_JA:
				if uint64(k) >= uint64(len(prog)) {
					return RetKillProcess
				}
				pc += int(k)
				continue
			case unix.BPF_JEQ:
				if a == from {
					step = i.Jt
				}
			case unix.BPF_JGT:
				if a > from {
					step = i.Jt
				}
			case unix.BPF_JGE:
				if a >= from {
					step = i.Jt
				}
			case unix.BPF_JSET:
				if a&from != 0 {
					step = i.Jt
				}
			default:
				return RetKillProcess
			}
			pc += int(step)
		case unix.BPF_RET:
			if i.Code&0x18 == unix.BPF_A {
				return a
			}
			return k
		case unix.BPF_MISC:
			if i.Code&0xf8 == unix.BPF_TXA {
				a = x
			} else {
				x = a
			}
		}
	}
	return RetKillProcess
}

// alu is one arithmetic instruction; ok is false if the kernel has none such.
// Of a shift it takes the low five bits. b is not 0 for a division.
func alu(code uint16, a, b uint32) (v uint32, ok bool) {
	switch code & 0xf0 {
	case unix.BPF_ADD:
		return a + b, true
	case unix.BPF_SUB:
		return a - b, true
	case unix.BPF_MUL:
		return a * b, true
	case unix.BPF_DIV:
		return a / b, true
	case unix.BPF_OR:
		return a | b, true
	case unix.BPF_AND:
		return a & b, true
	case unix.BPF_LSH:
		return a << (b & 31), true
	case unix.BPF_RSH:
		return a >> (b & 31), true
	case unix.BPF_NEG:
		return -a, true
	case unix.BPF_XOR:
		return a ^ b, true
	}
	return 0, false
}
