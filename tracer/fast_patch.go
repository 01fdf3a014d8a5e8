package tracer

import (
	"encoding/binary"
	"slices"
	"strconv"

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
const maxPattern = 12

// Instructions that say nothing about the registers.
var (
	loadR9  = [5]byte{0x4c, 0x8b, 0x4c, 0x24, 0x08} // mov 8(%rsp),%r9: syscall(3)
	saveR11 = [5]byte{0x4c, 0x89, 0x5c, 0x24, 0x08} // mov %r11,8(%rsp): __syscall_cp of musl
	// mov 8(%rsp),%r9; mov %rcx,%rdx: __syscall_cp_c of musl, statically linked.
	loadR9RDX = [8]byte{0x4c, 0x8b, 0x4c, 0x24, 0x08, 0x48, 0x89, 0xca}
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
	if [8]byte(b[len(b)-8:]) == loadR9RDX {
		return &pattern{8, false, false}
	}
	// musl: mov $nr,%eax and one or two moves between registers.
	loads := func(b []byte) bool {
		return b[1] == 0xb8 && b[0]&0xf0 != 0x40 && uint64(binary.LittleEndian.Uint32(b[2:])) == r.Orig_rax
	}
	n := len(b)
	_, last, ok := movesArg(b[n-3:])
	switch {
	case !ok:
	case loads(b[n-9:]):
		return &pattern{8, false, true}
	case loads(b[n-12:]):
		first, _, ok := movesArg(b[n-6:])
		// Done once more, both must do the same: what the first reads is not
		// what the second has written.
		if ok && first != last {
			return &pattern{6, false, true}
		}
	}
	return nil
}

// movesArg takes a `mov reg,reg` apart. It says whether that reads a register
// that a system call preserves and that is not the one it writes.
func movesArg(b []byte) (from, to byte, ok bool) {
	if b[0] != 0x48 && b[0] != 0x4c || b[1] != 0x89 || b[2] < 0xc0 {
		return 0, 0, false
	}
	from, to = b[2]>>3&7, b[2]&7
	if b[0]&4 != 0 {
		from += 8
	}
	// rax, rcx and r11 are lost; rax holds the number.
	return from, to, from != 0 && from != 1 && from != 11 && to != 0 && to != 1 && to != 4
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
	q, ok := tr.openMaps(t)
	if !ok {
		return nil
	}
	defer tr.closeMaps(q)
	v, ok := q.find(at)
	if !ok || !v.patchable() || at-maxPattern < v.start {
		return nil
	}
	if !m.haveStubs(q) {
		return nil
	}
	if !tr.patch(t, v, at, b, p) {
		return nil
	}
	tr.learn(v, at, b, p)
	return p
}

// learn remembers a site.
func (tr *Tracer) learn(v vma, at uint64, b [maxPattern]byte, p *pattern) {
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
}

// maxKnown bounds what is remembered of a file.
const maxKnown = 64

// apply patches the sites of a file that more than one process has used, once
// in each address space.
func (tr *Tracer) apply(t *Task, v vma) {
	first := t.mm.used
	p := tr.companions(t, v)
	p.write(tr, t, first)
}

// companions are known, the first time that they are asked for.
func (tr *Tracer) companions(t *Task, v vma) (p patches) {
	if m := t.mm; !slices.Contains(m.applied, v.file) {
		m.applied = append(m.applied, v.file)
		p = tr.known(t, v)
	}
	return p
}

// patch patches the site at, whose record exists, in the mapping v, and its
// companions. b are the bytes before it.
func (tr *Tracer) patch(t *Task, v vma, at uint64, b [maxPattern]byte, p *pattern) bool {
	first := t.mm.used
	ps := tr.companions(t, v)
	ps.add(t.mm, at, b, p)
	ps.write(tr, t, first)
	return t.mm.site(at).start != 0
}

// write makes the changes. first is how many stubs were taken before.
func (ps *patches) write(tr *Tracer, t *Task, first int) {
	if len(ps.sites) == 0 {
		return
	}
	w := openWriter(t)
	defer w.close()
	if !w.put(t.mm.stubs+uint64(first)*stubLen, ps.stubs) {
		t.mm.used = first
		return
	}
	ps.jumps(tr, t, w)
}

// known prepares the patches of those sites of the mapping v that are known
// and look as they did. It takes their stubs.
func (tr *Tracer) known(t *Task, v vma) patches {
	m := t.mm
	var p patches
	var cand []*knownSite
	var iov []unix.RemoteIovec
	const size = maxPattern + syscallLen
	for i := range tr.fast.known[v.file] {
		k := &tr.fast.known[v.file][i]
		at := v.start + k.off - v.offset
		if k.uses < 2 || k.off < v.offset+maxPattern || at+syscallLen > v.end || !k.p.single && m.refs > 1 || m.site(at) != nil {
			continue
		}
		cand = append(cand, k)
		iov = append(iov, unix.RemoteIovec{Base: uintptr(at - maxPattern), Len: size})
	}
	if len(cand) == 0 {
		return p
	}
	now := make([]byte, size*len(cand))
	local := []unix.Iovec{{Base: &now[0], Len: uint64(len(now))}}
	if n, err := unix.ProcessVMReadv(t.Tid, local, iov, 0); err != nil || n != len(now) {
		return p
	}
	for i, k := range cand {
		b := now[i*size:][:size]
		if [maxPattern]byte(b) == k.bytes && b[maxPattern] == 0x0f && b[maxPattern+1] == 0x05 {
			at := uint64(iov[i].Base) + maxPattern
			m.sites = append(m.sites, site{at: at})
			p.add(m, at, k.bytes, &k.p)
		}
	}
	return p
}

// stubLen is the room that a stub takes.
const stubLen = 32

// patches are changes of an address space that are to be made together.
type patches struct {
	stubs []byte // lie together, from the first stub that was free
	sites []patchSite
}

type patchSite struct {
	at, stub uint64
	before   [maxPattern]byte
	size     int
}

// add takes a stub for the site at:
//
//	the instruction itself
//	lea  site(%rip), %r11
//	mov  $entry, %ecx
//	jmp  *%rcx
func (ps *patches) add(m *mm, at uint64, b [maxPattern]byte, p *pattern) bool {
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
	m.used++
	ps.stubs = append(ps.stubs, s...)
	ps.sites = append(ps.sites, patchSite{at, stub, b, p.size})
	return true
}

// jumps makes the instructions before the sites jump to their stubs. It reports
// how many of them do.
func (ps *patches) jumps(tr *Tracer, t *Task, w writer) int {
	n := 0
	for i := range ps.sites {
		if ps.sites[i].jump(t.mm, w) {
			n++
		}
	}
	tr.stats.Patched += uint64(n)
	return n
}

func (p *patchSite) jump(m *mm, w writer) bool {
	start := p.at - uint64(p.size)
	jump := binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(int64(p.stub)-int64(start+5)))
	for len(jump) < p.size {
		jump = append(jump, 0x90)
	}
	old := p.before[maxPattern-p.size:]
	rec := m.site(p.at)
	rec.start, rec.stub = start, p.stub
	if m.refs > 1 {
		// Threads may run here: they meet the old instruction, a trap from
		// which they are sent back, or the jump, and no mixture.
		if !w.put(start, []byte{0xcc}) || !w.put(start+1, jump[1:]) {
			w.put(start, old)
			rec.start = 0
			return false
		}
		if w.put(start, jump[:1]) {
			return true
		}
	} else if p.poke(w.tid, jump) {
		return true
	}
	rec.start = 0
	return false
}

