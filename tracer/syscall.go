package tracer

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// Results that say that an interrupted call will be restarted, or end with
// EINTR, once the signal is dealt with (include/linux/errno.h). They are seen
// by tracers only.
const (
	eRestartSys    = 512
	eRestartNoIntr = 513
	eRestartNoHand = 514
	eRestartBlock  = 516
)

func restarts(v int64) bool {
	return v == -eRestartSys || v == -eRestartNoIntr || v == -eRestartNoHand || v == -eRestartBlock
}

// syscallStop handles an entry or exit stop of PTRACE_SYSCALL.
func (tr *Tracer) syscallStop(t *Task) {
	if t.atExit {
		// Resumed from the entry of this very call: this is its exit.
		tr.exit(t)
		return
	}
	if tr.seccomp {
		tr.resume(t, 0)
		return
	}
	si := ptrace.SyscallInfo{Arch: auditArch[X8664]}
	entry := !t.inCall
	if ptrace.GetSyscallInfo(t.Tid, &si) == 0 {
		entry = si.Op == ptrace.InfoEntry
	}
	t.inCall = entry
	if !entry || tr.seccomp {
		// With seccomp the stop that counts is the seccomp one.
		tr.resume(t, 0)
		return
	}
	tr.stats.Syscalls++
	tr.foreign = si.Arch != auditArch[X8664]
	tr.entry(t)
	tr.foreign = false
}

// entry handles a call before it runs.
func (tr *Tracer) entry(t *Task) {
	c := &tr.call
	c.reset(tr, t)
	if tr.regs.entry(t.Tid, &c.regs) != 0 {
		return // gone
	}
	c.was = c.regs
	if t.boot != nil {
		if t.boot.covers(c.regs.Rip) && t.boot.start == nil {
			tr.resume(t, 0) // our own code
			return
		}
		t.endBoot(tr)
	}
	if t.slot != noSlot {
		if c.regs.Rip == stubAddr(t.slot)+syscallLen {
			// The kernel restarts a rewritten call at the stub's own
			// instruction. Nothing there is trusted: back to the guest's
			// registers, and once more from the start.
			tr.win.restore(t.slot, &c.regs)
		}
		tr.releaseSlot(t)
	}
	t.plan = nil
	if tr.foreign || tr.isI386(t, &c.regs) {
		if !c.loadI386() {
			return // gone
		}
	} else {
		c.load()
	}
	if t.setup && c.Nr != unix.SYS_EXECVE {
		tr.resume(t, 0) // our own preparations
		return
	}
	if t.mm != nil && c.ABI == X8664 && tr.fastEntry(c) {
		return
	}
	if t.filters != nil && tr.filtered(c) {
		return
	}
	tr.handle(c)
	if c.abort {
		return
	}
	if tr.cfg.Seen != nil {
		tr.cfg.Seen(c)
	}
	tr.finish(c)
}

// handle decides what becomes of c.
func (tr *Tracer) handle(c *Call) {
	if c.Ent == nil {
		c.Ent = &unknownCall
		c.Fail(unix.ENOSYS)
		return
	}
	if !tr.seccomp {
		// Here the table's verdict is applied in user space.
		switch a, e := tr.verdict(c); a {
		case verdictAllow:
			return
		case verdictErrno:
			c.Fail(e)
			return
		}
	}
	tr.byEnt[entIndex(c.Ent)]++
	if c.Ent.Support == Refused {
		c.Fail(c.Ent.Errno)
		return
	}
	if c.ABI == I386 {
		if c.Ent.Name == "socketcall" && !tr.unpackSocketcall(c) {
			return
		}
		if e := c.widen(); e != 0 {
			c.Fail(e)
			return
		}
	}
	tr.h.Syscall(c)
}

// unknownCall stands for a number that the table does not have.
var unknownCall = Sysent{Name: "unknown", Support: Refused, Errno: unix.ENOSYS}

