package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// Some calls need a stop only in a few processes, and would make all others
// slow. Such a process is made to install one more seccomp filter, with the
// very call that gives it what is to be watched, before that call: the call
// becomes seccomp(2), and is entered once more when that has returned. Threads
// are included, children inherit it. Filters of the guest's own do not see that
// call (seccomp.go).

// extraFilter is one such filter, and how far each process has got with it.
type extraFilter struct {
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
func (h *handler) install(c *tracer.Call, f *extraFilter) bool {
	tgid := c.Task.Tgid()
	flags := uint64(unix.SECCOMP_FILTER_FLAG_TSYNC)
	switch f.state[tgid] {
	case filterIn, filterGivenUp:
		return false
	case filterAlone:
		flags = 0
	}
	if f.code == nil {
		f.code = compileFilter(f.cond)
	}
	h.filter(c, f.code, flags, func(r *tracer.Result) {
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

func (f *extraFilter) set(tgid int, s filterState) {
	if f.state == nil {
		f.state = map[int]filterState{}
	}
	f.state[tgid] = s
}

// fork passes what a process has installed on to its child.
func (f *extraFilter) fork(parent, child *tracer.Task) {
	if parent == nil || len(f.state) == 0 {
		return
	}
	if s := f.state[parent.Tgid()]; s != filterUnknown {
		f.set(child.Tgid(), s)
	}
}

// ownFilters is the number of the engine's filters in a process.
func (h *handler) ownFilters(tgid int) int {
	n := h.procfs.filters + h.procfs.writes[tgid].filters
	for _, f := range h.filters() {
		if f.state[tgid] == filterIn {
			n++
		}
	}
	return n
}

func (h *handler) filters() [4]*extraFilter {
	return [4]*extraFilter{&h.procfs.lists, &h.writes, &h.execs, &h.dups}
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

// compileFilter is the program that stops what cond is about.
func compileFilter(cond tracer.When) []byte {
	prog, err := tracer.Compile(tracer.Policy{Only: true, I386: tracer.HaveI386(), Active: cond})
	if err != nil {
		panic(err) // it depends on nothing but the table
	}
	return pack(prog)
}
