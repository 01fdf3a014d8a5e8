package sandbox

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// fsCreateExcl is FSCONFIG_CMD_CREATE_EXCL (Linux 6.6): what is made here is new
// in any case.
const fsCreateExcl = 8

// fsopen is fsopen(2).
func (id *identity) fsopen(c *tracer.Call) unix.Errno {
	switch {
	case !mayMount(c.Task):
		return unix.EPERM
	case uint32(c.Args[1])&^unix.FSOPEN_CLOEXEC != 0:
		return unix.EINVAL
	}
	kind, e := c.String(c.Args[0], 4096)
	if e != 0 {
		return e
	}
	if _, ok := kinds[kind]; !ok {
		return unix.ENODEV
	}
	id.contextFile(c, &fsContext{kind: kind}, c.Args[1] != 0)
	return 0
}

// fspick is fspick(2).
func (id *identity) fspick(c *tracer.Call) unix.Errno {
	const known = unix.FSPICK_CLOEXEC | unix.FSPICK_SYMLINK_NOFOLLOW | unix.FSPICK_NO_AUTOMOUNT | unix.FSPICK_EMPTY_PATH
	switch {
	case !mayMount(c.Task):
		return unix.EPERM
	case uint32(c.Args[2])&^known != 0:
		return unix.EINVAL
	}
	at, tree, e := id.treePlace(c, 0, c.Args[2]&unix.FSPICK_EMPTY_PATH != 0)
	if e != 0 {
		return e
	}
	m := at.mount
	if tree != nil {
		m = tree.top
	} else if !at.isRoot() {
		return unix.EINVAL
	}
	fs := &fsContext{phase: phaseReconf, of: m, flags: m.Flags & fsview.ReadOnly, mnt: id.h.mntNS}
	id.contextFile(c, fs, c.Args[2]&unix.FSPICK_CLOEXEC != 0)
	return 0
}

// fsconfig is fsconfig(2), with the checks of fs/fsopen.c in their order.
func (id *identity) fsconfig(c *tracer.Call) unix.Errno {
	fd, cmd := int(int32(c.Args[0])), uint32(c.Args[1])
	key, value, aux := c.Args[2], c.Args[3], int32(c.Args[4])
	if fd < 0 {
		return unix.EINVAL
	}
	bad := false
	switch cmd {
	case unix.FSCONFIG_SET_FLAG:
		bad = key == 0 || value != 0 || aux != 0
	case unix.FSCONFIG_SET_STRING:
		bad = key == 0 || value == 0 || aux != 0
	case unix.FSCONFIG_SET_BINARY:
		bad = key == 0 || value == 0 || aux <= 0 || aux > 1<<20
	case unix.FSCONFIG_SET_PATH, unix.FSCONFIG_SET_PATH_EMPTY:
		bad = key == 0 || value == 0 || aux != atFDCWD && aux < 0
	case unix.FSCONFIG_SET_FD:
		bad = key == 0 || value != 0 || aux < 0
	case unix.FSCONFIG_CMD_CREATE, fsCreateExcl, unix.FSCONFIG_CMD_RECONFIGURE:
		bad = key != 0 || value != 0 || aux != 0
	default:
		return unix.EOPNOTSUPP
	}
	if bad {
		return unix.EINVAL
	}
	fs, e := id.context(c.Task, fd)
	if e != 0 {
		return e
	}
	switch cmd {
	case unix.FSCONFIG_CMD_CREATE, fsCreateExcl:
		return id.create(c, fs)
	case unix.FSCONFIG_CMD_RECONFIGURE:
		return id.reconfigure(c, fs)
	}
	name, e := c.String(key, 256)
	if e == unix.ENAMETOOLONG {
		e = unix.EINVAL // strndup_user
	}
	text := ""
	if e == 0 && cmd == unix.FSCONFIG_SET_STRING {
		if text, e = c.String(value, 256); e == unix.ENAMETOOLONG {
			e = unix.EINVAL
		}
	}
	switch {
	case e != 0:
		return e
	case fs.phase != phaseCreate && fs.phase != phaseReconf:
		return unix.EBUSY
	}
	if kinds[fs.kind] == fsview.Tmpfs && cmd == unix.FSCONFIG_SET_STRING {
		if ok := new(tmpfsOptions).set(credOf(c.Task), name, text); !ok {
			return unix.EINVAL
		}
	}
	return fs.set(name, text, cmd)
}

// fsFlags are the parameters that every file system has, with what they do to
// whether it is read-only (fs_context.c).
var fsFlags = map[string]int{
	"ro": 1, "rw": -1, "sync": 0, "async": 0, "dirsync": 0, "lazytime": 0, "nolazytime": 0, "mand": 0, "nomand": 0,
}

