package identity

import (
	"math/rand"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// Whenever ptbox is killed, the next run sees one of the states that the guest
// has put the file into, and can go on from there.
func TestKilled(t *testing.T) {
	dir, st := root(t, unpriv.Nobody), state(t)
	ptbox(t, dir, st, "create /f 0644", "chmod /f 0644", "mkdir /d 0755")
	round := []string{"chmod /f 0", "chown /f 5 6", "append /f x", "chmod /f 0444", "chown /f 7 8", "truncate /f 0", "chmod /f 04755", "chown /f 0 0", "chmod /d 0", "create /d/x 0600", "unlink /d/x", "chown /d 1 1", "chmod /d 0755", "chown /d 0 0"}
	var args []string
	for range 60 {
		args = append(args, round...)
	}
	// What a file may look like: mode and owners by the operations above.
	modes := map[string][]string{
		"/f": {"0100000", "0100444", "0100644", "0104755", "0100755"},
		"/d": {"0040000", "0040755"},
	}
	owners := map[string][]string{"/f": {"0 0", "5 6", "7 8"}, "/d": {"0 0", "1 1"}}
	for range 25 {
		argv := append([]string{testutil.Ptbox(t), "exec", "-0", "-r", dir, "-w", "/", "--", "/guest", "own"}, args...)
		kill(t, unpriv.Command(testbin.Guest(t), argv...), st)
		for p := range modes {
			line := ptbox(t, dir, st, "stat "+p)
			f := strings.Fields(line)
			if len(f) < 5 || !slices.Contains(modes[p], f[2]) || !slices.Contains(owners[p], f[3]+" "+f[4]) {
				t.Errorf("after a kill: %s", line)
			}
		}
		want := "chmod /f 0600: ok\nchown /f 3 3: ok\nread /f: \"\"\nstat /f: 0100600 3 3 0x0\nls /d: []\n"
		if got := ptbox(t, dir, st, "chmod /f 0600", "chown /f 3 3", "truncate /f 0", "read /f", "stat /f", "unlink /d/x", "ls /d"); strip(got) != want {
			t.Errorf("%s", diff(want, strip(got)))
		}
		ptbox(t, dir, st, "chmod /f 0644", "chown /f 0 0")
	}
}

// strip leaves out what depends on where the kill came.
func strip(s string) string {
	var out strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(line, "truncate") && !strings.HasPrefix(line, "unlink") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// kill starts a command and kills it at some time.
func kill(t *testing.T, cmd *exec.Cmd, state string) {
	t.Helper()
	cmd.Env = []string{"XDG_STATE_HOME=" + state, "PATH=/"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(rand.Intn(150)) * time.Millisecond) //nolint:forbidigo // other processes have no event to wait for
	cmd.Process.Kill()
	cmd.Wait()
}
