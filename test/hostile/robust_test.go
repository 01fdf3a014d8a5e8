package hostile

import (
	"os"
	"strings"
	"testing"
)

// same runs a part natively and in each configuration, and wants one output.
func same(t *testing.T, part ...string) {
	t.Helper()
	want, code := run(t, append([]string{build(t)}, part...)...)
	if code != 0 {
		t.Fatalf("natively: code %d\n%s", code, want)
	}
	for _, b := range boxes {
		t.Run(b.name, func(t *testing.T) {
			got, code := run(t, inBox(t, b.flags, part...)...)
			if got == want && code == 0 {
				return
			}
			g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					t.Errorf("line %d: got %q, want %q", i+1, g[i], w[i])
				}
			}
			if len(g) != len(w) || code != 0 {
				t.Errorf("code %d, %d lines, want 0, %d\n%s", code, len(g), len(w), got)
			}
		})
	}
}

// Arguments that end where memory ends, and those that mean nothing, get the
// kernel's answers.
func TestEdges(t *testing.T) { same(t, "edges") }

// What a guest does to its own threads and processes leaves the others alone.
func TestThreadEnds(t *testing.T) { same(t, "thread-ends") }

// A process that has sworn off new code, as services do, can still execute
// programs.
func TestNoNewCode(t *testing.T) { same(t, "mdwe") }

func TestExecRace(t *testing.T) { same(t, "exec-race") }

func TestExitRace(t *testing.T) { same(t, "exit-race") }

func TestStops(t *testing.T) { same(t, "stops") }

// Nothing that a guest lacks is the sandbox' problem.
func TestNoDescriptors(t *testing.T) { same(t, "no-fds") }

func TestNoMemory(t *testing.T) { same(t, "no-memory") }

// A call that waits holds up nobody else.
func TestBlocked(t *testing.T) { same(t, "blocked") }

// As many threads as PTBOX_THREADS says are there at once.
func TestThreads(t *testing.T) {
	n := os.Getenv("PTBOX_THREADS")
	if n == "" {
		n = "5000"
	}
	same(t, "threads", n)
}

// A parent may be killed before it has told of its child.
func TestBornDying(t *testing.T) { same(t, "born-dying") }
