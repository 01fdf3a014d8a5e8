package hostile

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// start is run with three pipes of its own, and without waiting.
func start(t *testing.T, stdout, stderr io.Writer, argv ...string) *exec.Cmd {
	t.Helper()
	c := unpriv.Command(testbin.Guest(t), argv...)
	cmd := exec.CommandContext(t.Context(), c.Path, c.Args[1:]...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Env = []string{"PATH=/usr/bin:/bin", "GOTRACEBACK=none", "TMPDIR=" + tmp(t)}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// What a command writes is counted over both streams, to the byte.
func TestOutputLimit(t *testing.T) {
	const killed = 128 + 25 // SIGXFSZ
	for _, c := range []struct {
		limit string
		write []string
		out   [2]int
		code  int
	}{
		{"10", []string{"1:10"}, [2]int{10, 0}, 0},
		{"10", []string{"1:11"}, [2]int{10, 0}, killed},
		{"10", []string{"1:6", "2:4"}, [2]int{6, 4}, 0},
		{"1m", []string{"1:1048576"}, [2]int{1 << 20, 0}, 0},
		{"1m", []string{"1:1048577"}, [2]int{1 << 20, 0}, killed},
		{"64k", []string{"2:1000000000"}, [2]int{0, 64 << 10}, killed},
		{"1g", []string{"1:3000000", "2:3000000", "1:1"}, [2]int{3000001, 3000000}, 0},
	} {
		t.Run(fmt.Sprint(c.limit, c.write), func(t *testing.T) {
			for _, b := range boxes {
				var stdout, stderr strings.Builder
				cmd := start(t, &stdout, &stderr, inBox(t, append([]string{"--output-limit", c.limit}, b.flags...), append([]string{"out"}, c.write...)...)...)
				cmd.Wait()
				text, note, _ := strings.Cut(stderr.String(), "ptbox: ")
				if got := [2]int{stdout.Len(), len(text)}; got != c.out || cmd.ProcessState.ExitCode() != c.code || (c.code == killed) != strings.Contains(note, "bytes of output") {
					t.Errorf("%s: %d bytes, code %d, want %d and %d: %q", b.name, got, cmd.ProcessState.ExitCode(), c.out, c.code, note)
				}
			}
		})
	}
}

// Both streams may be one file: then the order stays.
func TestOutputOrder(t *testing.T) {
	out, code := run(t, inBox(t, []string{"--output-limit=1k"}, "out", "1:3", "2:2", "1:1", "2:1")...)
	if out != "bbbccbc" || code != 0 {
		t.Errorf("code %d: %q", code, out)
	}
}

// Without a reader the command ends as it would natively.
func TestOutputNobodyReads(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := start(t, w, io.Discard, testutil.Ptbox(t), "exec", "--output-limit=1g", "-r", "/", "--", "sh", "-c", "while :; do echo; done")
	w.Close()
	r.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 128+13 { // SIGPIPE
		t.Errorf("code %d", code)
	}
}

// A reader that does not read holds nothing up that is to end.
func TestOutputStuck(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var stderr strings.Builder
	cmd := start(t, w, &stderr, testutil.Ptbox(t), "exec", "--output-limit=1g", "--timeout=500ms", "-r", "/", "--", "sh", "-c", "while :; do echo 1234567890; done")
	w.Close()
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 124 {
		t.Errorf("code %d: %s", code, stderr.String())
	}
}

// The limit on tasks counts threads, to the last one, and ends with its tasks.
func TestPidsLimit(t *testing.T) {
	for _, b := range boxes {
		for _, limit := range []int{30, 31} {
			out, code := run(t, inBox(t, append([]string{"--pids-limit", strconv.Itoa(limit)}, b.flags...), "tasks")...)
			if want := fmt.Sprintf("fork EAGAIN\ntasks %d\n", limit); out != want || code != 0 {
				t.Errorf("%s: code %d: %q, want %q", b.name, code, out, want)
			}
		}
	}
	for _, trap := range traps {
		out, code := run(t, testutil.Ptbox(t), "run", "--trap", trap, "--bundle", bundleOf(t, `"linux": {"resources": {"pids": {"limit": 25}}}`, nil, "tasks"))
		if out != "fork EAGAIN\ntasks 25\n" || code != 0 {
			t.Errorf("%s: code %d: %q", trap, code, out)
		}
	}
}

func TestTmpfsSize(t *testing.T) {
	for _, b := range boxes {
		out, code := run(t, inBox(t, append([]string{"--tmpfs", "/full:size=1m"}, b.flags...), "fill", "/full/f")...)
		if out != "1048576 ENOSPC\n" || code != 0 {
			t.Errorf("%s: code %d: %q", b.name, code, out)
		}
	}
}

// A time limit ends what does not want to end, with all its children.
func TestTimeLimit(t *testing.T) {
	for _, b := range boxes {
		out, code := run(t, inBox(t, append([]string{"--timeout", "300ms"}, b.flags...), "deaf")...)
		if out != "" || code != 124 {
			t.Errorf("%s: code %d: %q", b.name, code, out)
		}
	}
}
