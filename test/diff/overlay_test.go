package difftest

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

// needsPower are objects that an ordinary user cannot copy, or not with their
// owner. The kernel copies with the rights of who mounted: root.
var needsPower = regexp.MustCompile(`noread|/renamed -rw|/nox/f"|/nox/f |/upper/sticky d|/upper/rootd|/upper/fifo p|/xonly"|name_to_handle_at`)

// notOnOverlay are the cases whose answers differ on an overlay, and why.
var notOnOverlay = map[string]string{
	"AT_EMPTY_PATH with an empty string": "a descriptor opened before the copy-up keeps showing the lower file",
	"descriptors into a read-only bind":  "the same",
	"extended attributes":                "the kernel counts its own xattrs when it is asked for the size only",
	"NOFOLLOW":                           "a watched directory is copied up",
	"deep tree beyond PATH_MAX":          "the union is looked up by path from its root",
	"shut":                               "the same",

	"found/in a root below directories that cannot be searched":        "the union is looked up by path from its root",
	"found/names below a directory that cannot be reached by its path": "the same",
}

// TestOverlayRoot runs the whole table once more with the root as the lower
// directory of an overlay: whatever a call does, it must do the same there,
// leave the same upper directory, and the lower one as it was.
func TestOverlayRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side mounts")
	}
	r := theRunner(t)
	r.Ptbox = testutil.Ptbox(t)
	for _, c := range allCases() {
		where, _, _ := strings.Cut(c.Name, "/")
		if c.RootFlags != "" || notOnOverlay[c.Name] != "" || notOnOverlay[where] != "" {
			continue
		}
		c.Name = "overlay " + c.Name
		c.RootFlags, c.NoInodes = "overlay", true
		// The native side has to make missing mount points, in the upper layer.
		c.Unstable = c.Unstable || c.Mounts != "" || strings.Contains(c.Name, "notify")
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			native, err := r.Native(limit(t), &c)
			if err != nil {
				t.Fatal(err)
			}
			under, err := r.Under(limit(t), &c, "seccomp", "--trap", "seccomp")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []*Result{native, under} {
				r.Lines = slices.DeleteFunc(r.Lines, func(l Line) bool { return needsPower.MatchString(c.line(l.N).text) })
				r.Tree = slices.DeleteFunc(r.Tree, func(s string) bool { return needsPower.MatchString(s) })
			}
			if d := Compare(&c, native, under); len(d) > 0 {
				t.Errorf("mounts %q:\n%s", c.Mounts, strings.Join(d, "\n"))
			}
		})
	}
}

// TestOverlayResult mounts with the kernel's overlayfs what ptbox has left
// behind: it must show the tree that ptbox showed.
func TestOverlayResult(t *testing.T) {
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side mounts")
	}
	r := theRunner(t)
	r.Ptbox = testutil.Ptbox(t)
	for _, c := range overlayCases {
		if !strings.Contains(c.Mounts, "upper=") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			c.Name = "result " + c.Name
			p, err := r.prepare(&c, "seccomp")
			if err != nil {
				t.Fatal(err)
			}
			defer r.done(p)
			if _, err := r.under(limit(t), &c, p); err != nil {
				t.Fatal(err)
			}
			look := c
			look.Script = lookScript(t, string(p.dir)+"/src")
			under, err := r.under(limit(t), &look, p)
			if err != nil {
				t.Fatal(err)
			}
			native, err := r.native(limit(t), &look, p)
			if err != nil {
				t.Fatal(err)
			}
			look.Unstable = true
			if d := Compare(&look, native, under); len(d) > 0 {
				t.Error("\n" + strings.Join(d, "\n"))
			}
		})
	}
}

// lookScript looks at every name that some layer has.
func lookScript(t *testing.T, src string) string {
	names := map[string]bool{"": true}
	for _, layer := range []string{"a", "b", "u"} {
		err := filepath.WalkDir(filepath.Join(src, layer), func(p string, _ fs.DirEntry, err error) error {
			names[strings.TrimPrefix(p, filepath.Join(src, layer))] = true
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	for _, n := range slices.Sorted(maps.Keys(names)) {
		fmt.Fprintf(&b, "lstat %q\nreadlink %q\nf=open %q O_RDONLY|O_NONBLOCK\ngetdents64 $f\nclose $f\n", "/m"+n, "/m"+n, "/m"+n)
	}
	return b.String()
}
