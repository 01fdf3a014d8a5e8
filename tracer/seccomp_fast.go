package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// fastKind is what the code of the fast path may do with a call that stops
// everywhere else.
type fastKind uint8

const (
	fastNone   fastKind = iota
	fastHow             // openat2 with an open_how of the sealed table
	fastEmpty           // calls on a descriptor, by the sealed empty string
	fastFD              // calls on a descriptor that has been looked at
	fastName            // calls on a descriptor by a sealed path in /proc
	fastRecord          // the same where it asks for one attribute
	fastCwd             // getcwd
)

func fastCall(s *Sysent) fastKind {
	switch s.Name {
	case "openat2":
		return fastHow
	case "newfstatat", "statx", "readlinkat", "faccessat2":
		return fastEmpty
	case "getdents64":
		// The stop adds names; without it some are missing.
		return fastFD
	case "getcwd":
		return fastCwd
	case "getxattr":
		return fastRecord
	case "listxattr":
		return fastName
	}
	return fastNone
}

// howSize is the size of struct open_how in the table (openat2(2)).
const howSize = 24

// fastAllows judges a call that comes from the trusted instruction. A guest may
// have jumped there: nothing but the arguments counts.
func (p *Policy) fastAllows(kind fastKind, args *[6]uint64) bool {
	fd := args[0] & 0xffffffff
	fixed := fd >= uint64(p.WindowFD) && fd < uint64(p.WindowFD+fixedFDs)
	switch kind {
	case fastEmpty:
		return args[1] == fastpath.Empty && !fixed
	case fastFD:
		return p.Fast.AnyList
	case fastCwd:
		return p.Fast.Cwd
	case fastName, fastRecord:
		return (p.Fast.Xattr || p.Fast.Records && kind == fastRecord) && args[0]%fastpath.FDNameSize == 0 && args[0] >= fastpath.FDNames && args[0] < fdNamesEnd
	}
	how := args[2]
	if how%fastpath.HowStride != 0 || how < fastpath.How || how >= fastpath.HowUpEnd || args[3] != howSize {
		return false
	}
	if how >= fastpath.HowUp {
		return p.Fast.Up && args[1] == fastpath.DotDot && !fixed
	}
	if how >= uint64(p.Fast.AnyStart) && how < uint64(p.Fast.AnyEnd) {
		return !fixed
	}
	if fd < uint64(p.Fast.FirstFD) {
		return false
	}
	for class, end := range p.Fast.FDEnd {
		if fd < uint64(end) {
			return how < uint64(fastpath.HowLimit(class))
		}
	}
	return false
}

const fdNamesEnd = fastpath.FDNames + fastpath.NumFDNames*fastpath.FDNameSize

