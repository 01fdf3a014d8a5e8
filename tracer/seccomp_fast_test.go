package tracer

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// fastPolicy reserves two descriptors of each class.
func fastPolicy(anyEnd uint32) Policy {
	p := testPolicy()
	p.Reserved = 7
	p.Fast = fastpath.Rules{IP: fastpath.SymGadgetAfter, AnyStart: fastpath.How, AnyEnd: anyEnd, FirstFD: testFD + 2, FDEnd: [3]int{testFD + 4, testFD + 6, testFD + 8}, CountsFD: testFD + 8, Up: true, Xattr: true, Records: true, Cwd: true}
	return p
}

func (m *machine) runAt(t testing.TB, nr uint32, ip uint64, args *[6]uint64) uint32 {
	binary.BigEndian.PutUint32(m.data[8:], uint32(ip))
	binary.BigEndian.PutUint32(m.data[12:], uint32(ip>>32))
	got, want := m.run(t, auditArch[X8664], nr, args), DecideAt(&m.policy, auditArch[X8664], nr, ip, args)
	if got != want {
		t.Errorf("call %d at %#x, args %#x: the program says %#x, the table %#x", nr, ip, args, got, want)
	}
	return got
}

// Where descriptors of the guest's own are good until Revoke only, the entries that stay are
// for the reserved ones.
func TestFastNarrow(t *testing.T) {
	const gadget = fastpath.SymGadgetAfter
	p := fastPolicy(fastpath.HowRead)
	p.Fast.AnyStart = fastpath.HowOwnPath
	m := newMachine(t, p)
	for how := uint64(fastpath.How); how < fastpath.HowEnd; how += fastpath.HowStride {
		for _, fd := range []uint64{5, cwdFD} {
			own := how >= fastpath.HowOwnPath && how < fastpath.HowRead
			if got := m.runAt(t, unix.SYS_OPENAT2, gadget, &[6]uint64{fd, 1, how, 24}); got == RetAllow != own {
				t.Errorf("%#x by %#x: %#x", how, fd, got)
			}
		}
		if got := m.runAt(t, unix.SYS_OPENAT2, gadget, &[6]uint64{testFD + 2, 1, how, 24}); got != RetAllow {
			t.Errorf("%#x by a reserved descriptor: %#x", how, got)
		}
	}
}

