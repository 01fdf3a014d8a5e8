package spec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Caller is what Validate needs to know of whoever runs the bundle.
type Caller struct {
	UID, GID uint32
	Groups   []uint32
	// Caps is the effective capability set as in /proc/self/status.
	Caps uint64
	// StdinTTY says that standard input is a terminal.
	StdinTTY bool
	// OOMScoreAdj is the current value.
	OOMScoreAdj int
	// Rlimit returns the hard limit of a RLIMIT_* number.
	Rlimit func(resource int) (hard uint64, ok bool)
}

// Validate judges every property of sp for the calling process and returns
// all problems, errors and warnings, in the order of the file. Paths that are
// relative to the bundle are looked up below bundle.
func Validate(sp *specs.Spec, bundle string) []Problem {
	return ValidateFor(sp, bundle, Self())
}

// ValidateFor is Validate for another caller.
func ValidateFor(sp *specs.Spec, bundle string, c Caller) []Problem {
	r := new(report)
	r.version(sp.Version)
	if sp.Root == nil {
		r.bad("/root", "missing")
	} else {
		r.rootDir(sp.Root, bundle)
	}
	if sp.Process == nil {
		r.bad("/process", "missing")
	} else {
		r.process(sp.Process, sp.Linux, c)
	}
	r.name("/hostname", sp.Hostname)
	r.name("/domainname", sp.Domainname)
	r.mounts(sp.Mounts, bundle, c)
	if sp.Hooks != nil {
		r.hooks(sp.Hooks)
	}
	for key := range sp.Annotations {
		if key == "" {
			r.bad("/annotations", "holds an empty key")
		}
	}
	if sp.Linux != nil {
		r.linux(sp.Linux, c)
	}
	for _, other := range []struct {
		name string
		set  bool
	}{
		{"/solaris", sp.Solaris != nil},
		{"/windows", sp.Windows != nil},
		{"/zos", sp.ZOS != nil},
		{"/freebsd", sp.FreeBSD != nil},
	} {
		if other.set {
			r.warn(other.name, "ignored: this is Linux")
		}
	}
	if sp.VM != nil {
		r.bad("/vm", "virtual machines are not supported")
	}
	return r.list
}

// semver is the grammar of semver.org 2.0.0, as far as it matters here.
var semver = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)
})

func (r *report) version(v string) {
	const at = "/ociVersion"
	m := semver().FindStringSubmatch(v)
	switch {
	case v == "":
		r.bad(at, "missing")
	case m == nil:
		r.bad(at, "%q is not a version (want MAJOR.MINOR.PATCH)", v)
	case m[1] != "1":
		r.bad(at, "version %s is not supported (want 1.x)", v)
	}
}

// HostPath makes a path of the configuration absolute: it is relative to the
// bundle.
func HostPath(bundle, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	abs, err := filepath.Abs(filepath.Join(bundle, path))
	if err != nil {
		return filepath.Join(bundle, path)
	}
	return abs
}

func (r *report) rootDir(root *specs.Root, bundle string) {
	const at = "/root/path"
	if root.Path == "" {
		r.bad(at, "missing")
		return
	}
	r.str(at, root.Path)
	path := HostPath(bundle, root.Path)
	if st, err := os.Stat(path); err != nil {
		r.bad(at, "%s: %v", path, cause(err))
	} else if !st.IsDir() {
		r.bad(at, "%s: not a directory", path)
	}
}

// name judges a host or domain name (__NEW_UTS_LEN is 64).
func (r *report) name(at, s string) {
	r.str(at, s)
	if len(s) > 64 {
		r.bad(at, "longer than 64 bytes")
	}
}

func (r *report) hooks(h *specs.Hooks) {
	for _, kind := range []struct {
		name  string
		hooks []specs.Hook
	}{
		{"prestart", h.Prestart},
		{"createRuntime", h.CreateRuntime},
		{"createContainer", h.CreateContainer},
		{"startContainer", h.StartContainer},
		{"poststart", h.Poststart},
		{"poststop", h.Poststop},
	} {
		if len(kind.hooks) > 0 {
			r.unsupported("/hooks/"+kind.name, "run the hooks' programs before or after ptbox")
		}
	}
}

