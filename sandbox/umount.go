package sandbox

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

func (id *identity) umount(c *tracer.Call) unix.Errno {
	flags := c.Args[1]
	if flags&^(unix.MNT_FORCE|unix.MNT_DETACH|unix.MNT_EXPIRE|unix.UMOUNT_NOFOLLOW) != 0 {
		return unix.EINVAL
	}
	at, e := id.placeArg(c, 0)
	if e != 0 {
		return e
	}
	h, m := id.h, at.mount
	if at.isRoot() {
		m = h.view.Uppermost(m) // LOOKUP_MOUNTPOINT
	}
	switch {
	case !mayMount(c.Task):
		return unix.EPERM
	case !at.isRoot(), m.Locked, m.Parent() == nil:
		return unix.EINVAL
	case flags&unix.MNT_EXPIRE != 0:
		if flags&(unix.MNT_FORCE|unix.MNT_DETACH) != 0 {
			return unix.EINVAL
		}
		if id.busy(m) {
			return unix.EBUSY
		}
		if h.expiring != m.Serial() {
			h.expiring = m.Serial()
			return unix.EAGAIN
		}
	case flags&unix.MNT_DETACH == 0 && (h.view.Covers(m) || id.busy(m)):
		return unix.EBUSY
	}
	h.view.Take(m).Close()
	h.remap()
	return 0
}

// busy says whether a task of the namespace at hand has its current or root
// directory, its program or an open file in a mount. Where a host directory is
// shown at several places, only what is known to be meant counts.
func (id *identity) busy(m *fsview.Mount) (yes bool) {
	h := id.h
	in := func(guest string) bool { return guest != "" && h.view.MountAt(guest) == m }
	id.h.tr.Each(func(t *tracer.Task) {
		p := proc(t)
		if yes || p == nil || p.mnt != h.mntNS {
			return
		}
		c := cwdOf(t)
		if yes = in(c.root); yes {
			return
		}
		for _, what := range append([]string{"cwd", "exe"}, h.openFDs(t)...) {
			text, e := h.readProc(h.at(t.Tid, what))
			if e != 0 {
				continue
			}
			if _, ok := nsName(text); ok {
				fd, _ := number(strings.TrimPrefix(what, "fd/"))
				if f, e := id.mountFile(t, fd); e == 0 && f != nil && f.at != nil && f.at.top == m {
					yes = true
					return
				}
				continue
			}
			guest, ok := h.guestText(text)
			if !ok || !h.ambiguous[m] && !in(guest) {
				continue
			}
			if h.ambiguous[m] {
				hint := c.hint
				if fd, ok := strings.CutPrefix(what, "fd/"); ok {
					n, _ := number(fd)
					hint = p.fds[n]
				}
				if !in(hint) || !h.view.Shows(hint, text) {
					continue
				}
			}
			yes = true
			return
		}
	})
	return yes
}

// openFDs lists the descriptors of a task, as "fd/N".
func (h *handler) openFDs(t *tracer.Task) []string {
	list, err := os.ReadDir("/proc/" + h.at(t.Tid, "fd"))
	if err != nil {
		return nil
	}
	var out []string
	for _, d := range list {
		if !h.reservedFD(d.Name()) {
			out = append(out, "fd/"+d.Name())
		}
	}
	return out
}
