package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	commands["kill"] = func(args []string) int { // raise a signal
		n := intArg(args, 0, 9)
		unix.Kill(os.Getpid(), unix.Signal(n))
		unix.Pause()
		return 2
	}
	commands["segv"] = func([]string) int {
		defaultAction(unix.SIGSEGV)
		badAddr() // maps the arena
		arena.edge[7*4096] = 1
		return 2
	}
	commands["forkbomb"] = forkbomb
	commands["execloop"] = execloop
	commands["threads"] = threads
	commands["vforkexec"] = vforkexec
	commands["exec-from-thread"] = execFromThread
	commands["stopself"] = stopself
	commands["procself"] = procself
}

func intArg(args []string, i, missing int) int {
	if i >= len(args) {
		return missing
	}
	n, err := strconv.Atoi(args[i])
	if err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(2)
	}
	return n
}

// fail prints a message and returns the exit code of a failed check.
func fail(format string, a ...any) int {
	fmt.Fprintf(os.Stderr, "guest: "+format+"\n", a...)
	return 1
}

// executable is this program's path: /guest, or where it was started.
func executable() string {
	if _, err := os.Stat(os.Args[0]); err == nil && strings.Contains(os.Args[0], "/") {
		return os.Args[0]
	}
	return self
}

// forkbomb starts N processes that exit with their number modulo 7, eight at
// a time, and prints the sum of the exit codes.
func forkbomb(args []string) int {
	n := intArg(args, 0, 100)
	var sum, want, failed atomic.Int64
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				c := exec.Command(executable(), "exit", itoa(i%7))
				// The root may have no /dev/null.
				c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
				if err := c.Run(); c.ProcessState == nil {
					failed.Add(1)
					fmt.Fprintln(os.Stderr, "guest:", err)
					continue
				}
				sum.Add(int64(c.ProcessState.ExitCode()))
			}
		})
	}
	for i := range n {
		want.Add(int64(i % 7))
		next <- i
	}
	close(next)
	wg.Wait()
	fmt.Println(sum.Load())
	if sum.Load() != want.Load() || failed.Load() > 0 {
		return fail("sum %d, want %d, %d failed", sum.Load(), want.Load(), failed.Load())
	}
	return 0
}

// execloop executes itself N times in one process.
func execloop(args []string) int {
	n := intArg(args, 0, 0)
	if n == 0 {
		fmt.Println("done", os.Args[0] != "")
		return 0
	}
	exe := executable()
	err := unix.Exec(exe, []string{exe, "execloop", itoa(n - 1)}, os.Environ())
	return fail("exec with %d to go: %v", n, err)
}

// threads lets N goroutines work on files in the current directory, each in a
// directory of its own, all on threads of their own, and checks every result.
func threads(args []string) int {
	n, rounds := intArg(args, 0, 8), intArg(args, 1, 50)
	var wg sync.WaitGroup
	var bad atomic.Int64
	for i := range n {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			dir := "thread-" + itoa(i)
			if err := fileWork(dir, rounds); err != nil {
				bad.Add(1)
				fmt.Fprintf(os.Stderr, "guest: %s: %v\n", dir, err)
			}
		})
	}
	wg.Wait()
	fmt.Println(n*rounds, "rounds")
	if bad.Load() > 0 {
		return 1
	}
	return 0
}

func fileWork(dir string, rounds int) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for r := range rounds {
		a, b := dir+"/a", dir+"/b"
		content := fmt.Sprint(dir, " round ", r)
		if err := os.WriteFile(a, []byte(content), 0o644); err != nil {
			return err
		}
		if err := os.Symlink("a", b); err != nil {
			return err
		}
		got, err := os.ReadFile(b)
		if err != nil || string(got) != content {
			return fmt.Errorf("read %q, %v, want %q", got, err, content)
		}
		if t, err := os.Readlink(b); err != nil || t != "a" {
			return fmt.Errorf("readlink %q, %v", t, err)
		}
		if err := os.Rename(a, b); err != nil {
			return err
		}
		if _, err := os.Lstat(a); !os.IsNotExist(err) {
			return fmt.Errorf("lstat of a renamed file: %v", err)
		}
		fi, err := os.Stat(b)
		if err != nil || fi.Size() != int64(len(content)) || !fi.Mode().IsRegular() {
			return fmt.Errorf("stat: %v, %v", fi, err)
		}
		es, err := os.ReadDir(dir)
		if err != nil || len(es) != 1 {
			return fmt.Errorf("readdir: %v, %v", es, err)
		}
		if err := os.Remove(b); err != nil {
			return err
		}
	}
	return os.Remove(dir)
}

