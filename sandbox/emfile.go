package sandbox

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
	"github.com/ptbox/ptbox/tracer"
)

// fdsFull reports whether a task has no descriptor left: every number below its
// RLIMIT_NOFILE is in use, the reserved ones among them.
func (h *handler) fdsFull(t *tracer.Task) bool {
	l := &h.rlimit // on the stack it would be moved to the heap
	if unix.Prlimit(t.Tid, unix.RLIMIT_NOFILE, nil, l) != nil {
		return false
	}
	if l.Cur == 0 {
		return true
	}
	// Most tasks have not even got the last one, and opens that fail are many.
	last := int(min(l.Cur, 1<<30)) - 1
	if _, e := ptrace.KcmpFile(t.Tid, last, t.Tid, last); e == unix.EBADF {
		return false
	}
	f, err := os.Open("/proc/" + h.at(t.Tid, "fd"))
	if err != nil {
		return false
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return false
	}
	n := 0
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd <= last {
			n++
		}
	}
	return n > last
}
