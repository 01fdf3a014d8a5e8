package tracer

import (
	"bytes"
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// Call is a system call at its entry, stopped before the kernel has looked at
// it. The Handler reads its arguments and does one of three things: nothing
// (the call runs as it is), Return or Fail (it does not run), or a rewrite
// (it runs with other arguments, which the guest never sees). A Call is valid
// during Handler.Syscall only.
type Call struct {
	Task *Task
	Ent  *Sysent
	ABI  ABI
	// Nr and Args are what the guest asked for. Of a call of i386 the Handler
	// sees the one of x86-64 that means the same.
	Nr   int
	Args [6]uint64

	tr     *Tracer
	regs   unix.PtraceRegs // as they will be
	orig   unix.PtraceRegs // as the guest had them
	was    unix.PtraceRegs // as the kernel has them now
	done   bool            // answered
	abort  bool            // a signal came in between: start again later
	ask    bool            // Handler.Result is wanted
	noBack bool            // do not redirect: the exit stop gives registers back
	quiet  bool            // see QuietBirth
	state  any
	watch  func(*Result)
	data   []byte // payload of the slot
	fix    []fixup
	path   [2][]byte
	said   [2][]byte // parts of it
	buf    []byte
	c32    call32 // of a call of i386
}

// fixup adds the payload's address to an argument or to a payload word.
type fixup struct {
	arg int // ≥ 0: argument; -1: the word at off
	off int
	to  int
}

// IP is the guest address behind the system call instruction.
func (c *Call) IP() uint64 { return c.orig.Rip }

// SP is the guest's stack pointer.
func (c *Call) SP() uint64 { return c.orig.Rsp }

// Return answers the call with v without running it.
func (c *Call) Return(v int64) {
	c.done = true
	c.regs = c.orig
	c.regs.Orig_rax = ^uint64(0)
	c.regs.Rax = uint64(v)
}

// Fail answers the call with an error.
func (c *Call) Fail(e unix.Errno) { c.Return(-int64(e)) }

// Answered reports whether Return or Fail was called.
func (c *Call) Answered() bool { return c.done }

// Finish answers the call with v as if the kernel had: Handler.Result is called
// if it is wanted.
func (c *Call) Finish(v int64) {
	if c.ask {
		r := c.result(v)
		c.tr.h.Result(&r)
		v = r.Val
	}
	c.Return(v)
}

// result is the call's result v.
func (c *Call) result(v int64) Result {
	r := Result{Task: c.Task, Ent: c.Ent, Val: v, State: c.state, tr: c.tr, Args: c.Args}
	if c.ABI == I386 {
		r.c32 = &c.c32
	}
	return r
}

// Value is what Return or Fail answered.
func (c *Call) Value() int64 { return int64(c.regs.Rax) }

// Rewritten reports whether the call is to run with other arguments.
func (c *Call) Rewritten() bool { return !c.done && c.rewritten() }

// SetArg changes an argument.
func (c *Call) SetArg(i int, v uint64) { *argOf(&c.regs, i) = v }

// SetNr turns the call into another one.
func (c *Call) SetNr(nr int) { c.regs.Orig_rax = uint64(nr) }

// Arg is an argument as the kernel will see it.
func (c *Call) Arg(i int) uint64 { return *argOf(&c.regs, i) }

// WantResult asks for Handler.Result when the call returns. It costs a second
// stop. The arguments are given back there, so no redirect is made.
func (c *Call) WantResult(state any) {
	c.ask = true
	c.noBack = true
	c.state = state
}

// Watch has f called when the call has returned for good, after Handler.Result
// if that is wanted as well, or has been answered. It costs a second stop. f
// must not change the result.
func (c *Call) Watch(f func(*Result)) {
	if old := c.watch; old != nil {
		c.watch = func(r *Result) { old(r); f(r) }
	} else {
		c.watch = f
	}
	c.noBack = true
}

// ExitRestores makes an exit stop give the arguments back in place of the
// stub, for calls that return more than once (clone).
func (c *Call) ExitRestores() { c.noBack = true }

// QuietBirth says that this call makes a child as vfork(2) does, and that CLONE_PTRACE and
// CLONE_UNTRACED were added to its flags: the child is traced, and its first
// stop tells of it. It reports whether that may be done.
func (c *Call) QuietBirth() bool {
	c.quiet = c.ABI == X8664 && c.tr.seccomp && c.Task.filters == nil && !c.noBack
	return c.quiet
}

// Put stores b where the guest can read but not write it and returns a
// reference for SetRef and PutRef.
func (c *Call) Put(b []byte) (ref int) {
	for len(c.data)%8 != 0 {
		c.data = append(c.data, 0)
	}
	ref = len(c.data)
	c.data = append(c.data, b...)
	return ref
}

// PutPath is Put of a string and its terminating NUL.
func (c *Call) PutPath(p []byte) (ref int) {
	ref = c.Put(p)
	c.data = append(c.data, 0)
	return ref
}

// SetRef makes argument i the address of what Put stored.
func (c *Call) SetRef(i, ref int) { c.fix = append(c.fix, fixup{arg: i, to: ref}) }

// Ref reports whether SetRef was used for argument i.
func (c *Call) Ref(i int) bool {
	for _, f := range c.fix {
		if f.arg == i {
			return true
		}
	}
	return false
}

// PutWords stores an array of words; the ones that refs names (index → ref)
// become addresses of what Put stored.
func (c *Call) PutWords(words []uint64, refs map[int]int) (ref int) {
	if c.ABI == I386 {
		return c.words32(words, refs)
	}
	ref = c.Put(nil)
	for i, w := range words {
		if to, ok := refs[i]; ok {
			c.fix = append(c.fix, fixup{arg: -1, off: len(c.data), to: to})
		}
		c.data = binary.LittleEndian.AppendUint64(c.data, w)
	}
	return ref
}

// SetPath makes argument i point at path.
func (c *Call) SetPath(i int, path []byte) { c.SetRef(i, c.PutPath(path)) }

// PathAt is the string that SetPath gave argument i, if it did.
func (c *Call) PathAt(i int) (path []byte, ok bool) {
	for _, f := range slices.Backward(c.fix) { // the last one counts
		if f.arg == i {
			path, _, _ = bytes.Cut(c.data[f.to:], []byte{0})
			return path, true
		}
	}
	return nil, false
}

// Exec says what is to be done when this call, an execve, has succeeded.
func (c *Call) Exec(p *ExecPlan) { c.Task.plan = p }

// pathMax is PATH_MAX: the longest string with its NUL.
const pathMax = 4096

// Path reads the string at argument i. The result is valid until the next
// Path with the same buffer index n (0 or 1). Errors are the kernel's: EFAULT,
// ENAMETOOLONG.
func (c *Call) Path(i, n int) ([]byte, unix.Errno) {
	b, e := c.readString(c.Args[i], &c.path[n], pathMax)
	c.said[n] = b
	return b, e
}

// Said is what the last Path with the buffer index n has read: who reads twice may be
// told something else.
func (c *Call) Said(n int) []byte { return c.said[n] }

// String reads a NUL-terminated string of less than limit bytes at addr.
func (c *Call) String(addr uint64, limit int) (string, unix.Errno) {
	var buf []byte
	b, e := c.readString(addr, &buf, limit)
	return string(b), e
}

func (c *Call) readString(addr uint64, buf *[]byte, limit int) ([]byte, unix.Errno) {
	if cap(*buf) < limit+8 {
		*buf = make([]byte, limit+8)
	}
	b := (*buf)[:cap(*buf)]
	n := 0
	// Most paths are short: one read of at most two cache lines, never
	// across a page, then page by page.
	for chunk := 256; n < limit; chunk = 4096 {
		at := addr + uint64(n)
		want := min(chunk, limit-n, int(4096-at&4095))
		got, e := c.tr.mem.read(c.Task.Tid, at, b[n:n+want])
		if e != 0 || got <= 0 {
			return nil, unix.EFAULT
		}
		if k := bytes.IndexByte(b[n:n+got], 0); k >= 0 {
			return b[:n+k], 0
		}
		n += got
	}
	return nil, unix.ENAMETOOLONG
}

// Read fills buf from the guest's memory, or fails with EFAULT.
func (c *Call) Read(addr uint64, buf []byte) unix.Errno {
	if c.ABI == I386 {
		return c.c32.read(addr, buf)
	}
	return c.Task.read(c.tr, addr, buf)
}

// Write copies buf to the guest's memory, or fails with EFAULT.
func (c *Call) Write(addr uint64, buf []byte) unix.Errno {
	if c.ABI == I386 {
		return c.c32.write(addr, buf)
	}
	return c.Task.write(c.tr, addr, buf)
}

// Scratch returns n bytes of any content. They are the caller's until it asks
// again or the stop ends: no stop has to allocate for what it copies.
func (c *Call) Scratch(n int) []byte {
	if n > cap(c.buf) {
		c.buf = make([]byte, n)
	}
	return c.buf[:n]
}

func (t *Task) read(tr *Tracer, addr uint64, buf []byte) unix.Errno {
	for len(buf) > 0 {
		n, e := tr.mem.read(t.Tid, addr, buf)
		if e != 0 || n <= 0 {
			return unix.EFAULT
		}
		addr, buf = addr+uint64(n), buf[n:]
	}
	return 0
}

func (t *Task) write(tr *Tracer, addr uint64, buf []byte) unix.Errno {
	for len(buf) > 0 {
		n, e := tr.mem.write(t.Tid, addr, buf)
		if e != 0 || n <= 0 {
			return unix.EFAULT
		}
		addr, buf = addr+uint64(n), buf[n:]
	}
	return 0
}

// reset makes c the call at which t has stopped.
func (c *Call) reset(tr *Tracer, t *Task) {
	c.tr, c.Task = tr, t
	c.done, c.ask, c.noBack, c.quiet, c.abort, c.state, c.watch = false, false, false, false, false, nil, nil
	c.data, c.fix = c.data[:0], c.fix[:0]
}

// load takes the registers apart.
func (c *Call) load() {
	c.orig = c.regs
	c.ABI = X8664
	c.Nr = int(int32(c.regs.Orig_rax))
	c.Ent = Lookup(c.ABI, c.Nr)
	c.Args = [6]uint64{c.regs.Rdi, c.regs.Rsi, c.regs.Rdx, c.regs.R10, c.regs.R8, c.regs.R9}
}

// rewritten reports whether the call is to run with other arguments.
func (c *Call) rewritten() bool {
	return len(c.fix) > 0 || c.ABI == I386 && c.c32.direct || c.regs.Orig_rax != c.orig.Orig_rax || !sameArgs(&c.regs, &c.orig)
}

func (c *Call) putAddr(off int, addr uint64) {
	if c.ABI == I386 {
		binary.LittleEndian.PutUint32(c.data[off:], uint32(addr))
	} else {
		binary.LittleEndian.PutUint64(c.data[off:], addr)
	}
}

// place finds room for the payload and points the arguments at it. The first
// exec of a sandbox comes from our own code, which has no window yet but a
// buffer of its own, and no thread that could touch it.
func (c *Call) place() unix.Errno {
	t := c.Task
	var base uint64
	switch {
	case t.window:
		i := c.tr.win.take(t, len(c.data))
		if i == noSlot {
			c.tr.reclaim()
			i = c.tr.win.take(t, len(c.data))
		}
		if i == noSlot {
			if len(c.data) > execSize-slotHead {
				return unix.E2BIG
			}
			return unix.ENOMEM
		}
		t.slot = i
		c.tr.win.save(i, &c.orig)
		base = slotAddr(i) + slotHead
	case t.setup:
		if len(c.data) > len(c.tr.scratch) {
			return unix.E2BIG
		}
		base = c.tr.scratchAddr()
	default:
		return unix.ENOMEM
	}
	for _, f := range c.fix {
		if f.arg >= 0 {
			c.SetArg(f.arg, base+uint64(f.to))
		} else {
			c.putAddr(f.off, base+uint64(f.to))
		}
	}
	if t.window {
		copy(c.tr.win.mem[slotOff(t.slot)+slotHead:], c.data)
		return 0
	}
	return t.write(c.tr, base, c.data)
}
