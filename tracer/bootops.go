package tracer

import (
	"encoding/binary"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// ops builds the list of operations that the boot code works through. Each is
// eight words: code, six arguments, flags. A code that is not negative is a
// system call number.
type ops struct {
	b   []byte
	low bool // below 4 GiB
}

const (
	opTrap  = -1 // hand over to the tracer
	opClear = -2 // zero args[1] bytes at args[0]
	opStore = -3 // store the word args[1] at args[0]
	opLeave = -4 // jump to args[0] with all registers zero
	opStart = -5 // the same as args[1] says, a start*; args[2] is a return address
	opCopy  = -6 // copy args[2] bytes from args[1] to args[0]
)

const (
	opAddBase = 1 << iota // args[0] (opStore: args[1]) is relative to base
	opFD4                 // args[4] is fd
	opFD0                 // args[0] is fd
	opSetBase             // the result is base
	opSetFD               // the result is fd
	opMayFail             // an error does not matter
)

func (o *ops) add(code int, flags uint64, args ...uint64) {
	var w [8]uint64
	w[0] = uint64(int64(code))
	copy(w[1:7], args)
	w[7] = flags
	for _, v := range w {
		o.b = binary.LittleEndian.AppendUint64(o.b, v)
	}
}

// mapImage maps the file that open has opened, or that is the guest's descriptor held, as the kernel's own loader does.
// A DYN image goes where the kernel likes or to hint, and its bias becomes base; an EXEC image goes to its own addresses.
func (o *ops) mapImage(held int, m *Image, hint uint64) {
	fd := uint64(opFD4)
	if held != 0 {
		fd = 0
	}
	start, length := m.Span()
	rel := uint64(0)
	if m.Type == elfDyn {
		// Reserve the whole span, so that the segments keep their
		// distances, then map each over it. base is the address of the
		// first page; Vaddr 0 is the rule, anything else shifts it.
		flags := uint64(unix.MAP_PRIVATE | unix.MAP_ANONYMOUS | unix.MAP_NORESERVE)
		switch {
		case hint != 0:
			flags |= unix.MAP_FIXED_NOREPLACE
		case o.low:
			flags |= unix.MAP_32BIT
		}
		o.add(unix.SYS_MMAP, opSetBase, hint, length, unix.PROT_NONE, flags, ^uint64(0), 0)
		rel = opAddBase
	}
	at := func(v uint64) uint64 {
		if rel != 0 {
			return v - start
		}
		return v
	}
	end := start
	for _, l := range m.Loads {
		page := l.Vaddr &^ (pageSize - 1)
		if rel != 0 && page > end {
			o.add(unix.SYS_MUNMAP, rel, at(end), page-end)
		}
		fileEnd := pageUp(l.Vaddr + l.Filesz)
		if l.Filesz > 0 {
			o.add(unix.SYS_MMAP, rel|fd, at(page), fileEnd-page, l.prot(),
				unix.MAP_PRIVATE|unix.MAP_FIXED, uint64(held), l.Off-(l.Vaddr-page))
		} else {
			fileEnd = page
		}
		memEnd := pageUp(l.Vaddr + l.Memsz)
		if l.Memsz > l.Filesz {
			if tail := l.Vaddr + l.Filesz; l.Filesz > 0 && tail%pageSize != 0 && l.Flags&2 != 0 {
				o.add(opClear, rel, at(tail), pageUp(tail)-tail)
			}
			if memEnd > fileEnd {
				o.add(unix.SYS_MMAP, rel, at(fileEnd), memEnd-fileEnd, l.prot(),
					unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, ^uint64(0), 0)
			}
		}
		end = max(memEnd, fileEnd)
	}
}

// open opens path, which is free of symlinks unless it leads into procfs, and
// must still be when the kernel walks it: another process may have put one in
// since it was looked at.
func (o *ops) open(path string, str func(string) uint64) {
	if strings.HasPrefix(path, "/proc/") || !haveOpenat2() {
		o.add(unix.SYS_OPENAT, opSetFD, cwdFD, str(path), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return
	}
	var how [3]uint64 // struct open_how: flags, mode, resolve
	how[0], how[2] = unix.O_RDONLY|unix.O_CLOEXEC, unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS
	var b []byte
	for _, v := range how {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	o.add(unix.SYS_OPENAT2, opSetFD, cwdFD, str(path), str(string(b)), uint64(len(b)))
}

// haveOpenat2 says whether the kernel has the call (Linux 5.6).
var haveOpenat2 = sync.OnceValue(func() bool {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC})
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
})

// unmapImage removes the segments of m that the kernel mapped at base.
func (o *ops) unmapImage(base uint64, m *Image) {
	start, _ := m.Span()
	for _, l := range m.Loads {
		page := l.Vaddr &^ (pageSize - 1)
		o.add(unix.SYS_MUNMAP, 0, base+page-start, pageUp(l.Vaddr+l.Memsz)-page)
	}
}

// cwdFD is AT_FDCWD as an argument register.
const cwdFD = 0xffffffffffffff9c
