package sandbox

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
)

// A directory that the guest is in, or has open, may not be reached by its path
// any more: somebody has made one above it unsearchable. Its own walk from there is
// none of the host's path.

// shutPath says that the directory which a host path is looked up in cannot be
// reached, or not be searched.
func shutPath(host string) bool {
	return unix.Faccessat(unix.AT_FDCWD, path.Dir(trimDots(strings.TrimRight(host, "/"))), unix.X_OK, unix.AT_EACCESS) == unix.EACCES
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
