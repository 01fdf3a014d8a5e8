package fsview

import "testing"

// TestNoAllocation: a resolution that is not asked for a trace does not
// allocate, on the fast paths and beyond.
func TestNoAllocation(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, tree)
		v := newView(t, w, w.config("/mnt ext"))
		defer v.Close()
		b := w.base(t, "root/usr")
		defer w.fs.Close(b.Dir)
		var r Resolution
		for _, q := range []Request{
			{Path: "lib/libc.so", Base: b, Follow: true},
			{Path: "lib/new", Base: b, Follow: true, Op: OpenCreate},
			{Path: "../etc/passwd", Base: b, Follow: true},
			{Path: "/usr/lib/libc.so", Follow: true},
			{Path: "/usr/lib/none", Follow: true},
			{Path: "/mnt/data/x", Follow: true},
			{Path: "/etc/new", Op: Create},
			{Path: "/lib/libc.so", Follow: true},
			{Path: "/into", Follow: true},
		} {
			if n := testing.AllocsPerRun(20, func() { v.Resolve(&q, &r) }); n != 0 {
				t.Errorf("%s: %v allocations", q.Path, n)
			}
		}
	})
}
