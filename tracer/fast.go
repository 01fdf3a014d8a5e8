package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// The fast path: path calls that the guest answers itself, without a stop, by
// code in the window that the seccomp program confines (package fastpath). The
// first call of a site stops as ever; then the instruction before its
// `syscall` is replaced by a jump to a stub near it, and from there to the
// window. The `syscall` stays, so whatever enters there directly, a restart
// too, makes the plain call.

// fast is the tracer's part of it.
type fast struct {
	fds   []int // become the guest's reserved descriptors
	known map[fileID][]knownSite
	goBin map[fileID]bool // looked at for Syscall6
	text  int             // see writableText: 0 is unknown
	mdwe  bool            // the launcher has PR_SET_MDWE itself
	own   bool            // see RevokeOwn
	paths bool
	count []byte // the page of counters, nil if nobody asks
}

// mm is what tasks that share an address space share.
type mm struct {
	refs    int
	ready   bool   // slots are mapped
	stubs   uint64 // where stubs go; 0: nowhere
	checked bool   // stubs is known to be our own memory
	off     bool   // the Handler has said LeaveFast
	mdwe    bool   // memory cannot become executable (PR_SET_MDWE)
	used    int    // stubs taken
	sites   []site
	applied []fileID // files whose known sites were patched
}

// site is a `syscall` instruction that has been met.
type site struct {
	at    uint64
	start uint64 // of the patched instruction; 0: not patched
	stub  uint64
}

func (m *mm) site(at uint64) *site {
	for i := range m.sites {
		if m.sites[i].at == at {
			return &m.sites[i]
		}
	}
	return nil
}

// startFast puts the fast path into the window, if it is wanted and possible.
func (tr *Tracer) startFast() {
	if tr.cfg.Fast == nil || !tr.seccomp || tr.cfg.Seen != nil {
		return
	}
	table := *tr.cfg.Fast
	var count []byte
	if tr.cfg.Counters {
		if fd, page, err := countsPage(); err == nil {
			table.Counts, count = fd, page
		}
	}
	rules, fds, err := table.Place(tr.win.mem[offFast:], tr.cfg.WindowFD+fixedFDs)
	if err != nil {
		tr.log.Warn("the fast path is off", "err", err)
		return
	}
	if k := tr.cfg.Interp; k != nil {
		k.reserve(tr.cfg.WindowFD + fixedFDs + len(fds))
		fds = append(fds, k.FD)
	}
	tr.policy.Fast, tr.policy.Reserved = rules, len(fds)
	tr.fast = &fast{fds: fds, known: map[fileID][]knownSite{}, goBin: map[fileID]bool{}, count: count, own: rules.AnyEnd == fastpath.HowRead, paths: table.Narrow}
	if v, err := unix.PrctlRetInt(unix.PR_GET_MDWE, 0, 0, 0, 0); err == nil {
		tr.fast.mdwe = v != 0
	}
}

// Reserved are the numbers of the first descriptor that guests may not touch
// and of the one behind the last.
func (tr *Tracer) Reserved() (first, end int) { return tr.policy.WindowFD, tr.policy.lastFD() }

// NoteDir tells the fast path the guest path of the directory with this inode
// number, which some task has as its current one or opens files in.
func (tr *Tracer) NoteDir(ino uint64, guest string) {
	if tr.fast != nil {
		fastpath.PutCwd(tr.win.mem[offFast:], ino, guest)
	}
}

// newMM gives t an address space of its own (exec).
func (tr *Tracer) newMM(t *Task) {
	mdwe := tr.fast != nil && tr.fast.mdwe || t.mm != nil && t.mm.mdwe
	t.dropMM()
	t.late = nil
	if tr.fast != nil && !t.noFast {
		t.mm = &mm{refs: 1, mdwe: mdwe}
	}
}

func (t *Task) dropMM() {
	if t.mm != nil {
		t.mm.refs--
		t.mm = nil
	}
}

