package probe

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	Init()
	os.Exit(m.Run())
}

// TestAll wants each probe once, with a reason, and on a host where the tests
// of the engine can run at all nothing that fails.
func TestAll(t *testing.T) {
	seen := map[string]Result{}
	for _, r := range All(t.Context()) {
		if _, dup := seen[r.Name]; dup {
			t.Errorf("%s comes twice", r.Name)
		}
		seen[r.Name] = r
		if r.Why == "" {
			t.Errorf("%s has no reason", r.Name)
		}
		if r.Status == Fail {
			t.Errorf("%s failed: %s", r.Name, r.Why)
		}
		t.Logf("%-4s %-18s %s", r.Status, r.Name, r.Why)
	}
	for _, name := range []string{
		"proc", "tracer", "yama", nameSeize, nameSeccomp, nameGet, nameSet, nameVM, nameMem,
		"openat2", "memfd", "mmap_min_addr", "landlock", "confinement", "ids", "user xattr",
	} {
		if _, ok := seen[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestJudge shows the verdicts that the host of the test does not give.
func TestJudge(t *testing.T) {
	find := func(list []Result, name string) Result {
		for _, r := range list {
			if r.Name == name {
				return r
			}
		}
		t.Fatalf("%s is missing in %v", name, list)
		return Result{}
	}
	s := &sight{get: 5}
	if r := s.judge(report{}); find(r, nameGet).Status != Warn {
		t.Error(r)
	}
	s = &sight{set: 5, vm: 1, mem: os.ErrPermission}
	r := s.judge(report{})
	for _, name := range []string{nameGet, nameSet, nameVM, nameMem} {
		if find(r, name).Status != Warn {
			t.Errorf("%s: %v", name, r)
		}
	}
	s = &sight{memRead: secret, memWritten: true}
	if r := s.judge(report{Memory: secret}); find(r, nameMem).Status != Warn {
		t.Error("a write that the child does not see passes")
	}
	if r := s.judge(report{Result: 5, Self: 6}); find(r, nameSet).Status != Warn {
		t.Error("a change without effect passes")
	}
}
