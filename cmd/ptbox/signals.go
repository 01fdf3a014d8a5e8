package main

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/sigpipe"
)

// forwarded are the signals that are passed on to the command. Those of the
// job control (TSTP, TTIN, TTOU) keep their default action, so that a shell
// sees ptbox stop with the command.
var forwarded = []unix.Signal{
	unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
	unix.SIGALRM, unix.SIGVTALRM, unix.SIGWINCH, unix.SIGCONT, unix.SIGIO, unix.SIGPWR, unix.SIGXCPU, unix.SIGXFSZ,
}

// Real-time signals; 32 and 33 belong to the C library.
const (
	firstRealTime = 34
	lastRealTime  = 64
)

// catchSignals has the signals that are to be passed on collected from now on.
// What ptbox was told to ignore (nohup) the command ignores as well.
func catchSignals() (*os.File, error) {
	list := slices.Clone(forwarded)
	for n := unix.Signal(firstRealTime); n <= lastRealTime; n++ {
		list = append(list, n)
	}
	fd, err := sigpipe.Catch(list)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "signals"), nil
}

// forward passes what has been collected, and what follows, on to send.
func forward(from *os.File, send func(unix.Signal) error) {
	var b [64]byte
	for {
		n, err := from.Read(b[:])
		if err != nil {
			return
		}
		for _, s := range b[:n] {
			if !fromTerminal(unix.Signal(s)) {
				_ = send(unix.Signal(s)) // the command may have ended meanwhile
			}
		}
	}
}

// fromTerminal says that the command has had the signal already: the kernel
// sends those of the keyboard to the whole foreground process group, in which
// ptbox and the command are together.
func fromTerminal(s unix.Signal) bool {
	switch s {
	case unix.SIGINT, unix.SIGQUIT, unix.SIGWINCH:
		// Standard input may be a pipe: it is the controlling terminal that
		// counts.
		tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
		if err != nil {
			return false
		}
		defer unix.Close(tty)
		group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
		return err == nil && group == unix.Getpgrp()
	}
	return false
}
