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
func forwarded() []os.Signal {
	list := []os.Signal{
		unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2,
		unix.SIGALRM, unix.SIGVTALRM, unix.SIGWINCH, unix.SIGCONT, unix.SIGIO, unix.SIGPWR, unix.SIGXCPU, unix.SIGXFSZ,
	}
	// 32 and 33 belong to the C library.
	for n := 34; n <= 64; n++ {
		list = append(list, syscall.Signal(n))
	}
	return list
}

// forward passes signals on to send until stop is called. It never uses
// signal.Ignore: the command would inherit that.
func forward(send func(unix.Signal) error) (stop func()) {
	ch := make(chan os.Signal, 64)
	for _, s := range forwarded() {
		// What ptbox was told to ignore (nohup) the command ignores as well.
		if !signal.Ignored(s) {
			signal.Notify(ch, s)
		}
	}
	done := make(chan struct{})
	go func() {
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
	return func() {
		signal.Stop(ch)
		close(done)
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
