package testutil

import (
	"os"
	"os/exec"
	"testing"
)

// Need is what a test wants of the host. Each has a rule that says when a
// skip for it is acceptable even where everything must work.
type Need string

// The needs.
const (
	NeedRoot      Need = "root (mounts make the native side)"
	NeedCommand   Need = "a command that is not installed"
	NeedPtbox     Need = "cmd/ptbox"
	NeedDistro    Need = "PTBOX_DISTRO=1"
	NeedSeccomp   Need = "seccomp"
	NeedKernel    Need = "a newer kernel"
	NeedInt80     Need = "int 0x80, which faults on this host without a sandbox too"
	NeedFileFlags Need = "file flags (chattr), which this file system refuses without a sandbox too"
	NeedMultilib  Need = "a C compiler that makes 32-bit programs (gcc-multilib)"
	NeedDevMount  Need = "a /dev that is a mount of its own"
	NeedInterface Need = "a kernel interface that this host withholds"
)

// excused says on which hosts a need may go unmet with PTBOX_MUST_WORK=1.
var excused = map[Need]func() bool{
	// Root's own run of the same tests covers it.
	NeedRoot: func() bool { return os.Geteuid() != 0 },
	// Asked for by a target of its own.
	NeedDistro: func() bool { return true },
	// Tried before it is said: kernels without IA-32 emulation.
	NeedInt80: func() bool { return true },
	// Tried before it is said.
	NeedMultilib: func() bool { return true },
	// How the host is laid out; looked at before it is said.
	NeedDevMount: func() bool { return true },
	// Likewise: file systems without inode flags.
	NeedFileFlags: func() bool { return true },
}

// Skip skips the test for the given need, or fails it when PTBOX_MUST_WORK=1
// and the host has no excuse.
func Skip(t testing.TB, need Need, detail string) {
	t.Helper()
	if os.Getenv("PTBOX_MUST_WORK") == "1" && (excused[need] == nil || !excused[need]()) {
		t.Fatalf("would skip, but PTBOX_MUST_WORK=1: needs %s: %s", need, detail)
	}
	t.Skipf("needs %s: %s", need, detail)
}

// Command returns the path of an installed command, or skips.
func Command(t testing.TB, name string) string {
	t.Helper()
	p, err := exec.LookPath(name)
	if err != nil {
		Skip(t, NeedCommand, name)
	}
	return p
}