func (r *report) process(p *specs.Process, l *specs.Linux, c Caller) {
	if p.Terminal && !c.StdinTTY {
		r.warn("/process/terminal", "standard input is not a terminal: the command gets it as it is")
	}
	if p.Terminal && p.ConsoleSize != nil {
		r.warn("/process/consoleSize", "ignored: the command uses the caller's terminal, whose size is kept")
	}
	r.user(&p.User)
	if len(p.Args) == 0 {
		r.bad("/process/args", "at least the command's name is needed")
	}
	for i, a := range p.Args {
		r.str(fmt.Sprintf("/process/args/%d", i), a)
	}
	for i, e := range p.Env {
		at := fmt.Sprintf("/process/env/%d", i)
		r.str(at, e)
		if strings.IndexByte(e, '=') <= 0 {
			r.bad(at, "%q is not of the form NAME=VALUE", e)
		}
	}
	switch {
	case p.Cwd == "":
		r.bad("/process/cwd", "missing")
	case !filepath.IsAbs(p.Cwd):
		r.bad("/process/cwd", "%q is not absolute", p.Cwd)
	}
	r.str("/process/cwd", p.Cwd)
	r.capabilities(p.Capabilities, c, Emulated(&specs.Spec{Process: p, Linux: l}, c))
	r.rlimits(p.Rlimits, c)
	if p.ApparmorProfile != "" {
		r.unsupported("/process/apparmorProfile", "omit it")
	}
	if p.SelinuxLabel != "" {
		r.unsupported("/process/selinuxLabel", "omit it")
	}
	if v := p.OOMScoreAdj; v != nil {
		switch {
		case *v < -1000 || *v > 1000:
			r.bad("/process/oomScoreAdj", "%d is out of range (-1000 to 1000)", *v)
		case *v < c.OOMScoreAdj && !c.has(capSysResource):
			r.bad("/process/oomScoreAdj", "%d is below the caller's %d, which needs CAP_SYS_RESOURCE", *v, c.OOMScoreAdj)
		}
	}
	if p.Scheduler != nil {
		r.unsupported("/process/scheduler", "start ptbox with chrt(1) or nice(1)")
	}
	if p.IOPriority != nil {
		r.unsupported("/process/ioPriority", "start ptbox with ionice(1)")
	}
	if p.ExecCPUAffinity != nil {
		r.warn("/process/execCPUAffinity", "applies to processes added to a running container only")
	}
}

func (r *report) user(u *specs.User) {
	for _, id := range append([]uint32{u.UID, u.GID}, u.AdditionalGids...) {
		if id == noID {
			r.bad("/process/user", "%d is not an id", id)
		}
	}
	if u.Umask != nil && *u.Umask > 0o777 {
		r.bad("/process/user/umask", "%#o is larger than 0777", *u.Umask)
	}
}

// capabilities follows a rule of its own: what cannot be granted is a warning
// (config.md, "process.capabilities"). What would have to be dropped and is
// not leaves the command with more rights than asked for: an error.
func (r *report) capabilities(caps *specs.LinuxCapabilities, c Caller, emulated bool) {
	if caps == nil {
		return
	}
	var permitted uint64
	var lacking []string
	for _, set := range []struct {
		name  string
		names []string
	}{
		{"bounding", caps.Bounding},
		{"effective", caps.Effective},
		{"inheritable", caps.Inheritable},
		{"permitted", caps.Permitted},
		{"ambient", caps.Ambient},
	} {
		for i, name := range set.names {
			n := slices.Index(capNames[:], name)
			if n < 0 {
				r.warn(fmt.Sprintf("/process/capabilities/%s/%d", set.name, i), "unknown capability %q", name)
				continue
			}
			if set.name == "permitted" || set.name == "effective" {
				permitted |= 1 << n
				if !c.has(n) && !slices.Contains(lacking, name) {
					lacking = append(lacking, name)
				}
			}
		}
	}
	if len(lacking) > 0 && !emulated {
		r.warn("/process/capabilities", "not granted, the caller does not have them: %s", strings.Join(lacking, ", "))
	}
	if c.Caps&^permitted != 0 {
		r.bad("/process/capabilities", "the caller has capabilities that are not listed; dropping them is not supported yet").Hint = "run ptbox as an ordinary user, or omit the property to keep them"
	}
}

func (r *report) rlimits(list []specs.POSIXRlimit, c Caller) {
	seen := map[string]bool{}
	for i, l := range list {
		at := fmt.Sprintf("/process/rlimits/%d", i)
		n, ok := RlimitNumber(l.Type)
		if !ok {
			r.bad(at+"/type", "unknown limit %q", l.Type)
			continue
		}
		if seen[l.Type] {
			r.bad(at+"/type", "%s is given twice", l.Type)
		}
		seen[l.Type] = true
		if l.Soft > l.Hard {
			r.bad(at+"/soft", "%d is above the hard limit %d", l.Soft, l.Hard)
		}
		hard, ok := c.Rlimit(n)
		if ok && l.Hard > hard && !c.has(capSysResource) {
			r.bad(at+"/hard", "%d is above the caller's hard limit %d, which needs CAP_SYS_RESOURCE", l.Hard, hard)
		}
	}
}

// Check loads and validates a bundle's configuration. The error holds all
// problems; warnings are returned beside the configuration.
func Check(path, bundle string) (*specs.Spec, []Problem, error) {
	sp, err := Load(path)
	if err != nil {
		return nil, nil, err
	}
	bad, warnings := Split(Validate(sp, bundle))
	if len(bad) > 0 {
		return sp, warnings, &Error{Path: path, Problems: bad}
	}
	return sp, warnings, nil
}

// IsLoadError says whether err came from reading, not from judging.
func IsLoadError(err error) bool {
	var le *LoadError
	return errors.As(err, &le)
}
