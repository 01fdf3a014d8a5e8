package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// procfs is what the handlers know of procfs as the guest sees it. Most of it
// is the host's; the texts that hold host paths or show the tracer are made
// anew at each open, as files of the scratch directory that the guest then
// opens by itself.
type procfs struct {
	// below tells for each mount that shows procfs, or a part of it, what
	// part it is ("" for all, "sys/").
	below map[*fsview.Mount]string
	dev   map[uint64]bool // device numbers of procfs
	dir   string          // of the texts, "" until the first one
	made  int             // how many there were
	ids   *mountIDs
	table []*fsview.Mount // to tell mounts by number
	// filters is the number of seccomp filters that the engine installs.
	filters int
	// lists says of each process how far it has got with the filter of
	// listing; whole says that every getdents stops anyway.
	lists map[int]listState
	whole bool
}

// setProc finds the mounts that show procfs.
func (h *handler) setProc(v *fsview.View) {
	p := &h.procfs
	p.below, p.dev, p.table = map[*fsview.Mount]string{}, map[uint64]bool{}, v.Mounts()
	p.lists = map[int]listState{}
	p.whole = p.filters == 0 || len(h.dirs) > 0
	for _, m := range v.Mounts() {
		switch rel, in := below("/proc", m.Source); {
		case m.Kind == fsview.Proc:
			p.below[m] = ""
			var st unix.Stat_t
			if unix.Fstat(int(m.Root()), &st) == nil {
				p.dev[st.Dev] = true
				h.mergedAt(dirKey{st.Dev, st.Ino}).hide = h.Hidden
			}
		case in && m.Kind == fsview.Bind && onProcfs(m):
			p.below[m] = rel + "/"
			if !m.IsDir() {
				p.below[m] = rel
			}
		}
	}
}

func onProcfs(m *fsview.Mount) bool {
	var st unix.Statfs_t
	return unix.Fstatfs(int(m.Root()), &st) == nil && st.Type == unix.PROC_SUPER_MAGIC
}

// Hidden implements fsview.Hider: processes that are not of the sandbox do not
// exist. One that has ended and that its parent has not waited for is no
// longer the tracer's, but its parent's.
func (h *handler) Hidden(name string) bool {
	pid, ok := number(name)
	if !ok || h.tr == nil || h.tr.Knows(pid) {
		return false
	}
	status, e := h.readFile(name + "/status")
	if e != 0 {
		return true
	}
	_, s, _ := strings.Cut(string(status), "\nPPid:")
	s, _, _ = strings.Cut(s, "\n")
	parent, ok := number(strings.TrimSpace(s))
	return !ok || !h.tr.Knows(parent)
}

// readFile reads a file below the host's /proc.
func (h *handler) readFile(rel string) ([]byte, unix.Errno) {
	fd, err := unix.Openat(h.proc, rel, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errno(err)
	}
	f := os.NewFile(uintptr(fd), rel)
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(f); err != nil {
		if pe, ok := err.(*os.PathError); ok {
			return nil, errno(pe.Err)
		}
		return nil, unix.EIO
	}
	return b.Bytes(), 0
}

// procRel returns the path below procfs that a guest path names; ok is false
// if it lies elsewhere.
func (h *handler) procRel(m *fsview.Mount, guest string) (rel string, ok bool) {
	if m == nil || guest == "" {
		return "", false
	}
	prefix, ok := h.procfs.below[m]
	if !ok {
		return "", false
	}
	return prefix + strings.TrimPrefix(strings.TrimPrefix(guest, m.Target), "/"), true
}

// procText makes the text that the guest is to read at rel; ok is false for
// what is the kernel's to answer.
func (h *handler) procText(rel string) (text string, e unix.Errno, ok bool) {
	name := rel
	if dir, rest, found := strings.Cut(rel, "/"); found {
		if _, isPid := number(dir); isPid {
			name = rest
			if _, after, found := strings.Cut(strings.TrimPrefix(rest, "task/"), "/"); found && strings.HasPrefix(rest, "task/") {
				name = after
			}
		}
	}
	var rewrite func(string) string
	if len(name) == len(rel) {
		// Not of a process.
		switch {
		case h.uts == nil:
		case rel == "sys/kernel/hostname" && h.uts.node != "":
			return h.uts.node + "\n", 0, true
		case rel == "sys/kernel/domainname" && h.uts.domain != "":
			return h.uts.domain + "\n", 0, true
		}
		return "", 0, false
	}
	switch name {
	case "maps", "smaps":
		rewrite = func(s string) string { return guestMaps(s, h.guestMapping) }
	case "numa_maps":
		rewrite = func(s string) string { return guestNuma(s, h.guestMapping) }
	case "status":
		rewrite = func(s string) string { return guestStatus(s, h.ownFilters(h.relTgid(rel))) }
	case "net/unix":
		rewrite = func(s string) string { return guestUnix(s, h.guestSocket) }
	case "mountinfo":
		rewrite = func(string) string { return mountinfoText(h.mountTable()) }
	case "mounts":
		rewrite = func(string) string { return mountsText(h.mountTable()) }
	case "mountstats":
		rewrite = func(string) string { return mountstatsText(h.mountTable()) }
	default:
		return "", 0, false
	}
	b, e := h.readFile(rel)
	if e != 0 {
		return "", e, true
	}
	return rewrite(string(b)), 0, true
}

// relTgid is the process whose directory rel lies in.
func (h *handler) relTgid(rel string) int {
	dir, _, _ := strings.Cut(rel, "/")
	pid, _ := number(dir)
	if t := h.tr.Task(pid); t != nil {
		return t.Tgid()
	}
	return pid
}

