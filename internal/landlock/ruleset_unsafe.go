package landlock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ABI is the kernel's version of Landlock, 0 if there is none.
func ABI() int {
	n, _, e := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return 0
	}
	return int(n)
}

// Ruleset is a set of rules that is not in force yet.
type Ruleset struct {
	fd    int
	known Rights
}

// attr is struct landlock_ruleset_attr. Older kernels know less of it and
// accept the rest if it is zero.
type attr struct{ fs, net, scoped uint64 }

// New makes a ruleset that restricts all that the version can restrict on
// files, keeps signals and abstract sockets inside, and forbids TCP if noTCP
// is set.
func New(abi int, noTCP bool) (*Ruleset, error) {
	a := attr{fs: uint64(Known(abi))}
	size := unsafe.Sizeof(a.fs)
	if Networked(abi) {
		size += unsafe.Sizeof(a.net)
		if noTCP {
			a.net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		}
	}
	if Scoped(abi) {
		size += unsafe.Sizeof(a.scoped)
		a.scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	fd, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&a)), size, 0)
	if e != 0 {
		return nil, e
	}
	return &Ruleset{int(fd), Known(abi)}, nil
}

// FD is the descriptor; it is close-on-exec, and stays the Ruleset's.
func (r *Ruleset) FD() int { return r.fd }

// Close gives the descriptor up. What it has restricted stays so.
func (r *Ruleset) Close() error { return unix.Close(r.fd) }

// Allow grants rights on the object of fd (O_PATH will do) and, if it is a
// directory, on all below it. Objects that have no place in a file system
// (pipes, sockets, memory files) need no rule, and get none.
func (r *Ruleset) Allow(fd int, rights Rights) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= ofFile
	}
	if rights &= r.known; rights == 0 {
		return nil
	}
	a := unix.LandlockPathBeneathAttr{Allowed_access: uint64(rights), Parent_fd: int32(fd)}
	_, _, e := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&a)), 0, 0, 0)
	if e == unix.EBADFD {
		return nil
	}
	if e != 0 {
		return e
	}
	return nil
}
