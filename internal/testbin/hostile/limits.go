package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

func init() {
	parts["out"] = out
	parts["tasks"] = func([]string) error { return tasks() }
	parts["fill"] = func(args []string) error { return fill(args[0]) }
	parts["limits"] = limits
	parts["deaf"] = func([]string) error { return deaf() }
}

// out writes, for each FD:COUNT, so many bytes to a descriptor, and says on
// descriptor 2 how it went if that was not well.
func out(args []string) error {
	for _, a := range args {
		fd, count, _ := strings.Cut(a, ":")
		n, err := strconv.Atoi(count)
		if err != nil {
			return err
		}
		to, err := strconv.Atoi(fd)
		if err != nil {
			return err
		}
		for b := bytes.Repeat([]byte{'a' + byte(to)}, 1<<16); n > 0; {
			k, err := unix.Write(to, b[:min(n, len(b))])
			if err != nil {
				return err
			}
			n -= k
		}
	}
	return nil
}

// tasks makes children until the kernel refuses, and says how many tasks
// there are then. The runtime must not want another thread when there may be
// none, and one that it is just making would count for the limit but not be
// there yet: hence raw calls, and more idle threads than it will ever want.
func tasks() error {
	var idle sync.WaitGroup
	for range 8 {
		idle.Go(func() { unix.Poll(nil, 50) })
	}
	idle.Wait()
	n := 0
	var refused unix.Errno
	for ; n < 1000 && refused == 0; n++ {
		_, refused = forkPause()
	}
	b := make([]byte, 4096)
	fd, _ := raw(unix.SYS_OPEN, "/proc/self/status", 0)
	k, _ := raw(unix.SYS_READ, fd, b, len(b))
	_, after, _ := strings.Cut(string(b[:k]), "Threads:")
	threads, _, _ := strings.Cut(strings.TrimSpace(after), "\n")
	count, err := strconv.Atoi(threads)
	if err != nil {
		return err
	}
	say("fork", refused)
	fmt.Println("tasks", count+n-1)
	raw(unix.SYS_EXIT_GROUP, 0) // the children are left to whoever cleans up
	return nil
}

// fill writes to a file until there is no room, and says how much there was.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	b := make([]byte, 1<<14)
	total := 0
	for {
		n, err := unix.Write(int(f.Fd()), b)
		total += max(n, 0)
		if err != nil {
			fmt.Println(total, unix.ErrnoName(err.(unix.Errno)))
			return nil
		}
	}
}

// limits prints the resource limits with the numbers given, and what raising
// them answers.
func limits(args []string) error {
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil {
			return err
		}
		var l unix.Rlimit
		if err := unix.Prlimit(0, n, nil, &l); err != nil {
			return err
		}
		more := unix.Rlimit{Cur: l.Cur, Max: l.Max + 1}
		raise := unix.Prlimit(0, n, &more, nil)
		more = unix.Rlimit{Cur: l.Max + 1, Max: l.Max}
		above := unix.Prlimit(0, n, &more, nil)
		fmt.Println(n, l.Cur, l.Max, raise, above)
	}
	return nil
}

// deaf ignores what it can and starts others that do.
func deaf() error {
	for sig := range 65 {
		act := make([]byte, 32)
		act[0] = 1 // SIG_IGN
		raw(unix.SYS_RT_SIGACTION, sig, act, 0, 8)
	}
	for range 10 {
		forkPause()
	}
	for {
		raw(unix.SYS_PAUSE)
	}
}