// What the trusted instruction may do, by the book.
func TestFastRules(t *testing.T) {
	const gadget = fastpath.SymGadgetAfter
	m := newMachine(t, fastPolicy(fastpath.HowWrite))
	how := uint64(fastpath.How)
	read, write, end := uint64(fastpath.HowRead), uint64(fastpath.HowWrite), uint64(fastpath.HowEnd)
	for _, c := range []struct {
		what string
		nr   uint32
		ip   uint64
		args [6]uint64
		want bool
	}{
		{"any descriptor, a path", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, how, 24}, true},
		{"the current directory", unix.SYS_OPENAT2, gadget, [6]uint64{cwdFD, 1, how + 32, 24}, true},
		{"any descriptor, reading", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, read, 24}, true},
		{"any descriptor, writing", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, write, 24}, false},
		{"a full one, writing", unix.SYS_OPENAT2, gadget, [6]uint64{testFD + 3, 1, end - 32, 24}, true},
		{"a full one, high bits", unix.SYS_OPENAT2, gadget, [6]uint64{1<<32 | testFD + 3, 1, end - 32, 24}, true},
		{"one for reading, writing", unix.SYS_OPENAT2, gadget, [6]uint64{testFD + 4, 1, write, 24}, false},
		{"one behind the last, writing", unix.SYS_OPENAT2, gadget, [6]uint64{testFD + 8, 1, write, 24}, false},
		{"the window's, writing", unix.SYS_OPENAT2, gadget, [6]uint64{testFD, 1, write, 24}, false},
		{"between two entries", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, how + 8, 24}, false},
		{"below the table", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, how - 32, 24}, false},
		{"behind the table", unix.SYS_OPENAT2, gadget, [6]uint64{testFD + 3, 1, end, 24}, false},
		{"4 GiB on", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, how | 1<<32, 24}, false},
		{"another size", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, how, 32}, false},
		{"a size with high bits", unix.SYS_OPENAT2, gadget, [6]uint64{5, 1, how, 1<<32 | 24}, false},
		{"from elsewhere", unix.SYS_OPENAT2, gadget + 2, [6]uint64{5, 1, how, 24}, false},
		{"from 4 GiB on", unix.SYS_OPENAT2, gadget | 1<<32, [6]uint64{5, 1, how, 24}, false},
		{"openat", unix.SYS_OPENAT, gadget, [6]uint64{5, fastpath.Empty, how, 24}, false},
		{"a descriptor's stat", unix.SYS_NEWFSTATAT, gadget, [6]uint64{5, fastpath.Empty, 1, 0x1000}, true},
		{"a path's stat", unix.SYS_NEWFSTATAT, gadget, [6]uint64{5, fastpath.Empty + 1, 1, 0x1000}, false},
		{"a path's stat, high bits", unix.SYS_NEWFSTATAT, gadget, [6]uint64{5, fastpath.Empty | 1<<32, 1, 0x1000}, false},
		{"a descriptor's stat from elsewhere", unix.SYS_NEWFSTATAT, 0x400000, [6]uint64{5, fastpath.Empty, 1, 0x1000}, false},
		{"statx", unix.SYS_STATX, gadget, [6]uint64{5, fastpath.Empty}, true},
		{"readlinkat", unix.SYS_READLINKAT, gadget, [6]uint64{5, fastpath.Empty}, true},
		{"faccessat2", unix.SYS_FACCESSAT2, gadget, [6]uint64{5, fastpath.Empty}, true},
		{"up", unix.SYS_OPENAT2, gadget, [6]uint64{5, fastpath.DotDot, fastpath.HowUp, 24}, true},
		{"up, the last entry", unix.SYS_OPENAT2, gadget, [6]uint64{testFD + 2, fastpath.DotDot, fastpath.HowUpEnd - 32, 24}, true},
		{"up, behind the last entry", unix.SYS_OPENAT2, gadget, [6]uint64{5, fastpath.DotDot, fastpath.HowUpEnd, 24}, false},
		{"up by a string of one's own", unix.SYS_OPENAT2, gadget, [6]uint64{5, 0x500000, fastpath.HowUp, 24}, false},
		{"up by a string 4 GiB on", unix.SYS_OPENAT2, gadget, [6]uint64{5, fastpath.DotDot | 1<<32, fastpath.HowUp, 24}, false},
		{"up from elsewhere", unix.SYS_OPENAT2, 0x400000, [6]uint64{5, fastpath.DotDot, fastpath.HowUp, 24}, false},
		{"attributes of a descriptor", unix.SYS_GETXATTR, gadget, [6]uint64{fastpath.FDNames + 32*255, 1, 1, 8}, true},
		{"a list of attributes", unix.SYS_LISTXATTR, gadget, [6]uint64{fastpath.FDNames, 1, 8}, true},
		{"attributes by a part of a name", unix.SYS_GETXATTR, gadget, [6]uint64{fastpath.FDNames + 1, 1, 1, 8}, false},
		{"attributes behind the names", unix.SYS_GETXATTR, gadget, [6]uint64{fastpath.FDNames + 32*256, 1, 1, 8}, false},
		{"attributes 4 GiB on", unix.SYS_GETXATTR, gadget, [6]uint64{fastpath.FDNames | 1<<32, 1, 1, 8}, false},
		{"attributes from elsewhere", unix.SYS_GETXATTR, 0x400000, [6]uint64{fastpath.FDNames, 1, 1, 8}, false},
		{"getxattrat", unix.SYS_GETXATTRAT, gadget, [6]uint64{5, fastpath.Empty, 0x1000, 1, 1, 16}, false},
		{"setting attributes", unix.SYS_SETXATTR, gadget, [6]uint64{fastpath.FDNames, 1, 1, 8}, false},
		{"the current directory's name", unix.SYS_GETCWD, gadget, [6]uint64{1, 4096}, true},
		{"the current directory's name from elsewhere", unix.SYS_GETCWD, gadget + 2, [6]uint64{1, 4096}, false},
		{"the current directory's name from 4 GiB on", unix.SYS_GETCWD, gadget | 1<<32, [6]uint64{1, 4096}, false},
		{"fchmodat", unix.SYS_FCHMODAT, gadget, [6]uint64{5, fastpath.Empty}, false},
		{"execveat", unix.SYS_EXECVEAT, gadget, [6]uint64{5, fastpath.Empty}, false},
	} {
		if got := m.runAt(t, c.nr, c.ip, &c.args) == RetAllow; got != c.want {
			t.Errorf("%s: allowed %v, want %v", c.what, got, c.want)
		}
	}
	// With emulated identities a file's record is asked for, and nothing listed.
	p := fastPolicy(fastpath.HowWrite)
	for _, c := range []struct{ xattr, records, get, list bool }{{false, false, false, false}, {true, false, true, true}, {false, true, true, false}} {
		p.Fast.Xattr, p.Fast.Records = c.xattr, c.records
		m := newMachine(t, p)
		get, list := m.runAt(t, unix.SYS_GETXATTR, gadget, &[6]uint64{fastpath.FDNames, 1, 0, 0}), m.runAt(t, unix.SYS_LISTXATTR, gadget, &[6]uint64{fastpath.FDNames, 1, 8})
		if (get == RetAllow) != c.get || (list == RetAllow) != c.list {
			t.Errorf("%+v: attributes %#x, a list %#x", c, get, list)
		}
	}
	// Where the host's name is not the view's, it is not told.
	p.Fast.Cwd = false
	if got := newMachine(t, p).runAt(t, unix.SYS_GETCWD, gadget, &[6]uint64{1, 4096}); got == RetAllow {
		t.Error("getcwd is allowed")
	}
	pool, stubs := [6]uint64{fastpath.Dirs, fastpath.PrivateSize, 3, poolFlags, ^uint64(0), 0}, [6]uint64{fastpath.LowStubs, fastpath.StubsSize, 5, poolFlags, ^uint64(0), 0}
	counts := [6]uint64{fastpath.Counts, fastpath.CountsSize, 3, countsFlags, testFD + 8, 0}
	for i, a := range [][6]uint64{pool, stubs, counts} {
		if m.runAt(t, unix.SYS_MMAP, 0x400000, &a) != RetAllow {
			t.Errorf("mapping %d is not allowed", i)
		}
		for k, v := range map[int]uint64{0: a[0] + 4096, 1: a[1] + 4096, 2: 7, 3: unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED} {
			b := a
			b[k] = v
			if m.runAt(t, unix.SYS_MMAP, 0x400000, &b) != fails(unix.EPERM) {
				t.Errorf("mapping %d with argument %d of %#x is allowed", i, k, v)
			}
		}
	}
}

