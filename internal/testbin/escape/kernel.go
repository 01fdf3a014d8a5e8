package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// exits10 runs a command and says whether it exited with 10.
func exits10(cmd *exec.Cmd) error {
	cmd.Stdout = os.Stdout
	err := cmd.Run()
	var e *exec.ExitError
	if errors.As(err, &e) && e.ExitCode() == escaped {
		return nil
	}
	if err == nil {
		err = errHeld
	}
	return err
}

// reap waits for a raw child and says whether it exited with 10.
func reap(pid int, err error) error {
	if err != nil {
		return err
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, unix.WALL, nil); err != nil {
		return err
	}
	if !ws.Exited() || ws.ExitStatus() != escaped {
		return fmt.Errorf("%w: child status %#x", errHeld, uint32(ws))
	}
	return nil
}

// inNamespaces runs the program again in new namespaces.
func inNamespaces(flags uintptr) error {
	cmd := exec.Command(cfg.Self, "exit10")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	return exits10(cmd)
}

// filter is a seccomp program that answers every call with action.
func filter(action uint32) (fprog, insns []byte) {
	le := binary.LittleEndian
	// Only getppid gets the action, so that the program can go on.
	for _, i := range []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_GETPPID},
		{Code: unix.BPF_RET | unix.BPF_K, K: action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	} {
		insns = le.AppendUint16(insns, i.Code)
		insns = append(insns, i.Jt, i.Jf)
		insns = le.AppendUint32(insns, i.K)
	}
	fprog = le.AppendUint64(nil, uint64(len(insns)/8))
	return le.AppendUint64(fprog, address(insns)), insns
}

func install(nr int, args func(fprog []byte) []any, action uint32) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	fprog, insns := filter(action)
	_, err := call(nr, args(fprog)...)
	runtime.KeepAlive(insns)
	return err
}

// kernelTechniques use parts of the kernel that go round a path sandbox.
var kernelTechniques = []technique{
	{"user-namespace", func() error { return inNamespaces(unix.CLONE_NEWUSER) }},
	{"mount-namespace", func() error { return inNamespaces(unix.CLONE_NEWUSER | unix.CLONE_NEWNS) }},
	{"net-namespace", func() error { return inNamespaces(unix.CLONE_NEWUSER | unix.CLONE_NEWNET) }},
	{"clone-user-namespace", func() error { return reap(forkChild(unix.CLONE_NEWUSER, unix.SYS_GETPID)) }},
	{"clone3-user-namespace", func() error { return reap(clone3Child(unix.CLONE_NEWUSER)) }},
	{"clone3-untraced-user-namespace", func() error { return reap(clone3Child(unix.CLONE_NEWUSER | unix.CLONE_UNTRACED)) }},
	{"clone-untraced", func() error {
		return reap(forkChild(unix.CLONE_UNTRACED, unix.SYS_OPENAT, cwd, cfg.Secret, 0, 0))
	}},
	{"clone-vfork", func() error { return reap(forkChild(unix.CLONE_VFORK, unix.SYS_OPENAT, cwd, cfg.Secret, 0, 0)) }},
	{"clone-parent", func() error {
		_, err := forkChild(unix.CLONE_PARENT, unix.SYS_OPENAT, cwd, cfg.Secret, 0, 0)
		if err != nil {
			return err
		}
		// It is not ours to wait for; a sibling with the same fate is.
		return reap(forkChild(0, unix.SYS_OPENAT, cwd, cfg.Secret, 0, 0))
	}},
	{"clone-thread-without-fs", func() error {
		return reap(forkChild(unix.CLONE_FS|unix.CLONE_FILES, unix.SYS_OPENAT, cwd, cfg.Secret, 0, 0))
	}},
	{"io-uring", func() error { return ok(call(unix.SYS_IO_URING_SETUP, 2, make([]byte, 120))) }},
	{"userfaultfd", func() error { return ok(call(unix.SYS_USERFAULTFD, 1)) }},
	{"perf-event", func() error {
		attr := make([]byte, 128)
		binary.LittleEndian.PutUint32(attr, 1)         // PERF_TYPE_SOFTWARE
		binary.LittleEndian.PutUint32(attr[4:], 128)   // size
		binary.LittleEndian.PutUint64(attr[8:], 1)     // PERF_COUNT_SW_TASK_CLOCK
		binary.LittleEndian.PutUint64(attr[40:], 0x61) // disabled, exclude_kernel, exclude_hv
		return ok(call(unix.SYS_PERF_EVENT_OPEN, attr, 0, -1, -1, 0))
	}},
	{"add-key", func() error { return ok(call(unix.SYS_ADD_KEY, "user", "ptbox-escape", "v", 1, -2)) }},
	{"keyctl", func() error { return ok(call(unix.SYS_KEYCTL, 0, -2, 1)) }},
	{"seccomp-listener", func() error {
		return install(unix.SYS_SECCOMP, func(p []byte) []any { return []any{1, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, p} }, unix.SECCOMP_RET_USER_NOTIF)
	}},
	{"seccomp-notif-action", func() error {
		return install(unix.SYS_SECCOMP, func(p []byte) []any { return []any{1, 0, p} }, unix.SECCOMP_RET_USER_NOTIF)
	}},
	{"seccomp-trace-action", func() error {
		return install(unix.SYS_SECCOMP, func(p []byte) []any { return []any{1, 0, p} }, unix.SECCOMP_RET_TRACE)
	}},
	{"prctl-seccomp-trace", func() error {
		return install(unix.SYS_PRCTL, func(p []byte) []any { return []any{unix.PR_SET_SECCOMP, 2, p} }, unix.SECCOMP_RET_TRACE)
	}},
	{"personality", func() error { return ok(call(unix.SYS_PERSONALITY, 0x0400000)) }},
	{"tiocsti", func() error {
		cmd := exec.Command(cfg.Self, "type-into")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return exits10(cmd)
	}},
	{"tiocsti-high-bits", func() error {
		cmd := exec.Command(cfg.Self, "type-into", "high")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return exits10(cmd)
	}},
	{"survive", func() error {
		cmd := exec.Command(cfg.Self, "sleep", cfg.Token)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			return err
		}
		return errSignalled
	}},
}

