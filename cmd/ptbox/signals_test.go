package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/spec"
)

// guest starts ptbox with a shell script as its command and returns what it
// prints, line by line.
func guest(t *testing.T, script string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ptbox", "exec", "-r", "/", "sh", "-c", script)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

func line(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	s, err := r.ReadString('\n')
	if strings.TrimSpace(s) != want {
		t.Fatalf("got %q (%v), want %q", s, err, want)
	}
}

func exitCode(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// TestForward sends signals to ptbox; the command gets them.
func TestForward(t *testing.T) {
	for _, sig := range []struct {
		name string
		nr   syscall.Signal
	}{
		{"HUP", unix.SIGHUP},
		{"INT", unix.SIGINT},
		{"QUIT", unix.SIGQUIT},
		{"TERM", unix.SIGTERM},
		{"USR1", unix.SIGUSR1},
		{"USR2", unix.SIGUSR2},
		{"WINCH", unix.SIGWINCH},
		{"ALRM", unix.SIGALRM},
		{"35", 35},
		{"64", lastRealTime},
	} {
		t.Run(sig.name, func(t *testing.T) {
			cmd, out := guest(t, fmt.Sprintf("trap 'echo got; exit 9' %s; echo ready; sleep 1000 & wait", sig.name))
			line(t, out, "ready")
			if err := cmd.Process.Signal(sig.nr); err != nil {
				t.Fatal(err)
			}
			line(t, out, "got")
			if code := exitCode(t, cmd); code != 9 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestIgnored: what ptbox was told to ignore (nohup) the command ignores as well.
func TestIgnored(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "trap '' HUP; exec ptbox exec -r / sh -c 'echo ready; read x; echo $x; exit 3'")
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
	out := bufio.NewReader(pipe)
	line(t, out, "ready")
	if err := cmd.Process.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "alive\n"); err != nil {
		t.Fatal(err)
	}
	line(t, out, "alive")
	if code := exitCode(t, cmd); code != 3 {
		t.Errorf("exit code %d", code)
	}
}

// TestForwardKills: a command that does not catch the signal ends by it.
func TestForwardKills(t *testing.T) {
	cmd, out := guest(t, "echo ready; exec sleep 1000")
	line(t, out, "ready")
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 128+15 {
		t.Errorf("exit code %d", code)
	}
}

// TestKilled: nothing of the command outlives ptbox.
func TestKilled(t *testing.T) {
	cmd, out := guest(t, "echo $$; exec sleep 1000")
	var pid int
	s, err := out.ReadString('\n')
	if _, e := fmt.Sscan(s, &pid); err != nil || e != nil {
		t.Fatal(s, err, e)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = exitCode(t, cmd)
	// A pidfd becomes readable when the process has ended.
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

// pty opens a new pseudo terminal.
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	m, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if err := unix.IoctlSetPointerInt(int(m.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(m.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	s, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return m, s
}

// TestKeyboard types ^C: the kernel sends it to the whole foreground group,
// and the command must not get it twice, wherever its input comes from.
func TestKeyboard(t *testing.T) {
	t.Run("terminal", func(t *testing.T) { keyboard(t, true) })
	t.Run("pipe", func(t *testing.T) { keyboard(t, false) })
}

func keyboard(t *testing.T, stdin bool) {
	master, slave := pty(t)
	cmd := exec.CommandContext(t.Context(), "ptbox", "exec", "-r", "/", "sh", "-c",
		"exec < /dev/tty; n=0; trap 'n=$((n+1)); echo int $n' INT; stty -echo; echo ready; "+
			"x=; while [ \"$x\" != end ]; do x=; if read x; then echo $x $n; fi; done; exit $n")
	cmd.Stdout, cmd.Stderr = slave, slave
	if stdin {
		cmd.Stdin = slave
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	out := bufio.NewReader(master)
	line(t, out, "ready")
	if _, err := io.WriteString(master, "\x03"); err != nil {
		t.Fatal(err)
	}
	line(t, out, "int 1")
	// A second one, had there been any, would be counted by now or before the
	// next two lines are read.
	for range 2 {
		if _, err := io.WriteString(master, "line\n"); err != nil {
			t.Fatal(err)
		}
		line(t, out, "line 1")
	}
	if _, err := io.WriteString(master, "end\n"); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd); code != 1 {
		t.Errorf("the command saw %d signals", code)
	}
}

// TestJobControl types ^Z: a shell must see ptbox stop, and SIGCONT must bring
// both back.
func TestJobControl(t *testing.T) {
	master, slave := pty(t)
	cmd := exec.CommandContext(t.Context(), "ptbox", "exec", "-r", "/", "sh", "-c", "stty -echo; echo ready; read x; echo $x; exit 5")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	out := bufio.NewReader(master)
	line(t, out, "ready")
	pid := cmd.Process.Pid
	// The group of a session leader is orphaned, so that the kernel would drop
	// the SIGTSTP of the keyboard: SIGSTOP takes its place.
	if err := unix.Kill(-pid, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, unix.WUNTRACED, nil); err != nil || !ws.Stopped() {
		t.Fatal(ws, err)
	}
	if err := unix.Kill(-pid, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(master, "back\n"); err != nil {
		t.Fatal(err)
	}
	line(t, out, "back")
	if code := exitCode(t, cmd); code != 5 {
		t.Errorf("exit code %d", code)
	}
}

// TestTerminal runs a bundle that asks for a terminal: the command has the
// caller's, and /dev/console is it.
func TestTerminal(t *testing.T) {
	master, slave := pty(t)
	bundle := t.TempDir()
	sp := spec.Default("/")
	sp.Process.Terminal = true
	sp.Process.Args = []string{"sh", "-c", "test -t 0 && echo tty; stat -L -c %t,%T /dev/console /proc/self/fd/0 | uniq | wc -l"}
	data, err := json.Marshal(sp)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bundle, spec.ConfigName), data, 0o644); err != nil {
		t.Fatal(err)
	}
	// In the pipe standard input of stat is the terminal still.
	cmd := exec.CommandContext(t.Context(), "ptbox", "run", bundle)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	out := bufio.NewReader(master)
	line(t, out, "tty")
	line(t, out, "1")
	if code := exitCode(t, cmd); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
