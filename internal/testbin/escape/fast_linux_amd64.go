package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// syscallAt has the code at an address make a system call.
func syscallAt(code, nr, a, b uintptr) uintptr

// fastTechniques jump to the instruction that the fast path trusts; natively there is
// one of our own at its place.
var fastTechniques = []technique{
	{"fast-getcwd", func() error {
		at := cfg.Gadget
		if err := os.Chdir(cfg.Work); err != nil {
			return err
		}
		want := []byte{0x0f, 0x05, 0xc3} // syscall; ret
		code := make([]byte, at%page+4)
		copy(code[at%page:], want)
		codeAt(at&^(page-1), code...) // in a sandbox that fails
		mem, err := os.Open("/proc/self/mem")
		if err != nil {
			return err
		}
		defer mem.Close()
		if got := make([]byte, len(want)); noCount(mem.ReadAt(got, int64(at))) != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%w: %x is there", errHeld, got)
		}
		runtime.LockOSThread()
		room := make([]byte, 512)
		n := int(syscallAt(at, unix.SYS_GETCWD, uintptr(address(room)), uintptr(len(room))))
		got := string(room[:max(n, 1)-1])
		if got != filepath.Join(filepath.Dir(cfg.Outside), "work") {
			return fmt.Errorf("%w: %d %q", errHeld, n, got)
		}
		return nil
	}},
}
