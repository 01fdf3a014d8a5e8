package sandbox

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// sockets translates the addresses of AF_UNIX sockets, which are paths.
type sockets struct {
	// names maps the host strings that were given to bind and connect back
	// to what the guest said: getsockname must return just that.
	names map[string]string
	// dirs maps directories whose host path is too long for sun_path to a
	// short symlink to them in the scratch directory.
	dirs map[string]string
	// bound counts the names of bindPath.
	bound int
}

const (
	sunPathOff = 2
	sunPathMax = 108 // sizeof(sun_path)
	// maxNames bounds what is remembered of addresses.
	maxNames = 1 << 16
)

// sockOut is what an exit stop needs to put guest paths into addresses that
// the kernel has filled in.
type sockOut struct {
	kind      string // "accept", "recvfrom", "recvmsg", "recvmmsg"
	addr, len uint64
	room      uint32
}

// socket serves the calls that carry AF_UNIX addresses.
func (h *handler) socket(c *tracer.Call) {
	switch c.Ent.Name {
	case "bind":
		h.sockIn(c, 1, 2, true)
	case "connect":
		h.sockIn(c, 1, 2, false)
	case "sendto":
		if c.Args[4] != 0 {
			h.sockIn(c, 4, 5, false)
		}
	case "sendmsg":
		h.sendmsg(c, c.Args[1], nil)
	case "sendmmsg":
		h.sendmmsg(c)
	case "getsockname", "getpeername":
		h.sockName(c)
	case "accept", "accept4":
		h.sockWant(c, "accept", c.Args[1], c.Args[2])
	case "recvfrom":
		h.sockWant(c, "recvfrom", c.Args[4], c.Args[5])
	case "recvmsg", "recvmmsg":
		if h.handed && h.watchFiles(c) || len(h.sent) > 0 && h.missesDups(c.Task) && h.noticeDups(c) {
			return // a descriptor may be among what comes
		}
		c.WantResult(sockOut{kind: c.Ent.Name, addr: c.Args[1]})
	default:
		// socket, socketpair and the like name no path.
	}
}

// sockaddr reads an address argument. ok is false if it is not an AF_UNIX
// path, and the call may run as it is.
func (h *handler) sockaddr(c *tracer.Call, addr uint64, n uint32) (raw []byte, ok bool, e unix.Errno) {
	if n > 128 || n < 2 { // sizeof(struct sockaddr_storage)
		return nil, false, 0 // EINVAL by the kernel
	}
	raw = make([]byte, n)
	if e := c.Read(addr, raw); e != 0 {
		return nil, false, e
	}
	if binary.LittleEndian.Uint16(raw) != unix.AF_UNIX || n <= sunPathOff || raw[sunPathOff] == 0 {
		return raw, false, 0
	}
	return raw, true, 0
}

// sunPath cuts the path out of an address: up to the first NUL or its end.
func sunPath(raw []byte) string {
	p := raw[sunPathOff:]
	for i, b := range p {
		if b == 0 {
			return string(p[:i])
		}
	}
	return string(p)
}

// sockIn translates the address in argument a. Whatever it is, the kernel
// gets the copy that was looked at.
func (h *handler) sockIn(c *tracer.Call, a, l int, create bool) {
	raw, ok, e := h.sockaddr(c, c.Args[a], uint32(c.Args[l]))
	if e != 0 {
		c.Fail(e)
		return
	}
	if !ok {
		switch {
		case !create && !h.reachable(raw):
			c.Fail(unix.ECONNREFUSED)
		case raw != nil:
			c.SetRef(a, c.Put(raw))
			if create {
				h.bound(c, raw)
			}
		}
		return
	}
	put := func(addr []byte) {
		c.SetRef(a, c.Put(addr))
		c.SetArg(l, uint64(len(addr)))
	}
	if !create && h.pinAddr(c, raw, put, nil) {
		return
	}
	out, e := h.translate(c, raw, create)
	if e != 0 {
		h.sockFirst(c, raw, e, put, nil)
		return
	}
	put(out)
}

