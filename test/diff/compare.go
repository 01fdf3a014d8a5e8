package difftest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Compare returns the differences between the two sides, for people. Empty
// means equal.
func Compare(c *Case, native, under *Result) []string {
	var out []string
	add := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if c.NoInodes {
		native, under = native.anonymous(), under.anonymous()
	}
	for i := range max(len(native.Lines), len(under.Lines)) {
		if i >= len(under.Lines) {
			add("ptbox stopped before line %d: %s", native.Lines[i].N, c.line(native.Lines[i].N).text)
			break
		}
		u := under.Lines[i]
		l := c.line(u.N)
		if i >= len(native.Lines) || native.Lines[i].N != u.N {
			add("line %d was reached under ptbox only: %s", u.N, l.text)
			break
		}
		n := native.Lines[i]
		if n.Result != u.Result && (l.accept == "" || first(u.Result) != l.accept) {
			add("line %d: %s\n\tkernel: %s\n\tptbox:  %s", u.N, l.text, n.Result, u.Result)
		}
	}
	if native.Exit != under.Exit {
		add("exit: kernel %d, ptbox %d", native.Exit, under.Exit)
	}
	if e := complaints(under.Stderr); e != complaints(native.Stderr) {
		add("stderr: kernel %q, ptbox %q", native.Stderr, e)
	}
	if !c.Unstable {
		for _, s := range native.Tree {
			if !slices.Contains(under.Tree, s) {
				add("tree: only with the kernel: %s", s)
			}
		}
		for _, s := range under.Tree {
			if !slices.Contains(native.Tree, s) {
				add("tree: only with ptbox: %s", s)
			}
		}
	}
	return out
}

var identity = regexp.MustCompile(` #\d+`)

// anonymous is r without the identities of files.
func (r *Result) anonymous() *Result {
	out := *r
	out.Lines = slices.Clone(r.Lines)
	for i := range out.Lines {
		out.Lines[i].Result = identity.ReplaceAllString(out.Lines[i].Result, "")
	}
	return &out
}

// complaints is standard error without the warnings of ptbox' command line.
func complaints(s string) string {
	var b strings.Builder
	for l := range strings.Lines(s) {
		if !strings.HasPrefix(l, "ptbox: exec: warning: ") {
			b.WriteString(l)
		}
	}
	return b.String()
}

func first(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return s
}

// Expect compares one side with the script's own "=> RESULT" notes.
// accept says whether "~RESULT" counts (it is a permission for ptbox).
func Expect(c *Case, r *Result, accept bool) []string {
	var out []string
	for _, o := range r.Lines {
		l := c.line(o.N)
		if strings.HasPrefix(o.Result, "!") {
			out = append(out, fmt.Sprintf("line %d: %s\n\tscript error: %s", o.N, l.text, o.Result))
		}
		if l.want == "" || accept && l.accept != "" && first(o.Result) == l.accept {
			continue
		}
		got := o.Result
		if !strings.Contains(l.want, " ") {
			got = first(got)
		}
		if got != l.want {
			out = append(out, fmt.Sprintf("line %d: %s\n\tgot: %s", o.N, l.text, o.Result))
		}
	}
	if r.Exit != 0 || complaints(r.Stderr) != "" {
		out = append(out, fmt.Sprintf("exit %d, stderr %q", r.Exit, r.Stderr))
	}
	return out
}
