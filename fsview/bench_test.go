package fsview

import (
	"os"
	"testing"
)

// benchView is a view of a usual shape, on the real file system.
func benchView(b *testing.B) (*View, *world) {
	w := &world{"openat2", OS{}, b.TempDir(), nil}
	must(b, os.MkdirAll(w.host("root/usr/lib/x86_64-linux-gnu"), 0o755))
	must(b, os.WriteFile(w.host("root/usr/lib/x86_64-linux-gnu/libc.so.6"), nil, 0o644))
	must(b, os.Symlink("usr/lib", w.host("root/lib")))
	for _, d := range []string{"scratch", "ext", "root/dev", "root/etc", "root/proc", "root/home"} {
		must(b, os.MkdirAll(w.host(d), 0o755))
	}
	must(b, os.WriteFile(w.host("root/etc/passwd"), nil, 0o644))
	v, err := New(w.config("/dev ext", "/etc/passwd root/etc/passwd", "/home ext", "/proc ext"))
	must(b, err)
	b.Cleanup(v.Close)
	return v, w
}

func benchResolve(b *testing.B, v *View, q *Request) {
	var r Resolution
	b.ReportAllocs()
	for b.Loop() {
		v.Resolve(q, &r)
	}
}

func BenchmarkPlainRelative(b *testing.B) {
	v, w := benchView(b)
	h, _ := w.fs.Root(w.host("root/usr/lib"))
	defer w.fs.Close(h)
	benchResolve(b, v, &Request{Path: "x86_64-linux-gnu/libc.so.6", Follow: true, Base: &Base{Dir: h}})
}

func BenchmarkRelativeFromRoot(b *testing.B) {
	v, w := benchView(b)
	h, _ := w.fs.Root(w.host("root"))
	defer w.fs.Close(h)
	benchResolve(b, v, &Request{Path: "usr/lib/x86_64-linux-gnu/libc.so.6", Follow: true, Base: &Base{Dir: h}})
}

func BenchmarkLiteral(b *testing.B) {
	v, _ := benchView(b)
	benchResolve(b, v, &Request{Path: "/usr/lib/x86_64-linux-gnu/libc.so.6", Follow: true})
}

func BenchmarkMissing(b *testing.B) {
	v, _ := benchView(b)
	benchResolve(b, v, &Request{Path: "/usr/lib/x86_64-linux-gnu/libm.so.6", Follow: true})
}

func BenchmarkSymlink(b *testing.B) {
	v, _ := benchView(b)
	benchResolve(b, v, &Request{Path: "/lib/x86_64-linux-gnu/libc.so.6", Follow: true})
}

func BenchmarkDotDot(b *testing.B) {
	v, w := benchView(b)
	h, _ := w.fs.Root(w.host("root/usr/lib"))
	defer w.fs.Close(h)
	benchResolve(b, v, &Request{Path: "../lib/x86_64-linux-gnu", Follow: true, Base: &Base{Dir: h}})
}

// BenchmarkMem is the part that is no system call.
func BenchmarkMem(b *testing.B) {
	m := NewMem()
	m.AddFile("/h/root/usr/lib/x86_64-linux-gnu/libc.so.6")
	v, err := New(Config{FS: m, Root: Mount{Source: "/h/root"}})
	must(b, err)
	benchResolve(b, v, &Request{Path: "/usr/lib/x86_64-linux-gnu/libc.so.6", Follow: true})
}
