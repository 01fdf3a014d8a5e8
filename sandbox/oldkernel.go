package sandbox

import (
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// What an older kernel does not have the guest must not find, though it could be
// answered: programs choose by what is there. The kernel itself is asked.

// newer are calls that came after Linux 5.10. Without a path and with a
// descriptor that is none they do nothing.
var newer = map[string]bool{
	"mount_setattr": true, "fchmodat2": true, "setxattrat": true, "getxattrat": true, "listxattrat": true,
	"removexattrat": true, "open_tree_attr": true, "file_getattr": true, "file_setattr": true,
}

// lacks reports whether the kernel does not have the call.
func (h *handler) lacks(c *tracer.Call) bool {
	name := c.Ent.Name
	if !newer[name] {
		return false
	}
	no, asked := h.lacking[name]
	if !asked {
		no = ask(int(c.Ent.Nr[tracer.X8664]), -1, 0, 0, 0, 0, 0) == unix.ENOSYS
		if h.lacking == nil {
			h.lacking = map[string]bool{}
		}
		h.lacking[name] = no
	}
	return no
}

// knowsExecCheck says whether the kernel has AT_EXECVE_CHECK (Linux 6.14).
var knowsExecCheck = sync.OnceValue(func() bool {
	return ask(unix.SYS_EXECVEAT, -1, "", 0, 0, unix.AT_EMPTY_PATH|atExecveCheck) != unix.EINVAL
})

// openForWriting asks by a lease (fcntl(2)), which the owner of a file can have.
func openForWriting(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK)
	}
	return err == unix.EAGAIN
}

// emptyLinks says whether linkat(2) takes AT_EMPTY_PATH without a capability
// (Linux 6.10): before, ENOENT came first of all.
func emptyLinks() bool {
	return ask(unix.SYS_LINKAT, -1, "", -1, "", unix.AT_EMPTY_PATH) != unix.ENOENT
}
