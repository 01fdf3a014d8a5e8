package sandbox

import (
	"path"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// execed looks at the program that the kernel has really taken. Another thread
// may have put a symlink on the way between the handler's look at the file and
// the kernel's; then the program is the host's, and dies before its first
// instruction, as one does whose exec fails that late.
func (h *handler) execed(t *tracer.Task, n *nextImage) {
	if n == nil || n.id == (fileID{}) {
		return
	}
	// The mapping names some file systems' files otherwise.
	if dev, ino, ok := h.tr.Program(t); ok && n.id == (fileID{dev, ino}) {
		return
	}
	var st unix.Stat_t
	if unix.Fstatat(h.proc, h.at(t.Tid, "exe"), &st, 0) == nil && n.id == (fileID{st.Dev, st.Ino}) {
		return
	}
	h.log.Error("exec: the file was exchanged on the way; the program was killed", "tid", t.Tid)
	unix.Kill(t.Tid, unix.SIGKILL)
}

// steady says whether the guest cannot change where the host's path p leads:
// neither p nor a directory above it is its user's or anybody's to change. The
// kernel opens a program's ELF interpreter by such a path. at is where it leads
// now: while it does, what was found steady is.
func (h *handler) steady(p string, at fileID) bool {
	if was, ok := h.steadies[p]; ok && was == at {
		return true
	}
	if !steady(p) {
		return false
	}
	if h.steadies == nil || len(h.steadies) >= maxSteadies {
		h.steadies = map[string]fileID{}
	}
	h.steadies[p] = at
	return true
}

// maxSteadies is more than there are interpreters.
const maxSteadies = 16

func steady(p string) bool {
	if unix.Geteuid() == 0 {
		return true // root could change any; that is not ours to stop
	}
	real, err := filepath.EvalSymlinks(p)
	if err != nil {
		return false
	}
	for _, q := range []string{path.Clean(p), real} {
		for {
			var st unix.Stat_t
			if unix.Stat(q, &st) != nil || int(st.Uid) == unix.Geteuid() || st.Mode&unix.S_IWOTH != 0 {
				return false
			}
			if q == "/" {
				break
			}
			q = path.Dir(q)
		}
	}
	return true
}
