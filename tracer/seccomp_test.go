package tracer

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	testLow = 0x10000
	testEnd = 0x100000
	testFD  = 1000
)

func testPolicy() Policy {
	return Policy{I386: true, WindowLow: testLow, WindowEnd: testEnd, WindowFD: testFD}
}

const allConditions = IfMerged | IfReadOnly | IfIdentity | IfProtect | IfUTS | IfUnscoped | IfNoNet | IfPids | IfPlaced

// machine is a compiled program in the VM of x/net/bpf.
type machine struct {
	policy Policy
	code   []unix.SockFilter
	vm     *bpf.VM
	data   [64]byte
}

func newMachine(t testing.TB, p Policy) *machine {
	t.Helper()
	code, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]bpf.RawInstruction, len(code))
	for i, c := range code {
		raw[i] = bpf.RawInstruction{Op: c.Code, Jt: c.Jt, Jf: c.Jf, K: c.K}
	}
	prog, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("an instruction cannot be decoded")
	}
	vm, err := bpf.NewVM(prog)
	if err != nil {
		t.Fatal(err)
	}
	return &machine{policy: p, code: code, vm: vm}
}

// run gives the program a struct seccomp_data. The VM loads words big-endian,
// as from a packet, so each word is stored that way; which half of an
// argument comes first is x86's.
func (m *machine) run(t testing.TB, arch, nr uint32, args *[6]uint64) uint32 {
	be := binary.BigEndian
	be.PutUint32(m.data[0:], nr)
	be.PutUint32(m.data[4:], arch)
	for i, a := range args {
		be.PutUint32(m.data[16+8*i:], uint32(a))
		be.PutUint32(m.data[20+8*i:], uint32(a>>32))
	}
	if arch == auditArch[I386] {
		be.PutUint32(m.data[8:], ^uint32(args[1])) // as Decide has it
	}
	v, err := m.vm.Run(m.data[:])
	if err != nil {
		t.Fatal(err)
	}
	return uint32(v)
}

// check compares the program with the table. RunFilter runs it, several times as
// fast as the VM, which that is compared with in turn (FuzzRunFilter).
func (m *machine) check(t testing.TB, arch, nr uint32, args *[6]uint64) {
	got, want := RunFilter(m.code, &FilterData{Nr: nr, Arch: arch, IP: uint64(^uint32(args[1])), Args: *args}), Decide(&m.policy, arch, nr, args)
	if got != want {
		t.Errorf("conditions %#x, arch %#x, call %d, args %#x: the program says %#x, the table %#x",
			m.policy.Active, arch, nr, args, got, want)
	}
}

func policies() (out []Policy) {
	for active := When(0); active <= allConditions; active += 2 {
		for i := range 4 {
			p := testPolicy()
			p.Active = active
			p.I386 = i&1 != 0
			if i&2 != 0 {
				p.WindowLow, p.WindowEnd = 0, 0
			}
			out = append(out, p)
		}
	}
	for _, active := range []When{IfShut, IfNoExec, IfLimited, IfNoExec | IfLimited | IfTwice, allConditions | IfNoExec | IfLimited | IfTwice} {
		p := testPolicy()
		p.Active = active
		out = append(out, p)
		p.WindowLow, p.WindowEnd = 0, 0
		out = append(out, p)
	}
	for _, active := range []When{IfMerged, IfLimited | IfTwice} {
		out = append(out, Policy{Only: true, I386: active != IfMerged, Active: active})
	}
	root := testPolicy()
	root.Active = IfRoot | IfProtect
	return append(out, root, Policy{ABI: ARM64, WindowLow: testLow, WindowEnd: testEnd, WindowFD: testFD})
}

// someArgs are argument values at which a guard could change its mind.
var someArgs = []uint64{
	0, 1, 2, 3, 4, 5, 16, 21, 22, 23, 35, 47,
	testFD - 1, testFD, testFD + 1, testFD + 2, testFD | 1<<32,
	testLow - 1, testLow, testEnd - 4096, testEnd - 1, testEnd, testLow | 1<<32, 1 << 32, 0x7fff00000000,
	uint64(unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE), unix.MAP_FIXED | unix.MAP_PRIVATE, 0x22,
	unix.CLONE_UNTRACED, unix.CLONE_NEWUSER | 17, unix.CLONE_VM | 17,
	unix.TIOCSTI, unix.TIOCLINUX, 0xaa00, 0x40086602, 0x401c5820, 0x5401, unix.TIOCSTI | 7<<32,
	0x0400000, 0x0100000, 0xffffffff, ^uint64(0), 1<<63 | 5,
}

