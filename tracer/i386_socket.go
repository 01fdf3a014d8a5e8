package tracer

import (
	"golang.org/x/sys/unix"
)

// Messages of sockets, and socketcall(2).

const (
	msgSize64, msgSize32   = 56, 28 // struct msghdr
	cmsgHead64, cmsgHead32 = 16, 12 // struct cmsghdr
	maxControl             = 1 << 17
)

// msgIn widens a header. The control data get an address at which they are
// seen with wide headers, and their length is that of those.
func msgIn(x *call32, n, b []byte) {
	le.PutUint64(b, uint64(le.Uint32(n)))
	le.PutUint32(b[8:], le.Uint32(n[4:]))
	le.PutUint64(b[16:], uint64(le.Uint32(n[8:])))
	le.PutUint64(b[24:], uint64(le.Uint32(n[12:])))
	le.PutUint32(b[48:], le.Uint32(n[24:]))
	at, size := uint64(le.Uint32(n[16:])), uint64(le.Uint32(n[20:]))
	if at == 0 || size == 0 {
		return
	}
	le.PutUint64(b[32:], x.placeSized(controlLayout, at, size))
	if size <= maxControl {
		ctl := make([]byte, size)
		if x.task.read(x.tr, at, ctl) == 0 {
			le.PutUint64(b[40:], uint64(len(controlIn(ctl))))
		}
	}
}

// msgOut writes what the kernel would of a received one.
func msgOut(_ *call32, b, n []byte) unix.Errno {
	le.PutUint32(n[4:], le.Uint32(b[8:]))
	le.PutUint32(n[24:], le.Uint32(b[48:]))
	return 0
}

func mmsgIn(x *call32, n, b []byte) {
	msgIn(x, n[:msgSize32], b[:msgSize64])
	copy(b[msgSize64:msgSize64+4], n[msgSize32:])
}

func mmsgOut(x *call32, b, n []byte) unix.Errno {
	copy(n[msgSize32:], b[msgSize64:msgSize64+4])
	return msgOut(x, b[:msgSize64], n[:msgSize32])
}

var controlLayout = &layout{stream: &stream{in: controlIn, out: controlOut}}

// controlIn widens control messages, up to the first that is none.
func controlIn(n []byte) (b []byte) {
	for len(n) >= cmsgHead32 {
		l := int(le.Uint32(n))
		if l < cmsgHead32 || l > len(n) {
			break
		}
		data := n[cmsgHead32:l]
		m := make([]byte, cmsgHead64+(len(data)+7)&^7)
		le.PutUint64(m, uint64(cmsgHead64+len(data)))
		copy(m[8:16], n[4:12])
		copy(m[cmsgHead64:], data)
		b = append(b, m...)
		n = n[min(len(n), (l+3)&^3):]
	}
	return b
}

// controlOut is the way back.
func controlOut(b []byte) (n []byte) {
	for len(b) >= cmsgHead64 {
		l := int(le.Uint64(b))
		if l < cmsgHead64 || l > len(b) {
			break
		}
		data := b[cmsgHead64:l]
		m := make([]byte, cmsgHead32+(len(data)+3)&^3)
		le.PutUint32(m, uint32(cmsgHead32+len(data)))
		copy(m[4:12], b[8:16])
		copy(m[cmsgHead32:], data)
		n = append(n, m...)
		b = b[min(len(b), (l+7)&^7):]
	}
	return n
}

// words32 is PutWords for i386: an array of longs, argument list or struct.
func (c *Call) words32(words []uint64, refs map[int]int) (ref int) {
	const control = 4               // of struct msghdr, and its length
	if c.Ent.Class == ClassSocket { // a struct msghdr
		if to, ok := refs[control]; ok { // the Handler's own
			n := controlOut(c.data[to : to+int(words[control+1])])
			copy(c.data[to:], n)
			words[control+1] = uint64(len(n))
		} else if s, _ := c.c32.at(words[control]); s != nil {
			words[control+1] = s.size
		}
	}
	ref = c.Put(nil)
	for i, w := range words {
		if to, ok := refs[i]; ok {
			c.fix = append(c.fix, fixup{arg: -1, off: len(c.data), to: to})
		}
		c.data = le.AppendUint32(c.data, uint32(c.c32.lower(w)))
	}
	return ref
}

// socketCalls are the calls of socketcall(2) by number, and how many arguments
// they have.
var socketCalls = [...]struct {
	name string
	args int
}{
	1: {"socket", 3}, 2: {"bind", 3}, 3: {"connect", 3}, 4: {"listen", 2}, 5: {"accept4", 3}, 6: {"getsockname", 3},
	7: {"getpeername", 3}, 8: {"socketpair", 4}, 9: {"sendto", 4}, 10: {"recvfrom", 4}, 11: {"sendto", 6},
	12: {"recvfrom", 6}, 13: {"shutdown", 2}, 14: {"setsockopt", 5}, 15: {"getsockopt", 5}, 16: {"sendmsg", 3},
	17: {"recvmsg", 3}, 18: {"accept4", 4}, 19: {"recvmmsg", 5}, 20: {"sendmmsg", 4},
}

// unpackSocketcall makes c the call that a socketcall(2) is about, with the
// arguments that its memory has now: the kernel gets them in registers. served
// says that the Handler is to see it.
func (tr *Tracer) unpackSocketcall(c *Call) (served bool) {
	n := c.Args[0]
	if n == 0 || n >= uint64(len(socketCalls)) {
		c.Fail(unix.EINVAL)
		return false
	}
	call := socketCalls[n]
	var b [24]byte
	if e := c.Read(c.Args[1], b[:4*call.args]); e != 0 {
		c.Fail(e)
		return false
	}
	c.Args = [6]uint64{}
	for i := range call.args {
		c.Args[i] = uint64(le.Uint32(b[4*i:]))
	}
	c.Ent = ByName(call.name)
	c.Nr = int(c.Ent.Nr[I386])
	x := &c.c32
	x.direct = true
	switch v, e := tr.verdict(c); v {
	case verdictErrno:
		c.Fail(e)
		return false
	case verdictStop:
		x.kind = kinds32()[c.Nr]
		return true
	}
	x.kind = kind32{ent: c.Ent, nr: c.Nr, args: parseForm("0 1 2 3 4 5")}
	for i, v := range c.Args {
		*argOf(&c.regs, i) = v
	}
	c.regs.Orig_rax = uint64(c.Nr)
	c.orig = c.regs
	return false
}
