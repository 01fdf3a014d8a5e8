package fsview

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The words of random paths and trees: few, so that they meet.
var words = []string{"a", "b", "c", "d", "e", ".", "..", "missing"}

// source draws numbers: from a generator, or from a fuzzer's bytes.
type source struct {
	rnd  *rand.Rand
	data []byte
}

func (s *source) n(n int) int {
	if s.rnd != nil {
		return s.rnd.IntN(n)
	}
	if len(s.data) == 0 {
		return 0
	}
	x := int(s.data[0])
	s.data = s.data[1:]
	return x % n
}

func (s *source) path(maxLen int, absolute bool) string {
	var b strings.Builder
	if absolute {
		b.WriteByte('/')
	}
	for i := range 1 + s.n(maxLen) {
		if i > 0 {
			b.WriteString([]string{"/", "/", "/", "//"}[s.n(4)])
		}
		b.WriteString(words[s.n(len(words))])
	}
	if s.n(4) == 0 {
		b.WriteByte('/')
	}
	return b.String()
}

// randomTree fills m below top with directories, files and symlinks, and
// returns them by host path.
func randomTree(s *source, m *Mem, top string, objects map[string]object) {
	dirs := []string{top}
	m.AddDir(top)
	objects[top] = object{kind: 'd'}
	for range 8 + s.n(12) {
		p := dirs[s.n(len(dirs))] + "/" + words[s.n(5)]
		if _, ok := objects[p]; ok || strings.Count(p, "/") > 6 {
			continue
		}
		switch s.n(8) {
		case 0, 1, 2, 3:
			m.AddDir(p)
			x := object{kind: 'd'}
			if s.n(12) == 0 {
				m.Chmod(p, 0)
				x.locked = true
			} else {
				dirs = append(dirs, p)
			}
			objects[p] = x
		case 4:
			m.AddFile(p)
			objects[p] = object{kind: 'f'}
		default:
			body := s.path(3, s.n(2) == 0)
			m.AddLink(p, body)
			objects[p] = object{kind: 'l', body: body}
		}
	}
}

// check compares View and oracle on one random world.
func check(t *testing.T, s *source, paths int) {
	m := NewMem()
	m.AddDir("/scratch")
	objects := map[string]object{}
	randomTree(s, m, "/root", objects)
	randomTree(s, m, "/x1", objects)
	randomTree(s, m, "/x2", objects)
	m.AddFile("/file")
	objects["/file"] = object{kind: 'f'}
	objects["/"] = object{kind: 'd'}
	c := Config{FS: m, Root: Mount{Source: "/root"}, Scratch: func() (string, error) { return "/scratch", nil }}
	var log []string
	for range s.n(5) {
		mt := Mount{Target: s.path(3, true), Source: []string{"/x1", "/x2", "/file", "/x1/a", "/root"}[s.n(5)]}
		c.Mounts = append(c.Mounts, mt)
		v, err := New(c)
		if err != nil {
			c.Mounts = c.Mounts[:len(c.Mounts)-1] // not every mount is possible
			m.remake("/scratch")
			continue
		}
		v.Close()
		m.remake("/scratch")
		log = append(log, mt.Target+" <- "+mt.Source)
	}
	v, err := New(c)
	if err != nil {
		t.Fatalf("%v: %v", log, err)
	}
	o := &oracle{objects: objects, mounts: v.Mounts()}
	m.list("/scratch", objects)
	var r Resolution
	for range paths {
		q := Request{Path: s.path(6, s.n(3) > 0), Op: Op(s.n(5)), NeedHost: true}
		q.Follow = q.Op <= OpenCreate && s.n(2) == 0
		var base []string
		if q.Path[0] != '/' {
			// A base is any directory of the view.
			var b Resolution
			p := s.path(3, true) + "/"
			if e := v.Resolve(&Request{Path: p, Follow: true, Hold: true}, &b); e != 0 {
				continue
			}
			base = split(b.Guest)
			defer v.Release(&b)
			q.Base = &Base{Dir: b.Held, Guest: b.Guest}
		}
		want := o.resolve(q.Path, base, q.Op, q.Follow)
		got := verdictOf(&r, v.Resolve(&q, &r))
		if got.errno == 0 && got.special == "/" {
			got.guest, want.guest = "", ""
		}
		if q.Op <= OpenCreate && got.errno == 0 && got.exists {
			// That it is a directory is known; the slash says no more.
			got.host, want.host = strings.TrimRight(got.host, "/"), strings.TrimRight(want.host, "/")
		}
		if got != want {
			t.Fatalf("%q base %v op %d follow %v mounts %v\n got %+v\nwant %+v\n%s", q.Path, base, q.Op, q.Follow, log, got, want, dump(objects))
		}
		// Relative is only said where the host's own walk is the view's.
		if q.Base != nil {
			q.NeedHost = false
			e := v.Resolve(&q, &r)
			if e != want.errno {
				t.Fatalf("%q base %v op %d: relative: %v, want %v", q.Path, base, q.Op, e, want.errno)
			}
			if e == 0 && r.Relative {
				if host := clean(hostWalk(objects, q.Base, v, q.Path, q.Op)); host != clean(want.host) {
					t.Fatalf("%q base %v op %d mounts %v: relative is %s, want %s\n%s", q.Path, base, q.Op, log, host, want.host, dump(objects))
				}
			}
		}
		if got.errno == 0 && got.special == "" && !got.mountPoint && got.exists {
			back(t, v, &r, got)
		}
	}
	v.Close()
	if m.open != 0 {
		// Bases are released by the deferred calls.
		t.Cleanup(func() {
			if m.open != 0 {
				t.Errorf("%d handles are still open", m.open)
			}
		})
	}
}

