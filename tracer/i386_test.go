package tracer

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// notServed are the calls of i386 that may stop and then fail with ENOSYS: there
// are newer ones, which C libraries use, or nobody does.
var notServed = []string{
	"readdir", "oldstat", "oldlstat", "oldfstat", "olduname", "oldolduname", "io_submit", "ipc",
}

// Each call of i386 that may stop is served, or said not to be; a struct among
// its arguments is converted.
func TestForms(t *testing.T) {
	structs := map[ArgKind]bool{StatOut: true, Msghdr: true, Mmsghdr: true, Argv: true}
	used := map[string]bool{}
	for i := range Table {
		s := &Table[i]
		nr := s.Nr[I386]
		if nr == NoNr || s.Support != Handled || s.Name == "socketcall" {
			continue
		}
		k := kinds32()[nr]
		if (k.ent == nil) != slices.Contains(notServed, s.Name) {
			t.Errorf("%s: served %v", s.Name, k.ent != nil)
		}
		f, ok := forms[s.Name]
		used[s.Name] = true
		if k.ent == nil {
			continue
		}
		if k.ent.Nr[X8664] == NoNr || len(k.args) > 6 {
			t.Errorf("%s: %+v", s.Name, f)
		}
		if ok && k.ent.Name != f.name {
			t.Errorf("%s is served as %s", s.Name, k.ent.Name)
		}
		for i, kind := range s.Args {
			if structs[kind] && !ok {
				t.Errorf("%s: argument %d is not converted", s.Name, i)
			}
		}
		for _, a := range k.args {
			switch a.layout {
			case 0, 's', 'u', 'p', 'l', '=':
			default:
				if layouts[a.layout] == nil {
					t.Errorf("%s: no layout %c", s.Name, a.layout)
				}
			}
		}
	}
	for name := range forms {
		if !used[name] && name != "lseek" {
			t.Errorf("a form for %s, which never stops", name)
		}
	}
	for name, p := range preferred {
		if forms[p].name != name {
			t.Errorf("%s is not a form of %s", p, name)
		}
	}
}

// call386 is a Call of i386 with these registers.
func call386(name string, args ...uint64) *Call {
	tr := &Tracer{regs: regset{}, policy: Policy{I386: true}}
	c := &Call{tr: tr, Task: &Task{}}
	c.regs.Orig_rax = uint64(ByName(name).Nr[I386])
	for i, v := range args {
		*[...]*uint64{&c.regs.Rbx, &c.regs.Rcx, &c.regs.Rdx, &c.regs.Rsi, &c.regs.Rdi, &c.regs.Rbp}[i] = v
	}
	c.regs.R10, c.regs.R8 = 11, 12 // not arguments
	c.loadI386()
	return c
}

func TestWiden(t *testing.T) {
	const high = 0xdead << 32 // a 64-bit program's registers are cut
	for _, x := range []struct {
		name string
		args []uint64
		as   string
		want [6]uint64
	}{
		{"openat", []uint64{high | 0xffffff9c, high | 5, 6, 7}, "openat", [6]uint64{0xffffff9c, 5, 6, 7}},
		{"truncate", []uint64{1, 0xffffffff}, "truncate", [6]uint64{1, ^uint64(0)}},
		{"truncate64", []uint64{1, 2, 3}, "truncate", [6]uint64{1, 3<<32 | 2}},
		{"fallocate", []uint64{1, 2, 3, 4, 5, 6}, "fallocate", [6]uint64{1, 2, 4<<32 | 3, 6<<32 | 5}},
		{"pwritev2", []uint64{1, 0, 3, 4, 5, 6}, "pwritev2", [6]uint64{1, 0, 3, 5<<32 | 4, 0, 6}},
		{"chown", []uint64{1, 0x1ffff, 0x10005}, "chown", [6]uint64{1, 0xffffffff, 5}},
		{"chown32", []uint64{1, 0x1ffff, 5}, "chown", [6]uint64{1, 0x1ffff, 5}},
		{"mmap2", []uint64{0, 4096, 1, 2, 3, 0xfffff}, "mmap", [6]uint64{0, 4096, 1, 2, 3, 0xfffff000}},
		{"stat64", []uint64{1, 2}, "stat", [6]uint64{1, shapeBase}},
		{"stat64", []uint64{1, 0}, "stat", [6]uint64{1, 0}},
		{"execve", []uint64{1, 2, 3}, "execve", [6]uint64{1, shapeBase, shapeBase + 1<<shapeShift}},
		{"prctl", []uint64{unix.PR_SET_SECCOMP, 2, 3}, "prctl", [6]uint64{unix.PR_SET_SECCOMP, 2, shapeBase}},
		{"prctl", []uint64{unix.PR_SET_DUMPABLE, 2, 3}, "prctl", [6]uint64{unix.PR_SET_DUMPABLE, 2, 3}},
		{"umount", []uint64{1, 2}, "umount2", [6]uint64{1}},
	} {
		c := call386(x.name, x.args...)
		if c.widen() != 0 || c.Ent.Name != x.as || c.Args != x.want || c.Nr != int(c.Ent.Nr[X8664]) {
			t.Errorf("%s %#x: %s %#x, want %s %#x", x.name, x.args, c.Ent.Name, c.Args, x.as, x.want)
		}
		if r := c.narrowRegs(); r != c.c32.raw {
			t.Errorf("%s: what nobody has touched comes back as %+v", x.name, r)
		}
	}
	for _, name := range []string{"oldstat", "io_submit"} {
		if call386(name, 1, 2).widen() != unix.ENOSYS {
			t.Errorf("%s is served", name)
		}
	}
	if call386("statfs64", 1, 83, 2).widen() != unix.EINVAL {
		t.Error("statfs64 is served with a size of 83")
	}
}

