package fsview

import "golang.org/x/sys/unix"

// Kind says what lies behind a mount.
type Kind uint8

// The kinds of mount. The zero value is a bind.
const (
	// Bind shows a host directory or file.
	Bind Kind = iota
	// Proc shows the host's procfs; its symlinks are answered by Links.
	Proc
	// Sysfs, Devpts, Mqueue and Cgroup are host trees shown as they are.
	Sysfs
	Devpts
	Mqueue
	Cgroup
	// Tmpfs is a private scratch directory.
	Tmpfs
	// Overlay is a union of lower directories and an upper one.
	Overlay
	// Mask hides what lies below it.
	Mask
	// Synth is a directory that exists only in the view: a parent of a mount
	// point that the root file system does not have.
	Synth
)

// Flags are a mount's restrictions.
type Flags uint16

// The flags of a mount.
const (
	ReadOnly Flags = 1 << iota
	NoExec
	NoDev
	NoSuid
	NoSymFollow
	NoAtime
	// Recursive restrictions hold for every mount below as well.
	Recursive
)

// Mount is one row of the mount table. Later rows shadow earlier ones.
type Mount struct {
	// Target is the absolute guest path of the mount point.
	Target string
	// Source is the host path shown there (empty for Tmpfs and Synth until
	// New has made their scratch directories).
	Source string
	Kind   Kind
	Flags  Flags
	// Mode is the permission of a Tmpfs' root; 0 means 01777, and S_IFDIR none
	// at all.
	Mode uint32
	// Size (bytes) and Inodes are the limits of a Tmpfs, 0 if there is none. The
	// view only carries them.
	Size, Inodes uint64
	// Layers are the directories of an Overlay. Its Source is then the
	// topmost of them.
	Layers *Layers
	// Locked says that the mount covers what must not be seen: it can be
	// neither moved nor taken away but with what it lies on. LockFlags are the
	// flags that cannot be taken from it. Both are for callers to heed
	// (mount_namespaces(7), MNT_LOCKED).
	Locked    bool
	LockFlags Flags
	// Plain says that what the mount covers is not a secret: it is covered
	// because the guest needs what is shown. The view only carries it.
	Plain bool

	id     int    // index in the table, 0 for the root
	serial uint64 // never used twice
	root   Handle // the held Source
	refs   *int   // how many mounts share root
	parent *Mount // what it lies on; nil for a root
	above  bool   // it lies on a root directory, where no walk sees it
	sub    string // where in the union an Overlay begins, "" for its root
	st     Stat   // of root, as New saw it
	tlen   int    // len(Target), but 0 for "/": where the rest of a guest path starts
	slen   int    // the same for Source
	own    bool   // Source is a scratch directory of the view
	glue   bool   // the mount point's name is missing in its parent
	ov     *Union
	of     *Mount // set in View.back: this stands for a layer of an Overlay
}

// IsDir says whether the mount's root is a directory (false for file binds).
func (m *Mount) IsDir() bool { return m.st.Mode&unix.S_IFMT == unix.S_IFDIR }

// Serial tells a mount from every other that there has been.
func (m *Mount) Serial() uint64 { return m.serial }

// Parent is the mount that m lies on, nil for the root of a view or Tree.
func (m *Mount) Parent() *Mount { return m.parent }

// Root is the held handle on Source (an O_PATH descriptor for OS). It stays
// the view's.
func (m *Mount) Root() Handle { return m.root }

// Handle is a host object held open by an FS: an O_PATH descriptor for OS, a
// node number for Mem. NoHandle means none.
type Handle int

// NoHandle is the absent Handle.
const NoHandle Handle = -1

// Op is what the caller is about to do with the path. It decides which part of
// the path the view resolves, and which errors it answers itself.
type Op uint8

// The operations on a path.
const (
	// Lookup needs the object (stat, open of an existing file, chmod …).
	Lookup Op = iota
	// OpenCreate is open with O_CREAT without O_EXCL: a last symlink, dangling
	// or not, is followed if Follow is set, and the target may be missing.
	OpenCreate
	// Create makes a new name (mkdir, mknod, symlink, link's new name, bind,
	// open with O_CREAT|O_EXCL): only the parent is resolved.
	Create
	// Delete removes a name (unlink, rmdir); Rename moves one, or is moved
	// over: only the parent is resolved.
	Delete
	Rename
)

// Base is where a relative path starts. A caller keeps one for each directory
// that it holds, so that what was found out about it is not asked again; one
// that is used for another directory must be cleared first.
type Base struct {
	// Dir is a handle on the starting directory.
	Dir Handle
	// Guest is its guest path if known, else "" (it is then derived from Dir
	// when needed, and the result stored here).
	Guest string
	// Plain is the cached proof that no mount point lies at or below Dir, so
	// that a walk from it without ".." and symlinks stays right. Zero is
	// unknown.
	Plain Tristate
	// Deleted says that the directory has no path any more.
	Deleted bool

	mount *Mount // the mount that Dir lies in; valid once Plain is known
	fixed bool   // Plain is False, and Dir keeps its name
}

// Tristate is a truth value that may be unknown.
type Tristate uint8

// The values of a Tristate.
const (
	Unknown Tristate = iota
	True
	False
)

