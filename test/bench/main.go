// Command bench prints what ptbox costs, as ratios: the same work natively,
// under ptbox with the identity view and each --fast (auto is the default), and under
// PRoot and fakechroot where they are installed, interleaved in one run. With
// -root DIR, a root file system such as mmdebstrap makes, ptbox is measured in
// there as well, with ten binds. It judges nothing: a time is
// never a reason to fail. Only a command whose exit status differs from the
// native one is.
//
// With BENCH_LONG=1 it takes more rounds.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	ptbox := flag.String("ptbox", "./ptbox", "the ptbox to measure")
	only := flag.String("only", "", "measure only rows whose name contains this")
	root := flag.String("root", os.Getenv("BENCH_ROOT"), "a root file system to measure in as well")
	flag.Parse()
	if err := bench(*ptbox, *only, *root); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A plan says how often to measure.
type plan struct {
	rounds        int
	budget        time.Duration // no further round of a row after this
	calls, spawns int
}

func bench(ptbox, only, root string) error {
	ptbox, err := filepath.Abs(ptbox)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ptbox-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := plan{rounds: 3, budget: 15 * time.Second, calls: 1000, spawns: 30}
	if os.Getenv("BENCH_LONG") != "" {
		p = plan{rounds: 9, budget: 5 * time.Minute, calls: 10000, spawns: 300}
	}
	s := &suite{dir: dir, plan: p, user: user(), only: only, left: map[string]string{}}
	defer func() {
		for _, d := range s.remove {
			os.RemoveAll(d)
		}
	}()
	if err := s.install(ptbox, root); err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	header(s)
	for _, pl := range placements() {
		s.micro(pl)
		s.workloads(pl)
	}
	if len(s.left) > 0 {
		fmt.Println("Calls that still stop:")
		fmt.Println()
		for _, w := range all {
			if l, ok := s.left[w.name]; ok {
				fmt.Printf("- %s: %s\n", w.name, l)
			}
		}
		fmt.Println()
	}
	for _, n := range s.notes {
		fmt.Println(n)
	}
	if s.wrong > 0 {
		return fmt.Errorf("%d commands ended otherwise than natively", s.wrong)
	}
	return nil
}

// user is the command prefix that gives up root, if there is any to give up.
// The numbers are for people who have none.
func user() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		return nil
	}
	return []string{setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"}
}

// A placement says on which CPUs everything runs. On an idle machine with
// several, the wake-up of another CPU is the largest part of a stop; on one
// CPU there is none.
type placement struct {
	name   string
	prefix []string
}

func placements() []placement {
	pls := []placement{{name: fmt.Sprintf("any of %d CPUs", runtime.NumCPU())}}
	if taskset, err := exec.LookPath("taskset"); err == nil {
		pls = append(pls, placement{name: "one CPU", prefix: []string{taskset, "-c", "0"}})
	}
	return pls
}

// install finds the tools to compare. ptbox is copied to where an
// unprivileged user can run it.
func (s *suite) install(ptbox, root string) error {
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	bin := filepath.Join(s.dir, "ptbox")
	if err := copyFile(bin, ptbox, 0o755); err != nil {
		return fmt.Errorf("%w (make build makes it)", err)
	}
	s.tools = []tool{
		{name: "native"},
		{name: "the kernel's part", prefix: []string{"env", "PTBOX_BENCH_FLOOR=1"}, single: true},
		boxed("ptbox", bin, "-r", "/"),
		boxed("ptbox, fast=on", bin, "-r", "/", "--fast=on"),
		boxed("ptbox, fast=off", bin, "-r", "/", "--fast=off"),
		boxed("ptbox -0", bin, "-r", "/", "-0"),
	}
	if root != "" {
		flags := []string{"-R", root, "-v", s.dir + ":" + s.dir}
		for i := range 9 {
			src := filepath.Join(filepath.Dir(s.dir), filepath.Base(s.dir)+fmt.Sprintf("-bind%d", i))
			if err := os.Mkdir(src, 0o755); err != nil {
				return err
			}
			s.remove = append(s.remove, src)
			flags = append(flags, "-v", fmt.Sprintf("%s:/srv/bind%d", src, i))
		}
		t := boxed("ptbox, root with 10 binds", bin, flags...)
		t.foreign = true
		s.tools = append(s.tools, t)
	}
	if path, err := exec.LookPath("proot"); err == nil {
		s.tools = append(s.tools, tool{name: "proot", prefix: []string{path, "-r", "/"}})
	}
	if path, err := exec.LookPath("fakechroot"); err == nil {
		s.tools = append(s.tools, tool{name: "fakechroot", prefix: []string{path}})
	}
	return nil
}

// boxed is ptbox with these flags.
func boxed(name, bin string, flags ...string) tool {
	prefix := slices.Concat([]string{bin, "exec"}, flags)
	return tool{name: name, prefix: append(slices.Clone(prefix), "--"), stats: append(slices.Clone(prefix), "--stats", "--")}
}

// header says where the figures come from: without that they mean nothing.
func header(s *suite) {
	load, _ := os.ReadFile("/proc/loadavg")
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	who := "the calling user"
	if s.user != nil {
		who = "uid 65534"
	} else if os.Geteuid() == 0 {
		who = "root"
	}
	fmt.Printf("Linux %s, %s, %d CPUs, load %s, as %s, %d rounds. Cells: median (minimum), × the native median.\n",
		strings.TrimSpace(string(release)), cpuModel(), runtime.NumCPU(), firstWords(string(load), 3), who, s.plan.rounds)
	for _, t := range s.tools[1:] {
		fmt.Printf("- %s: %s\n", t.name, version(t))
	}
	fmt.Println()
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}

// version is the first line with a digit in it that the tool says of itself.
func version(t tool) string {
	arg := "--version"
	if t.stats != nil {
		arg = "version"
	}
	out, err := exec.Command(t.prefix[0], arg).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err.Error()
	}
	for line := range strings.Lines(string(out)) {
		if strings.ContainsAny(line, "0123456789") {
			return strings.Trim(line, " \n|_/\\")
		}
	}
	return "unknown version"
}

func firstWords(s string, n int) string {
	f := strings.Fields(s)
	return strings.Join(f[:min(n, len(f))], " ")
}
