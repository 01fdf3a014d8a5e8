package tracer

import (
	"encoding/binary"
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
	// Bits is 64, or 32 for a program of i386.
	Bits int
	// Interp is PT_INTERP's string, "" for a static program.
	Interp string
}

// Load is one PT_LOAD header.
type Load struct {
	Off, Vaddr, Filesz, Memsz uint64
	Flags                     uint32
}

// Fields of the ELF header and program headers (elf(5)), 64-bit where it does
// not say otherwise.
const (
	elfHeader  = 64
	elfPhent   = 56
	elfExec    = 2
	elfDyn     = 3
	elfMachine = 62 // EM_X86_64

	elfMachine32 = 3  // EM_386
	elfPhent32   = 32 // Elf32_Phdr
	ptLoad       = 1
	ptInterp     = 3
	maxPhnum     = 65536 / elfPhent // the kernel's own limit
	pageSize     = 4096
	userTop      = 1 << 47
)

// ParseELF reads the headers of a program, or of an interpreter, with the
// errors that the kernel's own loader gives (fs/binfmt_elf.c): ENOEXEC for
// what is not an ELF file of this machine, EINVAL or EIO for a broken one.
// The file may be hostile.
func ParseELF(f io.ReaderAt) (*Image, unix.Errno) {
	var h [elfHeader]byte
	if n, _ := f.ReadAt(h[:], 0); n < len(h) {
		return nil, unix.ENOEXEC
	}
	le := binary.LittleEndian
	if string(h[:4]) != "\x7fELF" || h[4] != 2 && h[4] != 1 || h[5] != 1 {
		return nil, unix.ENOEXEC
	}
	m := &Image{Type: le.Uint16(h[16:]), Bits: 32 * int(h[4])}
	machine, phent := uint16(elfMachine), uint16(elfPhent)
	if m.Bits == 32 {
		machine, phent = elfMachine32, elfPhent32
		m.Entry, m.Phoff, m.Phnum = uint64(le.Uint32(h[24:])), uint64(le.Uint32(h[28:])), le.Uint16(h[44:])
		if le.Uint16(h[42:]) != phent {
			return nil, unix.ENOEXEC
		}
	} else {
		m.Entry, m.Phoff, m.Phnum = le.Uint64(h[24:]), le.Uint64(h[32:]), le.Uint16(h[56:])
		if le.Uint16(h[54:]) != phent {
			return nil, unix.ENOEXEC
		}
	}
	if m.Type != elfExec && m.Type != elfDyn || le.Uint16(h[18:]) != machine {
		return nil, unix.ENOEXEC
	}
	if m.Phnum == 0 || m.Phnum > maxPhnum || m.Phoff > 1<<40 {
		return nil, unix.ENOEXEC
	}
	ph := make([]byte, int(m.Phnum)*int(phent))
	if n, _ := f.ReadAt(ph, int64(m.Phoff)); n < len(ph) {
		return nil, unix.ENOEXEC
	}
	for ; len(ph) > 0; ph = ph[phent:] {
		l := loadOf(m.Bits, ph)
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

// loadOf reads a program header.
func loadOf(bits int, ph []byte) Load {
	le := binary.LittleEndian
	if bits == 32 {
		word := func(at int) uint64 { return uint64(le.Uint32(ph[at:])) }
		return Load{Off: word(4), Vaddr: word(8), Filesz: word(16), Memsz: word(20), Flags: le.Uint32(ph[24:])}
	}
	return Load{
		Flags: le.Uint32(ph[4:]), Off: le.Uint64(ph[8:]), Vaddr: le.Uint64(ph[16:]),
		Filesz: le.Uint64(ph[32:]), Memsz: le.Uint64(ph[40:]),
	}
}

// phent is the size of a program header.
func (m *Image) phent() uint64 {
	if m.Bits == 32 {
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
