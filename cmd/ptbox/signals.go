package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// forwarded are the signals that are passed on to the command. Those of the
// job control (TSTP, TTIN, TTOU) keep their default action, so that a shell
// sees ptbox stop with the command.
var forwarded = []os.Signal{
	unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2,
	unix.SIGALRM, unix.SIGVTALRM, unix.SIGWINCH, unix.SIGCONT, unix.SIGIO, unix.SIGPWR, unix.SIGXCPU, unix.SIGXFSZ,
}

// Real-time signals; 32 and 33 belong to the C library.
const (
	firstRealTime = 34
	lastRealTime  = 64
)

// forward passes signals on to send until stop is called. It never uses
// signal.Ignore: the command would inherit that.
//
// The runtime changes hands between threads for each signal that it is asked
// for, which adds up to a good part of a short command's time: the many that
// hardly anybody sends are asked for while the command is running already.
func forward(send func(unix.Signal) error) (stop func()) {
	ch := make(chan os.Signal, 64)
	notify := func(s os.Signal) {
		// What ptbox was told to ignore (nohup) the command ignores as well.
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	for _, s := range forwarded {
		notify(s)
	}
	done := make(chan struct{})
	go func() {
		for n := firstRealTime; n <= lastRealTime; n++ {
			select {
			case <-done:
				return
			default:
				notify(syscall.Signal(n))
			}
		}
		for {
			select {
			case s := <-ch:
				if n, ok := s.(syscall.Signal); ok && !fromTerminal(n) {
					_ = send(n) // the command may have ended meanwhile
				}
			case <-done:
				return
			}
		}
	}()
	// The handlers stay: giving them back costs as much as asking for them,
	// and ptbox is about to exit.
	return func() { close(done) }
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
