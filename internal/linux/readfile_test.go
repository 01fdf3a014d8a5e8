package linux

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	for _, size := range []int{0, 1, 4095, 4096, 4097, 20000} {
		want := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(name, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d (%v)", size, len(got), err)
		}
	}
	if _, err := ReadFile(name + "x"); err != unix.ENOENT {
		t.Error(err)
	}
	if _, err := ReadFile(filepath.Dir(name)); err != unix.EISDIR {
		t.Error(err)
	}
}
