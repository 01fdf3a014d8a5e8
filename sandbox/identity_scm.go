package sandbox

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/cred"
	"github.com/ptbox/ptbox/tracer"
)

// maxControl bounds the control messages that are looked at; the kernel takes
// less (net.core.optmem_max).
const maxControl = 1 << 17

// credentials calls f for the data of each SCM_CREDENTIALS in b.
func credentials(b []byte, f func(data []byte)) {
	const head, data = 16, 12
	for len(b) >= head {
		n := binary.LittleEndian.Uint64(b)
		if n < head || n > uint64(len(b)) {
			return
		}
		if binary.LittleEndian.Uint32(b[8:]) == unix.SOL_SOCKET && binary.LittleEndian.Uint32(b[12:]) == unix.SCM_CREDENTIALS && n >= head+data {
			f(b[head : head+data])
		}
		b = b[min(uint64(len(b)), (n+7)&^7):]
	}
}

// control returns the control messages of the msghdr hdr with the host's ids
// in the place of the guest's; nil if there is nothing to replace. Who may
// claim which ids is the kernel's rule (scm_check_creds).
func (id *identity) control(c *tracer.Call, hdr []byte) ([]byte, unix.Errno) {
	addr, n := binary.LittleEndian.Uint64(hdr[32:]), binary.LittleEndian.Uint64(hdr[40:])
	if addr == 0 || n < 16 || n > maxControl {
		return nil, 0
	}
	b := make([]byte, n)
	if e := c.Read(addr, b); e != 0 {
		return nil, e
	}
	k := credOf(c.Task)
	found, bad := false, unix.Errno(0)
	credentials(b, func(d []byte) {
		found = true
		uid, gid := binary.LittleEndian.Uint32(d[4:]), binary.LittleEndian.Uint32(d[8:])
		if uid, gid = k.NS.UID(uid), k.NS.GID(gid); uid == cred.Keep || gid == cred.Keep {
			bad = unix.EINVAL
		} else if !slices.Contains([]uint32{k.UID.Real, k.UID.Effective, k.UID.Saved}, uid) && !k.Can(unix.CAP_SETUID) ||
			!slices.Contains([]uint32{k.GID.Real, k.GID.Effective, k.GID.Saved}, gid) && !k.Can(unix.CAP_SETGID) {
			bad = unix.EPERM
		}
		binary.LittleEndian.PutUint32(d[4:], id.uid)
		binary.LittleEndian.PutUint32(d[8:], id.gid)
	})
	if !found || bad != 0 {
		return nil, bad
	}
	return b, 0
}

// fixControl puts the guest's ids into the credentials that a recvmsg has
// brought: those that the sender has now.
func (id *identity) fixControl(r *tracer.Result, hdr uint64) {
	var b [48]byte
	if r.Read(hdr, b[:]) != 0 {
		return
	}
	addr, n := binary.LittleEndian.Uint64(b[32:]), binary.LittleEndian.Uint64(b[40:])
	if addr == 0 || n < 16 || n > maxControl {
		return
	}
	ctl := make([]byte, n)
	if r.Read(addr, ctl) != 0 {
		return
	}
	found := false
	credentials(ctl, func(d []byte) {
		found = true
		le := binary.LittleEndian
		uid, gid := id.guestIDs(int(le.Uint32(d)), le.Uint32(d[4:]), le.Uint32(d[8:]))
		le.PutUint32(d[4:], uid)
		le.PutUint32(d[8:], gid)
	})
	if found {
		r.Write(addr, ctl)
	}
}
