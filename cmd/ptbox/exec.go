package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/sandbox"
)

// processFlags are the flags of exec and run about the process.
type processFlags struct {
	workdir  string
	env      []string // NAME=VALUE, or NAME to take the caller's
	clearEnv bool
	preserve int
	net      string
	pids     int
	timeout  time.Duration
	output   int64
	user     *sandbox.User
	engineFlags
}

// engineFlags choose how the engine works and what it tells.
type engineFlags struct {
	trace, traceFormat, traceOutput string
	regs, mem, trap, landlock, fast string
	log                             string
	debug, stats                    bool
}

func (f *processFlags) opts() []opt {
	return []opt{
		{names: []string{"workdir", "w"}, arg: "DIR", value: text(&f.workdir), usage: "the guest directory to start in"},
		{names: []string{"fake-root", "0"}, value: &value{optional: true, set: f.setRoot}, usage: "be root inside: emulate ids, capabilities and the owners of files"},
		{names: []string{"user", "u"}, arg: "UID[:GID]", value: &value{set: f.setUser}, usage: "be this user inside; the group is that of the same number if it is not given"},
		{names: []string{"env", "e"}, arg: "NAME[=VALUE]", value: &value{set: f.addEnv}, usage: "set a variable, or take the caller's"},
		{names: []string{"clearenv"}, value: boolean(&f.clearEnv), usage: "start from TERM, PATH and HOME=/ only"},
		{names: []string{"preserve-fds"}, arg: "N", value: number(&f.preserve), usage: "let the command have the descriptors 3 to 2+N"},
		{names: []string{"net"}, arg: "WHICH", value: oneOf(&f.net, "host", "none"), usage: "the host's network (the default) or none but Unix sockets"},
		{names: []string{"pids-limit"}, arg: "N", value: number(&f.pids), usage: "let no more than N processes and threads be there at once"},
		{names: []string{"timeout"}, arg: "TIME", value: &value{set: f.setTimeout}, usage: "kill the command after TIME (90s, 1h30m) and exit with 124"},
		{
			names: []string{"output-limit"}, arg: "SIZE", value: &value{set: f.setOutput},
			usage: "kill the command when it writes more than SIZE bytes (k, m, g) to standard output and error, which are pipes then, and exit with 153",
		},
	}
}

func (f *engineFlags) opts() []opt {
	return []opt{
		{
			names: []string{"trace"}, arg: "WHAT", value: &value{optional: true, set: f.setTrace},
			usage: "report intercepted calls: path (the default), all or unhandled",
		},
		{names: []string{"trace-format"}, arg: "FORMAT", value: oneOf(&f.traceFormat, "text", "json"), usage: "text or json"},
		{names: []string{"trace-output"}, arg: "FILE", value: text(&f.traceOutput), usage: "report to FILE, not to standard error"},
		{names: []string{"regs"}, arg: "HOW", value: oneOf(&f.regs, "auto", "peekuser", "regset", "gsi", "ssi"), usage: "how registers are read and written: peekuser, regset, gsi, ssi or auto"},
		{names: []string{"mem"}, arg: "HOW", value: oneOf(&f.mem, "auto", "peek", "vm", "procmem"), usage: "how memory is read and written: peek, vm, procmem or auto"},
		{names: []string{"trap"}, arg: "HOW", value: oneOf(&f.trap, "auto", "seccomp", "syscall"), usage: "how calls are intercepted: seccomp, syscall or auto"},
		{names: []string{"landlock"}, arg: "MODE", value: oneOf(&f.landlock, "auto", "on", "off"), usage: "back the view up with Landlock: auto, on (an error without it) or off"},
		{names: []string{"fast"}, arg: "WHEN", value: oneOf(&f.fast, "auto", "on", "off"), usage: "answer path calls inside the guest: auto (the default), on (also where a mount hides something from hostile code only), off"},
		{names: []string{"debug"}, value: boolean(&f.debug), usage: "write notes and warnings to standard error, not errors alone"},
		{names: []string{"log"}, arg: "FILE", value: text(&f.log), usage: "append notes, warnings and errors to FILE"},
		{names: []string{"stats"}, value: boolean(&f.stats), usage: "print the engine's counters to standard error at the end"},
	}
}

func (f *engineFlags) setTrace(s string) error {
	if s == "true" {
		s = "path"
	}
	return oneOf(&f.trace, "path", "all", "unhandled").set(s)
}

func (f *processFlags) setTimeout(s string) (err error) {
	if f.timeout, err = time.ParseDuration(s); err == nil && f.timeout <= 0 {
		err = errors.New("not above zero")
	}
	return err
}

