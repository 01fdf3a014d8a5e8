package hostile

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// process.rlimits are those of the command, and it cannot raise them.
func TestRlimits(t *testing.T) {
	limits := []struct {
		name       string
		number     int
		soft, hard uint64
	}{
		{"CPU", unix.RLIMIT_CPU, 100, 200},
		{"FSIZE", unix.RLIMIT_FSIZE, 0, 4096},
		{"DATA", unix.RLIMIT_DATA, 1 << 40, 1 << 41},
		{"STACK", unix.RLIMIT_STACK, 1 << 20, 1 << 21},
		{"CORE", unix.RLIMIT_CORE, 0, 0},
		{"NOFILE", unix.RLIMIT_NOFILE, 64, 64},
		{"AS", unix.RLIMIT_AS, 1 << 42, 1 << 43},
		{"MEMLOCK", unix.RLIMIT_MEMLOCK, 0, 4096},
		{"SIGPENDING", 11, 10, 20},
		{"MSGQUEUE", 12, 0, 0},
	}
	var list []map[string]any
	args, want := []string{"limits"}, ""
	for _, l := range limits {
		list = append(list, map[string]any{"type": "RLIMIT_" + l.name, "soft": l.soft, "hard": l.hard})
		args = append(args, fmt.Sprint(l.number))
		want += fmt.Sprintf("%d %d %d %v %v\n", l.number, l.soft, l.hard, unix.EPERM, unix.EINVAL)
	}
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	dir := bundleOf(t, `"hostname": "x"`, map[string]string{"rlimits": string(text)}, args...)
	for _, b := range boxes {
		out, code := run(t, append([]string{testutil.Ptbox(t), "run", "--bundle", dir}, b.flags...)...)
		if out != want || code != 0 {
			t.Errorf("%s: code %d\n%s\nwant\n%s", b.name, code, out, want)
		}
	}
}

// No capability is there that was not given, and none can be gained.
func TestCapabilities(t *testing.T) {
	const status = `grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs)" /proc/self/status | tr -d '\n\t'`
	all := fmt.Sprintf("%016x", 0)
	want := fmt.Sprintf("CapInh:%sCapPrm:%sCapEff:%sCapBnd:%sCapAmb:%sNoNewPrivs:1", all, all, all, all, all)
	for _, caps := range []string{`{}`, `{"effective": ["CAP_KILL"], "permitted": ["CAP_KILL"], "bounding": ["CAP_KILL"]}`} {
		for _, noNew := range []string{"true", "false"} {
			dir := bundleOf(t, `"hostname": "x"`, map[string]string{"capabilities": caps, "noNewPrivileges": noNew, "args": `["sh", "-c", ` + quoted(t, status) + `]`})
			for _, b := range boxes[:4] {
				out, code := run(t, append([]string{testutil.Ptbox(t), "run", "--bundle", dir}, b.flags...)...)
				_, caps, _ := strings.Cut(out, "Cap")
				if "Cap"+caps != want || code != 0 || strings.Contains(out, "CAP_KILL") != strings.Contains(out, "not granted") {
					t.Errorf("%s: code %d: %s, want %s", b.name, code, out, want)
				}
			}
		}
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const hiddenToken = "hidden from the guest"

// hiddenTree makes, for each way to a hidden thing, a directory with one of it.
func hiddenTree(t *testing.T, ways []string, dir bool) string {
	t.Helper()
	top := tmp(t)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range ways {
		in := filepath.Join(top, w, "in")
		must(os.MkdirAll(in, 0o755))
		file := filepath.Join(in, "hidden")
		if dir {
			must(os.Mkdir(file, 0o755))
			file += "/f"
		}
		must(os.WriteFile(file, []byte(hiddenToken), 0o644))
	}
	if os.Geteuid() == 0 {
		must(filepath.WalkDir(top, func(p string, _ fs.DirEntry, err error) error {
			must(err)
			return os.Chown(p, unpriv.Nobody, unpriv.Nobody)
		}))
	}
	return top
}

// state describes what is hidden, wherever it is now.
func state(t *testing.T, top string, ways []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, w := range ways {
		p := filepath.Join(top, w, "in/hidden")
		for _, p := range []string{p, p + "/f", p + "/new"} {
			var st unix.Stat_t
			if err := unix.Stat(p, &st); err != nil {
				out[p] = err.Error()
				continue
			}
			b, _ := os.ReadFile(p)
			out[p] = fmt.Sprintf("mode %o, %q", st.Mode, b)
			if st.Mode&unix.S_IFMT == unix.S_IFREG {
				out[p] += fmt.Sprintf(", mtime %v", st.Mtim)
			}
		}
	}
	return out
}

// maskedPaths and readonlyPaths hold against whoever moves, links, mounts and
// opens again what is around them and what they show.
func TestHiddenPaths(t *testing.T) {
	list, code := run(t, build(t), "ways")
	if code != 0 {
		t.Fatal(list)
	}
	ways := strings.Fields(list)
	for _, dir := range []bool{false, true} {
		// The control: most of it works where nothing is in the way.
		top := hiddenTree(t, ways, dir)
		before := state(t, top, ways)
		out, _ := run(t, build(t), "uncover", top)
		changed := 0
		for p, s := range state(t, top, ways) {
			if s != before[p] {
				changed++
			}
		}
		if n := strings.Count(out, hiddenToken); n < 20 || changed < len(ways)/2 {
			t.Fatalf("natively: read %d times, %d changes\n%s", n, changed, out)
		}
		for _, b := range boxes {
			for _, what := range []string{"maskedPaths", "readonlyPaths"} {
				t.Run(fmt.Sprintf("%s/%s/dir=%t", b.name, what, dir), func(t *testing.T) {
					top := hiddenTree(t, ways, dir)
					before := state(t, top, ways)
					var paths []string
					for _, w := range ways {
						paths = append(paths, quoted(t, filepath.Join(top, w, "in/hidden")))
					}
					bundle := bundleOf(t, `"linux": {"`+what+`": [`+strings.Join(paths, ", ")+`]}`, nil, "uncover", top)
					out, code := run(t, append([]string{testutil.Ptbox(t), "run", "--bundle", bundle}, b.flags...)...)
					if code != 0 || !strings.Contains(out, "remove times") {
						t.Fatalf("code %d: %s", code, out)
					}
					if what == "maskedPaths" && strings.Contains(out, hiddenToken) {
						for line := range strings.Lines(out) {
							if strings.Contains(line, hiddenToken) {
								t.Errorf("read: %s", line)
							}
						}
					}
					for p, s := range state(t, top, ways) {
						if s != before[p] {
							t.Errorf("%s is now %s, was %s", p, s, before[p])
						}
					}
				})
			}
		}
	}
}
