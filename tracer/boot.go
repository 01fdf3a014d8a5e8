package tracer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// ExecPlan says what has to be put right between the kernel's exec of a
// program and its first instruction. The zero value maps the window only.
type ExecPlan struct {
	// Path is the string that was given to the kernel, Guest the one that
	// the guest gave: AT_EXECFN must show the latter. Path must not be
	// shorter (add slashes).
	Path, Guest string
	// Comm, when not "", is the name the task must get (PR_SET_NAME): the
	// kernel took the last component of Path.
	Comm string
	// Interp is the host path of the guest's own ELF interpreter, to take
	// the place of HostInterp, the file that the kernel finds at the same
	// path in the host's tree.
	Interp      string
	InterpImage *Image
	HostInterp  *Image
	// Held says that Interp is Config.Interp.
	Held bool
	// Aux replaces values of the auxiliary vector (getauxval(3)).
	Aux map[uint64]uint64
	// Program is the host path of the program itself when the kernel could
	// not exec it, because the host has nothing at its interpreter's path:
	// then the kernel was given the stub program (Tracer.StubPath).
	Program      string
	ProgramImage *Image
}

// boot is the state of a task between exec and its program.
type boot struct {
	regs  unix.PtraceRegs // at the first instruction
	poked uint64          // where our code was put
	size  uint64          // how much of it there is
	words [2]uint64       // what was there
	leave bool            // the boot code jumps to the program by itself
	start *start          // by way of opStart
	held  *heldPlan       // what the boot code does with the held interpreter
	slot  int16
	i386  bool // the program is of 32 bits; the boot code is not
	entry *entry32
}

// covers reports whether an instruction pointer belongs to the boot code.
func (b *boot) covers(ip uint64) bool {
	return ip >= WindowLow && ip < WindowLow+offStubs || ip >= b.poked && ip < b.poked+b.size
}

// enterCode maps the window and goes to the boot code:
//
//	mov $9, %eax; syscall; mov $WindowLow, %ebx; jmp *%rbx
//
// The number cannot be preset: execve's own result is stored in rax after the
// stop at which the other registers are set.
var enterCode = [16]byte{0xb8, 9, 0, 0, 0, 0x0f, 0x05, 0xbb, byte(WindowLow & 0xff), byte(WindowLow >> 8 & 0xff), byte(WindowLow >> 16 & 0xff), 0, 0xff, 0xe3, 0xcc, 0xcc}

// startBoot prepares the new program of t and lets it run the boot code. What
// fails here has no way back, since the old program is gone: the task is
// killed, as the kernel does when an exec fails that late.
func (tr *Tracer) startBoot(t *Task) {
	if err := tr.tryBoot(t); err != nil {
		tr.fatal(t, err)
		return
	}
	tr.resume(t, 0)
}

// fatal kills a task that cannot be put into a safe state.
func (tr *Tracer) fatal(t *Task, err error) {
	switch {
	case errors.Is(err, unix.ESRCH): // somebody has killed it, and nothing has failed
	case errors.Is(err, unix.ENOMEM): // its own limit, at which the kernel kills it in an exec too
		tr.log.Info("a program did not fit into its memory limit and was killed", "tid", t.Tid)
	default:
		tr.log.Error("a program could not be started and was killed", "tid", t.Tid, "err", err)
	}
	unix.Kill(t.Tid, unix.SIGKILL)
	tr.resume(t, 0)
}