// fsParams are those that the file systems have of their own.
var fsParams = map[fsview.Kind]string{
	fsview.Tmpfs:   " size nr_blocks nr_inodes mode uid gid huge mpol inode32 inode64 noswap ",
	fsview.Proc:    " hidepid gid subset pidns ",
	fsview.Devpts:  " uid gid mode ptmxmode newinstance max ",
	fsview.Cgroup:  " nsdelegate favordynmods memory_localevents memory_recursiveprot memory_hugetlb_accounting pids_localevents ",
	fsview.Overlay: " lowerdir lowerdir+ upperdir workdir volatile userxattr index xino redirect_dir metacopy nfs_export uuid ",
}

// set is one parameter.
func (fs *fsContext) set(name, value string, cmd uint32) unix.Errno {
	if ro, ok := fsFlags[name]; ok {
		switch ro {
		case 1:
			fs.flags |= fsview.ReadOnly
		case -1:
			fs.flags &^= fsview.ReadOnly
		}
		return 0
	}
	switch {
	case fs.phase == phaseReconf:
		return unix.EINVAL // nothing else can be changed
	case name == "source":
		if cmd != unix.FSCONFIG_SET_STRING || fs.source {
			return unix.EINVAL
		}
		fs.source = true
		return 0
	case cmd != unix.FSCONFIG_SET_FLAG && cmd != unix.FSCONFIG_SET_STRING:
		return unix.EINVAL
	case name == "" || strings.Contains(name, " ") || !strings.Contains(fsParams[kinds[fs.kind]], " "+name+" "):
		return unix.EINVAL
	}
	if cmd == unix.FSCONFIG_SET_STRING {
		escape := []string{",", `\,`}
		switch name {
		case "lowerdir+":
			escape = append(escape, ":", `\:`, `\`, `\\`)
		case "upperdir", "workdir":
			escape = append(escape, `\`, `\\`)
		}
		name += "=" + strings.NewReplacer(escape...).Replace(value)
	}
	fs.options = append(fs.options, name)
	return 0
}

// data are the options as mount(2) takes them: there, all lower directories are
// in one.
func (fs *fsContext) data() string {
	var out []string
	lower := -1
	for _, o := range fs.options {
		dir, more := strings.CutPrefix(o, "lowerdir+=")
		switch {
		case more && lower >= 0:
			out[lower] += ":" + dir
			continue
		case more:
			o = "lowerdir=" + dir
			lower = len(out)
		}
		out = append(out, o)
	}
	return strings.Join(out, ",")
}

// create makes the file system that has been configured.
func (id *identity) create(c *tracer.Call, fs *fsContext) unix.Errno {
	switch {
	case fs.phase != phaseCreate:
		return unix.EBUSY
	case !mayMount(c.Task):
		return unix.EPERM
	}
	t, e := id.makeFS(c, kinds[fs.kind], fs.flags, fs.data())
	if e != 0 {
		fs.phase = phaseFailed
		return e
	}
	fs.tree, fs.phase = t, phaseMount
	return 0
}

// reconfigure changes a file system that is mounted.
func (id *identity) reconfigure(c *tracer.Call, fs *fsContext) unix.Errno {
	m := fs.of
	switch {
	case fs.phase != phaseReconf:
		return unix.EBUSY
	case !mayMount(c.Task):
		return unix.EPERM
	case fs.mnt != id.h.mntNS:
		return unix.EPERM
	case m.LockFlags&fsview.ReadOnly&^fs.flags != 0:
		return unix.EPERM
	}
	m.Flags = m.Flags&^fsview.ReadOnly | fs.flags
	id.h.remap()
	return 0
}

// fsmount is fsmount(2).
func (id *identity) fsmount(c *tracer.Call) unix.Errno {
	switch {
	case !mayMount(c.Task):
		return unix.EPERM
	case uint32(c.Args[1])&^unix.FSMOUNT_CLOEXEC != 0:
		return unix.EINVAL
	}
	flags, e := attrFlags(uint64(uint32(c.Args[2])))
	if e != 0 {
		return e
	}
	fs, e := id.context(c.Task, int(int32(c.Args[0])))
	switch {
	case e != 0:
		return e
	case fs.of != nil:
		return unix.EBUSY
	case fs.tree == nil:
		return unix.EINVAL
	}
	t := fs.tree
	t.Top().Flags |= flags
	fs.tree, fs.phase, fs.of = nil, phaseReconf, t.Top()
	fs.mnt = id.h.mntNS
	id.treeFile(c, t, c.Args[1] != 0)
	return 0
}
