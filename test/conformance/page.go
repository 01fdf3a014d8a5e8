package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// versions says what was run, package by package.
func (w *world) versions() string {
	var b strings.Builder
	u := unix.Utsname{}
	if unix.Uname(&u) == nil {
		fmt.Fprintf(&b, "Linux %s, %s; ", release(unix.ByteSliceToString(u.Release[:])), runtime.GOARCH)
	}
	fmt.Fprintf(&b, "Debian %s; ", suiteName)
	args := append([]string{"--root=" + w.root, "-W", "-f", "${Package} ${Version}\n"},
		"busybox-static", "git", "perl", "python3.11", "openjdk-17-jre-headless")
	if out, err := exec.Command("dpkg-query", args...).Output(); err == nil {
		b.WriteString(strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", ", "))
	}
	fmt.Fprintf(&b, ", %s.", runtime.Version())
	return b.String()
}

// release is a kernel's version without what its builder has appended.
func release(r string) string {
	v, _, _ := strings.Cut(r, "-")
	return v
}

const head = `# Conformance: other people's test suites

Written by ` + "`make conformance`" + `; do not edit. Each suite runs in a Debian root as an ordinary user without capabilities: natively
(a mount namespace, bind mounts and chroot, made by root) and under ptbox, with the same directories bound at the same places. What counts
is whether a test ends as it does natively: a test that fails on both sides fails because of the machine, the user or the root, not because of ptbox.

`

// writePage writes what was found.
func writePage(path, versions string, done []outcome) error {
	var b strings.Builder
	b.WriteString(head + versions + "\n\n")
	b.WriteString("| suite | run | ok | failed | skipped | other than native |\n|---|---|---|---|---|---|\n")
	for _, o := range done {
		for _, r := range o.runs {
			differ := "–"
			if !r.mode.native() {
				n := 0
				for _, d := range o.diffs {
					if d.mode == r.mode.name {
						n++
					}
				}
				differ = fmt.Sprint(n)
			}
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s |\n", o.suite.name, r.mode.name, r.ok, r.bad, r.skip, differ)
		}
	}
	b.WriteString("\nThe runs:\n\n")
	for _, m := range modes {
		if slices.ContainsFunc(done, func(o outcome) bool { return o.ran(m) }) {
			fmt.Fprintf(&b, "- %s: %s\n", m.name, m.about)
		}
	}
	for _, o := range done {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", o.suite.name, strings.ToUpper(o.suite.about[:1])+o.suite.about[1:])
		writeDiffs(&b, o)
		if len(o.unsteady) > 0 {
			fmt.Fprintf(&b, "\nNot steady natively, and so not compared: %s.\n", strings.Join(quoted(o.unsteady), ", "))
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// writeDiffs groups the differences by reason.
func writeDiffs(b *strings.Builder, o outcome) {
	if len(o.diffs) == 0 {
		b.WriteString("\nNo test ends otherwise than natively.\n")
		return
	}
	var order []string
	byWhy := map[string][]string{}
	for _, d := range o.diffs {
		if byWhy[d.why] == nil {
			order = append(order, d.why)
		}
		byWhy[d.why] = append(byWhy[d.why], fmt.Sprintf("`%s` (%s: %s, natively %s)", d.test, d.mode, or(d.got, "absent"), or(d.native, "absent")))
	}
	for _, why := range order {
		fmt.Fprintf(b, "\n%s\n\n", or(why, "**Not explained:**"))
		for _, l := range byWhy[why] {
			fmt.Fprintf(b, "- %s\n", l)
		}
	}
}

func quoted(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, "`"+n+"`")
	}
	return out
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
