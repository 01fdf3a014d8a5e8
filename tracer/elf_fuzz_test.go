package tracer

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// What ParseELF lets through can be mapped without a second thought.
func FuzzParseELF(f *testing.F) {
	exe, err := os.Executable()
	if err != nil {
		f.Fatal(err)
	}
	file, err := os.Open(exe)
	if err != nil {
		f.Fatal(err)
	}
	head := make([]byte, 4096)
	_, err = file.ReadAt(head, 0)
	file.Close()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head)
	f.Add(head[:64])
	interp := bytes.Clone(head[:256])
	binary.LittleEndian.PutUint32(interp[64:], ptInterp)
	binary.LittleEndian.PutUint16(interp[56:], 2)
	binary.LittleEndian.PutUint64(interp[64+32:], 8)
	f.Add(interp)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, e := ParseELF(bytes.NewReader(b))
		if e != 0 {
			if m != nil {
				t.Error("both an image and an error")
			}
			return
		}
		if len(m.Loads) == 0 || strings.IndexByte(m.Interp, 0) >= 0 || len(m.Interp) >= pathMax {
			t.Errorf("%+v", m)
		}
		end := uint64(0)
		for _, l := range m.Loads {
			if l.Vaddr < end || l.Memsz < l.Filesz || l.Vaddr+l.Memsz < l.Vaddr || l.Off+l.Filesz < l.Off {
				t.Errorf("%+v after %#x", l, end)
			}
			end = l.Vaddr + l.Memsz
		}
		start, length := m.Span()
		if start%pageSize != 0 || length%pageSize != 0 || start > m.Loads[0].Vaddr || start+length < end {
			t.Errorf("span %#x %#x of %+v", start, length, m.Loads)
		}
		m.LowEnough()
		m.headerAddr()
	})
}
