package tracer

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// FS is what tasks that share a current directory share (fs_struct of the
// kernel): clone(2) with CLONE_FS, that is every thread of a process.
type FS struct {
	// Data belongs to the Handler.
	Data any
	refs int
}

// files is what tasks that share their descriptors share (files_struct).
type files struct{ refs int }

// Task is one traced thread.
type Task struct {
	// Tid is the kernel's thread id.
	Tid int
	// FS is shared by the tasks that share a current directory.
	FS    *FS
	files *files
	// Data belongs to the Handler; a child starts with what Handler.Fork
	// gives it.
	Data any

	tgid    int
	ppid    int   // while held: the process that made it
	slot    int16 // the slot this task's rewritten call lives in, or noSlot
	setup   bool  // our own code before the command's exec
	window  bool  // the window is mapped
	held    bool  // a first stop came before its parent's event
	known   bool  // the parent is known
	quiet   bool  // its call, which has the slot, may make a child without an event
	atExit  bool  // resumed to an exit stop that we asked for
	boot    *boot
	plan    *ExecPlan
	call    *pendingCall
	birth   *unix.PtraceRegs // registers to put right at the first stop
	birth32 bool             // of i386
	mm      *mm              // nil without the fast path
	noFast  bool             // no fast path, for good
	late    []lateSignal     // signals put off until the fast path is left
	masked  bool             // and all others are blocked until then
	mask    uint64           // what the guest itself blocks
	inCall  bool             // syscall trap mode: the next stop is an exit

	filters [][]unix.SockFilter // the guest's own seccomp programs
	logs    bool                // one of them answers LOG
}

// pendingCall is what an exit stop must know of its entry.
type pendingCall struct {
	ent   *Sysent
	orig  unix.PtraceRegs
	redo  bool // arguments were changed and must be given back
	moved bool // and so was the instruction pointer
	ask   bool // the Handler wants to see the result
	state any
	watch func(*Result)
	c32   *call32 // of a call of i386
	args  [6]uint64
}

// Tgid is the process that the task belongs to, as the host numbers it.
func (t *Task) Tgid() int {
	if t.tgid == 0 {
		_, t.tgid = parents(t.Tid)
		if t.tgid == 0 {
			return t.Tid
		}
	}
	return t.tgid
}

// parents reads the parent and the process of a thread from /proc/TID/status; 0
// means that it is not there.
func parents(tid int) (ppid, tgid int) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return 0, 0
	}
	field := func(name string) int {
		_, s, _ := strings.Cut(string(b), name)
		s, _, _ = strings.Cut(s, "\n")
		n, _ := strconv.Atoi(strings.TrimSpace(s))
		return n
	}
	return field("\nPPid:"), field("\nTgid:")
}

func (tr *Tracer) newTask(tid int) *Task {
	t := &Task{Tid: tid, slot: noSlot}
	tr.tasks[tid] = t
	return t
}

// Task returns the record of a thread, or nil.
func (tr *Tracer) Task(tid int) *Task { return tr.tasks[tid] }

// Knows reports whether tid is a thread or a process of the traced tree.
func (tr *Tracer) Knows(tid int) bool { return tr.tasks[tid] != nil }

// What is known of a child's memory.
const (
	anyVM  = iota
	sameVM // its parent's
)

// adopt makes t the child of parent. vm is what is known of its memory.
func (tr *Tracer) adopt(t, parent *Task, vm int) {
	t.known = true
	t.window = parent.window
	t.setup = false
	t.filters, t.logs = parent.filters, parent.logs
	if shared, e := ptrace.Kcmp(parent.Tid, t.Tid, ptrace.KcmpFS); e == 0 && shared == 0 {
		t.FS = parent.FS
		t.FS.refs++
	} else {
		t.FS = &FS{refs: 1}
	}
	if shared, e := ptrace.Kcmp(parent.Tid, t.Tid, ptrace.KcmpFiles); e != 0 || shared == 0 {
		t.files = parent.files
		t.files.refs++
	} else {
		t.files = &files{refs: 1}
	}
	tr.shareMM(t, parent, vm)
	tr.h.Fork(parent, t)
}

// dropFS gives up t's share of its FS.
func (tr *Tracer) dropFS(t *Task) {
	if t.FS == nil {
		return
	}
	if t.FS.refs--; t.FS.refs == 0 {
		tr.h.FSGone(t.FS)
	}
	t.FS = nil
}

// dropFiles gives up t's share of its descriptors.
func (t *Task) dropFiles() {
	if t.files != nil {
		t.files.refs--
		t.files = nil
	}
}

// Shares says that another task may change what a descriptor of t names, or its current
// directory, while t is in a call.
func (t *Task) Shares() bool {
	return t.FS != nil && t.FS.refs > 1 || t.files != nil && t.files.refs > 1
}

// UnshareFS gives t a current directory of its own (unshare(CLONE_FS)).
func (tr *Tracer) UnshareFS(t *Task) {
	if t.FS != nil && t.FS.refs == 1 {
		return
	}
	tr.dropFS(t)
	t.FS = &FS{refs: 1}
}

// remove forgets a task that is gone.
func (tr *Tracer) remove(t *Task) {
	if t.known {
		tr.adoptOrphans(t) // while it still has what they inherit
	}
	tr.releaseSlot(t)
	tr.mem.forget(t.Tid)
	if t.known {
		tr.h.Exit(t)
	}
	tr.dropFS(t)
	t.dropFiles()
	t.dropMM()
	delete(tr.tasks, t.Tid)
}

// releaseSlot gives the task's slot back.
func (tr *Tracer) releaseSlot(t *Task) {
	if t.slot != noSlot {
		tr.win.give(t.slot)
		t.slot = noSlot
		tr.endQuiet(t)
	}
}

// unwind takes a thread that stands in its stub back to the place in the
// guest's own code that it came from, and frees the slot. It reports whether
// r was changed. It is called at every stop of a thread that has a slot, so
// that neither a signal frame nor a child ever shows the window.
func (tr *Tracer) unwind(t *Task, r *unix.PtraceRegs) bool {
	i := t.slot
	if i == noSlot {
		return false
	}
	at := stubAddr(i)
	in := r.Rip >= at && r.Rip < at+stubSize
	if in {
		before := r.Rip == at
		tr.win.restore(i, r)
		if before {
			// The kernel is about to restart the call: let it restart at
			// the guest's own instruction, with its own number.
			r.Rax = r.Orig_rax
			r.Rip -= syscallLen
		}
	}
	tr.releaseSlot(t)
	return in
}

// reclaim frees the slots of threads that have left their stubs without
// stopping since. It is called only when no slot is free.
func (tr *Tracer) reclaim() {
	for i, t := range tr.win.owner {
		if t == nil || t.slot != int16(i) {
			continue
		}
		if ip, ok := taskIP(t.Tid); ok && (t.boot == nil || !t.boot.covers(ip)) && (ip < stubAddr(t.slot) || ip >= stubAddr(t.slot)+stubSize) {
			tr.releaseSlot(t)
		}
	}
}

// taskIP reads the instruction pointer of a blocked task from
// /proc/TID/syscall; ok is false while it runs.
func taskIP(tid int) (ip uint64, ok bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/syscall")
	if err != nil {
		return 0, false
	}
	f := strings.Fields(string(b))
	if len(f) < 3 {
		return 0, false
	}
	ip, err = strconv.ParseUint(strings.TrimPrefix(f[len(f)-1], "0x"), 16, 64)
	return ip, err == nil
}
