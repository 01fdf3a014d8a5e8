package sandbox

import (
	"bytes"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// procfs is what the handlers know of procfs as the guest sees it. Most of it
// is the host's; the texts that hold host paths or show the tracer are made
// anew at each open (proc_open.go).
type procfs struct {
	// filters is the number of seccomp filters that the engine installs.
	filters int
	// lists is the filter of listing; whole says that every getdents stops
	// anyway.
	lists extraFilter
	whole bool
	// writes says in which processes writes to which descriptors stop.
	writes map[int]writeStops
}

// setProc finds the mounts that show procfs.
func (h *handler) setProc() {
	h.below, h.procDev = map[*fsview.Mount]string{}, map[uint64]bool{}
	p := &h.procfs
	if p.lists.cond == 0 {
		// Once: the seccomp program does not change when the view does.
		p.lists.cond, p.writes = tracer.IfMerged, map[int]writeStops{}
		p.whole = p.filters == 0 || len(h.dirs) > 0 || h.overlays
	}
	for _, m := range h.view.Mounts() {
		switch rel, in := below("/proc", m.Source); {
		case m.Kind == fsview.Proc:
			h.below[m] = ""
			var st unix.Stat_t
			if unix.Fstat(int(m.Root()), &st) == nil {
				h.procDev[st.Dev] = true
				h.mergedAt(dirKey{st.Dev, st.Ino}).hide = h.Hidden
			}
		case in && m.Kind == fsview.Bind && onProcfs(m):
			h.below[m] = rel + "/"
			if !m.IsDir() {
				h.below[m] = rel
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
	if !ok || h.tr == nil || h.knows(pid) {
		return false
	}
	status, e := h.readFile(name + "/status")
	if e != 0 {
		return true
	}
	_, s, _ := strings.Cut(string(status), "\nPPid:")
	s, _, _ = strings.Cut(s, "\n")
	parent, ok := number(strings.TrimSpace(s))
	return !ok || !h.knows(parent)
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
	prefix, ok := h.below[m]
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
	tid, _ := number(relTask(rel))
	if h.id != nil && len(name) != len(rel) {
		if text, ok := h.id.procText(tid, name, ""); ok && name != "status" {
			return text, 0, true
		}
	}
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
		rewrite = func(s string) string {
			s = guestStatus(s, h.ownFilters(h.relTgid(rel)))
			if h.id != nil {
				s, _ = h.id.procText(tid, name, s)
			}
			return s
		}
	case "net/unix":
		rewrite = func(s string) string { return guestUnix(s, h.guestSocket) }
	case "mountinfo":
		rewrite = func(string) string { return mountinfoText(h.mountsOf(tid)) }
	case "mounts":
		rewrite = func(string) string { return mountsText(h.mountsOf(tid)) }
	case "mountstats":
		rewrite = func(string) string { return mountstatsText(h.mountsOf(tid)) }
	default:
		return "", 0, false
	}
	b, e := h.readFile(rel)
	if e != 0 {
		return "", e, true
	}
	h.inNS(tid, func() { text = rewrite(string(b)) })
	return text, 0, true
}

// inNS runs f in the mount namespace of a task.
func (h *handler) inNS(tid int, f func()) {
	now := h.mntNS
	if t := h.tr.Task(tid); t != nil {
		h.mntNS = proc(t).mnt
	}
	f()
	h.mntNS = now
}

// mountsOf is the mount table as a task sees it: what its root directory does
// not show is missing (show_mountinfo in fs/proc_namespace.c).
func (h *handler) mountsOf(tid int) []hostMount {
	table := h.mountTable()
	root := h.rootOf(h.tr.Task(tid))
	if root == "" {
		return table
	}
	var out []hostMount
	for _, l := range table {
		if !isBelow(l.target, root) {
			continue
		}
		if l.target = l.target[len(root):]; l.target == "" {
			l.target = "/"
		}
		out = append(out, l)
	}
	return out
}

// relTask is the number of the task whose directory rel lies in.
func relTask(rel string) string {
	s, rest, _ := strings.Cut(rel, "/")
	if tid, _, ok := strings.Cut(strings.TrimPrefix(rest, "task/"), "/"); ok && strings.HasPrefix(rest, "task/") {
		return tid
	}
	return s
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