// sockFirst is for an address that leads nowhere: the kernel looks at the
// socket before, and not every socket looks at the address. Such a call runs
// with an address of the same length that names no socket either.
func (h *handler) sockFirst(c *tracer.Call, raw []byte, e unix.Errno, put func(addr []byte), after func(*tracer.Result)) {
	first, looks := h.sockLooks(c)
	switch {
	case first != 0:
		c.Fail(first)
	case looks:
		c.Fail(e)
	default:
		put(nowhere(raw))
		if after != nil {
			c.WantResult(after)
		}
	}
}

// nowhere is the address raw with the path of a directory.
func nowhere(raw []byte) []byte {
	return append(bytes.Clone(raw[:sunPathOff]), bytes.Repeat([]byte{'/'}, len(raw)-sunPathOff)...)
}

// sockLooks tells whether the call's descriptor is a socket that looks at a
// path, or what the kernel answers if it is none.
func (h *handler) sockLooks(c *tracer.Call) (e unix.Errno, looks bool) {
	p, err := unix.PidfdOpen(c.Task.Tgid(), 0)
	if err != nil {
		return 0, true // before Linux 5.3
	}
	defer unix.Close(p)
	fd, err := unix.PidfdGetfd(p, int(int32(c.Args[0])), 0)
	if err == unix.EBADF {
		return unix.EBADF, true
	}
	if err != nil {
		return 0, true
	}
	defer unix.Close(fd)
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return errno(err), true // EBADF with O_PATH, ENOTSOCK
	}
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || domain != unix.AF_UNIX {
		return 0, false
	}
	sends := strings.HasPrefix(c.Ent.Name, "send")
	return 0, !sends || kind == unix.SOCK_DGRAM
}

// translate makes the host's address of the guest's.
func (h *handler) translate(c *tracer.Call, raw []byte, create bool) ([]byte, unix.Errno) {
	if len(raw) > sunPathOff+sunPathMax {
		return nil, unix.EINVAL
	}
	name := sunPath(raw)
	op := fsview.Lookup
	if create {
		op = fsview.Create
	}
	r, e := h.resolve(c, name, -1, 0, op, true, true)
	if e != 0 {
		return nil, e
	}
	host := string(r.Host)
	if e := peerShut(r); e != 0 && !create {
		return nil, e
	}
	if u := unionOf(r); u != nil && create && u.Writable() {
		if first, looks := h.sockLooks(c); first != 0 || !looks {
			return nil, cmp.Or(first, unix.EINVAL) // and nothing is copied up for it
		}
		if host, e = h.overlayBind(c, r, u); e != 0 {
			return nil, e
		}
	}
	if create {
		switch e := h.bindName(r); e {
		case 0:
		case unix.EEXIST:
			return nil, unix.EADDRINUSE
		default:
			return nil, e
		}
	}
	if create && h.limited != nil {
		if e := h.mayMake(c, 0, r); e != 0 {
			return nil, e
		}
	}
	if h.id != nil {
		if e := h.id.socketName(c, name, r, create); e != 0 {
			return nil, e
		}
	}
	known := !create
	if create {
		if host, e = h.bindPath(c, r, host); e != 0 {
			return nil, e
		}
	}
	if len(host) >= sunPathMax {
		known = false
		if host, e = h.shortName(host); e != 0 {
			return nil, e
		}
	}
	if !create {
		out := binary.LittleEndian.AppendUint16(nil, unix.AF_UNIX)
		return append(append(out, host...), 0), 0
	}
	if h.socks.names == nil || len(h.socks.names) >= maxNames {
		h.socks.names = map[string]string{}
	}
	if _, ok := h.socks.names[host]; create || !ok && !known {
		// A socket is called what it was bound to, not what a peer calls it.
		h.socks.names[host] = name
	}
	out := binary.LittleEndian.AppendUint16(nil, unix.AF_UNIX)
	return append(append(out, host...), 0), 0
}

