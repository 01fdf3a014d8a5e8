package main

import (
	"errors"

	"github.com/ptbox/ptbox/sandbox"
	"golang.org/x/sys/unix"
)

// engineFailure turns an error of package sandbox into a failure.
func engineFailure(err error) *failure {
	var se *sandbox.Error
	if !errors.As(err, &se) {
		return nil
	}
	return &failure{code: se.Code, err: err, hint: se.Hint}
}

// runSandbox runs the command of o to its end and returns its exit code.
func runSandbox(o sandbox.Options) (int, error) {
	s, err := sandbox.New(o)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if err := sandbox.MakeDevLinks(s.View()); err != nil {
		return 0, fail("dev", err)
	}
	// The channel is there before the command is, so that no signal is lost.
	started := make(chan struct{})
	stop := forward(func(sig unix.Signal) error {
		<-started
		return s.Signal(sig)
	})
	defer stop()
	if err := s.Start(); err != nil {
		return 0, err
	}
	close(started)
	st, err := s.Wait()
	if err != nil {
		return 0, err
	}
	return st.Code, nil
}