func (f *processFlags) setOutput(s string) error {
	num, unit := s, int64(1)
	if s != "" {
		if i := strings.IndexByte("kmg", s[len(s)-1]|0x20); i >= 0 {
			num, unit = s[:len(s)-1], 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(num, 10, 64)
	switch {
	case err != nil:
		return plain(err)
	case n <= 0 || n > math.MaxInt64/unit:
		return errors.New("not above zero, or too large")
	}
	f.output = n * unit
	return nil
}

func (f *processFlags) setRoot(s string) error {
	on, err := strconv.ParseBool(s)
	if err == nil && on {
		f.user = &sandbox.User{}
	}
	return plain(err)
}

func (f *processFlags) setUser(s string) error {
	user, group, ok := strings.Cut(s, ":")
	if !ok {
		group = user
	}
	var id [2]uint32
	for i, t := range []string{user, group} {
		n, err := strconv.ParseUint(t, 10, 32)
		if err != nil || n == 1<<32-1 {
			return errors.New("want UID or UID:GID, as numbers")
		}
		id[i] = uint32(n)
	}
	f.user = &sandbox.User{UID: id[0], GID: id[1]}
	return nil
}

func (f *processFlags) addEnv(s string) error {
	if name, _, _ := strings.Cut(s, "="); name == "" {
		return errors.New("want NAME or NAME=VALUE")
	}
	f.env = append(f.env, s)
	return nil
}

func (p *program) execCommand() *command {
	v, f := new(viewFlags), new(processFlags)
	return &command{
		name:    "exec",
		args:    "[--] COMMAND [ARGUMENT…]",
		summary: "run a command in a view that flags describe",
		examples: []string{
			"ptbox exec cat /etc/passwd",
			"ptbox exec -R ./alpine -v .:/src:ro -w /src sh -c 'ls -l'",
			"ptbox exec -r / --tmpfs /tmp --ro-bind ~/data:/data make",
			"ptbox exec --trace=path -r / git status",
			"ptbox exec --build ./debian apt-get install -y build-essential",
		},
		about: `Without a flag that describes a view, the built-in example is shown: the
host's tree with /etc/hostname in the place of /etc/passwd. Flags end at the
first word that is not one: everything from there on is the command's. Mounts
are made in the order given; a later one hides an earlier one.` + "\n" + exitCodes,
		opts: append(append(v.opts(), f.opts()...), f.engineFlags.opts()...),
		action: func(args []string) error {
			o, err := p.options(v, "exec", args)
			if err != nil {
				return err
			}
			if len(o.Args) == 0 {
				return usage("exec", "no command given")
			}
			if !v.given() && isTerminal(p) {
				p.note("exec: showing the built-in example view, where /etc/passwd is /etc/hostname (give another with -r, -R or -v)")
			}
			return p.launch("exec", o, f, v.build != "")
		},
	}
}

func isTerminal(p *program) bool {
	_, err := unix.IoctlGetTermios(2, unix.TCGETS)
	return p.stderr == os.Stderr && err == nil
}

// launch completes the options, runs the command and keeps its exit code. clean
// asks for the environment of a build.
func (p *program) launch(cmd string, o sandbox.Options, f *processFlags, clean bool) error {
	if o.Env == nil {
		o.Env = os.Environ()
	}
	if f.clearEnv || clean {
		o.Env = minimalEnv()
	}
	if clean {
		o.Env = setEnv(o.Env, []string{"HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"})
	}
	o.Env = setEnv(o.Env, f.env)
	if f.workdir != "" {
		o.Cwd = f.workdir
	}
	if err := preserved(cmd, f.preserve); err != nil {
		return err
	}
	o.PreserveFDs = f.preserve
	if f.user != nil {
		o.User = f.user
	}
	o.Undumpable = true
	o.NoNetwork = o.NoNetwork && f.net != "host" || f.net == "none"
	if f.pids > 0 {
		o.PidsLimit = int64(f.pids)
	}
	o.OutputLimit = f.output
	o.Regs, o.Mem, o.Trap, o.Landlock, o.Fast = f.regs, f.mem, f.trap, f.landlock, f.fast
	if f.traceFormat != "" || f.traceOutput != "" {
		if f.trace == "" {
			f.trace = "path"
		}
	}
	if f.trace != "" {
		t := &sandbox.Trace{Mode: f.trace, Format: f.traceFormat, Out: os.Stderr}
		if t.Format == "" {
			t.Format = "text"
		}
		if f.traceOutput != "" {
			out, err := os.OpenFile(f.traceOutput, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_CLOEXEC, 0o666)
			if err != nil {
				return fail(cmd, fmt.Errorf("trace output %s: %w", f.traceOutput, cause(err)))
			}
			defer out.Close()
			t.Out = out
		}
		o.Trace = t
	}
	log, file, err := p.logger(f.log, f.debug)
	if err != nil {
		return fail(cmd, err)
	}
	defer file.Close()
	o.Log = log
	var counters io.Writer
	if f.stats {
		counters, o.Counters = p.stderr, true
	}
	code, err := runSandbox(o, f.timeout, counters)
	if err != nil {
		return err
	}
	p.code = code
	return nil
}

// preserved checks that the descriptors from 3 on are the caller's: what is
// closed at an exec was not passed on to us, and leads out of the view.
func preserved(cmd string, n int) error {
	for fd := 3; fd < 3+n; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC != 0 {
			return usage(cmd, "--preserve-fds %d: descriptor %d is not open", n, fd)
		}
	}
	return nil
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func minimalEnv() []string {
	env := []string{"PATH=" + defaultPath, "HOME=/"}
	if t, ok := os.LookupEnv("TERM"); ok {
		env = append(env, "TERM="+t)
	}
	return env
}

// setEnv applies the --env flags in order. The first entry of a name counts
// for most programs, so an old one is replaced, not shadowed.
func setEnv(env, flags []string) []string {
	env = append([]string{}, env...)
	for _, e := range flags {
		name, _, given := strings.Cut(e, "=")
		if !given {
			val, ok := os.LookupEnv(name)
			if !ok {
				continue
			}
			e = name + "=" + val
		}
		kept := env[:0]
		for _, old := range env {
			if !strings.HasPrefix(old, name+"=") {
				kept = append(kept, old)
			}
		}
		env = append(kept, e)
	}
	return env
}
