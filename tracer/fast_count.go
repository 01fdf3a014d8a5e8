package tracer

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// countsPage makes the page on which guests count. They may write what they
// like to it, but not take it away.
func countsPage() (fd int, page []byte, err error) {
	if fd, err = unix.MemfdCreate("ptbox-counts", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING); err != nil {
		return 0, nil, err
	}
	if err = unix.Ftruncate(fd, fastpath.CountsSize); err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err == nil {
		page, err = unix.Mmap(fd, 0, fastpath.CountsSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		unix.Close(fd)
		return 0, nil, err
	}
	return fd, page, nil
}

// fastCounts adds what guests have counted to the counters.
func (tr *Tracer) fastCounts(s *Stats) {
	if tr.fast == nil || tr.fast.count == nil {
		return
	}
	s.FastHits, s.FastReasons = map[string]uint64{}, map[string]uint64{}
	word := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(tr.fast.count[4*i:])) }
	for nr := range fastpath.NumHits {
		if n := word(fastpath.CountHits/4 + nr); n > 0 {
			name := fmt.Sprint("call ", nr)
			if e := Lookup(X8664, nr); e != nil {
				name = e.Name
			}
			s.FastHits[name] += n
		}
	}
	for i, name := range fastpath.Whys {
		if n := word(fastpath.CountReasons/4 + i); n > 0 {
			s.FastReasons[name] = n
		}
	}
}

// closeCounts gives the page back.
func (f *fast) closeCounts() {
	if f != nil && f.count != nil {
		unix.Munmap(f.count)
		unix.Close(f.fds[len(f.fds)-1])
		f.count = nil
	}
}
