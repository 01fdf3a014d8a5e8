package tracer

import (
	"bytes"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A task that somebody has killed in the middle of its exec, or that does not fit
// into its memory limit, is no failure that anybody must hear of.
func TestFatalSays(t *testing.T) {
	gone := exec.Command("/proc/self/exe", "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	for _, e := range []unix.Errno{unix.ESRCH, unix.ENOMEM, unix.EIO} {
		var out bytes.Buffer
		tr := &Tracer{log: slog.New(slog.NewTextHandler(&out, nil)), seccomp: true}
		tr.fatal(&Task{Tid: gone.Process.Pid}, fmt.Errorf("reading: %w", e))
		if got := strings.Contains(out.String(), "could not be started"); got != (e == unix.EIO) {
			t.Errorf("%v: %q", e, out.String())
		}
	}
}
