package sandbox

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// A guest of root may become somebody else. What the tracer does in its name
// (act.go) is then done as that: with its ids and groups for the file system,
// and its capabilities. Guests of others cannot, and an emulated identity is
// none that the kernel knows of.

// fsCreds are what the kernel judges the use of files by.
type fsCreds struct {
	uid, gid int
	groups   []uint32
	caps     uint64
}

// credsCall serves the calls that change credentials, where root's guests make
// them. Whether they succeed does not matter: what is so is looked up.
func (h *handler) credsCall(c *tracer.Call) { proc(c.Task).changed = true }

// changed says whether a task may have other credentials than the tracer.
func (h *handler) changed(t *tracer.Task) bool { return h.root && proc(t).changed }

// credsOf reads a task's credentials.
func (h *handler) credsOf(t *tracer.Task) (fsCreds, unix.Errno) {
	b, e := h.readFile(h.at(t.Tid, "status"))
	return parseCreds(string(b)), e
}

// parseCreds takes them out of a status text (proc(5)).
func parseCreds(status string) (f fsCreds) {
	for line := range strings.SplitSeq(status, "\n") {
		name, text, _ := strings.Cut(line, ":")
		v := strings.Fields(text)
		switch {
		case name == "Uid" && len(v) == 4:
			f.uid, _ = strconv.Atoi(v[3])
		case name == "Gid" && len(v) == 4:
			f.gid, _ = strconv.Atoi(v[3])
		case name == "Groups":
			for _, g := range v {
				n, _ := strconv.ParseUint(g, 10, 32)
				f.groups = append(f.groups, uint32(n))
			}
		case name == "CapEff" && len(v) == 1:
			f.caps, _ = strconv.ParseUint(v[0], 16, 64)
		}
	}
	return f
}

// become gives the tracer's thread the credentials of a task for files, and
// returns what takes them back. Looking into the guest's memory stays allowed.
func (h *handler) become(t *tracer.Task) (back func()) {
	if !h.changed(t) || h.as != nil {
		return nothing
	}
	f, e := h.credsOf(t)
	if e != 0 {
		return nothing // gone
	}
	f.caps |= 1 << unix.CAP_SYS_PTRACE
	h.as = &f
	setCreds(h.own, f)
	return func() {
		h.as = nil
		setCreds(f, h.own)
	}
}

func nothing() {}

// asRoot is for what is done in between for the view's sake.
func (h *handler) asRoot() (back func()) {
	f := h.as
	if f == nil {
		return nothing
	}
	setCreds(*f, h.own)
	return func() { setCreds(h.own, *f) }
}

// setCreds changes the thread's credentials for files. The capabilities to do
// so are the first that come and the last that go.
func setCreds(from, to fsCreds) {
	const set = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	setCaps(from.caps | to.caps | set)
	unix.RawSyscall(unix.SYS_SETFSGID, uintptr(to.gid), 0, 0)
	setThreadGroups(to.groups)
	unix.RawSyscall(unix.SYS_SETFSUID, uintptr(to.uid), 0, 0)
	setCaps(to.caps)
}

// ownCreds are the tracer's own.
func (h *handler) ownCreds() {
	if b, e := h.readFile("thread-self/status"); e == 0 {
		h.own = parseCreds(string(b))
	}
}
