package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ptbox/ptbox/spec"
)

func (p *program) specCommand() *command {
	rootfs, bundle, force := "rootfs", ".", false
	return &command{
		name:    "spec",
		summary: "write a config.json to start from",
		examples: []string{
			"ptbox spec",
			"ptbox spec --rootfs ~/alpine -b ./bundle",
		},
		about: `The file describes a shell that the caller can run with "ptbox run": with the
caller's ids, and the usual /proc, /dev and /sys.`,
		opts: []opt{
			{names: []string{"rootfs"}, arg: "DIR", value: text(&rootfs), usage: "the root directory; if relative, as seen from the bundle (default rootfs)"},
			{names: []string{"bundle", "b"}, arg: "DIR", value: text(&bundle), usage: "the directory to write to (default .); it is made if missing"},
			{names: []string{"force", "f"}, value: boolean(&force), usage: "replace a file that is there"},
		},
		action: func(args []string) error {
			if len(args) > 0 {
				return usage("spec", "unexpected argument %q", args[0])
			}
			return p.writeSpec(bundle, rootfs, force)
		},
	}
}

func (p *program) writeSpec(bundle, rootfs string, force bool) error {
	data, err := json.MarshalIndent(spec.Default(rootfs), "", "\t")
	if err != nil {
		return fail("spec", err)
	}
	if err := os.MkdirAll(bundle, 0o777); err != nil {
		return fail("spec", fmt.Errorf("%s: %w", bundle, cause(err)))
	}
	file := filepath.Join(bundle, spec.ConfigName)
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, mode, 0o666)
	if errors.Is(err, os.ErrExist) {
		return fail("spec", fmt.Errorf("%s: %w", file, cause(err))).hinted("--force replaces it")
	}
	if err == nil {
		_, err = f.Write(append(data, '\n'))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fail("spec", fmt.Errorf("%s: %w", file, cause(err)))
	}
	if _, err := os.Stat(spec.HostPath(bundle, rootfs)); err != nil {
		p.note("spec: warning: the root directory %s is not there yet", spec.HostPath(bundle, rootfs))
	}
	return nil
}
