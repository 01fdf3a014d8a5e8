package tracer

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// The stub program is what the kernel execs when it could not exec the real
// one, because the host has nothing at the path of its interpreter. It never
// runs an instruction of its own: the boot code maps the real program and its
// interpreter, and unmaps the stub.

// stubImage describes the stub's only segment.
var stubImage = &Image{Type: elfDyn, Loads: []Load{{Filesz: stubFileSize, Memsz: stubFileSize, Flags: 5}}}

const (
	stubFileSize = 256
	stubEntry    = 192
)

// stubFile is a position independent ELF program with one segment and a
// stack that is not executable.
func stubFile() []byte {
	b := make([]byte, stubFileSize)
	le := binary.LittleEndian
	copy(b, "\x7fELF\x02\x01\x01")
	le.PutUint16(b[16:], elfDyn)
	le.PutUint16(b[18:], elfMachine)
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[24:], stubEntry)
	le.PutUint64(b[32:], elfHeader)
	le.PutUint16(b[52:], elfHeader)
	le.PutUint16(b[54:], elfPhent)
	le.PutUint16(b[56:], 2)
	ph := b[elfHeader:]
	le.PutUint32(ph, ptLoad)
	le.PutUint32(ph[4:], 5)
	le.PutUint64(ph[32:], stubFileSize)
	le.PutUint64(ph[40:], stubFileSize)
	le.PutUint64(ph[48:], pageSize)
	ph = ph[elfPhent:]
	le.PutUint32(ph, 0x6474e551) // PT_GNU_STACK
	le.PutUint32(ph[4:], 6)
	le.PutUint64(ph[48:], 16)
	for i := stubEntry; i < len(b); i++ {
		b[i] = 0xcc
	}
	return b
}

// newStubFile returns a descriptor of the stub program that no writer shares,
// so that the kernel will exec it.
func newStubFile(name string, program []byte) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, program); err != nil {
		return -1, err
	}
	seals := unix.F_SEAL_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return -1, fmt.Errorf("sealing the stub program: %w", err)
	}
	return unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// StubPath is a path by which the kernel execs the stub program for m, of at
// least n bytes (see ExecPlan.Path).
func (c *Call) StubPath(m *Image, n int) string {
	p := c.tr.stubName(m.I386)
	return strings.Repeat("/", max(0, n-len(p))) + p
}