// mend writes the jump of a site where a trap has stayed. It is one instruction:
// others are patched only where there is one thread.
func (s *site) mend(t *Task) {
	jump := binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(int64(s.stub)-int64(s.start+5)))
	w := openWriter(t)
	defer w.close()
	if s.at-s.start == uint64(len(jump)) && w.put(s.start+1, jump[1:]) {
		w.put(s.start, jump[:1])
	}
}

// poke writes the jump in one request: with what is known around it, it fills a
// word.
func (p *patchSite) poke(tid int, jump []byte) bool {
	b := append(p.before[:maxPattern-p.size:maxPattern-p.size], jump...)
	b = append(b, 0x0f, 0x05)
	from := min(maxPattern-p.size, len(b)-8)
	word := binary.LittleEndian.Uint64(b[from:])
	return ptrace.PokeData(tid, p.at-maxPattern+uint64(from), word) == 0
}

// writer writes where the guest itself may not: a private copy of the page is
// made (ptrace(2), PTRACE_POKETEXT). /proc/PID/mem does the same for more than
// a word at a time, where the host has not forbidden that (Linux 6.12,
// proc_mem.force_override).
type writer struct{ tid, fd int }

func openWriter(t *Task) writer {
	fd, err := unix.Open("/proc/"+strconv.Itoa(t.Tid)+"/mem", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		fd = -1
	}
	return writer{t.Tid, fd}
}

func (w writer) close() {
	if w.fd >= 0 {
		unix.Close(w.fd)
	}
}

func (w writer) put(at uint64, b []byte) bool {
	if w.fd >= 0 {
		if n, err := unix.Pwrite(w.fd, b, int64(at)); err == nil && n == len(b) {
			return true
		}
	}
	n, e := peekMem{}.write(w.tid, at, b)
	return e == 0 && n == len(b)
}
