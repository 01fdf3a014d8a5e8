package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ptbox/ptbox/sandbox"
	"github.com/ptbox/ptbox/tracer"
)

// engineFailure turns an error of package sandbox into a failure.
func engineFailure(err error) *failure {
	var se *sandbox.Error
	if !errors.As(err, &se) {
		return nil
	}
	return &failure{code: se.Code, err: err, hint: se.Hint}
}

// codeTimeout is the exit code of timeout(1) as well.
const codeTimeout = 124

// runSandbox runs the command of o to its end and returns its exit code. The
// engine's counters go to stats, if that is not nil. A timeout above 0 ends it.
func runSandbox(o sandbox.Options, timeout time.Duration, stats io.Writer) (int, error) {
	// The handlers are there before the command is, so that no signal is lost.
	signals, err := catchSignals()
	if err != nil {
		return 0, fail("start", err)
	}
	s, err := sandbox.New(o)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	back, err := setOOMScore(o.OOMScoreAdj)
	if err != nil {
		return 0, err
	}
	var late atomic.Bool
	var timer *time.Timer
	var backErr error
	st, err := s.Run(func() {
		if backErr = back(); backErr != nil {
			s.Kill()
		}
		go forward(signals, s.Signal)
		if timeout > 0 {
			timer = time.AfterFunc(timeout, func() {
				late.Store(true)
				s.Kill()
			})
		}
	})
	if timer != nil {
		timer.Stop()
	}
	if err = cmp.Or(err, backErr); err != nil {
		return 0, err
	}
	if st.OutputLimit {
		fmt.Fprintf(os.Stderr, "ptbox: killed: more than %d bytes of output\n", o.OutputLimit)
	}
	if late.Load() {
		st.Code = codeTimeout
	}
	if stats != nil {
		printStats(stats, s.Stats())
	}
	return st.Code, nil
}

// printStats prints the counters, the calls that stopped most often first.
func printStats(w io.Writer, st tracer.Stats) {
	for _, c := range []struct {
		name string
		n    uint64
	}{
		{"stops", st.Stops},
		{"seccomp stops", st.Seccomp},
		{"syscall stops", st.Syscalls},
		{"exit stops", st.ExitStops},
		{"signals", st.Signals},
		{"execs", st.Execs},
		{"forks", st.Forks},
		{"rewritten", st.Rewritten},
		{"answered", st.Answered},
		{"unchanged", st.Unchanged},
		{"patched", st.Patched},
		{"fallbacks", st.Fallbacks},
		{"unwound", st.Unwound},
		{"deferred", st.Deferred},
	} {
		fmt.Fprintf(w, "ptbox: stats: %-16s %d\n", c.name, c.n)
	}
	printCounts(w, "call", st.ByName)
	printCounts(w, "fast", st.FastHits)
	printCounts(w, "left to a stop:", st.FastReasons)
}

// printCounts prints counters of one kind, the highest first.
func printCounts(w io.Writer, kind string, m map[string]uint64) {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b))
	})
	for _, n := range names {
		fmt.Fprintf(w, "ptbox: stats: %s %-11s %d\n", kind, n, m[n])
	}
}

// setOOMScore gives ptbox a score for the command, which inherits it, and
// returns what takes it back once the command is there. Going back needs no
// privilege (proc_pid_oom_score_adj(5): only going below the lowest value set by
// a privileged process does).
func setOOMScore(adj *int) (back func() error, err error) {
	if adj == nil {
		return func() error { return nil }, nil
	}
	old, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return nil, fail("oomScoreAdj", cause(err))
	}
	// One descriptor for both writes: once the process is undumpable, the file
	// belongs to root.
	f, err := os.OpenFile("/proc/self/oom_score_adj", os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(strconv.Itoa(*adj))
	}
	if err != nil {
		return nil, fail("oomScoreAdj", cause(err))
	}
	return func() error {
		defer f.Close()
		if _, err := f.WriteAt(old, 0); err != nil {
			return fail("oomScoreAdj", cause(err))
		}
		return nil
	}, nil
}
