package tracer

import (
	"encoding/binary"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// A signal must never see the fast path: neither a frame on a slot's stack nor
// a context that points into the window. A thread that a signal meets there is
// taken back to its call if nothing has been done yet; brought to the end if
// only that is left; and else the signal is put off until the code is done,
// which it says by a call that stops.

// lateSignal is a signal that was put off.
type lateSignal struct {
	sig  int
	info [128]byte
	sent bool
	// cut: the call was interrupted, at ip. Whether it is restarted or fails
	// with EINTR is for the kernel to say.
	cut bool
	ip  uint64
	nr  uint64
}

// siTkill is SI_TKILL, the si_code of tgkill(2).
const siTkill = -6

// fastSignal sees every signal before it is delivered, and t's registers. It reports whether the
// task has been resumed without it.
func (tr *Tracer) fastSignal(t *Task, sig int, r *unix.PtraceRegs) bool {
	m := t.mm
	tr.restoreInfo(t, sig, r)
	switch {
	case sig == int(unix.SIGTRAP) && m.trapped(r.Rip-1) != nil:
		// A trap that stood there while a site was patched. In the copy of a
		// fork from that very moment it still does.
		m.trapped(r.Rip - 1).mend(t)
		r.Rip--
		ptrace.SetRegs(t.Tid, r)
		tr.resume(t, 0)
		return true
	case m.used > 0 && r.Rip >= m.stubs && r.Rip < m.stubs+fastpath.StubsSize:
		return tr.leaveStub(t, r)
	case r.Rip >= fastpath.Text && r.Rip < fastpath.Text+fastpath.TextSize:
		return tr.leaveCode(t, sig, r)
	}
	return false
}

func (m *mm) trapped(ip uint64) *site {
	for i := range m.sites {
		if m.sites[i].start == ip && ip != 0 {
			return &m.sites[i]
		}
	}
	return nil
}

// leaveStub takes a thread back from a stub to its site.
func (tr *Tracer) leaveStub(t *Task, r *unix.PtraceRegs) bool {
	stub := r.Rip &^ (stubLen - 1)
	for _, s := range t.mm.sites {
		if s.stub != stub || s.start == 0 {
			continue
		}
		if r.Rip-stub < s.at-s.start {
			r.Rip = s.start
		} else {
			r.Rip = s.at // the moved instructions are done
		}
		tr.stats.Unwound++
		ptrace.SetRegs(t.Tid, r)
		break
	}
	return false
}

// slotOf returns the slot that an address lies in, or 0. The end of one slot
// belongs to it: a stack grows down from there.
func slotOf(sp uint64) uint64 {
	if sp <= fastpath.Pool || sp > fastpath.Pool+fastpath.PoolSize {
		return 0
	}
	return (sp - 1) &^ (fastpath.SlotSize - 1)
}

// leaveCode deals with a thread in the window's code.
func (tr *Tracer) leaveCode(t *Task, sig int, r *unix.PtraceRegs) bool {
	const carry = 1
	ip := r.Rip
	switch {
	case ip < fastpath.SymEntryTried, ip == fastpath.SymEntryTried && r.Eflags&carry != 0,
		ip >= fastpath.SymEntryTried2 && ip < fastpath.SymEntryClaimed:
		return tr.back(t, 0, r)
	case ip < fastpath.SymEntrySwitched:
		return tr.back(t, slotOf(r.Rcx+1), r)
	case ip >= fastpath.SymExitFreed && ip < fastpath.SymExitEnd:
		return tr.back(t, 0, r)
	}
	slot := slotOf(r.Rsp)
	if ip >= fastpath.SymExitRestored && ip < fastpath.SymExitFreed {
		slot = slotOf(r.Rcx + 1)
	}
	var s [slotWords]uint64
	if slot == 0 || !t.words(tr, slot, s[:]) {
		return false // a guest that has jumped here
	}
	phase := uint32(s[fastpath.SlotPhase/8])
	fault := sig == int(unix.SIGSEGV) || sig == int(unix.SIGBUS)
	switch {
	case phase == 0, phase == 1 && ip == fastpath.SymGadgetSys:
		tr.stats.Unwound++
		restoreSlot(r, &s, fastpath.Slow)
		tr.freeSlot(t, slot)
		ptrace.SetRegs(t.Tid, r)
		if len(t.late) > 0 {
			tr.sendLate(t, r, &s)
		}
		if fault && tr.generated(t) {
			// The path cannot be read, or the result not be written: the
			// plain call says EFAULT.
			tr.resume(t, 0)
			return true
		}
		return false
	case ip == fastpath.SymExitStart:
		return tr.complete(t, slot, r, &s, int64(r.Rax))
	case ip >= fastpath.SymExitSaved && ip < fastpath.SymExitFreed:
		return tr.complete(t, slot, r, &s, int64(s[fastpath.SlotResult/8]))
	case fault && tr.generated(t):
		return false
	case ip == fastpath.SymGadgetAfter && restarts(int64(r.Rax)) && phase == 1:
		// As if the plain call had been interrupted.
		tr.stats.Unwound++
		e := r.Rax
		restoreSlot(r, &s, 0)
		r.Rax, r.Orig_rax = e, s[fastpath.SlotNr/8]
		tr.freeSlot(t, slot)
		ptrace.SetRegs(t.Tid, r)
		return false
	}
	if ip > fastpath.SymGadgetCheck && ip <= fastpath.SymGadgetSys && r.Rax == fastpath.OpenNr {
		// The check that no signal waits is made once more.
		if ip == fastpath.SymGadgetSys {
			phase--
			t.write(tr, slot+fastpath.SlotPhase, binary.LittleEndian.AppendUint32(nil, phase))
		}
		r.Rip = fastpath.SymGadgetCheck
		ptrace.SetRegs(t.Tid, r)
	}
	late := lateSignal{sig: sig}
	if ip == fastpath.SymGadgetAfter && restarts(int64(r.Rax)) {
		// A descriptor is to be closed first.
		r.Rax, r.Orig_rax = errnoWord(unix.EINTR), ^uint64(0)
		ptrace.SetRegs(t.Tid, r)
		late.cut = true
	}
	ptrace.SigInfo(t.Tid, &late.info)
	t.late = append(t.late, late)
	tr.stats.Deferred++
	t.block()
	t.write(tr, slot+fastpath.SlotDefer, []byte{1, 0, 0, 0})
	tr.resume(t, 0)
	return true
}

// faults are the signals that an instruction raises. The kernel resets the
// handler of one that is blocked.
const faults = 1<<(unix.SIGSEGV-1) | 1<<(unix.SIGBUS-1) | 1<<(unix.SIGILL-1) | 1<<(unix.SIGFPE-1) | 1<<(unix.SIGTRAP-1) | 1<<(unix.SIGSYS-1)

// block keeps further signals waiting in the kernel until the code is done: a
// timer may fire faster than they could be put off.
func (t *Task) block() {
	if t.masked {
		return
	}
	if m, e := ptrace.SigMask(t.Tid); e == 0 && ptrace.SetSigMask(t.Tid, m|^uint64(faults)) == 0 {
		t.mask, t.masked = m, true
	}
}

// unblock undoes that.
func (t *Task) unblock() {
	if t.masked {
		ptrace.SetSigMask(t.Tid, t.mask)
		t.masked = false
	}
}

// generated reports whether the signal at hand comes from the kernel itself.
func (tr *Tracer) generated(t *Task) bool {
	var info [128]byte
	return ptrace.SigInfo(t.Tid, &info) == 0 && int32(binary.LittleEndian.Uint32(info[8:])) > 0
}

// slotWords is how much of a slot the tracer reads.
const slotWords = fastpath.SlotResult/8 + 1

// restoreSlot gives r back what the guest had; result is what its call
// returns, or Slow for the moment before the call.
func restoreSlot(r *unix.PtraceRegs, s *[slotWords]uint64, result int64) {
	r.Rsp = s[fastpath.SlotRSP/8]
	r.Rdi, r.Rsi, r.Rdx = s[fastpath.SlotDI/8], s[fastpath.SlotSI/8], s[fastpath.SlotDX/8]
	r.R10, r.R8, r.R9 = s[fastpath.SlotR10/8], s[fastpath.SlotR8/8], s[fastpath.SlotR9/8]
	r.Rbx, r.Rbp = s[fastpath.SlotBX/8], s[fastpath.SlotBP/8]
	r.R12, r.R13 = s[fastpath.SlotR12/8], s[fastpath.SlotR13/8]
	r.R14, r.R15 = s[fastpath.SlotR14/8], s[fastpath.SlotR15/8]
	r.Rip, r.Rax = s[fastpath.SlotSite/8], s[fastpath.SlotNr/8]
	if result != fastpath.Slow {
		r.Rip += syscallLen
		r.Rax = uint64(result)
	}
	r.Rcx = r.Rip
	r.Orig_rax = ^uint64(0)
}

func (tr *Tracer) freeSlot(t *Task, slot uint64) {
	if slot != 0 {
		t.write(tr, slot+fastpath.SlotBusy, make([]byte, 8))
	}
}

// back sends a thread to where r11 points: its site, or behind it.
func (tr *Tracer) back(t *Task, slot uint64, r *unix.PtraceRegs) bool {
	tr.stats.Unwound++
	tr.freeSlot(t, slot)
	r.Rip, r.Rcx = r.R11, r.R11
	ptrace.SetRegs(t.Tid, r)
	return false
}

// complete does what is left of the exit.
func (tr *Tracer) complete(t *Task, slot uint64, r *unix.PtraceRegs, s *[slotWords]uint64, result int64) bool {
	tr.stats.Unwound++
	restoreSlot(r, s, result)
	tr.freeSlot(t, slot)
	ptrace.SetRegs(t.Tid, r)
	if len(t.late) > 0 {
		tr.sendLate(t, r, s)
	}
	return false
}

// finishDeferred takes a thread out of the code that has come to its end with
// signals waiting, and sends these.
func (tr *Tracer) finishDeferred(t *Task) bool {
	var r unix.PtraceRegs
	var s [slotWords]uint64
	if ptrace.GetRegs(t.Tid, &r) != 0 {
		return true
	}
	slot := slotOf(r.Rsp)
	if slot == 0 || !t.words(tr, slot, s[:]) {
		return false // a guest that has jumped here
	}
	restoreSlot(&r, &s, int64(s[fastpath.SlotResult/8]))
	tr.freeSlot(t, slot)
	ptrace.SetRegs(t.Tid, &r)
	tr.sendLate(t, &r, &s)
	tr.resume(t, 0)
	return true
}

// sendLate sends what was put off once more. It comes back to fastSignal, and
// gets its siginfo there.
func (tr *Tracer) sendLate(t *Task, r *unix.PtraceRegs, s *[slotWords]uint64) {
	t.unblock()
	for i := range t.late {
		l := &t.late[i]
		if l.sent {
			continue
		}
		l.sent = true
		l.ip, l.nr = r.Rip, s[fastpath.SlotNr/8]
		l.cut = l.cut && int64(r.Rax) == -int64(unix.EINTR)
		unix.Tgkill(t.Tgid(), t.Tid, unix.Signal(l.sig))
	}
}

// restoreInfo gives a signal that was put off its siginfo back. Others of the
// same number may have come meanwhile: one that has become one with ours while
// both were waiting, or a real-time signal, which was queued in front of it.
func (tr *Tracer) restoreInfo(t *Task, sig int, r *unix.PtraceRegs) {
	for i := range t.late {
		l := &t.late[i]
		if !l.sent || l.sig != sig {
			continue
		}
		var info [128]byte
		if ptrace.SigInfo(t.Tid, &info) != 0 {
			return
		}
		ptrace.SetSigInfo(t.Tid, &l.info)
		if l.cut && r.Rip == l.ip && int64(r.Rax) == -int64(unix.EINTR) {
			r.Rax, r.Orig_rax = errnoWord(eRestartSys), l.nr
			ptrace.SetRegs(t.Tid, r)
		}
		le := binary.LittleEndian
		ours := int32(le.Uint32(info[8:])) == siTkill && int(le.Uint32(info[16:])) == os.Getpid()
		if sig >= sigRTMin && !ours {
			l.info, l.cut = info, false
			return
		}
		t.late = slices.Delete(t.late, i, i+1)
		return
	}
}

// sigRTMin is the first signal that is queued, and not just noted.
const sigRTMin = 32
