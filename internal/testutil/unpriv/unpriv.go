// Package unpriv turns a process into an ordinary user without capabilities, as
// tests that run as root must. It is apart from testutil so that programs under
// test can use it without linking package testing.
package unpriv

import (
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Nobody is the ordinary user that root's test runs become.
const Nobody = 65534

// Drop turns the calling thread into Nobody without capabilities, groups or a
// way back (no_new_privs, empty bounding set). It must be followed by exec on
// the same thread: the process' other threads are left as they are.
func Drop() error {
	runtime.LockOSThread()
	for c := uintptr(0); ; c++ {
		// EINVAL is the first number that the kernel has no capability for.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err == unix.EINVAL {
			break
		} else if err != nil {
			return os.NewSyscallError("PR_CAPBSET_DROP", err)
		}
	}
	// The raw calls act on this thread only, which is all that exec keeps.
	for _, c := range [][4]uintptr{
		{unix.SYS_SETGROUPS, 0, 0, 0},
		{unix.SYS_SETRESGID, Nobody, Nobody, Nobody},
		{unix.SYS_SETRESUID, Nobody, Nobody, Nobody},
	} {
		if _, _, e := unix.RawSyscall(c[0], c[1], c[2], c[3]); e != 0 {
			return os.NewSyscallError("drop", e)
		}
	}
	return os.NewSyscallError("PR_SET_NO_NEW_PRIVS", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
}

// Exec drops and executes argv, whose first element is a path.
func Exec(argv []string, env []string) error {
	if err := Drop(); err != nil {
		return err
	}
	return os.NewSyscallError("exec "+argv[0], unix.Exec(argv[0], argv, env))
}

// Command returns a command that runs argv as Nobody when this process is
// root, and as it is otherwise. helper is a program with a "drop" subcommand
// (internal/testbin's guest).
func Command(helper string, argv ...string) *exec.Cmd {
	if os.Geteuid() == 0 {
		argv = append([]string{helper, "drop"}, argv...)
	}
	return exec.Command(argv[0], argv[1:]...)
}
