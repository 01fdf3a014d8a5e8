package difftest

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Case is one comparison.
type Case struct {
	Name string
	// Tree and Mounts are parsed by ParseTree and ParseMounts.
	Tree, Mounts string
	// RootFlags is "", "ro" (the root file system itself is read-only) or
	// "overlay" (the root is the lower directory of an overlay).
	RootFlags string
	// Cwd is where the script starts; "" is "/".
	Cwd string
	// Script is in the language of guest seq.
	Script string
	// NoInodes says that the identities of files are not to be compared: in
	// an overlay ours change with a copy-up, the kernel's do not.
	NoInodes bool
	// Unstable says that the trees afterwards are not to be compared.
	Unstable bool
}

// Calls are the names of the system calls that the script makes.
func (c *Case) Calls() []string {
	var out []string
	for i := range c.lines() {
		if l := c.line(i + 1); l.call != "" {
			out = append(out, l.call)
		}
	}
	return out
}

func (c *Case) lines() []string { return strings.Split(c.Script, "\n") }

// scriptLine is what the runner needs to know of a line.
type scriptLine struct {
	text   string
	call   string
	accept string // the ~RESULT
	want   string // the => RESULT
}

// line parses line n, counted from 1.
func (c *Case) line(n int) scriptLine {
	all := c.lines()
	if n < 1 || n > len(all) {
		return scriptLine{}
	}
	l := scriptLine{text: strings.TrimSpace(all[n-1])}
	s, want, _ := strings.Cut(l.text, " => ")
	l.want = strings.TrimSpace(want)
	if strings.HasPrefix(s, "~") {
		l.accept, s, _ = strings.Cut(s[1:], " ")
	}
	if s = strings.TrimSpace(s); s == "" || s[0] == '#' || s == "}" || strings.HasSuffix(s, "{") {
		return l
	}
	s, _, _ = strings.Cut(s, " ")
	if _, call, ok := strings.Cut(s, "="); ok {
		s = call
	}
	l.call, _, _ = strings.Cut(s, ".")
	return l
}

// Entry is one object of a tree.
type Entry struct {
	// Type is d, f, l, p (FIFO), x (the guest program), w (an overlay's
	// whiteout) or o (an opaque directory of one).
	Type byte
	// Path is below the root, or with Src below the directory of sources.
	Path string
	Src  bool
	// Root says that root owns it, else the user who runs the script.
	Root bool
	Mode uint32
	// Data is a file's content or a link's target.
	Data string
}

// ParseTree parses one entry a line:
//
//	d /dir [MODE]           f /file [MODE] ["content"]      l /link TARGET
//	p /fifo [MODE]          x /program  (the guest)
//	w /whiteout             o /opaque-dir [MODE]
//
// A path that begins with @ lies beside the root, among the sources of binds.
// "root:" before the type gives the object to root. Parents are made as needed.
func ParseTree(s string) ([]Entry, error) {
	var out []Entry
	for line := range strings.SplitSeq(s, "\n") {
		w := words(line)
		if len(w) == 0 || strings.HasPrefix(w[0], "#") {
			continue
		}
		var e Entry
		w[0], e.Root = cutPrefix(w[0], "root:")
		if len(w) < 2 || len(w[0]) != 1 || !strings.Contains("dflpxwo", w[0]) {
			return nil, fmt.Errorf("tree: %q", line)
		}
		e.Type = w[0][0]
		if e.Path, e.Src = cutPrefix(w[1], "@"); !e.Src && e.Path[0] != '/' {
			return nil, fmt.Errorf("tree: %q: path must begin with / or @", line)
		}
		w = w[2:]
		e.Mode = map[byte]uint32{'d': 0o755, 'o': 0o755, 'f': 0o644, 'p': 0o644, 'x': 0o755}[e.Type]
		if len(w) > 0 && e.Type != 'l' {
			if m, err := strconv.ParseUint(w[0], 8, 32); err == nil {
				e.Mode, w = uint32(m), w[1:]
			}
		}
		if len(w) > 0 {
			e.Data = w[0]
			if strings.HasPrefix(e.Data, `"`) {
				d, err := strconv.Unquote(e.Data)
				if err != nil {
					return nil, fmt.Errorf("tree: %q: %w", line, err)
				}
				e.Data = d
			}
		} else if e.Type == 'f' {
			// Every file says which one it is.
			e.Data = "I am " + strings.TrimPrefix(e.Path, "/")
			if e.Src {
				e.Data = "I am @" + e.Path
			}
		}
		out = append(out, e)
	}
	return out, nil
}

