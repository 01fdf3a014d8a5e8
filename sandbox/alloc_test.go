package sandbox

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/fsview"
)

// A stop of a frequent call allocates nothing: each collection of the tracer's
// heap would cost as much as hundreds of stops.
func TestStopsDoNotAllocate(t *testing.T) {
	root := guestRoot(t)
	dir := filepath.Dir(root)
	write(t, filepath.Join(root, "d", "f"), "f\n")
	write(t, filepath.Join(dir, "src", "f"), "f\n")
	for _, call := range []string{
		`stat "/d/f"`, `stat "d/f"`, `stat "/bind/f"`, `lstat "/d"`, `newfstatat AT_FDCWD "/d/f" 0`, `statx AT_FDCWD "/d/f" 0 0xfff`,
		`access "/d/f" 4`, `faccessat AT_FDCWD "/d/f" 4 0`, `readlink "/d/f"`, `stat "/d/none"`, `openat AT_FDCWD "/d/none" 0 0`,
	} {
		t.Run(call, func(t *testing.T) {
			run := func(n int) uint64 {
				o := Options{Root: root, Fast: "off", Mounts: []fsview.Mount{{Target: "/bind", Source: filepath.Join(dir, "src")}}}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				out, st, stats := runGuest(t, o, "seq", "-c", strings.Repeat(call+"\n", n))
				runtime.ReadMemStats(&after)
				if st.Code != 0 || int(stats.Stops) < n {
					t.Fatalf("exit %d, %d stops\n%s", st.Code, stats.Stops, out[:min(len(out), 1000)])
				}
				return after.Mallocs - before.Mallocs
			}
			run(10)
			few := run(100)
			if many := run(2100); many > few+400 {
				t.Errorf("2000 more calls allocate %d more objects", many-few)
			}
		})
	}
}