func init() {
	helpers["type-into"] = func(args []string) {
		request := uint64(unix.TIOCSTI)
		if len(args) > 0 {
			request |= 1 << 33
		}
		if err := typeInto(request); err != nil {
			fmt.Println(err)
			os.Exit(held)
		}
		os.Exit(escaped)
	}
}

// typeInto fakes input on a new terminal.
func typeInto(request uint64) error {
	m, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	if err := unix.IoctlSetPointerInt(m, unix.TIOCSPTLCK, 0); err != nil {
		return err
	}
	n, err := unix.IoctlGetInt(m, unix.TIOCGPTN)
	if err != nil {
		return err
	}
	s, err := unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	if err := unix.IoctlSetInt(s, unix.TIOCSCTTY, 0); err != nil {
		return err
	}
	return ok(call(unix.SYS_IOCTL, s, request, "x"))
}

// interpreted writes a script for an interpreter.
func script(name, interp string) (string, error) {
	p := filepath.Join(cfg.Work, name)
	return p, os.WriteFile(p, []byte("#!"+interp+" exit10\n"), 0o755)
}

// execTechniques run programs of the host.
var execTechniques = []technique{
	{"execve", func() error { return exits10(exec.Command(cfg.HostBin, "exit10")) }},
	{"execveat", func() error { return reap(forkChild(0, unix.SYS_EXECVEAT, cwd, outside("exit10"), nil, nil, 0)) }},
	{"execveat-empty-path-flag", func() error {
		fd, err := unix.Open(cfg.Self, unix.O_PATH, 0)
		if err != nil {
			return err
		}
		return reap(forkChild(0, unix.SYS_EXECVEAT, fd, outside("exit10"), nil, nil, emptyPath))
	}},
	{"exec-proc-root", func() error { return exits10(exec.Command("/proc/self/root"+cfg.HostBin, "exit10")) }},
	{"exec-script", func() error {
		p, err := script("script", cfg.HostBin)
		if err != nil {
			return err
		}
		return exits10(exec.Command(p))
	}},
	{"exec-script-of-script", func() error {
		inner, err := script("inner", cfg.HostBin)
		if err != nil {
			return err
		}
		p, err := script("outer", inner)
		if err != nil {
			return err
		}
		return exits10(exec.Command(p))
	}},
	{"exec-elf-interpreter", func() error {
		p := filepath.Join(cfg.Work, "interpreted")
		if err := writeProgram(p, program(0x2000000, held, cfg.HostBin)); err != nil {
			return err
		}
		return exits10(exec.Command(p, "exit10"))
	}},
	{"exec-over-window", func() error {
		p := filepath.Join(cfg.Work, "low")
		if err := writeProgram(p, program(windowLow, escaped, "")); err != nil {
			return err
		}
		return exits10(exec.Command(p))
	}},
	{"exec-symlink", func() error {
		p := filepath.Join(cfg.Work, "binlink")
		if err := os.Symlink(cfg.HostBin, p); err != nil {
			return err
		}
		return exits10(exec.Command(p, "exit10"))
	}},
}
