package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// A guest may restrict itself further with filters of its own. The kernel runs
// all filters and takes the strictest answer, so that two kinds of answer must
// not be given: USER_NOTIF outranks our TRACE, and lets the call run on the
// host's paths when the listener says "continue"; TRACE is ours already, and
// would stop calls that nobody here expects.

// insnSize is the size of struct sock_filter, maxInsns BPF_MAXINSNS.
const (
	insnSize = 8
	maxInsns = 4096
)

// seccomp serves seccomp(2).
func (h *handler) seccomp(c *tracer.Call) {
	switch uint32(c.Args[0]) {
	case unix.SECCOMP_SET_MODE_FILTER:
		if c.Args[1]&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER != 0 {
			c.Fail(unix.EPERM)
			return
		}
		h.guestFilter(c, 2)
	case unix.SECCOMP_GET_ACTION_AVAIL:
		// The answer decides what programs try: what is refused above is not
		// available.
		var b [4]byte
		if e := c.Read(c.Args[2], b[:]); e != 0 {
			c.Fail(e)
			return
		}
		switch binary.LittleEndian.Uint32(b[:]) {
		case unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_TRACE:
			c.Fail(unix.EOPNOTSUPP)
		default:
			c.SetRef(2, c.Put(b[:]))
		}
	}
	// SECCOMP_SET_MODE_STRICT allows four calls, none of which is ours;
	// anything else is the kernel's to refuse.
}

// prctlSeccomp serves prctl(PR_SET_SECCOMP).
func (h *handler) prctlSeccomp(c *tracer.Call) {
	if c.Args[1] == unix.SECCOMP_MODE_FILTER {
		h.guestFilter(c, 2)
	}
}

// guestFilter gives the kernel a copy of the program that argument arg points
// to, if it is harmless.
func (h *handler) guestFilter(c *tracer.Call, arg int) {
	if len(h.procfs.below) > 0 && h.listing(c, "") || h.watchFiles(c) {
		return // ours go first: the guest's might forbid them later
	}
	fprog := make([]byte, 2*c.ABI.Word()) // struct sock_fprog
	if e := c.Read(c.Args[arg], fprog); e != 0 {
		c.Fail(e)
		return
	}
	n := int(binary.LittleEndian.Uint16(fprog))
	at := c.ABI.Pointer(fprog[c.ABI.Word():])
	if n == 0 || n > maxInsns {
		c.Fail(unix.EINVAL)
		return
	}
	prog := make([]byte, n*insnSize)
	if e := c.Read(at, prog); e != 0 {
		c.Fail(e)
		return
	}
	if !harmless(prog) {
		c.Fail(unix.EPERM)
		return
	}
	h.ownFilter = true
	ref := c.Put(prog)
	c.SetRef(arg, c.PutWords([]uint64{uint64(n), 0}, map[int]int{1: ref}))
}

// harmless judges a program by its returns. One that returns what it has
// computed could return anything.
func harmless(prog []byte) bool {
	for ; len(prog) >= insnSize; prog = prog[insnSize:] {
		code := binary.LittleEndian.Uint16(prog)
		if code&7 != unix.BPF_RET {
			continue
		}
		if code&0x18 != unix.BPF_K {
			return false
		}
		switch binary.LittleEndian.Uint32(prog[4:]) & unix.SECCOMP_RET_ACTION_FULL {
		case unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_RET_TRACE:
			return false
		}
	}
	return true
}
