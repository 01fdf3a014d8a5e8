package tracer

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// options are set in the request that seizes the first process; the kernel
// hands them on to every child.
const options = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACESECCOMP |
	unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK

// loop handles stops until no tracee is left.
func (tr *Tracer) loop() error {
	for {
		var status uint32
		// One try without blocking: under load the next stop is there
		// already, and the scheduler need not be told of the call.
		tid, e := tr.nextReport(&status)
		if len(tr.early) > 0 {
			tid, e = tr.awaitParents(&status, tid, e)
		}
		if tid == 0 && e == 0 {
			tr.yield()
			tid, e = ptrace.Wait(-1, &status, 0)
		}
		switch e {
		case 0:
			tr.dispatch(tid, status)
		case unix.EINTR:
		case unix.ECHILD:
			return nil
		default:
			return e
		}
	}
}

// yield lets the Go scheduler see, now and then, that this goroutine does not
// hold on to its turn. It is locked to its thread and never leaves it by itself, so after 10 ms the
// scheduler's watcher would wake every 20 to 70 µs, signal the thread and take its turn away at
// every wait (sysmon, forcePreemptNS): a tenth of the tracer's time.
func (tr *Tracer) yield() {
	if now := time.Now(); now.Sub(tr.yielded) > 5*time.Millisecond {
		runtime.Gosched()
		tr.yielded = now
	}
}

// nextReport is wait4 without blocking, or what settle has left.
func (tr *Tracer) nextReport(status *uint32) (int, unix.Errno) {
	if len(tr.reports) == 0 {
		return ptrace.Wait(-1, status, unix.WNOHANG)
	}
	r := tr.reports[0]
	tr.reports = tr.reports[1:]
	*status = r.status
	return r.tid, 0
}

// dispatch sorts one report of wait4 (ptrace(2), "Stopped states").
func (tr *Tracer) dispatch(tid int, status uint32) {
	ws := unix.WaitStatus(status)
	t := tr.tasks[tid]
	if ws.Exited() || ws.Signaled() {
		tr.gone(t, tid, ws)
		return
	}
	tr.stats.Stops++
	if tr.dying {
		// A child that was born while the tree is being killed.
		unix.Kill(tid, unix.SIGKILL)
		return
	}
	if t == nil {
		if tr.quiet > 0 && tr.quietBirth(tid, status) {
			return
		}
		// A child whose first stop comes before its parent's event.
		tr.hold(tr.newTask(tid))
		return
	}
	if t.held {
		return
	}
	sig, event := int(ws.StopSignal()), int(status>>16)
	switch {
	case event == unix.PTRACE_EVENT_SECCOMP:
		tr.stats.Seccomp++
		tr.entry(t)
	case sig == int(unix.SIGTRAP)|0x80:
		tr.syscallStop(t)
	case event == ptrace.EventStop:
		tr.eventStop(t, sig)
	case event == unix.PTRACE_EVENT_FORK, event == unix.PTRACE_EVENT_VFORK, event == unix.PTRACE_EVENT_CLONE:
		tr.forkStop(t)
	case event == unix.PTRACE_EVENT_EXEC:
		tr.execStop(t)
	case event != 0:
		tr.resume(t, 0)
	default:
		tr.signalStop(t, sig)
	}
}

// resume lets t go on. A task that died meanwhile answers ESRCH; its end will
// be reported by wait4.
func (tr *Tracer) resume(t *Task, sig int) {
	if t.atExit || !tr.seccomp {
		ptrace.Syscall(t.Tid, sig)
	} else {
		ptrace.Cont(t.Tid, sig)
	}
}

// gone handles the end of a thread.
func (tr *Tracer) gone(t *Task, tid int, ws unix.WaitStatus) {
	if t != nil {
		if t.held {
			tr.orphans--
			t.held = false
		}
		tr.remove(t)
	}
	if tid != tr.root {
		return
	}
	if ws.Exited() {
		tr.status = Exit{Code: ws.ExitStatus()}
	} else {
		tr.status = Exit{Code: 128 + int(ws.Signal()), Signal: ws.Signal(), Core: ws.CoreDump()}
	}
	// The command has ended: nothing of it may live on.
	tr.dying = true
	if tr.holder != 0 {
		unix.Kill(tr.holder, unix.SIGKILL)
	}
	for tid := range tr.tasks {
		unix.Kill(tid, unix.SIGKILL)
	}
}

// eventStop handles PTRACE_EVENT_STOP: a group-stop, a child's first stop, or
// the end of a group-stop.
func (tr *Tracer) eventStop(t *Task, sig int) {
	switch unix.Signal(sig) {
	case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
		// Stay stopped, as the guest expects, but let SIGCONT through.
		ptrace.Listen(t.Tid)
	default:
		tr.firstStop(t)
		tr.resume(t, 0)
	}
}

