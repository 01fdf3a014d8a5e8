package sandbox

import (
	"log/slog"
	"maps"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer"
)

// handler answers the tracer's stops from the view.
type handler struct {
	view  *fsview.View
	host  fsview.OS
	tr    *tracer.Tracer
	proc  int // descriptor of the host's /proc
	log   *slog.Logger
	trace *traceWriter
	uts   *uts
	lock  *lock

	openat2   bool // the kernel has it
	i386      bool // 32-bit programs are let in
	ownFilter bool // the guest has installed a seccomp filter
	pinned    bool // attributes are the tracer's to change (act)
	hold      bool // the resolution at hand is for act
	noNet     bool
	abstract  map[string]bool // abstract sockets bound inside, without Landlock
	pidsLimit int64
	tasks     int64 // alive
	forking   map[*tracer.Task]bool
	dirs      map[dirKey]*mergedDir
	socks     sockets
	procfs    procfs
	id        *identity    // nil: ids and owners are the kernel's
	views     int          // how often the view has changed
	half      map[int]bool // tasks in the second part of a close_range

	readOnlyMounts bool
	limited        *limits // nil: no tmpfs has a limit
	writes         filter  // what makes files larger
	noExecMounts   bool
	execs          filter // what makes memory executable
	// handed says that a descriptor that matters for these filters may have
	// been sent to another process.
	handed    bool
	overlays  bool // the view has an overlay
	unions    map[string]*unionDir
	ambiguous map[*fsview.Mount]bool // see noteFD
	chdirs    int                    // chdir calls that may not be over
	startDir  string                 // guest path of the first directory
	scratch   func() (string, error)

	req  fsview.Request
	res  [2]fsview.Resolution
	base [2]fsview.Base
}

// setView takes what the handlers need to know of the view.
func (h *handler) setView(v *fsview.View) {
	h.view = v
	h.ambiguous = map[*fsview.Mount]bool{}
	for _, m := range v.Mounts() {
		if v.Ambiguous(m) {
			h.ambiguous[m] = true
		}
		if m.Flags&fsview.ReadOnly != 0 {
			h.readOnlyMounts = true
		}
		if m.Kind == fsview.Overlay {
			h.overlays = true
		}
		if m.Flags&fsview.NoExec != 0 && mapsFiles(m) {
			h.noExecMounts = true
			h.execs.cond = tracer.IfNoExec
		}
	}
	if h.overlays && h.id != nil {
		h.id.lower = h.leadsLower
	}
	for _, d := range v.Merged() {
		h.dirs[dirKey{d.Dev, d.Ino}] = &mergedDir{extra: d.Names}
	}
	h.setProc(v)
}

// image is the program that a process runs.
type image struct {
	// exe is its guest path where the kernel's own answer is of no use,
	// because it was started by the stub program; else "".
	exe string
}

// process is what the tasks of one program share, until one of them execs.
type process struct {
	image *image
	next  *nextImage // the exec that is about to succeed
	pin   *sockPin   // the connect that is being made
	// fds are guest paths of directory descriptors (see noteFD). A stale one
	// does no harm: the view checks it against the directory itself.
	fds      map[int]string
	cred     cred.Cred  // with an emulated identity
	nextCred *cred.Cred // what it will be once the exec at hand has succeeded
}

func proc(t *tracer.Task) *process {
	p, _ := t.Data.(*process)
	return p
}

// Fork implements tracer.Handler.
func (h *handler) Fork(parent, child *tracer.Task) {
	h.tasks++
	delete(h.forking, parent)
	p := &process{}
	if parent != nil {
		*p = *proc(parent)
		p.next, p.pin = nil, nil
		if p.fds != nil {
			if shared, e := ptrace.Kcmp(parent.Tid, child.Tid, ptrace.KcmpFiles); e != 0 || shared != 0 {
				p.fds = maps.Clone(p.fds)
			}
		}
	}
	child.Data = p
	h.inheritCwd(parent, child)
	for _, f := range h.filters() {
		f.fork(parent, child)
	}
	if h.id != nil {
		h.id.born(parent, child)
	}
}

