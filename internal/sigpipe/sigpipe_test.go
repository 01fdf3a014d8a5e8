package sigpipe

import (
	"os"
	"os/signal"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// Every signal arrives, one as often as it is sent, and one that is ignored
// stays so.
func TestCatch(t *testing.T) {
	const last = unix.Signal(64)
	signal.Ignore(unix.SIGHUP)
	fd, err := Catch([]unix.Signal{unix.SIGHUP, unix.SIGTERM, unix.SIGWINCH, last})
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "signals")
	defer f.Close()
	sent := []byte{byte(unix.SIGTERM), byte(unix.SIGWINCH), byte(last), byte(unix.SIGTERM)}
	for _, s := range sent {
		for _, s := range []unix.Signal{unix.SIGHUP, unix.Signal(s)} {
			if err := unix.Kill(os.Getpid(), s); err != nil {
				t.Fatal(err)
			}
		}
		var b [1]byte
		if _, err := f.Read(b[:]); err != nil || b[0] != s {
			t.Fatalf("got %v (%v), want %v", b, err, s)
		}
	}
	// A full pipe hinders nobody.
	var got []byte
	for range 70000 {
		if err := unix.Kill(os.Getpid(), last); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Kill(os.Getpid(), unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1<<16)
	for {
		n, err := unix.Read(fd, b)
		if n <= 0 {
			if err != unix.EAGAIN {
				t.Fatal(n, err)
			}
			break
		}
		got = append(got, b[:n]...)
	}
	if len(got) < 4096 || slices.ContainsFunc(got, func(b byte) bool { return b != byte(last) && b != byte(unix.SIGTERM) }) {
		t.Errorf("%d signals: %v", len(got), got[:min(len(got), 20)])
	}
}
