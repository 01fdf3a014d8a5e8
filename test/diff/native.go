package difftest

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// stageVar marks the re-executions of the test program.
const stageVar = "PTBOX_DIFF_STAGE"

// nativeJob tells the native stage what to do.
type nativeJob struct {
	Dir    Dir
	Mounts []Mount
	RootRO bool
	Cwd    string
	Argv   []string
}

// Stage runs a stage of the runner when this process is one; it returns
// otherwise. A program that uses Runner calls it first.
func Stage() {
	switch os.Getenv(stageVar) {
	case "native":
		fmt.Fprintln(os.Stderr, "native side:", nativeStage())
		os.Exit(125)
	case "":
		if os.Geteuid() == 0 {
			if err := privateTmpfs(); err != nil {
				fmt.Fprintln(os.Stderr, "private tmpfs:", err)
				os.Exit(125)
			}
		}
	}
}

// privateTmpfs gives this program a mount namespace and a tmpfs of its own and
// executes it again there. The directory's name is in PTBOX_DIFF_DIR.
func privateTmpfs() error {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount", err)
	}
	dir, err := os.MkdirTemp("", "ptbox-diff-")
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
		return os.NewSyscallError("mount tmpfs", err)
	}
	env := append(os.Environ(), stageVar+"=tests", "PTBOX_DIFF_DIR="+dir)
	return unix.Exec("/proc/self/exe", os.Args, env)
}

// Unstage removes what Stage made.
func Unstage() {
	if dir := os.Getenv("PTBOX_DIFF_DIR"); dir != "" && os.Getenv(stageVar) == "tests" {
		unix.Unmount(dir, unix.MNT_DETACH)
		os.Remove(dir)
	}
}

// nativeStage makes the mounts, enters the root and executes the script. It
// runs in a mount namespace of its own and returns only on failure.
func nativeStage() error {
	runtime.LockOSThread()
	job, err := readJob(os.NewFile(3, "job"))
	if err != nil {
		return err
	}
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	// Nor does the guest get what the test has inherited.
	if err := unix.CloseRange(5, 1<<20, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return os.NewSyscallError("close_range", err)
	}
	unix.Umask(0o22)
	// Detached copies of the sources can be attached after chroot, when the
	// targets resolve as they do in the guest.
	fds := make([]int, len(job.Mounts))
	for i, m := range job.Mounts {
		switch m.Kind {
		case "tmpfs":
			if fds[i], err = tmpfs("1777", "65534", m.Options...); err == nil {
				err = restrict(fds[i], &m)
			}
		case "overlay":
			fds[i], err = overlay(job.Dir, &m)
		default:
			fds[i], err = detached(job.Dir.host(m.Source), &m)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Kind, m.Source, err)
		}
	}
	p, err := attach(job, fds)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.NewFile(4, "made")).Encode(p); err != nil {
		return err
	}
	if job.Cwd != "" {
		if err := unix.Chdir(job.Cwd); err != nil {
			return os.NewSyscallError("chdir "+job.Cwd, err)
		}
	}
	return unpriv.Exec(job.Argv, env)
}

func detached(source string, m *Mount) (int, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("open_tree "+source, err)
	}
	return fd, restrict(fd, m)
}

func restrict(fd int, m *Mount) error {
	var attr unix.MountAttr
	if m.RO {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if m.NoExec {
		attr.Attr_set |= unix.MOUNT_ATTR_NOEXEC
	}
	for _, o := range m.Options {
		attr.Attr_set |= mountAttrs[o]
		if o == "noatime" {
			attr.Attr_clr |= unix.MOUNT_ATTR__ATIME
		}
	}
	return os.NewSyscallError("mount_setattr", unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr))
}

// options are the directories of an overlay, as a list of options with these
// names.
func (m *Mount) options(d Dir, lower, upper, work string) string {
	var dirs []string
	for _, l := range m.Lower {
		dirs = append(dirs, d.host(l))
	}
	out := lower + "=" + strings.Join(dirs, ":")
	if m.Upper != "" {
		out += "," + upper + "=" + d.host(m.Upper) + "," + work + "=" + d.host(m.Work)
	}
	return out
}

