package tracer

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// memBackend reads and writes a stopped tracee's memory. A short count without
// an error means that the rest is not mapped.
type memBackend interface {
	read(tid int, addr uint64, buf []byte) (int, unix.Errno)
	write(tid int, addr uint64, buf []byte) (int, unix.Errno)
	// forget drops what is kept for tid.
	forget(tid int)
}

// MemBackends names the memory backends, best first.
func MemBackends() []string { return []string{"vm", "procmem", "peek"} }

func newMemBackend(name string) (memBackend, error) {
	switch name {
	case "", "auto", "vm":
		return vmMem{}, nil
	case "procmem":
		return &procMem{fds: map[int]int{}}, nil
	case "peek":
		return peekMem{}, nil
	}
	return nil, fmt.Errorf("unknown memory backend %q (peek, vm, procmem, auto)", name)
}

// vmMem uses process_vm_readv and process_vm_writev (Linux 3.2).
type vmMem struct{}

func (vmMem) read(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	return ptrace.ReadVM(tid, addr, buf)
}

func (vmMem) write(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	return ptrace.WriteVM(tid, addr, buf)
}

func (vmMem) forget(int) {}

// procMem reads and writes /proc/TID/mem through a descriptor kept per task.
// The descriptor is bound to the address space that the task had when it was
// opened: exec and exit must forget it. Like POKEDATA, and unlike the kernel's
// own copy_to_user, it writes read-only private pages too (FOLL_FORCE): a
// guest that offers one as a result buffer gets an answer and not EFAULT.
type procMem struct{ fds map[int]int }

func (m *procMem) fd(tid int) (int, unix.Errno) {
	if fd, ok := m.fds[tid]; ok {
		return fd, 0
	}
	fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/mem", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, unix.EIO
	}
	m.fds[tid] = fd
	return fd, 0
}

func (m *procMem) read(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	fd, e := m.fd(tid)
	if e != 0 {
		return 0, e
	}
	n, err := unix.Pread(fd, buf, int64(addr))
	if err != nil || n == 0 {
		return 0, unix.EFAULT
	}
	return n, 0
}

func (m *procMem) write(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	fd, e := m.fd(tid)
	if e != 0 {
		return 0, e
	}
	n, err := unix.Pwrite(fd, buf, int64(addr))
	if err != nil || n == 0 {
		return 0, unix.EFAULT
	}
	return n, 0
}

func (m *procMem) forget(tid int) {
	if fd, ok := m.fds[tid]; ok {
		unix.Close(fd)
		delete(m.fds, tid)
	}
}

// peekMem moves one word a request: PTRACE_PEEKDATA and PTRACE_POKEDATA.
type peekMem struct{}

func (peekMem) read(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	n := 0
	for n < len(buf) {
		at := addr + uint64(n)
		// Whole aligned words only, so that a string which ends at the end
		// of a mapping can be read.
		w, e := ptrace.PeekData(tid, at&^7)
		if e != 0 {
			if n > 0 {
				return n, 0
			}
			return 0, unix.EFAULT
		}
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], w)
		n += copy(buf[n:], b[at&7:])
	}
	return n, 0
}

func (peekMem) write(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	n := 0
	for n < len(buf) {
		at := addr + uint64(n)
		w, e := ptrace.PeekData(tid, at&^7)
		if e == 0 {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], w)
			k := copy(b[at&7:], buf[n:])
			if e = ptrace.PokeData(tid, at&^7, binary.LittleEndian.Uint64(b[:])); e == 0 {
				n += k
				continue
			}
		}
		if n > 0 {
			return n, 0
		}
		return 0, unix.EFAULT
	}
	return n, 0
}

func (peekMem) forget(int) {}
