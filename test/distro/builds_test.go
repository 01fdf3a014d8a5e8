package distro

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// builds is a Debian that is made and changed twice: by real root in dir/real,
// and by an ordinary user as the emulated root of dir/fake. Whatever is done to
// one is done to the other, and then they must be equal.
type builds struct {
	dir, real, fake string
	ptbox, guest    string
	sources         []string // lines of sources.list
	failed          bool     // the roots could not be made
}

// full says that there is time for the whole of each test (make
// test-distro-full): in place of minutes on an idle machine, hours.
// PTBOX_DISTRO=builds is the short form.
func full() bool { return os.Getenv("PTBOX_DISTRO") == "full" }

var theBuilds struct {
	sync.Once
	b   *builds
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if b := theBuilds.b; b != nil && os.Getenv("PTBOX_DISTRO_BUILDS") == "" {
		if err := os.RemoveAll(b.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// newBuilds returns the two roots as mmdebstrap leaves them, or as the tests
// before have. It needs root for the real one.
func newBuilds(t *testing.T) *builds {
	t.Helper()
	if p := os.Getenv("PTBOX_DISTRO"); p != "builds" && p != "full" {
		testutil.Skip(t, testutil.NeedDistro, "make test-distro-full sets it")
	}
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "real root makes what is compared with")
	}
	theBuilds.Do(func() { theBuilds.b, theBuilds.err = makeBuilds(t) })
	if theBuilds.err != nil {
		t.Fatal(theBuilds.err)
	}
	return theBuilds.b
}

func makeBuilds(t *testing.T) (*builds, error) {
	t.Helper()
	dir, err := os.Getenv("PTBOX_DISTRO_BUILDS"), error(nil)
	if dir == "" {
		if dir, err = os.MkdirTemp("", "ptbox-builds-"); err != nil { //nolint:usetesting // it outlives this test
			return nil, err
		}
	}
	b := &builds{dir: dir, real: dir + "/real", fake: dir + "/fake", ptbox: testutil.Ptbox(t), guest: testbin.Guest(t)}
	if b.sources, err = aptSources(suite()); err != nil {
		return b, err
	}
	if err := os.MkdirAll(b.dir+"/native", 0o755); err != nil {
		return b, err
	}
	// The rest belongs to the user, as a home directory does.
	for _, d := range []string{"home", "tmp", "."} {
		d = filepath.Join(dir, d)
		if err := os.MkdirAll(d, 0o755); err != nil {
			return b, err
		}
		if err := os.Chown(d, unpriv.Nobody, unpriv.Nobody); err != nil {
			return b, err
		}
	}
	return b, os.Chmod(dir, 0o755)
}

func suite() string {
	if s := os.Getenv("PTBOX_DISTRO_SUITE"); s != "" {
		return s
	}
	return "bookworm"
}

// aptSources are the lines of sources.list for a suite: those that this machine
// uses itself, wherever they lead to, or else mmdebstrap's own.
func aptSources(suite string) ([]string, error) {
	if m := os.Getenv("PTBOX_DISTRO_MIRROR"); m != "" {
		return []string{"deb " + m + " " + suite + " main"}, nil
	}
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages").Output()
	if err != nil {
		return nil, fmt.Errorf("apt-get indextargets: %w", err)
	}
	var lines []string
	for l := range strings.Lines(string(out)) {
		f := strings.Fields(l)
		if len(f) != 3 || f[2] != "main" || !slices.Contains([]string{suite, suite + "-updates", suite + "-security"}, f[1]) {
			continue
		}
		if l = "deb " + strings.Join(f, " "); !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// aptOptions are what this machine's apt needs to reach its mirror.
func aptOptions() ([]string, error) {
	out, err := exec.Command("apt-config", "dump", "--format", "%F \"%v\";%n", "Acquire").Output()
	if err != nil {
		return nil, fmt.Errorf("apt-config: %w", err)
	}
	wanted := regexp.MustCompile(`(?i)^Acquire::(https?::(Proxy|Timeout)|Check-|Retries|Languages)\S* "[^"]+";$`)
	var list []string
	for l := range strings.Lines(string(out)) {
		if l = strings.TrimSpace(l); wanted.MatchString(l) {
			list = append(list, l)
		}
	}
	return append(list, `Acquire::Retries "3";`), nil
}

// debstrap is the command line that makes a root from nothing.
func (b *builds) debstrap(target string) ([]string, error) {
	opts, err := aptOptions()
	if err != nil {
		return nil, err
	}
	argv := []string{"mmdebstrap", "--quiet", "--variant=apt", "--mode=root"}
	for _, o := range opts {
		argv = append(argv, "--aptopt="+o)
	}
	return append(append(argv, suite(), target), b.sources...), nil
}

// user returns a command of the ordinary user.
func (b *builds) user(argv ...string) *exec.Cmd {
	c := unpriv.Command(b.guest, argv...)
	c.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + b.dir + "/home",
		"TMPDIR=" + b.dir + "/tmp", "LC_ALL=C.UTF-8",
	}
	c.Dir = b.dir
	return c
}

// inFake returns a command that runs argv in the emulated root, as the
// documentation says to build packages.
func (b *builds) inFake(argv ...string) *exec.Cmd {
	args := []string{b.ptbox, "exec", "--build", b.fake, "-v", b.dir + "/tmp:/mnt"}
	for _, e := range buildEnv {
		args = append(args, "-e", e)
	}
	return b.user(append(append(args, "--"), argv...)...)
}

var buildEnv = []string{"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "SOURCE_DATE_EPOCH=1700000000"}

// inReal returns a command that runs argv as real root in the same view.
func (b *builds) inReal(argv ...string) *exec.Cmd {
	const script = `set -e
root=$1 work=$2; shift 2
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount --bind "$work" "$root/mnt"
for f in resolv.conf hosts; do
	mount --bind "/etc/$f" "$root/etc/$f"
done
cd "$root"
exec chroot "$root" /bin/sh -c 'cd /root; exec "$@"' sh "$@"`
	args := append([]string{"-m", "--propagation", "private", "sh", "-c", script, "sh", b.real, b.dir + "/native"}, argv...)
	c := exec.Command("unshare", args...)
	c.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}, buildEnv...)
	return c
}

// both runs a command in the real root and in the emulated one, at the same
// time, and returns what they print. Both must succeed.
func (b *builds) both(t *testing.T, argv ...string) (real, fake string) {
	t.Helper()
	return together(t, b.inReal(argv...), b.inFake(argv...))
}

func together(t *testing.T, native, boxed *exec.Cmd) (real, fake string) {
	t.Helper()
	var codes [2]int
	var wg sync.WaitGroup
	wg.Go(func() { codes[0], real = output(t, native) })
	codes[1], fake = output(t, boxed)
	wg.Wait()
	for i, out := range []string{real, fake} {
		if codes[i] != 0 {
			t.Fatalf("%s: exit %d:\n%s", []string{"real root", "under ptbox"}[i], codes[i], tail(out, 60))
		}
	}
	return real, fake
}

// tail is the end of a long output.
func tail(s string, n int) string {
	l := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(l[max(0, len(l)-n):], "\n")
}

// listing is the script that prints every file of a root with its type, mode,
// owners, size, capabilities and target, but without times.
const listing = `tar --numeric-owner --sort=name --one-file-system --xattrs --xattrs-include='*' --exclude=./mnt -C / -cf - . 2>/dev/null`

var stamp = regexp.MustCompile(` +(\d+(?:,\d+)?) \d{4}-\d\d-\d\d \d\d:\d\d `)

// list makes a tar archive of one root from inside, and lists it outside.
func (b *builds) list(t *testing.T, c *exec.Cmd) []string {
	t.Helper()
	show := exec.Command("tar", "--numeric-owner", "--xattrs", "-tvvf", "-")
	var err error
	if show.Stdin, err = c.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	out, err := show.Output()
	if err == nil {
		err = c.Wait()
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(stamp.ReplaceAllString(string(out), " $1 "), "\n")
}

func (b *builds) lists(t *testing.T) (real, fake []string) {
	t.Helper()
	return b.listsOf(t, b.real, b.fake)
}

func (b *builds) listsOf(t *testing.T, realRoot, fakeRoot string) (real, fake []string) {
	t.Helper()
	native := exec.Command("chroot", realRoot, "/bin/sh", "-c", listing)
	native.Env = buildEnv
	boxed := b.user(b.ptbox, "exec", "-0", "-r", fakeRoot, "-w", "/", "--", "/bin/sh", "-c", listing)
	var wg sync.WaitGroup
	wg.Go(func() { real = b.list(t, native) })
	fake = b.list(t, boxed)
	wg.Wait()
	return real, fake
}

// hostModes are the modes that the host has for the files of a root. Devices
// are plain files there, or what they are if real root made them.
func hostModes(t *testing.T, root string) []string {
	t.Helper()
	out, err := exec.Command("find", root, "-mindepth", "1", "(", "-type", "f", "-size", "0", "-path", root+"/dev/*", "-o", "-type", "b", "-o", "-type", "c", "-o", "-printf", "%y %m %P\n", ")").Output()
	if err != nil {
		t.Fatal(err)
	}
	l := strings.Split(string(out), "\n")
	slices.Sort(l)
	return l
}
