package difftest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Session runs many scripts on one side of one world: the mounts and, under
// ptbox, the sandbox are made once, and what a script has changed is undone
// before the next one.
type Session struct {
	p      *prepared
	tree   []Entry
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *os.File
	lines  *bufio.Reader
	stderr bytes.Buffer
	ended  bool
	used   bool // since the last reset

	// Made are the mount points that the native side had to make, Points all
	// of them, below the session's directory.
	Made   []inum
	Points []string
	// fixed are the objects that must stay what they are: sources of mounts,
	// mount points, and the directories above them.
	fixed map[string]inum
	// prune leaves directories alone that are used by one script only.
	prune func(rel string) bool
}

// NativeSession starts a session under the kernel.
func (r *Runner) NativeSession(ctx context.Context, c *Case, prune func(string) bool) (*Session, error) {
	p, err := r.prepareSession(c, "native")
	if err != nil {
		return nil, err
	}
	cmd, made, err := nativeCommand(ctx, c, p, "serve")
	if err != nil {
		return nil, err
	}
	s, err := startSession(c, p, cmd, prune)
	made.started()
	if err != nil {
		return nil, err
	}
	pts := <-made.points
	s.Made = pts.Made
	if s.Points, err = s.find(slices.Concat(pts.Points, pts.Made)); err != nil {
		s.Close()
		return nil, err
	}
	s.fix(s.Points)
	return s, nil
}

// UnderSession starts a session under ptbox. points are those of the native
// session of the same world.
func (r *Runner) UnderSession(ctx context.Context, c *Case, side string, points []string, prune func(string) bool, flags ...string) (*Session, error) {
	p, err := r.prepareSession(c, side)
	if err != nil {
		return nil, err
	}
	cmd := r.underCommand(ctx, c, p, flags, "serve")
	// Its own directories of a tmpfs are there: where inode numbers are used
	// again, two files look like one.
	cmd.Env = append(slices.Clone(env), "TMPDIR="+r.Base+"/tmp")
	s, err := startSession(c, p, cmd, prune)
	if err != nil {
		return nil, err
	}
	s.fix(points)
	return s, nil
}

func startSession(c *Case, p *prepared, cmd *exec.Cmd, prune func(string) bool) (*Session, error) {
	tree, err := ParseTree(c.Tree)
	if err != nil {
		return nil, err
	}
	s := &Session{p: p, tree: tree, cmd: cmd, fixed: map[string]inum{}, prune: prune}
	cmd.Dir, cmd.Stderr = "/", &s.stderr
	// With an os.Pipe a read can have a deadline.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout, s.out, s.lines = w, r, bufio.NewReader(r)
	if s.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	err = cmd.Start()
	w.Close()
	return s, err
}

// prepareSession is prepare with a program that no other world has links of.
func (r *Runner) prepareSession(c *Case, side string) (*prepared, error) {
	p, err := r.prepare(c, side)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(r.Guest)
	if err != nil {
		return nil, err
	}
	at := filepath.Join(p.dir.root(), "guest")
	if err := os.Remove(at); err != nil {
		return nil, err
	}
	// A child forked meanwhile would have the file open for writing.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return p, os.WriteFile(at, b, 0o755)
}

// find returns the paths of these objects, below the session's directory.
func (s *Session) find(want []inum) ([]string, error) {
	var out []string
	err := filepath.WalkDir(string(s.p.dir), func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if n, ok := inumOf(p); ok && slices.Contains(want, n) {
			out = append(out, strings.TrimPrefix(p, string(s.p.dir)))
		}
		return nil
	})
	return out, err
}

func inumOf(p string) (inum, bool) {
	var st unix.Stat_t
	if unix.Lstat(p, &st) != nil {
		return inum{}, false
	}
	return inum{st.Dev, st.Ino}, true
}

// fix notes what must stay what it is.
func (s *Session) fix(points []string) {
	paths := append([]string{"/root/guest", "/src"}, points...)
	for _, m := range s.p.mounts {
		for _, src := range append([]string{m.Source, m.Upper, m.Work}, m.Lower...) {
			if src != "" && !strings.HasPrefix(src, "host:") {
				paths = append(paths, strings.TrimPrefix(s.p.dir.host(src), string(s.p.dir)))
			}
		}
	}
	for _, e := range s.tree {
		// FIFOs, too: one that appears on a read-only mount after the start
		// cannot be written to (Landlock has no rule for it).
		if p := strings.TrimPrefix(s.p.dir.at(&e), string(s.p.dir)); e.Type == 'p' && !s.pruned(p) {
			paths = append(paths, p)
		}
	}
	for _, p := range paths {
		for ; p != "/" && p != "."; p = filepath.Dir(p) {
			if n, ok := inumOf(string(s.p.dir) + p); ok {
				s.fixed[p] = n
			}
		}
	}
}

