package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Structs that i386 lays out differently. Each layout is about one element of
// an array; a struct is an array that only its first element is used of.

// layout converts between an element of x86-64 and one of i386.
type layout struct {
	size, narrow int // of an element
	// in makes the 64-bit element b of the 32-bit one. out is the way back:
	// n holds what is there, if the whole of b was not written.
	in  func(x *call32, n, b []byte)
	out func(x *call32, b, n []byte) unix.Errno
	// stream, in the place of both, converts all that is written or read.
	stream *stream
}

// stream is for what has no elements of equal size.
type stream struct {
	in  func(n []byte) []byte
	out func(b []byte) []byte
}

// shape is a place of the guest's memory that is seen through a layout.
type shape struct {
	l    *layout
	addr uint64
	size uint64 // of a stream that is read, in i386's bytes
}

// Addresses that no program has: shapeBase, the shape's number and the offset.
const (
	shapeBase  = 0x5a << 56
	shapeShift = 40
	maxShapes  = 1 << 12
)

// place gives an address at which what lies at addr is seen through l.
func (x *call32) place(l *layout, addr uint64) uint64 { return x.placeSized(l, addr, 0) }

func (x *call32) placeSized(l *layout, addr, size uint64) uint64 {
	for i, s := range x.shapes {
		if s.l == l && s.addr == addr && s.size == size {
			return shapeBase + uint64(i)<<shapeShift
		}
	}
	if len(x.shapes) == maxShapes {
		return 1 // EFAULT
	}
	x.shapes = append(x.shapes, shape{l, addr, size})
	return shapeBase + uint64(len(x.shapes)-1)<<shapeShift
}

// at is the shape that an address belongs to, and the offset in it.
func (x *call32) at(addr uint64) (s *shape, off uint64) {
	if addr>>56 != shapeBase>>56 {
		return nil, 0
	}
	if i := addr & (1<<56 - 1) >> shapeShift; i < uint64(len(x.shapes)) {
		return &x.shapes[i], addr & (1<<shapeShift - 1)
	}
	return nil, 0
}

// lower is the guest's own address for one of ours.
func (x *call32) lower(addr uint64) uint64 {
	s, off := x.at(addr)
	if s == nil {
		return addr
	}
	if s.l.stream != nil {
		return s.addr
	}
	return s.addr + off/uint64(s.l.size)*uint64(s.l.narrow)
}

func (x *call32) read(addr uint64, buf []byte) unix.Errno {
	if e, ok := x.access(addr, buf, false); ok {
		return e
	}
	return x.task.read(x.tr, addr, buf)
}

func (x *call32) write(addr uint64, buf []byte) unix.Errno {
	if e, ok := x.access(addr, buf, true); ok {
		return e
	}
	return x.task.write(x.tr, addr, buf)
}

// access reads into buf, or writes it, through the shape that addr belongs to.
// ok is false if it belongs to none.
func (x *call32) access(addr uint64, buf []byte, write bool) (e unix.Errno, ok bool) {
	t, tr := x.task, x.tr
	s, off := x.at(addr)
	if s == nil {
		return 0, false
	}
	if s.l.stream != nil {
		return x.whole(s, off, buf, write), true
	}
	l := s.l
	wide, narrow := make([]byte, l.size), make([]byte, l.narrow)
	for len(buf) > 0 {
		i, in := off/uint64(l.size), int(off%uint64(l.size))
		k := min(len(buf), l.size-in)
		at := s.addr + i*uint64(l.narrow)
		// What is not written as a whole has its other parts kept.
		clear(narrow)
		if !write || k < l.size || l.in != nil {
			if e := t.read(tr, at, narrow); e != 0 {
				return e, true
			}
		}
		if !write || k < l.size {
			if l.in == nil {
				return unix.EFAULT, true
			}
			clear(wide)
			l.in(x, narrow, wide)
		}
		if write {
			copy(wide[in:], buf[:k])
			if e := l.out(x, wide, narrow); e != 0 {
				return e, true
			}
			if e := t.write(tr, at, narrow); e != 0 {
				return e, true
			}
		} else {
			copy(buf, wide[in:in+k])
		}
		buf, off = buf[k:], off+uint64(k)
	}
	return 0, true
}

