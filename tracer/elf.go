package tracer

import (
	"io"

	"golang.org/x/sys/unix"
)

// Image is what matters of an ELF file to map it.
type Image struct {
	Type  uint16 // 2 EXEC, 3 DYN
	Entry uint64
	Phoff uint64
	Phnum uint16
	Loads []Load
	// Interp is PT_INTERP's string, "" for a static program.
	Interp string
	// I386 is set of a 32-bit file.
	I386 bool
}

// Load is one PT_LOAD header.
type Load struct {
	Off, Vaddr, Filesz, Memsz uint64
	Flags                     uint32
}

// Sizes of the ELF headers and program headers, and fields of theirs (elf(5)).
const (
	elfHeader  = 64
	elfPhent   = 56
	elfExec    = 2
	elfDyn     = 3
	elfMachine = 62 // EM_X86_64

	elfHeader32, elfPhent32, elfMachine32 = 52, 32, 3 // EM_386

	ptLoad   = 1
	ptInterp = 3
	maxPhdrs = 65536 // bytes of program headers, the kernel's own limit
	pageSize = 4096
	userTop  = 1 << 47
)

// ParseELF reads the headers of a program, or of an interpreter, with the
// errors that the kernel's own loader gives (fs/binfmt_elf.c): ENOEXEC for
// what is not an ELF file of this machine, EINVAL or EIO for a broken one.
// The file may be hostile.
func ParseELF(f io.ReaderAt) (*Image, unix.Errno) {
	var h [elfHeader]byte
	if n, _ := f.ReadAt(h[:], 0); n < elfHeader32 {
		return nil, unix.ENOEXEC
	}
	m, size := imageOf(&h)
	if m == nil || m.Type != elfExec && m.Type != elfDyn {
		return nil, unix.ENOEXEC
	}
	if m.Phnum == 0 || int(m.Phnum) > maxPhdrs/size || m.Phoff > 1<<40 {
		return nil, unix.ENOEXEC
	}
	ph := make([]byte, int(m.Phnum)*size)
	if n, _ := f.ReadAt(ph, int64(m.Phoff)); n < len(ph) {
		return nil, unix.ENOEXEC
	}
	for ; len(ph) > 0; ph = ph[size:] {
		l := m.load(ph)
		switch le.Uint32(ph) {
		case ptLoad:
			if l.Filesz > l.Memsz || l.Memsz > userTop || l.Vaddr > userTop || l.Off > 1<<62 || l.Off%pageSize != l.Vaddr%pageSize {
				return nil, unix.EINVAL
			}
			if k := len(m.Loads); k > 0 && l.Vaddr < m.Loads[k-1].Vaddr+m.Loads[k-1].Memsz {
				return nil, unix.EINVAL
			}
			m.Loads = append(m.Loads, l)
		case ptInterp:
			if m.Interp != "" {
				continue // the first one counts
			}
			if l.Filesz > pathMax || l.Filesz < 2 {
				return nil, unix.ENOEXEC
			}
			b := make([]byte, l.Filesz)
			if n, _ := f.ReadAt(b, int64(l.Off)); n < len(b) {
				return nil, unix.EIO
			}
			if b[len(b)-1] != 0 {
				return nil, unix.ENOEXEC
			}
			for i, c := range b {
				if c == 0 {
					b = b[:i]
					break
				}
			}
			m.Interp = string(b)
		}
	}
	if len(m.Loads) == 0 {
		return nil, unix.EINVAL
	}
	return m, 0
}

// imageOf takes an ELF header apart; size is that of a program header. It is nil
// if programs of the kind cannot run here.
func imageOf(h *[elfHeader]byte) (m *Image, size int) {
	machine, entsize := le.Uint16(h[18:]), 0
	switch {
	case string(h[:4]) != "\x7fELF" || h[5] != 1:
		return nil, 0
	case h[4] == 2 && machine == elfMachine:
		m = &Image{Entry: le.Uint64(h[24:]), Phoff: le.Uint64(h[32:]), Phnum: le.Uint16(h[56:])}
		size, entsize = elfPhent, int(le.Uint16(h[54:]))
	case h[4] == 1 && machine == elfMachine32 && HaveI386():
		m = &Image{Entry: uint64(le.Uint32(h[24:])), Phoff: uint64(le.Uint32(h[28:])), Phnum: le.Uint16(h[44:]), I386: true}
		size, entsize = elfPhent32, int(le.Uint16(h[42:]))
	default:
		return nil, 0
	}
	m.Type = le.Uint16(h[16:])
	if entsize != size {
		return nil, 0
	}
	return m, size
}

// load reads a program header.
func (m *Image) load(ph []byte) Load {
	if m.I386 {
		w := func(at int) uint64 { return uint64(le.Uint32(ph[at:])) }
		return Load{Flags: le.Uint32(ph[24:]), Off: w(4), Vaddr: w(8), Filesz: w(16), Memsz: w(20)}
	}
	return Load{
		Flags: le.Uint32(ph[4:]), Off: le.Uint64(ph[8:]), Vaddr: le.Uint64(ph[16:]),
		Filesz: le.Uint64(ph[32:]), Memsz: le.Uint64(ph[40:]),
	}
}

// phent is the size of a program header.
func (m *Image) phent() uint64 {
	if m.I386 {
		return elfPhent32
	}
	return elfPhent
}

// Span is the page-aligned start and length of the image's addresses.
func (m *Image) Span() (start, length uint64) {
	last := m.Loads[len(m.Loads)-1]
	start = m.Loads[0].Vaddr &^ (pageSize - 1)
	return start, pageUp(last.Vaddr+last.Memsz) - start
}

// LowEnough reports whether a fixed image would overlap the window.
func (m *Image) LowEnough() bool {
	start, _ := m.Span()
	return m.Type == elfExec && start < WindowEnd
}

// headerAddr is where the program headers lie once the image is mapped, for
// AT_PHDR, relative to the load bias.
func (m *Image) headerAddr() uint64 {
	for _, l := range m.Loads {
		if m.Phoff >= l.Off && m.Phoff < l.Off+l.Filesz {
			return m.Phoff - l.Off + l.Vaddr
		}
	}
	return 0
}

func pageUp(v uint64) uint64 { return (v + pageSize - 1) &^ (pageSize - 1) }

// prot turns segment flags into mmap's.
func (l Load) prot() uint64 {
	var p uint64
	if l.Flags&4 != 0 {
		p |= unix.PROT_READ
	}
	if l.Flags&2 != 0 {
		p |= unix.PROT_WRITE
	}
	if l.Flags&1 != 0 {
		p |= unix.PROT_EXEC
	}
	return p
}
