package fsview

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// world is a host for tests: one of the backends, and a directory in it.
type world struct {
	name string
	fs   FS
	top  string
	mem  *Mem
}

// inWorlds runs f in every backend.
func inWorlds(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("mem", func(t *testing.T) {
		m := NewMem()
		m.AddDir("/h/scratch")
		m.AddFile("/dev/null")
		f(t, &world{"mem", m, "/h", m})
		if m.open != 0 {
			t.Errorf("%d handles are still open", m.open)
		}
	})
	for _, fs := range []OS{{}, {NoOpenat2: true}} {
		name := map[bool]string{false: "openat2", true: "openat"}[fs.NoOpenat2]
		t.Run(name, func(t *testing.T) {
			top, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if f, err := os.Open(os.DevNull); err == nil {
				f.Close() // the runtime's poller has its descriptors now
			}
			before := countFDs(t)
			w := &world{name, fs, top, nil}
			must(t, os.Mkdir(w.host("scratch"), 0o700))
			f(t, w)
			if err := RemoveScratch(w.host("scratch")); err != nil {
				t.Errorf("scratch: %v", err)
			}
			if after := countFDs(t); after != before {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

func countFDs(t *testing.T) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(d)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) host(name string) string {
	if name == "" {
		return w.top
	}
	return w.top + "/" + name
}

// build makes files: "dir/", "file", "link -> body".
func (w *world) build(t *testing.T, spec string) {
	t.Helper()
	for line := range strings.SplitSeq(spec, "\n") {
		line = strings.TrimSpace(line)
		name, body, isLink := strings.Cut(line, " -> ")
		p := w.host(strings.TrimSuffix(name, "/"))
		switch {
		case line == "":
		case isLink && w.mem != nil:
			w.mem.AddLink(p, body)
		case w.mem != nil && strings.HasSuffix(name, "/"):
			w.mem.AddDir(p)
		case w.mem != nil:
			w.mem.AddFile(p)
		case isLink:
			must(t, os.MkdirAll(filepath.Dir(p), 0o755))
			must(t, os.Symlink(body, p))
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(p, 0o755))
		default:
			must(t, os.MkdirAll(filepath.Dir(p), 0o755))
			must(t, os.WriteFile(p, nil, 0o644))
		}
	}
}

// remove deletes a host object and what is below it.
func (w *world) remove(t *testing.T, name string) {
	t.Helper()
	if w.mem != nil {
		w.mem.Remove(w.host(name))
		return
	}
	must(t, os.RemoveAll(w.host(name)))
}

// config makes a Config with root/ as "/" and mounts spelled "target source".
// A source without a slash is below the world's top.
func (w *world) config(mounts ...string) Config {
	c := Config{
		FS:      w.fs,
		Root:    Mount{Source: w.host("root")},
		Scratch: func() (string, error) { return w.host("scratch"), nil },
	}
	for _, m := range mounts {
		f := strings.Fields(m)
		mt := Mount{Target: f[0]}
		switch f[1] {
		case "tmpfs":
			mt.Kind = Tmpfs
		case "mask":
			mt.Kind = Mask
		default:
			mt.Source = w.host(f[1])
		}
		if len(f) > 2 {
			switch f[2] {
			case "proc":
				mt.Kind = Proc
			case "nosymfollow":
				mt.Flags = NoSymFollow
			}
		}
		c.Mounts = append(c.Mounts, mt)
	}
	return c
}

// base makes a Base from a host path.
func (w *world) base(t *testing.T, name string) *Base {
	t.Helper()
	h, e := w.fs.Root(w.host(name))
	if e != 0 {
		t.Fatalf("%s: %v", name, e)
	}
	return &Base{Dir: h}
}

// resolve returns a Resolution as text: the host path below the world's top,
// "rel" if it stays relative, and the flags.
func (w *world) resolve(v *View, q *Request) string {
	var r Resolution
	if e := v.Resolve(q, &r); e != 0 {
		return unix.ErrnoName(e)
	}
	defer v.Release(&r)
	return w.text(&r)
}

func (w *world) text(r *Resolution) string {
	s := strings.TrimPrefix(strings.TrimPrefix(string(r.Host), w.top), "/")
	if r.Relative {
		s = "rel"
	}
	if !r.Exists && !r.Relative {
		s += " new"
	}
	for _, f := range []struct {
		on   bool
		name string
	}{
		{r.MountPoint, "mountpoint"},
		{r.AboveMount, "above"},
		{r.Magic, "magic"},
		{r.LastDot, "dot"},
		{r.LastDotDot, "dotdot"},
		{r.IsRoot, "root"},
	} {
		if f.on {
			s += " " + f.name
		}
	}
	return s
}
