package sandbox

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/tracer/fastpath"
)

// What a mount hides in another of the kernel's mounts is not reached from
// below either, with "auto". With "on" it is, which shows that the attack works.
func TestFastUp(t *testing.T) {
	var hidden unix.Stat_t
	if err := unix.Stat("/dev", &hidden); err != nil {
		t.Fatal(err)
	}
	root, _ := mountID(unix.AT_FDCWD, "/", 0)
	if dev, ok := mountID(unix.AT_FDCWD, "/dev", 0); !ok || dev == root {
		testutil.Skip(t, testutil.NeedDevMount, "it is not")
	}
	for _, mode := range []string{"on", "auto"} {
		t.Run(mode, func(t *testing.T) {
			o := Options{Root: "/", Fast: mode, Mounts: []fsview.Mount{
				{Target: "/dev", Source: t.TempDir()},
				{Target: "/inner", Source: "/dev/pts"},
				{Target: "/guest", Source: filepath.Join(guestRoot(t), "guest")},
			}}
			hex := func(v int) string { return fmt.Sprintf("%#x", v) }
			out, st, _ := runGuest(t, o, "gadget-up", hex(fastpath.SymGadgetSys), hex(fastpath.DotDot), hex(fastpath.HowUp), hex(fastpath.HowUpEnd), "/inner")
			got := strings.Contains(out, fmt.Sprintf("inode %d of %d\n", hidden.Ino, hidden.Dev))
			if st.Code != 0 || !strings.HasSuffix(out, "done\n") || got != (mode == "on") {
				t.Errorf("exit %d\n%s", st.Code, out)
			}
		})
	}
}
