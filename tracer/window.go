package tracer

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// The window's place. It lies at the bottom of the address space, where a
// range can only reach into it if it starts below its end: one compare in the
// seccomp program finds every munmap, mmap or mprotect that could touch it.
// 0x10000 is the usual vm.mmap_min_addr.
const (
	WindowLow uint64 = 0x10000
	WindowEnd uint64 = 0x100000
)

// Layout, as offsets from WindowLow.
const (
	offText   = 0       // boot code
	offStubs  = 0x1000  // one stub a slot, stubSize each
	offStub3  = 0x9800  // the same for 32-bit code, stub3Size each
	offSmall  = 0x10000 // small slots
	offLarge  = 0x50000 // large slots
	offExec   = 0x74000 // the one slot for long argument lists
	offFast   = 0xb4000 // code and tables of the fast path (package fastpath)
	winSize   = fastpath.End - 0x10000
	stubSize  = 64
	stub3Size = 48
	slotHead  = 64 // saved registers

	smallSize = 512
	largeSize = 0x2400
	execSize  = offFast - offExec
	numSmall  = (offLarge - offSmall) / smallSize
	numLarge  = (offExec - offLarge) / largeSize
	numSlots  = numSmall + numLarge + 1
	execSlot  = numSlots - 1
	noSlot    = int16(-1)
)

// The words of a slot's head: the six argument registers in their order, and
// two more.
const (
	saveDI = iota
	saveSI
	saveDX
	saveR10
	saveR8
	saveR9
	saveIP
	saveNr
)

// window is the tracer's side of the mapping, and the slots in it.
type window struct {
	fd    int    // O_RDONLY descriptor that guests map
	mem   []byte // our writable mapping
	owner [numSlots]*Task
	small []int16 // free slots
	large []int16
}

func newWindow() (*window, error) {
	// MFD_EXEC (Linux 6.3) keeps the file mappable for execution where
	// vm.memfd_noexec would make the default otherwise.
	fd, err := unix.MemfdCreate("ptbox-window", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if err == unix.EINVAL {
		fd, err = unix.MemfdCreate("ptbox-window", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, winSize); err != nil {
		return nil, fmt.Errorf("memfd: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, winSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the window: %w", err)
	}
	// F_SEAL_FUTURE_WRITE (Linux 5.1) leaves our mapping writable and makes
	// every later one, and every write through a descriptor, fail.
	seals := unix.F_SEAL_FUTURE_WRITE | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		unix.Munmap(mem)
		return nil, fmt.Errorf("sealing the window: %w", err)
	}
	ro, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Munmap(mem)
		return nil, fmt.Errorf("opening the window read-only: %w", err)
	}
	w := &window{fd: ro, mem: mem}
	copy(mem[offText:offStubs], bootText())
	for i := int16(0); i < numSlots; i++ {
		copy(mem[offStubs+int(i)*stubSize:], stubText(stubAddr(i), slotAddr(i)))
		copy(mem[offStub3+int(i)*stub3Size:], stubText32(slotAddr(i)))
		switch {
		case i < numSmall:
			w.small = append(w.small, i)
		case i < execSlot:
			w.large = append(w.large, i)
		}
	}
	return w, nil
}

func (w *window) close() {
	unix.Munmap(w.mem)
	unix.Close(w.fd)
}

// stubAddr is where slot i's stub lies in the guest.
func stubAddr(i int16) uint64 { return WindowLow + offStubs + uint64(i)*stubSize }

// stub32Addr is where its stub for 32-bit code lies.
func stub32Addr(i int16) uint64 { return WindowLow + offStub3 + uint64(i)*stub3Size }

// stubOf is the stub of slot i that code with the registers r would run.
func stubOf(i int16, r *unix.PtraceRegs) uint64 {
	if r.Cs != userCS {
		return stub32Addr(i)
	}
	return stubAddr(i)
}

// inStub reports whether an instruction pointer lies in a stub of slot i.
func inStub(i int16, ip uint64) bool {
	at, at32 := stubAddr(i), stub32Addr(i)
	return ip >= at && ip < at+stubSize || ip >= at32 && ip < at32+stub3Size
}

// slotOff is the offset of slot i in the window.
func slotOff(i int16) int {
	switch {
	case i < numSmall:
		return offSmall + int(i)*smallSize
	case i < execSlot:
		return offLarge + int(i-numSmall)*largeSize
	}
	return offExec
}

func slotAddr(i int16) uint64 { return WindowLow + uint64(slotOff(i)) }

// take finds a slot with room for n bytes of payload; noSlot means none.
func (w *window) take(t *Task, n int) int16 {
	var i int16
	switch n += slotHead; {
	case n <= smallSize && len(w.small) > 0:
		i = w.small[len(w.small)-1]
		w.small = w.small[:len(w.small)-1]
	case n <= largeSize && len(w.large) > 0:
		i = w.large[len(w.large)-1]
		w.large = w.large[:len(w.large)-1]
	case n <= execSize && w.owner[execSlot] == nil:
		i = execSlot
	default:
		return noSlot
	}
	w.owner[i] = t
	return i
}

// give returns slot i.
func (w *window) give(i int16) {
	w.owner[i] = nil
	switch {
	case i < numSmall:
		w.small = append(w.small, i)
	case i < execSlot:
		w.large = append(w.large, i)
	}
}

// save stores the registers that slot i's stub restores.
func (w *window) save(i int16, abi ABI, r *unix.PtraceRegs) {
	b := w.mem[slotOff(i):]
	le := binary.LittleEndian
	for k := range 6 {
		le.PutUint64(b[(saveDI+k)*8:], *argOf(abi, r, k))
	}
	le.PutUint64(b[saveIP*8:], r.Rip)
	le.PutUint64(b[saveNr*8:], r.Orig_rax)
}

// restore puts the registers saved in slot i back into r.
func (w *window) restore(i int16, abi ABI, r *unix.PtraceRegs) {
	b := w.mem[slotOff(i):]
	le := binary.LittleEndian
	for k := range 6 {
		*argOf(abi, r, k) = le.Uint64(b[(saveDI+k)*8:])
	}
	r.Rip = le.Uint64(b[saveIP*8:])
	r.Orig_rax = le.Uint64(b[saveNr*8:]) // for a restart
	if abi == X8664 {
		r.Rcx = r.Rip // as `syscall` leaves it
	}
}
