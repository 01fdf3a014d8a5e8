package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// A child that shares its parent's memory while the parent waits for it, as
// vfork(2) and posix_spawn(3) make it, needs no event in which the parent tells
// of it: with CLONE_PTRACE it is traced, with CLONE_UNTRACED the parent does
// not stop (clone(2)), and where it was born says whose child it is.

// quietBirth takes in a child that the parent does not tell of. It stands in the stub of its
// parent's call, which is nobody else's while the call lasts. Who has got there
// by a jump, to pass for another one's child, does not share that one's memory.
func (tr *Tracer) quietBirth(tid int, status uint32) bool {
	var r unix.PtraceRegs
	if status>>16 != ptrace.EventStop || ptrace.GetRegs(tid, &r) != 0 {
		return false
	}
	first := stubAddr(0)
	if r.Rip < first || (r.Rip-first)/stubSize >= numSlots {
		return false
	}
	i := int16((r.Rip - first) / stubSize)
	p := tr.win.owner[i]
	if p == nil || p.slot != i || !p.quiet {
		return false
	}
	if other, e := ptrace.Kcmp(p.Tid, tid, ptrace.KcmpVM); e != 0 || other != 0 {
		return false
	}
	tr.endQuiet(p)
	tr.stats.Forks++
	t := tr.newTask(tid)
	tr.win.restore(i, &r)
	ptrace.SetRegs(tid, &r)
	tr.adopt(t, p, sameVM)
	tr.eventStop(t, int(unix.WaitStatus(status).StopSignal()))
	return true
}

// endQuiet is called when t's call can make no child without an event any more.
func (tr *Tracer) endQuiet(t *Task) {
	if t.quiet {
		t.quiet = false
		tr.quiet--
	}
}
