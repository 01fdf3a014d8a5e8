package tracer

import (
	"encoding/binary"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Spawn starts the command of l where it cannot be traced, with the
// credentials, the namespaces and the root directory of the calling thread. It
// returns when the command's first program has been loaded, or a *StartError.
// The command is an ordinary child, for the caller to wait for. A filter comes
// with no_new_privs.
func Spawn(l *Launch) (pid int, err error) {
	first := 3 + l.Preserve
	c := &child{gate: -1, window: -1, windowFD: first, freeFD: first, noNewPrivs: l.Filter != nil}
	if err := c.take(l); err != nil {
		return 0, err
	}
	if l.Filter != nil {
		c.own, c.ownFlags = unix.SockFprog{Len: uint16(len(l.Filter)), Filter: &l.Filter[0]}, l.FilterFlags
	}
	var report [2]int
	if err := unix.Pipe2(report[:], unix.O_CLOEXEC); err != nil {
		return 0, err
	}
	defer unix.Close(report[0])
	c.report = report[1]
	syscall.ForkLock.Lock()
	pid, e := forkChild(c)
	syscall.ForkLock.Unlock()
	unix.Close(report[1])
	if e != 0 {
		return 0, &StartError{"fork", e}
	}
	var b [16]byte
	n, err := unix.Read(report[0], b[:])
	for err == unix.EINTR {
		n, err = unix.Read(report[0], b[:])
	}
	runtime.KeepAlive(c) // its memory was the child's until now
	if n != len(b) {
		return pid, nil
	}
	var ws unix.WaitStatus
	for {
		if _, err := unix.Wait4(pid, &ws, 0, nil); err != unix.EINTR {
			break
		}
	}
	le := binary.LittleEndian
	return 0, &StartError{stepNames[le.Uint64(b[:])], unix.Errno(le.Uint64(b[8:]))}
}
