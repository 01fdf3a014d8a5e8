package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// version is set by the linker in releases (-X main.version=…).
var version string

type versionInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Date     string `json:"date,omitempty"`
	Spec     string `json:"spec"`
	Go       string `json:"go"`
	Arch     string `json:"arch"`
}

func (p *program) versionCommand() *command {
	asJSON := false
	return &command{
		name: "version", summary: "print the version",
		examples: []string{"ptbox version", "ptbox version --json"},
		opts:     []opt{jsonOpt(&asJSON)},
		action: func(args []string) error {
			if len(args) > 0 {
				return usage("version", "unexpected argument %q", args[0])
			}
			return p.printVersion(asJSON)
		},
	}
}

func jsonOpt(dst *bool) opt {
	return opt{names: []string{"json"}, value: boolean(dst), usage: "print JSON"}
}

func (p *program) printVersion(asJSON bool) error {
	v := versionInfo{Version: version, Spec: specs.Version, Go: runtime.Version(), Arch: runtime.GOARCH}
	if bi, ok := debug.ReadBuildInfo(); ok {
		if v.Version == "" {
			v.Version = bi.Main.Version
		}
		for _, s := range bi.Settings {
			switch s.Key {
			case "vcs.revision":
				v.Commit = s.Value
			case "vcs.time":
				v.Date = s.Value
			case "vcs.modified":
				v.Modified = s.Value == "true"
			}
		}
	}
	if v.Version == "" {
		v.Version = "(devel)"
	}
	if asJSON {
		return p.printJSON(v)
	}
	fmt.Fprintf(p.stdout, "ptbox version %s\n", v.Version)
	if v.Commit != "" {
		fmt.Fprintf(p.stdout, "commit: %s\n", v.Commit)
	}
	fmt.Fprintf(p.stdout, "spec: %s\ngo: %s\n", v.Spec, v.Go)
	return nil
}

func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fail("output", err)
	}
	return nil
}
