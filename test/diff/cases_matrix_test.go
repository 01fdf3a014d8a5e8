package difftest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// layout is a view for the matrix.
type layout struct {
	name, tree, mounts, flags string
	// cwd and dir are where the calls start, and what $d is; "" is / and /d.
	cwd, dir string
	paths    []string
}

// common are the paths that every layout has something to say about.
var common = []string{
	"/", "//", "/.", "/..", ".", "..", "", "/f", "/f/", "/f/.", "/f/..", "/f/x", "/d", "/d/", "/d/.", "/d/..", "/d/../f",
	"/d/f", "/d/sub", "/d/sub/", "/d/sub/g", "/d/sub/..", "/d/sub/../f", "/d/sub/../../f", "d/f", "./d/./f", "d/sub/../../g",
	"/ld", "/ld/", "/ld/.", "/ld/..", "/ld/f", "/lf", "/lf/", "/lf/x", "/lad/sub/../f", "/laf", "/ldf", "/lslash", "/lslash/", "/lfslash",
	"/ldot", "/ldotdot/f", "/lll", "/lll/f", "/lll/", "/dang", "/dang/", "/dang/x", "/dangslash", "/dangdeep", "/dangabs",
	"/loop", "/loop/", "/loop/x", "/loop1", "/above", "/above/f", "/d/back", "/d/back/", "/d/back/f", "/d/toroot/d/f", "/d/sub/ff", "/d/sub/abs",
	"/missing", "/missing/", "/missing/x", "/missing/..", "/d/missing", "/d/missing/", "/empty", "/empty/", "/empty/x", "/fifo", "/fifo/",
	"/nox", "/nox/f", "/nox/..", "/nor/f", "/now/f", "/now/new", "/noread", "/rootd/f", "/rootd/new", "/rootd/private/x", "/../../f", "/...",
}

// matrixCases are the cases of all layouts.
func matrixCases() []Case {
	var out []Case
	for _, l := range layouts {
		out = append(out, l.cases()...)
	}
	return out
}

// cases runs every call of single with every path of the layout, one case a
// call.
func (l *layout) cases() []Case {
	var out []Case
	{
		paths := slices.Concat(common, l.paths)
		for i, call := range single {
			var b strings.Builder
			fmt.Fprintf(&b, "d=open %q O_RDONLY|O_DIRECTORY\n", cmp.Or(l.dir, "/d"))
			if l.cwd != "" {
				fmt.Fprintf(&b, "chdir %q\n", l.cwd)
			}
			switch {
			case strings.HasPrefix(call, "chdir"):
				b.WriteString("w=open \".\" O_RDONLY|O_DIRECTORY\n")
			case strings.HasPrefix(call, "creat"):
				b.WriteString("k=open \"/fifo\" O_RDWR\n") // else it waits for a reader
			case strings.Contains(call, "$i"):
				b.WriteString("i=inotify_init1 0\n")
			case strings.Contains(call, "$t"):
				b.WriteString("t=socket AF_UNIX SOCK_DGRAM\n")
			case strings.Contains(call, "$s"):
				b.WriteString("s=socket AF_UNIX SOCK_STREAM\n")
			}
			for _, p := range paths {
				if strings.HasPrefix(call, "rename") && l.holdsMount(p) {
					// The kernel moves the mounts along; a view's have fixed places.
					if l.cwd != "" || !strings.HasPrefix(call, "rename \"") && !strings.HasSuffix(call, "NOREPLACE") {
						continue
					}
					line(&b, "~EBUSY "+call, fmt.Sprintf("%q", p), false)
					continue
				}
				line(&b, call, fmt.Sprintf("%q", p), strings.HasPrefix(p, "/a") && !strings.HasPrefix(p, "/above"))
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(call, "~EPERM "), " ")
			c := Case{Name: fmt.Sprintf("matrix/%s/%02d %s", l.name, i, name), Tree: l.tree, Mounts: l.mounts, RootFlags: l.flags, Script: b.String()}
			out = append(out, c)
		}
	}
	return out
}

func unquote(s string) string {
	out, _ := strconv.Unquote(s)
	return out
}

// holdsMount says that a mount lies below the directory p.
func (l *layout) holdsMount(p string) bool {
	ms, _ := ParseMounts(l.mounts)
	for _, m := range ms {
		for _, from := range []string{"/", l.cwd, cmp.Or(l.dir, "/d")} {
			if strings.HasPrefix(m.Target, strings.TrimSuffix(path.Clean(path.Join(from, p)), "/")+"/") {
				return true
			}
		}
	}
	return false
}

// line writes one call of the matrix. typeOnly is for what the native side's
// root has made: its owner and mode are not those of a synthesised object.
func line(b *strings.Builder, call, path string, typeOnly bool) {
	switch name, _, _ := strings.Cut(call, " "); {
	case name == "tmpfile":
		fmt.Fprintf(b, "t=open %q O_TMPFILE|O_RDWR 0600\nlinkat $t \"\" $d \"made\" AT_EMPTY_PATH\nunlinkat $d \"made\" 0\nclose $t\n", unquote(path))
		return
	case name == "bindnew":
		fmt.Fprintf(b, "s=socket AF_UNIX SOCK_STREAM\nbind $s %s\ngetsockname $s\nclose $s\n", path)
		return
	case name == "chdir":
		fmt.Fprintf(b, "%s\ngetcwd\nstat.t \"..\"\nfchdir $w\n", fmt.Sprintf(call, path))
		return
	case typeOnly && (name == "stat" || name == "lstat" || name == "newfstatat" || name == "statx"):
		call = strings.Replace(call, name, name+".t", 1)
	}
	fmt.Fprintf(b, call+"\n", path)
}
