package main

import (
	"bufio"
	"io"
	"regexp"
	"strings"
)

// Results of a test. Whatever a suite calls them, there are three.
const (
	ok   = "ok"
	fail = "fail"
	skip = "skip"
)

// tests maps names to results.
type tests map[string]string

// add records a result. A name that comes twice keeps the worse one: suites
// that run a case in a loop do that.
func (t tests) add(name, result string) {
	if t[name] == fail || t[name] == ok && result == skip {
		return
	}
	t[name] = result
}

// lines returns a parser that looks for one pattern in each line, whose
// groups are named "name" and "result"; words translates the latter.
func lines(pattern string, words map[string]string) func(io.Reader) (tests, error) {
	re := regexp.MustCompile(pattern)
	name, result := re.SubexpIndex("name"), re.SubexpIndex("result")
	return func(r io.Reader) (tests, error) {
		out := tests{}
		err := eachLine(r, func(l string) {
			m := re.FindStringSubmatch(l)
			if m == nil {
				return
			}
			if w, there := words[m[result]]; there {
				out.add(strings.TrimSpace(m[name]), w)
			}
		})
		return out, err
	}
}

func eachLine(r io.Reader, f func(string)) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20) // programs under test print lines of any length
	for s.Scan() {
		f(strings.ToValidUTF8(s.Text(), "?"))
	}
	return s.Err()
}

// tap reads files in the Test Anything Protocol, each preceded by a line
// "### NAME". Git's tests are told apart by what they say: their numbers shift
// when one is skipped.
func tap(r io.Reader) (tests, error) { return readTAP(r, false) }

// numberedTAP is tap for perl, whose tests say random names of files.
func numberedTAP(r io.Reader) (tests, error) { return readTAP(r, true) }

func readTAP(r io.Reader, numbered bool) (tests, error) {
	re := regexp.MustCompile(`^(not ok|ok) ([0-9]+)(?: - | # |$)(.*)$`)
	out := tests{}
	file := ""
	err := eachLine(r, func(l string) {
		if n, there := strings.CutPrefix(l, "### "); there {
			file = n
			return
		}
		if strings.HasPrefix(l, "1..0 # SKIP") {
			out.add(file, skip)
			return
		}
		m := re.FindStringSubmatch(l)
		if m == nil {
			return
		}
		name, note, _ := strings.Cut(m[3], " # ")
		if strings.HasPrefix(m[3], "skip ") {
			name, note = strings.TrimPrefix(m[3], "skip "), "skip"
		}
		result := ok
		switch {
		case strings.HasPrefix(strings.ToLower(note), "skip"):
			name, result = strings.TrimSuffix(strings.TrimPrefix(name, "skip "), " "), skip
		case strings.HasPrefix(note, "TODO"):
			// A known breakage says nothing, but a change of it does.
			name += " (known breakage)"
			if m[1] == "not ok" {
				result = fail
			}
		case m[1] == "not ok":
			result = fail
		}
		name, _, _ = strings.Cut(name, " (missing ")
		if numbered {
			name = m[2]
		}
		out.add(file+": "+name, result)
	})
	return out, err
}

// unittest reads what Python's unittest prints with -v, also as python3 -m
// test -v does: the name may be apart from the result, because a test may
// print something itself, or have a first line of documentation.
func unittest(r io.Reader) (tests, error) {
	name := regexp.MustCompile(`^(test\w*) \(([\w.]+)\)`)
	result := regexp.MustCompile(`(?:^|\.\.\. )(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$`)
	late := regexp.MustCompile(`^(FAIL|ERROR): (\w+) \(([\w.]+)\)`)
	out := tests{}
	current := ""
	err := eachLine(r, func(l string) {
		if m := late.FindStringSubmatch(l); m != nil {
			out.add(full(m[3], m[2]), fail)
			return
		}
		if m := name.FindStringSubmatch(l); m != nil {
			current = full(m[2], m[1])
		}
		m := result.FindStringSubmatch(l)
		if m == nil || current == "" {
			return
		}
		switch {
		case m[1] == "ok" || m[1] == "expected failure":
			out.add(current, ok)
		case strings.HasPrefix(m[1], "skipped"):
			out.add(current, skip)
		default:
			out.add(current, fail)
		}
		current = ""
	})
	return out, err
}

// full is CLASS.METHOD; Python 3.11 has the method in both.
func full(class, method string) string {
	return strings.TrimSuffix(class, "."+method) + "." + method
}

// gotest reads what test programs of Go print with -test.v, each preceded by
// a line "### PACKAGE".
func gotest(r io.Reader) (tests, error) {
	re := regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): (\S+)`)
	words := map[string]string{"PASS": ok, "FAIL": fail, "SKIP": skip}
	out := tests{}
	pkg := ""
	err := eachLine(r, func(l string) {
		if n, there := strings.CutPrefix(l, "### "); there {
			pkg = n
			return
		}
		if m := re.FindStringSubmatch(l); m != nil {
			out.add(pkg+"."+m[2], words[m[1]])
		}
	})
	return out, err
}
