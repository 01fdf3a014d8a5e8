package difftest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Allowed is a difference that is by design. What follows it in a script is
// not compared, as the trees are different from there on.
type Allowed struct {
	Why string
	// Call, Kernel and Ptbox are matched with the line and the two results.
	Call, Kernel, Ptbox *regexp.Regexp
	// Tree is matched with the lines by which the trees differ in the end; such
	// an entry has none of the three before.
	Tree *regexp.Regexp
	// Before must match a call that has succeeded before; nil is no demand.
	Before *regexp.Regexp
	// Moved asks that the script has moved or removed the source of a mount, or
	// a directory above it.
	Moved bool
	// When limits it to some modes and worlds; nil is all.
	When func(mode string, w *World) bool
}

func (a *Allowed) after(c *Case, lines []Line) bool {
	return a.Before == nil || slices.ContainsFunc(lines, func(l Line) bool {
		return first(l.Result) == "OK" && a.Before.MatchString(c.line(l.N).text)
	})
}

// Difference is what a fuzzer has found.
type Difference struct {
	World *World
	Mode  string
	Calls []string
	N     int // the number of the script, for the copies
	Text  string
	// Earlier are the scripts that ran in the same sessions before; once shrunk,
	// those that it needs.
	Earlier [][]string
}

// Error prints a case that can be put into the table.
func (d *Difference) Error() string {
	s := strings.ReplaceAll(strings.Join(d.Calls, "\n"), copyMark, fmt.Sprint(d.N))
	for i, e := range d.Earlier {
		d.Text += fmt.Sprintf("\nearlier script %d:\n%s", i, strings.Join(e, "\n"))
	}
	return fmt.Sprintf("seed %d, script %d, --trap %s\n%s\n{Tree: `\n%s`, Mounts: `\n%s`, RootFlags: %q, Script: `\n%s\n`},",
		d.World.Seed, d.N, d.Mode, d.Text, d.World.Case.Tree, d.World.Case.Mounts, d.World.Case.RootFlags, s)
}

// Sides are the sessions of one world.
type Sides struct {
	w      *World
	native *Session
	under  map[string]*Session
	n      int
	ran    map[string][][]string // the scripts of each mode
	// PerScript limits in how many modes a script runs; 0 is in all.
	PerScript int
	// Runs and Calls count the scripts and the calls that were compared, once
	// for each mode.
	Runs, Calls int
	// Ended counts the scripts that were compared up to a difference that is
	// by design, for each reason and mode.
	Ended map[string]int
}

// ErrNoWorld says that the kernel cannot make the world.
var ErrNoWorld = errors.New("no such world")

// awake starts the other processes: those that have no directory or descriptor
// of an earlier script, in whichever mode that ran.
const awake = "@1 getcwd\n@2 getcwd"

// scriptLimit is how long a script may take before it is called a hang.
const scriptLimit = 2 * time.Minute

// Open starts a session of each mode, and one under the kernel if this is root.
func (r *Runner) Open(ctx context.Context, w *World, modes []string) (*Sides, error) {
	s := &Sides{w: w, under: map[string]*Session{}, ran: map[string][][]string{}, Ended: map[string]int{}}
	var points []string
	if os.Geteuid() == 0 {
		var err error
		if s.native, err = r.NativeSession(ctx, &w.Case, w.Prune(-1)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoWorld, err)
		}
		if _, err := s.native.Run(awake, scriptLimit); err != nil {
			s.Close()
			return nil, fmt.Errorf("%w: %w", ErrNoWorld, err)
		}
		points = s.native.Points
	}
	for _, m := range modes {
		u, err := r.UnderSession(ctx, &w.Case, strings.ReplaceAll(m, " ", ""), points, w.Prune(-1), strings.Fields("--trap "+m)...)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.under[m] = u
		if _, err := u.Run(awake, scriptLimit); err != nil {
			s.Close()
			return nil, fmt.Errorf("--trap %s: %w", m, err)
		}
	}
	return s, nil
}

// Close ends all sessions.
func (s *Sides) Close() {
	for _, x := range s.all() {
		x.Close()
	}
}

func (s *Sides) all() []*Session {
	var out []*Session
	if s.native != nil {
		out = append(out, s.native)
	}
	return slices.AppendSeq(out, maps.Values(s.under))
}

