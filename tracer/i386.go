package tracer

import (
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// Calls of i386: those of 32-bit programs, and int 0x80 in any. The Handler
// does not see them as they are. It is given the x86-64 call that means the
// same, with 64-bit arguments; structs that are laid out differently lie at
// addresses of their own, at which Call.Read and Call.Write convert them
// (i386_layout.go). What it makes of that call is turned back here.

// form says how a call of i386 is written as one of x86-64: a word for each
// argument, of registers counted from 0 (ebx, ecx, edx, esi, edi, ebp):
//
//	N    register N                 sN   with its sign (long)
//	uN   a 16-bit id                pN   a page number of a file
//	lNM  N and M, the low half first
//	=N   the number N
//	XN   the address in register N of a struct with layout X
type form struct {
	name string // of the x86-64 call
	args string
}

// forms are the calls that take more than the same arguments in other
// registers. A row without a form is served if x86-64 has the number too;
// TestForms says which are then not.
var forms = map[string]form{
	"stat": {"stat", "0 A1"}, "lstat": {"lstat", "0 A1"}, "fstat": {"fstat", "0 A1"},
	"stat64": {"stat", "0 B1"}, "lstat64": {"lstat", "0 B1"}, "fstat64": {"fstat", "0 B1"},
	"fstatat64": {"newfstatat", "0 1 B2 3"}, "statx": {"statx", "0 1 2 3 4"},
	"statfs": {"statfs", "0 F1"}, "fstatfs": {"fstatfs", "0 F1"},
	"statfs64": {"statfs", "0 G2"}, "fstatfs64": {"fstatfs", "0 G2"},

	"chown": {"chown", "0 u1 u2"}, "lchown": {"lchown", "0 u1 u2"}, "fchown": {"fchown", "0 u1 u2"},
	"chown32": {"chown", "0 1 2"}, "lchown32": {"lchown", "0 1 2"}, "fchown32": {"fchown", "0 1 2"},
	"utime": {"utime", "0 U1"}, "utimes": {"utimes", "0 V1"}, "futimesat": {"futimesat", "0 1 V2"},
	"utimensat": {"utimensat", "0 1 V2 3"}, "utimensat_time64": {"utimensat", "0 1 2 3"},
	"truncate": {"truncate", "0 s1"}, "truncate64": {"truncate", "0 l12"},
	"ftruncate": {"ftruncate", "0 s1"}, "ftruncate64": {"ftruncate", "0 l12"},
	"fallocate": {"fallocate", "0 1 l23 l45"}, "lseek": {"lseek", "0 s1 2"},
	"pwrite64": {"pwrite64", "0 1 2 l34"}, "writev": {"writev", "0 I1 2"},
	"pwritev": {"pwritev", "0 I1 2 l34"}, "pwritev2": {"pwritev2", "0 I1 2 l34 =0 5"},
	"sendfile64": {"sendfile", "0 1 2 3"}, "fcntl64": {"fcntl", "0 1 2"},
	"mmap2":         {"mmap", "0 1 2 3 4 p5"},
	"fanotify_mark": {"fanotify_mark", "0 1 l23 4 5"},
	"getdents":      {"getdents", "0 D1 2"},

	"execve": {"execve", "0 P1 P2"}, "execveat": {"execveat", "0 1 P2 P3 4"},

	"sendmsg": {"sendmsg", "0 M1 2"}, "recvmsg": {"recvmsg", "0 M1 2"},
	"sendmmsg": {"sendmmsg", "0 N1 2 3"}, "recvmmsg": {"recvmmsg", "0 N1 2 3 4"},
	"recvmmsg_time64": {"recvmmsg", "0 N1 2 3 4"},

	"setuid": {"setuid", "u0"}, "setgid": {"setgid", "u0"}, "setfsuid": {"setfsuid", "u0"}, "setfsgid": {"setfsgid", "u0"},
	"setreuid": {"setreuid", "u0 u1"}, "setregid": {"setregid", "u0 u1"},
	"setresuid": {"setresuid", "u0 u1 u2"}, "setresgid": {"setresgid", "u0 u1 u2"},
	"getresuid": {"getresuid", "H0 H1 H2"}, "getresgid": {"getresgid", "H0 H1 H2"},
	"setgroups": {"setgroups", "0 H1"}, "getgroups": {"getgroups", "0 H1"},
	"setuid32": {"setuid", "0"}, "setgid32": {"setgid", "0"}, "setfsuid32": {"setfsuid", "0"}, "setfsgid32": {"setfsgid", "0"},
	"setreuid32": {"setreuid", "0 1"}, "setregid32": {"setregid", "0 1"},
	"setresuid32": {"setresuid", "0 1 2"}, "setresgid32": {"setresgid", "0 1 2"},
	"getresuid32": {"getresuid", "0 1 2"}, "getresgid32": {"getresgid", "0 1 2"},
	"setgroups32": {"setgroups", "0 1"}, "getgroups32": {"getgroups", "0 1"},
	"getuid32": {"getuid", ""}, "getgid32": {"getgid", ""}, "geteuid32": {"geteuid", ""}, "getegid32": {"getegid", ""},

	"seccomp": {"seccomp", "0 1 2"}, "prctl": {"prctl", "0 1 2 3 4"}, // of a filter C2: adapt
	"umount": {"umount2", "0 =0"},
}

// unserved are calls that x86-64 has too, whose structs nobody converts: where
// they have to stop they fail with ENOSYS.
var unserved = map[string]bool{"io_submit": true}

// preferred are the calls of i386 into which a call of x86-64 is turned that
// the Handler has put in the place of another.
var preferred = map[string]string{
	"chown": "chown32", "lchown": "lchown32", "fchown": "fchown32", "fcntl": "fcntl64",
	"truncate": "truncate64", "ftruncate": "ftruncate64",
}

// kind is what a row of i386 is served as.
type kind32 struct {
	ent  *Sysent // of x86-64; nil: not served
	nr   int     // of i386
	args []arg32
}

// arg32 is a word of form.args.
type arg32 struct {
	layout byte // 0 for a plain register
	reg    [2]int8
	value  uint64 // for '='
}

var kinds32 = sync.OnceValue(func() *[maxNr]kind32 {
	out := new([maxNr]kind32)
	for i := range Table {
		s := &Table[i]
		nr := s.Nr[I386]
		if nr == NoNr || s.Support != Handled || unserved[s.Name] {
			continue
		}
		k := kind32{nr: int(nr)}
		f, ok := forms[s.Name]
		switch {
		case ok:
			k.ent = rowOf(f.name)
			k.args = parseForm(f.args)
		case s.Nr[X8664] != NoNr:
			k.ent = s
			k.args = parseForm("0 1 2 3 4 5")
		}
		out[nr] = k
	}
	// Not handled by themselves, but made in the place of others.
	for _, name := range []string{"lseek"} {
		nr := rowOf(name).Nr[I386]
		out[nr] = kind32{ent: rowOf(name), nr: int(nr), args: parseForm(forms[name].args)}
	}
	return out
})

// rowOf is the row of x86-64 with this name.
func rowOf(name string) *Sysent {
	i := slices.IndexFunc(Table, func(s Sysent) bool { return s.Name == name && s.Nr[X8664] != NoNr })
	if i < 0 {
		panic("no call " + name)
	}
	return &Table[i]
}

func parseForm(s string) (out []arg32) {
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' {
			continue
		}
		a := arg32{reg: [2]int8{-1, -1}}
		if c := s[i]; c < '0' || c > '9' {
			a.layout = c
			i++
		}
		a.reg[0] = int8(s[i] - '0')
		switch a.layout {
		case '=':
			a.value, a.reg[0] = uint64(s[i]-'0'), -1
		case 'l':
			i++
			a.reg[1] = int8(s[i] - '0')
		}
		out = append(out, a)
	}
	return out
}

