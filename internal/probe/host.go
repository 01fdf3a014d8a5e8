package probe

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// status returns a field of /proc/self/status, "" if it is not there.
func status(field string) string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Proc says whether /proc is a procfs that shows the calling process.
func Proc() error {
	var fs unix.Statfs_t
	if err := unix.Statfs("/proc", &fs); err != nil {
		return err
	}
	if fs.Type != unix.PROC_SUPER_MAGIC {
		return errors.New("not a procfs")
	}
	if status("Pid") != strconv.Itoa(os.Getpid()) {
		return errors.New("it belongs to another pid namespace")
	}
	return nil
}

func procResult() Result {
	const name = "proc"
	if err := Proc(); err != nil {
		return bad(name, "mount /proc, of this pid namespace", "/proc: %v", err)
	}
	return good(name, "/proc shows this process")
}

// TracerPID is the process that traces the caller, 0 if none does.
func TracerPID() int {
	n, _ := strconv.Atoi(status("TracerPid"))
	return n
}

func tracerResult() Result {
	const name = "tracer"
	if pid := TracerPID(); pid != 0 {
		return warn(name, "run ptbox without strace, a debugger or another ptrace sandbox around it",
			"process %d traces this one; what it follows cannot be traced again", pid)
	}
	return good(name, "nobody traces this process")
}

func yamaResult() Result {
	const name = "yama"
	b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	if errors.Is(err, os.ErrNotExist) {
		return good(name, "not in this kernel")
	}
	scope := strings.TrimSpace(string(b))
	const fix = "sysctl kernel.yama.ptrace_scope=1"
	switch {
	case err != nil:
		return warn(name, "", "ptrace_scope: %v", err)
	case scope == "0" || scope == "1":
		return good(name, "ptrace_scope is %s: children may be traced", scope)
	case scope == "2":
		return warn(name, fix, "ptrace_scope is 2: only with CAP_SYS_PTRACE")
	}
	return warn(name, fix+" (needs a reboot)", "ptrace_scope is %s: nothing may be traced", scope)
}

// Openat2 says whether openat2(2) works (Linux 5.6; old container tools
// refuse it).
func Openat2() error {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC | unix.O_DIRECTORY,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func openat2Result() Result {
	const name = "openat2"
	if err := Openat2(); err != nil {
		return warn(name, "Linux 5.6, and a container runtime that knows the call", "%v: paths are walked name by name", err)
	}
	return good(name, "the kernel confines lookups")
}

// FastPath says whether the calls work that --fast makes in the guest: openat2
// beneath a directory, and faccessat2 of a descriptor (Linux 5.8).
func FastPath() error {
	if runtime.GOARCH != "amd64" {
		return fmt.Errorf("there is no code for %s", runtime.GOARCH)
	}
	fd, err := unix.Openat2(unix.AT_FDCWD, ".", &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC | unix.O_DIRECTORY,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return fmt.Errorf("openat2: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Faccessat(fd, "", unix.X_OK, unix.AT_EMPTY_PATH); err != nil && err != unix.EACCES {
		return fmt.Errorf("faccessat2: %w", err)
	}
	return nil
}

func fastResult() Result {
	const name = "fast path"
	if err := FastPath(); err != nil {
		return warn(name, "Linux 5.8 on x86_64, and a container runtime that knows the calls", "%v: --fast has no effect", err)
	}
	return good(name, "--fast=on and auto answer path calls inside the guest")
}

// SealedMemfd tries what the window needs: a file that can be mapped
// executable, and after F_SEAL_FUTURE_WRITE (Linux 5.1) not writable any more
// while the old mapping stays writable.
func SealedMemfd() error {
	const size = 4096
	// MFD_EXEC (Linux 6.3) says what vm.memfd_noexec=1 would otherwise deny.
	fd, err := unix.MemfdCreate("ptbox-probe", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("ptbox-probe", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return fmt.Errorf("memfd_create: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, size); err != nil {
		return fmt.Errorf("ftruncate: %w", err)
	}
	rw, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	defer unix.Munmap(rw)
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_FUTURE_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		return fmt.Errorf("F_SEAL_FUTURE_WRITE: %w", err)
	}
	if again, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		unix.Munmap(again)
		return errors.New("a sealed file can be mapped for writing")
	}
	rx, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("executable mapping: %w", err)
	}
	defer unix.Munmap(rx)
	rw[0] = 0xc3
	if rx[0] != 0xc3 {
		return errors.New("the mappings do not share their pages")
	}
	return nil
}

func memfdResult() Result {
	const name = "memfd"
	if err := SealedMemfd(); err != nil {
		return bad(name, "Linux 5.1, and vm.memfd_noexec below 2", "%v", err)
	}
	return good(name, "sealed, executable memory files work")
}

// WindowStart is where the engine's pages lie in every guest, at the least.
const WindowStart = 0x10000

// MmapMinAddr is the lowest address that an ordinary process may map.
func MmapMinAddr() (uint64, error) {
	b, err := os.ReadFile("/proc/sys/vm/mmap_min_addr")
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
}

func windowResult() Result {
	const name = "mmap_min_addr"
	if err := mapLow(WindowStart); err != nil {
		fix := fmt.Sprintf("sysctl vm.mmap_min_addr=%d", WindowStart)
		if n, e := MmapMinAddr(); e == nil && n <= WindowStart {
			fix = "" // it is not the limit: a sandbox around ptbox, most likely another ptbox
		}
		return bad(name, fix, "nothing can be mapped at %#x: %v", WindowStart, err)
	}
	return good(name, "pages can be mapped at %#x", WindowStart)
}

// Landlock is the ABI version of the kernel's Landlock, 0 if there is none.
func Landlock() int {
	const version = 1 // LANDLOCK_CREATE_RULESET_VERSION
	n, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, version)
	if e != 0 {
		return 0
	}
	return int(n)
}

func landlockResult() Result {
	const name = "landlock"
	const fix = "Linux 5.13 with landlock in the lsm= list"
	switch n := Landlock(); {
	case n == 0:
		return warn(name, fix, "not there: the second line of defence is missing")
	case n < 3:
		return warn(name, "Linux 6.2", "ABI %d does not cover truncate", n)
	default:
		return good(name, "ABI %d", n)
	}
}

func confinedResult() Result {
	const name = "confinement"
	nnp, mode, filters := status("NoNewPrivs"), status("Seccomp"), status("Seccomp_filters")
	if mode == "0" || mode == "" {
		return good(name, "no seccomp filter around ptbox, no_new_privs is %s", nnp)
	}
	if filters == "" {
		filters = "some"
	}
	return good(name, "%s seccomp filters around ptbox (what they refuse is refused in the guest), no_new_privs is %s", filters, nnp)
}

// UserXattr says whether a user.* attribute can be set on a file in dir.
func UserXattr(dir string) error {
	f, err := os.CreateTemp(dir, ".ptbox-probe-")
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			return pe.Err
		}
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	return unix.Fsetxattr(int(f.Fd()), "user.ptbox.probe", []byte("1"), 0)
}

func xattrResult() Result {
	const name = "user xattr"
	var works, not []string
	for _, dir := range []string{".", os.TempDir()} {
		if err := UserXattr(dir); err != nil {
			not = append(not, fmt.Sprintf("%s: %v", dir, err))
		} else {
			works = append(works, dir)
		}
	}
	if len(not) > 0 {
		return warn(name, "", "%s (ownership can be recorded in extended attributes only where they work)", strings.Join(not, "; "))
	}
	return good(name, "user.* attributes can be set in %s", strings.Join(works, " and "))
}
