package main

import "testing"

func TestStops(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int
		ok   bool
	}{
		{"ptbox: stats: stops            42\nptbox: stats: exit stops       3\n", 42, true},
		{"find: x: Permission denied\nptbox: stats: stops 7\n", 7, true},
		{"find: stops 9\nptbox: stats: exit stops       3\n", 0, false},
		{"", 0, false},
	} {
		if got, ok := stops(c.in); got != c.want || ok != c.ok {
			t.Errorf("stops(%q) = %d, %v; want %d, %v", c.in, got, ok, c.want, c.ok)
		}
	}
}

func TestCell(t *testing.T) {
	c := cell{times: []float64{30, 10, 20}}
	if got, want := c.text(0), "20.0 (10.0)"; got != want {
		t.Errorf("native cell %q, want %q", got, want)
	}
	if got, want := c.text(5), "20.0 (10.0) 4.00×"; got != want {
		t.Errorf("cell %q, want %q", got, want)
	}
	c.times = append(c.times, 40)
	if got := c.median(); got != 25 {
		t.Errorf("median of an even number of times is %v, want 25", got)
	}
	if got := (&cell{bad: "fails"}).text(5); got != "fails" {
		t.Errorf("bad cell %q", got)
	}
}

func TestCalls(t *testing.T) {
	const in = "ptbox: stats: stops            42\nptbox: stats: call openat      7\nptbox: stats: fast stat        9\nptbox: stats: call execve      1\n"
	if got, want := calls(in), "openat 7, execve 1"; got != want {
		t.Errorf("calls = %q, want %q", got, want)
	}
}
