package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/ptbox/ptbox/spec"
)

// idSyntax is what runtimes accept as a container's id.
var idSyntax = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+.-]+$`) })

func (p *program) runCommand() *command {
	var bundle string
	f := new(processFlags)
	return &command{
		name:    "run",
		args:    "BUNDLE | -b BUNDLE [ID]",
		summary: "run the command of an OCI bundle",
		examples: []string{
			"ptbox run ./bundle",
			"ptbox run -b ./bundle my-container",
			"ptbox run -e DEBUG=1 ./bundle",
		},
		about: `The command runs in the foreground; its exit code is ptbox's. What each
property of config.json does is listed in docs/config.md; one that cannot be
honoured is an error that names it.` + "\n" + exitCodes,
		opts: append([]opt{{
			names: []string{"bundle", "b"}, arg: "DIR", value: text(&bundle),
			usage: "the bundle; the argument, if any, is then an id",
		}}, append(f.opts(), f.engineFlags.opts()...)...),
		action: func(args []string) error {
			dir, err := bundleArg(bundle, args)
			if err != nil {
				return err
			}
			o, err := p.fromConfig(filepath.Join(dir, spec.ConfigName), dir, "run", nil)
			if err != nil {
				return err
			}
			return p.launch("run", o, f, false)
		},
	}
}

// bundleArg tells a bundle from an id: with -b the argument is an id;
// otherwise what holds a slash, or is a directory with a config.json, is a
// bundle, and an id means the bundle in the current directory.
func bundleArg(bundle string, args []string) (string, error) {
	if len(args) > 1 {
		return "", usage("run", "too many arguments: the command is that of config.json (see ptbox exec --bundle)")
	}
	arg := ""
	if len(args) == 1 {
		arg = args[0]
		if arg == "" {
			return "", usage("run", "empty argument")
		}
	}
	isID := idSyntax().MatchString(arg) && arg != "." && arg != ".."
	switch {
	case bundle != "" && arg != "" && !isID:
		return "", usage("run", "%q is not an id, and a bundle is given with -b", arg)
	case bundle != "":
		return bundle, nil
	case arg == "":
		return "", usage("run", "no bundle given")
	case !isID || strings.Contains(arg, "/"):
		return arg, nil
	}
	if _, err := os.Stat(filepath.Join(arg, spec.ConfigName)); err == nil {
		return arg, nil
	}
	if st, err := os.Stat(arg); err == nil && st.IsDir() {
		return arg, nil
	}
	if _, err := os.Stat(spec.ConfigName); err == nil {
		return ".", nil
	}
	return arg, nil
}
