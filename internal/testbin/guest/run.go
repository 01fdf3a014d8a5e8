package main

import (
	"strings"

	"golang.org/x/sys/unix"
)

// frame is one call being made: its registers and the buffers to look at
// afterwards.
type frame struct {
	regs [6]uintptr
	n    int
	out  []byte // T, X, F, O, P, H, g
	name []byte // A: the address returned
	nlen []byte // A: its length
	mods string
}

func (f *frame) push(v uintptr) {
	if f.n == len(f.regs) {
		bad("too many arguments")
	}
	f.regs[f.n] = v
	f.n++
}

func (f *frame) pushBuf(b []byte) { f.push(addr(b)); f.push(uintptr(len(b))) }

func (f *frame) pushPtr(b []byte, bad *uintptr) {
	if bad != nil {
		f.push(*bad)
		return
	}
	f.push(addr(b))
}

// outPtr consumes a NULL or BAD where an output buffer is due.
func outPtr(args []string) (*uintptr, []string) {
	if len(args) > 0 && (args[0] == "NULL" || args[0] == "BAD") {
		p := pointer(args[0])
		return &p, args[1:]
	}
	return nil, args
}

// load evaluates the script's arguments into registers.
func (f *frame) load(kinds string, args []string) {
	next := func(missing string) string {
		if len(args) == 0 {
			return missing
		}
		a := args[0]
		args = args[1:]
		return a
	}
	size := func(missing string) int { return int(number(next(missing))) }
	for _, k := range kinds {
		switch k {
		case 'f', 'i':
			f.push(number(next("0")))
		case '0':
			f.push(0)
		case 'p':
			f.push(pointer(next("NULL")))
		case 'S':
			f.push(uintptr(statfsSize))
		case 's':
			s := text(next(`""`))
			f.push(cstring(s))
			f.push(uintptr(len(s)))
		case 'T', 'X', 'F', 'P', 'H':
			var p *uintptr
			p, args = outPtr(args)
			switch k {
			case 'T':
				f.out = alloc(statSize)
			case 'X':
				f.out = alloc(statxSize)
			case 'F':
				f.out = alloc(statfsSize)
			case 'P':
				f.out = alloc(8)
			case 'H':
				f.out = alloc(8 + 128)
				*uint32Of(f.out, 0) = 128
			}
			f.pushPtr(f.out, p)
			if k == 'H' && kinds == "fpHi" {
				f.push(addr(alloc(8))) // the mount id
			}
		case 'O':
			var p *uintptr
			p, args = outPtr(args)
			n := size("4096")
			f.out = alloc(max(n, 1))[:n]
			b := f.out
			if n == 0 {
				b = alloc(1)
			}
			f.pushPtr(b, p)
			f.push(uintptr(n))
		case 'h':
			h := alloc(24)
			for i := range 3 {
				*uint64Of(h, i) = uint64(number64(next("0")))
			}
			f.pushBuf(h)
		case 't', 'v', 'u':
			f.loadTimes(k, next("NULL"))
		case 'a':
			if a := next("NULL"); a == "NULL" {
				f.push(0)
				f.push(0)
			} else {
				f.pushBuf(sockaddr(a, !strings.Contains(f.mods, "x")))
			}
		case 'A':
			f.name, f.nlen = alloc(256), alloc(4)
			*uint32Of(f.nlen, 0) = uint32(size("128"))
			f.push(addr(f.name))
			f.push(addr(f.nlen))
		case 'm', 'k':
			data := []byte(text(next(`""`)))
			buf := alloc(max(len(data), 1))[:len(data)]
			copy(buf, data)
			var name []byte
			if a := next("NULL"); a != "NULL" {
				name = sockaddr(a, !strings.Contains(f.mods, "x"))
			}
			f.push(addr(msghdrFor(name, buf)))
			if k == 'k' {
				f.push(1)
			}
		case 'M', 'K':
			f.out, f.name = alloc(size("128")), alloc(256)
			f.nlen = msghdrFor(f.name, f.out)
			f.push(addr(f.nlen))
			if k == 'K' {
				f.push(1)
			}
		case 'x', 'y':
			f.loadXattr(k, next(`""`))
		case 'z':
			n := size("0")
			f.push(addr(alloc(max(n, 1))))
			f.push(uintptr(n))
		case 'w':
			b := iovecs(next("0"))
			f.push(addr(b))
			f.push(uintptr(len(b) / iovecSize))
		case 'g':
			f.out = alloc(24)
			f.pushBuf(f.out)
		default:
			bad("unknown kind %c", k)
		}
	}
	if len(args) > 0 {
		bad("too many arguments: %q", args)
	}
}

func (f *frame) loadTimes(k rune, s string) {
	if s == "NULL" || s == "BAD" {
		f.push(pointer(s))
		return
	}
	ts := times(s)
	b := alloc(32)
	switch k {
	case 't':
		*timespecOf(b) = ts
	case 'v':
		v := timevalOf(b)
		v[0].Sec, v[1].Sec = ts[0].Sec, ts[1].Sec
	case 'u':
		setLongs(b, uintptr(ts[0].Sec), uintptr(ts[1].Sec))
	}
	f.push(addr(b))
}

// loadXattr makes a struct xattr_args {u64 value; u32 size, flags}.
func (f *frame) loadXattr(k rune, s string) {
	a := alloc(16)
	var value []byte
	if k == 'x' {
		v := text(s)
		value = alloc(len(v) + 1)[:len(v)]
		copy(value, v)
	} else {
		value = alloc(256)
		f.out = value
	}
	*uint64Of(a, 0) = uint64(addr(value))
	*uint32Of(a, 2) = uint32(len(value))
	f.pushBuf(a)
}

// runCall makes the call and returns its printed outcome.
func runCall(assign, name, mods string, args []string) string {
	c, ok := calls[name]
	if !ok {
		bad("unknown call %s", name)
	}
	arena.used = 0
	f := frame{mods: mods}
	f.load(c.args, args)
	if c.res == resDents {
		return runDents(&f, c.nr, name == "getdents")
	}
	r, e := rawCall(uintptr(c.nr), f.regs)
	if e != 0 {
		return errnoName(e)
	}
	switch c.res {
	case resFD, resQuietFD, resAccept:
		keepFD(int(r))
	case resPair:
		keepFD(int(*uint32Of(f.out, 0)))
		keepFD(int(*uint32Of(f.out, 1)))
	}
	if assign != "" {
		if c.res == resPair {
			vars[assign+"0"] = int(*uint32Of(f.out, 0))
			vars[assign+"1"] = int(*uint32Of(f.out, 1))
		} else {
			vars[assign] = int(r)
		}
	}
	if strings.Contains(mods, "q") {
		return "OK"
	}
	if name == "fcntl" && f.regs[1] == unix.F_GETFL {
		r &^= largeFile
	}
	return "OK" + f.describe(c.res, int(r))
}

func errnoName(e unix.Errno) string {
	if n := unix.ErrnoName(e); n != "" {
		return n
	}
	return "errno" + itoa(int(e))
}
