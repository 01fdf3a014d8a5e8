package main

import (
	"context"
	"fmt"

	"github.com/ptbox/ptbox/internal/probe"
	"github.com/ptbox/ptbox/sandbox"
)

func (p *program) doctorCommand() *command {
	asJSON := false
	return &command{
		name: "doctor", summary: "try what this machine can do",
		examples: []string{"ptbox doctor", "ptbox doctor --json"},
		about: `Every line is the result of trying, not of asking for a version. The exit code
is 1 if something that ptbox cannot do without is missing, else 0.`,
		opts: []opt{jsonOpt(&asJSON)},
		action: func(args []string) error {
			if len(args) > 0 {
				return usage("doctor", "unexpected argument %q", args[0])
			}
			results := probe.All(context.Background())
			if sandbox.Nested() {
				results = nestedResults(results)
			}
			for _, r := range results {
				if r.Status == probe.Fail {
					p.code = 1
				}
			}
			if asJSON {
				return p.printJSON(results)
			}
			for _, r := range results {
				fmt.Fprintf(p.stdout, "%-4s  %-18s %s\n", r.Status, r.Name, r.Why)
				if r.Fix != "" {
					fmt.Fprintf(p.stdout, "      %-18s %s\n", "", "fix: "+r.Fix)
				}
			}
			return nil
		},
	}
}

// nestedResults takes what another ptbox does for us into account: it traces,
// and gives commands a mount namespace of its own.
func nestedResults(list []probe.Result) []probe.Result {
	out := []probe.Result{{Name: "nested", Status: probe.OK, Why: "another ptbox traces, and can hold sandboxes"}}
	for _, r := range list {
		switch r.Name {
		case "ptrace", "mmap_min_addr":
			r.Status, r.Fix = probe.OK, ""
			r.Why = "not needed here"
		}
		out = append(out, r)
	}
	return out
}