// shareMM gives the child c its address space: the parent's own, or a copy of
// it, patches and all.
func (tr *Tracer) shareMM(c, parent *Task, vm int) {
	c.noFast = parent.noFast
	p := parent.mm
	if p == nil {
		return
	}
	same, e := 0, unix.Errno(0)
	if vm != sameVM {
		same, e = ptrace.Kcmp(parent.Tid, c.Tid, ptrace.KcmpVM)
	}
	if e != 0 || same == 0 {
		// Without kcmp(2) nobody knows: nothing is patched that another
		// thread might be in.
		p.refs++
		c.mm = p
		return
	}
	m := *p
	m.refs = 1
	m.sites = append([]site(nil), p.sites...)
	m.applied = append([]fileID(nil), p.applied...)
	c.mm = &m
	if p.refs > 1 && p.ready {
		// Other threads' slots were copied in whatever state they had. The
		// one that forks has none.
		for i := range fastpath.Slots {
			at := fastpath.Pool + uint64(i)*fastpath.SlotSize
			var b [8]byte
			if c.read(tr, at, b[:]) == 0 && b != [8]byte{} {
				c.write(tr, at, make([]byte, 8))
			}
		}
	}
}

// stubsBelow is how far below the program's first instruction the stubs go
// (the interpreter's, if it has one): near enough for a jump from the
// libraries that will be mapped there, and out of the way.
const stubsBelow = 64 << 20

// fastOps adds to the boot code what maps slots and stubs.
// The bytes that it returns must lie first among the strings.
func (tr *Tracer) fastOps(t *Task, b *boot, p *ExecPlan, o *ops) []byte {
	if t.mm == nil {
		return nil
	}
	at := uint64(fastpath.LowStubs)
	if b.regs.Rip > 1<<31 {
		at = b.regs.Rip&^(pageSize-1) - stubsBelow
	}
	t.mm.stubs = at
	stubs := tr.patchEarly(t, b)
	if p != nil && p.Held {
		stubs = tr.patchHeld(t, b)
	}
	at = t.mm.stubs
	o.add(unix.SYS_MMAP, 0, fastpath.Dirs, fastpath.PrivateSize, unix.PROT_READ|unix.PROT_WRITE, poolFlags, ^uint64(0), 0)
	if fd := tr.policy.Fast.CountsFD; fd != 0 {
		o.add(unix.SYS_MMAP, 0, fastpath.Counts, fastpath.CountsSize, unix.PROT_READ|unix.PROT_WRITE, countsFlags, uint64(fd), 0)
	}
	if stubs != nil {
		o.add(unix.SYS_MMAP, 0, at, fastpath.StubsSize, unix.PROT_READ|unix.PROT_WRITE, poolFlags, ^uint64(0), 0)
		o.add(opCopy, 0, at, strBase, uint64(len(stubs)))
		o.add(unix.SYS_MPROTECT, 0, at, fastpath.StubsSize, unix.PROT_READ|unix.PROT_EXEC)
		return stubs
	}
	o.add(unix.SYS_MMAP, opMayFail, at, fastpath.StubsSize, unix.PROT_READ|unix.PROT_EXEC, poolFlags, ^uint64(0), 0)
	return nil
}

// fastReady is called when the boot code is done.
func (tr *Tracer) fastReady(t *Task) {
	if t.mm == nil {
		return
	}
	t.mm.ready = true
	if t.mm.off {
		t.fastOff(tr)
	}
	if t.boot != nil && t.boot.start == nil {
		tr.patchAtExec(t)
	}
}

// fastCalls are the calls that the code in the window answers.
var fastCalls = map[int]bool{
	unix.SYS_OPEN: true, unix.SYS_OPENAT: true, unix.SYS_STAT: true, unix.SYS_LSTAT: true, unix.SYS_NEWFSTATAT: true,
	unix.SYS_STATX: true, unix.SYS_ACCESS: true, unix.SYS_FACCESSAT: true, unix.SYS_FACCESSAT2: true,
	unix.SYS_READLINK: true, unix.SYS_READLINKAT: true, unix.SYS_GETDENTS64: true, unix.SYS_EXECVE: true,
	unix.SYS_STATFS: true, unix.SYS_CHDIR: true, unix.SYS_GETCWD: true, unix.SYS_GETXATTR: true, unix.SYS_LGETXATTR: true,
	unix.SYS_LISTXATTR: true, unix.SYS_LLISTXATTR: true,
}

