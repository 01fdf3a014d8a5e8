package layering

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/ptbox/ptbox"

// A room is a directory and what its packages may import, themselves and the
// standard library aside. A trailing slash stands for all that lies below.
type room struct {
	dir     string
	own     []string // of this module
	foreign []string // of other modules
}

// The first room that holds a package judges it.
var rooms = []room{
	{dir: "internal/", own: []string{"internal/"}, foreign: []string{"golang.org/x/sys/", "golang.org/x/net/bpf"}},
	{dir: "fsview", own: []string{"internal/linux"}, foreign: []string{"golang.org/x/sys/"}},
	{dir: "tracer", own: []string{"internal/", "tracer/"}, foreign: []string{"golang.org/x/sys/", "golang.org/x/net/bpf"}},
	{dir: "tracer/", own: []string{"internal/", "tracer/"}, foreign: []string{"golang.org/x/sys/"}},
	{dir: "spec", foreign: []string{"github.com/opencontainers/runtime-spec/", "golang.org/x/sys/"}},
	{
		dir: "sandbox", own: []string{"fsview", "internal/", "spec", "tracer", "tracer/"},
		foreign: []string{"github.com/opencontainers/runtime-spec/", "golang.org/x/sys/"},
	},
	{
		dir: "cmd/", own: []string{"fsview", "internal/", "sandbox", "spec", "tracer"},
		foreign: []string{"github.com/opencontainers/runtime-spec/", "github.com/urfave/cli/v2", "golang.org/x/sys/"},
	},
	// The examples show that the two libraries stand alone.
	{dir: "examples/resolve", own: []string{"fsview"}, foreign: []string{"golang.org/x/sys/"}},
	{dir: "examples/trace-opens", own: []string{"tracer"}, foreign: []string{"golang.org/x/sys/"}},
	{dir: "examples"},
	{dir: "test/", own: []string{"internal/"}, foreign: []string{"golang.org/x/sys/"}},
}

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// list returns the packages of the module and all they depend on.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return pkgs
		case err != nil:
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// within says whether path is one of the names, or lies below one of those
// that end in a slash.
func within(path string, names []string) bool {
	for _, n := range names {
		if path == strings.TrimSuffix(n, "/") || strings.HasSuffix(n, "/") && strings.HasPrefix(path, n) {
			return true
		}
	}
	return false
}

// violation says what is wrong with package dir importing imp, or "".
func violation(dir, imp string, standard map[string]bool) string {
	for _, r := range rooms {
		if !within(dir, []string{r.dir}) {
			continue
		}
		if own, ok := strings.CutPrefix(imp, module+"/"); ok {
			if own == dir || within(own, []string{r.dir}) || within(own, r.own) {
				return ""
			}
			return dir + " must not import " + own
		}
		if standard[imp] || within(imp, r.foreign) {
			return ""
		}
		return dir + " must not depend on " + imp
	}
	return dir + " has no room: add it to the table of this test and to docs/adr/0006-layering.md"
}

func TestImportDirections(t *testing.T) {
	pkgs := list(t)
	standard := map[string]bool{"C": true}
	for _, p := range pkgs {
		if p.Standard {
			standard[p.ImportPath] = true
		}
	}
	seen := 0
	for _, p := range pkgs {
		dir, ok := strings.CutPrefix(p.ImportPath, module+"/")
		if !ok {
			continue
		}
		seen++
		if len(p.Imports) == 0 {
			p.Imports = []string{"unsafe"} // the package must still have a room
		}
		for _, imp := range p.Imports {
			if v := violation(dir, imp, standard); v != "" {
				t.Error(v)
			}
		}
	}
	if seen == 0 {
		t.Fatal("go list found no package of " + module)
	}
}

// A checker that allows everything would pass the test above.
func TestViolationsAreFound(t *testing.T) {
	standard := map[string]bool{"os": true}
	for _, c := range []struct{ dir, imp string }{
		{"tracer", module + "/fsview"},
		{"fsview", module + "/tracer"},
		{"fsview", module + "/internal/ptrace"},
		{"spec", module + "/fsview"},
		{"internal/linux", module + "/tracer"},
		{"sandbox", module + "/cmd/ptbox"},
		{"sandbox", "github.com/urfave/cli/v2"},
		{"tracer", "example.com/dependency"},
		{"examples/resolve", module + "/tracer"},
		{"newroom", "os"},
	} {
		if violation(c.dir, c.imp, standard) == "" {
			t.Errorf("%s may import %s", c.dir, c.imp)
		}
	}
	for _, c := range []struct{ dir, imp string }{
		{"tracer", module + "/internal/ptrace"},
		{"sandbox", module + "/fsview"},
		{"fsview", module + "/internal/linux"},
		{"fsview", "golang.org/x/sys/unix"},
		{"fsview", "os"},
	} {
		if v := violation(c.dir, c.imp, standard); v != "" {
			t.Error(v)
		}
	}
}
