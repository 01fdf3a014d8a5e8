package tracer

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// 32-bit programs. The boot code is of 64 bits, and runs in them as well: only
// the code segment says which of both an instruction is of. It maps what is
// missing, and the tracer sends the program where it is to start.

// entry32 is where a program starts whose interpreter the boot code has mapped.
type entry32 struct {
	image *Image
	base  uint64 // where AT_BASE lies
}

// apply sets it in b.regs; at is where the image was put.
func (n *entry32) apply(t *Task, tr *Tracer, b *boot, at uint64) unix.Errno {
	b.regs.Rip = n.image.Entry
	if n.image.Type != elfDyn {
		return 0
	}
	start, _ := n.image.Span()
	b.regs.Rip += at - start
	if n.base == 0 {
		return 0
	}
	return t.writeLong(tr, n.base, at-start, true)
}

// Where programs that the kernel could not load end: below the heap, which
// starts here or higher, at one of lowRandom pages.
const (
	lowPrograms = 0x56555000
	lowRandom   = 1 << 12
)

// writeLong writes a word of the program's own size.
func (t *Task) writeLong(tr *Tracer, at, v uint64, i386 bool) unix.Errno {
	b := le.AppendUint64(nil, v)
	if i386 {
		b = b[:4]
	}
	return t.write(tr, at, b)
}

// stubFile32 is stubFile for a 32-bit program.
func stubFile32() []byte {
	b := make([]byte, stubFileSize)
	copy(b, "\x7fELF\x01\x01\x01")
	le.PutUint16(b[16:], elfDyn)
	le.PutUint16(b[18:], elfMachine32)
	le.PutUint32(b[20:], 1)
	le.PutUint32(b[24:], stubEntry)
	le.PutUint32(b[28:], elfHeader32)
	le.PutUint16(b[40:], elfHeader32)
	le.PutUint16(b[42:], elfPhent32)
	le.PutUint16(b[44:], 2)
	for i, w := range [][8]uint32{
		{ptLoad, 0, 0, 0, stubFileSize, stubFileSize, 5, pageSize},
		{0x6474e551, 0, 0, 0, 0, 0, 6, 16}, // PT_GNU_STACK
	} {
		for k, v := range w {
			le.PutUint32(b[elfHeader32+elfPhent32*i+4*k:], v)
		}
	}
	for i := stubEntry; i < len(b); i++ {
		b[i] = 0xcc
	}
	return b
}

// newStub32 makes the stub program for 32-bit programs, whose descriptor is the
// last of the reserved ones.
func (tr *Tracer) newStub32() (err error) {
	if !tr.policy.I386 {
		return nil
	}
	if tr.stub32, err = newStubFile("ptbox-stub32", stubFile32()); err == nil {
		tr.policy.Reserved++
	}
	return err
}

// stubName is the path of the stub program in guests.
func (tr *Tracer) stubName(i386 bool) string {
	fd := tr.cfg.WindowFD + 1
	if i386 {
		fd = tr.policy.lastFD() - 1
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd)
}