// Exec implements tracer.Handler.
func (h *handler) Exec(t *tracer.Task) {
	p := proc(t)
	p.image = nil
	h.execed(t, p.next)
	if p.next != nil {
		p.image = p.next.image
	}
	p.next = nil
	if p.nextCred != nil {
		p.cred, p.nextCred = *p.nextCred, nil
	}
	h.chdirDone(t)
	if h.trace != nil {
		h.trace.execed(t)
	}
}

// Exit implements tracer.Handler.
func (h *handler) Exit(t *tracer.Task) {
	h.tasks--
	delete(h.forking, t)
	h.chdirDone(t)
	if h.limited != nil {
		h.limited.begin(t)
		delete(h.limited.mapping, t.Tid)
	}
	delete(h.half, t.Tid)
	if h.trace != nil {
		h.trace.gone(t)
	}
	for _, f := range h.filters() {
		delete(f.state, t.Tid)
	}
}

// FSGone implements tracer.Handler.
func (h *handler) FSGone(fs *tracer.FS) {
	if c, ok := fs.Data.(*cwd); ok {
		c.drop(h)
	}
}

// Syscall implements tracer.Handler.
func (h *handler) Syscall(c *tracer.Call) {
	h.chdirDone(c.Task)
	if h.limited == nil {
		h.serve(c)
		return
	}
	h.limited.begin(c.Task)
	h.serve(c)
	h.limited.finish(c)
}

// serve finds the room for a call.
func (h *handler) serve(c *tracer.Call) {
	if h.id != nil {
		defer h.id.release()
		if h.id.serve(c) {
			return
		}
	}
	switch c.Ent.Class {
	case tracer.ClassOpen:
		h.open(c)
	case tracer.ClassStat:
		h.statCall(c)
	case tracer.ClassAttr, tracer.ClassXattrRead, tracer.ClassWatch, tracer.ClassAccess, tracer.ClassName:
		h.paths(c)
	case tracer.ClassReadlink:
		h.readlink(c)
	case tracer.ClassCwd:
		h.cwdCall(c)
	case tracer.ClassExec:
		h.exec(c)
	case tracer.ClassDir:
		h.getdents(c)
	case tracer.ClassFD:
		h.fdCall(c)
	case tracer.ClassFDAttr:
		h.fdAttr(c)
	case tracer.ClassWrite:
		h.write(c)
	case tracer.ClassSocket:
		h.socket(c)
	case tracer.ClassProcess:
		h.process(c)
	case tracer.ClassSystem:
		h.system(c)
	case tracer.ClassMemory:
		h.memory(c)
	default:
		// A row that stops and that nobody serves must not run on the
		// host's paths.
		if len(c.Ent.Paths) > 0 {
			h.paths(c)
			return
		}
		c.Fail(unix.ENOSYS)
	}
}

// Result implements tracer.Handler.
func (h *handler) Result(r *tracer.Result) {
	switch s := r.State.(type) {
	case sockOut:
		h.sockResult(r, s)
	case func(*tracer.Result):
		s(r)
	}
}

// at appends "TID/suffix" for use below h.proc.
func (h *handler) at(tid int, suffix string) string {
	return strconv.Itoa(tid) + "/" + suffix
}

// openProc opens /proc/TID/suffix with O_PATH: the object that a magic link
// of the task leads to.
func (h *handler) openProc(tid int, suffix string, flags int) (fsview.Handle, unix.Errno) {
	fd, err := unix.Openat(h.proc, h.at(tid, suffix), unix.O_PATH|unix.O_CLOEXEC|flags, 0)
	if err != nil {
		e, _ := err.(unix.Errno)
		return fsview.NoHandle, e
	}
	return fsview.Handle(fd), 0
}
