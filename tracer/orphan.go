package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// The first stop of a child may be reported before its parent's event, in which
// the parent tells of it. The child is then held until the event comes. It
// never comes if the parent is killed on the way from the birth to the event,
// by a signal or by another thread's exec.

// hold keeps t until its parent's event. Where the parent is gone already, with
// all that the child would inherit from it, the child shares its end.
func (tr *Tracer) hold(t *Task) {
	t.held = true
	tr.orphans++
	t.ppid, t.tgid = statusField(t.Tid, "PPid:"), statusField(t.Tid, "Tgid:")
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
		tr.adopt(c, t)
		tr.firstStop(c)
		tr.resume(c, 0)
	}
}