func TestProgramEqualsTable(t *testing.T) {
	for _, p := range policies() {
		m := newMachine(t, p)
		for _, arch := range []uint32{auditArch[X8664], auditArch[I386], auditArch[ARM64], 0, unix.AUDIT_ARCH_ARM} {
			for nr := range uint32(1024) {
				for _, args := range [][6]uint64{{}, {testFD, testFD, 1, 1, 1, 1}, {testLow, testLow, 5, 0x100001, testFD}} {
					m.check(t, arch, nr, &args)
					m.check(t, arch, nr|x32Mask, &args)
				}
			}
			for _, nr := range []uint32{1 << 16, x32Mask - 1, 1 << 31, 0xffffffff} {
				m.check(t, arch, nr, &[6]uint64{})
			}
		}
	}
}

// Every guarded call with every pair of interesting values, the others drawn
// in turn from the same list.
func TestGuardsEqualTable(t *testing.T) {
	for i, p := range policies() {
		if active := p.Active; active != 0 && active != IfReadOnly && active != IfIdentity && active&IfRoot == 0 && active&^(IfNoExec|IfLimited|IfTwice) != allConditions && active&(IfNoExec|IfLimited|IfTwice) == 0 ||
			p.ABI == X8664 && i&1 == 0 && active <= allConditions {
			continue // no guard looks at other conditions
		}
		m := newMachine(t, p)
		for abi := range numABI {
			for nr := range maxNr {
				s := Lookup(abi, nr)
				if s == nil || s.Guard == GuardNone {
					continue
				}
				n := 0
				for i, a := range someArgs {
					for _, b := range someArgs {
						n += 7
						c := func(k int) uint64 { return someArgs[(n+k*i)%len(someArgs)] }
						m.check(t, auditArch[abi], uint32(nr), &[6]uint64{a, b, c(1), c(2), c(3), c(4)})
						m.check(t, auditArch[abi], uint32(nr), &[6]uint64{a, c(1), c(2), b, c(3), c(4)})
						m.check(t, auditArch[abi], uint32(nr), &[6]uint64{c(1), c(2), c(3), a, b, c(4)})
						m.check(t, auditArch[abi], uint32(nr), &[6]uint64{testLow, 4096, a, 0x100001, b, c(4)})
						m.check(t, auditArch[abi], uint32(nr), &[6]uint64{testLow, 4096, 5, a, testFD, b})
					}
				}
			}
		}
	}
}

