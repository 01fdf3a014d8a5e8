package main

import (
	"fmt"
	"io"
	"strings"
)

const tagline = "run programs in a virtual view of the file system, without any privilege"

func (p *program) appHelp(w io.Writer, list []*command) {
	fmt.Fprintf(w, "ptbox: %s\n\nExamples:\n", tagline)
	for _, e := range []string{
		"ptbox exec cat /etc/passwd                    # the built-in example view",
		"ptbox exec -R ./alpine -v .:/src -w /src sh   # a root file system and a bind",
		"ptbox spec --rootfs ./alpine -b b && ptbox run ./b   # an OCI bundle",
		"ptbox doctor                                  # what this machine can do",
	} {
		fmt.Fprintf(w, "  %s\n", e)
	}
	fmt.Fprintf(w, "\nUsage: ptbox COMMAND [flags] [arguments]\n\nCommands:\n")
	for _, c := range list {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(w, "  %-10s %s\n", "help", "print the help of a command")
	fmt.Fprint(w, exitCodes)
}

const exitCodes = `
Exit codes: the command's own, 128+N if signal N ended it, 127 if it was not
found, 126 if it cannot be executed, 125 if ptbox failed or was misused.
`

func (c *command) help(w io.Writer) {
	fmt.Fprintf(w, "ptbox %s: %s\n\nExamples:\n", c.name, c.summary)
	for _, e := range c.examples {
		fmt.Fprintf(w, "  %s\n", e)
	}
	fmt.Fprintf(w, "\nUsage: ptbox %s [flags]", c.name)
	if c.args != "" {
		fmt.Fprintf(w, " %s", c.args)
	}
	fmt.Fprint(w, "\n")
	if c.about != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.about))
	}
	fmt.Fprint(w, "\nFlags:\n")
	for _, o := range c.opts {
		o.help(w)
	}
}

// help prints one flag, its text indented below it if it is long.
func (o opt) help(w io.Writer) {
	var names []string
	for _, n := range o.names {
		if len(n) == 1 {
			names = append([]string{"-" + n}, names...)
		} else {
			names = append(names, "--"+n)
		}
	}
	head := strings.Join(names, ", ")
	if o.value.optional && o.arg != "" {
		head += "[=" + o.arg + "]"
	} else if o.arg != "" {
		head += " " + o.arg
	}
	const width = 30
	lines := wrap(o.usage, 78-width)
	if len(head) > width-4 {
		fmt.Fprintf(w, "  %s\n", head)
		head = ""
	}
	for _, l := range lines {
		fmt.Fprintf(w, "  %-*s%s\n", width-2, head, l)
		head = ""
	}
}

func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
