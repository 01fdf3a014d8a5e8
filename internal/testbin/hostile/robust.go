package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	parts["threads"] = func(args []string) error { return threads(args[0]) }
	parts["threads-some"] = func([]string) error { return threads("60") }
	parts["mdwe"] = func([]string) error { return noNewCode() }
	parts["thread-ends"] = func([]string) error { return threadEnds() }
	parts["exec-race"] = func([]string) error { return repeat("exec-many", 20) }
	parts["exec-many"] = func([]string) error { return execMany() }
	parts["exit-race"] = func([]string) error { return repeat("exit-many", 30) }
	parts["exit-many"] = func([]string) error { return exitMany() }
	parts["stops"] = func([]string) error { return stops() }
	parts["busy"] = func([]string) error { return busy() }
	parts["no-fds"] = func([]string) error { return noFDs() }
	parts["no-memory"] = func([]string) error { return noMemory() }
	parts["blocked"] = func([]string) error { return blocked() }
}

// repeat runs a part so often, and says how it ended if that changes.
func repeat(part string, n int) error {
	var last unix.WaitStatus = 0xffff
	for range n {
		if ws := again(part); ws != last {
			fmt.Printf("status %#x\n", uint32(ws))
			last = ws
		}
	}
	return nil
}

// openOnce makes a call that stops, and says whether it did as it should.
func openOnce(name string, want unix.Errno) bool {
	fd, _, e := unix.Syscall(unix.SYS_OPENAT, cwdArg, strAddr(name), 0)
	if e == 0 {
		unix.Syscall(unix.SYS_CLOSE, fd, 0, 0)
	}
	return e == want
}

// threads starts so many threads that are there all at once; each makes calls.
func threads(count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	var ready, done sync.WaitGroup
	var bad atomic.Int32
	gate := make(chan bool)
	ready.Add(n)
	done.Add(n)
	for i := range n {
		go func() {
			defer done.Done()
			runtime.LockOSThread()
			name, want := "/etc/hostname", unix.Errno(0)
			if i%2 == 1 {
				name, want = fmt.Sprint("/none/", i), unix.ENOENT
			}
			if !openOnce(name, want) {
				bad.Add(1)
			}
			ready.Done()
			<-gate
			if !openOnce(name, want) {
				bad.Add(1)
			}
		}()
	}
	ready.Wait()
	here, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	close(gate)
	done.Wait()
	fmt.Println("wrong answers:", bad.Load(), "all there:", len(here) > n)
	return nil
}

// threadEnds has threads end, by exit(2) and without a word, while others are
// in the middle of calls.
func threadEnds() error {
	var wg sync.WaitGroup
	var bad atomic.Int32
	for i := range 200 {
		wg.Add(1)
		go func() {
			runtime.LockOSThread()
			for k := range i % 7 {
				if !openOnce("/etc/hostname", 0) || k > 3 && !openOnce("/none", unix.ENOENT) {
					bad.Add(1)
				}
			}
			wg.Done()
			unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
		}()
		if !openOnce("/etc/hostname", 0) {
			bad.Add(1)
		}
	}
	wg.Wait()
	fmt.Println("wrong answers:", bad.Load())
	return nil
}

// noNewCode executes programs where no memory can become executable: it is
// inherited.
func noNewCode() error {
	fmt.Println(unix.Prctl(unix.PR_SET_MDWE, unix.PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
	for range 4 {
		for _, argv := range [][]string{{"/bin/true"}, {"/bin/sh", "-c", "/bin/true; test -e /etc/hostname"}, {"/proc/self/exe", "edges"}} {
			fmt.Println(exec.Command(argv[0], argv[1:]...).Run())
		}
	}
	return nil
}

// execMany has all threads of a process execute a program at once: one of them
// does.
func execMany() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var ready sync.WaitGroup
	gate := make(chan bool)
	for range 16 {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			<-gate
			fmt.Println("exec:", unix.Exec(self, []string{self, "hello"}, nil))
		}()
	}
	ready.Wait()
	close(gate)
	time.Sleep(time.Minute)
	return nil
}

// exitMany ends a process whose threads are all in calls that stop.
func exitMany() error {
	for range 16 {
		go func() {
			runtime.LockOSThread()
			for {
				openOnce("/etc/hostname", 0)
			}
		}()
	}
	time.Sleep(2 * time.Millisecond)
	unix.Exit(7)
	return nil
}