// firstStop puts the registers of a child right whose parent's clone was
// redirected through a stub.
func (tr *Tracer) firstStop(t *Task) {
	if t.birth == nil {
		return
	}
	var r unix.PtraceRegs
	if ptrace.GetRegs(t.Tid, &r) == 0 {
		b := t.birth
		if t.birth32 {
			giveBack32(&r, b, true)
			ptrace.SetRegs(t.Tid, &r)
			t.birth = nil
			return
		}
		r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9 = b.Rdi, b.Rsi, b.Rdx, b.R10, b.R8, b.R9
		if r.Rip >= WindowLow && r.Rip < WindowEnd {
			r.Rip, r.Rcx = b.Rip, b.Rip
		}
		ptrace.SetRegs(t.Tid, &r)
	}
	t.birth = nil
}

// forkStop handles the birth of a child of t.
func (tr *Tracer) forkStop(t *Task) {
	tr.stats.Forks++
	if t.boot != nil {
		t.endBoot(tr) // the boot code makes no children
	}
	msg, e := ptrace.EventMsg(t.Tid)
	if e != 0 {
		return
	}
	c := tr.tasks[int(msg)]
	if c == nil {
		c = tr.newTask(int(msg))
	}
	if c.known {
		tr.resume(t, 0) // adopted already: adoptOrphans
		return
	}
	switch {
	case t.call != nil && t.call.c32 != nil:
		if t.call.redo {
			c.birth, c.birth32 = &t.call.orig, true
		}
	case t.slot != noSlot:
		// The call was redirected: both return into the stub. Take the
		// parent out now and the child at its first stop.
		var r unix.PtraceRegs
		if ptrace.GetRegs(t.Tid, &r) == 0 {
			b := r
			if tr.unwind(t, &r) {
				b = r
				ptrace.SetRegs(t.Tid, &r)
				c.birth = &b
			}
		}
	case t.call != nil && t.call.redo:
		b := t.call.orig
		c.birth = &b
	}
	held := c.held
	if held {
		c.held = false
		tr.orphans--
	}
	tr.adopt(c, t, anyVM)
	if held {
		tr.firstStop(c)
		tr.resume(c, 0)
	}
	tr.resume(t, 0)
}

// signalStop delivers sig, untouched.
func (tr *Tracer) signalStop(t *Task, sig int) {
	tr.stats.Signals++
	if t.boot != nil && tr.bootStop(t, sig) {
		return
	}
	var r unix.PtraceRegs
	fast, slot := t.mm != nil && t.mm.ready, t.slot != noSlot && t.boot == nil
	if (fast || slot) && ptrace.GetRegs(t.Tid, &r) == 0 {
		if fast && tr.fastSignal(t, sig, &r) {
			return
		}
		if slot && tr.unwind(t, &r) {
			ptrace.SetRegs(t.Tid, &r)
		}
	}
	tr.resume(t, sig)
}

// execStop handles a successful exec: t has a new address space without a
// window. All other threads of the process are gone.
func (tr *Tracer) execStop(t *Task) {
	tr.stats.Execs++
	// The threads that might have told of a child are gone.
	tr.adoptOrphans(t)
	if old, e := ptrace.EventMsg(t.Tid); e == 0 && int(old) != t.Tid {
		// A thread that was not the leader has taken over the leader's id
		// (execve(2), "Effect on other attributes"): its own record goes on
		// under the new number.
		if o := tr.tasks[int(old)]; o != nil {
			delete(tr.tasks, int(old))
			tr.mem.forget(int(old))
			tr.releaseSlot(t)
			tr.h.Exit(t)
			tr.dropFS(t)
			t.dropFiles()
			t.dropMM()
			o.Tid = t.Tid
			tr.tasks[o.Tid] = o
			t = o
		}
	}
	t.tgid = t.Tid
	tr.releaseSlot(t)
	tr.mem.forget(t.Tid)
	t.window, t.atExit, t.call, t.masked = false, false, nil, false
	tr.newMM(t)
	if t.setup {
		t.setup = false
		if !tr.started {
			tr.started = true
			if tr.onStart != nil {
				tr.onStart()
			}
		}
	}
	tr.inExec = true
	defer tr.endExecMaps()
	// The other threads' CLONE_FS ties end with them, and its descriptors are its own.
	t.dropFiles()
	t.files = &files{refs: 1}
	tr.h.Exec(t)
	tr.startBoot(t)
}
