package sandbox

import (
	"path"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// uid_map, gid_map and setgroups of /proc/PID are written to, and what write(2)
// answers tells whether it was allowed. They are texts like others, sealed, and
// write does not stop; so a process that opens one for writing gets one more
// seccomp filter first, as one that lists procfs does. It stops writes to the
// descriptor that the open will return, and to standard output, where a shell
// moves it. A write by another way fails with EPERM: the text is sealed.

// mapFile is such a file, opened for writing.
type mapFile struct {
	name   string
	ns     *cred.UserNS
	opener cred.Cred
}

// maxMapFiles bounds what is remembered of them.
const maxMapFiles = 1024

// isMapFile says whether a file of procfs is one of them.
func isMapFile(rel string) bool {
	switch path.Base(rel) {
	case "uid_map", "gid_map", "setgroups":
		return true
	}
	return false
}

// openMap serves an open for writing. done says that the call was answered or
// has been given away; else it becomes the text's memory file.
func (id *identity) openMap(c *tracer.Call, rel string) (f *mapFile, done bool) {
	t := id.h.tr.Task(relPid(rel))
	if t == nil {
		c.Fail(unix.ENOENT)
		return nil, true
	}
	k, owner := credOf(c.Task), credOf(t)
	f = &mapFile{path.Base(rel), owner.NS, *k}
	if !k.Access(owner.UID.Effective, owner.GID.Effective, unix.S_IFREG|0o644, unix.W_OK) ||
		f.name == "setgroups" && !k.MayWriteSetgroups(f.ns) {
		c.Fail(unix.EACCES)
		return nil, true
	}
	return f, id.h.catchWrites(c)
}

func relPid(rel string) int {
	pid, _ := number(relTask(rel))
	return pid
}

// catchWrites sees to it that writes to the descriptor that c will return stop.
// It reports whether the call has been given away for that; it comes back.
func (h *handler) catchWrites(c *tracer.Call) bool {
	p := &h.procfs
	if p.filters == 0 {
		h.tr.Catch(unix.SYS_WRITE)
		h.tr.Catch(unix.SYS_PWRITE64)
		return false
	}
	tgid, fd := c.Task.Tgid(), h.lowestFD(c.Task)
	w := p.writes[tgid]
	if w.fds[fd] || w.failed {
		return false
	}
	h.filter(c, writeFilter(fd), unix.SECCOMP_FILTER_FLAG_TSYNC, func(r *tracer.Result) {
		n := writeStops{fds: map[int]bool{fd: true}, filters: w.filters + 1, failed: r.Val != 0}
		for k := range w.fds {
			n.fds[k] = true
		}
		if n.failed {
			n.filters--
		}
		p.writes[tgid] = n
		r.Again()
	})
	return true
}

// writeStops says which descriptors' writes stop in a process. A value is
// never changed, so that children can share it.
type writeStops struct {
	fds     map[int]bool
	filters int
	failed  bool
}

// lowestFD is the number that the next descriptor of a task will have.
func (h *handler) lowestFD(t *tracer.Task) int {
	used := map[string]bool{}
	for _, n := range h.openFDs(t) {
		used[n] = true
	}
	fd := 0
	for used["fd/"+strconv.Itoa(fd)] {
		fd++
	}
	return fd
}

// writeFilter is a program that stops writes to fd and to standard output.
func writeFilter(fd int) []byte {
	const dataNr, dataArch, dataArg0 = 0, 4, 16 // struct seccomp_data
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	is := func(v uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: v, Jt: yes, Jf: no}
	}
	return pack([]unix.SockFilter{
		load(dataArch), is(unix.AUDIT_ARCH_X86_64, 0, 6),
		load(dataNr), is(unix.SYS_WRITE, 1, 0), is(unix.SYS_PWRITE64, 0, 3),
		load(dataArg0), is(uint32(fd), 2, 0), is(1, 1, 0),
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE},
	})
}

// opened remembers the memory file that stands for f.
func (id *identity) opened(t *tracer.Task, fd int, f *mapFile) {
	var st unix.Stat_t
	if unix.Fstatat(id.h.proc, id.h.at(t.Tid, "fd/"+strconv.Itoa(fd)), &st, 0) != nil {
		return
	}
	if id.maps == nil || len(id.maps) >= maxMapFiles {
		id.maps = map[uint64]*mapFile{}
	}
	id.maps[st.Ino] = f
}

// write serves a write that has stopped.
func (id *identity) write(c *tracer.Call) {
	h, fd := id.h, int(int32(c.Args[0]))
	var st unix.Stat_t
	if fd < 0 || unix.Fstatat(h.proc, h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd)), &st, 0) != nil {
		return
	}
	f := id.maps[st.Ino]
	if text, e := h.readProc(h.at(c.Task.Tid, "fd/"+strconv.Itoa(fd))); f == nil || e != 0 {
		return
	} else if _, ours := h.textName(text); !ours {
		return // the number is in use again
	}
	pos, n := int64(0), c.Args[2]
	if c.Ent.Name == "pwrite64" {
		pos = int64(c.Args[3])
	} else if p, ok := h.filePos(c.Task.Tid, fd); ok {
		pos = p
	}
	if pos != 0 || n >= 4096 {
		c.Fail(unix.EINVAL)
		return
	}
	b := make([]byte, n)
	if e := c.Read(c.Args[1], b); e != 0 {
		c.Fail(e)
		return
	}
	var e unix.Errno
	if f.name == "setgroups" {
		e = f.ns.WriteSetgroups(string(b))
	} else {
		e = f.ns.WriteMap(credOf(c.Task), &f.opener, f.name == "gid_map", string(b))
	}
	switch {
	case e != 0:
		c.Fail(e)
	case c.Ent.Name == "pwrite64":
		c.Return(int64(n))
	default:
		h.seekTo(c, int64(n), int64(n))
	}
}

// filter turns c into the installation of a seccomp filter.
func (h *handler) filter(c *tracer.Call, code []byte, flags uint64, then func(*tracer.Result)) {
	c.SetNr(unix.SYS_SECCOMP)
	c.SetArg(0, unix.SECCOMP_SET_MODE_FILTER)
	c.SetArg(1, flags)
	c.SetRef(2, c.PutWords([]uint64{uint64(len(code) / 8), 0}, map[int]int{1: c.Put(code)}))
	c.WantResult(then)
}