// Run runs one script and returns what it printed.
func (s *Session) Run(script string, limit time.Duration) ([]Line, error) {
	s.used = true
	if _, err := fmt.Fprintf(s.in, "%d\n%s", len(script), script); err != nil {
		return nil, s.failure(err)
	}
	if err := s.out.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return nil, err
	}
	var out []Line
	for {
		l, err := s.lines.ReadString('\n')
		if err != nil {
			return out, s.failure(err)
		}
		if l == "end\n" {
			return out, nil
		}
		n, rest, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		num, err := strconv.Atoi(n)
		if err != nil {
			return out, fmt.Errorf("unexpected output %q", l)
		}
		out = append(out, Line{num, rest})
	}
}

// failure ends a session whose guest does not answer any more.
func (s *Session) failure(err error) error {
	s.ended = true
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("no answer: a call hangs")
	}
	s.in.Close()
	s.cmd.Wait()
	return fmt.Errorf("ended: %v, %w, stderr %q", s.cmd.ProcessState, err, s.stderr.String())
}

// Tree lists what is on disk.
func (s *Session) Tree() ([]string, error) { return s.p.dir.snapshot(s.Made, s.prune) }

// intact says that all that must stay what it is has done so.
func (s *Session) intact() bool {
	for p, want := range s.fixed {
		if n, ok := inumOf(string(s.p.dir) + p); !ok || n != want {
			return false
		}
	}
	return true
}

// Reset makes the tree what it was. false means that it cannot be: a source or
// a mount point has been moved or removed, and a new session is needed.
func (s *Session) Reset() (bool, error) {
	s.used = false
	if !s.intact() {
		return false, nil
	}
	// From the top: a symlink that is the source of a mount may lead there.
	if err := s.clean(""); err != nil {
		return false, err
	}
	again := slices.Clone(s.tree)
	if s.prune != nil {
		again = slices.DeleteFunc(again, func(e Entry) bool {
			return s.pruned(strings.TrimPrefix(s.p.dir.at(&e), string(s.p.dir)))
		})
	}
	return true, s.p.dir.build(again, "")
}

func (s *Session) pruned(rel string) bool {
	for ; s.prune != nil && rel != "/"; rel = filepath.Dir(rel) {
		if s.prune(rel) {
			return true
		}
	}
	return false
}

// clean removes all below the directory rel but what is fixed.
func (s *Session) clean(rel string) error {
	at := string(s.p.dir) + rel
	if err := os.Chmod(at, 0o755); err != nil {
		return err
	}
	if err := bare(at); err != nil {
		return err
	}
	es, err := os.ReadDir(at)
	if err != nil {
		return err
	}
	for _, e := range es {
		p := rel + "/" + e.Name()
		_, keep := s.fixed[p]
		switch {
		case s.pruned(p), p == "/work":
		case keep && e.IsDir():
			err = s.clean(p)
		case keep:
			err = bare(string(s.p.dir) + p)
		default:
			if err = os.RemoveAll(string(s.p.dir) + p); err != nil {
				Dir(string(s.p.dir) + p).remove() // with modes that forbid it
				_, err = os.Lstat(string(s.p.dir) + p)
				err = otherThan(err, fs.ErrNotExist)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// otherThan is err, or nil if it is what was to be expected.
func otherThan(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// bare removes what a script may have left at an object that stays.
func bare(at string) error {
	buf := make([]byte, 4096)
	n, err := unix.Llistxattr(at, buf)
	if err != nil {
		return os.NewSyscallError("llistxattr "+at, err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(buf[:n]), "\x00"), "\x00") {
		if strings.HasPrefix(name, "user.") {
			if err := unix.Lremovexattr(at, name); err != nil {
				return os.NewSyscallError("lremovexattr "+at, err)
			}
		}
	}
	return nil
}

// Close ends the session and removes its tree.
func (s *Session) Close() {
	s.in.Close()
	if s.ended {
		s.cmd.Process.Signal(syscall.SIGKILL)
	}
	s.cmd.Wait()
	s.out.Close()
	s.p.dir.remove()
	os.Remove(filepath.Dir(string(s.p.dir)))
}
