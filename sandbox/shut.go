package sandbox

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// A directory that the guest is in, or has open, may not be reached by its path
// any more: somebody has made one above it unsearchable. Its own walk from there is
// none of the host's path. Where that has met a symlink or a "..", so that the
// guest's words are not right as they stand, the tracer makes the call where the
// view's walk has ended, as it does without Landlock.

// shutOut says that the kernel could not find by its path what the view has found
// for a call that makes, removes, moves or truncates.
func (h *handler) shutOut(c *tracer.Call, r *fsview.Resolution) bool {
	switch {
	case !h.pinned || h.id != nil || r.Relative || r.Magic || r.IsRoot || unionOf(r) != nil:
		return false
	case c.Ent.Class == tracer.ClassName:
		if c.Ent.Name == "linkat" && c.Args[4]&^unix.AT_SYMLINK_FOLLOW != 0 {
			return false
		}
	case c.Ent.Name != "truncate":
		return false
	}
	return shutPath(string(r.Host))
}

// shutPath says that the directory which a host path is looked up in cannot be
// reached, or not be searched.
func shutPath(host string) bool {
	return unix.Faccessat(unix.AT_FDCWD, path.Dir(trimDots(strings.TrimRight(host, "/"))), unix.X_OK, unix.AT_EACCESS) == unix.EACCES
}

// holdAgain resolves path n of a call once more, to keep what the walk ends with.
func (h *handler) holdAgain(c *tracer.Call, p *tracer.PathArg, n int, raw string) unix.Errno {
	h.hold = true
	defer func() { h.hold = false }()
	_, e := h.resolve(c, raw, p.Dir, n, ops[p.Op], follow(c, p), false)
	return e
}

// inHeld says that r holds the directory of its name, which may not be reached by its
// path.
func (h *handler) inHeld(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution) bool {
	return r.Held != fsview.NoHandle && c.Ent.Class == tracer.ClassName && p != nil && p.Op != tracer.OpLinkOld && !r.Relative && !r.IsRoot && unionOf(r) == nil
}

// fromBase is what was found as seen from the directory that the guest gave: with
// "..", as far as the host shows both in one tree. ok is false if there is no such
// way.
func (h *handler) fromBase(b *fsview.Base, host string) (rel string, ok bool) {
	base, live := h.host.Path(b.Dir, nil)
	if !live || b.Deleted {
		return "", false
	}
	from := strings.TrimRight(string(base), "/")
	up := 0
	for !strings.HasPrefix(host+"/", from+"/") {
		from = from[:max(strings.LastIndexByte(from, '/'), 0)]
		up++
	}
	rel = strings.Repeat("../", up) + strings.TrimLeft(host[len(from):], "/")
	if rel == "" {
		rel = "."
	}
	return rel, true
}
