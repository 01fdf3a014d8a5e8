package tracer

import (
	"encoding/binary"
	"fmt"
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
	words [2]uint64       // what was there
	leave bool            // the boot code jumps to the program by itself
	// interp is the interpreter that a 32-bit program is to start with, and
	// atBase where its AT_BASE lies. The boot code is 64-bit, so the tracer
	// sends the task there.
	interp *Image
	atBase uint64
	slot   int16
}

// covers reports whether an instruction pointer belongs to the boot code.
func (b *boot) covers(ip uint64) bool {
	return ip >= WindowLow && ip < WindowLow+offStubs || ip >= b.poked && ip < b.poked+16
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
	tr.log.Error("a program could not be started and was killed", "tid", t.Tid, "err", err)
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
	b.poked = b.regs.Rip
	is32 := b.regs.Cs != userCS
	o := ops{low: is32}
	if is32 {
		t.dropMM() // the fast path is 64-bit code
	}
	var strs []byte // strings behind the operations
	var err error
	tr.fastOps(t, b, &o)
	if p != nil {
		if strs, err = tr.planOps(t, p, b, &o); err != nil {
			return err
		}
	}
	if !b.leave {
		o.add(opTrap, 0)
	}
	t.boot = b
	i := tr.win.take(t, len(o.b)+len(strs))
	if i == noSlot {
		tr.reclaim()
		if i = tr.win.take(t, len(o.b)+len(strs)); i == noSlot {
			return unix.ENOMEM
		}
	}
	b.slot, t.slot = i, i
	at := slotAddr(i) + slotHead
	tr.relocate(o.b, at+uint64(len(o.b)))
	copy(tr.win.mem[slotOff(i)+slotHead:], o.b)
	copy(tr.win.mem[slotOff(i)+slotHead+len(o.b):], strs)

	for k := range b.words {
		w, e := ptrace.PeekData(t.Tid, b.poked+uint64(k)*8)
		if e != 0 {
			return fmt.Errorf("reading the program's first instruction: %w", e)
		}
		b.words[k] = w
		if e := ptrace.PokeData(t.Tid, b.poked+uint64(k)*8, binary.LittleEndian.Uint64(enterCode[k*8:])); e != 0 {
			return fmt.Errorf("writing the program's first instruction: %w", e)
		}
	}
	r := b.regs
	// Also in a 32-bit program: the segment makes the code a 64-bit one, whose
	// calls are 64-bit calls.
	r.Cs = userCS
	r.Rdi, r.Rsi, r.Rdx = WindowLow, winSize, unix.PROT_READ|unix.PROT_EXEC
	r.R10, r.R8, r.R9 = unix.MAP_SHARED|unix.MAP_FIXED_NOREPLACE, uint64(tr.cfg.WindowFD), 0
	r.R12, r.R13 = at, 0
	if e := ptrace.SetRegs(t.Tid, &r); e != 0 {
		return e
	}
	return nil
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
func (tr *Tracer) planOps(t *Task, p *ExecPlan, b *boot, o *ops) (strs []byte, err error) {
	str := func(s string) uint64 {
		at := strBase | uint64(len(strs))
		strs = append(append(strs, s...), 0)
		return at
	}
	var aux *auxv
	if p.Path != p.Guest || p.Interp != "" || p.Program != "" || p.Aux != nil {
		if aux, err = tr.readAuxv(t, b); err != nil {
			return nil, err
		}
	}
	if p.Path != p.Guest {
		if a, ok := aux.val[atExecfn]; ok && len(p.Guest) <= len(p.Path) {
			if e := t.write(tr, a, append([]byte(p.Guest), 0)); e != 0 {
				return nil, e
			}
		}
	}
	for k, v := range p.Aux {
		if at, ok := aux.addr[k]; ok {
			if e := aux.write(tr, t, at, v); e != 0 {
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
	old := aux.val[atBase]
	oldImage := p.HostInterp
	if p.Program != "" {
		// The stub runs; its only segment goes when all is mapped.
		old, oldImage = b.regs.Rip&^(pageSize-1), stubImage
		if err = tr.mapProgram(t, p, o, str, aux); err != nil {
			return nil, err
		}
	} else if old == 0 || oldImage == nil {
		return nil, fmt.Errorf("the kernel has not loaded an interpreter")
	}
	o.mapImage(p.Interp, str, p.InterpImage, 0)
	o.unmapImage(old, oldImage)
	if o.low {
		b.interp, b.atBase = p.InterpImage, aux.addr[atBase]
		return strs, nil
	}
	start, _ := p.InterpImage.Span()
	if p.InterpImage.Type == elfDyn {
		if at, ok := aux.addr[atBase]; ok {
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
func (tr *Tracer) mapProgram(t *Task, p *ExecPlan, o *ops, str func(string) uint64, aux *auxv) error {
	m := p.ProgramImage
	var bias uint64
	start, length := m.Span()
	hint := uint64(0)
	if m.Type == elfDyn {
		// Where the kernel would have put it: below the heap, at a place
		// as random as the heap's.
		brk, err := startBrk(t.Tid)
		if err != nil {
			return err
		}
		hint = brk&^(pageSize-1) - length - 1<<20
		bias = hint - start
	}
	o.mapImage(p.Program, str, m, hint)
	for key, v := range map[uint64]uint64{
		atPhdr: bias + m.headerAddr(), atPhent: m.phent(), atPhnum: uint64(m.Phnum), atEntry: bias + m.Entry,
	} {
		at, ok := aux.addr[key]
		if !ok {
			return fmt.Errorf("auxiliary vector entry %d is missing", key)
		}
		if e := aux.write(tr, t, at, v); e != 0 {
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
		tr.fatal(t, fmt.Errorf("signal %d, ip %#x, result %d", sig, r.Rip, int64(r.Rax)))
		return true
	}
	for k, w := range b.words {
		if e := ptrace.PokeData(t.Tid, b.poked+uint64(k)*8, w); e != 0 {
			tr.fatal(t, e)
			return true
		}
	}
	if e := b.startInterp(tr, t, r.R14); e != 0 {
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

// startInterp lets a 32-bit program begin with its interpreter, which has been
// mapped at base.
func (b *boot) startInterp(tr *Tracer, t *Task, base uint64) unix.Errno {
	m := b.interp
	if m == nil {
		return 0
	}
	bias := uint64(0)
	if m.Type == elfDyn {
		start, _ := m.Span()
		bias = base - start
		var w [4]byte
		binary.LittleEndian.PutUint32(w[:], uint32(bias))
		if b.atBase != 0 {
			if e := t.write(tr, b.atBase, w[:]); e != 0 {
				return e
			}
		}
	}
	b.regs.Rip = bias + m.Entry
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
type auxv struct {
	val, addr map[uint64]uint64
	abi       ABI
}

// write changes a value.
func (a *auxv) write(tr *Tracer, t *Task, at, v uint64) unix.Errno {
	var w [8]byte
	binary.LittleEndian.PutUint64(w[:], v)
	return t.write(tr, at, w[:a.abi.Word()])
}

// readAuxv walks over argc, argv and envp to the auxiliary vector.
func (tr *Tracer) readAuxv(t *Task, b *boot) (*auxv, error) {
	a := &auxv{map[uint64]uint64{}, map[uint64]uint64{}, X8664}
	if b.regs.Cs != userCS {
		a.abi = I386
	}
	size := uint64(a.abi.Word())
	sp := b.regs.Rsp
	var page [4096]byte
	have, base := 0, uint64(0)
	word := func(at uint64) (uint64, error) {
		if at < base || at+size > base+uint64(have) {
			n, e := tr.mem.read(t.Tid, at, page[:min(len(page), int(4096-at&4095))])
			if e != 0 || n < int(size) {
				return 0, fmt.Errorf("reading the stack of a new program: %w", unix.EFAULT)
			}
			base, have = at, n
		}
		return a.abi.Pointer(page[at-base:]), nil
	}
	argc, err := word(sp)
	if err != nil {
		return nil, err
	}
	at := sp + size + argc*size + size
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
			return a, nil
		}
		a.val[k], a.addr[k] = v, at+size
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