// vforkexec starts children with CLONE_VFORK|CLONE_VM, as Go's ForkExec does,
// some of them with a program that does not exist: the child then fails in
// the parent's memory.
func vforkexec(args []string) int {
	for i := range intArg(args, 0, 50) {
		pid, err := syscall.ForkExec(executable(), []string{"guest", "exit", itoa(i % 100)}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
		if err != nil {
			return fail("vfork and exec: %v", err)
		}
		var ws unix.WaitStatus
		if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil || ws.ExitStatus() != i%100 {
			return fail("child %d: %v, %v", i, ws, err)
		}
		if _, err := syscall.ForkExec("/no/such/program", []string{"x"}, nil); err != syscall.ENOENT {
			return fail("exec of a missing program: %v", err)
		}
	}
	fmt.Println("ok")
	return 0
}

// execFromThread executes a program from a thread that is not the leader
// while others are in system calls: the leader's id passes to that thread.
func execFromThread([]string) int {
	pid := os.Getpid()
	for range 8 {
		go func() {
			runtime.LockOSThread()
			for {
				os.Stat(".")
			}
		}()
	}
	// The leader stays with this goroutine, so that the other gets a thread
	// that is not it.
	runtime.LockOSThread()
	go func() {
		runtime.LockOSThread()
		exe := executable()
		fail("exec: %v", unix.Exec(exe, []string{exe, "samepid", itoa(pid)}, os.Environ()))
		os.Exit(1)
	}()
	select {}
}

func init() {
	commands["samepid"] = func(args []string) int {
		if itoa(os.Getpid()) != args[0] {
			return fail("process id %d, was %s", os.Getpid(), args[0])
		}
		if _, err := os.Stat("."); err != nil {
			return fail("stat after exec: %v", err)
		}
		fmt.Println("ok")
		return 0
	}
}

// stopself has a child that stops itself; the parent sees the stop, continues
// it and sees that, too.
func stopself([]string) int {
	pid, err := syscall.ForkExec(executable(), []string{"guest", "stopchild"}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
	if err != nil {
		return fail("fork: %v", err)
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, unix.WUNTRACED, nil); err != nil || !ws.Stopped() || ws.StopSignal() != unix.SIGSTOP {
		return fail("no stop: %#x %v", ws, err)
	}
	// A stopped process stays stopped while its parent does things.
	for range 20 {
		os.Stat("/")
	}
	if p, _ := unix.Wait4(pid, &ws, unix.WNOHANG|unix.WUNTRACED|unix.WCONTINUED, nil); p != 0 {
		return fail("the stopped child changed: %#x", ws)
	}
	unix.Kill(pid, unix.SIGCONT)
	if _, err := unix.Wait4(pid, &ws, unix.WCONTINUED, nil); err != nil || !ws.Continued() && !ws.Exited() {
		return fail("not continued: %#x %v", ws, err)
	}
	if ws.Continued() {
		if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil {
			return fail("wait: %v", err)
		}
	}
	if ws.ExitStatus() != 33 {
		return fail("child: %#x", ws)
	}
	fmt.Println("ok")
	return 0
}

func init() {
	commands["stopchild"] = func([]string) int {
		unix.Kill(os.Getpid(), unix.SIGSTOP)
		return 33
	}
}

// procself prints what /proc says of this process and checks that the file
// that it calls the program is it.
func procself(args []string) int {
	for _, l := range []string{"exe", "cwd", "root", "fd/0"} {
		t, err := os.Readlink("/proc/self/" + l)
		fmt.Println(l, t, err)
	}
	t, err := os.Readlink("/proc/thread-self/exe")
	fmt.Println("thread exe", t, err)
	want, err := os.ReadFile(executable())
	if err != nil {
		return fail("%v", err)
	}
	got, err := os.ReadFile("/proc/self/exe")
	if err != nil || string(got) != string(want) {
		return fail("/proc/self/exe is not %s: %v", executable(), err)
	}
	comm, _ := os.ReadFile("/proc/self/comm")
	fmt.Print("comm ", string(comm))
	return 0
}
