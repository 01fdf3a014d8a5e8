package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel must take the program and mean by it what the VM does. The test
// binary runs itself as the process that is filtered, without a tracer, where
// RET_TRACE fails with ENOSYS (seccomp(2)).
const kernelChild = "PTBOX_TEST_SECCOMP_CHILD"

func init() {
	if os.Getenv(kernelChild) != "" {
		seccompChild()
		os.Exit(0)
	}
}

func TestKernelTakesTheProgram(t *testing.T) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), kernelChild+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := strings.Join([]string{
		"getpid ok", "mmap ok", "munmap ok", "hint ok", "window again EEXIST",
		"openat ENOSYS", "io_uring_setup ENOSYS", "mount EPERM", "setns EPERM", "unknown ENOSYS", "x32 ENOSYS",
		"munmap window EPERM", "mmap window EPERM", "mprotect window EPERM", "mremap window EPERM", "madvise window EPERM",
		"close window EBADF", "dup3 window EBADF", "close_range ENOSYS", "TIOCSTI EPERM", "prctl name ok", "prctl dumpable ENOSYS",
		"window still there ok", "",
	}, "\n")
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func seccompChild() {
	runtime.LockOSThread()
	die := func(what string, err error) {
		fmt.Println(what, err)
		os.Exit(1)
	}
	fd, err := unix.MemfdCreate("window", 0)
	if err != nil {
		die("memfd_create", err)
	}
	if err := unix.Ftruncate(fd, testEnd-testLow); err != nil {
		die("ftruncate", err)
	}
	if err := unix.Dup3(fd, testFD, 0); err != nil {
		die("dup3", err)
	}
	call := func(nr uintptr, a ...uintptr) unix.Errno {
		var v [6]uintptr
		copy(v[:], a)
		_, _, e := unix.RawSyscall6(nr, v[0], v[1], v[2], v[3], v[4], v[5])
		return e
	}
	code, err := Compile(testPolicy())
	if err != nil {
		die("compile", err)
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		die("no_new_privs", err)
	}
	if e := call(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog))); e != 0 {
		die("seccomp", e)
	}
	const (
		window  = unix.MAP_SHARED | unix.MAP_FIXED_NOREPLACE
		private = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
		size    = testEnd - testLow
	)
	if e := call(unix.SYS_MMAP, testLow, size, unix.PROT_READ|unix.PROT_EXEC, window, testFD, 0); e != 0 {
		die("mapping the window", e)
	}
	say := func(what string, e unix.Errno) {
		if e == 0 {
			fmt.Println(what, "ok")
			return
		}
		fmt.Println(what, unix.ErrnoName(e))
	}
	say("getpid", call(unix.SYS_GETPID))
	at, _, e := unix.RawSyscall6(unix.SYS_MMAP, 0, 4096, unix.PROT_READ, private, ^uintptr(0), 0)
	say("mmap", e)
	say("munmap", call(unix.SYS_MUNMAP, at, 4096))
	at, _, e = unix.RawSyscall6(unix.SYS_MMAP, testLow, 4096, unix.PROT_READ, private, ^uintptr(0), 0)
	if at >= testLow && at < testEnd {
		e = unix.EEXIST
	}
	say("hint", e)
	say("window again", call(unix.SYS_MMAP, testLow, 4096, unix.PROT_READ, window, testFD, 0))
	say("openat", call(unix.SYS_OPENAT, 0, 0, 0))
	say("io_uring_setup", call(unix.SYS_IO_URING_SETUP, 1, 0))
	say("mount", call(unix.SYS_MOUNT, 0, 0, 0, 0, 0))
	say("setns", call(unix.SYS_SETNS, 0, 0))
	say("unknown", call(500))
	say("x32", call(x32Mask|unix.SYS_GETPID))
	say("munmap window", call(unix.SYS_MUNMAP, testLow, size))
	say("mmap window", call(unix.SYS_MMAP, testLow, 4096, unix.PROT_READ, private|unix.MAP_FIXED, ^uintptr(0), 0))
	say("mprotect window", call(unix.SYS_MPROTECT, testLow, 4096, unix.PROT_READ|unix.PROT_WRITE))
	say("mremap window", call(unix.SYS_MREMAP, testLow, 4096, 4096, unix.MREMAP_MAYMOVE|4))
	say("madvise window", call(unix.SYS_MADVISE, testLow, 4096, unix.MADV_DONTFORK))
	say("close window", call(unix.SYS_CLOSE, testFD))
	say("dup3 window", call(unix.SYS_DUP3, 0, testFD, 0))
	say("close_range", call(unix.SYS_CLOSE_RANGE, 3, 1<<31-1, 0))
	say("TIOCSTI", call(unix.SYS_IOCTL, 0, unix.TIOCSTI, 0))
	name := [16]byte{'x'}
	say("prctl name", call(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name))))
	say("prctl dumpable", call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1))
	say("window still there", call(unix.SYS_MINCORE, testLow, 4096, uintptr(unsafe.Pointer(&name))))
}
