package main

import (
	"strings"
	"testing"
)

// An error is shown to everybody; what a guest has chosen stays in its line.
func TestLogger(t *testing.T) {
	for _, all := range []bool{false, true} {
		var out strings.Builder
		log, f, err := (&program{stderr: &out}).logger("", all)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		log = log.With("a", 1)
		log.Info("one")
		log.Warn("two", "name", "x\nptbox: y")
		log.Error("three", "tid", 7)
		want := "ptbox: three: a 1, tid 7\n"
		if all {
			want = "ptbox: note: one: a 1\nptbox: warning: two: a 1, name \"x\\nptbox: y\"\n" + want
		}
		if out.String() != want {
			t.Errorf("all %v: got %q, want %q", all, out.String(), want)
		}
	}
}
