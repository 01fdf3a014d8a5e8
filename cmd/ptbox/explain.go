package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/sandbox"
)

// explanation is what `ptbox explain --json` prints.
type explanation struct {
	Path  string        `json:"path"`
	Steps []explainStep `json:"steps,omitempty"`
	Guest string        `json:"guest,omitempty"`
	Host  string        `json:"host,omitempty"`
	Mount *explainMount `json:"mount,omitempty"`
	// Exists is false for a name that could be created.
	Exists bool   `json:"exists"`
	Errno  string `json:"errno,omitempty"`
	Error  string `json:"error,omitempty"`
}

type explainStep struct {
	What   string `json:"what"`
	Guest  string `json:"guest,omitempty"`
	Host   string `json:"host,omitempty"`
	Target string `json:"target,omitempty"`
}

type explainMount struct {
	Target string   `json:"target"`
	Source string   `json:"source,omitempty"`
	Kind   string   `json:"kind"`
	Flags  []string `json:"flags,omitempty"`
}

func (p *program) explainCommand() *command {
	v := new(viewFlags)
	var workdir string
	var reverse, asJSON, nofollow bool
	return &command{
		name: "explain", args: "PATH", summary: "tell what a path means in a view, step by step",
		examples: []string{
			"ptbox explain /etc/passwd",
			"ptbox explain -R ./alpine -v .:/src /src/../etc/os-release",
			"ptbox explain -r ./alpine --reverse ~/alpine/etc/passwd",
		},
		about: `Nothing is run: the path is resolved in the view that the flags describe (those
of ptbox exec). The exit code is 1 if it cannot be resolved.`,
		opts: append(v.opts(),
			opt{names: []string{"workdir", "w"}, arg: "DIR", value: text(&workdir), usage: "the guest directory that a relative path starts in (default /)"},
			opt{names: []string{"reverse"}, value: boolean(&reverse), usage: "PATH is the host's: tell its name in the view"},
			opt{names: []string{"nofollow"}, value: boolean(&nofollow), usage: "do not follow a symlink in the last component"},
			jsonOpt(&asJSON)),
		action: func(args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usage("explain", "want one path")
			}
			links := new(explainLinks)
			view, done, err := p.openView(v, links)
			if err != nil {
				return err
			}
			defer done()
			var e explanation
			if reverse {
				e = explainReverse(view, args[0])
			} else {
				path := args[0]
				if !filepath.IsAbs(path) && workdir != "" {
					path = workdir + "/" + path
				}
				e = explain(view, links, path, !nofollow)
			}
			if e.Errno != "" {
				p.code = 1
			}
			if asJSON {
				return p.printJSON(e)
			}
			p.printExplanation(&e)
			return nil
		},
	}
}

// openView builds the view without a sandbox. done gives everything up.
func (p *program) openView(v *viewFlags, links *explainLinks) (*fsview.View, func(), error) {
	// A configuration without a command has a view as well.
	o, err := p.options(v, "explain", []string{"none"})
	if err != nil {
		return nil, nil, err
	}
	var scratch string
	done := func() {
		if scratch != "" {
			_ = sandbox.RemoveScratch(scratch)
		}
	}
	root, mounts := o.View()
	for i := range mounts {
		readOnlyLayers(&mounts[i])
	}
	readOnlyLayers(&root)
	view, err := fsview.New(fsview.Config{
		Root:   root,
		Mounts: mounts,
		Links:  links,
		Scratch: func() (dir string, err error) {
			scratch, err = os.MkdirTemp("", "ptbox-explain-")
			return scratch, err
		},
	})
	if err != nil {
		done()
		return nil, nil, fail("explain", err)
	}
	return view, func() { view.Close(); done() }, nil
}

// readOnlyLayers makes an overlay one that only shows its directories: the
// upper one may be in use.
func readOnlyLayers(m *fsview.Mount) {
	if m.Layers == nil || m.Layers.Scratch || m.Layers.Upper == "" {
		return
	}
	m.Layers = &fsview.Layers{Lower: append([]string{m.Layers.Upper}, m.Layers.Lower...)}
}

// explainLinks stands for a process that is not there: the symlinks that
// belong to a process cannot be followed.
type explainLinks struct{ asked bool }

