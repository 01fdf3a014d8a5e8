package sandbox

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// The files of /proc/PID/ns (namespaces(7)). All tasks are in the namespaces of
// the launcher, whose files are the kernel's. Those of a namespace that is
// ptbox's own are empty memory files, so that a descriptor can be kept and handed
// on as any other; stat and readlink show them as the kernel's.

// namespace is one of them: one field is set, or none for the kernel's.
type namespace struct {
	kind   string // "mnt", "user", "uts" and others
	number uint64
	mnt    *mntNS
	uts    *uts
	user   *cred.UserNS

	// Not namespaces: see mount_file.go.
	fs *fsContext
	at *mountTree
}

// nsFiles is what is known of the descriptors of namespaces.
type nsFiles struct {
	made  uint64 // how many namespaces
	files map[fileID]*namespace
	limit int    // how many there may be before they are looked through
	nsfs  uint64 // the device that the guest sees in the place of the files'
}

// firstNumber is where the numbers of namespaces begin. The kernel's are from
// 0xf0000000 on.
const firstNumber = 0x80000000

// nsTag begins the name of the memory files.
const nsTag = "ptbox-ns."

func (id *identity) newNumber() uint64 {
	id.spaces.made++
	return firstNumber + id.spaces.made
}

// nsOf is the namespace of a kind that a task is in.
func nsOf(t *tracer.Task, kind string) *namespace {
	p, n := proc(t), &namespace{kind: kind}
	switch kind {
	case "mnt":
		n.mnt, n.number = p.mnt, p.mnt.ino
	case "uts":
		n.uts, n.number = p.uts, p.uts.ino
	case "user":
		if n.user = p.cred.NS; n.user != nil {
			n.number = n.user.Number
		}
	}
	return n
}

// nsLink is the namespace behind a file of procfs; ok is false for others.
func (id *identity) nsLink(rel string) (n *namespace, e unix.Errno, ok bool) {
	m, ok := parseMagic(rel)
	if !ok || m.what != "ns" {
		return nil, 0, false
	}
	t := id.h.tr.Task(m.pid)
	if t == nil {
		return nil, 0, false
	}
	if t.Tgid() != id.h.task.Tgid() && !id.reader().MayLookInto(credOf(t), false) {
		return nil, unix.EACCES, true
	}
	return nsOf(t, strings.Clone(m.rest)), 0, true // the path is of the call only
}

// nsResolved is nsLink for what a resolution leads to.
func (id *identity) nsResolved(r *fsview.Resolution) (n *namespace, e unix.Errno, ok bool) {
	if !r.Magic {
		return nil, 0, false
	}
	rel, ok := id.h.procRel(id.h.view.MountAt(r.Guest), r.Guest)
	if !ok {
		return nil, 0, false
	}
	return id.nsLink(rel)
}

// text is the body of the link to a namespace.
func (n *namespace) text() string { return fmt.Sprintf("%s:[%d]", n.kind, n.number) }

// nsName is the body of the link to a memory file, from what the kernel calls it.
func nsName(host string) (string, bool) {
	dir, tag, ok := strings.Cut(strings.TrimSuffix(host, " (deleted)"), nsTag)
	kind, number, dot := strings.Cut(tag, ".")
	text := kind + ":[" + number + "]"
	if kind == kindTree {
		text = "/"
	}
	return text, ok && dot && dir == "/memfd:"
}

// nsOpen opens the file of a namespace. done says that the call has been dealt
// with; else it is the kernel's own.
func (id *identity) nsOpen(c *tracer.Call, r *fsview.Resolution, how openHow) (done bool) {
	n, e, ok := id.nsResolved(r)
	switch {
	case !ok:
		return false
	case e != 0:
		c.Fail(e)
		return true
	case n.number == 0 || how.flags&(unix.O_PATH|unix.O_DIRECTORY|unix.O_TRUNC) != 0 || how.flags&unix.O_ACCMODE != unix.O_RDONLY:
		return false
	}
	if n.mnt != nil {
		n.mnt.tasks++ // it lasts as long as the file is known: see forgetNS
	}
	id.memoryFile(c, n, how.flags&unix.O_CLOEXEC != 0)
	return true
}

// memoryFile turns the call into one that makes the memory file of n.
func (id *identity) memoryFile(c *tracer.Call, n *namespace, cloexec bool) {
	flags := uint64(textFlags())
	if cloexec {
		flags |= unix.MFD_CLOEXEC
	}
	c.SetNr(unix.SYS_MEMFD_CREATE)
	c.SetPath(0, []byte(nsTag+n.kind+"."+strconv.FormatUint(n.number, 10)))
	c.SetArg(1, flags)
	c.WantResult(func(r *tracer.Result) {
		if r.Val < 0 {
			n.drop()
			return
		}
		if e := id.h.fillText(r.Task, int(r.Val), ""); e != 0 {
			id.h.log.Warn("the file of a namespace cannot be sealed", "err", e)
		}
		id.noteNS(r.Task, int(r.Val), n)
	})
}

