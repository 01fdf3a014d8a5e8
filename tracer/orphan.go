package tracer

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// The first stop of a child may be reported before its parent's event, in which
// the parent tells of it. The child is then held until the event comes. It
// never comes if the parent is killed on the way from the birth to the event,
// by a signal or by another thread's exec.

// hold keeps t until its parent's event.
func (tr *Tracer) hold(t *Task) {
	t.held = true
	tr.orphans++
	tr.early = append(tr.early, t)
}

// awaitParents is called with a report of wait4 while there are children of
// which it is not known whether their parents live. Nearly always the event of
// such a parent is the next report, or comes in a moment: asking procfs takes
// longer. Before anything else is handled, or nothing comes, it is asked.
func (tr *Tracer) awaitParents(status *uint32, tid int, e unix.Errno) (int, unix.Errno) {
	tr.early = slices.DeleteFunc(tr.early, func(t *Task) bool { return !t.held })
	if len(tr.early) == 0 {
		return tid, e
	}
	const moment = 32 // some 10 µs
	for i := 0; tid == 0 && e == 0 && i < moment; i++ {
		tid, e = ptrace.Wait(-1, status, unix.WNOHANG)
	}
	if tid != 0 && isBirth(*status) {
		return tid, e
	}
	for _, t := range tr.early {
		tr.findParent(t)
	}
	tr.early = tr.early[:0]
	return tid, e
}

// isBirth tells the events in which a parent tells of its child.
func isBirth(status uint32) bool {
	if !unix.WaitStatus(status).Stopped() {
		return false
	}
	event := int(status >> 16)
	return event == unix.PTRACE_EVENT_FORK || event == unix.PTRACE_EVENT_VFORK || event == unix.PTRACE_EVENT_CLONE
}

// findParent finds out who made t. Where the parent is gone already, with all
// that the child would inherit from it, the child shares its end.
func (tr *Tracer) findParent(t *Task) {
	t.ppid, t.tgid = parents(t.Tid)
	maker := t.ppid
	if t.tgid != t.Tid {
		maker = t.tgid // a thread
	}
	// With CLONE_PARENT the parent may be ourselves; 0 is nobody that we see.
	if maker == 0 || maker == unix.Getpid() {
		return
	}
	if p := tr.tasks[maker]; p == nil || !p.known {
		unix.Kill(t.Tid, unix.SIGKILL)
	}
}

// adoptOrphans makes the children of t's process that are still held t's: it
// is about to end, or has executed a program. A process' leader ends last.
func (tr *Tracer) adoptOrphans(t *Task) {
	if tr.orphans == 0 || tr.dying {
		return
	}
	for _, c := range tr.tasks {
		if c == t || !c.held || c.ppid != t.Tid && c.tgid != t.Tid {
			continue
		}
		c.held = false
		tr.orphans--
		var r unix.PtraceRegs
		e := ptrace.GetRegs(c.Tid, &r)
		switch {
		case t.call != nil && t.call.redo:
			b := t.call.orig
			c.birth = &b
		case e == 0 && r.Rip >= WindowLow && r.Rip < WindowEnd:
			// It was born in a stub. Only the slot knows the way back.
			if at := stubAddr(t.slot); t.slot == noSlot || r.Rip < at || r.Rip >= at+stubSize {
				unix.Kill(c.Tid, unix.SIGKILL)
				break
			}
			tr.win.restore(t.slot, &r)
			c.birth = &r
		}
		tr.adopt(c, t, anyVM)
		tr.firstStop(c)
		tr.resume(c, 0)
	}
}
