package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

// A guest process may have 64 KiB for the sake of the fast path, and a tracer
// of 500 processes 30 MB.
func TestFastMemory(t *testing.T) {
	cc := testutil.Command(t, "gcc")
	dir := t.TempDir()
	exe, file := filepath.Join(dir, "fast"), filepath.Join(dir, "file")
	write(t, file, "file\n")
	if out, err := exec.Command(cc, "-O1", "-pthread", "-w", "-o", exe, "testdata/fast.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, st, stats := runHere(t, exe, "memory", file, "ok")
	if st.Code != 0 || out != "ok\n" {
		t.Errorf("exit %d: %s", st.Code, out)
	}
	if stats.FastHits["newfstatat"] < 100 {
		t.Errorf("the fast path was not in use: %v", stats.FastHits)
	}

	cmd := exec.Command(testutil.Ptbox(t), "exec", "-r", "/", "--fast=on", "--", exe, "many", file, "ok")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(pipe)
	line, err := r.ReadString('\n')
	peak := statusKB(t, cmd.Process.Pid, "VmHWM:")
	in.Close()
	end, _ := r.ReadString('\n')
	if werr := cmd.Wait(); err != nil || werr != nil || line != "up\n" || end != "ok\n" {
		t.Fatalf("%q %q, %v, %v", line, end, err, werr)
	}
	t.Logf("the tracer of 501 processes had %d kB", peak)
	if peak > 30_000 {
		t.Errorf("the tracer of 501 processes had %d kB", peak)
	}
}

func statusKB(t *testing.T, pid int, name string) (kb int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, name); ok {
			kb, err = strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return kb
}
