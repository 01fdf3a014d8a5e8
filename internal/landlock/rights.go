package landlock

import "golang.org/x/sys/unix"

// Rights on files and directories (LANDLOCK_ACCESS_FS_*).
type Rights uint64

// Groups of rights, as a mount's restrictions need them.
const (
	// Read is what a read-only mount still allows. Requests to devices are
	// part of it, since a read-only mount does not forbid them.
	Read Rights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// Execute is what a noexec mount forbids.
	Execute Rights = unix.LANDLOCK_ACCESS_FS_EXECUTE
	// Write is what a read-only mount forbids.
	Write Rights = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_CHAR |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM |
		unix.LANDLOCK_ACCESS_FS_REFER
	// Device is what the use of a device node needs, whatever its mount.
	Device Rights = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	// all is everything that this package knows.
	all = Read | Execute | Write
	// ofFile are the rights that a rule on something other than a directory
	// may have.
	ofFile Rights = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// The first versions with a feature (landlock(7), "VERSIONS").
const (
	abiRefer    = 2 // Linux 5.19
	abiTruncate = 3 // Linux 6.2
	abiNet      = 4 // Linux 6.7
	abiIoctl    = 5 // Linux 6.10
	abiScope    = 6 // Linux 6.12
)

// MinABI is the oldest version that does not change what programs may do
// inside the rules: version 1 refuses every rename and link between two
// directories.
const MinABI = abiRefer

// Known are the rights that a version can restrict. The others are free.
func Known(abi int) Rights {
	r := all
	if abi < abiRefer {
		r &^= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi < abiTruncate {
		r &^= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi < abiIoctl {
		r &^= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return r
}

// Scoped says whether a version keeps signals and abstract Unix sockets
// inside the domain.
func Scoped(abi int) bool { return abi >= abiScope }

// Networked says whether a version can forbid TCP.
func Networked(abi int) bool { return abi >= abiNet }