// The verdicts that the boundary rests on, written out by hand.
func TestVerdicts(t *testing.T) {
	const (
		allow, trace = RetAllow, RetTrace
		fixed        = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED
		window       = unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE
		rx           = unix.PROT_READ | unix.PROT_EXEC
		rwx          = rx | unix.PROT_WRITE
		noFD         = 0xffffffff
		high         = 0x7f0000000000
	)
	eperm, ebadf, enosys := fails(unix.EPERM), fails(unix.EBADF), fails(unix.ENOSYS)
	tests := []struct {
		name   string
		args   [6]uint64
		active When
		want   uint32
	}{
		{"read", [6]uint64{}, allConditions, allow},
		{"openat", [6]uint64{}, 0, trace},
		{"mount", [6]uint64{}, 0, eperm},
		{"io_uring_setup", [6]uint64{}, 0, enosys},
		{"statmount", [6]uint64{}, 0, enosys},

		{"newfstatat", [6]uint64{3, 0x5000000}, 0, trace},
		{"newfstatat", [6]uint64{3, 0, 0, 0x1000}, 0, allow},
		{"newfstatat", [6]uint64{3, 0, 0, 0x1000}, IfIdentity, trace},
		{"newfstatat", [6]uint64{3, 1 << 32, 0, 0x1000}, 0, trace},
		{"statx", [6]uint64{3, 0, 0x1000}, 0, allow},
		{"statx", [6]uint64{3, 0, 0x1000}, IfIdentity, trace},
		{"fstat", [6]uint64{3}, IfIdentity, trace},
		{"fstat", [6]uint64{3}, 0, allow},
		{"fstat", [6]uint64{testFD}, 0, ebadf},
		{"setuid", [6]uint64{}, IfIdentity, trace},
		{"fsetxattr", [6]uint64{3}, IfReadOnly, trace},
		{"pidfd_getfd", [6]uint64{3}, IfProtect, trace},
		{"process_vm_writev", [6]uint64{1}, IfProtect, trace},
		{"process_madvise", [6]uint64{1}, IfProtect, trace},
		{"kcmp", [6]uint64{1}, IfProtect, trace},
		{"utimensat", [6]uint64{3}, 0, allow},
		{"utimensat", [6]uint64{3}, IfReadOnly, trace},
		{"fchmod", [6]uint64{3}, 0, allow},
		{"fchmod", [6]uint64{3}, IfReadOnly, trace},
		{"fchmod", [6]uint64{3}, IfMerged, allow},
		{"fchmod", [6]uint64{3}, IfShut, trace},
		{"getdents64", [6]uint64{3}, 0, allow},
		{"getdents64", [6]uint64{3}, IfMerged, trace},
		{"getuid", [6]uint64{}, 0, allow},
		{"getuid", [6]uint64{}, IfIdentity, trace},
		{"kill", [6]uint64{1, 9}, 0, allow},
		{"kill", [6]uint64{1, 9}, IfProtect, trace},
		{"prlimit64", [6]uint64{0, 7}, IfProtect, allow},
		{"prlimit64", [6]uint64{1, 7}, IfProtect, trace},
		{"uname", [6]uint64{}, 0, allow},
		{"uname", [6]uint64{}, IfUTS, trace},
		{"sethostname", [6]uint64{}, 0, eperm},
		{"sethostname", [6]uint64{}, IfUTS, trace},
		{"sendto", [6]uint64{3, 1, 1}, 0, allow},
		{"sendto", [6]uint64{3, 1, 1, 0, 0x5000, 110}, 0, trace},
		{"recvfrom", [6]uint64{3, 1, 1, 0, 0, 5}, 0, allow},
		{"accept4", [6]uint64{3}, 0, allow},
		{"accept4", [6]uint64{3, 1}, 0, trace},
		{"getsockopt", [6]uint64{3, unix.SOL_SOCKET, unix.SO_PEERCRED}, 0, allow},
		{"getsockopt", [6]uint64{3, unix.SOL_SOCKET, unix.SO_PEERCRED}, IfIdentity, trace},
		{"getsockopt", [6]uint64{3, unix.SOL_SOCKET, unix.SO_ERROR}, IfIdentity, allow},

		{"clone", [6]uint64{unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD}, 0, allow},
		{"clone", [6]uint64{17 | unix.CLONE_UNTRACED}, 0, trace},
		{"clone", [6]uint64{17 | unix.CLONE_NEWUSER}, 0, trace},
		{"clone3", [6]uint64{}, 0, trace},
		{"prctl", [6]uint64{15}, 0, allow},
		{"prctl", [6]uint64{4}, 0, trace},
		{"prctl", [6]uint64{4 | 1<<40}, 0, trace}, // the option is an int
		{"prctl", [6]uint64{22}, 0, trace},
		{"prctl", [6]uint64{35}, 0, trace},
		{"prctl", [6]uint64{24}, 0, allow},
		{"prctl", [6]uint64{24}, IfIdentity, trace},
		{"personality", [6]uint64{0xffffffff}, 0, allow},
		{"personality", [6]uint64{0x40000}, 0, allow},
		{"personality", [6]uint64{0x440000}, 0, trace},

		{"ioctl", [6]uint64{0, unix.TCGETS}, IfReadOnly, allow},
		{"ioctl", [6]uint64{0, unix.TIOCSTI}, 0, eperm},
		{"ioctl", [6]uint64{0, unix.TIOCSTI | 1<<32}, 0, eperm}, // so is the request
		{"ioctl", [6]uint64{0, unix.TIOCLINUX}, 0, eperm},
		{"ioctl", [6]uint64{testFD, 0x5451}, 0, ebadf}, // FIOCLEX
		{"ioctl", [6]uint64{3, 0x40086602}, 0, allow},
		{"ioctl", [6]uint64{3, 0x40086602}, IfReadOnly, trace},

		{"close", [6]uint64{3}, 0, allow},
		{"close", [6]uint64{testFD}, 0, ebadf},
		{"close", [6]uint64{testFD + 1}, 0, ebadf},
		{"close", [6]uint64{testFD + 2}, 0, allow},
		{"close", [6]uint64{testFD | 1<<32}, 0, ebadf},
		{"dup2", [6]uint64{3, testFD}, 0, ebadf},
		{"dup2", [6]uint64{testFD, 3}, 0, allow},
		{"dup3", [6]uint64{3, testFD + 1}, 0, ebadf},
		{"dup3", [6]uint64{3, testFD + 1}, IfTwice, ebadf},
		{"dup3", [6]uint64{3, 4}, IfTwice, trace},
		{"dup2", [6]uint64{3, 4}, allConditions, allow},
		{"dup", [6]uint64{3}, allConditions, allow},
		{"dup", [6]uint64{3}, IfTwice, trace},
		{"fcntl", [6]uint64{3, unix.F_DUPFD_CLOEXEC}, IfTwice, trace},
		{"fcntl", [6]uint64{3, unix.F_DUPFD_CLOEXEC}, allConditions, allow},
		{"fcntl", [6]uint64{3, unix.F_GETFD}, IfTwice, allow},
		{"fcntl", [6]uint64{testFD, unix.F_SETFD, 1}, 0, ebadf},
		{"fcntl", [6]uint64{3, unix.F_DUPFD, testFD}, 0, allow},
		{"close_range", [6]uint64{3, testFD - 1}, 0, allow},
		{"close_range", [6]uint64{3, testFD}, 0, trace},
		{"close_range", [6]uint64{3, 0xffffffff}, 0, trace},
		{"close_range", [6]uint64{testFD + 1, testFD + 1}, 0, trace},
		{"close_range", [6]uint64{testFD + 2, 0xffffffff}, 0, allow},

		{"write", [6]uint64{1, high, 1}, allConditions, allow},
		{"write", [6]uint64{1, high, 1}, IfLimited, trace},
		{"io_submit", [6]uint64{1}, IfLimited, trace},
		{"ioctl", [6]uint64{3, 0x40049409}, IfLimited, trace},
		{"ioctl", [6]uint64{3, 0x40049409}, 0, allow},
		{"mmap", [6]uint64{0, 4096, rx, unix.MAP_PRIVATE, 3}, allConditions, allow},
		{"mmap", [6]uint64{0, 4096, rx, unix.MAP_PRIVATE, 3}, IfNoExec, trace},
		{"mmap", [6]uint64{high, 4096, rx, unix.MAP_PRIVATE | unix.MAP_FIXED, 3}, IfNoExec, trace},
		{"mmap", [6]uint64{0, 4096, rwx, unix.MAP_PRIVATE | unix.MAP_ANONYMOUS, noFD}, IfNoExec, allow},
		{"mmap", [6]uint64{0, 4096, 1, unix.MAP_PRIVATE, 3}, IfNoExec | IfLimited, allow},
		{"mmap", [6]uint64{0, 4096, 1, unix.MAP_SHARED, 3}, IfLimited, trace},
		{"mmap", [6]uint64{0, 4096, 1, unix.MAP_SHARED | unix.MAP_ANONYMOUS, noFD}, IfLimited, allow},
		{"mprotect", [6]uint64{high, 4096, rx}, 0, allow},
		{"mprotect", [6]uint64{high, 4096, rx}, IfNoExec, trace},
		{"pkey_mprotect", [6]uint64{high, 4096, rx}, IfNoExec, trace},
		{"mprotect", [6]uint64{high, 4096, 3}, IfNoExec, allow},
		{"mprotect", [6]uint64{testLow, 4096, rx}, IfNoExec, eperm},

		{"munmap", [6]uint64{high, 4096}, 0, allow},
		{"munmap", [6]uint64{testEnd, 4096}, 0, allow},
		{"munmap", [6]uint64{testEnd - 4096, 1 << 32}, 0, eperm},
		{"munmap", [6]uint64{0, high}, 0, eperm},
		{"munmap", [6]uint64{testLow | 1<<32, 4096}, 0, allow},
		{"madvise", [6]uint64{0, 0, 22}, 0, allow}, // probes for an advice
		{"madvise", [6]uint64{testLow, 1 << 32, 10}, 0, eperm},
		{"mprotect", [6]uint64{testLow, 1 << 32, rwx}, 0, eperm},
		{"pkey_mprotect", [6]uint64{testLow, 1 << 32, rwx}, 0, eperm},
		{"mbind", [6]uint64{testLow, 1 << 32}, 0, eperm},
		{"mseal", [6]uint64{testLow, 1 << 32}, 0, eperm},
		{"remap_file_pages", [6]uint64{testLow, 1 << 32}, 0, eperm},
		{"shmat", [6]uint64{1, 0, 0}, 0, allow},
		{"shmat", [6]uint64{1, testLow, 0o40000}, 0, eperm},
		{"shmat", [6]uint64{1, high, 0o40000}, 0, allow},
		{"mremap", [6]uint64{high, 4096, 8192, 1, testLow}, 0, allow}, // no MREMAP_FIXED: args[4] is not looked at
		{"mremap", [6]uint64{high, 4096, 4096, 3, testLow}, 0, eperm},
		{"mremap", [6]uint64{high, 4096, 4096, 3, high}, 0, allow},
		{"mremap", [6]uint64{testLow, 0, 4096, 1}, 0, eperm}, // old size 0 copies a shared mapping
		{"mremap", [6]uint64{testLow, 4096, 4096, 5}, 0, eperm},

		{"mmap", [6]uint64{0, 4096, rwx, 0x22, noFD}, 0, allow},
		{"mmap", [6]uint64{testLow, 4096, rwx, 0x22, noFD}, 0, allow}, // a hint
		{"mmap", [6]uint64{high, 4096, rwx, fixed, noFD}, 0, allow},
		{"mmap", [6]uint64{testEnd, 4096, rwx, fixed, noFD}, 0, allow},
		{"mmap", [6]uint64{testLow, 4096, rwx, fixed, noFD}, 0, eperm},
		{"mmap", [6]uint64{0, testEnd, rwx, fixed, noFD}, 0, eperm},
		{"mmap", [6]uint64{testLow, 4096, rx, window, testFD}, 0, allow},
		{"mmap", [6]uint64{testLow, 4096, unix.PROT_READ, window, testFD}, 0, allow},
		{"mmap", [6]uint64{testLow, 4096, rwx, window, testFD}, 0, eperm},
		{"mmap", [6]uint64{testLow, 4096, 0, window, testFD}, 0, eperm},
		{"mmap", [6]uint64{testLow, 4096, rx, window | unix.MAP_FIXED, testFD}, 0, eperm},
		{"mmap", [6]uint64{testLow, 4096, rx, window, testFD + 1}, 0, eperm},
		{"mmap", [6]uint64{testLow - 4096, 4096, rx, window, testFD}, 0, eperm},
		{"mmap", [6]uint64{testLow, 4096, rx, unix.MAP_PRIVATE | unix.MAP_FIXED_NOREPLACE, testFD}, 0, eperm},
		{"mmap", [6]uint64{testLow, 4096, rx, unix.MAP_SHARED | unix.MAP_FIXED, testFD}, 0, eperm},
	}
	for _, tt := range tests {
		p := testPolicy()
		p.Active = tt.active
		m := newMachine(t, p)
		for abi := range ABI(2) {
			nr := ByName(tt.name).Nr[abi]
			if nr == NoNr {
				continue
			}
			if got := m.run(t, auditArch[abi], uint32(nr), &tt.args); got != tt.want {
				t.Errorf("ABI %d: %s%#x with conditions %#x: %#x, want %#x", abi, tt.name, tt.args, tt.active, got, tt.want)
			}
		}
	}
	m := newMachine(t, testPolicy())
	for _, tt := range []struct {
		arch, nr uint32
		args     [6]uint64
		want     uint32
	}{
		{auditArch[X8664], 0 | x32Mask, [6]uint64{}, enosys},
		{auditArch[X8664], 337, [6]uint64{}, enosys},
		{auditArch[X8664], 0xffffffff, [6]uint64{}, enosys},
		{auditArch[ARM64], 63, [6]uint64{}, enosys},
		{auditArch[I386], 3, [6]uint64{}, allow},
		{auditArch[I386], 192, [6]uint64{testLow, 4096, rwx, fixed}, eperm},
		{auditArch[I386], 90, [6]uint64{high}, enosys},
		{auditArch[I386], 117, [6]uint64{21, 1, 0, 0, testLow}, eperm},
		{auditArch[I386], 117, [6]uint64{21 | 1<<16, 1, 0, 0, testLow}, eperm},
		{auditArch[I386], 117, [6]uint64{21, 1, 0, 0, 0}, allow},
		{auditArch[I386], 117, [6]uint64{23, 1, 0, 0, testLow}, allow},
	} {
		if got := m.run(t, tt.arch, tt.nr, &tt.args); got != tt.want {
			t.Errorf("arch %#x, call %d%#x: %#x, want %#x", tt.arch, tt.nr, tt.args, got, tt.want)
		}
	}
	if got := newMachine(t, Policy{}).run(t, auditArch[I386], 3, &[6]uint64{}); got != enosys {
		t.Errorf("i386 without Policy.I386: %#x", got)
	}
}