// turn are the modes that script n runs in: all, or PerScript of them, with
// another choice for each script.
func (s *Sides) turn(n int) []string {
	modes := slices.Sorted(maps.Keys(s.under))
	if s.PerScript <= 0 || s.PerScript >= len(modes) {
		return modes
	}
	r := rand.New(rand.NewPCG(s.w.Seed, uint64(n)))
	r.Shuffle(len(modes), func(i, j int) { modes[i], modes[j] = modes[j], modes[i] })
	return modes[:s.PerScript]
}

// Compare runs one script everywhere. again is false when the sessions cannot
// be used any more. Runs and Calls of the sides count what was compared.
func (s *Sides) Compare(calls []string, allowed []Allowed) (d *Difference, again bool, err error) {
	n := s.n
	s.n++
	c := s.w.Case
	c.Script = s.w.Script(calls, n)
	run := func(x *Session) (*Result, error) {
		x.prune = s.w.Prune(n)
		lines, err := x.Run(c.Script, scriptLimit)
		if err != nil {
			return &Result{Lines: lines}, err
		}
		tree, err := x.Tree()
		return &Result{Lines: lines, Tree: tree}, err
	}
	native, err := run(s.native)
	if err != nil {
		return nil, false, fmt.Errorf("kernel: %w, script:\n%s", err, c.Script)
	}
	for _, m := range s.turn(n) {
		got, err := run(s.under[m])
		text, ended, same := firstDifference(&c, native, got, slices.DeleteFunc(slices.Clone(allowed), func(a Allowed) bool { return a.Moved && s.native.intact() || a.When != nil && !a.When(m, s.w) }))
		s.Runs++
		s.Calls += same
		if ended != "" {
			s.Ended[ended]++
		} else if text == "" && err != nil {
			text = err.Error()
		}
		if err != nil {
			return &Difference{s.w, m, calls, n, text, s.ran[m]}, false, nil
		}
		if text != "" {
			d = &Difference{s.w, m, calls, n, text, s.ran[m]}
		}
		s.ran[m] = append(s.ran[m], calls)
	}
	again = s.w.Copies == 0 || s.n < s.w.Copies
	if d != nil || !again {
		return d, again, nil
	}
	for _, x := range s.all() {
		x.prune = s.w.Prune(-1)
		if !x.used {
			continue
		}
		ok, err := x.Reset()
		if err != nil {
			return nil, false, err
		}
		again = again && ok
	}
	return nil, again, nil
}

// numbered is how the kernel calls a file that was made by O_TMPFILE.
var numbered = regexp.MustCompile(`/#\d+ \(deleted\)`)

// processes are paths in the directories of procfs, and perhaps their length.
var processes = regexp.MustCompile(`"/proc/\d+([/"][^"]*"?)( \d+$)?`)

// unnamed is r without the numbers of files that have no name, and of processes.
func (r *Result) unnamed() *Result {
	out := *r
	out.Lines = slices.Clone(r.Lines)
	for i := range out.Lines {
		out.Lines[i].Result = numbered.ReplaceAllString(out.Lines[i].Result, "/# (deleted)")
		out.Lines[i].Result = processes.ReplaceAllString(out.Lines[i].Result, `"/proc/#$1`)
	}
	return &out
}