// back checks that a host path leads back to a guest path that shows it.
func back(t *testing.T, v *View, r *Resolution, want verdict) {
	host := clean(want.host)
	g, ok := v.Guest(host)
	if !ok {
		t.Fatalf("Guest(%s): nothing; it is %s", host, want.guest)
	}
	var r2 Resolution
	e := v.Resolve(&Request{Path: g}, &r2)
	if e != 0 && e != unix.EACCES || e == 0 && string(r2.Host) != host {
		t.Fatalf("Guest(%s) = %s, which is %s %v", host, g, r2.Host, e)
	}
}

func clean(host string) string {
	return path.Clean("/" + host)
}

// hostWalk is what the host's kernel would reach by a relative path: no
// symlink may be on the way, dots are literal.
func hostWalk(objects map[string]object, b *Base, v *View, name string, op Op) string {
	p, _ := v.fs.Path(b.Dir, nil)
	host := strings.TrimSuffix(string(p), "/")
	todo := split(name)
	for i, c := range todo {
		if c == "." {
			continue
		}
		if x := objects[host]; x.kind == 'l' {
			return "a symlink: " + host
		}
		if c == ".." && !(op >= Create && i == len(todo)-1) {
			return "dotdot"
		}
		host += "/" + c
	}
	return host
}

func dump(objects map[string]object) string {
	var b strings.Builder
	for p, x := range objects {
		fmt.Fprintf(&b, "%c %s %s %v\n", x.kind, p, x.body, x.locked)
	}
	return b.String()
}

// remake empties a directory.
func (m *Mem) remake(path string) {
	m.Remove(path)
	m.AddDir(path)
}

// list enters what lies at and below path.
func (m *Mem) list(path string, objects map[string]object) {
	h, e := m.Root(path)
	if e != 0 {
		return
	}
	m.Close(h)
	n := m.nodes[h]
	objects[path] = object{kind: map[uint32]byte{unix.S_IFDIR: 'd', unix.S_IFREG: 'f'}[n.mode&unix.S_IFMT]}
	for name := range n.kids {
		m.list(path+"/"+name, objects)
	}
}

// TestRandom compares many random worlds with the oracle.
func TestRandom(t *testing.T) {
	for seed := range uint64(1500) {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			check(t, &source{rnd: rand.New(rand.NewPCG(seed, 1))}, 40)
		}) {
			return
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, &source{data: data}, 8)
	})
}
