package sandbox

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setCaps sets the thread's effective capabilities, as far as it may have them.
// It has to know what it may: setting more fails as a whole.
func setCaps(effective uint64) {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&hdr, &data[0]) != nil {
		return
	}
	for i := range data {
		data[i].Effective = uint32(effective>>(32*i)) & data[i].Permitted
	}
	unix.Capset(&hdr, &data[0])
}

// setThreadGroups is setgroups(2) of this thread alone.
func setThreadGroups(g []uint32) {
	unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(g)), uintptr(unsafe.Pointer(unsafe.SliceData(g))), 0)
}

// becomeUser makes u the user of this thread alone; those of Go are for all
// threads. Capabilities are set last: the rest needs them.
func becomeUser(u *User) unix.Errno {
	raw := func(nr, a, b, c uintptr) unix.Errno {
		_, _, e := unix.RawSyscall(nr, a, b, c)
		return e
	}
	k := u.Caps
	for n := uintptr(0); k != nil && n <= unix.CAP_LAST_CAP; n++ {
		if k.Bounding&(1<<n) == 0 {
			if e := raw(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, n, 0); e != 0 {
				return e
			}
		}
	}
	uid, gid := uintptr(u.UID), uintptr(u.GID)
	if e := raw(unix.SYS_SETGROUPS, uintptr(len(u.Groups)), uintptr(unsafe.Pointer(unsafe.SliceData(u.Groups))), 0); e != 0 {
		return e
	}
	if e := raw(unix.SYS_SETRESGID, gid, gid, gid); e != 0 {
		return e
	}
	if k != nil {
		raw(unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1, 0)
	}
	if e := raw(unix.SYS_SETRESUID, uid, uid, uid); e != 0 || k == nil {
		return e
	}
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	for i := range data {
		data[i] = unix.CapUserData{
			Effective: uint32(k.Effective >> (32 * i)), Permitted: uint32(k.Permitted >> (32 * i)), Inheritable: uint32(k.Inheritable >> (32 * i)),
		}
	}
	if err := unix.Capset(&hdr, &data[0]); err != nil {
		return errno(err)
	}
	for n := uintptr(0); n <= unix.CAP_LAST_CAP; n++ {
		if k.Ambient&k.Permitted&k.Inheritable&(1<<n) != 0 {
			if e := raw(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, n); e != 0 {
				return e
			}
		}
	}
	return 0
}

// filterThread restricts this thread, and what it starts, with a seccomp program.
func filterThread(prog []unix.SockFilter) unix.Errno {
	p := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&p)))
	return e
}