// overlay makes a detached mount of the kernel's overlayfs.
func overlay(d Dir, m *Mount) (int, error) {
	fs, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("fsopen", err)
	}
	defer unix.Close(fs)
	for kv := range strings.SplitSeq(m.options(d, "lowerdir", "upperdir", "workdir"), ",") {
		k, v, _ := strings.Cut(kv, "=")
		if err := unix.FsconfigSetString(fs, k, v); err != nil {
			return -1, os.NewSyscallError("fsconfig "+kv, err)
		}
	}
	for _, kv := range [][2]string{{"index", "off"}, {"xino", "off"}} {
		if err := unix.FsconfigSetString(fs, kv[0], kv[1]); err != nil {
			return -1, os.NewSyscallError("fsconfig "+kv[0], err)
		}
	}
	if err := unix.FsconfigSetFlag(fs, "userxattr"); err != nil {
		return -1, os.NewSyscallError("fsconfig userxattr", err)
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, os.NewSyscallError("fsconfig create", err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	return fd, os.NewSyscallError("fsmount", err)
}

func tmpfs(mode, owner string, options ...string) (int, error) {
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("fsopen", err)
	}
	defer unix.Close(fs)
	list := [][2]string{{"mode", mode}, {"uid", owner}, {"gid", owner}}
	for _, o := range options {
		if k, v, ok := strings.Cut(o, "="); ok {
			list = append(list, [2]string{k, v})
		}
	}
	for _, kv := range list {
		if err := unix.FsconfigSetString(fs, kv[0], kv[1]); err != nil {
			return -1, os.NewSyscallError("fsconfig", err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, os.NewSyscallError("fsconfig", err)
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	return fd, os.NewSyscallError("fsmount", err)
}

// attach enters the root and mounts everything there.
func attach(job nativeJob, fds []int) (*points, error) {
	mounts := job.Mounts
	var root int
	var err error
	if len(mounts) > 0 && mounts[0].Target == "/" {
		root, mounts, fds = fds[0], mounts[1:], fds[1:]
	} else if root, err = detached(job.Dir.root(), &Mount{}); err != nil {
		return nil, err
	}
	if err := unix.MoveMount(root, "", unix.AT_FDCWD, job.Dir.root(), unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return nil, os.NewSyscallError("move_mount", err)
	}
	if err := unix.Fchdir(root); err != nil {
		return nil, os.NewSyscallError("fchdir", err)
	}
	if err := unix.Chroot("."); err != nil {
		return nil, os.NewSyscallError("chroot", err)
	}
	p := &points{}
	for i, m := range mounts {
		var st unix.Stat_t
		if err := unix.Fstat(fds[i], &st); err != nil {
			return nil, os.NewSyscallError("fstat", err)
		}
		if err := p.make(m.Target, st.Mode&unix.S_IFMT); err != nil {
			return nil, err
		}
		if err := unix.Stat(m.Target, &st); err != nil {
			return nil, os.NewSyscallError("stat "+m.Target, err)
		}
		p.Points = append(p.Points, inum{st.Dev, st.Ino})
		if err := unix.MoveMount(fds[i], "", unix.AT_FDCWD, m.Target, unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_SYMLINKS); err != nil {
			return nil, os.NewSyscallError("move_mount "+m.Target, err)
		}
	}
	// Last, as the mount points had to be made.
	readOnly := &Mount{RO: true}
	for _, fd := range p.synth {
		if err := restrict(fd, readOnly); err != nil {
			return nil, err
		}
	}
	if job.RootRO {
		return p, restrict(root, readOnly)
	}
	return p, nil
}

// points makes missing mount points.
type points struct {
	// Made are the objects that were made in the case's own tree, Points all
	// that have something mounted on them.
	Made, Points []inum
	// synth are the mounts that stand for synthesised directories.
	synth []int
}

// make makes a missing mount point as ptbox shows it: the point itself is a
// name in the directory that holds it, while the directories that have to be
// invented on the way are a read-only file system of their own.
func (p *points) make(target string, kind uint32) error {
	var st unix.Stat_t
	if unix.Stat(target, &st) == nil {
		return nil
	}
	top := target
	for parent := path.Dir(top); unix.Stat(parent, &st) != nil; parent = path.Dir(top) {
		top = parent
	}
	if top != target {
		if err := p.object(top, unix.S_IFDIR); err != nil {
			return err
		}
		fd, err := tmpfs("555", strconv.Itoa(unpriv.Nobody))
		if err != nil {
			return err
		}
		if err := unix.MoveMount(fd, "", unix.AT_FDCWD, top, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return os.NewSyscallError("move_mount "+top, err)
		}
		p.synth = append(p.synth, fd)
		for at := path.Dir(target); at != top; at = path.Dir(at) {
			if err := os.MkdirAll(at, 0o755); err != nil {
				return err
			}
		}
		for at := path.Dir(target); at != top; at = path.Dir(at) {
			if err := give(at, false); err != nil {
				return err
			}
			if err := unix.Chmod(at, 0o555); err != nil {
				return err
			}
		}
	}
	return p.object(target, kind)
}

// object makes one directory, FIFO or empty file and remembers it.
func (p *points) object(at string, kind uint32) error {
	switch kind {
	case unix.S_IFDIR:
		if err := unix.Mkdir(at, 0o755); err != nil {
			return os.NewSyscallError("mkdir "+at, err)
		}
	case unix.S_IFIFO:
		if err := unix.Mkfifo(at, 0o644); err != nil {
			return os.NewSyscallError("mkfifo "+at, err)
		}
	default:
		fd, err := unix.Open(at, unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o644)
		if err != nil {
			return os.NewSyscallError("creat "+at, err)
		}
		unix.Close(fd)
	}
	var st unix.Stat_t
	if err := unix.Lstat(at, &st); err != nil {
		return err
	}
	p.Made = append(p.Made, inum{st.Dev, st.Ino})
	return nil
}
