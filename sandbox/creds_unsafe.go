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
