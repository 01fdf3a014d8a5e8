// Command trace-opens prints each file that a command and its children open.
// It uses package tracer alone: nothing is rewritten, no view is involved.
//
//	go run ./examples/trace-opens cat /etc/hostname
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// opens is a tracer.Handler. The seccomp program stops the calls that a
// handler may want to see; all others run at full speed.
type opens struct{}

func (opens) Syscall(c *tracer.Call) {
	if c.Ent.Class != tracer.ClassOpen {
		return // leave it alone
	}
	for _, p := range c.Ent.Paths {
		if path, e := c.Path(int(p.Arg), 0); e == 0 {
			c.WantResult(string(path))
		}
	}
}

func (opens) Result(r *tracer.Result) {
	what := fmt.Sprintf("descriptor %d", r.Val)
	if r.Val < 0 {
		what = unix.Errno(-r.Val).Error()
	}
	fmt.Fprintf(os.Stderr, "[%d] %s %q: %s\n", r.Task.Tid, r.Ent.Name, r.State, what)
}

func (opens) Fork(_, _ *tracer.Task) {}
func (opens) Exec(*tracer.Task)      {}
func (opens) Exit(*tracer.Task)      {}
func (opens) FSGone(*tracer.FS)      {}

func run(args []string) (int, error) {
	if len(args) == 0 {
		return 0, errors.New("usage: trace-opens COMMAND [ARGUMENT…]")
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return 0, err
	}
	tr, err := tracer.New(tracer.Config{Handler: opens{}})
	if err != nil {
		return 0, err
	}
	defer tr.Close()
	end, err := tr.Run(&tracer.Launch{
		Path: path, Argv: args, Env: os.Environ(), Dir: -1, Stdio: [3]int{0, 1, 2},
	}, nil)
	return end.Code, err // N, or 128 + the signal's number
}

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "trace-opens:", err)
		code = 125
	}
	os.Exit(code)
}
