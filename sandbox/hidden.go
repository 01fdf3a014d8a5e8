package sandbox

import "strings"

// Hidden implements fsview.Hider: of the processes that the host's procfs
// shows, those outside the sandbox do not exist. The launcher is one of them.
func (h *handler) Hidden(rel string) bool {
	first, _, _ := strings.Cut(rel, "/")
	if first == "" || first[0] < '0' || first[0] > '9' {
		return false
	}
	pid, ok := number(first)
	return ok && h.tr != nil && !h.inside(pid)
}