// guestMapping is the name of a mapped file in the guest.
func (h *handler) guestMapping(host string) string {
	text, ok := h.magicText(host)
	if !ok {
		return host
	}
	return text
}

// guestSocket is the name of a socket in the guest, "" if it has none.
func (h *handler) guestSocket(host string) string {
	if name, ok := h.socks.names[host]; ok && strings.HasPrefix(name, "/") {
		return name
	}
	guest, _ := h.guestText(host)
	return guest
}

// hostNames are the names that the kernel gives to what is no file.
func hostName(text string) bool {
	for _, p := range []string{"/memfd:", "/SYSV", "/dev/", "/anon_hugepage", "/[aio]", "/dmabuf:", "//"} {
		if strings.HasPrefix(text, p) {
			return true
		}
	}
	return false
}

// magicText is the guest's form of a path that the kernel shows: the body of a
// magic link, or the name of a mapping.
func (h *handler) magicText(text string) (string, bool) {
	if guest, ok := h.guestText(text); ok {
		return guest, true
	}
	if host, gone := strings.CutSuffix(text, " (deleted)"); gone {
		if guest, ok := h.guestText(host); ok {
			return guest + " (deleted)", true
		}
	}
	if strings.HasPrefix(text, "/") && !hostName(text) {
		return "(unreachable)/", true
	}
	return "", false
}

// procTarget returns what of procfs a resolution leads to.
func (h *handler) procTarget(r *fsview.Resolution) (m *fsview.Mount, rel string, ok bool) {
	if !r.Magic {
		rel, ok = h.procRel(r.Mount, r.Guest)
		return r.Mount, rel, ok
	}
	// A descriptor of a file of procfs, opened with O_PATH, opened once more.
	if rel, ok = h.procRel(h.view.MountAt(r.Guest), r.Guest); !ok {
		return nil, "", false
	}
	text, e := h.readProc(rel)
	if e != 0 || h.procfs.dir != "" && strings.HasPrefix(text, h.procfs.dir+"/") {
		return nil, "", false
	}
	guest, ok := h.guestText(text)
	if !ok {
		return nil, "", false
	}
	m = h.view.MountAt(guest)
	rel, ok = h.procRel(m, guest)
	return m, rel, ok
}

// procOpen gives the guest a text of its own if that is what it opens. done
// says that the call has been dealt with.
func (h *handler) procOpen(c *tracer.Call, r *fsview.Resolution, how openHow) (done bool) {
	if how.flags&unix.O_PATH != 0 || how.flags&(unix.O_CREAT|unix.O_EXCL) == unix.O_CREAT|unix.O_EXCL {
		return false
	}
	m, rel, ok := h.procTarget(r)
	if !ok {
		return false
	}
	if h.listing(c, rel) {
		return true
	}
	if r.Slash {
		return false
	}
	text, e, ok := h.procText(rel)
	if !ok {
		return false
	}
	if e == 0 && (how.flags&unix.O_ACCMODE != unix.O_RDONLY || how.flags&unix.O_TRUNC != 0) {
		// None of them can be written but by the host's root, and that is
		// not what the guest would write to.
		e = unix.EACCES
	}
	var host string
	if e == 0 {
		host, e = h.putText(m, rel, text)
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	r.Host, r.Relative, r.Magic = append(r.Host[:0], host...), false, false
	c.WantResult(func(*tracer.Result) { os.Remove(host) })
	return false
}

// putText makes a file of the scratch directory. Its name says what it shows,
// so that the guest's descriptor can be told from others later.
func (h *handler) putText(m *fsview.Mount, rel, text string) (string, unix.Errno) {
	p := &h.procfs
	if p.dir == "" {
		base, err := h.scratch()
		if err != nil {
			return "", unix.ENOSPC
		}
		dir := filepath.Join(base, "proc")
		if err := os.Mkdir(dir, 0o700); err != nil {
			return "", unix.ENOSPC
		}
		if err := os.Chmod(dir, 0o711); err != nil {
			return "", unix.ENOSPC
		}
		p.dir = dir
	}
	p.made++
	index := 0
	for i := range p.table {
		if p.table[i] == m {
			index = i
		}
	}
	shown := strings.TrimPrefix(rel, p.below[m])
	name := strconv.Itoa(p.made) + "." + strconv.Itoa(index) + "." + strings.ReplaceAll(shown, "/", "!")
	host := filepath.Join(p.dir, name)
	err := os.WriteFile(host, []byte(text), 0o400)
	if err == nil {
		// Whoever may open it has been judged by the kernel for the tracer;
		// a guest that is another user reaches it by its descriptor only.
		err = os.Chmod(host, 0o444)
	}
	if err != nil {
		os.Remove(host)
		return "", unix.ENOSPC
	}
	return host, 0
}

// textName maps the host path of such a file back to what it shows.
func (h *handler) textName(host string) (string, bool) {
	p := &h.procfs
	if p.dir == "" {
		return "", false
	}
	name, ok := strings.CutPrefix(host, p.dir+"/")
	if !ok {
		return "", false
	}
	_, name, _ = strings.Cut(name, ".")
	index, name, ok := strings.Cut(name, ".")
	i, err := strconv.Atoi(index)
	if !ok || err != nil || i < 0 || i >= len(p.table) {
		return "", false
	}
	name = strings.ReplaceAll(strings.TrimSuffix(name, " (deleted)"), "!", "/")
	if name == "" {
		return p.table[i].Target, true
	}
	return join(p.table[i].Target, name), true
}