func (x *call32) whole(s *shape, off uint64, buf []byte, write bool) unix.Errno {
	t, tr := x.task, x.tr
	if write {
		if off != 0 || s.l.stream.out == nil {
			return unix.EFAULT
		}
		n := s.l.stream.out(buf)
		x.listed = len(n)
		return t.write(tr, s.addr, n)
	}
	if s.l.stream.in == nil {
		return unix.EFAULT
	}
	n := make([]byte, s.size)
	if e := t.read(tr, s.addr, n); e != 0 {
		return e
	}
	wide := s.l.stream.in(n)
	if off+uint64(len(buf)) > uint64(len(wide)) {
		return unix.EFAULT
	}
	copy(buf, wide[off:])
	return 0
}

var le = binary.LittleEndian

// words is the layout of n longs that are as many on i386.
func words(n int, signed bool) *layout {
	return &layout{
		size: 8 * n, narrow: 4 * n,
		in: func(_ *call32, n, b []byte) {
			for i := 0; i < len(n); i += 4 {
				v := uint64(le.Uint32(n[i:]))
				if signed {
					v = uint64(int64(int32(v)))
				}
				le.PutUint64(b[2*i:], v)
			}
		},
		out: func(_ *call32, b, n []byte) unix.Errno {
			for i := 0; i < len(n); i += 4 {
				le.PutUint32(n[i:], uint32(le.Uint64(b[2*i:])))
			}
			return 0
		},
	}
}

const (
	statfs64Size = 84
	statSize64   = 144
	statfsSize64 = 120
)

// layouts by the letters of form.args.
var layouts = map[byte]*layout{
	'A': {size: statSize64, narrow: 64, in: statFields.in, out: statOut},
	'B': {size: statSize64, narrow: 96, in: stat64Fields.in, out: stat64Fields.out},
	'F': {size: statfsSize64, narrow: 64, in: statfsIn, out: statfsOut},
	'G': {size: statfsSize64, narrow: statfs64Size, in: statfs64In, out: statfs64Out},
	'U': words(2, true), // struct utimbuf
	'V': words(4, true), // two of struct timeval or timespec
	'I': words(2, false),
	'P': words(1, false),
	'D': {stream: &stream{out: direntsOut}},
	'M': {size: msgSize64, narrow: msgSize32, in: msgIn, out: msgOut},
	'N': {size: msgSize64 + 8, narrow: msgSize32 + 4, in: mmsgIn, out: mmsgOut},
	'C': {size: 16, narrow: 8, in: fprogIn},
	'H': {size: 4, narrow: 2, in: id16In, out: id16Out},
}

// fields are the fields of a struct: where each is and what it takes, on i386
// and on x86-64.
type fields [][4]int

// statFields are those of struct stat (compat_stat, arch/x86/include/asm/compat.h).
var statFields = fields{
	{0, 4, 0, 8}, {4, 4, 8, 8}, {8, 2, 24, 4}, {10, 2, 16, 8}, {12, 2, 28, 4}, {14, 2, 32, 4}, // dev ino mode nlink uid gid
	{16, 4, 40, 8}, {20, 4, 48, 8}, {24, 4, 56, 8}, {28, 4, 64, 8}, // rdev size blksize blocks
	{32, 4, 72, 8}, {36, 4, 80, 8}, {40, 4, 88, 8}, {44, 4, 96, 8}, {48, 4, 104, 8}, {52, 4, 112, 8}, // times
}

// stat64Fields are those of struct stat64 (arch/x86/include/asm/sys_ia32.h),
// which has no padding, and the inode's number twice.
var stat64Fields = fields{
	{0, 8, 0, 8},
	{12, 4, 8, 8},
	{16, 4, 24, 4},
	{20, 4, 16, 8},
	{24, 4, 28, 4},
	{28, 4, 32, 4},
	{32, 8, 40, 8},
	{44, 8, 48, 8},
	{52, 4, 56, 8},
	{56, 8, 64, 8},
	{64, 4, 72, 8},
	{68, 4, 80, 8},
	{72, 4, 88, 8},
	{76, 4, 96, 8},
	{80, 4, 104, 8},
	{84, 4, 112, 8},
	{88, 8, 8, 8},
}

// in widens. Of a field that is there twice the last one counts.
func (f fields) in(_ *call32, n, b []byte) {
	for _, x := range f {
		clear(b[x[2] : x[2]+x[3]])
		copy(b[x[2]:], n[x[0]:x[0]+x[1]])
	}
}

