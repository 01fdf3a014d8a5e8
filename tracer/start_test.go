package tracer

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestStartOf(t *testing.T) {
	const ip = 0x7f0000001000
	pad := func(b ...byte) []byte { return append(b, make([]byte, 16-len(b))...) }
	for _, c := range []struct {
		what string
		b    []byte
		want start
		ok   bool
	}{
		{"ld.so", pad(0x48, 0x89, 0xe7, 0xe8, 0x10, 0, 0, 0), start{startCall, ip + 0x18, ip + 8}, true},
		{"ld.so, backwards", pad(0x48, 0x89, 0xe7, 0xe8, 0xf8, 0xff, 0xff, 0xff), start{startCall, ip, ip + 8}, true},
		{"ld.so, endbr64", pad(0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x89, 0xe7, 0xe8, 0x10), start{startCall, ip + 0x1c, ip + 12}, true},
		{"musl", pad(0x48, 0x31, 0xed, 0x48, 0x89, 0xe7, 0x48), start{startSP, ip + 6, 0}, true},
		{"static, endbr64", pad(0xf3, 0x0f, 0x1e, 0xfa, 0x31, 0xed, 0x49), start{startPlain, ip + 6, 0}, true},
		{"static", pad(0x31, 0xed, 0x49, 0x89, 0xd1, 0x5e, 0x48), start{startPop, ip + 6, 0}, true},
		{"Go", pad(0xe9, 0x7b, 0, 0, 0, 0xcc), start{startPlain, ip + 0x80, 0}, true},
		{"a jump before other code", pad(0xe9, 0x7b, 0, 0, 0, 0x90), start{}, false},
		{"something else", pad(0x55, 0x48, 0x89, 0xe5), start{}, false},
	} {
		got, ok := startOf(ip, c.b)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %+v, %v; want %+v, %v", c.what, got, ok, c.want, c.ok)
		}
	}
	// Overwritten is no more than what a start stands for.
	if len(shortEnter) > 6 {
		t.Errorf("%d bytes are overwritten", len(shortEnter))
	}
	f, err := elf.Open("/lib64/ld-linux-x86-64.so.2")
	if err != nil {
		return // a host without glibc
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && f.Entry >= p.Vaddr && f.Entry < p.Vaddr+p.Filesz {
			b := make([]byte, 16)
			if _, err := p.ReadAt(b, int64(f.Entry-p.Vaddr)); err != nil {
				t.Fatal(err)
			}
			if _, ok := startOf(f.Entry, b); !ok {
				t.Errorf("the host's interpreter begins with % x", b)
			}
		}
	}
}

func TestMatch(t *testing.T) {
	var r unix.PtraceRegs
	r.Orig_rax, r.Rdx, r.Rdi = 4, 77, 0xffffff9c
	imm := func(op byte, v uint32) []byte { return slices.Clip(binary.LittleEndian.AppendUint32([]byte{op}, v)) } // appended to below
	load := imm(0xb8, 4)
	for _, c := range []struct {
		what string
		b    []byte // the bytes before the syscall, as far as they matter
		want *pattern
	}{
		{"mov $nr,%eax", load, &pattern{5, true, true}},
		{"mov $imm,%edx", imm(0xba, 77), &pattern{5, true, true}},
		{"mov $imm,%edi", imm(0xbf, 0xffffff9c), &pattern{5, true, true}},
		{"another number", imm(0xb8, 5), nil},
		{"a 64-bit move", append([]byte{0x49}, load...), nil},
		{"syscall(3)", loadR9[:], &pattern{5, true, true}},
		{"Syscall6", goArgs[:], &pattern{6, false, false}},
		{"one move", append(load, 0x48, 0x89, 0xef), &pattern{8, false, true}},
		{"one move of rcx", append(load, 0x48, 0x89, 0xcf), nil},
		{"two moves", append(load, 0x4c, 0x89, 0xcf, 0x48, 0x89, 0xd6), &pattern{6, false, true}},
		{"two moves, the first reads what the second writes", append(load, 0x48, 0x89, 0xf7, 0x48, 0x89, 0xd6), nil},
		{"two moves of another number", append(imm(0xb8, 6), 0x4c, 0x89, 0xcf, 0x48, 0x89, 0xd6), nil},
		{"a move from memory", append(load, 0x48, 0x89, 0x2f), nil},
		{"__syscall_cp_c", loadR9RDX[:], &pattern{8, false, false}},
	} {
		b := make([]byte, maxPattern)
		copy(b[maxPattern-len(c.b):], c.b)
		got := match(b, &r)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: %+v, want %+v", c.what, got, c.want)
		}
	}
}
