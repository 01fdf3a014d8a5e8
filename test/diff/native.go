package difftest

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"runtime"

	"github.com/ptbox/ptbox/internal/testutil/unpriv"
	"golang.org/x/sys/unix"
)

// stageVar marks the re-executions of the test program.
const stageVar = "PTBOX_DIFF_STAGE"

// nativeJob tells the native stage what to do.
type nativeJob struct {
	Dir    Dir
	Mounts []Mount
	RootRO bool
	Cwd    string
	Script string
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
	unix.CloseOnExec(4)
	unix.Umask(0o22)
	// Detached copies of the sources can be attached after chroot, when the
	// targets resolve as they do in the guest.
	fds := make([]int, len(job.Mounts))
	for i, m := range job.Mounts {
		if m.Kind == "tmpfs" {
			fds[i], err = tmpfs()
		} else {
			fds[i], err = detached(job.Dir.host(m.Source), m.RO, m.NoExec)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", m.Kind, m.Source, err)
		}
	}
	made, err := attach(job, fds)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.NewFile(4, "made")).Encode(made); err != nil {
		return err
	}
	if job.Cwd != "" {
		if err := unix.Chdir(job.Cwd); err != nil {
			return os.NewSyscallError("chdir "+job.Cwd, err)
		}
	}
	return unpriv.Exec([]string{"/guest", "seq", "-c", job.Script}, env)
}

func detached(source string, ro, noexec bool) (int, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("open_tree "+source, err)
	}
	return fd, restrict(fd, ro, noexec)
}

func restrict(fd int, ro, noexec bool) error {
	var attr unix.MountAttr
	if ro {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if noexec {
		attr.Attr_set |= unix.MOUNT_ATTR_NOEXEC
	}
	return os.NewSyscallError("mount_setattr", unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr))
}

func tmpfs() (int, error) {
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("fsopen", err)
	}
	defer unix.Close(fs)
	for _, kv := range [][2]string{{"mode", "1777"}, {"uid", "65534"}, {"gid", "65534"}} {
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

// attach enters the root and mounts everything there. It returns the mount
// points that it had to make.
func attach(job nativeJob, fds []int) ([]inum, error) {
	root, err := detached(job.Dir.root(), false, false)
	if err != nil {
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
	made := []inum{}
	for i, m := range job.Mounts {
		var st unix.Stat_t
		if err := unix.Fstat(fds[i], &st); err != nil {
			return nil, os.NewSyscallError("fstat", err)
		}
		if err := makePoint(m.Target, st.Mode&unix.S_IFMT == unix.S_IFDIR, &made); err != nil {
			return nil, err
		}
		if err := unix.MoveMount(fds[i], "", unix.AT_FDCWD, m.Target, unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_SYMLINKS); err != nil {
			return nil, os.NewSyscallError("move_mount "+m.Target, err)
		}
	}
	if job.RootRO {
		// Last, as the mount points had to be made.
		return made, restrict(root, true, false)
	}
	return made, nil
}

// makePoint makes a missing mount point and its parents, as root would do on
// the command line.
func makePoint(target string, dir bool, made *[]inum) error {
	var st unix.Stat_t
	if unix.Stat(target, &st) == nil {
		return nil
	}
	if err := makePoint(path.Dir(target), true, made); err != nil {
		return err
	}
	if dir {
		if err := unix.Mkdir(target, 0o755); err != nil {
			return os.NewSyscallError("mkdir "+target, err)
		}
	} else {
		fd, err := unix.Open(target, unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o644)
		if err != nil {
			return os.NewSyscallError("creat "+target, err)
		}
		unix.Close(fd)
	}
	if err := unix.Lstat(target, &st); err != nil {
		return err
	}
	*made = append(*made, inum{st.Dev, st.Ino})
	return nil
}