func (f fields) out(_ *call32, b, n []byte) unix.Errno {
	clear(n)
	for _, x := range f {
		copy(n[x[0]:x[0]+x[1]], b[x[2]:])
	}
	return 0
}

// statOut narrows what fits (cp_compat_stat in fs/stat.c).
func statOut(x *call32, b, n []byte) unix.Errno {
	if le.Uint64(b[48:]) > 1<<31-1 || le.Uint64(b[8:])>>32 != 0 || le.Uint64(b[16:]) > 0xffff {
		return unix.EOVERFLOW
	}
	statFields.out(x, b, n)
	le.PutUint16(n[12:], narrowID(le.Uint32(b[28:])))
	le.PutUint16(n[14:], narrowID(le.Uint32(b[32:])))
	return 0
}

func narrowID(id uint32) uint16 {
	if id > 0xffff {
		return 0xfffe
	}
	return uint16(id)
}

// The words of struct statfs: type, bsize, five counts, an id of two ints,
// namelen, frsize, flags, spare.
func statfsIn(_ *call32, n, b []byte) {
	for i, at := range [...]int{0, 4, 8, 12, 16, 20, 24} {
		le.PutUint64(b[8*i:], uint64(le.Uint32(n[at:])))
	}
	copy(b[56:64], n[28:36])
	for i := range 3 {
		le.PutUint64(b[64+8*i:], uint64(le.Uint32(n[36+4*i:])))
	}
}

func statfsOut(_ *call32, b, n []byte) unix.Errno {
	for i := range 7 {
		v := le.Uint64(b[8*i:])
		if v>>32 != 0 && v != 1<<64-1 {
			return unix.EOVERFLOW
		}
		le.PutUint32(n[4*i:], uint32(v))
	}
	copy(n[28:36], b[56:64])
	for i := range 3 {
		le.PutUint32(n[36+4*i:], uint32(le.Uint64(b[64+8*i:])))
	}
	return 0
}

// struct compat_statfs64 has the counts in 64 bits.
func statfs64In(_ *call32, n, b []byte) {
	le.PutUint64(b, uint64(le.Uint32(n)))
	le.PutUint64(b[8:], uint64(le.Uint32(n[4:])))
	copy(b[16:64], n[8:56])
	for i := range 3 {
		le.PutUint64(b[64+8*i:], uint64(le.Uint32(n[56+4*i:])))
	}
}

func statfs64Out(_ *call32, b, n []byte) unix.Errno {
	le.PutUint32(n, uint32(le.Uint64(b)))
	le.PutUint32(n[4:], uint32(le.Uint64(b[8:])))
	copy(n[8:56], b[16:64])
	for i := range 3 {
		le.PutUint32(n[56+4*i:], uint32(le.Uint64(b[64+8*i:])))
	}
	return 0
}

func id16In(_ *call32, n, b []byte) {
	v := uint32(le.Uint16(n))
	if v == 0xffff {
		v = 0xffffffff
	}
	le.PutUint32(b, v)
}

func id16Out(_ *call32, b, n []byte) unix.Errno {
	le.PutUint16(n, narrowID(le.Uint32(b)))
	return 0
}

func fprogIn(_ *call32, n, b []byte) {
	copy(b[:2], n[:2])
	le.PutUint64(b[8:], uint64(le.Uint32(n[4:])))
}

// direntsOut shortens the entries of getdents(2): d_ino, d_off, d_reclen, the
// name, and the type in the last byte.
func direntsOut(b []byte) (out []byte) {
	const head64, head = 18, 10
	for len(b) >= head64 {
		l := int(le.Uint16(b[16:]))
		if l < head64+2 || l > len(b) {
			break
		}
		name := b[head64:l]
		for i, c := range name {
			if c == 0 {
				name = name[:i]
				break
			}
		}
		e := make([]byte, (head+len(name)+2+3)&^3)
		le.PutUint32(e, uint32(le.Uint64(b)))
		le.PutUint32(e[4:], uint32(le.Uint64(b[8:])))
		le.PutUint16(e[8:], uint16(len(e)))
		copy(e[head:], name)
		e[len(e)-1] = b[l-1]
		out = append(out, e...)
		b = b[l:]
	}
	return out
}
