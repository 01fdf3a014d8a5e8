package main

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// A reason says why tests may end otherwise than natively. Patterns are
// path.Match's with "/" taken as any character; mode is empty for all.
type reason struct {
	suite, test, mode string
	why               string
}

// outcome is a suite's results, compared.
type outcome struct {
	suite suite
	runs  []tally
	diffs []diff
	// unsteady tests differed between two native runs.
	unsteady []string
}

type tally struct {
	mode          mode
	ok, bad, skip int
}

// A diff is a test that ended otherwise than natively in some mode.
type diff struct {
	test, mode, native, got string
	why                     string
}

func (o outcome) unexplained() (n int) {
	for _, d := range o.diffs {
		if d.why == "" {
			n++
		}
	}
	return n
}

// ran says whether the suite was run in a mode.
func (o outcome) ran(m mode) bool {
	return slices.ContainsFunc(o.runs, func(t tally) bool { return t.mode.name == m.name })
}

// judge compares each mode with the native run, test by test. A test that is
// missing in one of them is a difference too.
func judge(s suite, res *results) outcome {
	oc := outcome{suite: s}
	native := res.modes["native"].Tests
	unsteady := map[string]bool{}
	if again := res.modes["again"]; again != nil {
		for _, n := range names(native, again.Tests) {
			if native[n] != again.Tests[n] {
				unsteady[n] = true
			}
		}
	}
	oc.unsteady = slices.Sorted(maps.Keys(unsteady))
	for _, m := range modes {
		r := res.modes[m.name]
		if r == nil {
			continue
		}
		oc.runs = append(oc.runs, count(m, r))
		if m.native() {
			continue
		}
		for _, n := range names(native, r.Tests) {
			if native[n] == r.Tests[n] || unsteady[n] {
				continue
			}
			d := diff{test: n, mode: m.name, native: native[n], got: r.Tests[n]}
			d.why = why(s.name, n, m.name)
			oc.diffs = append(oc.diffs, d)
		}
	}
	return oc
}

func count(m mode, r *result) tally {
	c := tally{mode: m}
	for _, v := range r.Tests {
		switch {
		case strings.HasPrefix(v, ok):
			c.ok++
		case v == skip:
			c.skip++
		default:
			c.bad++
		}
	}
	return c
}

func names(a, b tests) []string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return slices.Sorted(maps.Keys(both))
}

func why(suite, test, mode string) string {
	for _, r := range reasons {
		if r.suite == suite && (r.mode == "" || r.mode == mode) && match(r.test, test) {
			return r.why
		}
	}
	return ""
}

func match(pattern, name string) bool {
	matched, err := path.Match(slashless(pattern), slashless(name))
	return err == nil && matched
}

// slashless lets a star stand for slashes too.
func slashless(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == '/' {
			b[i] = 1
		}
	}
	return string(b)
}
