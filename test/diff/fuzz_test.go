package difftest

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

// unsearchable is a call after which a directory may be without the owner's
// permission to search it.
var unsearchable = regexp.MustCompile(`(chmod|mkdir).* 0?[0-7]?[0246][0-7][0-7]\b|(chmod|mkdir).* 0+\b`)

// unreadableSince is a call after which something may be without the owner's permission
// to read it.
var unreadableSince = regexp.MustCompile(`chmod.* 0?[0-7]?[0123][0-7][0-7]\b|chmod.* 0+\b`)

// changes are calls that may copy up, in an overlay.
var changes = regexp.MustCompile(`open.*O_(WRONLY|RDWR|CREAT|TRUNC|TMPFILE)|chmod|chown|utime|truncate|(set|remove)xattr|link|rename|mkdir|mknod|rmdir|bind|inotify_add_watch`)

// byDesign are the differences that the fuzzer accepts. Each ends the
// comparison of its script.
var byDesign = []Allowed{
	{
		Why:  "mount points have fixed places: a directory above one cannot be renamed",
		Call: regexp.MustCompile(`rename`), Kernel: regexp.MustCompile(`^OK`), Ptbox: regexp.MustCompile(`^EBUSY`),
		When: func(_ string, w *World) bool { return w.deep },
	},
	{
		Why:  "in an overlay a descriptor that was opened before the copy-up keeps showing the lower object",
		Call: regexp.MustCompile(`(\bread|stat(at|x)?|lseek|getdents(64)?|xattr(at)?) .*\$f`), Kernel: regexp.MustCompile(`^OK`), Ptbox: regexp.MustCompile(`^OK`), Before: changes,
		When: func(_ string, w *World) bool { return w.Copies > 0 },
	},
	{
		Why:  "in an overlay a descriptor that was opened before the copy-up keeps showing the lower object",
		Call: regexp.MustCompile(`fchdir \$f`), Kernel: regexp.MustCompile(`^EACCES`), Ptbox: regexp.MustCompile(`^OK`), Before: unsearchable,
		When: func(_ string, w *World) bool { return w.Copies > 0 },
	},
	{
		Why:  "in an overlay a descriptor that was opened before the copy-up keeps showing the lower object",
		Call: regexp.MustCompile(`fgetxattr \$f`), Kernel: regexp.MustCompile(`^EACCES`), Ptbox: regexp.MustCompile(`^(OK|ENODATA)`), Before: unreadableSince,
		When: func(_ string, w *World) bool { return w.Copies > 0 },
	},
	{
		Why:  "a watched directory of an overlay is copied up: what is made in it later is made there",
		Tree: regexp.MustCompile(`^tree: only with ptbox: /src/o/\d+/u/\S+ d`), Before: regexp.MustCompile(`inotify_add_watch`),
		When: func(_ string, w *World) bool { return w.Copies > 0 },
	},
	{
		Why:  "an overlay is looked up by path from its root, which asks for the search permission of the directories above",
		Call: regexp.MustCompile(``), Kernel: regexp.MustCompile(``), Ptbox: regexp.MustCompile(`^EACCES`), Before: unsearchable,
		When: func(_ string, w *World) bool { return w.Copies > 0 },
	},
	{
		Why:  "Landlock keeps FIFOs of a read-only mount shut that lie in a directory which cannot be read at the start",
		Call: regexp.MustCompile(`open`), Kernel: regexp.MustCompile(`^(ENXIO|OK fifo)`), Ptbox: regexp.MustCompile(`^EACCES`),
		When: func(_ string, w *World) bool { return w.shut },
	},
	{
		Why:  "a program that may be executed but not read cannot be started: the tracer looks at its header",
		Call: regexp.MustCompile(`exec`), Kernel: regexp.MustCompile(`^(ENOEXEC|ETXTBSY)`), Ptbox: regexp.MustCompile(`^EACCES`),
		Before: regexp.MustCompile(` (0300|1777)$`), // the second is decimal
	},
	{
		Why:  "by which of two places of the view a file was opened is noted only where they differ in what they allow",
		Call: regexp.MustCompile(`linkat .*AT_(EMPTY_PATH|SYMLINK_FOLLOW)$`), Kernel: regexp.MustCompile(`^EXDEV`), Ptbox: regexp.MustCompile(`^(OK|EACCES)`),
		When: func(_ string, w *World) bool { return w.twice },
	},
	{
		Why:  "the source of a mount has a fixed place: who moves it, at another place of the view, loses the mount",
		Call: regexp.MustCompile(``), Kernel: regexp.MustCompile(``), Ptbox: regexp.MustCompile(`^(ENOENT|ENOTDIR|EACCES|ELOOP|OK)`), Moved: true,
		When: func(_ string, w *World) bool { return w.nested },
	},
	{
		Why:  "a .. looks for the parent by its path, which asks for the search permission of the directories above it",
		Call: regexp.MustCompile(`\.\.`), Kernel: regexp.MustCompile(``), Ptbox: regexp.MustCompile(`^EACCES`),
		When: func(_ string, w *World) bool { return w.closed },
	},
	{
		Why:  "a .. looks for the parent by its path, which asks for the search permission of the directories above it",
		Call: regexp.MustCompile(`\.\.`), Kernel: regexp.MustCompile(``), Ptbox: regexp.MustCompile(`^EACCES`), Before: unsearchable,
	},
	{
		Why:  "a guest that makes a directory above a mount's source unsearchable, at another place of the view, shuts itself out",
		Call: regexp.MustCompile(``), Kernel: regexp.MustCompile(``), Ptbox: regexp.MustCompile(`^EACCES`),
		Before: unsearchable,
		When:   func(_ string, w *World) bool { return w.nested },
	},
}

