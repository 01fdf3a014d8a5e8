// Command resolve shows what a path means in a view, step by step. It uses
// package fsview alone: nothing is traced and nothing is run.
//
//	go run ./examples/resolve / /etc/hostname:/etc/passwd -- /etc/passwd
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ptbox/ptbox/fsview"
)

const usage = "usage: resolve ROOT [SOURCE:TARGET…] -- PATH…"

// config reads what comes before the "--".
func config(args []string) (c fsview.Config, paths []string, err error) {
	for i, a := range args {
		switch src, dst, isMount := strings.Cut(a, ":"); {
		case a == "--" && i > 0:
			return c, args[i+1:], nil
		case i == 0:
			if c.Root.Source, err = filepath.Abs(a); err != nil {
				return c, nil, err
			}
			c.Root.Target = "/"
		case !isMount:
			return c, nil, errors.New(usage)
		default:
			if src, err = filepath.Abs(src); err != nil {
				return c, nil, err
			}
			c.Mounts = append(c.Mounts, fsview.Mount{Source: src, Target: dst})
		}
	}
	return c, nil, errors.New(usage)
}

func run(args []string) error {
	c, paths, err := config(args)
	if err != nil {
		return err
	}
	// Mount points that the root lacks are shown from a scratch directory:
	// nothing is ever made in the root itself.
	scratch := ""
	defer func() { os.RemoveAll(scratch) }()
	c.Scratch = func() (dir string, err error) {
		scratch, err = os.MkdirTemp("", "resolve-")
		return scratch, err
	}
	view, err := fsview.New(c)
	if err != nil {
		return err
	}
	defer view.Close()

	for _, p := range paths {
		fmt.Println(p)
		q := fsview.Request{Path: p, Follow: true, Trace: func(s fsview.Step) {
			line := fmt.Sprintf("  %-8s %s", s.What, s.Guest)
			if s.Target != "" {
				line += " -> " + s.Target
			}
			if s.Host != "" {
				line += "  (host: " + s.Host + ")"
			}
			fmt.Println(line)
		}}
		var r fsview.Resolution
		if e := view.Resolve(&q, &r); e != 0 {
			fmt.Printf("  = %v\n", e)
			continue
		}
		fmt.Printf("  = %s\n", r.Host)
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "resolve:", err)
		os.Exit(1)
	}
}