// bindName judges the name that bind(2) would make.
func (h *handler) bindName(r *fsview.Resolution) unix.Errno {
	host := strings.TrimRight(string(r.Host), "/")
	if e := errno(unix.Faccessat(unix.AT_FDCWD, path.Dir(trimDots(host)), unix.X_OK, unix.AT_EACCESS)); e != 0 && !r.IsRoot {
		return e
	}
	if r.MountPoint || odd(r) {
		return unix.EEXIST
	}
	if r.Mount == nil || r.Mount.Flags&fsview.ReadOnly == 0 || len(path.Base(host)) > unix.NAME_MAX {
		return 0
	}
	exists := false
	if u := unionOf(r); u != nil {
		n, _ := u.State(relOf(r))
		exists = n.Visible
	} else {
		var st unix.Stat_t
		exists = unix.Lstat(host, &st) == nil
	}
	if exists {
		return unix.EEXIST
	}
	if r.Slash {
		return unix.ENOENT
	}
	return unix.EROFS
}

// trimDots turns a last "." or ".." into a name, so that path.Dir leaves the
// directory that it is looked for in.
func trimDots(host string) string {
	if dir, ok := strings.CutSuffix(host, "/.."); ok {
		return dir + "/x"
	}
	if dir, ok := strings.CutSuffix(host, "/."); ok {
		return dir + "/x"
	}
	return host
}

// shortName gives a host path that fits into sun_path: the directory goes
// through a symlink in the scratch directory.
func (h *handler) shortName(host string) (string, unix.Errno) {
	dir, last := path.Split(host)
	if len(last) > 70 {
		// The name itself leaves no room: it gets a link of its own if it
		// exists already (connect).
		if _, err := os.Lstat(host); err != nil {
			return "", unix.ENAMETOOLONG
		}
		dir, last = host, ""
	}
	short, ok := h.socks.dirs[dir]
	if !ok {
		base, err := h.scratch()
		if err != nil {
			return "", unix.ENOSPC
		}
		if h.socks.dirs == nil {
			h.socks.dirs = map[string]string{}
			if err := os.Mkdir(filepath.Join(base, "s"), 0o700); err != nil && !os.IsExist(err) {
				return "", unix.ENOSPC
			}
		}
		short = filepath.Join(base, "s", strconv.Itoa(len(h.socks.dirs)))
		if err := os.Symlink(dir, short); err != nil {
			return "", unix.ENOSPC
		}
		h.socks.dirs[dir] = short
	}
	if last != "" {
		short += "/" + last
	}
	if len(short) >= sunPathMax {
		return "", unix.ENAMETOOLONG
	}
	return short, 0
}

// sockName answers getsockname and getpeername on a copy of the descriptor,
// so that the guest's buffer need not have room for the host's path.
func (h *handler) sockName(c *tracer.Call) {
	fd, ok := h.borrow(c.Task, int(int32(c.Args[0])))
	if !ok {
		return // EBADF by the kernel, or an old one
	}
	defer unix.Close(fd)
	raw, e := sockAddress(fd, c.Ent.Name == "getpeername")
	if e != 0 || len(raw) <= sunPathOff || binary.LittleEndian.Uint16(raw) != unix.AF_UNIX || raw[sunPathOff] == 0 {
		return
	}
	if e := h.putAddr(c, c.Args[1], c.Args[2], raw); e != 0 {
		c.Fail(e)
		return
	}
	c.Return(0)
}

// guestAddr is the guest's form of an address that the kernel gave.
func (h *handler) guestAddr(raw []byte) []byte {
	if len(raw) <= sunPathOff || binary.LittleEndian.Uint16(raw) != unix.AF_UNIX || raw[sunPathOff] == 0 {
		return raw
	}
	host := sunPath(raw)
	name, ok := h.socks.names[host]
	if !ok {
		if !strings.HasPrefix(host, "/") {
			return raw
		}
		if name, ok = h.view.Guest(host); !ok {
			// A peer outside the view: its address is nobody's business.
			return raw[:sunPathOff]
		}
	}
	return append(append(append([]byte{}, raw[:sunPathOff]...), name...), 0)
}

// memory is what a Call and a Result have in common.
type memory interface {
	Read(addr uint64, buf []byte) unix.Errno
	Write(addr uint64, buf []byte) unix.Errno
}

