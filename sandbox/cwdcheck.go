package sandbox

import (
	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// chdirChecked sees to it that the chdir ends where r says. Another thread may
// put a symlink on the way until the kernel walks it; a guest that has got out
// so is killed, before it can use its new directory: all calls with relative
// paths stop, and those of its other threads wait for this.
func (h *handler) chdirChecked(c *tracer.Call, r *fsview.Resolution) {
	if r.Held == fsview.NoHandle {
		return
	}
	want, e := h.host.Stat(r.Held)
	h.view.Release(r)
	if e != 0 {
		c.Fail(e)
		return
	}
	var st unix.Stat_t
	if !r.Relative && unix.Stat(string(r.Host), &st) == nil && (st.Dev != want.Dev || st.Ino != want.Ino) {
		c.Fail(unix.ENOENT) // the source of the mount has been moved: nobody is racing
		return
	}
	h.chdirEnds(c, dirKey{want.Dev, want.Ino})
}

// chdirEnds is chdirChecked for a directory that is known.
func (h *handler) chdirEnds(c *tracer.Call, want dirKey) { h.chdirTo(c, want, func(bool) {}) }

// chdirTo is chdirEnds that says in the end whether the guest is there.
func (h *handler) chdirTo(c *tracer.Call, want dirKey, then func(ok bool)) {
	c.WantResult(func(res *tracer.Result) {
		if res.Val != 0 {
			then(false)
			return
		}
		var st unix.Stat_t
		if unix.Fstatat(h.proc, h.at(res.Task.Tid, "cwd"), &st, 0) == nil && st.Dev == want.dev && st.Ino == want.ino {
			then(true)
			return
		}
		then(false)
		h.log.Error("chdir: the directory was exchanged on the way; the program was killed", "tid", res.Task.Tid)
		unix.Kill(res.Task.Tid, unix.SIGKILL)
	})
}
