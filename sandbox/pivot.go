package sandbox

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// pivot is pivot_root(2), with the checks of fs/namespace.c in their order. The
// caller's directory follows if it was the old root, as the kernel's does;
// those of other processes stay where they are.
func (id *identity) pivot(c *tracer.Call) unix.Errno {
	h := id.h
	if !mayMount(c.Task) {
		return unix.EPERM
	}
	top, e := id.placeArg(c, 0)
	if e == 0 && !top.dir {
		e = unix.ENOTDIR
	}
	if e != 0 {
		return e
	}
	put, e := id.placeArg(c, 1)
	if e == 0 && !put.dir {
		e = unix.ENOTDIR
	}
	if e != 0 {
		return e
	}
	v := h.view
	root := "/" + strings.TrimPrefix(h.rootOf(c.Task), "/")
	old := v.MountAt(root)
	switch {
	case v.MountAt(top.guest) != top.mount, v.MountAt(put.guest) != put.mount, top.mount.Locked:
		return unix.EINVAL
	case top.mount == old, put.mount == old:
		return unix.EBUSY
	case old.Target != root, !top.isRoot(), !isBelow(put.guest, top.guest), !top.mount.On(old):
		return unix.EINVAL
	}
	follows := h.inDir(c.Task, old.Root())
	id.moved(v.Pivot(old, top.mount, put.guest))
	h.remap()
	w := cwdOf(c.Task)
	w.root = strings.TrimSuffix(root, "/")
	if follows {
		h.chdirStarts(c.Task, root)
		h.becomeChdir(c, top.mount)
		if st, e := h.host.Stat(top.mount.Root()); e == 0 {
			h.chdirEnds(c, dirKey{st.Dev, st.Ino})
		}
	}
	return 0
}

// inDir says whether the current directory of a task is dir.
func (h *handler) inDir(t *tracer.Task, dir fsview.Handle) bool {
	var a, b unix.Stat_t
	return unix.Fstatat(h.proc, h.at(t.Tid, "cwd"), &a, 0) == nil && unix.Fstat(int(dir), &b) == nil && a.Dev == b.Dev && a.Ino == b.Ino
}

// becomeChdir makes the call at hand a chdir to the root of a mount.
func (h *handler) becomeChdir(c *tracer.Call, m *fsview.Mount) {
	c.SetNr(unix.SYS_CHDIR)
	c.SetPath(0, []byte(m.Source))
}
