package distro

import (
	"math/rand"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unlocked waits until nobody has dpkg's locks: a process that is killed while it
// waits for the disk keeps them until then.
const unlocked = `perl -e 'use Fcntl; for (@ARGV) { open(F, "+<", $_) or die; my $l = pack("ssx4qqi", F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLKW, $l) or die $! }' ` +
	"/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock"

// Killed at any moment of an installation, ptbox leaves a tree that can be
// read and repaired with what Debian has for that, in which no mode has been
// left altered.
func TestKilledInstall(t *testing.T) {
	b := installedBuilds(t)
	// They bring users, set-id programs, directories of several owners and
	// triggers, and nothing else that is installed needs them.
	kills, packages := 4, "at uuid-runtime"
	if full() {
		kills, packages = 50, "at uuid-runtime polkitd dictd tftpd-hpa"
	}
	install := "apt-get -qq install -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true " + packages
	remove := "apt-get -qq purge -y --auto-remove " + packages
	do := func(script string) string {
		t.Helper()
		code, out := output(t, b.inFake("/bin/sh", "-c", script))
		if code != 0 {
			t.Fatalf("%s: exit %d:\n%s", script, code, tail(out, 60))
		}
		return out
	}
	do("apt-get -qq update")
	do("! dpkg -l " + packages + " 2>/dev/null | grep ^ii")
	verified := do("dpkg --audit; dpkg --verify")
	before := do(install + " && " + remove + " >&2 && dpkg --get-selections | sort | sha256sum")
	start := time.Now()
	do(install)
	whole := time.Since(start)
	do(remove)

	done := 0
	for k := 0; k < kills; {
		c := b.inFake("/bin/sh", "-c", install)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.Int63n(int64(whole)))) //nolint:forbidigo // any moment will do
		if c.ProcessState == nil && c.Process.Kill() != nil {
			t.Fatal("not killed")
		}
		if c.Wait() == nil {
			done++ // it was faster; once more from the start
			do(remove)
			continue
		}
		k++
		do(unlocked + " && dpkg --configure -a && tar --one-file-system -C / -cf /dev/null .")
		if k%5 == 0 || k == kills {
			do("apt-get -qq -f install -y; dpkg --audit; dpkg --verify")
			if d := altered(t, b); d != "" {
				t.Errorf("after %d kills, modes - inside, + on the host:\n%s", k, d)
			}
		}
		if rand.Intn(3) == 0 {
			do("apt-get -qq -f install -y; " + remove)
		}
	}
	t.Logf("%d kills in runs of up to %v; %d runs ended before", kills, whole, done)
	do("apt-get -qq -f install -y; " + install)
	if out := do("dpkg --audit; dpkg --verify"); out != verified {
		t.Errorf("at the end:\n%s, before:\n%s", out, verified)
	}
	if after := do(remove + " >&2; dpkg --get-selections | sort | sha256sum"); !strings.HasSuffix(before, tail(after, 1)+"\n") {
		t.Errorf("the packages are not those of before: %s, %s", tail(before, 1), tail(after, 1))
	}
}

// altered compares the modes that the guest sees with those on the host.
func altered(t *testing.T, b *builds) string {
	t.Helper()
	const modes = `find / -mindepth 1 -path /dev -prune -o ! -type b ! -type c -printf '%y %m %P\n'`
	code, inside := output(t, b.user(b.ptbox, "exec", "-0", "-r", b.fake, "-w", "/", "--", "/bin/sh", "-c", modes))
	if code != 0 {
		t.Fatalf("find: exit %d:\n%s", code, tail(inside, 20))
	}
	c := exec.Command("find", b.fake, "-mindepth", "1", "-path", b.fake+"/dev", "-prune", "-o", "!", "-type", "b", "!", "-type", "c", "-printf", "%y %m %P\n")
	code, outside := output(t, c)
	if code != 0 {
		t.Fatalf("find: exit %d:\n%s", code, tail(outside, 20))
	}
	if inside == outside {
		return ""
	}
	return cmp.Diff(strings.Split(inside, "\n"), strings.Split(outside, "\n"))
}
