package difftest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// Line is one line of a script's output.
type Line struct {
	N      int // the script line
	Result string
}

// Result is what one side did.
type Result struct {
	Lines  []Line
	Exit   int
	Stderr string
	Tree   []string
}

// Runner runs cases. All of it may be shared by parallel tests.
type Runner struct {
	// Base is the directory in which the trees are made; users must be able
	// to reach it.
	Base string
	// Guest is the guest program, if possible in Base's file system; Ptbox
	// the program under test.
	Guest, Ptbox string
	// Flags are further flags for ptbox exec.
	Flags []string
	// Keep leaves the trees.
	Keep bool
}

// env is the whole environment of the script: no path of the host, and a Go
// runtime that does not look for cgroups on its own.
var env = []string{"PATH=/bin:/", "GODEBUG=containermaxprocs=0,updatemaxprocs=0"}

func (r *Runner) dir(c *Case, side string) Dir {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(c.Name))
	return Dir(filepath.Join(r.Base, name, side))
}

// prepared is a case with its tree on disk.
type prepared struct {
	dir    Dir
	mounts []Mount
}

func (r *Runner) prepare(c *Case, side string) (*prepared, error) {
	tree, err := ParseTree(c.Tree)
	if err != nil {
		return nil, err
	}
	p := &prepared{dir: r.dir(c, side)}
	if p.mounts, err = ParseMounts(c.Mounts); err != nil {
		return nil, err
	}
	p.dir.remove()
	if err := p.dir.build(tree, r.Guest); err != nil {
		return nil, err
	}
	if c.RootFlags == "overlay" {
		// First, so that the others lie on it.
		root := Mount{Kind: "overlay", Target: "/", Lower: []string{"/"}, Upper: "@../upper", Work: "@../work/root"}
		p.mounts = append([]Mount{root}, p.mounts...)
	}
	for _, m := range p.mounts {
		for _, d := range []string{m.Upper, m.Work} {
			if d == "" {
				continue
			}
			if err := parents(p.dir.host(d)); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func (r *Runner) done(p *prepared) {
	if !r.Keep {
		p.dir.remove()
		os.Remove(filepath.Dir(string(p.dir)))
	}
}

// cleanScript removes what only the runner reads.
func (c *Case) cleanScript() string {
	ls := c.lines()
	for i := range ls {
		ls[i], _, _ = strings.Cut(ls[i], " => ")
		if c.needsRootOwner(ls[i]) {
			ls[i] = ""
		}
	}
	return strings.Join(ls, "\n")
}

// needsRootOwner says that a line names an object that should belong to root
// but cannot where the trees are made by an ordinary user.
func (c *Case) needsRootOwner(text string) bool {
	if os.Geteuid() == 0 {
		return false
	}
	tree, _ := ParseTree(c.Tree)
	for _, e := range tree {
		if e.Root && strings.Contains(text, path.Base(e.Path)) && path.Base(e.Path) != "f" {
			return true
		}
	}
	return false
}

// Native runs the case under the real kernel. Only root can.
func (r *Runner) Native(ctx context.Context, c *Case) (*Result, error) {
	p, err := r.prepare(c, "native")
	if err != nil {
		return nil, err
	}
	defer r.done(p)
	return r.native(ctx, c, p)
}

func (r *Runner) native(ctx context.Context, c *Case, p *prepared) (*Result, error) {
	cmd, made, err := nativeCommand(ctx, c, p, "seq", "-c", c.cleanScript())
	if err != nil {
		return nil, err
	}
	res, err := run(cmd, made.started)
	skip := (<-made.points).Made
	if err != nil {
		return nil, err
	}
	if !c.Unstable {
		res.Tree, err = p.dir.snapshot(skip, nil)
	}
	return res, err
}

// madePoints are the mount points that a native side will have made.
type madePoints struct {
	started func() // to be called when the command was started
	points  chan points
}

// nativeCommand is the guest program with these arguments, under the kernel.
func nativeCommand(ctx context.Context, c *Case, p *prepared, args ...string) (*exec.Cmd, *madePoints, error) {
	job, err := json.Marshal(nativeJob{Dir: p.dir, Mounts: p.mounts, RootRO: c.RootFlags == "ro", Cwd: c.Cwd, Argv: append([]string{"/guest"}, args...)})
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env = append([]string{stageVar + "=native"}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	jobR, jobW, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	madeR, madeW, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.ExtraFiles = []*os.File{jobR, madeW}
	go func() {
		jobW.Write(job)
		jobW.Close()
	}()
	made := &madePoints{points: make(chan points, 1), started: func() {
		jobR.Close()
		madeW.Close()
	}}
	go func() {
		var m points
		json.NewDecoder(madeR).Decode(&m)
		madeR.Close()
		made.points <- m
	}()
	return cmd, made, nil
}

// Under runs the case under ptbox, with further flags for ptbox exec.
func (r *Runner) Under(ctx context.Context, c *Case, side string, flags ...string) (*Result, error) {
	p, err := r.prepare(c, side)
	if err != nil {
		return nil, err
	}
	defer r.done(p)
	return r.under(ctx, c, p, flags...)
}

func (r *Runner) under(ctx context.Context, c *Case, p *prepared, flags ...string) (*Result, error) {
	res, err := run(r.underCommand(ctx, c, p, flags, "seq", "-c", c.cleanScript()), func() {})
	if err != nil {
		return nil, err
	}
	// Without root there is nothing to compare it with, and no right to read all.
	if !c.Unstable && os.Geteuid() == 0 {
		res.Tree, err = p.dir.snapshot(nil, nil)
	}
	return res, err
}

// underCommand is the guest program with these arguments, under ptbox.
func (r *Runner) underCommand(ctx context.Context, c *Case, p *prepared, flags []string, args ...string) *exec.Cmd {
	argv := append([]string{r.Ptbox, "exec", "-r", p.dir.root()}, flags...)
	argv = append(argv, r.Flags...)
	if c.RootFlags == "ro" {
		argv = append(argv, "--read-only")
	}
	for _, m := range p.mounts {
		argv = append(argv, m.flags(p.dir)...)
	}
	cwd := c.Cwd
	if cwd == "" {
		cwd = "/"
	}
	argv = append(append(argv, "-w", cwd, "--", "/guest"), args...)
	cmd := unpriv.Command(r.Guest, argv...)
	ctxCmd := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	ctxCmd.Env = env
	return ctxCmd
}

// flags are the mount as flags of ptbox exec.
func (m *Mount) flags(d Dir) []string {
	esc := strings.NewReplacer(":", `\:`)
	switch m.Kind {
	case "tmpfs":
		v := esc.Replace(m.Target)
		if opts := m.words(); len(opts) > 0 {
			v += ":" + strings.Join(opts, ",")
		}
		return []string{"--tmpfs", v}
	case "overlay":
		return []string{"--overlay", esc.Replace(m.Target) + ":" + m.options(d, "lower", "upper", "work")}
	}
	opts := m.words()
	v := esc.Replace(d.host(m.Source)) + ":" + esc.Replace(m.Target)
	if len(opts) > 0 {
		v += ":" + strings.Join(opts, ",")
	}
	return []string{"-v", v}
}

// words are the options of a bind or a tmpfs.
func (m *Mount) words() []string {
	opts := slices.Clone(m.Options)
	if m.RO {
		opts = append(opts, "ro")
	}
	if m.NoExec {
		opts = append(opts, "noexec")
	}
	return opts
}

// run runs cmd and parses what it printed.
func run(cmd *exec.Cmd, started func()) (*Result, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Dir = "/"
	err := cmd.Start()
	started()
	if err == nil {
		err = cmd.Wait()
	}
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		return nil, err
	}
	res := &Result{Exit: cmd.ProcessState.ExitCode(), Stderr: stderr.String()}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		res.Exit = 128 + int(ws.Signal())
	}
	for s := range strings.Lines(stdout.String()) {
		n, rest, _ := strings.Cut(strings.TrimSuffix(s, "\n"), " ")
		num, err := strconv.Atoi(n)
		if err != nil {
			return nil, fmt.Errorf("unexpected output %q (stderr %q)", s, res.Stderr)
		}
		res.Lines = append(res.Lines, Line{num, rest})
	}
	return res, nil
}

// readJob is the native stage's end of the pipe.
func readJob(f io.Reader) (j nativeJob, err error) {
	err = json.NewDecoder(f).Decode(&j)
	return j, err
}