// putAddr stores an address as move_addr_to_user in net/socket.c does: cut
// to the room given, with the full length reported.
func (h *handler) putAddr(m memory, addr, lenp uint64, raw []byte) unix.Errno {
	var n [4]byte
	if e := m.Read(lenp, n[:]); e != 0 {
		return e
	}
	room := int32(binary.LittleEndian.Uint32(n[:]))
	if room < 0 {
		return unix.EINVAL
	}
	return h.putAddrRoom(m, addr, lenp, uint32(room), raw)
}

func (h *handler) putAddrRoom(m memory, addr, lenp uint64, room uint32, raw []byte) unix.Errno {
	raw = h.guestAddr(raw)
	if e := m.Write(addr, raw[:min(len(raw), int(room))]); e != 0 {
		return e
	}
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], uint32(len(raw)))
	return m.Write(lenp, n[:])
}

// borrow duplicates a guest's descriptor into the tracer (pidfd_getfd, Linux
// 5.6).
func (h *handler) borrow(t *tracer.Task, fd int) (int, bool) {
	n, e := take(t, fd)
	return n, e == 0
}

// take is borrow with the reason of a failure.
func take(t *tracer.Task, fd int) (int, unix.Errno) {
	p, err := unix.PidfdOpen(t.Tgid(), 0)
	if err != nil {
		return -1, errno(err)
	}
	defer unix.Close(p)
	n, err := unix.PidfdGetfd(p, fd, 0)
	return n, errno(err)
}

// sockWant asks for the exit stop of a call that may return an address.
func (h *handler) sockWant(c *tracer.Call, kind string, addr, lenp uint64) {
	if addr == 0 || lenp == 0 {
		return
	}
	var n [4]byte
	if c.Read(lenp, n[:]) != 0 {
		return // EFAULT by the kernel
	}
	c.WantResult(sockOut{kind: kind, addr: addr, len: lenp, room: binary.LittleEndian.Uint32(n[:])})
}

// sockResult puts guest paths into the addresses of a finished call.
func (h *handler) sockResult(r *tracer.Result, s sockOut) {
	if r.Val < 0 {
		return
	}
	switch s.kind {
	case "accept":
		fd, ok := h.borrow(r.Task, int(r.Val))
		if !ok {
			return
		}
		defer unix.Close(fd)
		if raw, e := sockAddress(fd, true); e == 0 && len(raw) > sunPathOff && binary.LittleEndian.Uint16(raw) == unix.AF_UNIX {
			h.putAddrRoom(r, s.addr, s.len, s.room, raw)
		}
	case "recvfrom":
		h.fixAddr(r, s.addr, s.len, s.room)
	case "recvmsg":
		h.fixMsg(r, s.addr)
	case "recvmmsg":
		for i := int64(0); i < r.Val; i++ {
			h.fixMsg(r, s.addr+uint64(i)*mmsgSize)
		}
	}
}

// fixMsg translates the address in a msghdr that recvmsg has filled in.
func (h *handler) fixMsg(r *tracer.Result, hdr uint64) {
	if h.id != nil {
		h.id.fixControl(r, hdr)
	}
	h.received(r, hdr)
	var b [12]byte
	if r.Read(hdr, b[:]) != 0 {
		return
	}
	name, n := binary.LittleEndian.Uint64(b[0:]), binary.LittleEndian.Uint32(b[8:])
	if name == 0 || n == 0 {
		return
	}
	h.fixAddr(r, name, hdr+8, min(n, sunPathOff+sunPathMax))
}

// fixAddr translates an address that the kernel wrote to the guest's memory.
func (h *handler) fixAddr(r *tracer.Result, addr, lenp uint64, room uint32) {
	var n [4]byte
	if r.Read(lenp, n[:]) != 0 {
		return
	}
	full := binary.LittleEndian.Uint32(n[:])
	k := min(full, room)
	if k <= sunPathOff || k > sunPathOff+sunPathMax {
		return
	}
	raw := make([]byte, k)
	if r.Read(addr, raw) != 0 || binary.LittleEndian.Uint16(raw) != unix.AF_UNIX || raw[sunPathOff] == 0 {
		return
	}
	h.putAddrRoom(r, addr, lenp, room, raw)
}
