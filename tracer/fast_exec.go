package tracer

import (
	"bytes"
	"debug/elf"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
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
	q, ok := openMaps(t.Tid)
	if !ok {
		return
	}
	defer q.close()
	v, ok := q.find(ip)
	if !ok || !v.patchable() || !m.haveStubs(q) {
		return
	}
	if _, ok := tr.fast.goBin[v.file]; !ok {
		sites := goSites(t.Tid, v.file.ino)
		tr.fast.goBin[v.file] = sites
		for _, off := range sites {
			tr.fast.known[v.file] = append(tr.fast.known[v.file], knownSite{
				off: off, bytes: goArgs, p: pattern{6, false, false}, uses: 2,
			})
		}
	}
	tr.apply(t, v)
}

// goSites returns the places in the file of t's program, if that is the inode
// ino and written in Go, where Syscall6 enters the kernel.
func goSites(tid int, ino uint64) []uint64 {
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
			_, _ = p.ReadAt(b, 0) // what is short does not match
			isGo = isGo || bytes.Contains(b, []byte("Go\x00\x00"))
		}
	}
	if !isGo {
		return nil
	}
	var sites []uint64
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
			sites = append(sites, p.Off+uint64(at))
		}
	}
	return sites
}
