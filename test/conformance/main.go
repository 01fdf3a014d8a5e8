// Command conformance runs the test suites of other people's programs in a
// Debian root, natively and under ptbox, both as an ordinary user without
// capabilities, and compares the results test by test. It writes
// docs/conformance.md; `make conformance` is how it is run. What a single
// system call answers is the matter of test/diff; here programs are the
// judges.
//
// It needs root (for mounts, chroot and mmdebstrap), a Debian mirror and,
// for everything, some hours. Results are kept below the cache directory
// suite by suite, so that one suite can be run again and the page still be
// complete.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	var o options
	flag.StringVar(&o.ptbox, "ptbox", "./ptbox", "the ptbox to judge")
	flag.StringVar(&o.cache, "cache", "/var/cache/ptbox-conformance", "where the Debian root and the results are kept")
	flag.StringVar(&o.out, "out", "docs/conformance.md", "the page to write")
	only := flag.String("suites", "", "run only these, separated by commas; \"none\" writes the page from what is there")
	modes := flag.String("modes", "", "run only these ways (native, ptbox, fast, syscall)")
	flag.BoolVar(&o.renew, "renew", false, "run natively again what has been run already")
	flag.Parse()
	if *only != "" {
		o.suites = strings.Split(*only, ",")
	}
	if *modes != "" {
		o.modes = strings.Split(*modes, ",")
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

type options struct {
	ptbox, cache, out string
	suites, modes     []string
	renew             bool
}

func (o options) wanted(s suite) bool {
	return len(o.suites) == 0 || slices.Contains(o.suites, s.name)
}

func run(o options) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("only root can mount what the native side needs")
	}
	for _, n := range o.suites {
		if n != "none" && !slices.ContainsFunc(suites, func(s suite) bool { return s.name == n }) {
			return fmt.Errorf("no suite %q", n)
		}
	}
	// What we have inherited is nobody's business: ptbox closes it, and the
	// native side shall not have it either.
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return err
	}
	var err error
	if o.ptbox, err = filepath.Abs(o.ptbox); err != nil {
		return err
	}
	w, err := newWorld(o)
	if err != nil {
		return err
	}
	unexplained := 0
	var done []outcome
	for _, s := range suites {
		res, err := w.load(s)
		if err != nil {
			return err
		}
		if o.wanted(s) {
			if err := w.runSuite(s, res, o); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		if res.modes["native"] == nil || res.modes["ptbox"] == nil {
			continue
		}
		oc := judge(s, res)
		unexplained += oc.unexplained()
		done = append(done, oc)
	}
	if err := writePage(o.out, w.versions(), done); err != nil {
		return err
	}
	if unexplained > 0 {
		return fmt.Errorf("%d differences without a reason: see %s", unexplained, o.out)
	}
	return nil
}

// runSuite runs s in the ways that are asked for. The native side is an
// oracle and is asked once, unless it shall be renewed.
func (w *world) runSuite(s suite, res *results, o options) error {
	for _, m := range modes {
		if len(o.modes) > 0 && !slices.Contains(o.modes, m.name) {
			continue
		}
		if !slices.Contains(s.modes, m.name) {
			continue
		}
		if m.name == "native" && res.modes[m.name] != nil && !o.renew {
			continue
		}
		fmt.Fprintf(os.Stderr, "== %s, %s\n", s.name, m.name)
		r, err := w.runMode(s, m)
		if err != nil {
			return err
		}
		res.modes[m.name] = r
		if err := w.save(s, res); err != nil {
			return err
		}
	}
	return nil
}
