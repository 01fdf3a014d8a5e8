package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// mayFork applies the limit on tasks, as a pids control group would. A fork
// that has been let in counts until its child is there.
func (h *handler) mayFork(c *tracer.Call) {
	if h.pidsLimit <= 0 || c.Answered() {
		return
	}
	if h.tasks+int64(len(h.forking)) >= h.pidsLimit {
		c.Fail(unix.EAGAIN)
		return
	}
	if h.forking == nil {
		h.forking = map[*tracer.Task]bool{}
	}
	h.forking[c.Task] = true
	c.WantResult(func(r *tracer.Result) { delete(h.forking, r.Task) })
}