func (tr *Tracer) tryBoot(t *Task) error {
	p := t.plan
	t.plan = nil
	b := &boot{slot: noSlot}
	if e := ptrace.GetRegs(t.Tid, &b.regs); e != 0 {
		return e
	}
	if b.i386 = b.regs.Cs != userCS; b.i386 {
		t.dropMM() // no fast path
	}
	b.poked = b.regs.Rip
	code := enterCode
	b.size = uint64(len(code))
	first, e := tr.readFirst(t, b)
	if e != 0 {
		return fmt.Errorf("reading the program's first instruction: %w", e)
	}
	// Filters of the guest's own stop our code's calls (Screen), which must be
	// told from the guest's then.
	if s, ok := startOf(b.poked, first[:]); ok && !b.i386 && (p == nil || p.Interp == "") && t.filters == nil {
		// No stop at the end: the boot code leaves by itself.
		b.start = &s
		b.leave = true
		code = first
		b.size = uint64(copy(code[:], shortEnter[:]))
	}
	o := ops{low: b.i386}
	var strs []byte // strings behind the operations
	var err error
	strs = tr.fastOps(t, b, p, &o)
	if p != nil {
		if strs, err = tr.planOps(t, p, b, &o, strs); err != nil {
			return err
		}
	}
	switch {
	case b.start != nil:
		o.add(opStart, 0, b.start.target, b.start.kind, b.start.ret)
	case !b.leave:
		o.add(opTrap, 0)
	}
	t.boot = b
	at, err := tr.placeOps(t, b, o.b, strs)
	if err != nil {
		return err
	}
	for k := range b.words {
		w := binary.LittleEndian.Uint64(code[k*8:])
		if w == b.words[k] {
			continue
		}
		if e := ptrace.PokeData(t.Tid, b.poked+uint64(k)*8, w); e != 0 {
			return fmt.Errorf("writing the program's first instruction: %w", e)
		}
	}
	r := b.regs
	r.Rbx = WindowLow
	r.Rdi, r.Rsi, r.Rdx = WindowLow, winSize, unix.PROT_READ|unix.PROT_EXEC
	r.R10, r.R8, r.R9 = unix.MAP_SHARED|unix.MAP_FIXED_NOREPLACE, uint64(tr.cfg.WindowFD), 0
	r.R12, r.R13 = at, 0
	r.Cs = userCS
	if e := ptrace.SetRegs(t.Tid, &r); e != 0 {
		return e
	}
	return nil
}

// readFirst reads the program's first bytes, and by the same call the begin of its stack,
// where readAuxv will look.
func (tr *Tracer) readFirst(t *Task, b *boot) (first [16]byte, e unix.Errno) {
	sp := b.regs.Rsp
	page := tr.auxPage[:min(uint64(len(tr.auxPage)), pageSize-sp%pageSize)]
	tr.auxAt, tr.auxHave = sp, 0
	if _, vm := tr.mem.(vmMem); vm && ptrace.ReadVM2(t.Tid, b.poked, first[:], sp, page) == len(first)+len(page) {
		tr.auxHave = len(page)
		for k := range b.words {
			b.words[k] = le.Uint64(first[k*8:])
		}
		return first, 0
	}
	for k := range b.words {
		if b.words[k], e = ptrace.PeekData(t.Tid, b.poked+uint64(k)*8); e != 0 {
			return first, e
		}
		le.PutUint64(first[k*8:], b.words[k])
	}
	return first, 0
}

// placeOps puts the operations where the boot code finds them: into a slot, or,
// when there will be no stop at which a slot could be given back, below the new
// program's stack. There other guests could write to them, so nothing that the
// boot code does then is let through unseen (see entry); it only maps memory
// of its own.
func (tr *Tracer) placeOps(t *Task, b *boot, ops, strs []byte) (uint64, error) {
	size := len(ops) + len(strs)
	if b.start != nil {
		at := (b.regs.Rsp - 256 - uint64(size)) &^ 63
		tr.relocate(ops, at+uint64(len(ops)))
		if e := t.write(tr, at, append(ops, strs...)); e != 0 {
			return 0, fmt.Errorf("writing below the stack of a new program: %w", e)
		}
		return at, nil
	}
	i := tr.win.take(t, size)
	if i == noSlot {
		tr.reclaim()
		if i = tr.win.take(t, size); i == noSlot {
			return 0, unix.ENOMEM
		}
	}
	b.slot, t.slot = i, i
	at := slotAddr(i) + slotHead
	tr.relocate(ops, at+uint64(len(ops)))
	copy(tr.win.mem[slotOff(i)+slotHead:], ops)
	copy(tr.win.mem[slotOff(i)+slotHead+len(ops):], strs)
	return at, nil
}

// strBase marks an address that is relative to the strings; no user address
// has these bits.
const strBase = 0x7eef << 48

func (tr *Tracer) relocate(b []byte, strs uint64) {
	for ; len(b) > 0; b = b[8:] {
		if v := binary.LittleEndian.Uint64(b); v>>48 == strBase>>48 {
			binary.LittleEndian.PutUint64(b, v&^(0xffff<<48)+strs)
		}
	}
}

