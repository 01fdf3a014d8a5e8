package difftest

import (
	"os"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

// TestMatrix compares the cases of the matrix. Those of one view share a
// sandbox for each mode, whose tree is restored between them.
func TestMatrix(t *testing.T) {
	r := theRunner(t)
	r.Ptbox = testutil.Ptbox(t)
	modes := trapModes(t, r.Ptbox)
	for _, l := range layouts {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			var sides *Sides
			defer func() {
				if sides != nil {
					sides.Close()
				}
			}()
			for _, c := range l.cases() {
				t.Run(c.Name, func(t *testing.T) {
					if sides == nil {
						w := &World{Case: c}
						w.Case.Name = "matrix " + l.name
						var err error
						if sides, err = r.Open(t.Context(), w, modes); err != nil {
							t.Fatal(err)
						}
					}
					sides.w.Case.Script = c.Script
					d, again, err := sides.RunCase(&c)
					if err != nil {
						t.Error(err)
					}
					for m, text := range d {
						t.Errorf("--trap %s, mounts %q, read-only %q:\n%s", m, c.Mounts, c.RootFlags, text)
					}
					if !again {
						sides.Close()
						sides = nil
					}
				})
			}
		})
	}
}

// RunCase runs a case of the world everywhere and returns the differences of
// each mode. Without root there is no native side, and only what the case
// itself expects is checked.
func (s *Sides) RunCase(c *Case) (differences map[string]string, again bool, err error) {
	script := c.cleanScript()
	run := func(x *Session) (*Result, error) {
		lines, err := x.Run(script, scriptLimit)
		if err != nil {
			return nil, err
		}
		res := &Result{Lines: lines}
		if os.Geteuid() == 0 {
			res.Tree, err = x.Tree()
		}
		return res, err
	}
	var native *Result
	if s.native != nil {
		if native, err = run(s.native); err != nil {
			return nil, false, err
		}
	}
	differences, again = map[string]string{}, true
	for m, u := range s.under {
		got, err := run(u)
		if err != nil {
			return differences, false, err
		}
		d := Expect(c, got, true)
		if native != nil {
			d = Compare(c, native, got)
		}
		if len(d) > 0 {
			differences[m] = strings.Join(d, "\n")
		}
	}
	for _, x := range s.all() {
		ok, err := x.Reset()
		if err != nil {
			return differences, false, err
		}
		again = again && ok
	}
	return differences, again, nil
}
