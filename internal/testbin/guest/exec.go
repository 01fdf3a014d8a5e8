package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	execFailed    = 99
	execMark      = "\x01errno "
	atExecveCheck = 0x10000
)

// spawn runs an execve line in a child process and reports either the errno or
// what the new program printed and how it ended.
func spawn(cmd, line string) string {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return "!pipe: " + err.Error()
	}
	r := os.NewFile(uintptr(p[0]), "exec output")
	defer r.Close()
	pid, err := start([]string{"guest", cmd, line}, uintptr(p[1]))
	unix.Close(p[1])
	if err != nil {
		return "!start: " + err.Error()
	}
	b, _ := io.ReadAll(r)
	var ws unix.WaitStatus
	for {
		if _, err = unix.Wait4(pid, &ws, 0, nil); err != unix.EINTR {
			break
		}
	}
	text := string(b)
	if e, ok := strings.CutPrefix(text, execMark); ok {
		return e
	}
	text = strings.ReplaceAll(text, itoa(pid), "PID")
	if ws.Signaled() {
		return fmt.Sprintf("OK signal=%d out=%q", ws.Signal(), text)
	}
	return fmt.Sprintf("OK exit=%d out=%q", ws.ExitStatus(), text)
}

// execOne makes the execve or execveat of one line in this process.
func execOne(args []string) (code int) {
	runtime.LockOSThread()
	importVars()
	defer func() {
		if p, ok := recover().(parseError); ok {
			fmt.Print(execMark + "!" + string(p))
			code = execFailed
		}
	}()
	_, name, _, a := split(args[0])
	var regs [6]uintptr
	nr := uintptr(unix.SYS_EXECVE)
	i := 0
	if name == "execveat" {
		nr = unix.SYS_EXECVEAT
		if len(a) < 3 {
			bad("execveat needs fd, path and flags")
		}
		regs[0], regs[4] = number(a[0]), number(a[2])
		regs[1] = pointer(a[1])
		a = append([]string{""}, a[3:]...)
		i = 1
	} else if regs[0] = pointer(a[0]); len(a) == 0 {
		bad("execve needs a path")
	}
	var argv []uintptr
	for _, s := range a[1:] {
		argv = append(argv, pointer(s))
	}
	if len(a) == 2 && (a[1] == "BAD" || a[1] == "NULL") {
		regs[i+1] = argv[0]
	} else {
		regs[i+1] = vector(argv)
	}
	// GODEBUG keeps the runtime from looking for cgroups.
	regs[i+2] = vector([]uintptr{cstring("E=1"), cstring("GODEBUG=" + os.Getenv("GODEBUG"))})
	_, e := rawCall(nr, regs)
	if e == 0 && regs[4]&atExecveCheck != 0 {
		fmt.Print("checked")
		return 0
	}
	fmt.Print(execMark + errnoName(e))
	return execFailed
}

// vector makes a NULL-terminated array of pointers.
func vector(p []uintptr) uintptr {
	b := alloc(longSize * (len(p) + 1))
	setLongs(b, p...)
	return addr(b)
}
