package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	commands["serve"] = serveMain
	commands["worker"] = workerMain
}

// serving says that lines are made up by a program: a variable that has no
// value, because the call that should have set it failed, is -1.
var serving bool

// opened are the descriptors that calls have returned: what has to be closed
// before the next script.
var opened []int

func keepFD(fd int) {
	if serving {
		opened = append(opened, fd)
	}
}

// serveMain runs one script after the other, each from a fresh state: "serve"
// reads a line with the script's length, then the script, and answers with its
// output and a line "end". Many scripts so cost one start of a sandbox.
func serveMain([]string) int {
	runtime.LockOSThread()
	serving = true
	in := bufio.NewReader(rawFD(0))
	for {
		l, err := in.ReadString('\n')
		if err == io.EOF {
			return 0
		}
		n, err2 := strconv.Atoi(strings.TrimSpace(l))
		if err != nil || err2 != nil {
			return fail("bad length %q", l)
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(in, b); err != nil {
			return fail("%v", err)
		}
		reset() // again: the last script may have made "/" unsearchable
		out = bufio.NewWriter(rawFD(1))
		script = strings.Split(string(b), "\n")
		runLines(0, len(script))
		reset()
		out.WriteString("end\n")
		if err := out.Flush(); err != nil {
			return fail("%v", err)
		}
	}
}

// rawFD reads and writes without the runtime's poller, which would open
// descriptors of its own.
type rawFD int

func (f rawFD) Read(b []byte) (int, error) {
	n, err := syscall.Read(int(f), b)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return n, err
}

func (f rawFD) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		n, err := syscall.Write(int(f), b[done:])
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// reset forgets what the last script has left.
func reset() {
	for _, w := range workers {
		if w.sock >= 0 {
			w.ask("reset", nil)
		}
	}
	forget()
	for i := range workers {
		if w := &workers[i]; w.sock < 0 {
			w.start() // a respawn has failed: the next would start where this one happens to be
		}
	}
}

func forget() {
	for _, fd := range opened {
		unix.Close(fd)
	}
	opened = opened[:0]
	clear(vars)
	clear(inodes)
	unix.Chdir("/")
	unix.Umask(0o22)
}

// A worker is another process of this program, with a directory and
// descriptors of its own. "@N call …" is a call that worker N makes; "@t call
// …" is made by another thread of this process.
type worker struct{ sock, pid int }

// workerFD is the lowest descriptor of a worker's socket.
const workerFD = 200

var workers = [2]worker{{sock: -1}, {sock: -1}}

// elsewhere runs a line that begins with "@".
func elsewhere(line string) string {
	who, rest, _ := strings.Cut(line[1:], " ")
	if who == "t" {
		done := make(chan string)
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			done <- runLine(rest)
		}()
		return <-done
	}
	w, err := workerOf(who)
	if err != "" {
		return err
	}
	return renumber(w.ask("line "+rest, nil))
}

func workerOf(who string) (*worker, string) {
	n, err := strconv.Atoi(who)
	if err != nil || n < 1 || n > len(workers) {
		bad("no worker %s", who)
	}
	w := &workers[n-1]
	if w.sock < 0 {
		if e := w.start(); e != "" {
			return nil, e
		}
	}
	return w, ""
}

// start makes the worker: it inherits the working directory and the umask.
func (w *worker) start() string {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "!socketpair: " + err.Error()
	}
	pid, err := syscall.ForkExec(self, []string{"guest", "worker"}, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2, uintptr(p[1])}})
	unix.Close(p[1])
	if err != nil {
		unix.Close(p[0])
		if e, ok := err.(syscall.Errno); ok {
			return errnoName(e)
		}
		return "!start: " + err.Error()
	}
	// Out of the way: a script closes descriptors twice, and uses closed ones.
	w.sock, err = unix.FcntlInt(uintptr(p[0]), unix.F_DUPFD_CLOEXEC, workerFD)
	w.pid = pid
	unix.Close(p[0])
	if err != nil {
		w.sock = -1
		return "!dup: " + err.Error()
	}
	return ""
}

// respawn N ends worker N and starts it anew where this process is now.
func respawn(who string) string {
	w, err := workerOf(who)
	if err != "" {
		return err
	}
	unix.Close(w.sock)
	w.sock = -1
	for {
		if _, e := unix.Wait4(w.pid, nil, 0, nil); e != unix.EINTR {
			break
		}
	}
	if e := w.start(); e != "" {
		return e
	}
	return "OK"
}

// ask sends a message, with a descriptor or without, and returns the answer.
func (w *worker) ask(msg string, rights []byte) string {
	if err := unix.Sendmsg(w.sock, []byte(msg), rights, nil, 0); err != nil {
		return "!send: " + err.Error()
	}
	s, _ := w.receive()
	return s
}

func (w *worker) receive() (string, int) {
	b, oob := make([]byte, 1<<16), make([]byte, 256)
	for {
		n, on, _, _, err := unix.Recvmsg(w.sock, b, oob, unix.MSG_CMSG_CLOEXEC)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return "!receive: " + err.Error(), -1
		}
		if n == 0 {
			return "!worker ended", -1
		}
		return string(b[:n]), rightsIn(oob[:on])
	}
}

func rightsIn(oob []byte) int {
	ms, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(ms) == 0 {
		return -1
	}
	fds, err := unix.ParseUnixRights(&ms[0])
	if err != nil || len(fds) == 0 {
		return -1
	}
	return fds[0]
}

// give N $fd name sends a descriptor to worker N, which knows it as name;
// take N $fd name brings one of the worker's here.
func pass(name string, args []string) string {
	if len(args) != 3 {
		bad("%s N $fd name", name)
	}
	w, err := workerOf(args[0])
	if err != "" {
		return err
	}
	if name == "give" {
		fd := int(number(args[1]))
		if _, e := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); e != nil {
			return "EBADF"
		}
		return renumber(w.ask("keep "+args[2], unix.UnixRights(fd)))
	}
	if e := unix.Send(w.sock, []byte("send "+args[1]), 0); e != nil {
		return "!send: " + e.Error()
	}
	s, fd := w.receive()
	if s != "OK" {
		return s
	}
	keepFD(fd)
	vars[args[2]] = fd
	return "OK" + describeFD(fd)
}

// workerMain does what the first process asks for, over descriptor 3.
func workerMain([]string) int {
	runtime.LockOSThread()
	serving, rawInodes = true, true
	unix.CloseOnExec(3)
	// What it has inherited from a script nobody would ever close.
	for fd := 4; fd < workerFD; fd++ {
		unix.Close(fd)
	}
	me := worker{sock: 3}
	for {
		msg, fd := me.receive()
		op, rest, _ := strings.Cut(msg, " ")
		var rights []byte
		answer := "OK"
		switch op {
		case "line":
			answer = runLine(rest)
		case "keep":
			keepFD(fd)
			vars[rest] = fd
			answer += describeFD(fd)
		case "send":
			fd := int(number(rest))
			if _, e := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); e != nil {
				answer = "EBADF"
			} else {
				rights = unix.UnixRights(fd)
			}
		case "reset":
			forget()
		default:
			return 0
		}
		if unix.Sendmsg(3, []byte(answer), rights, nil, 0) != nil {
			return 0
		}
	}
}

var rawInode = regexp.MustCompile(`#(\d+):(\d+)`)

// renumber replaces a worker's identities of files by this process' numbers.
func renumber(s string) string {
	return rawInode.ReplaceAllStringFunc(s, func(m string) string {
		var dev, ino uint64
		fmt.Sscanf(m, "#%d:%d", &dev, &ino)
		return inode(dev, ino)
	})
}