// busy makes calls until it is killed, a child of it too.
func busy() error {
	fmt.Println("busy")
	for range 4 {
		go func() {
			runtime.LockOSThread()
			for {
				openOnce("/etc/hostname", 0)
			}
		}()
	}
	for {
		cmd := exec.Command("/proc/self/exe", "hello")
		_ = cmd.Run()
	}
}

// stops stops and kills children at any moment, and itself.
func stops() error {
	for i := range 40 {
		cmd := exec.Command("/proc/self/exe", "busy")
		if err := cmd.Start(); err != nil {
			return err
		}
		pid := cmd.Process.Pid
		time.Sleep(time.Duration(i) * 300 * time.Microsecond)
		for _, sig := range []unix.Signal{unix.SIGSTOP, unix.SIGCONT, unix.SIGTSTP, unix.SIGSTOP, unix.SIGCONT} {
			if err := unix.Kill(pid, sig); err != nil {
				return err
			}
		}
		if i%2 == 0 {
			unix.Kill(pid, unix.SIGSTOP)
		}
		unix.Kill(pid, unix.SIGKILL)
		_ = cmd.Wait()
		if s := cmd.ProcessState.String(); s != "signal: killed" {
			fmt.Println(s)
		}
	}
	// Itself: a child lets it go on, once it has seen it stopped.
	self := os.Getpid()
	cmd := exec.Command("/proc/self/exe", "wake", strconv.Itoa(self))
	if err := cmd.Start(); err != nil {
		return err
	}
	unix.Kill(self, unix.SIGSTOP)
	fmt.Println("went on", cmd.Wait())
	return nil
}

func init() {
	parts["wake"] = func(args []string) error {
		pid, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		for range 10000 {
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if err != nil {
				return err
			}
			if _, after, _ := strings.Cut(string(b), ") "); after[0] == 'T' || after[0] == 't' {
				return unix.Kill(pid, unix.SIGCONT)
			}
			time.Sleep(time.Millisecond)
		}
		return fmt.Errorf("%d has not stopped", pid)
	}
}

// noFDs makes calls, and an exec, without a descriptor left.
func noFDs() error {
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 30, Max: 30}); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return err
	}
	st := make([]byte, 512)
	var last unix.Errno
	for last == 0 {
		_, last = raw(unix.SYS_OPEN, "/etc/hostname", 0, 0)
	}
	do := func(what string, nr int, args ...any) {
		_, e := raw(nr, args...)
		say(what, e)
	}
	say("open", last)
	do("creat", unix.SYS_CREAT, dir+"/f", 0o644)
	beneath := make([]byte, unix.SizeofOpenHow)
	beneath[16] = unix.RESOLVE_BENEATH
	do("none", unix.SYS_OPEN, "/none/f", 0, 0)
	do("create", unix.SYS_OPEN, dir+"/f/x", unix.O_CREAT, 0o644)
	do("beneath", unix.SYS_OPENAT2, -1, "/x", beneath, len(beneath))
	do("empty", unix.SYS_OPEN, "", 0, 0)
	do("long", unix.SYS_OPEN, strings.Repeat("/", 5000), 0, 0)
	do("long name", unix.SYS_OPEN, "/"+strings.Repeat("n", 300), 0, 0)
	do("maps", unix.SYS_OPEN, "/proc/self/maps", 0, 0)
	do("proc", unix.SYS_OPEN, "/proc", unix.O_DIRECTORY, 0)
	if err := unix.Close(29); err != nil {
		return err
	}
	do("one free", unix.SYS_OPEN, "/none/f", 0, 0)
	do("the last", unix.SYS_OPEN, "/etc/hostname", 0, 0)
	// What is open above the limit, or a hole below it, does not count.
	if err := unix.Close(20); err != nil {
		return err
	}
	do("a hole", unix.SYS_OPEN, "/none/f", 0, 0)
	do("filled", unix.SYS_OPEN, "/etc/hostname", 0, 0)
	do("stat", unix.SYS_STAT, "/etc/hostname", st)
	do("mkdir", unix.SYS_MKDIR, dir+"/d", 0o755)
	do("chmod", unix.SYS_CHMOD, dir+"/d", 0o700)
	do("rename", unix.SYS_RENAME, dir+"/d", dir+"/e")
	do("chdir", unix.SYS_CHDIR, dir+"/e")
	do("getcwd", unix.SYS_GETCWD, st, len(st))
	do("rmdir", unix.SYS_RMDIR, dir+"/e")
	do("rmdir", unix.SYS_RMDIR, dir)
	do("truncate", unix.SYS_TRUNCATE, "/none", 0)
	do("socket", unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM, 0)
	pid, e := forkOpen(marked)
	say("fork", e)
	do("wait", unix.SYS_WAIT4, pid, st, 0, 0)
	fmt.Printf("child %x\n", st[:4])
	return unix.Exec("/bin/true", []string{"true"}, nil)
}

