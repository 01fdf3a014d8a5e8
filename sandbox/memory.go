package sandbox

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// A file on a noexec mount must not be mapped to be executed, and what is
// mapped of it must not become executable (do_mmap in mm/mmap.c). These calls
// stop only in processes that have opened such a file (filter.go).

// mapsFiles says that a mount may have files that can be mapped.
func mapsFiles(m *fsview.Mount) bool {
	return m.Kind == fsview.Bind || m.Kind == fsview.Tmpfs || m.Kind == fsview.Overlay
}

// mayMap is told of an open: from a file on a noexec mount on, the process is
// watched. It reports whether the call was given away for that.
func (h *handler) mayMap(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, how openHow) bool {
	if how.flags&(unix.O_PATH|unix.O_DIRECTORY) != 0 || how.flags&unix.O_ACCMODE == unix.O_WRONLY {
		return false
	}
	m := h.mountOf(c, r)
	if m == nil || m.Flags&fsview.NoExec == 0 || !mapsFiles(m) {
		return false
	}
	if s := h.execs.state[c.Task.Tgid()]; s == filterIn || s == filterGivenUp {
		return false
	}
	var st unix.Stat_t
	if h.stat(c, p, r, &st, true) == 0 && st.Mode&unix.S_IFMT != unix.S_IFREG {
		return false
	}
	return h.watchExecs(c)
}

// memory serves the calls that change mappings.
func (h *handler) memory(c *tracer.Call) {
	switch c.Ent.Name {
	case "mmap", "mmap2":
		if h.noExecMounts && c.Args[2]&unix.PROT_EXEC != 0 && c.Args[3]&unix.MAP_ANONYMOUS == 0 && h.mapsNoExec(c) {
			c.Fail(unix.EPERM)
			return
		}
		if h.limited != nil {
			h.mapShared(c)
		}
	case "mprotect", "pkey_mprotect":
		if h.noExecMounts && c.Args[2]&unix.PROT_EXEC != 0 {
			h.mprotect(c)
		}
	default:
		c.Fail(unix.EPERM)
	}
}

// mapsNoExec reports whether an mmap is of a file on a noexec mount, and
// nothing else is wrong with it that the kernel would find first.
func (h *handler) mapsNoExec(c *tracer.Call) bool {
	fd := int(int32(c.Args[4]))
	m := h.fdMount(c.Task, fd)
	if m == nil || m.Flags&fsview.NoExec == 0 || c.Args[1] == 0 {
		return false
	}
	info, _ := h.fdinfo(c.Task.Tid, fd)
	flags, ok := infoField(info, "flags:", 8)
	if !ok || flags&unix.O_PATH != 0 || flags&unix.O_ACCMODE == unix.O_WRONLY {
		return false // EBADF, EACCES
	}
	kind := c.Args[3] & unix.MAP_TYPE
	shared := kind == unix.MAP_SHARED || kind == unix.MAP_SHARED_VALIDATE
	return !shared || c.Args[2]&unix.PROT_WRITE == 0 || flags&unix.O_ACCMODE == unix.O_RDWR
}

// mprotect makes executable what lies before the first mapping of a file on a
// noexec mount, and fails there, as the kernel does.
func (h *handler) mprotect(c *tracer.Call) {
	start, size := c.Args[0], (c.Args[1]+pageSize-1)&^(pageSize-1)
	if start%pageSize != 0 || size == 0 || start+size < start {
		return
	}
	at, found := h.noExecAt(c.Task, start, start+size)
	switch {
	case !found:
	case at <= start:
		c.Fail(unix.EACCES)
	default:
		c.SetArg(1, at-start)
		c.WantResult(func(r *tracer.Result) {
			if r.Val == 0 {
				r.Val = -int64(unix.EACCES)
			}
		})
	}
}

// noExecAt finds the first mapping of a file on a noexec mount.
func (h *handler) noExecAt(t *tracer.Task, start, end uint64) (at uint64, found bool) {
	text, e := h.readFile(h.at(t.Tid, "maps"))
	if e != 0 {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		low, rest, _ := strings.Cut(line, "-")
		high, rest, _ := strings.Cut(rest, " ")
		from, err1 := strconv.ParseUint(low, 16, 64)
		to, err2 := strconv.ParseUint(high, 16, 64)
		if err1 != nil || err2 != nil || to <= start {
			continue
		}
		if from >= end {
			break
		}
		i := strings.IndexByte(rest, '/')
		if i < 0 || strings.HasPrefix(rest[i:], "/memfd:") || strings.HasPrefix(rest[i:], "/SYSV") {
			continue
		}
		name := strings.TrimSuffix(unescapeOctal(strings.TrimSuffix(rest[i:], "\n")), " (deleted)")
		guest, ok := h.guestText(name)
		if !ok {
			continue
		}
		if m := h.view.MountAt(guest); m != nil && m.Flags&fsview.NoExec != 0 && mapsFiles(m) {
			return from, true
		}
	}
	return 0, false
}
