package tracer

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer/fastpath"
)

// Handler is what the engine asks of its user. All methods run on the
// tracer's thread.
type Handler interface {
	// Syscall is called at the entry of each call that the table says is
	// handled. The Handler may answer it, rewrite it, or leave it alone.
	Syscall(c *Call)
	// Result is called when a call for which Call.WantResult was used has
	// returned for good.
	Result(r *Result)
	// Fork is called when child has been born; child.FS is already set.
	Fork(parent, child *Task)
	// Exec is called when t has a new program, before its first instruction.
	Exec(t *Task)
	// Exit is called when t is gone.
	Exit(t *Task)
	// FSGone is called when the last task that used fs is gone.
	FSGone(fs *FS)
}

// Result is a system call that has returned.
type Result struct {
	Task  *Task
	Ent   *Sysent
	Args  [6]uint64 // as the guest gave them
	Val   int64     // the result, -errno for an error
	State any       // what WantResult was given

	tr    *Tracer
	again bool
	c32   *call32 // of a call of i386
}

// Again lets the guest enter the same call once more instead of returning.
func (r *Result) Again() { r.again = true }

// Read fills buf from the guest's memory, or fails with EFAULT.
func (r *Result) Read(addr uint64, buf []byte) unix.Errno {
	if r.c32 != nil {
		return r.c32.read(addr, buf)
	}
	return r.Task.read(r.tr, addr, buf)
}

// Write copies buf to the guest's memory, or fails with EFAULT.
func (r *Result) Write(addr uint64, buf []byte) unix.Errno {
	if r.c32 != nil {
		return r.c32.write(addr, buf)
	}
	return r.Task.write(r.tr, addr, buf)
}

// Config is how a Tracer works.
type Config struct {
	Handler Handler
	// Regs and Mem name a backend; "" or "auto" is the best.
	Regs, Mem string
	// Trap is "seccomp" (only calls that need it stop), "syscall" (every
	// call stops, for hosts without seccomp) or "auto".
	Trap string
	// Active says which conditional rows of the table need their stop.
	Active When
	// Seen, when not nil, is told of every call that stops, once it has been
	// decided on (tracing). With Trap "syscall" that is every call.
	Seen func(c *Call)
	// WindowFD is the guest's descriptor number for the window; 0 means the
	// default.
	WindowFD int
	// Fast is what the fast path may know of the view; nil means that every
	// path call stops.
	Fast *fastpath.Table
	// Interp, when not nil, is the ELF interpreter that most programs of the
	// view have, where that is not the host's: with Fast, guests have it open.
	Interp *HeldInterp
	// Counters asks for what the fast path does as well.
	Counters bool
	// Log gets what goes wrong; nil discards it.
	Log *slog.Logger
}

// HeldInterp is an ELF interpreter that is kept open for reading.
type HeldInterp struct {
	FD    int
	Image *Image
	guest int    // its number in guests, 0: they do not have it
	file  fileID // as /proc/PID/maps has it
}

// DefaultWindowFD is the number of the one descriptor that guests inherit
// without asking for it.
const DefaultWindowFD = 1000

// Stats counts what a Tracer did.
type Stats struct {
	Stops, Seccomp, Syscalls, Signals, Execs, Forks uint64
	Rewritten, Answered, Unchanged, ExitStops       uint64
	// Of the fast path: sites patched, calls that it left to a stop, threads
	// taken out of it and signals put off for the sake of one.
	Patched, Fallbacks, Unwound, Deferred uint64
	ByName                                map[string]uint64
	// With Config.Counters: calls that guests have answered themselves, by
	// name, and calls that they have left to a stop, by reason. Guests write
	// these figures.
	FastHits, FastReasons map[string]uint64
}

// Tracer traces one process tree.
type Tracer struct {
	h        Handler
	cfg      Config
	policy   Policy
	regs     regBackend
	mem      memBackend
	win      *window
	fast     *fast // nil: there is no fast path
	stub     int   // descriptor of the stub program
	stub32   int   // of that for 32-bit programs
	tasks    map[int]*Task
	orphans  int
	reports  []report // not handled yet (settle)
	inExec   bool
	execMaps *maps   // while inExec, once they are wanted
	quiet    int     // tasks whose call may make a child without an event
	early    []*Task // those whose parent has not been looked for
	call     Call
	root     int
	holder   int // see Holder
	status   Exit
	dying    bool
	foreign  bool // the call at hand is of another ABI
	seccomp  bool
	started  bool
	stats    Stats
	byEnt    []uint64
	caught   []int // see Catch
	scratch  []byte
	aux      auxv // of readAuxv
	auxPage  [4096]byte
	auxAt    uint64 // what auxPage holds, and how much of it
	auxHave  int
	onStart  func()
	yielded  time.Time
	child    *child
	report   [2]int // pipe on which the child says why it could not start
	log      *slog.Logger
}

// New makes a Tracer and locks the calling goroutine to its thread. The thread
// should have no children of its own: Run waits for them as well.
func New(cfg Config) (*Tracer, error) {
	runtime.LockOSThread()
	if cfg.Handler == nil {
		return nil, errors.New("tracer: no handler")
	}
	if cfg.WindowFD == 0 {
		cfg.WindowFD = DefaultWindowFD
	}
	tr := &Tracer{h: cfg.Handler, cfg: cfg, tasks: map[int]*Task{}, log: cfg.Log, byEnt: make([]uint64, len(Table)), stub: -1, stub32: -1, report: [2]int{-1, -1}}
	if tr.log == nil {
		tr.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if tr.regs, err = newRegBackend(cfg.Regs); err != nil {
		return nil, err
	}
	if tr.mem, err = newMemBackend(cfg.Mem); err != nil {
		return nil, err
	}
	switch cfg.Trap {
	case "", "auto", "seccomp":
		tr.seccomp = true
	case "syscall":
	default:
		return nil, fmt.Errorf("unknown trap mode %q (seccomp, syscall, auto)", cfg.Trap)
	}
	tr.policy = Policy{I386: HaveI386(), Active: cfg.Active, WindowLow: WindowLow, WindowEnd: WindowEnd, WindowFD: cfg.WindowFD}
	if tr.win, err = newWindow(); err != nil {
		return nil, err
	}
	tr.startFast()
	if tr.stub, err = newStubFile("ptbox-stub", stubFile()); err == nil {
		err = tr.newStub32()
	}
	if err != nil {
		tr.win.close()
		return nil, err
	}
	return tr, nil
}

// Close gives up what New has taken. The process tree must be gone.
func (tr *Tracer) Close() {
	tr.win.close()
	tr.fast.closeCounts()
	unix.Close(tr.stub)
	unix.Close(tr.stub32)
	for _, fd := range tr.report {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// Stats returns the counters.
func (tr *Tracer) Stats() Stats {
	s := tr.stats
	s.ByName = map[string]uint64{}
	for i, n := range tr.byEnt {
		if n > 0 {
			s.ByName[Table[i].Name] += n
		}
	}
	tr.fastCounts(&s)
	return s
}

// Exit is how the command ended.
type Exit struct {
	// Code is its exit status, Signal the signal that killed it.
	Code   int
	Signal unix.Signal
	// Core is set if it dumped core.
	Core bool
}

// StartError says which step before the command's first instruction failed.
type StartError struct {
	Step string
	Err  unix.Errno
}

func (e *StartError) Error() string { return e.Step + ": " + e.Err.Error() }

// Unwrap returns the errno.
func (e *StartError) Unwrap() error { return e.Err }
