package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ptbox/ptbox/spec"
)

// The exit codes of ptbox itself, those of env(1) and of container tools.
const (
	codeFailed        = 125
	codeNotExecutable = 126
	codeNotFound      = 127
)

// failure is an error with its exit code. Without err nothing is printed.
type failure struct {
	code int
	what string // the command or the operation
	err  error
	hint string
}

func (f *failure) Error() string {
	switch {
	case f.err == nil:
		return ""
	case f.what == "":
		return f.err.Error()
	}
	return f.what + ": " + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func (f *failure) hinted(hint string) *failure {
	f.hint = hint
	return f
}

// usage is the error of a command line that makes no sense.
func usage(what, format string, a ...any) *failure {
	help := "see ptbox --help"
	if what != "" {
		help = "see ptbox " + what + " --help"
	}
	return &failure{code: codeFailed, what: what, err: fmt.Errorf(format, a...), hint: help}
}

// fail is any other error of ptbox.
func fail(what string, err error) *failure {
	return &failure{code: codeFailed, what: what, err: err}
}

// finish reports err and returns the exit code.
func (p *program) finish(err error) int {
	if err == nil {
		return p.code
	}
	f := engineFailure(err)
	if f == nil && !errors.As(err, &f) {
		f = fail("", err)
	}
	if f.err != nil {
		// An error of several lines (all problems of a configuration) keeps them.
		fmt.Fprintf(p.stderr, "ptbox: %s\n", strings.TrimSpace(f.Error()))
	}
	if f.hint != "" {
		fmt.Fprintf(p.stderr, "hint: %s\n", f.hint)
	}
	return f.code
}

// configFailure wraps what package spec says.
func configFailure(what string, err error) *failure {
	f := fail(what, err)
	if spec.IsLoadError(err) {
		f.hint = "ptbox spec writes a configuration that works"
	}
	return f
}