// Request asks for one path.
type Request struct {
	// Path is the guest's string, without the NUL.
	Path string
	// Base is used for relative paths only; nil means the guest's root.
	Base *Base
	Op   Op
	// Follow says whether a symlink in the last component is followed (Lookup
	// and OpenCreate only).
	Follow bool
	// NeedHost asks for an absolute host path even where a relative one
	// would do (exec, AF_UNIX, anything whose dirfd cannot be passed on).
	NeedHost bool
	// Root is the guest path of the caller's root directory (chroot), already
	// canonical; "" means "/".
	Root string
	// Resolve holds the RESOLVE_* bits of an openat2(2) to be honoured; those
	// that the view cannot judge (RESOLVE_CACHED) are ignored. A caller that
	// hands Host over must clear BENEATH, IN_ROOT and NO_XDEV in the call.
	Resolve uint64
	// Hold asks to keep the descriptor that the walk ended with: the object
	// itself, or for Create, Delete, Rename and a missing name the parent.
	Hold bool
	// Caller is handed to Links.
	Caller any
	// Trace, when not nil, is told of every step (ptbox explain).
	Trace func(Step)
}

// Step is one event of a resolution, for people.
type Step struct {
	// What is "mount", "symlink", "magic", "dotdot", "missing" or "final".
	What string
	// Guest and Host are the paths reached; Target is a symlink's body, or for
	// "missing" the text of the errno that the walk ended with.
	Guest, Host, Target string
	Mount               *Mount
}

// Resolution is the answer to a Request. Host and Guest are valid until the
// Resolution is used for the next one.
type Resolution struct {
	// Relative says that the guest's own string names the right object
	// relative to the directory the guest gave: hand both over as they are.
	Relative bool
	// Host is the absolute host path to hand to the kernel. Every component
	// but the last is free of symlinks. A trailing slash, "/." or "/.." of the
	// guest's string is kept where the kernel must see it. It may be longer
	// than PATH_MAX. It may be empty with Relative.
	Host []byte
	// Guest is the canonical guest path, when known (it may be "" with
	// Relative). Trailing dots and slashes are not part of it.
	Guest string
	// Mount is the mount that the object (or, for Create, Delete and Rename,
	// its parent) lies in.
	Mount *Mount
	// MountPoint is set when the last component names a mount point: making
	// it is EEXIST, removing or renaming it is EBUSY. Host may then name
	// nothing; Mode is the st_mode of the mount's root.
	MountPoint bool
	// Mounted is set for Create, Delete and Rename when the name is not that of
	// a mount point, but of the object below one: a directory is shown at two
	// places, with a mount in it at one of them. The kernel knows mounts by the
	// object, and says EBUSY in both.
	Mounted bool
	// AboveMount is set for Create, Delete and Rename when a mount point lies
	// below the name. The view knows mount points by path, so renaming such a
	// directory must be refused (EBUSY); removing it is ENOTEMPTY.
	AboveMount bool
	// Slash says that the last component was followed by a slash.
	Slash bool
	// LastDot, LastDotDot and IsRoot are set for Create, Delete and Rename
	// when the path ends in ".", in ".." or is the root: there is no name to
	// make or remove. Host then ends in "/." or "/..", or is "/": the kernel
	// judges these by their spelling alone (EINVAL, ENOTEMPTY, EBUSY, EISDIR,
	// EEXIST) and touches nothing.
	LastDot, LastDotDot, IsRoot bool
	// Gone is set for Rename when the parent is a directory that an Overlay does
	// not show any more: there is nothing in it, and nothing can be made.
	Gone bool
	// Exists is set when the object was seen. Mode is its st_mode if that came
	// for free (mount points), else 0: ask Stat of Held.
	Exists bool
	Mode   uint32
	// Lower says that Host lies in a lower directory of an Overlay and must not
	// be changed. For Create, Delete and Rename Host is where the name is in
	// the upper directory, whether or not its parent is there already.
	Lower bool
	// Merged says that the object is a directory of several layers.
	Merged bool
	// Links is the number of symlinks followed.
	Links int
	// Held is what Request.Hold asked for, else NoHandle; the caller gives it
	// back to View.Release.
	Held Handle
	// Magic is set when Host names a magic link of procfs that the kernel
	// itself must follow.
	Magic bool

	guest []byte // backs Guest
}

// Links answers for the symlinks of a Proc mount, whose bodies are not paths
// of the host's tree or would name the tracer.
type Links interface {
	// Link is asked about the symlink rel, a clean path relative to the root
	// of procfs: "self", "thread-self", "mounts", "7/exe", "7/task/8/fd/3".
	// rel is valid during the call only. The zero Link means an ordinary
	// symlink whose body the view may read itself.
	Link(caller any, rel string) Link
}

// Hider may be implemented by Links as well. What it hides is missing from
// every Proc mount.
type Hider interface {
	// Hidden is asked about names directly below the root of procfs that
	// begin with a digit.
	Hidden(name string) bool
}

// LinkKind is the nature of a procfs symlink.
type LinkKind uint8

// The kinds of procfs symlink.
const (
	// LinkText is an ordinary symlink whose body is Body ("7" for self); an
	// empty Body means that the view reads it from the host.
	LinkText LinkKind = iota
	// LinkJump continues at the absolute guest path Body.
	LinkJump
	// LinkOpaque has no path in the view (pipe, socket, deleted file, a
	// descriptor from outside), or is better followed by the kernel, which
	// finds the very object: as the last component it is handed over. On the
	// way the walk goes on at Body, or fails with Errno (ENOTDIR if that is 0)
	// when Body is empty.
	LinkOpaque
	// LinkDenied must not be followed; Errno says how it fails.
	LinkDenied
)

// Link is the answer of Links.
type Link struct {
	Kind  LinkKind
	Body  string
	Errno unix.Errno
}
