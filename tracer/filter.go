package tracer

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Filters that a guest brings along run beside ours, on the call as the kernel
// is about to make it. The first run sees what the guest asked for; its answer
// counts, since all answers that forbid outrank our TRACE. Once the handler
// has rewritten the call the kernel runs all filters again, on what the guest
// never asked for. That run must not be theirs to judge, so a guest's program
// gets a head of ours: a rewritten call is made from the window, and for calls
// from there the answer is TRACE, which the second run takes for yes
// (recheck_after_trace in kernel/seccomp.c). A guest that jumps to the window
// by itself is in its first run, and so stops; the tracer knows which threads
// have business there (strays).

// maxScreened is the longest program that leaves room for the head.
const maxScreened = maxInsns - screenLen

const screenLen = 13

// Offset of the instruction pointer in struct seccomp_data.
const dataIP = 8

// Screen returns a guest's program with the head before it.
func (tr *Tracer) Screen(guest []unix.SockFilter) ([]unix.SockFilter, unix.Errno) {
	if len(guest) > maxScreened {
		return nil, unix.ENOMEM
	}
	return slices.Concat(tr.screen(), guest), 0
}

// screen is the head: it answers for calls from the window, for those that the
// tracer has answered, and for the one that maps the window, which cannot be
// made from there. Where every call stops
// at its entry, before the filters run, the answer is a plain yes.
func (tr *Tracer) screen() []unix.SockFilter {
	yes := RetTrace
	if !tr.seccomp {
		yes = RetAllow
	}
	jump := func(op uint16, k uint32, jt, jf uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, K: k, Jt: jt, Jf: jf}
	}
	ld := func(off uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: off}
	}
	return []unix.SockFilter{
		0:  ld(dataIP + 4),
		1:  jump(unix.BPF_JEQ, 0, 0, 2),
		2:  ld(dataIP),
		3:  jump(unix.BPF_JGE, uint32(WindowEnd), 0, 7), // below: yes
		4:  ld(dataNr),
		5:  jump(unix.BPF_JEQ, skipped, 5, 0),
		6:  jump(unix.BPF_JEQ, unix.SYS_MMAP, 0, 5),
		7:  ld(dataArgs),
		8:  jump(unix.BPF_JGE, uint32(WindowEnd), 3, 0),
		9:  ld(dataArgs + 8*4),
		10: jump(unix.BPF_JEQ, uint32(tr.cfg.WindowFD), 0, 1),
		11: {Code: unix.BPF_RET | unix.BPF_K, K: yes},
		// Programs start with an empty accumulator.
		12: {Code: unix.BPF_LD | unix.BPF_IMM},
	}
}

// skipped is the number of a call that a tracer has answered: the filters run
// after the stop of PTRACE_SYSCALL, on that as on any other.
const skipped = 0xffffffff

// AddFilter notes that t has installed the guest's program f, for its whole
// process if all is set.
func (tr *Tracer) AddFilter(t *Task, f []unix.SockFilter, all bool) {
	t.filters = append(slices.Clip(t.filters), f)
	t.logs = t.logs || slices.ContainsFunc(f, func(i unix.SockFilter) bool {
		return i.Code == unix.BPF_RET|unix.BPF_K && i.K&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_LOG
	})
	if !all {
		return
	}
	for _, o := range tr.tasks {
		if o != t && o.known && o.Tgid() == t.Tgid() {
			o.filters, o.logs = t.filters, t.logs
		}
	}
}

// strays reports whether a thread with filters of its own makes a call that
// its filters have not judged, and that is not ours: from the window without a
// slot there, or the mapping of the window.
func (tr *Tracer) strays(c *Call) bool {
	if len(c.Task.filters) == 0 {
		return false
	}
	if ip := c.orig.Rip; ip >= WindowLow && ip < WindowEnd {
		// The fast path's code may be on its way out; it must be able to
		// close what it has opened.
		return c.Nr != unix.SYS_CLOSE || ip != tr.policy.Fast.IP
	}
	return c.Nr == unix.SYS_MMAP && uint64(uint32(c.Args[0])) < WindowEnd && uint32(c.Args[4]) == uint32(tr.cfg.WindowFD)
}

// judged is the action of the guest's own filters.
func (c *Call) judged() uint32 {
	d := FilterData{Nr: uint32(c.Nr), Arch: auditArch[c.ABI], IP: c.orig.Rip, Args: c.Args}
	return RunFilters(c.Task.filters, &d) & unix.SECCOMP_RET_ACTION_FULL
}

// filtered applies what a thread's own filters mean to a stopped call. It
// reports whether the call has been dealt with.
func (tr *Tracer) filtered(c *Call) bool {
	if tr.strays(c) {
		c.Fail(unix.EPERM)
		tr.finish(c)
		return true
	}
	if tr.seccomp && !c.Task.logs {
		return false // the kernel has asked them
	}
	switch a := c.judged(); {
	case a == unix.SECCOMP_RET_LOG:
		// The kernel's own log shows calls that do not stop.
		tr.log.Warn("seccomp: a call that is to be logged", "tid", c.Task.Tid, "nr", c.Nr)
	case int32(a) < int32(RetTrace):
		// Left as it is: the kernel does what the filters say.
		tr.resume(c.Task, 0)
		return true
	}
	return false
}
