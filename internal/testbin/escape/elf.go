package main

import (
	"encoding/binary"
	"os"
)

// program is a static x86-64 program that exits with code, loaded at base. An
// interpreter is named if interp is not empty.
func program(base uint64, code byte, interp string) []byte {
	le := binary.LittleEndian
	n := 1
	if interp != "" {
		n = 2
	}
	text := []byte{0xbf, code, 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05} // exit_group(code)
	at := 64 + n*56
	all := at + len(text) + len(interp) + 1
	b := append([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, make([]byte, 9)...)
	b = le.AppendUint16(b, 2)  // ET_EXEC
	b = le.AppendUint16(b, 62) // EM_X86_64
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, base+uint64(at))
	b = le.AppendUint64(b, 64)
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 0)
	for _, v := range []int{64, 56, n, 64, 0, 0} {
		b = le.AppendUint16(b, uint16(v))
	}
	head := func(kind, flags uint32, off, size int) {
		b = le.AppendUint32(b, kind)
		b = le.AppendUint32(b, flags)
		b = le.AppendUint64(b, uint64(off))
		b = le.AppendUint64(b, base+uint64(off))
		b = le.AppendUint64(b, base+uint64(off))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, uint64(size))
		b = le.AppendUint64(b, page)
	}
	if interp != "" {
		head(3, 4, at+len(text), len(interp)+1) // PT_INTERP
	}
	head(1, 5, 0, all) // PT_LOAD
	return append(append(append(b, text...), interp...), 0)
}

// writeProgram makes an executable file of it.
func writeProgram(path string, b []byte) error { return os.WriteFile(path, b, 0o755) }
