package tracer

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// pattern is what may stand before a `syscall` and be replaced by a jump.
type pattern struct {
	size int
	// single: it is one instruction, so that no thread can stand inside it,
	// and other threads may run while it is replaced.
	single bool
	// redo: it can be executed once more after the `syscall`, which has
	// overwritten rcx and r11.
	redo bool
}

// maxPattern is the most bytes that are looked at before a `syscall`.
const maxPattern = 9

// Instructions that say nothing about the registers.
var (
	loadR9  = [5]byte{0x4c, 0x8b, 0x4c, 0x24, 0x08} // mov 8(%rsp),%r9: syscall(3)
	saveR11 = [5]byte{0x4c, 0x89, 0x5c, 0x24, 0x08} // mov %r11,8(%rsp): __syscall_cp of musl
	// mov %rdi,%rdx; mov %rcx,%rsi; mov %rbx,%rdi: Syscall6 of Go, of which
	// the last two are replaced.
	goArgs = [9]byte{0x48, 0x89, 0xfa, 0x48, 0x89, 0xce, 0x48, 0x89, 0xdf}
)

// match recognises the instruction before a `syscall` that is being made with
// the registers r; b are the bytes before it. An immediate that equals the
// register it would have been loaded into is no accident.
func match(b []byte, r *unix.PtraceRegs) *pattern {
	last5 := [5]byte(b[len(b)-5:])
	before := b[len(b)-6]
	rex := before&0xf0 == 0x40
	switch {
	case last5 == loadR9:
		return &pattern{5, true, true}
	case last5 == saveR11:
		return &pattern{5, true, false}
	case rex:
	case last5[0]&^7 == 0xb8:
		var v uint64
		switch last5[0] {
		case 0xb8:
			v = r.Orig_rax
		case 0xba:
			v = r.Rdx
		case 0xbe:
			v = r.Rsi
		case 0xbf:
			v = r.Rdi
		default:
			return nil
		}
		if uint64(binary.LittleEndian.Uint32(last5[1:])) == v {
			return &pattern{5, true, true}
		}
	}
	if [9]byte(b[len(b)-9:]) == goArgs {
		return &pattern{6, false, false}
	}
	// musl: mov $nr,%eax and a move between registers.
	if n := len(b); b[n-8] == 0xb8 && b[n-9]&0xf0 != 0x40 && (b[n-3] == 0x48 || b[n-3] == 0x4c) && b[n-2] == 0x89 && b[n-1] >= 0xc0 &&
		uint64(binary.LittleEndian.Uint32(b[n-7:])) == r.Orig_rax && movesArg(b[n-3:]) {
		return &pattern{8, false, true}
	}
	return nil
}

// movesArg says whether a `mov reg,reg` reads a register that a system call
// preserves and that is not the one it writes.
func movesArg(b []byte) bool {
	from, to := b[2]>>3&7, b[2]&7
	if b[0]&4 != 0 {
		from += 8
	}
	// rax, rcx and r11 are lost; rax holds the number.
	return from != 0 && from != 1 && from != 11 && to != 0 && to != 1 && to != 4
}

// haveStubs makes sure that what lies where the stubs go is ours: the boot code
// may have found the place taken.
func (m *mm) haveStubs(q *maps) bool {
	if m.checked || m.stubs == 0 {
		return m.stubs != 0
	}
	v, ok := q.find(m.stubs)
	if !ok || v.start > m.stubs || v.end < m.stubs+fastpath.StubsSize || v.file != (fileID{}) || !v.exec || v.writable || v.shared {
		m.stubs = 0
		return false
	}
	m.checked = true
	return true
}

// knownSite is a place in a file where a site was patched before.
type knownSite struct {
	off   uint64 // of the syscall instruction, in the file
	bytes [maxPattern]byte
	p     pattern
	uses  int
}

// patchFirst patches the site at, if it can be done safely, and with it those
// of the same file that other processes have used. It returns how at was
// patched, or nil.
func (tr *Tracer) patchFirst(c *Call, at uint64) *pattern {
	t, m := c.Task, c.Task.mm
	m.sites = append(m.sites, site{at: at})
	if m.stubs == 0 || at < WindowEnd {
		return nil
	}
	var b [maxPattern]byte
	if t.read(tr, at-maxPattern, b[:]) != 0 {
		return nil
	}
	p := match(b[:], &c.orig)
	if p == nil || !p.single && m.refs > 1 {
		return nil
	}
	q, ok := openMaps(t.Tid)
	if !ok {
		return nil
	}
	defer q.close()
	v, ok := q.find(at)
	if !ok || !v.patchable() || at-maxPattern < v.start {
		return nil
	}
	if !m.haveStubs(q) {
		return nil
	}
	if !tr.patch(t, at, b[:], p) {
		return nil
	}
	tr.learn(t, v, at, b, p)
	return p
}

