package sandbox

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// Exit codes of the launcher itself; they are env(1)'s and docker's.
const (
	CodeFailed   = 125 // ptbox could not do its work
	CodeNotExec  = 126 // the command is there but cannot be executed
	CodeNotFound = 127 // the command is not there
)

// Error is what went wrong, on which path, and what may help.
type Error struct {
	Op, Path string
	Code     int
	Err      error
	Hint     string
}

func (e *Error) Error() string {
	var b strings.Builder
	for _, s := range []string{e.Op, e.Path} {
		if s != "" {
			b.WriteString(s + ": ")
		}
	}
	b.WriteString(text(e.Err))
	return b.String()
}

// text spells errors of system calls as strerror(3) does.
func text(err error) string {
	if err == nil {
		return "unknown error"
	}
	return err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// startHint says what may help when the engine does not start.
func startHint(err error) string {
	var se *tracer.StartError
	if errors.As(err, &se) && se.Step == "ptrace seize" && se.Err == unix.EPERM {
		return "a process has one tracer: ptbox runs inside ptbox only as its root (-0), and never inside strace or a debugger; else ptbox doctor says what this host lacks"
	}
	return "ptbox doctor says what this host lacks"
}

func failed(op, path string, err error, hint string) *Error {
	return &Error{Op: op, Path: path, Code: CodeFailed, Err: err, Hint: hint}
}

// execError is the error of a command that could not be executed.
func execError(path string, err error) *Error {
	e := &Error{Op: "exec", Path: path, Code: CodeNotExec, Err: err}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		e.Code = CodeNotFound
	}
	switch {
	case errors.Is(err, unix.ENOEXEC):
		e.Hint = "the file is not a program of this machine, or a script without a #! line"
	case errors.Is(err, unix.ENOENT):
		e.Hint = "the command, its #! interpreter or its ELF interpreter does not exist in the view; see: ptbox explain PATH"
	}
	return e
}
