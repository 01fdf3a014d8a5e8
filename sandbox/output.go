package sandbox

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/ptrace"
)

// output limits what the command writes to its standard output and standard
// error together. A write needs no stop, so the limit cannot be in the tracer:
// the command has pipes in their place, and what comes out of those is counted
// and passed on (ADR 24).
type output struct {
	left    atomic.Int64
	reached atomic.Bool
	kill    func()
	ends    [][3]int // of each pipe: to read, to write, where it goes to
	over    [2]int   // a pipe that is closed when the command has ended
	pumps   sync.WaitGroup
	flushed chan struct{} // closed when all has been passed on
	cut     chan struct{} // closed when nobody waits for that
	cutting sync.Once
}

// newOutput puts pipes in the place of the descriptors 1 and 2 of the command.
func newOutput(stdio *[3]int, limit int64, kill func()) (*output, error) {
	o := &output{kill: kill, flushed: make(chan struct{}), cut: make(chan struct{}), over: [2]int{-1, -1}}
	o.left.Store(limit)
	if err := unix.Pipe2(o.over[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	to := *stdio
	for i := 1; i <= 2; i++ {
		if _, err := unix.FcntlInt(uintptr(to[i]), unix.F_GETFD, 0); err != nil {
			continue // closed here: closed there
		}
		if i == 2 && len(o.ends) == 1 && ptrace.SameFile(to[1], to[2]) {
			stdio[2] = stdio[1] // one file, so that the order stays
			continue
		}
		var p [2]int
		err := unix.Pipe2(p[:], unix.O_CLOEXEC)
		if err == nil {
			o.ends = append(o.ends, [3]int{p[0], p[1], to[i]})
			err = unix.SetNonblock(p[0], true) // the command's end is another file
		}
		if err != nil {
			o.abandon()
			return nil, err
		}
		stdio[i] = p[1]
	}
	return o, nil
}

// abandon closes everything: the command has not been started.
func (o *output) abandon() {
	for _, p := range o.ends {
		unix.Close(p[0])
		unix.Close(p[1])
	}
	unix.Close(o.over[0])
	unix.Close(o.over[1])
}

// begin is called when the command has its descriptors.
func (o *output) begin() {
	for _, p := range o.ends {
		unix.Close(p[1])
		o.pumps.Add(1)
		go o.pump(p[0], p[2])
	}
	go func() {
		o.pumps.Wait()
		unix.Close(o.over[0])
		close(o.flushed)
	}()
}

// finish is called once the command has ended. It waits until what is in the
// pipes has been passed on, unless cutOff has been called.
func (o *output) finish() {
	select {
	case <-o.flushed:
	case <-o.cut:
	}
}

// cutOff makes finish wait no more.
func (o *output) cutOff() { o.cutting.Do(func() { close(o.cut) }) }

// pump passes on what comes until nobody writes any more. A process outside
// may have been given the other end: when the command has ended, only what is
// there counts.
func (o *output) pump(from, to int) {
	defer o.pumps.Done()
	defer unix.Close(from)
	buf := make([]byte, 64<<10)
	for {
		fds := []unix.PollFd{{Fd: int32(from), Events: unix.POLLIN}, {Fd: int32(o.over[0]), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil {
			continue // EINTR
		}
		n, err := unix.Read(from, buf)
		switch {
		case n > 0:
			if !o.pass(to, buf[:n]) {
				return
			}
		case err == nil, err == unix.EAGAIN && fds[1].Revents != 0:
			return
		}
	}
}

// pass passes b on as far as the limit lets it; false means that this was the
// end.
func (o *output) pass(to int, b []byte) bool {
	left := o.left.Add(-int64(len(b)))
	allowed := max(0, min(int64(len(b)), left+int64(len(b))))
	ok := writeAll(to, b[:allowed])
	if left < 0 {
		o.reached.Store(true)
		o.kill()
		return false
	}
	return ok
}

// writeAll writes b. Without a reader it gives up, and the command finds that
// it has none either.
func writeAll(fd int, b []byte) bool {
	for len(b) > 0 {
		n, err := unix.Write(fd, b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1) // tried again anyhow
		default:
			return false
		}
	}
	return true
}
