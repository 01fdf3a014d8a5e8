package sandbox

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// The descriptors of fsmount(2) and open_tree(2) with OPEN_TREE_CLONE are, as
// those of namespaces, empty memory files that are known by their number
// (nsfiles.go). They are for the calls about mounts: no path leads through them.
// Those of fsopen(2) and fspick(2) are sockets: messages are read from them until
// that fails (ENODATA), and to read from a socket that is not connected does.

// The kinds of namespace.kind that are none.
const (
	kindContext = "fscontext"
	kindTree    = "mount"
)

// fsContext is a file system that is being configured.
type fsContext struct {
	kind    string
	phase   fsPhase
	source  bool
	flags   fsview.Flags
	options []string      // as mount(2) takes them
	tree    *fsview.Tree  // made, and not mounted yet
	of      *fsview.Mount // what is being reconfigured
	mnt     *mntNS        // that it is in
}

// fsPhase is enum fs_context_phase (include/linux/fs_context.h).
type fsPhase uint8

const (
	phaseCreate fsPhase = iota
	phaseMount          // made, to be mounted
	phaseReconf
	phaseFailed
)

// mountTree is what a descriptor of mounts stands for: a tree of them that is
// attached nowhere, or the place where it has been.
type mountTree struct {
	tree *fsview.Tree
	top  *fsview.Mount
}

// attached says whether the tree is in a view.
func (m *mountTree) attached(v *fsview.View) bool {
	return m.tree == nil && slices.Contains(v.Table(), m.top)
}

// treeFile turns the call into one that makes the descriptor of a tree.
func (id *identity) treeFile(c *tracer.Call, t *fsview.Tree, cloexec bool) {
	n := &namespace{kind: kindTree, number: id.newNumber(), at: &mountTree{tree: t, top: t.Top()}}
	id.memoryFile(c, n, cloexec)
}

// contextFile turns the call into one that makes the descriptor of fs.
func (id *identity) contextFile(c *tracer.Call, fs *fsContext, cloexec bool) {
	kind := uint64(unix.SOCK_STREAM)
	if cloexec {
		kind |= unix.SOCK_CLOEXEC
	}
	c.SetNr(unix.SYS_SOCKET)
	c.SetArg(0, unix.AF_UNIX)
	c.SetArg(1, kind)
	c.SetArg(2, 0)
	c.WantResult(func(r *tracer.Result) {
		if r.Val >= 0 {
			id.noteNS(r.Task, int(r.Val), &namespace{kind: kindContext, number: id.newNumber(), fs: fs})
		}
	})
}

// mountFile is what a descriptor of these calls stands for: nil if it is open
// and of something else.
func (id *identity) mountFile(t *tracer.Task, fd int) (*namespace, unix.Errno) {
	var st unix.Stat_t
	if fd < 0 || unix.Fstatat(id.h.proc, id.h.at(t.Tid, "fd/"+itoa(fd)), &st, 0) != nil {
		return nil, unix.EBADF
	}
	if n := id.nsFile(&st); n != nil && (n.fs != nil || n.at != nil) {
		return n, 0
	}
	return nil, 0
}

// context is the file system that fd configures.
func (id *identity) context(t *tracer.Task, fd int) (*fsContext, unix.Errno) {
	n, e := id.mountFile(t, fd)
	switch {
	case e != 0:
		return nil, e
	case n == nil && id.h.opensPath(t, fd), n != nil && n.at != nil:
		return nil, unix.EBADF // that of a mount is as if opened with O_PATH
	case n == nil:
		return nil, unix.EINVAL
	}
	return n.fs, 0
}

// treePlace is what the path argument n of a call names: a place of the view
// or, if an empty path may mean the descriptor, a tree that need not be attached.
func (id *identity) treePlace(c *tracer.Call, n int, empty bool) (spot, *mountTree, unix.Errno) {
	p := &c.Ent.Paths[n]
	if !empty {
		at, e := id.placeArg(c, n)
		return at, nil, e
	}
	if c.Args[p.Arg] != 0 { // NULL is "" since Linux 6.11
		raw, e := c.Path(int(p.Arg), n)
		if e != 0 {
			return spot{}, nil, e
		}
		if len(raw) != 0 {
			at, e := id.place(c, string(raw), p.Dir, n, follow(c, p))
			return at, nil, e
		}
	}
	fd := int(int32(c.Args[p.Dir]))
	if fd != atFDCWD {
		f, e := id.mountFile(c.Task, fd)
		switch {
		case e != 0:
			return spot{}, nil, e
		case f != nil && f.at == nil:
			return spot{}, nil, unix.EINVAL
		case f != nil && f.at.tree != nil:
			return spot{}, f.at, 0
		case f != nil && !f.at.attached(id.h.view):
			return spot{}, nil, unix.EINVAL
		case f != nil:
			m := f.at.top
			return spot{guest: m.Target, mount: m, fd: int(m.Root()), dir: m.IsDir()}, nil, 0
		}
	}
	at, e := id.place(c, ".", p.Dir, n, true)
	return at, nil, e
}

// dropMounts gives up what the file of n holds.
func (n *namespace) dropMounts() {
	if n.fs != nil && n.fs.tree != nil {
		n.fs.tree.Close()
		n.fs.tree = nil
	}
	if n.at != nil && n.at.tree != nil {
		n.at.tree.Close()
		n.at.tree = nil
	}
}
