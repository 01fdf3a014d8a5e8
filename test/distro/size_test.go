package distro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// withGuest puts the guest program into the work directory.
func withGuest(t *testing.T) *box {
	t.Helper()
	b := newBox(t)
	p, err := os.ReadFile(b.guest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.work, "guest"), p, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGuestPrograms runs the engine's own test programs in the large root.
func TestGuestPrograms(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
		code int
	}{
		{"forkbomb 2000", "5995\n", 0},
		{"threads 16 100", "1600 rounds\n", 0},
		{"unixpair /mnt/sock", "listening /mnt/sock\n" + strings.Repeat("hello from /mnt/sock; peer /mnt/sock\n", 3), 0},
		{"exec-from-thread", "ok\n", 0},
		{"vforkexec 100", "ok\n", 0},
		{"stopself", "ok\n", 0},
		{"fifo-restart /mnt", "ok\n", 0},
		{"sigstorm 20000", "errors 0\n", 0},
		{"segv", "", 139},
		{"kill 15", "", 143},
		{"exit 77", "", 77},
	} {
		t.Run(c.args, func(t *testing.T) {
			b := withGuest(t)
			code, out := output(t, b.under(append([]string{"/mnt/guest"}, strings.Fields(c.args)...)...))
			if code != c.code || out != c.want {
				t.Errorf("exit %d, output %q; want %d, %q", code, out, c.code, c.want)
			}
		})
	}
}

// TestMemoryOverManyExecs compares the launcher's greatest size after a few
// execs and after ten thousand: a leak of 1 KiB an exec is 10 MiB.
func TestMemoryOverManyExecs(t *testing.T) {
	b := withGuest(t)
	size := func(n string) int64 {
		c := b.under("/mnt/guest", "execloop", n)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// The resource usage that wait returns will not do: its maximum counts
		// what the process was before it executed ptbox.
		peak := make(chan int64)
		done := make(chan struct{})
		go func() {
			var last int64
			for {
				if kb := peakOf(c.Process.Pid, filepath.Base(b.ptbox)); kb > 0 {
					last = kb
				}
				select {
				case <-done:
					peak <- last
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}()
		err := c.Wait()
		close(done)
		kb := <-peak
		if err != nil || kb == 0 {
			t.Fatalf("execloop %s: %v, peak size %d", n, err, kb)
		}
		return kb
	}
	few, many := size("500"), size("10000")
	t.Logf("peak size: %d KiB after 500 execs, %d KiB after 10000", few, many)
	if many > few+8<<10 {
		t.Errorf("the launcher has grown from %d to %d KiB", few, many)
	}
}

// peakOf is VmHWM of a process in KiB, 0 unless it runs the program comm.
func peakOf(pid int, comm string) (kb int64) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil || !bytes.HasPrefix(b, []byte("Name:\t"+comm+"\n")) {
		return 0
	}
	for l := range strings.Lines(string(b)) {
		if _, err := fmt.Sscanf(l, "VmHWM: %d kB", &kb); err == nil {
			return kb
		}
	}
	return 0
}

// TestKilledLauncher kills ptbox in the only way that it cannot handle; the
// kernel must take everything with it.
func TestKilledLauncher(t *testing.T) {
	b := newBox(t)
	mark := fmt.Sprintf("86%06d", os.Getpid())
	c := b.under("/bin/bash", "-c", "for i in 1 2 3; do (setsid sleep "+mark+" &) ; done; sleep "+mark+" & exec sleep "+mark)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Process.Kill()
	waitFor(t, "five sleeping processes", func() bool { return len(sleepers(mark)) == 5 })
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Wait()
	waitFor(t, "no process to be left", func() bool { return len(sleepers(mark)) == 0 })
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1200 {
		if ok() {
			return
		}
		time.Sleep(50 * time.Millisecond) //nolint:forbidigo // other processes have no event to wait for
	}
	t.Fatalf("gave up waiting for %s", what)
}

// sleepers are the processes that run "sleep mark".
func sleepers(mark string) []string {
	var out []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Equal(b, []byte("sleep\x00"+mark+"\x00")) {
			out = append(out, f)
		}
	}
	return out
}

// TestBundle makes a bundle of a static busybox with ptbox spec and runs it.
func TestBundle(t *testing.T) {
	b := newBox(t)
	dir := workDir(t)
	bin := filepath.Join(dir, "rootfs", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile(filepath.Join(b.root, "usr/bin/busybox"))
	if err != nil {
		p, err = os.ReadFile(filepath.Join(b.root, "bin/busybox"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "busybox"), p, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"sh", "ls", "cat", "pwd", "id", "mount", "echo"} {
		if err := os.Symlink("busybox", filepath.Join(bin, n)); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		who := fmt.Sprintf("%d:%d", unpriv.Nobody, unpriv.Nobody)
		if out, err := exec.Command("chown", "-Rh", who, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	spec := unpriv.Command(b.guest, b.ptbox, "spec", "--rootfs", "rootfs", "-b", dir)
	if code, out := output(t, spec); code != 0 {
		t.Fatalf("ptbox spec: exit %d: %s", code, out)
	}
	edit(t, filepath.Join(dir, "config.json"), "echo in the bundle; pwd; ls /; cat /proc/self/comm; exit 12")
	code, out := output(t, unpriv.Command(b.guest, b.ptbox, "run", dir))
	for _, want := range []string{"in the bundle\n", "\nbin\n", "\nproc\n", "\ncat\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in the output", want)
		}
	}
	if code != 12 || t.Failed() {
		t.Errorf("exit %d, output:\n%s", code, out)
	}
}

// edit replaces the command of a config.json.
func edit(t *testing.T, path, script string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(b, &config); err != nil {
		t.Fatal(err)
	}
	process := config["process"].(map[string]any)
	process["args"] = []string{"/bin/sh", "-c", script}
	process["terminal"] = false
	process["env"] = []string{"PATH=/bin"}
	if b, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
