package identity

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
			narrow(t, dir, line)
		}
		want := "chmod /f 0600: ok\nchown /f 3 3: ok\nread /f: \"\"\nstat /f: 0100600 3 3 0x0\nls /d: []\n"
		if got := ptbox(t, dir, st, "chmod /f 0600", "chown /f 3 3", "truncate /f 0", "read /f", "stat /f", "unlink /d/x", "ls /d"); strip(got) != want {
			t.Errorf("%s", diff(want, strip(got)))
		}
		ptbox(t, dir, st, "chmod /f 0644", "chown /f 0 0")
	}
}

// narrow checks that the mode on the host is the one that the guest sees in the
// line of a stat. A file with an owner of its own may always be read.
func narrow(t *testing.T, dir, line string) {
	t.Helper()
	var path string
	var mode, uid, gid uint32
	if _, err := fmt.Sscanf(line, "stat %s %o %d %d", &path, &mode, &uid, &gid); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	var st unix.Stat_t
	if err := unix.Stat(dir+strings.TrimSuffix(path, ":"), &st); err != nil {
		t.Fatal(err)
	}
	if st.Mode != mode && (st.Mode != mode|0o400 || uid == 0 && gid == 0) {
		t.Errorf("mode %o on the host: %s", st.Mode, line)
	}
}

// What root does in spite of a mode changes no mode outside.
func TestHostModes(t *testing.T) {
	dir, st := root(t, unpriv.Nobody), state(t)
	ptbox(t, dir, st, "mkdir /d 0", "mkdir /d/e 0", "create /d/e/f 0", "append /d/e/f x", "read /d/e/f", "create /g 0444", "append /g x", "create /h 0644", "chmod /h 0400", "chown /h 5 5", "append /h x",
		"create /n 0444", "append /n x", "rename /n /m", "mkdir /q 0755", "create /q/f 0444", "append /q/f x", "rename /q /r")
	for _, line := range strings.Split(strings.TrimSpace(ptbox(t, dir, st, "stat /d", "stat /g", "stat /h")), "\n") {
		narrow(t, dir, line)
	}
	if os.Geteuid() == 0 {
		for p, want := range map[string]os.FileMode{"d/e": 0, "d/e/f": 0, "m": 0o444, "r/f": 0o444} {
			if fi, err := os.Stat(filepath.Join(dir, p)); err != nil || fi.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", p, fi, err)
			}
		}
	}
	if left, _ := filepath.Glob(st + "/ptbox/widened-*"); len(left) > 0 {
		t.Errorf("left: %v", left)
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