func TestNarrow(t *testing.T) {
	// Arguments that were changed, the others as they are.
	c := call386("stat64", 1, 2)
	c.widen()
	c.SetArg(0, 0x20000)
	if r := c.narrowRegs(); r.Rbx != 0x20000 || r.Rcx != 2 || r.Orig_rax != c.c32.raw.Orig_rax || r.R10 != 11 {
		t.Errorf("stat64: %+v", r)
	}
	// Another call.
	c = call386("open", 1, 2, 3)
	c.widen()
	c.SetNr(unix.SYS_OPENAT2)
	c.SetArg(0, 1<<64-100)
	c.SetArg(3, 24)
	if r := c.narrowRegs(); r.Orig_rax != 437 || r.Rbx != 0xffffff9c || r.Rsi != 24 {
		t.Errorf("openat2: %+v", r)
	}
	// One with numbers of 64 bits.
	c = call386("ftruncate", 1, 2)
	c.widen()
	c.SetNr(unix.SYS_FALLOCATE)
	c.SetArg(2, 0x500000004)
	c.SetArg(3, 6)
	if r := c.narrowRegs(); r.Orig_rax != 324 || r.Rdx != 4 || r.Rsi != 5 || r.Rdi != 6 || r.Rbp != 0 {
		t.Errorf("fallocate: %+v", r)
	}
	// One that i386 does not have.
	c.SetNr(unix.SYS_ARCH_PRCTL)
	if c.SetNr(unix.SYS_KEXEC_FILE_LOAD); c.possible() {
		t.Error("i386 has no kexec_file_load")
	}
	// An answer, and one of 16 bits.
	c = call386("getuid32")
	c.widen()
	c.Return(70000)
	if r := c.narrowRegs(); int64(r.Orig_rax) != -1 || r.Rax != 70000 {
		t.Errorf("getuid32: %+v", r)
	}
	c = call386("getuid")
	c.widen()
	c.Return(70000)
	if r := c.narrowRegs(); r.Rax != 0xfffe {
		t.Errorf("getuid: %+v", r)
	}
}

func TestControlMessages(t *testing.T) {
	n := []byte{
		16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, // SCM_RIGHTS of one
		24, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, // SCM_CREDENTIALS
	}
	b := controlIn(n)
	ms, err := unix.ParseSocketControlMessage(b)
	if err != nil || len(ms) != 2 || ms[0].Header.Len != 20 || ms[1].Header.Len != 28 || ms[0].Data[0] != 7 {
		t.Fatalf("%v %+v", err, ms)
	}
	if got := controlOut(b); string(got) != string(n) {
		t.Errorf("%v, want %v", got, n)
	}
	for _, bad := range [][]byte{nil, {1}, make([]byte, 12), {255, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}} {
		if b := controlIn(bad); len(b) != 0 {
			t.Errorf("%v: %v", bad, b)
		}
	}
}

// What is read can be written back: a handler changes a part of some structs.
func TestLayouts(t *testing.T) {
	for c, l := range layouts {
		if l.stream != nil || c == 'M' || c == 'N' || c == 'C' {
			continue // these are read for the most part
		}
		n, b, back := make([]byte, l.narrow), make([]byte, l.size), make([]byte, l.narrow)
		for i := range n {
			n[i] = byte(i%7 + 1)
		}
		l.in(nil, n, b)
		if e := l.out(nil, b, back); e != 0 {
			t.Errorf("%c: %v", c, e)
		}
		again := make([]byte, l.size)
		l.in(nil, back, again)
		if string(again) != string(b) {
			t.Errorf("%c: %v, then %v", c, b, again)
		}
	}
}

func TestDirentsOut(t *testing.T) {
	// d_ino 5, d_off 2, d_reclen 24, "ab", DT_REG
	b := []byte{5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 24, 0, 'a', 'b', 0, 0, 0, 8}
	want := []byte{5, 0, 0, 0, 2, 0, 0, 0, 16, 0, 'a', 'b', 0, 0, 0, 8}
	if got := direntsOut(b); string(got) != string(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What could be taken for a call of x86-64 never stops.
func TestUnlike(t *testing.T) {
	p := testPolicy()
	m := newMachine(t, p)
	enosys := fails(unix.ENOSYS)
	for nr := range uint32(maxNr) {
		for _, a := range someArgs {
			for _, ip := range []uint64{a, a | 1<<32, a + 2} {
				d := FilterData{Nr: nr, Arch: auditArch[I386], IP: ip, Args: [6]uint64{1, a & 0xffffffff}}
				got, want := RunFilter(m.code, &d), DecideAt(&p, d.Arch, nr, ip, &d.Args)
				if got != want {
					t.Fatalf("call %d at %#x: the program says %#x, the table %#x", nr, ip, got, want)
				}
				if uint32(a) == uint32(ip) && got == RetTrace {
					t.Fatalf("call %d stops at %#x with ecx %#x", nr, ip, a)
				}
			}
		}
	}
	if got := DecideAt(&p, auditArch[I386], 5, 0x1000, &[6]uint64{1, 0x1000}); got != enosys {
		t.Errorf("open: %#x", got)
	}
}
