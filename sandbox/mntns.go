package sandbox

import (
	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/internal/landlock"
	"github.com/ptbox/ptbox/tracer"
)

// mntNS is a mount namespace: a view, and what the handlers have worked out
// about it. Tasks share it until one of them unshares it; without an emulated
// identity there is one, which never changes.
type mntNS struct {
	view    *fsview.View
	user    *cred.UserNS // that it belongs to
	tasks   int          // that are in it, and files that stand for it
	nest    *nest        // that it belongs to
	ino     uint64       // its number, 0: that of the kernel's
	version int          // changes with the view

	readOnlyMounts bool
	overlays       bool // the view has an overlay
	unions         map[string]*unionDir
	ambiguous      map[*fsview.Mount]bool // see noteFD
	uneven         bool                   // these differ in what Landlock allows there
	dirs           map[dirKey]*mergedDir
	// below tells for each mount that shows procfs, or a part of it, what
	// part it is ("" for all, "sys/").
	below   map[*fsview.Mount]string
	procDev map[uint64]bool // device numbers of procfs
	ids     *mountIDs
	// expiring is the Serial of the mount that MNT_EXPIRE has marked last.
	expiring uint64
}

// enter makes t the task at hand.
func (h *handler) enter(t *tracer.Task) {
	p := proc(t)
	h.mntNS, h.uts, h.task = p.mnt, p.uts, t
}

// leave gives up a task's share.
func (n *mntNS) leave() {
	if n.tasks--; n.tasks == 0 {
		n.view.Close()
	}
}

// cloneNS makes a namespace that shows what n shows. If it belongs to another
// user namespace, its mounts are locked.
func (h *handler) cloneNS(n *mntNS, user *cred.UserNS) *mntNS {
	now := h.mntNS
	c := &mntNS{view: n.view.Clone(), user: user, nest: n.nest, ino: h.id.newNumber()}
	if user != n.user {
		lockMounts(c.view)
	}
	h.mntNS = c
	h.remap()
	h.mntNS = now
	return c
}

// join makes n the namespace of t.
func (h *handler) join(t *tracer.Task, n *mntNS) {
	p := proc(t)
	old := p.mnt
	n.tasks++
	p.mnt, p.fds = n, nil
	if old != h.first {
		old.leave()
	}
	h.enter(t)
}

// remap brings what is known of the view at hand up to date.
func (h *handler) remap() {
	h.versions++
	n := h.mntNS
	n.version = h.versions
	n.ambiguous, n.unions = map[*fsview.Mount]bool{}, nil
	n.readOnlyMounts, n.overlays, n.uneven = false, false, false
	var rights landlock.Rights
	for _, m := range n.view.Mounts() {
		if n.view.Ambiguous(m) {
			r := mountRights(m)
			n.uneven = n.uneven || len(n.ambiguous) > 0 && r != rights
			n.ambiguous[m], rights = true, r
		}
		if m.Flags&fsview.ReadOnly != 0 {
			n.readOnlyMounts = true
		}
		if m.Kind == fsview.Overlay {
			n.overlays = true
		}
		if m.Flags&fsview.NoExec != 0 && mapsFiles(m) {
			h.noExecMounts = true
			h.execs.cond = tracer.IfNoExec
		}
	}
	if h.id != nil {
		if err := h.setLimits(n.view); err != nil {
			h.log.Warn("a new tmpfs has no limit", "err", err)
		}
	}
	if n.overlays && h.id != nil {
		h.id.lower = h.leadsLower
	}
	old := n.dirs
	n.dirs = map[dirKey]*mergedDir{}
	for _, d := range n.view.Merged() {
		h.mergedAt(dirKey{d.Dev, d.Ino}).extra = d.Names
	}
	h.setProc()
	for k, d := range n.dirs {
		if o := old[k]; o != nil {
			d.list = o.list // somebody may be in the middle of it
		}
	}
	if n.ids != nil {
		h.mountTable()
	}
}
