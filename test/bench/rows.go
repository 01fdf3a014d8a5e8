package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed testdata/micro.c
var microSource []byte

// A workload is a command that people wait for.
type workload struct {
	name  string
	needs string // a program without which it makes no sense
	dir   string // below the suite's directory
	args  []string
}

var all = []workload{
	{name: "start /bin/true", args: []string{"/bin/true"}},
	{name: "10 × /bin/true", needs: "sh", args: []string{"sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done"}},
	{name: "find /usr", needs: "find", args: []string{"find", "/usr"}},
	{name: "find /usr -ls", needs: "find", args: []string{"find", "/usr", "-ls"}},
	{name: "du -s /usr", needs: "du", args: []string{"du", "-s", "/usr"}},
	{name: "tar c /usr/share/doc", needs: "tar", args: []string{"sh", "-c", "tar cPf - /usr/share/doc | cat >/dev/null"}},
	{name: "git status", needs: "git", dir: "repo", args: []string{"git", "status", "--short"}},
	{name: "make -j2, 60 × cc", needs: "cc", dir: "cc", args: []string{"make", "-s", "-B", "-j2"}},
	{name: "python3, 50 imports", needs: "python3", dir: "mods", args: []string{"python3", "-S", "-c", imports()}},
	{name: "python3 reads 3,000 files", needs: "python3", dir: "tree", args: []string{"python3", "-S", "-c", readTree}},
	{name: "1 × find", needs: "find", dir: "tree", args: finds(1)},
	{name: "2 × find", needs: "find", dir: "tree", args: finds(2)},
	{name: "4 × find", needs: "find", dir: "tree", args: finds(4)},
	{name: "8 × find", needs: "find", dir: "tree", args: finds(8)},
}

func imports() string {
	s := "import sys"
	for i := range 50 {
		s += fmt.Sprintf(", mod%d", i)
	}
	return s
}

const readTree = `
import os
n = 0
for d, _, names in os.walk("."):
    for f in names:
        with open(os.path.join(d, f)) as h:
            n += len(h.read())
print(n)`

// finds are n processes at a time: the cost of each call must not grow.
func finds(n int) []string {
	return []string{"sh", "-c", fmt.Sprintf("i=0; while [ $i -lt %d ]; do find . >/dev/null & i=$((i+1)); done; wait", n)}
}

// prepare makes what the rows work on, owned by the user who will.
func (s *suite) prepare() error {
	for _, d := range []string{"tmp", "micro", "repo", "cc", "mods", "tree"} {
		if err := os.Mkdir(filepath.Join(s.dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "micro/file"), []byte("file\n"), 0o644); err != nil {
		return err
	}
	if err := os.Symlink("file", filepath.Join(s.dir, "micro/link")); err != nil {
		return err
	}
	if err := s.makeSources(); err != nil {
		return err
	}
	if _, err := exec.LookPath("cc"); err == nil {
		src := filepath.Join(s.dir, "micro.c")
		if err := os.WriteFile(src, microSource, 0o644); err != nil {
			return err
		}
		if out, err := exec.Command("cc", "-O2", "-o", filepath.Join(s.dir, "micro/micro"), src).CombinedOutput(); err != nil {
			return fmt.Errorf("cc: %w\n%s", err, out)
		}
	}
	if s.user != nil {
		err := filepath.WalkDir(s.dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, 65534, 65534)
		})
		if err != nil {
			return err
		}
	}
	if _, err := exec.LookPath("git"); err != nil {
		return nil
	}
	// With an emulated root the files have other owners: what git remembers of
	// them would be wrong after each change of the tool.
	script := `git init -q . && git config core.checkStat minimal && git add . &&
git -c user.name=bench -c user.email=bench@example.com -c commit.gpgsign=false commit -q -m bench`
	r, err := s.exec(filepath.Join(s.dir, "repo"), placement{}, nil, []string{"sh", "-c", script})
	if err == nil && r.code != 0 {
		err = fmt.Errorf("git: exit status %d\n%s", r.code, r.stderr)
	}
	return err
}