// fastProg is fastAllows as a program, with code for every other place. All 64
// bits of the instruction pointer are compared: a mapping 4 GiB further on is
// a guest's own.
func (c *compiler) fastProg(kind fastKind, code *node) *node {
	// What the trusted instruction may not do stops: the guest asked for it.
	allow, stop := c.allow, c.stop
	var inner *node
	switch {
	case kind == fastFD && !c.Fast.AnyList, kind == fastCwd && !c.Fast.Cwd, kind == fastName && !c.Fast.Xattr, kind == fastRecord && !c.Fast.Xattr && !c.Fast.Records:
		return code
	case kind == fastFD, kind == fastCwd:
		inner = allow
	case kind == fastEmpty:
		inner = equal(1, fastpath.Empty, c.notFixed(allow, code), code)
	case kind == fastName, kind == fastRecord:
		inner = when(unix.BPF_JGE, fastpath.FDNames, when(unix.BPF_JGE, fdNamesEnd, stop, allow), stop)
		inner = when(unix.BPF_JSET, fastpath.FDNameSize-1, stop, inner)
		inner = argHigh(0, when(unix.BPF_JEQ, 0, argLow(0, inner), stop))
	default:
		byFD := stop
		for class := len(c.Fast.FDEnd) - 1; class >= 0; class-- {
			limit := argLow(2, when(unix.BPF_JGE, fastpath.HowLimit(class), stop, allow))
			byFD = when(unix.BPF_JGE, uint32(c.Fast.FDEnd[class]), byFD, limit)
		}
		byFD = argLow(0, when(unix.BPF_JGE, uint32(c.Fast.FirstFD), byFD, stop))
		inner = when(unix.BPF_JGE, c.Fast.AnyEnd, byFD, c.notFixed(allow, stop))
		if c.Fast.AnyStart > fastpath.How {
			inner = when(unix.BPF_JGE, c.Fast.AnyStart, inner, byFD)
		}
		up := stop
		if c.Fast.Up {
			up = when(unix.BPF_JGE, fastpath.HowUpEnd, stop, equal(1, fastpath.DotDot, c.notFixed(allow, stop), stop))
		}
		inner = when(unix.BPF_JGE, fastpath.How, when(unix.BPF_JGE, fastpath.HowEnd, up, inner), stop)
		inner = when(unix.BPF_JSET, fastpath.HowStride-1, stop, inner)
		inner = argHigh(2, when(unix.BPF_JEQ, 0, argLow(2, inner), stop))
		inner = equal(3, howSize, inner, stop)
	}
	inner = load(dataIP+4, when(unix.BPF_JEQ, uint32(c.Fast.IP>>32), inner, code))
	return load(dataIP, when(unix.BPF_JEQ, uint32(c.Fast.IP), inner, code))
}

// notFixed tells a guest's own descriptor from the window's and the stub
// program's, which are not open for the guest.
func (p *Policy) notFixed(yes, no *node) *node {
	return argLow(0, when(unix.BPF_JGE, uint32(p.WindowFD), when(unix.BPF_JGE, uint32(p.WindowFD+fixedFDs), yes, no), yes))
}

// isPool reports whether an mmap makes memory of the fast path as the engine
// does, in a new address space. Later on the places are taken.
func (p *Policy) isPool(args *[6]uint64) bool {
	if p.Fast.IP == 0 || args[0] < p.WindowLow {
		return false
	}
	if p.Fast.CountsFD != 0 && args[3] == countsFlags && args[4]&0xffffffff == uint64(p.Fast.CountsFD) {
		return args[0] == fastpath.Counts && args[1] == fastpath.CountsSize && args[2] == unix.PROT_READ|unix.PROT_WRITE
	}
	if args[3] != poolFlags {
		return false
	}
	return args[0] == fastpath.Dirs && args[1] == fastpath.PrivateSize && args[2] == unix.PROT_READ|unix.PROT_WRITE ||
		args[0] == fastpath.LowStubs && args[1] == fastpath.StubsSize && args[2] == unix.PROT_READ|unix.PROT_EXEC
}

const (
	poolFlags   = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_FIXED_NOREPLACE
	countsFlags = unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE
)

// pool is isPool as a program.
func (c *compiler) pool(no *node) *node {
	if c.Fast.IP == 0 {
		return no
	}
	allow := c.allow
	low := equal(0, fastpath.LowStubs, equal(1, fastpath.StubsSize, equal(2, unix.PROT_READ|unix.PROT_EXEC, allow, no), no), no)
	code := equal(0, fastpath.Dirs, equal(1, fastpath.PrivateSize, equal(2, unix.PROT_READ|unix.PROT_WRITE, allow, no), no), low)
	code = equal(3, poolFlags, code, no)
	if c.Fast.CountsFD != 0 {
		counts := equal(0, fastpath.Counts, equal(1, fastpath.CountsSize, equal(2, unix.PROT_READ|unix.PROT_WRITE, allow, no), no), no)
		code = equal(3, countsFlags, argLow(4, when(unix.BPF_JEQ, uint32(c.Fast.CountsFD), counts, code)), code)
	}
	return code
}