// Link lets the view read the symlinks that are the same for everyone.
func (l *explainLinks) Link(_ any, rel string) fsview.Link {
	first, _, _ := strings.Cut(rel, "/")
	_, err := strconv.Atoi(first)
	if err == nil || first == "self" || first == "thread-self" {
		l.asked = true
		return fsview.Link{Kind: fsview.LinkDenied, Errno: unix.EACCES}
	}
	return fsview.Link{}
}

func explain(view *fsview.View, links *explainLinks, path string, follow bool) explanation {
	e := explanation{Path: path}
	q := fsview.Request{Path: path, Op: fsview.Lookup, Follow: follow, NeedHost: true, Hold: true}
	q.Trace = func(s fsview.Step) {
		e.Steps = append(e.Steps, explainStep{
			What: s.What, Guest: strings.Clone(s.Guest), Host: strings.Clone(s.Host), Target: strings.Clone(s.Target),
		})
	}
	var r fsview.Resolution
	errno := view.Resolve(&q, &r)
	if errno == 0 {
		view.Release(&r)
	}
	if errno != 0 {
		e.Errno, e.Error = unix.ErrnoName(errno), errno.Error()
		if links.asked {
			e.Error = "a symlink of a process in /proc: what it names depends on the process"
		}
		return e
	}
	e.Guest, e.Host, e.Exists = strings.Clone(r.Guest), string(r.Host), r.Exists
	e.Mount = describe(r.Mount)
	return e
}

func explainReverse(view *fsview.View, path string) explanation {
	e := explanation{Path: path}
	host, err := filepath.Abs(path)
	if err == nil {
		host, err = filepath.EvalSymlinks(host)
	}
	if err != nil {
		e.Error = cause(err).Error()
		e.Errno = "ENOENT"
		if n, ok := cause(err).(unix.Errno); ok {
			e.Errno = unix.ErrnoName(n)
		}
		return e
	}
	guest, ok := view.Guest(host)
	if !ok {
		e.Errno, e.Error = "ENOENT", "not visible in the view"
		return e
	}
	e.Guest, e.Host, e.Exists = guest, host, true
	e.Mount = describe(view.MountAt(guest))
	return e
}

var kindNames = map[fsview.Kind]string{
	fsview.Bind: "bind", fsview.Proc: "proc", fsview.Sysfs: "sysfs", fsview.Devpts: "devpts", fsview.Mqueue: "mqueue",
	fsview.Cgroup: "cgroup", fsview.Tmpfs: "tmpfs", fsview.Overlay: "overlay", fsview.Mask: "mask", fsview.Synth: "synthesised",
}

func describe(m *fsview.Mount) *explainMount {
	if m == nil {
		return nil
	}
	d := &explainMount{Target: m.Target, Source: m.Source, Kind: kindNames[m.Kind]}
	for _, f := range []struct {
		bit  fsview.Flags
		name string
	}{
		{fsview.ReadOnly, "ro"}, {fsview.NoExec, "noexec"}, {fsview.NoDev, "nodev"}, {fsview.NoSuid, "nosuid"}, {fsview.NoSymFollow, "nosymfollow"}, {fsview.NoAtime, "noatime"},
	} {
		if m.Flags&f.bit != 0 {
			d.Flags = append(d.Flags, f.name)
		}
	}
	return d
}

func (p *program) printExplanation(e *explanation) {
	w := p.stdout
	fmt.Fprintf(w, "%s\n", e.Path)
	for _, s := range e.Steps {
		switch {
		case s.Target != "":
			fmt.Fprintf(w, "  %-8s %s -> %s\n", s.What, s.Guest, s.Target)
		case s.Host != "":
			fmt.Fprintf(w, "  %-8s %s  (host %s)\n", s.What, s.Guest, s.Host)
		default:
			fmt.Fprintf(w, "  %-8s %s\n", s.What, s.Guest)
		}
	}
	if e.Errno != "" {
		fmt.Fprintf(w, "error: %s (%s)\n", e.Error, e.Errno)
		return
	}
	fmt.Fprintf(w, "guest: %s\nhost:  %s\n", e.Guest, e.Host)
	if m := e.Mount; m != nil {
		fmt.Fprintf(w, "mount: %s %s", m.Kind, m.Target)
		if len(m.Flags) > 0 {
			fmt.Fprintf(w, " (%s)", strings.Join(m.Flags, ","))
		}
		fmt.Fprintln(w)
	}
	if !e.Exists {
		fmt.Fprintln(w, "note:  does not exist")
	}
}
