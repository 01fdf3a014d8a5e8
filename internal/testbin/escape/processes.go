package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// proc names a file of the target in procfs.
func proc(name string) string { return fmt.Sprintf("/proc/%d/%s", target(), name) }

// iovec is one struct iovec.
func iovec(addr uint64, n int) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, addr), uint64(n))
}

func noise(b []byte, err error) error {
	if err == nil && len(b) == 0 {
		return errHeld
	}
	return err
}

// pidfd opens the target.
func pidfd() (int, error) { return unix.PidfdOpen(target(), 0) }

// stack is an address that every process has mapped: that of its stack, as its
// own maps say; 0 is good enough to be refused for.
func stack() uint64 {
	b, err := os.ReadFile(proc("maps"))
	if err != nil {
		return 0
	}
	var lo uint64
	fmt.Sscanf(string(b), "%x-", &lo)
	return lo
}

// processTechniques look into a process outside, or change it.
var processTechniques = []technique{
	{"ptrace-seize", func() error {
		runtime.LockOSThread()
		return ok(call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, target(), 0, 0))
	}},
	{"ptrace-attach", func() error {
		runtime.LockOSThread()
		return ok(call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, target(), 0, 0))
	}},
	{"process-vm-readv", func() error {
		b := make([]byte, 8)
		at := stack()
		n, err := call(unix.SYS_PROCESS_VM_READV, target(), iovec(address(b), 8), 1, iovec(at, 8), 1, 0)
		runtime.KeepAlive(b)
		if err == nil && n == 0 {
			err = errHeld
		}
		return err
	}},
	{"process-vm-writev", func() error {
		// Nothing to write is still a question of permission.
		b := make([]byte, 8)
		_, err := call(unix.SYS_PROCESS_VM_WRITEV, target(), iovec(address(b), 1), 1, iovec(stack(), 0), 1, 0)
		runtime.KeepAlive(b)
		return err
	}},
	{"proc-mem", func() error { return ok(unix.Open(proc("mem"), unix.O_RDWR, 0)) }},
	{"proc-maps", func() error { return noise(os.ReadFile(proc("maps"))) }},
	{"proc-environ", func() error { return noise(os.ReadFile(proc("environ"))) }},
	{"proc-auxv", func() error { return noise(os.ReadFile(proc("auxv"))) }},
	{"proc-root", func() error { return readFD(unix.Open(proc("root")+cfg.Secret, 0, 0)) }},
	{"proc-cwd", func() error { return ok(unix.Open(proc("cwd"), unix.O_PATH, 0)) }},
	{"proc-exe", func() error { return ok(unix.Open(proc("exe"), 0, 0)) }},
	{"proc-exe-readlink", func() error { b := make([]byte, 64); return ok(unix.Readlink(proc("exe"), b)) }},
	{"proc-fd", func() error { return ok(unix.Open(proc("fd/0"), unix.O_PATH, 0)) }},
	{"proc-fd-list", func() error { _, err := os.ReadDir(proc("fd")); return err }},
	{"proc-ns", func() error { return ok(unix.Open(proc("ns/mnt"), 0, 0)) }},
	{"proc-task", func() error {
		return noise(os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/environ", target(), target())))
	}},
	{"proc-from-descriptor", func() error {
		fd, err := unix.Open("/proc", unix.O_PATH, 0)
		if err != nil {
			return err
		}
		return ok(unix.Openat(fd, fmt.Sprintf("%d/environ", target()), 0, 0))
	}},
	{"proc-from-cwd", func() error {
		if err := unix.Chdir("/proc"); err != nil {
			return err
		}
		return ok(unix.Open(fmt.Sprintf("%d/environ", target()), 0, 0))
	}},
	{"proc-sys-dotdot", func() error { return ok(unix.Open(fmt.Sprintf("/proc/sys/../%d/environ", target()), 0, 0)) }},
	{"oom-score-adj", func() error { return os.WriteFile(proc("oom_score_adj"), []byte("1000"), 0) }},
	{"pidfd-getfd", func() error {
		p, err := pidfd()
		if err != nil {
			return err
		}
		return ok(unix.PidfdGetfd(p, 0, 0))
	}},
	{"kcmp", func() error { return ok(call(unix.SYS_KCMP, target(), os.Getpid(), 0, 0, 0)) }},
	{"prlimit", func() error {
		lim := make([]byte, 16)
		if _, err := call(unix.SYS_PRLIMIT64, target(), unix.RLIMIT_CORE, nil, lim); err != nil {
			return err
		}
		return ok(call(unix.SYS_PRLIMIT64, target(), unix.RLIMIT_CORE, lim, nil))
	}},
	{"setpriority", func() error { return unix.Setpriority(unix.PRIO_PROCESS, target(), 19) }},
	{"setpriority-user", func() error { return unix.Setpriority(unix.PRIO_USER, 0, 19) }},
	{"ioprio-set", func() error { return ok(call(unix.SYS_IOPRIO_SET, 1, target(), 3<<13)) }},
	{"sched-setaffinity", func() error {
		mask := make([]byte, 128)
		mask[0] = 1
		return ok(call(unix.SYS_SCHED_SETAFFINITY, target(), 128, mask))
	}},
	{"sched-setscheduler", func() error {
		return ok(call(unix.SYS_SCHED_SETSCHEDULER, target(), unix.SCHED_BATCH, make([]byte, 8)))
	}},
	{"migrate-pages", func() error {
		mask := []byte{1, 0, 0, 0, 0, 0, 0, 0}
		return ok(call(unix.SYS_MIGRATE_PAGES, target(), 2, mask, mask))
	}},
}