// finish puts what was decided into effect and lets the task go on.
func (tr *Tracer) finish(c *Call) {
	t := c.Task
	rewritten, moved := !c.done && c.rewritten(), false
	if rewritten && c.ABI == I386 {
		c.noBack = true // the stubs are of x86-64
		if !c.possible() {
			c.Fail(unix.ENOSYS)
			rewritten = false
		}
	}
	if rewritten {
		if e := c.place(); e != 0 {
			c.Fail(e)
			rewritten = false
		}
	}
	switch {
	case c.done:
		tr.stats.Answered++
		if c.watch != nil {
			r := c.result(c.Value())
			c.watch(&r)
		}
		c.ask, c.watch = false, nil
	case rewritten:
		tr.stats.Rewritten++
		// With an exit stop the stub is not needed to give the registers
		// back, but to tell the guest's own filters whose call it is.
		if moved = t.slot != noSlot; moved {
			c.regs.Rip = stubAddr(t.slot) + syscallLen
			c.regs.Rcx = c.regs.Rip
			if c.quiet {
				t.quiet = true
				tr.quiet++
			}
		}
	default:
		tr.stats.Unchanged++
	}
	if c.ask || c.watch != nil || rewritten && c.noBack {
		t.atExit = true
		t.call = &pendingCall{ent: c.Ent, orig: c.orig, args: c.Args, redo: rewritten, moved: moved, ask: c.ask, state: c.state, watch: c.watch}
		if c.ABI == I386 {
			t.call.c32, t.call.orig = c.c32.kept(), c.c32.raw
		}
	}
	if c.ABI == I386 {
		if r := c.narrowRegs(); r != c.c32.raw && ptrace.SetRegs(t.Tid, &r) != 0 {
			return // gone
		}
		tr.resume(t, 0)
		return
	}
	if c.regs != c.was {
		if tr.regs.write(t.Tid, &c.was, &c.regs) != 0 {
			return // gone
		}
	}
	tr.resume(t, 0)
}

// giveBack restores the arguments of a call that has returned, and its place.
func (p *pendingCall) giveBack(r *unix.PtraceRegs) {
	if p.c32 != nil {
		giveBack32(r, &p.orig, p.moved)
		return
	}
	r.Rdi, r.Rsi, r.Rdx = p.orig.Rdi, p.orig.Rsi, p.orig.Rdx
	r.R10, r.R8, r.R9 = p.orig.R10, p.orig.R8, p.orig.R9
	if p.moved {
		r.Rip, r.Rcx = p.orig.Rip, p.orig.Rip
	}
}

// exit handles the return of a call whose exit stop was asked for.
func (tr *Tracer) exit(t *Task) {
	tr.stats.ExitStops++
	p := t.call
	t.atExit, t.call, t.inCall = false, nil, false
	var r unix.PtraceRegs
	if tr.regs.exit(t.Tid, &r) != 0 {
		return
	}
	was := r
	val := int64(r.Rax)
	again := false
	if (p.ask || p.watch != nil) && !restarts(val) {
		res := Result{
			Task: t, Ent: p.ent, Val: val, State: p.state, tr: tr,
			Args: p.args, c32: p.c32,
		}
		if p.ask {
			tr.h.Result(&res)
			if p.c32 != nil {
				res.Val = p.c32.result(res.Val)
			}
		}
		r.Rax = uint64(res.Val)
		again = res.again
		if p.watch != nil && !again {
			p.watch(&res)
		}
	}
	if p.redo || again {
		// The backends that know the result only cannot compare: the
		// arguments are written by what is not equal to zero or changed.
		var full unix.PtraceRegs
		if ptrace.GetRegs(t.Tid, &full) == 0 {
			p.giveBack(&full)
			full.Rax = r.Rax
			if restarts(val) {
				full.Orig_rax = p.orig.Orig_rax
			}
			if again {
				full.Rip -= syscallLen
				full.Rax, full.Orig_rax = p.orig.Orig_rax, ^uint64(0)
			}
			ptrace.SetRegs(t.Tid, &full)
		}
	} else if r != was {
		tr.regs.write(t.Tid, &was, &r)
	}
	tr.releaseSlot(t)
	tr.resume(t, 0)
}