func TestCompileIsDeterministicAndSmall(t *testing.T) {
	for _, p := range policies() {
		a, b := newMachine(t, p).code, newMachine(t, p).code
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatal("two programs from one policy")
		}
		if len(a) > 900 {
			t.Errorf("%d instructions", len(a))
		}
	}
}

// What the kernel executes for a call: arch and number are loaded, then the
// compares of the search.
func TestSearchIsShallow(t *testing.T) {
	p := testPolicy()
	p.Active = allConditions
	code, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0
	for nr := range uint32(maxNr) {
		n, a := 0, uint32(0)
		for pc := 0; code[pc].Code&7 != unix.BPF_RET && (code[pc].Code != unix.BPF_LD|unix.BPF_ABS || code[pc].K < dataArgs); {
			c := code[pc]
			pc++
			yes := false
			switch c.Code {
			case unix.BPF_LD | unix.BPF_ABS:
				a = map[uint32]uint32{dataNr: nr, dataArch: auditArch[X8664]}[c.K]
				continue
			case unix.BPF_JMP | unix.BPF_JA:
				pc += int(c.K)
				continue
			case unix.BPF_JMP | unix.BPF_JEQ:
				yes = a == c.K
			case unix.BPF_JMP | unix.BPF_JGE:
				yes = a >= c.K
			default:
				t.Fatalf("instruction %#x before the guard", c.Code)
			}
			n++
			if yes {
				pc += int(c.Jt)
			} else {
				pc += int(c.Jf)
			}
		}
		worst = max(worst, n)
	}
	if worst > 10 {
		t.Errorf("%d compares to find a call", worst)
	}
	t.Logf("%d compares, %d instructions", worst, len(code))
}

func TestCompileRefuses(t *testing.T) {
	for _, p := range []Policy{
		{ABI: I386},
		{ABI: numABI},
		{ABI: ARM64, I386: true},
		{WindowLow: 1, WindowEnd: 1 << 32},
		{WindowLow: 2, WindowEnd: 1},
		{WindowEnd: 1, WindowFD: -1},
	} {
		if _, err := Compile(p); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

func FuzzVerdict(f *testing.F) {
	f.Add(uint8(0), uint16(9), uint8(0), uint64(testLow), uint64(4096), uint64(5), uint64(0x100001), uint64(testFD))
	f.Add(uint8(255), uint16(16), uint8(1), uint64(0), uint64(unix.TIOCSTI), uint64(0), uint64(0), uint64(0))
	all := policies()
	machines := make([]*machine, len(all))
	f.Fuzz(func(t *testing.T, pol uint8, nr uint16, arch uint8, a, b, c, d, e uint64) {
		i := int(pol) % len(all)
		if machines[i] == nil {
			machines[i] = newMachine(t, all[i])
		}
		machines[i].check(t, auditArch[arch%uint8(numABI)], uint32(nr)%maxNr, &[6]uint64{a, b, c, d, e, e})
	})
}
