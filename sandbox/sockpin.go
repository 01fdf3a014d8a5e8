package sandbox

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// The kernel walks a Unix socket's path in the host's tree and follows
// symlinks, Landlock does not look (before ABI 9), and the tracer cannot
// connect in the guest's name: the peer asks who it is. So the guest opens the
// socket with O_PATH first, following none, connects by that descriptor's
// name in procfs, and closes it: one call that is entered three times. Another
// thread that exchanges the descriptor meanwhile has only its own to offer.

// sockPin is how far such a call is.
type sockPin struct {
	key  pinKey
	fd   int
	done bool
	val  int64
	err  unix.Errno // of the open
}

// pinKey tells the call from one that a signal handler makes in between.
type pinKey struct {
	nr   int
	args [6]uint64
	sp   uint64
}

// pinAddr serves a call with the address raw of a socket in the view: put gives
// the call another address, after sees its result. It reports whether it has.
func (h *handler) pinAddr(c *tracer.Call, raw []byte, put func(addr []byte), after func(*tracer.Result)) bool {
	if !h.openat2 || len(raw) > sunPathOff+sunPathMax {
		return false
	}
	p := proc(c.Task)
	key := pinKey{c.Nr, c.Args, c.SP()}
	pin := p.pin
	switch {
	case pin == nil || pin.key != key:
		p.pin = nil
		r, e := h.resolve(c, sunPath(raw), -1, 0, fsview.Lookup, true, true)
		if e == 0 {
			e = peerShut(r)
		}
		if e == 0 && h.id != nil {
			e = h.id.socketName(c, sunPath(raw), r, false)
		}
		if e != 0 {
			h.sockFirst(c, raw, e, put, after)
			return true
		}
		host := r.Host
		flags := openHow{unix.O_PATH | unix.O_CLOEXEC, 0, unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS}
		if r.Magic {
			flags.resolve = 0
		}
		c.SetNr(unix.SYS_OPENAT2)
		c.SetArg(0, atCwd)
		c.SetPath(1, host)
		putHow(c, flags)
		c.WantResult(func(res *tracer.Result) {
			if p.pin = (&sockPin{key: key, fd: int(res.Val)}); res.Val < 0 {
				p.pin.err = unix.Errno(-res.Val)
			}
			res.Again()
		})
	case pin.err != 0:
		p.pin = nil
		h.sockFirst(c, raw, pin.err, put, after)
	case !pin.done:
		addr := binary.LittleEndian.AppendUint16(nil, unix.AF_UNIX)
		put(append(append(addr, "/proc/self/fd/"+strconv.Itoa(pin.fd)...), 0))
		c.WantResult(func(res *tracer.Result) {
			if after != nil {
				after(res)
			}
			pin.done, pin.val = true, res.Val
			res.Again()
		})
	default:
		p.pin = nil
		c.SetNr(unix.SYS_CLOSE)
		c.SetArg(0, uint64(pin.fd))
		c.WantResult(func(res *tracer.Result) { res.Val = pin.val })
	}
	return true
}

// peerShut is EROFS for what is no socket on an overlay without an upper
// directory: its file system itself is read-only, and a peer must be writable.
func peerShut(r *fsview.Resolution) unix.Errno {
	if u := unionOf(r); u != nil && !u.Writable() && mountKind(r.Mode) {
		return unix.EROFS
	}
	return 0
}
