package spec

import (
	"fmt"
	"strings"
)

// Problem is one finding of Validate.
type Problem struct {
	// Pointer is the JSON pointer of the property, "" for the whole file.
	Pointer string
	// Text says what is wrong.
	Text string
	// Hint, when not empty, says what to write instead.
	Hint string
	// Warning marks what does not keep the bundle from running.
	Warning bool
}

// String is "POINTER: TEXT".
func (p Problem) String() string {
	if p.Pointer == "" {
		return p.Text
	}
	return p.Pointer + ": " + p.Text
}

// Error is what a configuration with problems gives: all of them.
type Error struct {
	// Path is the file, if known.
	Path     string
	Problems []Problem
}

// Error has one line for each problem.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	if len(e.Problems) != 1 {
		fmt.Fprintf(&b, "%d problems\n", len(e.Problems))
	}
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		if len(e.Problems) != 1 {
			b.WriteString("  ")
		}
		b.WriteString(p.String())
		if p.Hint != "" {
			b.WriteString(" (" + p.Hint + ")")
		}
	}
	return b.String()
}

// Split parts the errors from the warnings.
func Split(all []Problem) (errs, warnings []Problem) {
	for _, p := range all {
		if p.Warning {
			warnings = append(warnings, p)
		} else {
			errs = append(errs, p)
		}
	}
	return errs, warnings
}

// report collects problems.
type report struct {
	list []Problem
}

func (r *report) bad(pointer, format string, a ...any) *Problem {
	r.list = append(r.list, Problem{Pointer: pointer, Text: fmt.Sprintf(format, a...)})
	return &r.list[len(r.list)-1]
}

func (r *report) warn(pointer, format string, a ...any) {
	r.bad(pointer, format, a...).Warning = true
}

// unsupported refuses a property that this version cannot honour.
func (r *report) unsupported(pointer, hint string) {
	r.bad(pointer, "not supported yet").Hint = hint
}

// str checks a string that goes to the kernel.
func (r *report) str(pointer, s string) {
	if strings.IndexByte(s, 0) >= 0 {
		r.bad(pointer, "holds a NUL character")
	}
}