func (n *namespace) drop() {
	if n.mnt != nil {
		n.mnt.leave()
	}
	n.dropMounts()
}

// noteNS remembers which namespace a new descriptor stands for.
func (id *identity) noteNS(t *tracer.Task, fd int, n *namespace) {
	s := &id.spaces
	var st unix.Stat_t
	if unix.Fstatat(id.h.proc, id.h.at(t.Tid, "fd/"+itoa(fd)), &st, 0) != nil {
		n.drop()
		return
	}
	if s.files == nil {
		s.files, s.limit = map[fileID]*namespace{}, minNSFiles
	}
	file := fileID{st.Dev, st.Ino}
	if old := s.files[file]; old != nil {
		old.drop()
	}
	s.files[file] = n
	if s.nsfs == 0 && unix.Fstatat(id.h.proc, id.h.at(t.Tid, "ns/mnt"), &st, 0) == nil {
		s.nsfs = st.Dev
	}
	if len(s.files) > s.limit {
		id.forgetNS()
		s.limit = max(minNSFiles, 2*len(s.files))
	}
}

// minNSFiles is how many files are remembered without a look at who has them.
const minNSFiles = 256

// forgetNS forgets the files that no task has open: nobody says when the last
// descriptor is closed.
func (id *identity) forgetNS() {
	s, used := &id.spaces, map[fileID]bool{}
	id.h.tr.Each(func(t *tracer.Task) {
		for _, fd := range id.h.openFDs(t) {
			var st unix.Stat_t
			if unix.Fstatat(id.h.proc, id.h.at(t.Tid, fd), &st, 0) == nil {
				used[fileID{st.Dev, st.Ino}] = true
			}
		}
	})
	for file, n := range s.files {
		if !used[file] {
			n.drop()
			delete(s.files, file)
		}
	}
}

// nsFile is the namespace that a memory file stands for.
func (id *identity) nsFile(st *unix.Stat_t) *namespace {
	return id.spaces.files[fileID{st.Dev, st.Ino}]
}

// showNS makes the status of a namespace's file, that of the kernel's or a
// memory file, what the guest sees.
func (id *identity) showNS(o *object) {
	n := id.nsFile(&o.st)
	if n == nil && o.fd >= 0 && id.h.res[0].Magic {
		if l, e, ok := id.nsResolved(&id.h.res[0]); ok && e == 0 && l.number != 0 {
			n = l
			id.spaces.nsfs = o.st.Dev
		}
	}
	if n == nil {
		return
	}
	if n.at != nil {
		var top object
		if id.use(&top, int(n.at.top.Root())) == 0 {
			id.load(&top)
			id.show(&top)
			o.st = top.st
		}
		return
	}
	o.as = &fsview.Stat{Dev: id.spaces.nsfs, Ino: n.number}
	o.st.Mode, o.st.Uid, o.st.Gid, o.st.Size, o.st.Blocks = unix.S_IFREG|0o444, 0, 0, 0, 0
}

// nsDescriptor is the namespace behind a descriptor of a task, of ptbox' own or
// of the kernel's; nil if it is of something else.
func (id *identity) nsDescriptor(t *tracer.Task, fd int) *namespace {
	var st unix.Stat_t
	if unix.Fstatat(id.h.proc, id.h.at(t.Tid, "fd/"+itoa(fd)), &st, 0) != nil {
		return nil
	}
	text, e := id.h.readProc(id.h.at(t.Tid, "fd/"+itoa(fd)))
	if e != 0 {
		return nil
	}
	if n := id.nsFile(&st); n != nil {
		if _, ok := nsName(text); ok && n.fs == nil && n.at == nil {
			return n
		}
		return nil // the number is in use again, or it is of a mount
	}
	kind, _, ok := strings.Cut(text, ":[")
	if _, known := nsFlags[kind]; !ok || !known {
		return nil
	}
	if own, e := id.h.readProc(id.h.at(t.Tid, "ns/"+kind)); e != 0 || own != text {
		return &namespace{kind: kind, number: ^uint64(0)} // of somebody else
	}
	n := &namespace{kind: kind}
	switch kind {
	case "mnt":
		n.mnt = id.h.first
	case "uts":
		n.uts = id.h.firstUTS
	}
	return n
}
