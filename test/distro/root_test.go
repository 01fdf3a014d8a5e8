package distro

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// packages are what the tests use, beyond the minimal system.
const packages = "bash,coreutils,findutils,tar,python3,perl-base,git,gcc,make,libc6-dev,busybox-static"

var debian = sync.OnceValues(func() (string, error) {
	if r := os.Getenv("PTBOX_DISTRO_ROOT"); r != "" {
		return r, nil
	}
	cache := os.Getenv("PTBOX_DISTRO_CACHE")
	if cache == "" {
		// Not below root's home directory, which is closed to others.
		cache = "/var/cache/ptbox-distro"
	}
	root := filepath.Join(cache, suite())
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("only root can make %s; PTBOX_DISTRO_ROOT may name a root that exists", root)
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	tmp := root + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	args := []string{"--variant=minbase", "--mode=root", "--include=" + packages, suite(), tmp}
	if m := os.Getenv("PTBOX_DISTRO_MIRROR"); m != "" {
		args = append(args, m)
	}
	if out, err := exec.Command("mmdebstrap", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("mmdebstrap: %w\n%s", err, out)
	}
	// Everything belongs to the user who runs it, as in a root that somebody
	// has unpacked in the home directory.
	who := fmt.Sprintf("%d:%d", unpriv.Nobody, unpriv.Nobody)
	if out, err := exec.Command("chown", "-Rh", who, tmp).CombinedOutput(); err != nil {
		return "", fmt.Errorf("chown: %w\n%s", err, out)
	}
	return root, os.Rename(tmp, root)
})

// box runs commands in the root, natively and under ptbox.
type box struct {
	root, guest, ptbox string
	work               string
	flags              []string
}

func newBox(t *testing.T) *box {
	t.Helper()
	if p := os.Getenv("PTBOX_DISTRO"); p != "1" && p != "full" {
		testutil.Skip(t, testutil.NeedDistro, "make test-distro sets it")
	}
	root, err := debian()
	if err != nil {
		t.Fatal(err)
	}
	if err := reachable(root); err != nil {
		t.Fatal(err)
	}
	return &box{root: root, guest: testbin.Guest(t), ptbox: testutil.Ptbox(t), work: workDir(t)}
}

// reachable lets an ordinary user pass through the directories above the
// root: a cache below /root is closed to others, and the tests' user is one.
func reachable(root string) error {
	for dir := filepath.Dir(root); dir != "/"; dir = filepath.Dir(dir) {
		fi, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if os.Geteuid() == 0 && fi.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%s is closed to the user %d: set PTBOX_DISTRO_CACHE to a place that is not", dir, unpriv.Nobody)
		}
	}
	return nil
}

// workDir is a directory that the unprivileged user owns and can reach.
func workDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ptbox-distro-") //nolint:usetesting // its place or owner is chosen here
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, unpriv.Nobody, unpriv.Nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// environment is the same on both sides.
var environment = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/mnt", "LC_ALL=C.UTF-8", "TMPDIR=/tmp", "GIT_CONFIG_NOSYSTEM=1"}

// native returns a command that runs argv in the root by real mounts.
func (b *box) native(argv ...string) *exec.Cmd {
	const script = `set -e
root=$1 work=$2 guest=$3; shift 3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$work" "$root/mnt"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
cp "$guest" "$root/tmp/.drop"
cd "$root"
exec chroot "$root" /bin/sh -c 'cd /mnt; exec "$@"' sh /tmp/.drop drop "$@"`
	args := append([]string{"-m", "--propagation", "private", "sh", "-c", script, "sh", b.root, b.work, b.guest}, argv...)
	c := exec.Command("unshare", args...)
	c.Env = environment
	return c
}

// under returns a command that runs argv in the same view under ptbox.
func (b *box) under(argv ...string) *exec.Cmd {
	args := []string{b.ptbox, "exec", "-r", b.root, "--read-only", "-v", "/proc:/proc", "-v", "/dev:/dev", "-v", b.work + ":/mnt", "--tmpfs", "/tmp", "-w", "/mnt"}
	args = append(args, b.flags...)
	c := unpriv.Command(b.guest, append(append(args, "--"), argv...)...)
	c.Env = environment
	return c
}

// output runs c and returns its exit code and what it printed.
func output(t *testing.T, c *exec.Cmd) (int, string) {
	t.Helper()
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String()
}
