package difftest

import (
	"testing"

	"github.com/ptbox/ptbox/tracer"
)

// TestEveryPathCallIsCompared holds the table of system calls and the cases
// together: a call that ptbox rewrites or answers must be compared with the
// kernel somewhere.
func TestEveryPathCallIsCompared(t *testing.T) {
	covered := map[string]int{}
	for _, c := range everyCase() {
		for _, name := range c.Calls() {
			covered[name]++
		}
	}
	for _, s := range tracer.Table {
		if s.Support != tracer.Handled || s.Nr[tracer.X8664] == tracer.NoNr {
			// 32-bit calls have the same handlers, and tests of their own.
			continue
		}
		if namesPath(&s) && covered[s.Name] == 0 {
			t.Errorf("no case calls %s", s.Name)
		}
	}
}

func namesPath(s *tracer.Sysent) bool {
	if len(s.Paths) > 0 || s.Class == tracer.ClassDir || s.Class == tracer.ClassFDAttr || s.Class == tracer.ClassCwd {
		return true
	}
	for _, k := range s.Args {
		switch k {
		case tracer.Sockaddr, tracer.SockOut, tracer.Msghdr, tracer.Mmsghdr, tracer.PathOut:
			return true
		}
	}
	return false
}
