package tracer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// 32-bit calls: those of 32-bit programs, by int 0x80 or by way of the vdso,
// and int 0x80 in 64-bit ones.

// i386Names are the i386 calls that do what x86-64's of another name do: the
// plain names are 16-bit there.
var i386Names = map[string]string{"chown": "chown32", "lchown": "lchown32", "fchown": "fchown32"}

// i386Nr is the i386 number of the call whose x86-64 number is nr. A call that
// does not exist there becomes none: it fails with ENOSYS.
func i386Nr(nr int) int {
	s := Lookup(X8664, nr)
	if s == nil {
		return -1
	}
	if name := i386Names[s.Name]; name != "" {
		s = ByName(name)
	}
	return int(s.Nr[I386])
}

// mayRedirect reports whether a 32-bit call can go through a stub: the code must
// be 32-bit. The backends that know the convention only cannot tell it from
// int 0x80 in 64-bit code, and an exit stop gives the registers back.
func (tr *Tracer) mayRedirect(c *Call) bool {
	if _, ok := tr.regs.(*gsi); ok {
		return false
	}
	return c.was.Cs != userCS
}

// socketCalls are the calls that socketcall(2) stands for, by its number. Each
// has a call of its own since Linux 4.3, or one that does the same with more
// arguments.
var socketCalls = [...]struct {
	name string
	args int
}{
	1: {"socket", 3}, 2: {"bind", 3}, 3: {"connect", 3}, 4: {"listen", 2}, 5: {"accept4", 3}, 6: {"getsockname", 3},
	7: {"getpeername", 3}, 8: {"socketpair", 4}, 9: {"sendto", 4}, 10: {"recvfrom", 4}, 11: {"sendto", 6}, 12: {"recvfrom", 6},
	13: {"shutdown", 2}, 14: {"setsockopt", 5}, 15: {"getsockopt", 5}, 16: {"sendmsg", 3}, 17: {"recvmsg", 3}, 18: {"accept4", 4},
	19: {"recvmmsg", 5}, 20: {"sendmmsg", 4},
}

// unpack turns socketcall, whose arguments are in memory, into the call that
// has them in registers, so that what was looked at is what is used. It reports whether the
// Handler is to see it.
func (tr *Tracer) unpack(c *Call) bool {
	k := c.Args[0]
	if k == 0 || k >= uint64(len(socketCalls)) {
		c.Fail(unix.EINVAL)
		return false
	}
	s := socketCalls[k]
	b := make([]byte, 4*s.args)
	if e := c.Read(c.Args[1], b); e != 0 {
		c.Fail(e)
		return false
	}
	c.Args = [6]uint64{}
	for i := range c.Args {
		if i < s.args {
			c.Args[i] = uint64(binary.LittleEndian.Uint32(b[4*i:]))
		}
		c.SetArg(i, c.Args[i])
	}
	c.Ent = ByName(s.name)
	c.Nr = int(c.Ent.Nr[I386])
	c.regs.Orig_rax = uint64(c.Nr)
	switch v := DecideAt(&tr.policy, auditArch[I386], uint32(c.Nr), 0, &c.Args); {
	case VerdictErrno(v) != 0:
		c.Fail(VerdictErrno(v))
		return false
	case v == RetAllow:
		return false
	}
	return true
}

// Args64 is the 64-bit number that starts at argument i: 32-bit calls have it in
// two arguments.
func (c *Call) Args64(i int) int64 {
	if c.ABI == I386 {
		return int64(c.Args[i]&0xffffffff | c.Args[i+1]<<32)
	}
	return int64(c.Args[i])
}
