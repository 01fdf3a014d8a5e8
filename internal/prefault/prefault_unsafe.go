//go:build linux && amd64

package prefault

import "unsafe"

const (
	sysMadvise = 28

	// madvise(2), since Linux 5.14.
	madvPopulateRead  = 22
	madvPopulateWrite = 23

	pageSize = 4 << 10
	// heapSize is about what a start allocates. The runtime has mapped its
	// heap up to the next multiple of heapChunk.
	heapSize  = 768 << 10
	heapChunk = 4 << 20
)

// rawSyscall is here because a package that imports nothing is initialised
// before those of the standard library.
//
//go:noescape
func rawSyscall(nr, a, b, c uintptr) uintptr

// image returns the bounds of the program's text with its read-only data. (To
// populate the variables costs more than their page faults: each is a copy.)
func image() (text, end uintptr)

var first *[64]byte

func init() {
	text, end := image()
	populate(text, end, madvPopulateRead)
	// The heap grows upwards from its first objects.
	first = new([64]byte)
	heap := uintptr(unsafe.Pointer(first))
	populate(heap, min(heap+heapSize, (heap+heapChunk)&^(heapChunk-1)), madvPopulateWrite)
}

// populate makes the pages of [from, to) present.
func populate(from, to, advice uintptr) {
	from &^= pageSize - 1
	rawSyscall(sysMadvise, from, to-from, advice)
}