// signalTechniques send SIGKILL in all the ways.
var signalTechniques = []technique{
	{"kill", func() error { return unix.Kill(target(), unix.SIGKILL) }},
	{"kill-zero-signal", func() error { return unix.Kill(target(), 0) }},
	{"kill-group", func() error { return unix.Kill(-cfg.Group, unix.SIGKILL) }},
	{"tkill", func() error { return ok(call(unix.SYS_TKILL, target(), int(unix.SIGKILL))) }},
	{"tgkill", func() error { return ok(call(unix.SYS_TGKILL, target(), target(), int(unix.SIGKILL))) }},
	{"rt-sigqueueinfo", func() error {
		return ok(call(unix.SYS_RT_SIGQUEUEINFO, target(), int(unix.SIGKILL), siginfo()))
	}},
	{"rt-tgsigqueueinfo", func() error {
		return ok(call(unix.SYS_RT_TGSIGQUEUEINFO, target(), target(), int(unix.SIGKILL), siginfo()))
	}},
	{"pidfd-send-signal", func() error {
		p, err := pidfd()
		if err != nil {
			return err
		}
		return unix.PidfdSendSignal(p, unix.SIGKILL, nil, 0)
	}},
	{"pidfd-of-procfs", func() error {
		p, err := unix.Open(fmt.Sprintf("/proc/%d", target()), unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		return unix.PidfdSendSignal(p, unix.SIGKILL, nil, 0)
	}},
	{"f-setown", func() error {
		return sigio(func(fd int) error { return ok(unix.FcntlInt(uintptr(fd), unix.F_SETOWN, target())) })
	}},
	{"f-setown-group", func() error {
		return sigio(func(fd int) error { return ok(unix.FcntlInt(uintptr(fd), unix.F_SETOWN, -cfg.Group)) })
	}},
	{"f-setown-ex", func() error {
		return sigio(func(fd int) error {
			b := make([]byte, 8)
			binary.LittleEndian.PutUint32(b, 1) // F_OWNER_PID
			binary.LittleEndian.PutUint32(b[4:], uint32(target()))
			return ok(call(unix.SYS_FCNTL, fd, unix.F_SETOWN_EX, b))
		})
	}},
	{"fiosetown", func() error {
		return sigio(func(fd int) error {
			b := binary.LittleEndian.AppendUint32(nil, uint32(target()))
			return ok(call(unix.SYS_IOCTL, fd, 0x8901, b))
		})
	}},
}

func siginfo() []byte {
	b := make([]byte, 128)
	binary.LittleEndian.PutUint32(b, uint32(unix.SIGKILL))
	code := int32(-1) // SI_QUEUE
	binary.LittleEndian.PutUint32(b[8:], uint32(code))
	return b
}

// sigio makes the kernel send a signal for a socket that becomes readable.
// Whether it arrives is for the harness to see: the call itself may succeed.
func sigio(own func(fd int) error) error {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := own(p[0]); err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETSIG, int(unix.SIGKILL)); err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETFL, unix.O_ASYNC|unix.O_NONBLOCK); err != nil {
		return err
	}
	if _, err := unix.Write(p[1], []byte("x")); err != nil {
		return err
	}
	return errSignalled
}

// errSignalled leaves the judgement to the harness: it looks at the target.
var errSignalled = errors.New("look at the target")