// form32 is the i386 call for one of x86-64.
func form32(nr int) (k kind32, ok bool) {
	s := Lookup(X8664, nr)
	if s == nil {
		return k, false
	}
	n := s.Nr[I386]
	if p := preferred[s.Name]; p != "" {
		n = ByName(p).Nr[I386]
	}
	if n == NoNr {
		return k, false
	}
	if k = kinds32()[n]; k.ent != nil {
		return k, true
	}
	if _, other := forms[s.Name]; other {
		return k, false
	}
	return kind32{ent: s, nr: int(n), args: parseForm("0 1 2 3 4 5")}, true // one that needs no stop
}

// call32 is what a Call keeps of an i386 call.
type call32 struct {
	raw    unix.PtraceRegs // as the guest has them
	kind   kind32
	task   *Task
	tr     *Tracer
	direct bool // made as kind.nr whatever raw says (socketcall)
	narrow bool // the result is a 16-bit id
	listed int  // bytes of a listing that were written
	shapes []shape
}

// loadI386 takes the registers of an i386 call apart. It reports false if the
// task is gone.
func (c *Call) loadI386() bool {
	if _, all := c.tr.regs.(regset); !all && ptrace.GetRegs(c.Task.Tid, &c.regs) != 0 {
		return false
	}
	r := &c.regs
	c.orig = c.regs
	c.ABI, c.Ent, c.Nr = I386, nil, int(int32(r.Orig_rax))
	if c.tr.policy.I386 {
		c.Ent = Lookup(I386, c.Nr)
	}
	for i, v := range []uint64{r.Rbx, r.Rcx, r.Rdx, r.Rsi, r.Rdi, r.Rbp} {
		c.Args[i] = v & 0xffffffff
	}
	c.c32 = call32{raw: *r, task: c.Task, tr: c.tr, shapes: c.c32.shapes[:0]}
	return true
}

