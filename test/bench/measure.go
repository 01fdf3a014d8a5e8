package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A tool runs commands in its own way.
type tool struct {
	name   string
	prefix []string
	stats  []string // the same, printing counters at the end; nil if it cannot
	// foreign: it sees another root, so only what a workload brings along
	// can be compared.
	foreign bool
	// single: it is about single calls.
	single bool
}

// A suite is one run of the program.
type suite struct {
	dir   string
	plan  plan
	user  []string
	tools []tool
	only  string
	notes []string
	left  map[string]string // what still stops, by row
	// remove are directories beside dir.
	remove []string
	wrong  int
}

// A run is what one execution of a command showed.
type run struct {
	took   time.Duration
	stdout string
	stderr string
	code   int
	rss    int // kB; the process started itself, not its children
}

// exec runs args in dir under the prefixes. Each prefix replaces itself by
// what follows, so the process measured is the tool.
func (s *suite) exec(dir string, pl placement, prefix, args []string) (run, error) {
	argv := slices.Concat(s.user, pl.prefix, prefix, args)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + s.dir, "LC_ALL=C", "TMPDIR=" + s.dir + "/tmp"}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return run{}, err
	}
	var r run
	done := make(chan struct{})
	sampled := make(chan int)
	if prefix != nil {
		go func() { sampled <- peakRSS(cmd.Process.Pid, done) }()
	}
	err := cmd.Wait()
	r.took = time.Since(start)
	close(done)
	if prefix != nil {
		r.rss = <-sampled
	}
	r.stdout, r.stderr, r.code = stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return r, err
	}
	return r, nil
}

// peakRSS samples the high-water mark of pid's memory until done is closed.
// wait4 would report the largest of the process and its children.
func peakRSS(pid int, done <-chan struct{}) int {
	peak := 0
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
				kb, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")))
				peak = kb
			}
		}
		select {
		case <-done:
			return peak
		case <-tick.C:
		}
	}
}

var stopsLine = regexp.MustCompile(`(?m)^ptbox: stats: stops +(\d+)$`)

// stops reads the counter that ptbox --stats prints.
func stops(stderr string) (int, bool) {
	m := stopsLine.FindStringSubmatch(stderr)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil
}

var callLine = regexp.MustCompile(`(?m)^ptbox: stats: call (\S+) +(\d+)$`)

// calls reads from the same counters which calls stopped, the most frequent
// first.
func calls(stderr string) string {
	var out []string
	for _, m := range callLine.FindAllStringSubmatch(stderr, -1) {
		out = append(out, m[1]+" "+m[2])
	}
	return strings.Join(out, ", ")
}

// A cell collects one tool's times of one row.
type cell struct {
	times []float64
	bad   string // why there are none
}

func (c *cell) median() float64 {
	if len(c.times) == 0 {
		return 0
	}
	t := slices.Sorted(slices.Values(c.times))
	return (t[(len(t)-1)/2] + t[len(t)/2]) / 2
}

func (c *cell) min() float64 {
	if len(c.times) == 0 {
		return 0
	}
	return slices.Min(c.times)
}

// text is the cell for people; native is the median to compare with.
func (c *cell) text(native float64) string {
	if c.bad != "" {
		return c.bad
	}
	s := fmt.Sprintf("%s (%s)", digits(c.median()), digits(c.min()))
	if native > 0 {
		s += fmt.Sprintf(" %s×", digits(c.median()/native))
	}
	return s
}

// digits prints three significant digits.
func digits(v float64) string {
	switch {
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