func cutPrefix(s, p string) (string, bool) {
	r, ok := strings.CutPrefix(s, p)
	return r, ok
}

// words splits at blanks outside of double quotes.
func words(s string) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if q, err := strconv.QuotedPrefix(s); err == nil {
			out, s = append(out, q), s[len(q):]
			continue
		}
		i := strings.IndexAny(s, " \t")
		if i < 0 {
			i = len(s)
		}
		out, s = append(out, s[:i]), s[i:]
	}
	return out
}

// Mount is one mount of a case.
type Mount struct {
	// Kind is bind, tmpfs, proc or overlay.
	Kind string
	// Lower, Upper and Work are the directories of an overlay.
	Lower       []string
	Upper, Work string
	// Source is where a bind comes from: "@x" beside the root, "/x" in it,
	// "host:/x" of the machine.
	Source, Target string
	RO, NoExec     bool
	// Options are further words of mount(8): those of a tmpfs, and nodev,
	// nosuid, nosymfollow, noatime.
	Options []string
}

// mountAttrs are the options that are no bool of Mount, as mount_setattr(2)
// knows them. Access times are a field of their own in there.
var mountAttrs = map[string]uint64{
	"nodev": unix.MOUNT_ATTR_NODEV, "nosuid": unix.MOUNT_ATTR_NOSUID, "nosymfollow": unix.MOUNT_ATTR_NOSYMFOLLOW,
	"noatime": unix.MOUNT_ATTR_NOATIME,
}

// ParseMounts parses one mount a line, in order:
//
//	bind SOURCE TARGET [ro,noexec,…]      tmpfs TARGET [size=…,…]      proc TARGET
//	overlay TARGET lower=@a:@b[,upper=@u]
//
// A missing upper directory of an overlay is made.
func ParseMounts(s string) ([]Mount, error) {
	var out []Mount
	for line := range strings.SplitSeq(s, "\n") {
		w := words(line)
		if len(w) == 0 {
			continue
		}
		m := Mount{Kind: w[0]}
		switch {
		case m.Kind == "bind" && len(w) >= 3:
			m.Source, m.Target, w = w[1], w[2], w[3:]
		case (m.Kind == "tmpfs" || m.Kind == "proc") && len(w) >= 2:
			m.Target, w = w[1], w[2:]
		case m.Kind == "overlay" && len(w) == 3:
			m.Target = w[1]
			lower, upper, _ := strings.Cut(strings.TrimPrefix(w[2], "lower="), ",upper=")
			m.Lower, m.Upper, w = strings.Split(lower, ":"), upper, nil
			if upper != "" {
				m.Work = fmt.Sprintf("@../work/%d", len(out))
			}
		default:
			return nil, fmt.Errorf("mount: %q", line)
		}
		for _, o := range w {
			for opt := range strings.SplitSeq(o, ",") {
				switch opt {
				case "ro":
					m.RO = true
				case "noexec":
					m.NoExec = true
				default:
					key, _, _ := strings.Cut(opt, "=")
					if _, attr := mountAttrs[opt]; !attr && (m.Kind != "tmpfs" || key != "size" && key != "nr_inodes" && key != "nr_blocks") {
						return nil, fmt.Errorf("mount: %q: unknown option", line)
					}
					m.Options = append(m.Options, opt)
				}
			}
		}
		if m.Kind == "proc" {
			m.Source = "host:/proc"
		}
		out = append(out, m)
	}
	return out, nil
}