// widen makes c the call of x86-64 that means the same. ENOSYS says that there
// is none that is served.
func (c *Call) widen() unix.Errno {
	x := &c.c32
	if uint(c.Nr) < maxNr && !x.direct {
		x.kind = kinds32()[c.Nr]
	}
	k := &x.kind
	if k.ent == nil {
		return unix.ENOSYS
	}
	raw := c.Args
	if e := x.adapt(c.Ent.Name, &raw); e != 0 {
		return e
	}
	x.narrow = narrowResults[c.Ent.Name]
	c.Args = [6]uint64{}
	for i, a := range k.args {
		c.Args[i] = c.widenArg(a, &raw)
	}
	c.Ent, c.Nr = k.ent, int(k.ent.Nr[X8664])
	for i, v := range c.Args {
		*argOf(&c.regs, i) = v
	}
	c.regs.Orig_rax = uint64(c.Nr)
	c.orig = c.regs
	return 0
}

// narrowResults are the calls that return an id of 16 bits.
var narrowResults = map[string]bool{"getuid": true, "getgid": true, "geteuid": true, "getegid": true, "setfsuid": true, "setfsgid": true}

// adapt does what a form cannot say.
func (x *call32) adapt(name string, raw *[6]uint64) unix.Errno {
	switch name {
	case "statfs64", "fstatfs64":
		if raw[1] != statfs64Size && raw[1] != statfs64Size+4 {
			return unix.EINVAL
		}
	case "prctl", "seccomp":
		// The only pointer that is looked at is that of a filter.
		filter := raw[0] == unix.SECCOMP_SET_MODE_FILTER
		if name == "prctl" {
			filter = raw[0] == unix.PR_SET_SECCOMP && raw[1] == unix.SECCOMP_MODE_FILTER
		}
		if filter {
			x.kind.args = slices.Clone(x.kind.args)
			x.kind.args[2].layout = 'C'
		}
	}
	return 0
}

