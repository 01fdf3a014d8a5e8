package fsview

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Mem is a small file system in memory: directories, files and symlinks, with
// search permission. It is for tests and fuzzing; nobody is root in it. It is
// not safe for concurrent use.
type Mem struct {
	nodes []memNode // a Handle is an index; 0 is the root
	open  int
}

type memNode struct {
	name   string
	parent Handle // NoHandle: deleted
	last   string // the path it had when it was deleted
	mode   uint32
	uid    uint32
	body   string
	kids   map[string]Handle
}

var _ interface {
	FS
	Maker
} = (*Mem)(nil)

// NewMem returns a file system with an empty root directory.
func NewMem() *Mem {
	return &Mem{nodes: []memNode{{mode: unix.S_IFDIR | 0o755, kids: map[string]Handle{}}}}
}

// OpenHandles returns how many handles are in use, so that tests find leaks.
func (m *Mem) OpenHandles() int { return m.open }

// AddDir makes a directory and the missing ones above it.
func (m *Mem) AddDir(path string) { m.dir(path) }

// AddFile makes an empty file, and the missing directories above it.
func (m *Mem) AddFile(path string) { m.add(path, memNode{mode: unix.S_IFREG | 0o644}) }

// AddLink makes a symlink, and the missing directories above it.
func (m *Mem) AddLink(path, body string) {
	m.add(path, memNode{mode: unix.S_IFLNK | 0o777, body: body})
}

func (m *Mem) dir(path string) Handle {
	h := Handle(0)
	for name := range strings.SplitSeq(path, "/") {
		if name == "" {
			continue
		}
		kid, ok := m.nodes[h].kids[name]
		if !ok {
			kid = m.put(h, name, memNode{mode: unix.S_IFDIR | 0o755, kids: map[string]Handle{}})
		}
		h = kid
	}
	return h
}

func (m *Mem) add(path string, n memNode) {
	i := strings.LastIndexByte(path, '/')
	m.put(m.dir(path[:i]), path[i+1:], n)
}

func (m *Mem) put(dir Handle, name string, n memNode) Handle {
	n.name, n.parent = name, dir
	m.nodes = append(m.nodes, n)
	h := Handle(len(m.nodes) - 1)
	m.nodes[dir].kids[name] = h
	return h
}

// Remove deletes path and what is below it.
func (m *Mem) Remove(path string) {
	h, e := m.Root(path)
	if e != 0 {
		return
	}
	m.Close(h)
	p, _ := m.Path(h, nil)
	n := &m.nodes[h]
	delete(m.nodes[n.parent].kids, n.name)
	n.parent, n.last, n.kids = NoHandle, string(p), nil
}

// Root implements FS.
func (m *Mem) Root(path string) (Handle, unix.Errno) {
	if path == "" || path[0] != '/' {
		return NoHandle, unix.EINVAL
	}
	h, links := Handle(0), 0
	for path = strings.Trim(path, "/"); path != ""; path = strings.TrimLeft(path, "/") {
		name, rest, _ := strings.Cut(path, "/")
		if name == ".." {
			h, path = max(m.nodes[h].parent, 0), rest
			continue
		}
		next, e := m.lookup(h, name)
		if e != 0 {
			return NoHandle, e
		}
		path = rest
		if n := m.nodes[next]; n.mode&unix.S_IFMT == unix.S_IFLNK {
			if links++; links > maxLinks {
				return NoHandle, unix.ELOOP
			}
			if path = n.body + "/" + rest; n.body[0] == '/' {
				h = 0
			}
			continue
		}
		h = next
	}
	m.open++
	return h, 0
}

// lookup finds one name, with the kernel's order of errors.
func (m *Mem) lookup(dir Handle, name string) (Handle, unix.Errno) {
	d := &m.nodes[dir]
	switch {
	case d.mode&unix.S_IFMT != unix.S_IFDIR:
		return NoHandle, unix.ENOTDIR
	case d.mode&0o111 == 0:
		return NoHandle, unix.EACCES
	case name == ".":
		return dir, 0
	case len(name) > nameMax:
		return NoHandle, unix.ENAMETOOLONG
	}
	if h, ok := d.kids[name]; ok {
		return h, 0
	}
	return NoHandle, unix.ENOENT
}

// Open implements FS.
func (m *Mem) Open(dir Handle, rel string, nofollow bool) (Handle, unix.Errno) {
	if len(rel) >= pathMax {
		return NoHandle, unix.ENAMETOOLONG
	}
	h := dir
	for i := 0; i < len(rel); {
		j := endOfName(rel, i)
		if rel[i:j] == ".." || j == i {
			panic("fsview: Mem.Open: " + rel)
		}
		next, e := m.lookup(h, rel[i:j])
		if e != 0 {
			return NoHandle, e
		}
		switch kind := m.nodes[next].mode & unix.S_IFMT; {
		case kind == unix.S_IFLNK && (j < len(rel) || !nofollow):
			return NoHandle, unix.ELOOP
		case kind != unix.S_IFDIR && j < len(rel):
			return NoHandle, unix.ENOTDIR
		}
		h, i = next, skipSlashes(rel, j)
	}
	m.open++
	return h, 0
}

// Readlink implements FS.
func (m *Mem) Readlink(dir Handle, name string, buf []byte) (int, unix.Errno) {
	h, e := m.lookup(dir, name)
	if e != 0 {
		return 0, e
	}
	if m.nodes[h].mode&unix.S_IFMT != unix.S_IFLNK {
		return 0, unix.EINVAL
	}
	return copy(buf, m.nodes[h].body), 0
}

// Stat implements FS.
func (m *Mem) Stat(h Handle) (Stat, unix.Errno) {
	return Stat{Dev: 1, Ino: uint64(h) + 1, Mode: m.nodes[h].mode, UID: m.nodes[h].uid, Nlink: 1}, 0
}

// Path implements FS.
func (m *Mem) Path(h Handle, buf []byte) (path []byte, live bool) {
	if h == 0 {
		return append(buf, '/'), true
	}
	if m.nodes[h].parent == NoHandle {
		return append(buf, m.nodes[h].last...), false
	}
	if m.nodes[h].parent != 0 {
		if buf, live = m.Path(m.nodes[h].parent, buf); !live {
			return buf, false
		}
	}
	return append(append(buf, '/'), m.nodes[h].name...), true
}

// Close implements FS.
func (m *Mem) Close(Handle) { m.open-- }

// Mkdir implements Maker.
func (m *Mem) Mkdir(path string, mode uint32) unix.Errno {
	return m.make(path, memNode{mode: unix.S_IFDIR | mode, kids: map[string]Handle{}})
}

// Mkfile implements Maker.
func (m *Mem) Mkfile(path string, mode uint32) unix.Errno {
	return m.make(path, memNode{mode: unix.S_IFREG | mode})
}

func (m *Mem) make(path string, n memNode) unix.Errno {
	i := strings.LastIndexByte(path, '/')
	dir, e := m.Root(path[:i+1])
	if e != 0 {
		return e
	}
	m.Close(dir)
	if _, e = m.lookup(dir, path[i+1:]); e != unix.ENOENT {
		if e == 0 {
			e = unix.EEXIST
		}
		return e
	}
	m.put(dir, path[i+1:], n)
	return 0
}

// Chmod implements Maker.
func (m *Mem) Chmod(path string, mode uint32) unix.Errno {
	h, e := m.Root(path)
	if e != 0 {
		return e
	}
	m.Close(h)
	n := &m.nodes[h]
	n.mode = n.mode&unix.S_IFMT | mode
	return 0
}
