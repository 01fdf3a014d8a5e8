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
	*mntNS              // of the task at hand
	task   *tracer.Task // this one

	host  fsview.OS
	tr    *tracer.Tracer
	proc  int // descriptor of the host's /proc
	log   *slog.Logger
	trace *traceWriter
	uts   *uts // of the task at hand; nil: the host's
	lock  *lock

	openat2   bool            // the kernel has it
	lacking   map[string]bool // see lacks
	pinned    bool            // attributes are the tracer's to change (act)
	root      bool            // the launcher is root, and identity is not emulated
	own       fsCreds
	as        *fsCreds // whose credentials the tracer has taken on
	hold      bool     // the resolution at hand is for act
	fdNames   [64]string
	noNet     bool
	abstract  map[string]bool // abstract sockets bound inside, without Landlock
	pidsLimit int64
	tasks     int64 // alive
	forking   map[*tracer.Task]bool
	socks     sockets
	procfs    procfs
	id        *identity // nil: ids and owners are the kernel's
	versions  int       // how many versions of views there have been
	births    map[*tracer.Task]*spaces
	half      map[int]bool // tasks in the second part of a close_range

	first        *mntNS
	firstUTS     *uts
	chdirs       int               // chdir calls that may not be over
	roams        bool              // guests change their directory without a stop
	steadies     map[string]fileID // see steady
	held         *heldInterp
	hostInterps  map[version]*tracer.Image
	elfs         elfs
	hosts        map[string]fileID // interpreters that the view has from the host: see inRoot
	namesOnly    bool              // fastpath.Table.NamesOnly
	procApart    uint64            // the device of procfs, while no guest has a directory of it and the fast path is on
	ownReads     bool              // guests' own descriptors are good for reading, unseen
	aboveHidden  []fileID          // see narrow
	fastIDs      fastIDs
	guards       guards
	startDir     string // guest path of the first directory
	scratch      func() (string, error)
	limited      *limits     // nil: no tmpfs has a limit
	writes       extraFilter // what makes files larger
	noExecMounts bool
	execs        extraFilter // what makes memory executable
	dups         extraFilter // what duplicates descriptors
	// handed says that a descriptor that matters for these filters may have
	// been sent to another process.
	handed bool
	noters map[*process]int // processes with noted descriptors, and their ids
	sent   []sentNote       // of descriptors on their way to a process, oldest first

	req       fsview.Request
	res       [2]fsview.Resolution
	base      [2]fsview.Base
	fixedName []byte       // backs settled
	from      *fsview.Base // where the open at hand starts: looked up once

	rlimit unix.Rlimit
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
	// changed: credentials may no longer be the launcher's.
	changed bool
	held    []int // descriptors of ours that the call at hand needs
	// fds are guest paths of directory descriptors (see noteFD). A stale one
	// does no harm: the view checks it against the directory itself.
	fds      map[int]string
	mnt      *mntNS
	uts      *uts
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
		p.next, p.pin, p.held = nil, nil, nil
		if p.fds != nil {
			if shared, e := ptrace.Kcmp(parent.Tid, child.Tid, ptrace.KcmpFiles); e != 0 || shared != 0 {
				p.fds = maps.Clone(p.fds)
				h.noters[p] = child.Tgid()
			}
		}
	}
	if p.mnt == nil {
		p.mnt, p.uts = h.first, h.uts
	}
	p.mnt.tasks++
	child.Data = p
	h.enter(child)
	h.inheritCwd(parent, child)
	for _, f := range h.filters() {
		f.fork(parent, child)
	}
	if parent != nil {
		if w, ok := h.procfs.writes[parent.Tgid()]; ok {
			h.procfs.writes[child.Tgid()] = w
		}
	}
	if h.id != nil {
		h.id.born(parent, child)
	}
	if n := h.births[parent]; n != nil {
		delete(h.births, parent)
		h.give(child, n)
	}
	h.settle(child)
}

// Exec implements tracer.Handler.
func (h *handler) Exec(t *tracer.Task) {
	p := proc(t)
	h.enter(t)
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
	h.settle(t)
}

// Exit implements tracer.Handler.
func (h *handler) Exit(t *tracer.Task) {
	h.tasks--
	delete(h.forking, t)
	h.unborn(t)
	h.chdirDone(t)
	proc(t).drop()
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
	delete(h.procfs.writes, t.Tid)
	if m := proc(t).mnt; m != h.first {
		h.ownerEnds(t)
		m.leave()
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
	h.enter(c.Task)
	h.chdirDone(c.Task)
	h.unborn(c.Task)
	if h.limited == nil {
		h.serve(c)
	} else {
		h.limited.begin(c.Task)
		h.serve(c)
		h.limited.finish(c)
	}
	h.settle(c.Task)
}

// serve finds the room for a call.
func (h *handler) serve(c *tracer.Call) {
	if h.usesReserved(c) {
		c.Fail(unix.EBADF)
		return
	}
	if h.lacks(c) {
		c.Fail(unix.ENOSYS)
		return
	}
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
	case tracer.ClassName:
		if h.id == nil && c.Ent.Name == "linkat" && c.Args[4]&^unix.AT_SYMLINK_FOLLOW == unix.AT_EMPTY_PATH && !emptyLinks() {
			c.Fail(unix.ENOENT)
			return
		}
		h.paths(c)
	case tracer.ClassAttr, tracer.ClassXattrRead, tracer.ClassWatch, tracer.ClassAccess:
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
		if h.id != nil && (c.Ent.Name == "write" || c.Ent.Name == "pwrite64") {
			h.id.write(c)
		}
		if h.limited != nil && !c.Answered() {
			h.write(c)
		}
	case tracer.ClassSocket:
		h.socket(c)
	case tracer.ClassProcess:
		h.process(c)
	case tracer.ClassSystem:
		h.system(c)
	case tracer.ClassIdentity:
		h.credsCall(c)
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
	h.enter(r.Task)
	switch s := r.State.(type) {
	case sockOut:
		h.sockResult(r, s)
	case func(*tracer.Result):
		s(r)
	}
	h.settle(r.Task)
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