func envInt(t *testing.T, name string, missing int) int {
	v := os.Getenv(name)
	if v == "" {
		return missing
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestRandom runs random scripts on random views (make fuzz-diff). Every seed
// is a world of its own, in which scriptsPerWorld scripts run.
//
//	PTBOX_FUZZ_SEQS=20000 PTBOX_FUZZ_SEED=7 go test ./test/diff -run TestRandom -v
//
// PTBOX_FUZZ_MODES=2 runs each script in two modes, which change from script
// to script, PTBOX_FUZZ_MOST is after how many differences it stops, and
// PTBOX_FUZZ_PROCS how many worlds there are at a time.
func TestRandom(t *testing.T) {
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side mounts")
	}
	r := theRunner(t)
	r.Ptbox = testutil.Ptbox(t)
	modes := trapModes(t, r.Ptbox)
	seqs, seed := envInt(t, "PTBOX_FUZZ_SEQS", 16), envInt(t, "PTBOX_FUZZ_SEED", 80)
	most := envInt(t, "PTBOX_FUZZ_MOST", 5)
	perScript := envInt(t, "PTBOX_FUZZ_MODES", 0)
	const scriptsPerWorld = 24
	var mu sync.Mutex
	var worlds, none, scripts, runs, calls, found int
	ended := map[string]int{}
	next := uint64(seed)
	work := func() {
		for {
			mu.Lock()
			if scripts >= seqs || found >= most || t.Context().Err() != nil {
				mu.Unlock()
				return
			}
			w := NewWorld(next)
			next++
			worlds++
			mu.Unlock()
			sides, err := r.Open(t.Context(), w, modes)
			if errors.Is(err, ErrNoWorld) {
				t.Logf("seed %d: %v", w.Seed, err)
				mu.Lock()
				none++
				mu.Unlock()
				continue
			}
			if err != nil && strings.Contains(err.Error(), "permission denied") {
				// The view is built with the rights of who starts it.
				mu.Lock()
				none++
				mu.Unlock()
				continue
			}
			if err != nil {
				t.Errorf("seed %d: %v\n%s\n%s", w.Seed, err, w.Case.Mounts, w.Case.Tree)
				mu.Lock()
				found++
				mu.Unlock()
				continue
			}
			for n := range scriptsPerWorld {
				sides.PerScript = perScript
				d, again, err := sides.Compare(w.Sequence(n), byDesign)
				mu.Lock()
				scripts++
				runs += sides.Runs
				calls += sides.Calls
				sides.Runs, sides.Calls = 0, 0
				enough := scripts >= seqs
				if scripts%500 == 0 {
					t.Logf("%d scripts so far", scripts)
				}
				for why, k := range sides.Ended {
					ended[why] += k
				}
				clear(sides.Ended)
				if d != nil || err != nil {
					found++
				}
				mu.Unlock()
				if err != nil {
					t.Errorf("seed %d: %v", w.Seed, err)
				}
				if d != nil || err != nil || !again || enough {
					sides.Close()
					if d != nil {
						t.Errorf("%v", r.Shrink(t.Context(), d, byDesign))
					}
					if sides = nil; d != nil || err != nil || enough || w.Copies > 0 {
						break
					}
					if sides, err = r.Open(t.Context(), w, modes); err != nil {
						t.Errorf("seed %d: %v", w.Seed, err)
						break
					}
				}
			}
			if sides != nil {
				sides.Close()
			}
		}
	}
	var wg sync.WaitGroup
	for range envInt(t, "PTBOX_FUZZ_PROCS", 2) {
		wg.Go(work)
	}
	wg.Wait()
	t.Logf("%d scripts, compared %d times with %d calls, modes %s; %d worlds, %d that the kernel or a lack of rights refused; %d differences",
		scripts, runs, calls, strings.Join(modes, ", "), worlds, none, found)
	for why, k := range ended {
		t.Logf("%d times compared up to: %s", k, why)
	}
}
