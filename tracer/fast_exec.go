package tracer

import (
	"bytes"
	"debug/elf"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// patchAtExec patches what is known of the program, or of the interpreter,
// that t is about to start. It has one thread now: Go's Syscall6, where two
// instructions must go, can be patched at no other time.
func (tr *Tracer) patchAtExec(t *Task) {
	m := t.mm
	ip := uint64(0)
	if b := t.boot; b != nil {
		ip = b.regs.Rip
	}
	if ip == 0 || m.refs > 1 || m.stubs == 0 {
		return
	}
	q, ok := tr.openMaps(t)
	if !ok {
		return
	}
	defer tr.closeMaps(q)
	v, ok := q.find(ip)
	if !ok || !v.patchable() || !m.haveStubs(q) {
		return
	}
	tr.findGo(t, v)
	tr.apply(t, v)
}

// patchEarly does the same before the boot code has mapped the stubs, where no
// stop will come after it. It returns the stubs, which the boot code is to put
// into their place; nil means that nothing was patched.
func (tr *Tracer) patchEarly(t *Task, b *boot) []byte {
	m := t.mm
	if b.start == nil || m.stubs < WindowEnd || m.mdwe {
		return nil
	}
	q, ok := tr.openMaps(t)
	if !ok {
		return nil
	}
	defer tr.closeMaps(q)
	v, ok := q.find(b.regs.Rip)
	if !ok || !v.patchable() || !q.free(m.stubs, fastpath.StubsSize) {
		return nil
	}
	tr.findGo(t, v)
	p := tr.known(t, v)
	if len(p.sites) == 0 {
		return nil
	}
	p.jumps(tr, t, writer{t.Tid, -1})
	m.applied = append(m.applied, v.file)
	m.checked = true
	return p.stubs
}

// findGo looks for Go's Syscall6 in a program that is met for the first time.
func (tr *Tracer) findGo(t *Task, v vma) {
	if !tr.fast.goBin[v.file] {
		tr.fast.goBin[v.file] = true
		tr.fast.known[v.file] = append(tr.fast.known[v.file], goSites(t.Tid, v.file.ino)...)
	}
}

// goSites returns the places in the file of t's program, if that is the inode
// ino and written in Go, where Syscall6 enters the kernel.
func goSites(tid int, ino uint64) []knownSite {
	f, err := os.Open("/proc/" + strconv.Itoa(tid) + "/exe")
	if err != nil {
		return nil
	}
	defer f.Close()
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil || st.Ino != ino {
		return nil // the interpreter's file
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return nil
	}
	isGo := false
	for _, p := range e.Progs {
		if p.Type == elf.PT_NOTE && p.Filesz < 1<<12 {
			b := make([]byte, p.Filesz)
			n, _ := p.ReadAt(b, 0)
			b = b[:n]
			isGo = isGo || bytes.Contains(b, []byte("Go\x00\x00"))
		}
	}
	if !isGo {
		return nil
	}
	var sites []knownSite
	want := append(goArgs[:], 0x0f, 0x05)
	for _, p := range e.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X == 0 || p.Filesz > 1<<28 {
			continue
		}
		b := make([]byte, p.Filesz)
		if _, err := p.ReadAt(b, 0); err != nil {
			continue
		}
		for at := 0; len(sites) < 8; {
			i := bytes.Index(b[at:], want)
			if i < 0 {
				break
			}
			at += i + len(goArgs)
			if at >= maxPattern {
				sites = append(sites, knownSite{off: p.Off + uint64(at), bytes: [maxPattern]byte(b[at-maxPattern:]), p: pattern{6, false, false}, uses: 2})
			}
		}
	}
	return sites
}
