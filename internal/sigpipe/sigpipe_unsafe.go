package sigpipe

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// end is what the handler writes to.
var end int32

// handler and restorer are addresses of code.
func handler() (handler, restorer uintptr)

// action is struct kernel_sigaction of x86-64.
type action struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

const (
	sigIgn     = 1
	saOnStack  = 0x08000000
	saRestart  = 0x10000000
	saRestorer = 0x04000000
)

// Catch has the number of each signal of list that arrives from now on written
// to a pipe, as a byte, and returns the pipe's other end. What the process
// ignores it goes on ignoring. Signals that find the pipe full are lost. It may
// be called once.
func Catch(list []unix.Signal) (int, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return -1, err
	}
	end = int32(p[1])
	catch := action{flags: saOnStack | saRestart | saRestorer, mask: ^uint64(0)}
	catch.handler, catch.restorer = handler()
	for _, sig := range list {
		var now action
		if e := sigaction(sig, nil, &now); e == 0 && now.handler != sigIgn {
			_ = sigaction(sig, &catch, nil) // it fails for SIGKILL and SIGSTOP alone
		}
	}
	return p[0], nil
}

func sigaction(sig unix.Signal, act, old *action) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	return e
}
