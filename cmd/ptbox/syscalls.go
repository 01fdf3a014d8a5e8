package main

import (
	"fmt"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/tracer"
)

// syscallInfo is one row of `ptbox syscalls --json`.
type syscallInfo struct {
	Name    string         `json:"name"`
	Numbers map[string]int `json:"numbers"`
	Support string         `json:"support"`
	Errno   string         `json:"errno,omitempty"`
	Note    string         `json:"note,omitempty"`
}

func (p *program) syscallsCommand() *command {
	asJSON := false
	return &command{
		name: "syscalls", summary: "list how each system call is supported",
		examples: []string{"ptbox syscalls", "ptbox syscalls --json"},
		about: `native calls name no path and run at full speed, handled ones are intercepted,
refused ones fail with the error shown. A call that is not listed fails with
ENOSYS.`,
		opts: []opt{jsonOpt(&asJSON)},
		action: func(args []string) error {
			if len(args) > 0 {
				return usage("syscalls", "unexpected argument %q", args[0])
			}
			list := syscallList()
			if asJSON {
				return p.printJSON(list)
			}
			w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
			for _, s := range list {
				support := s.Support
				if s.Errno != "" {
					support += " (" + s.Errno + ")"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", s.Name, support, s.Note)
			}
			return w.Flush()
		},
	}
}

func syscallList() []syscallInfo {
	list := make([]syscallInfo, 0, len(tracer.Table))
	for i := range tracer.Table {
		e := &tracer.Table[i]
		s := syscallInfo{Name: e.Name, Numbers: map[string]int{}, Note: e.Note}
		for _, abi := range []struct {
			name string
			abi  tracer.ABI
		}{{"x86_64", tracer.X8664}, {"i386", tracer.I386}, {"arm64", tracer.ARM64}} {
			if nr := e.Nr[abi.abi]; nr != tracer.NoNr {
				s.Numbers[abi.name] = int(nr)
			}
		}
		switch e.Support {
		case tracer.Native:
			s.Support = "native"
		case tracer.Handled:
			s.Support = "handled"
		case tracer.Refused:
			s.Support = "refused"
			s.Errno = unix.ErrnoName(e.Errno)
		}
		list = append(list, s)
	}
	return list
}