// fastEntry sees every call before the Handler does. It patches the sites that
// it meets for the first time, and then sends the call through the patch. It
// reports whether the task has been resumed.
func (tr *Tracer) fastEntry(c *Call) bool {
	t := c.Task
	m := t.mm
	if !m.ready {
		return false
	}
	if c.orig.Rip == fastpath.SymExitDeferred {
		return tr.finishDeferred(t)
	}
	if c.Nr == unix.SYS_SECCOMP || c.Nr == unix.SYS_PRCTL && uint32(c.Args[0]) == unix.PR_SET_SECCOMP {
		tr.stopFast(t)
	}
	if c.Nr == unix.SYS_PRCTL && uint32(c.Args[0]) == unix.PR_SET_MDWE {
		m.mdwe = true
	}
	if uint(c.Nr) >= maxNr || !fastCalls[c.Nr] || t.noFast || m.off {
		return false
	}
	at := c.orig.Rip - syscallLen
	if s := m.site(at); s != nil {
		if s.start != 0 {
			tr.stats.Fallbacks++
		}
		return false
	}
	p := tr.patchFirst(c, at)
	if p == nil || !p.redo {
		return false
	}
	c.regs.Rip = at - uint64(p.size)
	c.regs.Rcx = c.regs.Rip
	c.regs.Rax, c.regs.Orig_rax = uint64(c.Nr), ^uint64(0)
	if tr.regs.write(t.Tid, &c.was, &c.regs) == 0 {
		tr.resume(t, 0)
	}
	return true
}

// stopFast ends the fast path for all that share t's address space, and for
// their children and what they exec: a filter of the guest's own sees other
// calls than it expects there, and may kill for them.
func (tr *Tracer) stopFast(t *Task) {
	for _, o := range tr.tasks {
		if o.mm == t.mm {
			o.noFast = true
		}
	}
	t.fastOff(tr)
}

// LeaveFast ends the fast path for all that share t's address space, until
// they exec: what the code knows is no longer true for t. It reports whether
// that is new.
func (tr *Tracer) LeaveFast(t *Task) bool {
	if t.mm == nil || t.mm.off {
		return false
	}
	t.mm.off = true
	if t.mm.ready {
		t.fastOff(tr)
	}
	return true
}

func (t *Task) fastOff(tr *Tracer) {
	t.write(tr, fastpath.Pool+(fastpath.Slots-1)*fastpath.SlotSize+fastpath.SlotOff, []byte{1, 0, 0, 0})
}

// SetFast sets and clears View* flags for all guests.
func (tr *Tracer) SetFast(set, clear uint32) {
	if tr.fast != nil {
		fastpath.PutFlags(tr.win.mem[offFast:], set, clear)
	}
}

// AskFast tells the fast path that a directory above a mount may be shut
// (fastpath.PutAsk). Any goroutine may call it until Close.
func (tr *Tracer) AskFast() {
	if tr.fast != nil {
		fastpath.PutAsk(tr.win.mem[offFast:])
	}
}

// RevokeOwn ends the reading of files by descriptors of the guests' own, and with
// paths any use of them (fastpath.Revoke), before t gets a directory that is not
// to be used so. When it returns true no guest is inside of such an open any more.
func (tr *Tracer) RevokeOwn(t *Task, paths bool) bool {
	f := tr.fast
	if f == nil || !f.own && !(paths && f.paths) {
		return true
	}
	fastpath.Revoke(tr.win.mem[offFast:], paths)
	from := uint64(fastpath.HowOwn)
	if paths {
		from = fastpath.HowOwnPath
	}
	own := func(nr int, args [3]uint64) bool {
		return nr == unix.SYS_OPENAT2 && args[2] >= from && args[2] < fastpath.HowRead
	}
	if !tr.settle(t, own) {
		return false
	}
	f.own = false
	f.paths = f.paths && !paths
	return true
}

// words reads n words of a slot.
func (t *Task) words(tr *Tracer, at uint64, w []uint64) bool {
	b := make([]byte, 8*len(w))
	if t.read(tr, at, b) != 0 {
		return false
	}
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return true
}
