package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// In a view with a distribution of its own, nearly every program has its
// interpreter, which the kernel does not find: the boot code maps it. Guests
// have it open from the start, so that no path is walked for that, and it is
// patched before the program's first instruction, as the host's own is
// (patchEarly): two stops less an exec.

// reserve says by which number guests have the file.
func (k *HeldInterp) reserve(fd int) {
	var st unix.Stat_t
	if unix.Fstat(k.FD, &st) != nil {
		return
	}
	k.guest, k.file = fd, fileID{unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino}
}

// heldPlan is how the boot code maps and patches it.
type heldPlan struct {
	fd    int
	base  uint64
	texts []textPages // segments that are written to
	jumps []heldJump
}

type textPages struct{ start, end uint64 }

type heldJump struct {
	at   uint64
	code []byte
}

// heldBelow is how far below the host's interpreter the file is mapped: the
// vdso lies in between.
const heldBelow = 256 << 10

// patchHeld plans that, and returns the stubs, as patchEarly does.
func (tr *Tracer) patchHeld(t *Task, b *boot) []byte {
	k, m := tr.cfg.Interp, t.mm
	if k == nil || k.guest == 0 || k.Image.Type != elfDyn || m.stubs < WindowEnd {
		return nil
	}
	q, ok := tr.openMaps(t)
	if !ok {
		return nil
	}
	defer tr.closeMaps(q)
	start, length := k.Image.Span()
	v, ok := q.find(b.regs.Rip)
	base := v.start - v.offset - length - heldBelow
	if !ok || v.offset > v.start || !q.free(base, length) {
		return nil
	}
	b.held = &heldPlan{fd: k.guest, base: base}
	m.stubs = base - stubsBelow
	if m.mdwe || !tr.writableText() || !q.free(m.stubs, fastpath.StubsSize) {
		return nil
	}
	var p patches
	for _, l := range k.Image.Loads {
		if l.Flags&1 == 0 || l.Flags&2 != 0 {
			continue
		}
		at, n := base+l.Vaddr-start, len(p.sites)
		tr.knownHeld(m, vma{start: at, end: at + l.Filesz, offset: l.Off, file: k.file}, &p)
		if len(p.sites) > n {
			b.held.texts = append(b.held.texts, textPages{at &^ (pageSize - 1), pageUp(at + l.Filesz)})
		}
	}
	if len(p.sites) == 0 {
		return nil
	}
	b.held.take(m, &p)
	tr.stats.Patched += uint64(len(p.sites))
	m.applied = append(m.applied, k.file)
	m.checked = true
	return p.stubs
}

// knownHeld is known for the held file, which is mapped nowhere yet.
func (tr *Tracer) knownHeld(m *mm, v vma, p *patches) {
	for i := range tr.fast.known[v.file] {
		k := &tr.fast.known[v.file][i]
		at := v.start + k.off - v.offset
		if k.uses < 2 || k.off < v.offset+maxPattern || at+syscallLen > v.end {
			continue
		}
		var b [maxPattern + syscallLen]byte
		if n, err := unix.Pread(tr.cfg.Interp.FD, b[:], int64(k.off-maxPattern)); err != nil || n != len(b) {
			continue
		}
		if [maxPattern]byte(b[:maxPattern]) == k.bytes && b[maxPattern] == 0x0f && b[maxPattern+1] == 0x05 {
			m.sites = append(m.sites, site{at: at})
			p.add(m, at, k.bytes, &k.p)
		}
	}
}

// take notes what is to be written, and that it has been.
func (h *heldPlan) take(m *mm, p *patches) {
	for i := range p.sites {
		s := &p.sites[i]
		start := s.at - uint64(s.size)
		jump := binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(int64(s.stub)-int64(start+5)))
		for len(jump) < s.size {
			jump = append(jump, 0x90)
		}
		h.jumps = append(h.jumps, heldJump{start, jump})
		if rec := m.site(s.at); rec != nil {
			rec.start, rec.stub = start, s.stub
		}
	}
}

// patch adds the operations that write the jumps. Their bytes lie among the
// strings. Whole segments change their protection, so that the kernel does not
// split them.
func (h *heldPlan) patch(o *ops, strs []byte) []byte {
	protect := func(prot uint64) {
		for _, x := range h.texts {
			o.add(unix.SYS_MPROTECT, 0, x.start, x.end-x.start, prot)
		}
	}
	protect(unix.PROT_READ | unix.PROT_WRITE)
	for _, j := range h.jumps {
		o.add(opCopy, 0, j.at, strBase|uint64(len(strs)), uint64(len(j.code)))
		strs = append(strs, j.code...)
	}
	protect(unix.PROT_READ | unix.PROT_EXEC)
	return strs
}

// writableText says whether a private mapping of a file may be written to and
// then executed: SELinux may forbid that (execmod), which would end every
// program.
func (tr *Tracer) writableText() bool {
	if tr.fast.text == 0 {
		tr.fast.text = -1
		if tryText(tr.cfg.Interp.FD) {
			tr.fast.text = 1
		}
	}
	return tr.fast.text > 0
}

func tryText(fd int) bool {
	b, err := unix.Mmap(fd, 0, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return false
	}
	defer unix.Munmap(b)
	b[0] = 0x7f //nolint:gocritic // makes it a page of ours
	return unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC) == nil
}
