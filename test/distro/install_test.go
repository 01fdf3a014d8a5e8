package distro

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// installed are packages that bring users, groups, set-id programs, file
// capabilities and triggers. The long run has those that people ask for.
func installed() string {
	if full() {
		return "build-essential git python3 nginx-light postgresql man-db " + short
	}
	return short
}

const short = "hello man-db sudo openssh-client iputils-ping dbus rsync debsums systemd-standalone-sysusers"

// unequal lists the lines in which two listings differ; those of files whose
// contents tell of time or place may differ in the size.
func unequal(real, fake []string) string {
	return cmp.Diff(steady(real), steady(fake))
}

// varying are files whose length depends on when, where or in which order
// things were done, and not on what was done.
var varying = []string{
	"./var/log/", "./var/cache/apt/", "./var/cache/man/", "./var/cache/ldconfig/", "./var/cache/debconf/",
	"./etc/ssl/", "./var/lib/postgresql/", "./var/lib/apt/lists/",
}

func steady(list []string) []string {
	out := make([]string, 0, len(list))
	for _, l := range list {
		f := strings.Fields(l)
		if len(f) > 3 && strings.HasPrefix(f[0], "-") {
			for _, v := range varying {
				if strings.HasPrefix(f[3], v) {
					f[2] = "?"
				}
			}
			l = strings.Join(f, " ")
		}
		out = append(out, l)
	}
	return out
}

// A distribution is installed from nothing, and packages into it, with all
// maintainer scripts. Everything then has the owners, modes and capabilities
// that real root gives it, in the archive that tar makes inside, and the same
// modes outside.
func TestInstall(t *testing.T) {
	b := installedBuilds(t)
	real, fake := b.lists(t)
	if d := unequal(real, fake); d != "" {
		t.Errorf("after the installation, - real root, + ptbox:\n%s", d)
	}
	t.Logf("%d files", len(fake))
	// Both at one place, or the names would differ.
	if d := cmp.Diff(hostModes(t, b.real), hostModes(t, b.fake)); d != "" {
		t.Errorf("modes on the host, - real root, + ptbox:\n%s", d)
	}
	for _, script := range []string{"dpkg --verify", "dpkg --audit", "debsums --silent", "dpkg -l | grep -v ^ii | wc -l"} {
		if real, fake := b.both(t, "/bin/sh", "-c", script); real != fake {
			t.Errorf("%s, - real root, + ptbox:\n%s", script, cmp.Diff(real, fake))
		}
	}
}

// installedBuilds are the two roots with everything in them. With
// PTBOX_DISTRO_BUILDS they are those that an earlier run has left there.
func installedBuilds(t *testing.T) *builds {
	t.Helper()
	b := newBuilds(t)
	step := func(name string, do func()) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(b.dir, name)); err == nil {
			return
		}
		if b.failed {
			t.Fatal("an earlier test could not make the roots")
		}
		b.failed = true
		start := time.Now()
		do()
		b.failed = false
		t.Logf("%s after %v", name, time.Since(start).Round(time.Second))
		if err := os.WriteFile(filepath.Join(b.dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	step("made", func() { makeRoots(t, b) })
	step("installed", func() { install(t, b, installed()) })
	return b
}

// makeRoots makes both roots from nothing.
func makeRoots(t *testing.T, b *builds) {
	t.Helper()
	native, err := b.debstrap(b.real)
	if err != nil {
		t.Fatal(err)
	}
	boxed, err := b.debstrap(b.fake)
	if err != nil {
		t.Fatal(err)
	}
	// In a namespace of its own: where mmdebstrap cannot take away its procfs,
	// busy as it is, it leaves it there.
	together(t, exec.Command("unshare", append([]string{"-m", "--propagation", "private"}, native...)...), b.user(append([]string{b.ptbox, "exec", "-0", "-r", "/", "-w", "/", "--"}, boxed...)...))
	// They are mount points natively.
	together(t, exec.Command("touch", b.real+"/etc/hosts", b.real+"/etc/resolv.conf"), b.user("/usr/bin/touch", b.fake+"/etc/hosts", b.fake+"/etc/resolv.conf"))
	real, fake := b.lists(t)
	if d := unequal(real, fake); d != "" {
		t.Fatalf("after mmdebstrap, - real root, + ptbox:\n%s", d)
	}
}

// install installs packages in both roots.
func install(t *testing.T, b *builds, packages string) {
	t.Helper()
	if !full() {
		packages = "--no-install-recommends " + packages
	}
	b.both(t, "/bin/sh", "-c", "apt-get -qq update")
	download(t, b, "install -y "+packages)
	do := "set -e; apt-get -qq install -y " + packages + "; dpkg --audit; apt-get clean"
	_, native := timed(t, b.inReal("/bin/sh", "-c", do))
	_, boxed := timed(t, b.inFake("/bin/sh", "-c", do))
	t.Logf("installed in %v natively, %v under ptbox", native, boxed)
}

// download has real root download what apt-get with these arguments would, and
// puts it into both roots.
func download(t *testing.T, b *builds, args string) {
	t.Helper()
	if code, out := output(t, b.inReal("/bin/sh", "-c", "apt-get -qq update && apt-get -qq -o APT::Keep-Downloaded-Packages=true -d "+args)); code != 0 {
		t.Fatalf("download: exit %d:\n%s", code, tail(out, 60))
	}
	archives := "/var/cache/apt/archives/"
	debs, err := filepath.Glob(b.real + archives + "*.deb")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range debs {
		content, err := os.ReadFile(d)
		if err != nil {
			t.Fatal(err)
		}
		putFile(t, b.fake+archives+filepath.Base(d), string(content))
	}
}

// putFile writes a file from outside, which is root's inside.
func putFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	owner := fi.Sys().(*syscall.Stat_t)
	if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
		t.Fatal(err)
	}
}

// timed runs c, which must succeed, and says how long it took.
func timed(t *testing.T, c *exec.Cmd) (string, time.Duration) {
	t.Helper()
	start := time.Now()
	code, out := output(t, c)
	if code != 0 {
		t.Fatalf("%v: exit %d:\n%s", c.Args, code, tail(out, 60))
	}
	return out, time.Since(start).Round(100 * time.Millisecond)
}
