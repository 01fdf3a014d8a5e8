package fastpath

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// OpenHow is struct open_how of openat2(2).
type OpenHow struct{ Flags, Mode, Resolve uint64 }

// HowTable returns the entries from How on, in order. how() of view.h computes
// the same places. With oneMount no open crosses into another of the kernel's
// mounts.
func HowTable(oneMount bool) (t []OpenHow) {
	eachHow(oneMount, func(h OpenHow) { t = append(t, h) })
	return t
}

func eachHow(oneMount bool, add func(OpenHow)) {
	for _, section := range [][]OpenHow{pathOpens(), pathOpens(), readOpens(), readOpens(), writeOpens()} {
		for v := range Variants {
			for _, h := range section {
				if h.Flags == noEntry {
					// A hole: flags that openat2 refuses.
					add(OpenHow{Flags: noEntry})
					continue
				}
				h.Resolve = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS
				if oneMount {
					h.Resolve |= unix.RESOLVE_NO_XDEV
				}
				if v == Literal {
					h.Resolve |= unix.RESOLVE_NO_SYMLINKS
				}
				add(h)
			}
		}
	}
	for _, h := range upOpens() {
		add(h)
	}
}

// upOpens are the only ones that may leave their descriptor. The seccomp program
// lets them pass with the path DotDot only.
func upOpens() []OpenHow {
	t := make([]OpenHow, UpOpens)
	for n := range t {
		t[n] = OpenHow{Flags: read(n) | pick(n, 4, unix.O_DIRECTORY), Resolve: unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_SYMLINKS}
	}
	return t
}

// noEntry is a flag that no kernel knows.
const noEntry = 1 << 63

// pick is flag if bit i of n is set.
func pick(n, i int, flag uint64) uint64 {
	if n>>i&1 != 0 {
		return flag
	}
	return 0
}

func pathOpens() []OpenHow {
	t := make([]OpenHow, PathOpens)
	for n := range t {
		switch {
		case n < 8:
			t[n].Flags = unix.O_PATH | pick(n, 0, unix.O_DIRECTORY) | pick(n, 1, unix.O_NOFOLLOW) | pick(n, 2, unix.O_CLOEXEC)
		case n == 8:
			// It opens nothing: an error tells what is there.
			t[n].Flags = unix.O_WRONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
		case n >= 32 && n < 48:
			t[n].Flags = unix.O_DIRECTORY | read(n)
		default:
			t[n].Flags = noEntry
		}
	}
	return t
}

func read(n int) uint64 {
	return pick(n, 0, unix.O_NOFOLLOW) | pick(n, 1, unix.O_CLOEXEC) | pick(n, 2, unix.O_NOCTTY) | pick(n, 3, unix.O_NONBLOCK)
}

func readOpens() []OpenHow {
	t := make([]OpenHow, ReadOpens)
	for n := range t {
		t[n].Flags = read(n)
	}
	return t
}

// createModes are the modes of new files that the table has.
var createModes = [...]uint64{0o666, 0o644, 0o600, 0o777}

func writeOpens() []OpenHow {
	t := make([]OpenHow, WriteOpens)
	for n := range t {
		h := &t[n]
		h.Flags = unix.O_WRONLY
		if n>>4&1 != 0 {
			h.Flags = unix.O_RDWR
		}
		h.Flags |= pick(n, 0, unix.O_NOFOLLOW) | pick(n, 1, unix.O_CLOEXEC) | pick(n, 2, unix.O_TRUNC) | pick(n, 3, unix.O_APPEND)
		if n >= 32 {
			h.Flags |= unix.O_CREAT | pick(n-32, 5, unix.O_EXCL)
			h.Mode = createModes[(n-32)/64]
		}
	}
	return t
}

// putHow writes the table to b, which starts at How.
func putHow(b []byte, oneMount bool) {
	eachHow(oneMount, func(h OpenHow) {
		binary.LittleEndian.PutUint64(b, h.Flags)
		binary.LittleEndian.PutUint64(b[8:], h.Mode)
		binary.LittleEndian.PutUint64(b[16:], h.Resolve)
		b = b[HowStride:]
	})
}

// Revoke takes the own opens, and with paths the own paths, out of the table in b, the part of the window from Text on:
// the kernel refuses them from now on. A call that has read its entry already goes on.
func Revoke(b []byte, paths bool) {
	from, clear := HowOwn, uint32(ViewOwn)
	if paths {
		from, clear = HowOwnPath, ViewOwn|ViewAnyFD
	}
	PutFlags(b, 0, clear)
	for at := from; at < HowRead; at += HowStride {
		binary.LittleEndian.PutUint64(b[at-Text:], noEntry)
	}
}