func (s *suite) makeSources() error {
	mk := "OBJ :="
	for i := range 60 {
		mk += fmt.Sprintf(" f%d.o", i)
		src := fmt.Sprintf("#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint f%d(void) { return puts(\"%d\"); }\n", i, i)
		if err := os.WriteFile(filepath.Join(s.dir, fmt.Sprintf("cc/f%d.c", i)), []byte(src), 0o644); err != nil {
			return err
		}
	}
	mk += "\nall: $(OBJ)\n%.o: %.c\n\tcc -c -o $@ $<\n"
	if err := os.WriteFile(filepath.Join(s.dir, "cc/Makefile"), []byte(mk), 0o644); err != nil {
		return err
	}
	for i := range 50 {
		if err := os.WriteFile(filepath.Join(s.dir, "mods", fmt.Sprintf("mod%d.py", i)), []byte("import os\n"), 0o644); err != nil {
			return err
		}
	}
	for i := range 3000 {
		d := filepath.Join(s.dir, "tree", fmt.Sprintf("p%d/lib", i/20))
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d, fmt.Sprintf("m%d.js", i)), []byte(strconv.Itoa(i)), 0o644); err != nil {
			return err
		}
	}
	for i := range 2000 {
		d := filepath.Join(s.dir, "repo", fmt.Sprintf("d%d", i/50))
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d, fmt.Sprintf("f%d", i)), []byte(strconv.Itoa(i)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// micro prints the table of single calls.
func (s *suite) micro(pl placement) {
	if !strings.Contains("micro", s.only) {
		return
	}
	prog := filepath.Join(s.dir, "micro/micro")
	if _, err := os.Stat(prog); err != nil {
		s.note("Single calls were not measured: a C compiler is missing.")
		return
	}
	args := []string{prog, filepath.Join(s.dir, "micro"), strconv.Itoa(s.plan.calls), strconv.Itoa(s.plan.spawns)}
	var names []string
	cells := map[string][]cell{}
	s.rounds(func(i int, t tool) {
		r, err := s.exec(s.dir, pl, t.prefix, args)
		if err != nil || r.code != 0 {
			s.fail("micro", t, r, err)
		}
		for line := range strings.Lines(r.stdout) {
			name, ns, _ := strings.Cut(strings.TrimSpace(line), " ")
			v, err := strconv.ParseFloat(ns, 64)
			if err != nil {
				continue
			}
			if cells[name] == nil {
				cells[name] = make([]cell, len(s.tools))
				names = append(names, name)
			}
			cells[name][i].times = append(cells[name][i].times, v/1000)
		}
	})
	fmt.Printf("Single calls, %s, µs per call:\n\n", pl.name)
	s.tableHead("call")
	for _, name := range names {
		s.tableRow(name, cells[name])
		fmt.Println()
		for i, t := range s.tools {
			if c := cells[name]; name == "getppid" && c[i].median() > 10*c[0].median() {
				s.note(fmt.Sprintf("This %s stops at every system call, as getppid shows: a build of it that uses seccomp is faster.", t.name))
			}
		}
	}
	fmt.Println()
}

// workloads prints the table of commands.
func (s *suite) workloads(pl placement) {
	fmt.Printf("Commands, %s, ms:\n\n", pl.name)
	s.tableHead("command", "stops", "tracer RSS, MB", "stops, on", "tracer RSS, MB", "stops, off", "tracer RSS, MB")
	for _, w := range all {
		if !strings.Contains(w.name, s.only) {
			continue
		}
		if _, err := exec.LookPath(w.needs); w.needs != "" && err != nil {
			s.note(fmt.Sprintf("%s was not measured: %s is missing.", w.name, w.needs))
			continue
		}
		s.workload(pl, w)
	}
	fmt.Println()
}

func (s *suite) workload(pl placement, w workload) {
	dir := filepath.Join(s.dir, w.dir)
	cells := make([]cell, len(s.tools))
	// The first run fills the kernel's caches and says what is right.
	want, err := s.exec(dir, pl, nil, w.args)
	if err != nil {
		s.fail(w.name, s.tools[0], want, err)
		return
	}
	s.rounds(func(i int, t tool) {
		if t.foreign && w.dir == "" || t.single {
			cells[i].bad = "–"
			return
		}
		r, err := s.exec(dir, pl, t.prefix, w.args)
		if err != nil || r.code != want.code {
			s.fail(w.name, t, r, err)
			cells[i].bad = "fails"
		}
		cells[i].times = append(cells[i].times, float64(r.took.Microseconds())/1000)
	})
	s.tableRow(w.name, cells)
	for _, t := range s.tools {
		if t.stats == nil || t.foreign {
			continue
		}
		r, err := s.exec(dir, pl, t.stats, w.args)
		n, ok := stops(r.stderr)
		if ok && t.name == "ptbox" {
			s.left[w.name] = calls(r.stderr)
		}
		if err != nil || !ok {
			fmt.Print(" – | – |")
			continue
		}
		fmt.Printf(" %d | %s |", n, digits(float64(r.rss)/1024))
	}
	fmt.Println()
}

// rounds calls f for each tool in turn, again and again: what changes on the
// machine meanwhile hits all of them.
func (s *suite) rounds(f func(i int, t tool)) {
	start := time.Now()
	for round := range s.plan.rounds {
		if round > 0 && time.Since(start) > s.plan.budget {
			break
		}
		for i, t := range s.tools {
			f(i, t)
		}
	}
}

func (s *suite) fail(row string, t tool, r run, err error) {
	if t.stats != nil || t.name == "native" {
		s.wrong++
	}
	msg := fmt.Sprintf("%s under %s: exit status %d", row, t.name, r.code)
	if err != nil {
		msg = fmt.Sprintf("%s under %s: %v", row, t.name, err)
	}
	if line, _, _ := strings.Cut(strings.TrimSpace(r.stderr), "\n"); line != "" {
		msg += ": " + line
	}
	s.note(msg)
}

func (s *suite) note(n string) {
	for _, have := range s.notes {
		if have == n {
			return
		}
	}
	s.notes = append(s.notes, n)
}

func (s *suite) tableHead(first string, last ...string) {
	cols := []string{first}
	for _, t := range s.tools {
		cols = append(cols, t.name)
	}
	cols = append(cols, last...)
	fmt.Println("| " + strings.Join(cols, " | ") + " |")
	fmt.Println(strings.Repeat("|---", len(cols)) + "|")
}

func (s *suite) tableRow(name string, cells []cell) {
	fmt.Printf("| %s | %s |", name, cells[0].text(0))
	for i := range cells[1:] {
		fmt.Printf(" %s |", cells[i+1].text(cells[0].median()))
	}
}

func copyFile(dst, src string, mode os.FileMode) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
