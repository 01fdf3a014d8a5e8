package sandbox

import (
	"encoding/binary"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// Some calls need a stop only in a few processes, and would make all others
// slow. Such a process is made to install one more seccomp filter, with the
// very call that gives it what is to be watched, before that call: the call
// becomes seccomp(2), and is entered once more when that has returned. Threads
// are included, children inherit it. A process that installs a filter of its
// own gets these first (seccomp.go), since its own might kill it for a call
// that it has not made.

// filter is one such filter, and how far each process has got with it.
type filter struct {
	cond  tracer.When // the rows of the table that it stops
	state map[int]filterState
	code  []byte
}

type filterState uint8

const (
	filterUnknown filterState = iota
	filterAlone               // the process' other threads could not be included
	filterIn
	filterGivenUp // it cannot be installed
)

// install reports whether the call was given away to install f.
func (h *handler) install(c *tracer.Call, f *filter) bool {
	tgid := c.Task.Tgid()
	flags := uint64(unix.SECCOMP_FILTER_FLAG_TSYNC)
	switch f.state[tgid] {
	case filterIn, filterGivenUp:
		return false
	case filterAlone:
		flags = 0
	case filterUnknown:
		// A filter of the guest's own might kill it for a call that it has
		// not made.
		if h.guestFilters(c.Task) {
			f.set(tgid, filterGivenUp)
			return false
		}
	}
	if f.code == nil {
		f.code = compileFilter(f.cond)
	}
	c.SetNr(unix.SYS_SECCOMP)
	c.SetArg(0, unix.SECCOMP_SET_MODE_FILTER)
	c.SetArg(1, flags)
	c.SetRef(2, c.PutWords([]uint64{uint64(len(f.code) / insnSize), 0}, map[int]int{1: c.Put(f.code)}))
	c.WantResult(func(r *tracer.Result) {
		switch {
		case r.Val == 0:
			f.set(tgid, filterIn)
		case f.state[tgid] == filterUnknown:
			f.set(tgid, filterAlone)
		default:
			f.set(tgid, filterGivenUp)
		}
		r.Again()
	})
	return true
}

func (f *filter) set(tgid int, s filterState) {
	if f.state == nil {
		f.state = map[int]filterState{}
	}
	f.state[tgid] = s
}

// fork passes what a process has installed on to its child.
func (f *filter) fork(parent, child *tracer.Task) {
	if parent == nil || len(f.state) == 0 {
		return
	}
	if s := f.state[parent.Tgid()]; s != filterUnknown {
		f.set(child.Tgid(), s)
	}
}

// guestFilters reports whether a task has seccomp filters of its own.
func (h *handler) guestFilters(t *tracer.Task) bool {
	b, e := h.readFile(h.at(t.Tid, "status"))
	return e != 0 || seccompFilters(string(b)) > h.ownFilters(t.Tgid())+hostFilters()
}

// ownFilters is the number of the engine's filters in a process.
func (h *handler) ownFilters(tgid int) int {
	n := h.procfs.filters
	for _, f := range h.filters() {
		if f.state[tgid] == filterIn {
			n++
		}
	}
	return n
}

func (h *handler) filters() [3]*filter {
	return [3]*filter{&h.procfs.lists, &h.writes, &h.execs}
}

// watchWrites sees to it that what makes files larger stops in the process of
// c, watchExecs that making memory executable does, and watchFiles both. They
// report whether the call was given away for that.
func (h *handler) watchWrites(c *tracer.Call) bool {
	return h.limited != nil && h.limited.sized && h.procfs.filters > 0 && h.install(c, &h.writes)
}

func (h *handler) watchExecs(c *tracer.Call) bool {
	return h.noExecMounts && h.procfs.filters > 0 && h.install(c, &h.execs)
}

func (h *handler) watchFiles(c *tracer.Call) bool { return h.watchWrites(c) || h.watchExecs(c) }

// watched reports whether a task may have a descriptor that matters for them.
func (h *handler) watched(t *tracer.Task) bool {
	return h.writes.state[t.Tgid()] == filterIn || h.execs.state[t.Tgid()] == filterIn
}

// hostFilters is the number that the launcher itself runs under.
var hostFilters = sync.OnceValue(func() int {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return seccompFilters(string(b))
})

// compileFilter is the program that stops what cond is about.
func compileFilter(cond tracer.When) []byte {
	prog, err := tracer.Compile(tracer.Policy{Only: true, I386: true, Active: cond})
	if err != nil {
		panic(err) // it depends on nothing but the table
	}
	var b []byte
	for _, f := range prog {
		b = binary.LittleEndian.AppendUint16(b, f.Code)
		b = append(b, f.Jt, f.Jf)
		b = binary.LittleEndian.AppendUint32(b, f.K)
	}
	return b
}