// noMemory has children with hardly any address space make calls and execs.
func noMemory() error {
	for _, kib := range []int{1, 64, 512, 1024, 1500, 2048, 3000, 4096, 8192, 16384, 65536} {
		cmd := exec.Command("/bin/sh", "-c", fmt.Sprintf("ulimit -v %d; cd / && : <etc/hostname && exec /bin/true", kib))
		_ = cmd.Run()
		ws := cmd.ProcessState
		fmt.Println("ended", ws != nil)
	}
	return nil
}

// blocked makes calls that wait for others, by all ways, and others that must
// not wait for them.
func blocked() error {
	dir, err := os.MkdirTemp("", "hostile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fifo := filepath.Join(dir, "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		return err
	}
	held, err := unix.Open(fifo, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	l, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		err = unix.Bind(l, &unix.SockaddrUnix{Name: dir + "/s"})
	}
	if err == nil {
		err = unix.Listen(l, 0)
	}
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	var in atomic.Int32
	wait := func(f func()) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.LockOSThread()
			in.Add(1)
			f()
		}()
	}
	connect := func() {
		s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err == nil {
			err = unix.Connect(s, &unix.SockaddrUnix{Name: dir + "/s"})
			unix.Close(s)
		}
		if err != nil {
			fmt.Println("connect", err)
		}
	}
	connect() // there is room for one
	for _, name := range []string{fifo, "/proc/self/root" + fifo, fdName(held), fmt.Sprintf("/dev/fd/%d", held)} {
		wait(func() {
			fd, err := unix.Open(name, unix.O_WRONLY, 0)
			if err != nil {
				fmt.Println("open", err)
			}
			unix.Close(fd)
		})
		wait(connect)
	}
	for in.Load() < 8 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	// None of these waits.
	st := make([]byte, 512)
	for _, call := range []struct {
		name string
		nr   int
		args []any
	}{
		{"stat", unix.SYS_STAT, []any{fifo, st}},
		{"chmod", unix.SYS_CHMOD, []any{fifo, 0o644}},
		{"getxattr", unix.SYS_GETXATTR, []any{fifo, "user.x", st, len(st)}},
		{"truncate", unix.SYS_TRUNCATE, []any{fifo, 0}},
		{"execve", unix.SYS_EXECVE, []any{fifo, 0, 0}},
		{"chdir", unix.SYS_CHDIR, []any{fifo}},
		{"connect", unix.SYS_CONNECT, []any{-1, fifo, 20}},
		{"open to write", unix.SYS_OPEN, []any{"/none", unix.O_WRONLY, 0}},
		{"nonblocking", unix.SYS_OPEN, []any{fifo, unix.O_WRONLY | unix.O_NONBLOCK, 0}},
		{"rename", unix.SYS_RENAME, []any{fifo, fifo + "2"}},
	} {
		_, e := raw(call.nr, call.args...)
		if call.name != "nonblocking" && e != unix.ENODATA {
			say(call.name, e)
		}
	}
	out, err := exec.Command("/proc/self/exe", "hello").Output()
	fmt.Printf("%q %v\n", out, err)
	// Let them all go.
	r, err := unix.Open(fifo+"2", unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	go func() {
		for range 5 {
			if c, _, err := unix.Accept(l); err == nil {
				unix.Close(c)
			}
		}
	}()
	wg.Wait()
	unix.Close(r)
	return nil
}

func fdName(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

func init() { parts["born-dying"] = func([]string) error { return bornDying() } }

// bornDying kills whole groups of processes that are being born, and looks
// whether others are answered as ever.
func bornDying() error {
	runtime.LockOSThread()
	for i := range 150 {
		pid, e := forkForks()
		if e != 0 {
			return e
		}
		unix.Setpgid(int(pid), int(pid))
		time.Sleep(time.Duration(i*37%4000) * time.Microsecond)
		if !openOnce("/etc/hostname", 0) || !openOnce("/none", unix.ENOENT) {
			return fmt.Errorf("wrong answer in round %d", i)
		}
		unix.Kill(-int(pid), unix.SIGKILL)
		unix.Kill(int(pid), unix.SIGKILL)
		var ws unix.WaitStatus
		if _, err := unix.Wait4(int(pid), &ws, 0, nil); err != nil || !ws.Signaled() {
			return fmt.Errorf("round %d: %w, status %#x", i, err, ws)
		}
	}
	return nil
}
