package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// arena holds the arguments of one call outside the Go heap: the addresses
// stay valid whatever the collector does, and they are those of an ordinary
// anonymous mapping.
var arena struct {
	mem  []byte
	used int
	edge []byte // two pages, the second one inaccessible
}

const arenaSize = 4 << 20

func arenaInit() {
	var err error
	if arena.mem, err = unix.Mmap(-1, 0, arenaSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
		panic(err)
	}
	if arena.edge, err = unix.Mmap(-1, 0, 8*4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON); err != nil {
		panic(err)
	}
	if err = unix.Mprotect(arena.edge[7*4096:], unix.PROT_NONE); err != nil {
		panic(err)
	}
}

// alloc returns n zeroed bytes, 16-byte aligned, valid until the next reset.
func alloc(n int) []byte {
	if arena.mem == nil {
		arenaInit()
	}
	b := arena.mem[arena.used : arena.used+n : arena.used+n]
	arena.used += (n + 15 + 1) &^ 15
	clear(b)
	return b
}

func addr(b []byte) uintptr {
	if len(b) == 0 {
		return 0
	}
	return uintptr(unsafe.Pointer(&b[0]))
}

// cstring copies s and a NUL into the arena.
func cstring(s string) uintptr {
	b := alloc(len(s) + 1)
	copy(b, s)
	return addr(b)
}

// atEdge puts s so that the byte after it is not mapped.
func atEdge(s string) uintptr {
	if arena.mem == nil {
		arenaInit()
	}
	at := 7*4096 - len(s)
	copy(arena.edge[at:], s)
	return uintptr(unsafe.Pointer(&arena.edge[at-1])) + 1
}

// badAddr is an address that is certainly not readable.
func badAddr() uintptr {
	if arena.mem == nil {
		arenaInit()
	}
	return uintptr(unsafe.Pointer(unsafe.SliceData(arena.edge))) + 7*4096 + 16
}

func statOf(b []byte) *unix.Stat_t          { return (*unix.Stat_t)(unsafe.Pointer(&b[0])) }
func statxOf(b []byte) *unix.Statx_t        { return (*unix.Statx_t)(unsafe.Pointer(&b[0])) }
func statfsOf(b []byte) *unix.Statfs_t      { return (*unix.Statfs_t)(unsafe.Pointer(&b[0])) }
func timespecOf(b []byte) *[2]unix.Timespec { return (*[2]unix.Timespec)(unsafe.Pointer(&b[0])) }
func timevalOf(b []byte) *[2]unix.Timeval   { return (*[2]unix.Timeval)(unsafe.Pointer(&b[0])) }
func uint64Of(b []byte, i int) *uint64      { return (*uint64)(unsafe.Pointer(&b[8*i])) }
func uint32Of(b []byte, i int) *uint32      { return (*uint32)(unsafe.Pointer(&b[4*i])) }
func uint16Of(b []byte) *uint16             { return (*uint16)(unsafe.Pointer(&b[0])) }

const longSize = int(unsafe.Sizeof(uintptr(0)))

// setLongs fills in the first words of a struct.
func setLongs(b []byte, v ...uintptr) {
	for i, v := range v {
		*(*uintptr)(unsafe.Pointer(&b[longSize*i])) = v
	}
}

// setIovec fills in a struct iovec.
func setIovec(b, data []byte) {
	v := (*unix.Iovec)(unsafe.Pointer(&b[0]))
	v.Base = unsafe.SliceData(data)
	v.SetLen(len(data))
}

const (
	iovecSize  = int(unsafe.Sizeof(unix.Iovec{}))
	statSize   = int(unsafe.Sizeof(unix.Stat_t{}))
	statxSize  = int(unsafe.Sizeof(unix.Statx_t{}))
	statfsSize = int(unsafe.Sizeof(unix.Statfs_t{}))
)

// msghdrFor makes a struct msghdr with one iovec.
func msghdrFor(name []byte, data []byte) []byte {
	iov := alloc(16)
	setLongs(iov, addr(data), uintptr(len(data)))
	h := alloc(64) // also large enough for a struct mmsghdr
	setLongs(h, addr(name), uintptr(len(name)), addr(iov), 1)
	return h
}

func rawCall(nr uintptr, a [6]uintptr) (uintptr, unix.Errno) {
	r, _, e := syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	// A scoped openat2 answers EAGAIN when anything on the machine is renamed
	// or mounted meanwhile (openat2(2)); RESOLVE_CACHED never gets better.
	for i := 0; nr == unix.SYS_OPENAT2 && e == syscall.EAGAIN && i < 100; i++ {
		r, _, e = syscall.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	}
	return r, e
}
