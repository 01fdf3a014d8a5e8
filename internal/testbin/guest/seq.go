package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() {
	commands["seq"] = seqMain
	commands["exec1"] = execOne
}

// self is where this program lies in every root that uses seq.
const self = "/guest"

var (
	script []string
	out    *bufio.Writer
)

// seqMain runs a script: "seq FILE", "seq -" for stdin, "seq -c SCRIPT", and,
// for fork blocks, "seq -range FROM TO SCRIPT".
func seqMain(args []string) int {
	runtime.LockOSThread()
	from, to := 0, -1
	var src string
	switch {
	case len(args) == 2 && args[0] == "-c":
		src = args[1]
	case len(args) == 4 && args[0] == "-range":
		from, _ = strconv.Atoi(args[1])
		to, _ = strconv.Atoi(args[2])
		src = args[3]
		importVars()
	case len(args) == 1 && args[0] == "-":
		b, err := io.ReadAll(os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
		src = string(b)
	case len(args) == 1:
		b, err := os.ReadFile(args[0])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 2
		}
		src = string(b)
	default:
		fmt.Fprintln(os.Stderr, "usage: guest seq FILE|-|-c SCRIPT")
		return 2
	}
	if to < 0 {
		unix.Umask(0o22)
	}
	script = strings.Split(src, "\n")
	if to < 0 {
		to = len(script)
	}
	out = bufio.NewWriter(os.Stdout)
	ok := runLines(from, to)
	if out.Flush() != nil || !ok {
		return 3
	}
	return 0
}

// runLines runs script[from:to]; false means that the script is wrong.
func runLines(from, to int) bool {
	for i := from; i < to; i++ {
		line := strings.TrimSpace(script[i])
		if line == "" || line[0] == '#' || line == "}" {
			continue
		}
		if block, ok := strings.CutSuffix(line, "{"); ok {
			end := blockEnd(i, to)
			if end < 0 {
				fmt.Fprintf(out, "%d !no end of block\n", i+1)
				return false
			}
			res := ""
			switch strings.TrimSpace(block) {
			case "fork":
				res = runFork(i+1, end)
			case "thread":
				res = runThread(i+1, end)
			default:
				res = "!unknown block"
			}
			if res != "" {
				fmt.Fprintf(out, "%d %s\n", i+1, res)
			}
			if strings.HasPrefix(res, "!") {
				return false
			}
			i = end
			continue
		}
		res := runLine(line)
		fmt.Fprintf(out, "%d %s\n", i+1, res)
		if strings.HasPrefix(res, "!") {
			return false
		}
	}
	return true
}

func blockEnd(start, to int) int {
	depth := 0
	for i := start; i < to; i++ {
		l := strings.TrimSpace(script[i])
		switch {
		case strings.HasSuffix(l, "{") && !strings.HasPrefix(l, "#"):
			depth++
		case l == "}":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// split parses [~ERRNO] [var=]call[.mods] args….
func split(line string) (assign, name, mods string, args []string) {
	args = fields(line)
	if len(args) > 0 && strings.HasPrefix(args[0], "~") {
		args = args[1:]
	}
	if len(args) == 0 {
		bad("no call")
	}
	name, args = args[0], args[1:]
	if a, n, ok := strings.Cut(name, "="); ok {
		assign, name = a, n
	}
	name, mods, _ = strings.Cut(name, ".")
	return assign, name, mods, args
}

func runLine(line string) (res string) {
	defer func() {
		if p, ok := recover().(parseError); ok {
			res = "!" + string(p)
		}
	}()
	if line[0] == '@' {
		return elsewhere(line)
	}
	assign, name, mods, args := split(line)
	switch name {
	case "give", "take":
		return pass(name, args)
	case "clear":
		return clearDir(text(args[0]))
	case "respawn":
		return respawn(args[0])
	case "execve", "execveat":
		return spawn("exec1", line)
	}
	return runCall(assign, name, mods, args)
}

// runThread runs the lines on another thread of this process. The thread ends
// with the block, as it may have changed itself (unshare).
func runThread(from, to int) string {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		done <- runLines(from, to)
	}()
	if !<-done {
		return "!in thread"
	}
	return ""
}

func runFork(from, to int) string {
	out.Flush()
	pid, err := start([]string{"guest", "seq", "-range", itoa(from), itoa(to), strings.Join(script, "\n")}, 1)
	if err != nil {
		return "!fork: " + err.Error()
	}
	var ws unix.WaitStatus
	if _, err := unix.Wait4(pid, &ws, 0, nil); err != nil {
		return "!wait: " + err.Error()
	}
	if ws.Signaled() {
		return "signal " + itoa(int(ws.Signal()))
	}
	if ws.ExitStatus() == 3 {
		return "!in fork"
	}
	return "exit " + itoa(ws.ExitStatus())
}

// start runs this program as a child with the same descriptors and working
// directory. The variables travel in the environment.
func start(argv []string, stdout uintptr) (int, error) {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "GUEST_VARS=") {
			env = append(env, e)
		}
	}
	var b strings.Builder
	for k, v := range vars {
		fmt.Fprintf(&b, "%s=%d,", k, v)
	}
	env = append(env, "GUEST_VARS="+b.String())
	return syscall.ForkExec(self, argv, &syscall.ProcAttr{Env: env, Files: []uintptr{0, stdout, 2}})
}

func importVars() {
	for kv := range strings.SplitSeq(os.Getenv("GUEST_VARS"), ",") {
		if k, v, ok := strings.Cut(kv, "="); ok {
			vars[k], _ = strconv.Atoi(v)
		}
	}
}