// The program and DecideAt agree everywhere, and without the gadget's address
// the fast path changes nothing but the two mappings.
func TestFastEqualsTable(t *testing.T) {
	vals := []uint64{
		0, 5, testFD, testFD + 2, testFD + 3, testFD + 4, testFD + 6, testFD + 8, cwdFD, 24, 32,
		fastpath.How, fastpath.How + 8, fastpath.HowOwnPath - 32, fastpath.HowOwnPath, fastpath.HowOwn, fastpath.HowRead, fastpath.HowWrite, fastpath.HowEnd - 32, fastpath.HowEnd, fastpath.Empty, fastpath.How | 1<<32,
		fastpath.DotDot, fastpath.HowUp, fastpath.HowUpEnd, fastpath.FDNames, fastpath.FDNames + 8, fdNamesEnd, fastpath.Counts, countsFlags,
	}
	for i, anyEnd := range []uint32{fastpath.How, fastpath.HowOwn, fastpath.HowRead, fastpath.HowEnd, fastpath.HowOwn, fastpath.HowRead} {
		p := fastPolicy(anyEnd)
		if i > 3 {
			p.Fast.AnyStart = fastpath.HowOwnPath
		}
		m := newMachine(t, p)
		plain := p
		plain.Fast = fastpath.Rules{}
		for nr := range uint32(maxNr) {
			for i, a := range vals {
				args := [6]uint64{a, vals[(i*7+int(nr))%len(vals)], vals[(i*5+3)%len(vals)], 24, 0, 0}
				for _, ip := range []uint64{fastpath.SymGadgetAfter, fastpath.SymExitDeferred, 0x401000, fastpath.SymGadgetAfter | 1<<40} {
					v := m.runAt(t, nr, ip, &args)
					if ip != fastpath.SymGadgetAfter && v != Decide(&plain, auditArch[X8664], nr, &args) {
						t.Errorf("call %d at %#x, args %#x: %#x", nr, ip, args, v)
					}
				}
			}
		}
	}
}