// firstDifference compares two results. ended is why they are different from
// some point on, if that is by design; same is how many calls are equal.
func firstDifference(c *Case, native, under *Result, allowed []Allowed) (text, ended string, same int) {
	if c.NoInodes {
		native, under = native.anonymous(), under.anonymous()
	}
	native, under = native.unnamed(), under.unnamed()
	for i, n := range native.Lines {
		l := c.line(n.N)
		if i >= len(under.Lines) {
			return fmt.Sprintf("ptbox stopped before line %d: %s", n.N, l.text), "", i
		}
		u := under.Lines[i]
		if n == u {
			continue
		}
		for _, a := range allowed {
			if a.Tree == nil && a.Call.MatchString(l.text) && a.Kernel.MatchString(n.Result) && a.Ptbox.MatchString(u.Result) && a.after(c, native.Lines[:i]) {
				return "", a.Why, i
			}
		}
		return fmt.Sprintf("line %d: %s\n\tkernel: %s\n\tptbox:  %s", n.N, l.text, n.Result, u.Result), "", i
	}
	var out []string
	for _, s := range native.Tree {
		if !slices.Contains(under.Tree, s) {
			out = append(out, "tree: only with the kernel: "+s)
		}
	}
	for _, s := range under.Tree {
		if !slices.Contains(native.Tree, s) {
			out = append(out, "tree: only with ptbox: "+s)
		}
	}
	for _, a := range allowed {
		if a.Tree != nil && a.after(c, native.Lines) {
			n := len(out)
			if out = slices.DeleteFunc(out, a.Tree.MatchString); len(out) < n {
				ended = a.Why
			}
		}
	}
	if len(out) > 0 {
		return strings.Join(out, "\n"), "", len(native.Lines)
	}
	return "", ended, len(native.Lines)
}

// Shrink looks for a shorter script with a difference.
func (r *Runner) Shrink(ctx context.Context, d *Difference, allowed []Allowed) *Difference {
	modes := []string{d.Mode}
	var sides *Sides
	defer func() {
		if sides != nil {
			sides.Close()
		}
	}()
	try := func(w *World, calls []string, earlier ...[]string) *Difference {
		if sides != nil && (sides.w != w || len(earlier) > 0) {
			sides.Close()
			sides = nil
		}
		if sides == nil {
			var err error
			if sides, err = r.Open(ctx, w, modes); err != nil {
				return nil
			}
		}
		for i, e := range append(slices.Clone(earlier), calls) {
			got, again, err := sides.Compare(e, allowed)
			if !again || err != nil || got != nil {
				sides.Close()
				sides = nil
				if i < len(earlier) || err != nil || got == nil || strings.HasPrefix(got.Text, "tree") != strings.HasPrefix(d.Text, "tree") {
					return nil // another one, perhaps of what the shrinking has made
				}
				return got
			}
		}
		return nil
	}
	best := try(d.World, d.Calls)
	if best == nil {
		if best = try(d.World, d.Calls, d.Earlier...); best == nil {
			d.Text += "\n(not in a fresh sandbox, nor after the scripts before)"
			d.Earlier = nil
			return d
		}
		fewer(slices.Clone(d.Earlier), func(some [][]string) bool {
			got := try(d.World, d.Calls, some...)
			if got != nil {
				best = got
			}
			return got != nil
		})
		for i := range best.Earlier {
			fewer(best.Earlier[i], func(calls []string) bool {
				some := slices.Clone(best.Earlier)
				some[i] = calls
				got := try(d.World, d.Calls, some...)
				if got != nil {
					best = got
				}
				return got != nil
			})
		}
	}
	needs := best.Earlier
	if len(needs) == 0 {
		best.Earlier = nil
	}
	best.Calls = fewer(best.Calls, func(calls []string) bool {
		got := try(d.World, calls, needs...)
		if got != nil {
			best = got
		}
		return got != nil
	})
	// Fewer mounts, fewer objects.
	w := best.World
	for _, part := range []func(*Case) *string{func(c *Case) *string { return &c.Mounts }, func(c *Case) *string { return &c.Tree }} {
		lines := strings.Split(strings.Trim(*part(&w.Case), "\n"), "\n")
		fewer(lines, func(some []string) bool {
			small := *w
			*part(&small.Case) = strings.Join(some, "\n") + "\n"
			got := try(&small, best.Calls, needs...)
			if got != nil {
				best, w = got, &small
			}
			return got != nil
		})
	}
	best.Earlier = needs
	if best.Text != d.Text {
		best.Text += "\nat first: " + d.Text
	}
	return best
}

// fewer removes what bad does not need (delta debugging).
func fewer[T any](list []T, bad func([]T) bool) []T {
	for size := (len(list) + 1) / 2; size > 0; {
		shorter := false
		for from := 0; from < len(list); {
			some := slices.Concat(list[:from], list[min(from+size, len(list)):])
			if bad(some) {
				list, shorter = some, true
			} else {
				from += size
			}
		}
		if size == 1 && !shorter {
			break
		}
		if size > 1 {
			size /= 2
		}
	}
	return list
}