// planOps turns a plan into operations, and writes what the tracer can write
// itself.
func (tr *Tracer) planOps(t *Task, p *ExecPlan, b *boot, o *ops, strs []byte) ([]byte, error) {
	var err error
	str := func(s string) uint64 {
		at := strBase | uint64(len(strs))
		strs = append(append(strs, s...), 0)
		return at
	}
	var aux auxv
	if p.Path != p.Guest || p.Interp != "" || p.Program != "" || p.Aux != nil {
		if aux, err = tr.readAuxv(t, b.regs.Rsp, b.i386); err != nil {
			return nil, err
		}
	}
	if p.Path != p.Guest {
		if a, _, ok := aux.find(atExecfn); ok && len(p.Guest) <= len(p.Path) {
			if e := t.write(tr, a, append([]byte(p.Guest), 0)); e != 0 {
				return nil, e
			}
		}
	}
	for k, v := range p.Aux {
		if _, at, ok := aux.find(k); ok {
			if e := t.writeLong(tr, at, v, b.i386); e != 0 {
				return nil, e
			}
		}
	}
	if p.Comm != "" {
		o.add(unix.SYS_PRCTL, opMayFail, unix.PR_SET_NAME, str(p.Comm))
	}
	if p.Interp == "" {
		return strs, nil
	}
	old, _, _ := aux.find(atBase)
	oldImage := p.HostInterp
	if p.Program != "" {
		// The stub runs; its only segment goes when all is mapped.
		old, oldImage = b.regs.Rip&^(pageSize-1), stubImage // of either kind
		if err = tr.mapProgram(t, p, o, str, aux); err != nil {
			return nil, err
		}
	} else if old == 0 || oldImage == nil {
		return nil, fmt.Errorf("the kernel has not loaded an interpreter")
	}
	if k := b.held; k != nil {
		o.mapImage(k.fd, p.InterpImage, k.base)
		strs = k.patch(o, strs)
	} else {
		o.open(p.Interp, str)
		o.mapImage(0, p.InterpImage, 0)
		o.add(unix.SYS_CLOSE, opFD0)
	}
	o.unmapImage(old, oldImage)
	start, _ := p.InterpImage.Span()
	if b.i386 {
		// The way back to 32-bit code is the tracer's.
		_, at, _ := aux.find(atBase)
		b.entry = &entry32{image: p.InterpImage, base: at}
		return strs, nil
	}
	if p.InterpImage.Type == elfDyn {
		if _, at, ok := aux.find(atBase); ok {
			o.add(opStore, opAddBase, at, -start)
		}
		o.add(opLeave, opAddBase, p.InterpImage.Entry-start)
	} else {
		o.add(opLeave, 0, p.InterpImage.Entry)
	}
	b.leave = true
	return strs, nil
}

// mapProgram adds the operations that map the program itself, which the
// kernel could not, and corrects the auxiliary vector.
func (tr *Tracer) mapProgram(t *Task, p *ExecPlan, o *ops, str func(string) uint64, aux auxv) error {
	m := p.ProgramImage
	var bias uint64
	start, length := m.Span()
	hint := uint64(0)
	switch {
	case m.Type == elfDyn && m.I386:
		hint = lowPrograms - length - uint64(rand.Uint32N(lowRandom))*pageSize
		bias = hint - start
	case m.Type == elfDyn:
		// Where the kernel would have put it: below the heap, at a place
		// as random as the heap's.
		brk, err := startBrk(t.Tid)
		if err != nil {
			return err
		}
		hint = brk&^(pageSize-1) - length - 1<<20
		bias = hint - start
	}
	o.open(p.Program, str)
	o.mapImage(0, m, hint)
	o.add(unix.SYS_CLOSE, opFD0)
	for key, v := range map[uint64]uint64{
		atPhdr: bias + m.headerAddr(), atPhent: m.phent(), atPhnum: uint64(m.Phnum), atEntry: bias + m.Entry,
	} {
		_, at, ok := aux.find(key)
		if !ok {
			return fmt.Errorf("auxiliary vector entry %d is missing", key)
		}
		if e := t.writeLong(tr, at, v, m.I386); e != 0 {
			return e
		}
	}
	return nil
}