func (c *Call) widenArg(a arg32, raw *[6]uint64) uint64 {
	if a.layout == '=' {
		return a.value
	}
	v := raw[a.reg[0]]
	switch a.layout {
	case 0:
		return v
	case 's':
		return uint64(int64(int32(v)))
	case 'u':
		if v &= 0xffff; v == 0xffff {
			return 0xffffffff
		}
		return v
	case 'p':
		return v * pageSize
	case 'l':
		return v | raw[a.reg[1]]<<32
	}
	if v == 0 {
		return 0
	}
	return c.c32.place(layouts[a.layout], v)
}

// narrowRegs makes the registers of i386 out of what became of the call.
func (c *Call) narrowRegs() unix.PtraceRegs {
	x := &c.c32
	r := x.raw
	if c.done {
		r.Orig_rax, r.Rax = c.regs.Orig_rax, c.regs.Rax
		r.Rax = uint64(x.result(int64(r.Rax)))
		return r
	}
	r.Rip = c.regs.Rip
	if !c.rewritten() {
		return r
	}
	k, all := x.kind, x.direct
	if nr := int(int32(c.regs.Orig_rax)); nr != c.Nr {
		k, _ = form32(nr) // finish has asked
		all = true
	}
	if all {
		r.Orig_rax = uint64(k.nr)
	}
	regs := [6]*uint64{&r.Rbx, &r.Rcx, &r.Rdx, &r.Rsi, &r.Rdi, &r.Rbp}
	for i, a := range k.args {
		v := *argOf(&c.regs, i)
		if a.reg[0] < 0 || !all && v == *argOf(&c.orig, i) {
			continue
		}
		v = x.lower(v)
		if a.layout == 'p' {
			v /= pageSize
		}
		*regs[a.reg[0]] = v & 0xffffffff
		if a.reg[1] >= 0 {
			*regs[a.reg[1]] = v >> 32
		}
	}
	return r
}

// result is what i386 has in the place of v.
func (x *call32) result(v int64) int64 {
	switch {
	case x.narrow && v > 0xffff:
		return 0xfffe // high2lowuid
	case x.listed > 0 && v > 0 && x.kind.ent.Name == "getdents":
		return int64(x.listed)
	}
	return v
}

// GuestArgs are Args with the addresses that the guest has given.
func (c *Call) GuestArgs() [6]uint64 {
	a := c.Args
	if c.ABI == I386 {
		for i := range a {
			a[i] = c.c32.lower(a[i])
		}
	}
	return a
}

// possible reports whether i386 has the call that the Handler has made of c.
func (c *Call) possible() bool {
	nr := int(int32(c.regs.Orig_rax))
	if nr == c.Nr {
		return true
	}
	_, ok := form32(nr)
	return ok
}

// giveBack32 restores the arguments, and with moved the place, of a call that has
// returned.
func giveBack32(r, orig *unix.PtraceRegs, moved bool) {
	r.Rbx, r.Rcx, r.Rdx, r.Rsi, r.Rdi, r.Rbp = orig.Rbx, orig.Rcx, orig.Rdx, orig.Rsi, orig.Rdi, orig.Rbp
	if moved {
		r.Rip = orig.Rip
	}
}

// kept is a copy for after the stop.
func (x *call32) kept() *call32 {
	k := *x
	k.shapes = slices.Clone(x.shapes)
	return &k
}

// HaveI386 says whether the kernel runs 32-bit programs: it is what the file's
// presence means (arch/x86/entry/vdso/vdso32-setup.c).
var HaveI386 = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/sys/abi/vsyscall32")
	return err == nil
})

// isI386 tells a stop at a call of i386 from one of x86-64. `syscall` leaves the
// address behind it in rcx, and the seccomp program refuses calls of i386 that
// look so (Compile). Where nothing else is known the kernel is asked.
func (tr *Tracer) isI386(t *Task, r *unix.PtraceRegs) bool {
	switch {
	case !tr.policy.I386:
		return false
	case r.Cs != userCS:
		return true
	case r.Rcx == r.Rip:
		return false
	}
	var si ptrace.SyscallInfo
	return ptrace.GetSyscallInfo(t.Tid, &si) != 0 || si.Arch != auditArch[X8664]
}
