package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ptbox/ptbox/internal/probe"
)

func TestMain(m *testing.M) {
	probe.Init()
	testscript.Main(m, map[string]func(){"ptbox": main})
}

// TestCLI runs the scripts that start no guest.
func TestCLI(t *testing.T) { scripts(t, "testdata/cli") }

// TestEngine runs those that do.
func TestEngine(t *testing.T) { scripts(t, "testdata/engine") }

func scripts(t *testing.T, dir string) {
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code,
			"mode": mode,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("UID", strconv.Itoa(os.Getuid()))
			e.Setenv("GID", strconv.Itoa(os.Getgid()))
			return nil
		},
		RequireExplicitExec: true,
	})
}

// code runs a program and checks its exit code: code N PROGRAM [ARGUMENT…].
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N PROGRAM [ARGUMENT…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// mode checks the permissions of a file: mode OCTAL FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	st, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if (uint64(st.Mode().Perm()) == want) == neg {
		ts.Fatalf("mode of %s is %#o", args[1], st.Mode().Perm())
	}
}

// TestHelp wants every flag in the help of its command, and no line too long
// for a terminal.
func TestHelp(t *testing.T) {
	var out bytes.Buffer
	p := &program{stdout: &out, stderr: &out}
	for _, c := range p.commands() {
		out.Reset()
		c.help(&out)
		for _, o := range c.opts {
			for _, n := range o.names {
				if !strings.Contains(out.String(), dashed(n)) {
					t.Errorf("%s: help does not mention %s", c.name, dashed(n))
				}
			}
			if o.usage == "" {
				t.Errorf("%s: %s has no text", c.name, o.names[0])
			}
		}
		if len(c.examples) == 0 {
			t.Errorf("%s has no example", c.name)
		}
		for line := range strings.Lines(out.String()) {
			if len([]rune(line)) > 81 {
				t.Errorf("%s: line too long: %q", c.name, line)
			}
		}
	}
}