// learn remembers a site and patches its known companions.
func (tr *Tracer) learn(t *Task, v vma, at uint64, b [maxPattern]byte, p *pattern) {
	off := at - v.start + v.offset
	known := tr.fast.known[v.file]
	found := false
	for i := range known {
		if known[i].off == off {
			known[i].uses++
			found = true
		}
	}
	if !found && len(known) < maxKnown {
		tr.fast.known[v.file] = append(known, knownSite{off: off, bytes: b, p: *p, uses: 1})
	}
	tr.apply(t, v)
}

// maxKnown bounds what is remembered of a file.
const maxKnown = 64

// apply patches the sites of a file that more than one process has used, once
// in each address space.
func (tr *Tracer) apply(t *Task, v vma) {
	m := t.mm
	if slices.Contains(m.applied, v.file) {
		return
	}
	m.applied = append(m.applied, v.file)
	for i := range tr.fast.known[v.file] {
		k := &tr.fast.known[v.file][i]
		at := v.start + k.off - v.offset
		if k.uses < 2 || k.off < v.offset+maxPattern || at+syscallLen > v.end || !k.p.single && m.refs > 1 || m.site(at) != nil {
			continue
		}
		var now [maxPattern + syscallLen]byte
		if t.read(tr, at-maxPattern, now[:]) != 0 || [maxPattern]byte(now[:]) != k.bytes || now[maxPattern] != 0x0f || now[maxPattern+1] != 0x05 {
			continue
		}
		m.sites = append(m.sites, site{at: at})
		tr.patch(t, at, k.bytes[:], &k.p)
	}
}

// stubLen is the room that a stub takes.
const stubLen = 32

// patch writes a stub for the site at and makes the instruction before it
// jump there:
//
//	the instruction itself
//	lea  site(%rip), %r11
//	mov  $entry, %ecx
//	jmp  *%rcx
//
// b are the bytes before the site. The site's record must exist.
func (tr *Tracer) patch(t *Task, at uint64, b []byte, p *pattern) bool {
	m := t.mm
	if m.used >= fastpath.StubsSize/stubLen {
		return false
	}
	stub := m.stubs + uint64(m.used)*stubLen
	start := at - uint64(p.size)
	dist := int64(stub) - int64(start+5)
	if dist != int64(int32(dist)) || int64(at)-int64(stub) != int64(int32(int64(at)-int64(stub))) {
		return false
	}
	le := binary.LittleEndian
	s := make([]byte, 0, stubLen)
	s = append(s, b[len(b)-p.size:]...)
	s = append(s, 0x4c, 0x8d, 0x1d)
	s = le.AppendUint32(s, uint32(at-(stub+uint64(len(s))+4)))
	s = append(s, 0xb9)
	s = le.AppendUint32(s, fastpath.SymEntry)
	s = append(s, 0xff, 0xe1)
	for len(s) < stubLen {
		s = append(s, 0xcc)
	}
	if !tr.poke(t, stub, s) {
		return false
	}
	m.used++
	jump := append([]byte{0xe9}, le.AppendUint32(nil, uint32(dist))...)
	for len(jump) < p.size {
		jump = append(jump, 0x90)
	}
	rec := m.site(at)
	rec.start, rec.stub = start, stub
	if m.refs > 1 {
		// Threads may run here: they meet the old instruction, a trap from
		// which they are sent back, or the jump, and no mixture.
		trap := append([]byte{0xcc}, b[len(b)-p.size+1:]...)
		if !tr.poke(t, start, trap[:1]) || !tr.poke(t, start+1, jump[1:]) {
			tr.poke(t, start, b[len(b)-p.size:])
			rec.start = 0
			return false
		}
		jump = jump[:1]
	}
	if !tr.poke(t, start, jump) {
		rec.start = 0
		return false
	}
	tr.stats.Patched++
	return true
}

// poke writes bytes where the guest itself may not: a private copy of the page
// is made (ptrace(2), PTRACE_POKETEXT).
func (tr *Tracer) poke(t *Task, at uint64, b []byte) bool {
	for len(b) > 0 {
		word := at &^ 7
		v, e := ptrace.PeekData(t.Tid, word)
		if e != 0 {
			return false
		}
		var w [8]byte
		binary.LittleEndian.PutUint64(w[:], v)
		n := copy(w[at-word:], b)
		if ptrace.PokeData(t.Tid, word, binary.LittleEndian.Uint64(w[:])) != 0 {
			return false
		}
		at, b = at+uint64(n), b[n:]
	}
	return true
}
