package sandbox

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// msghdrSize is the size of struct user_msghdr.
const msghdrSize = 56

// sendmsg gives the kernel a copy of the header at addr, with the address
// translated. after, if not nil, turns the call into sendmsg and sees its
// result.
func (h *handler) sendmsg(c *tracer.Call, addr uint64, after func(*tracer.Result)) {
	var hdr [msghdrSize]byte
	if e := c.Read(addr, hdr[:]); e != 0 {
		c.Fail(e)
		return
	}
	refs := map[int]int{}
	put := func(addr []byte) {
		refs[0] = c.Put(addr)
		binary.LittleEndian.PutUint32(hdr[8:], uint32(len(addr)))
		h.putMsghdr(c, &hdr, refs, after != nil)
	}
	name, n := binary.LittleEndian.Uint64(hdr[0:]), binary.LittleEndian.Uint32(hdr[8:])
	var raw []byte
	if name != 0 && n > 0 {
		var ok bool
		var e unix.Errno
		raw, ok, e = h.sockaddr(c, name, min(n, 128))
		switch {
		case e != 0:
		case ok && h.pinAddr(c, raw, put, after):
			return
		case ok:
			var to []byte
			if to, e = h.translate(c, raw, false); e != 0 {
				h.sockFirst(c, raw, e, put, after)
				return
			}
			raw = to
		case !h.reachable(raw):
			e = unix.ECONNREFUSED
		}
		if e != 0 {
			c.Fail(e)
			return
		}
	}
	if raw != nil {
		put(raw)
	} else {
		h.putMsghdr(c, &hdr, refs, after != nil)
	}
	if after != nil && !c.Answered() {
		c.WantResult(after)
	}
}

// putMsghdr makes the call a sendmsg of hdr; refs are the words in it that are
// addresses of copies. other says that it is another call yet.
func (h *handler) putMsghdr(c *tracer.Call, hdr *[msghdrSize]byte, refs map[int]int, other bool) {
	if n := binary.LittleEndian.Uint64(hdr[40:]); n > 0 { // msg_controllen
		h.handed = h.handed || h.watched(c.Task)
		h.sends(c, binary.LittleEndian.Uint64(hdr[32:]), n)
	}
	if h.id != nil {
		ctl, e := h.id.control(c, hdr[:])
		if e != 0 {
			c.Fail(e)
			return
		}
		if ctl != nil {
			refs[4] = c.Put(ctl)
		}
	}
	var words []uint64
	for i := 0; i < len(hdr); i += 8 {
		words = append(words, binary.LittleEndian.Uint64(hdr[i:]))
	}
	c.SetRef(1, c.PutWords(words, refs))
	if other {
		c.SetNr(unix.SYS_SENDMSG)
		c.SetArg(2, c.Args[3])
	}
}

// mmsgSize is the size of struct mmsghdr.
const mmsgSize = 64

// sendmmsg becomes sendmsg of its first message: sending fewer than asked for
// is always a true answer, and the kernel has to write its counts to memory
// that the guest owns.
func (h *handler) sendmmsg(c *tracer.Call) {
	if uint32(c.Args[2]) == 0 {
		return
	}
	vec := c.Args[1]
	h.sendmsg(c, vec, func(r *tracer.Result) {
		if r.Val < 0 {
			return
		}
		var n [4]byte
		binary.LittleEndian.PutUint32(n[:], uint32(r.Val))
		if e := r.Write(vec+msghdrSize, n[:]); e != 0 {
			r.Val = -int64(e)
			return
		}
		r.Val = 1
	})
}
