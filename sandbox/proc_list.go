package sandbox

import (
	"path"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Some directories of procfs show the guest only a part of what the host has
// in them. That needs a stop at getdents64, and a stop at each getdents64 of
// every directory would make walks of large trees half as slow again. So the
// call stops only in processes that have opened such a directory, and in their
// children: at the first open, before it, the process is made to install one
// more seccomp filter, with the very call that it has just entered.
//
// A process that was handed such a descriptor by another one lists all of the
// host's process numbers. Numbers are all that it sees: they lead nowhere.

// listState says how far a process has got.
type listState uint8

const (
	listUnknown listState = iota
	listAlone             // its other threads could not be included
	listStops             // its getdents64 stops
	listGivenUp           // no filter can be installed
)

// partial reports whether the guest sees a part only of the directory rel.
func partial(rel string) bool {
	if rel == "" {
		return true
	}
	switch path.Base(rel) {
	case "fd", "fdinfo", "map_files":
		return true
	}
	return false
}

// listing sees to it that getdents64 will stop for a process that opens rel.
// It reports whether the call has been given away for that; it comes back.
func (h *handler) listing(c *tracer.Call, rel string) bool {
	return !h.procfs.whole && partial(rel) && h.stopListing(c)
}

// listsOverlay sees to the same for a process that opens a directory of an
// overlay, which the guest may have mounted itself.
func (h *handler) listsOverlay(c *tracer.Call, r *fsview.Resolution, flags uint64) bool {
	switch {
	case h.id == nil || r.Mount == nil || r.Mount.Kind != fsview.Overlay, r.Mode&unix.S_IFMT != unix.S_IFDIR, flags&unix.O_PATH != 0:
		return false
	case h.procfs.filters == 0:
		h.tr.Catch(unix.SYS_GETDENTS)
		h.tr.Catch(unix.SYS_GETDENTS64)
		return false
	}
	return !h.procfs.whole && h.stopListing(c)
}

// stopListing makes getdents64 stop in a process from now on.
func (h *handler) stopListing(c *tracer.Call) bool {
	p := &h.procfs
	tgid := c.Task.Tgid()
	flags := uint64(unix.SECCOMP_FILTER_FLAG_TSYNC)
	switch p.lists[tgid] {
	case listStops, listGivenUp:
		return false
	case listAlone:
		flags = 0
	}
	h.filter(c, listFilter(), flags, func(r *tracer.Result) {
		switch {
		case r.Val == 0:
			p.lists[tgid] = listStops
		case p.lists[tgid] == listUnknown:
			p.lists[tgid] = listAlone
		default:
			p.lists[tgid] = listGivenUp
		}
		r.Again()
	})
	return true
}

// listFork passes what a process has installed on to its child.
func (h *handler) listFork(parent, child *tracer.Task) {
	p := &h.procfs
	if parent == nil || len(p.lists) == 0 && len(p.writes) == 0 {
		return
	}
	if w, ok := p.writes[parent.Tgid()]; ok {
		p.writes[child.Tgid()] = w
	}
	if s := p.lists[parent.Tgid()]; s != listUnknown {
		p.lists[child.Tgid()] = s
	}
}

// ownFilters is the number of the engine's filters in a process.
func (h *handler) ownFilters(tgid int) int {
	n := h.procfs.filters + h.procfs.writes[tgid].filters
	if h.procfs.lists[tgid] == listStops {
		n++
	}
	return n
}

// listFilter is a program that stops the calls that read directories.
func listFilter() []byte {
	var nrs []uint32
	for i := range tracer.Table {
		if s := &tracer.Table[i]; s.Class == tracer.ClassDir && s.Nr[tracer.X8664] != tracer.NoNr {
			nrs = append(nrs, uint32(s.Nr[tracer.X8664]))
		}
	}
	const dataNr, dataArch = 0, 4 // struct seccomp_data
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataArch},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AUDIT_ARCH_X86_64, Jf: uint8(len(nrs)) + 1},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: dataNr},
	}
	for i, nr := range nrs {
		prog = append(prog, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jt: uint8(len(nrs) - i)})
	}
	prog = append(prog,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE})
	return pack(prog)
}