// bootStop handles a stop of the boot code. It reports whether the stop was
// part of it.
func (tr *Tracer) bootStop(t *Task, sig int) bool {
	b := t.boot
	var r unix.PtraceRegs
	if ptrace.GetRegs(t.Tid, &r) != 0 {
		return true
	}
	if !b.covers(r.Rip) {
		t.endBoot(tr)
		return false
	}
	switch unix.Signal(sig) {
	case unix.SIGTRAP, unix.SIGSEGV, unix.SIGBUS, unix.SIGILL:
	default:
		return false // a signal from outside
	}
	if sig != int(unix.SIGTRAP) || r.R13 != 0 || b.leave {
		err := fmt.Errorf("signal %d, ip %#x, result %d", sig, r.Rip, int64(r.Rax))
		if int64(r.Rax) == -int64(unix.ENOMEM) {
			err = fmt.Errorf("%w: %w", unix.ENOMEM, err)
		}
		tr.fatal(t, err)
		return true
	}
	var e unix.Errno
	if b.entry != nil {
		e = b.entry.apply(t, tr, b, r.R14) // what was written over is gone
	} else {
		e = b.unpoke(t)
	}
	if e != 0 {
		tr.fatal(t, e)
		return true
	}
	t.endBoot(tr)
	b.regs.Orig_rax = ^uint64(0)
	b.regs.Rax = 0
	ptrace.SetRegs(t.Tid, &b.regs)
	tr.resume(t, 0)
	return true
}

// unpoke takes our code out of the program again.
func (b *boot) unpoke(t *Task) unix.Errno {
	for k, w := range b.words {
		if e := ptrace.PokeData(t.Tid, b.poked+uint64(k)*8, w); e != 0 {
			return e
		}
	}
	return 0
}

// endBoot makes t an ordinary task.
func (t *Task) endBoot(tr *Tracer) {
	tr.fastReady(t)
	t.boot = nil
	t.window = true
	tr.releaseSlot(t)
}

// Entries of the auxiliary vector (getauxval(3)).
const (
	atNull   = 0
	atPhdr   = 3
	atPhent  = 4
	atPhnum  = 5
	atBase   = 7
	atEntry  = 9
	atExecfn = 31
)

// auxv is the auxiliary vector on a new program's stack: values, and where
// each of them lies.
type auxv []struct{ key, val, addr uint64 }

func (a auxv) find(key uint64) (val, addr uint64, ok bool) {
	for i := range a {
		if a[i].key == key {
			val, addr, ok = a[i].val, a[i].addr, true // the last one counts
		}
	}
	return val, addr, ok
}

// readAuxv walks over argc, argv and envp to the auxiliary vector.
// The result is good until the next call.
func (tr *Tracer) readAuxv(t *Task, sp uint64, i386 bool) (auxv, error) {
	a, page := tr.aux[:0], tr.auxPage[:]
	size := uint64(8)
	if i386 {
		size = 4
	}
	word := func(at uint64) (uint64, error) {
		if at < tr.auxAt || at+size > tr.auxAt+uint64(tr.auxHave) {
			n, e := tr.mem.read(t.Tid, at, page[:min(len(page), int(4096-at&4095))])
			if e != 0 || n < int(size) {
				return 0, fmt.Errorf("reading the stack of a new program: %w", unix.EFAULT)
			}
			tr.auxAt, tr.auxHave = at, n
		}
		if i386 {
			return uint64(le.Uint32(page[at-tr.auxAt:])), nil
		}
		return le.Uint64(page[at-tr.auxAt:]), nil
	}
	argc, err := word(sp)
	if err != nil {
		return nil, err
	}
	at := sp + size*(argc+2)
	for {
		v, err := word(at)
		if err != nil {
			return nil, err
		}
		at += size
		if v == 0 {
			break
		}
	}
	for range 64 {
		k, err := word(at)
		if err != nil {
			return nil, err
		}
		v, err := word(at + size)
		if err != nil {
			return nil, err
		}
		if k == atNull {
			tr.aux = a
			return a, nil
		}
		a = append(a, auxv{{k, v, at + size}}...)
		at += 2 * size
	}
	return nil, fmt.Errorf("the auxiliary vector has no end")
}

// startBrk reads where the heap starts: field 47 of /proc/PID/stat.
func startBrk(tid int) (uint64, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	if err != nil {
		return 0, err
	}
	s := string(b)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 45 {
		return 0, fmt.Errorf("/proc/%d/stat is too short", tid)
	}
	return strconv.ParseUint(f[44], 10, 64)
}
