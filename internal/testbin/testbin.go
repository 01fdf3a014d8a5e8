// Package testbin builds the static programs that run inside sandboxes under
// test. The programs are in the directories below; a new one is a new
// subcommand of guest unless it cannot be static Go.
package testbin

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

var guest = sync.OnceValues(func() (string, error) {
	if p := os.Getenv("PTBOX_GUEST"); p != "" {
		return filepath.Abs(p)
	}
	return testutil.Build("internal/testbin/guest", "guest")
})

// Guest returns the path of the guest program, built once a process.
// PTBOX_GUEST names one that is built already.
func Guest(t testing.TB) string {
	t.Helper()
	p, err := guest()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// GuestPath is Guest for callers without a test.
func GuestPath() (string, error) { return guest() }
