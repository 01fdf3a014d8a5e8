package distro

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

// The other program that makes a Debian from nothing is a shell script, which
// mounts, makes devices and unpacks with other tools than dpkg.
func TestDebootstrap(t *testing.T) {
	b := newBuilds(t)
	debootstrap := testutil.Command(t, "debootstrap")
	mirror := strings.Fields(b.sources[0])[1]
	real, fake := filepath.Join(b.dir, "home", "boot"), filepath.Join(b.dir, "tmp", "boot")
	for _, dir := range []string{real, fake} {
		if out, err := exec.Command("rm", "-rf", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	argv := func(target string) []string {
		return []string{debootstrap, "--variant=minbase", "--include=adduser", suite(), target, mirror}
	}
	_, boxed := timed(t, b.user(append([]string{b.ptbox, "exec", "-0", "-r", "/", "-w", "/", "--"}, argv(fake)...)...))
	_, native := timed(t, exec.Command("unshare", append([]string{"-m", "--propagation", "private"}, argv(real)...)...))
	t.Logf("%v natively, %v under ptbox", native, boxed)
	wanted, got := b.listsOf(t, real, fake)
	if d := unequal(wanted, got); d != "" {
		t.Errorf("after debootstrap, - real root, + ptbox:\n%s", d)
	}
	t.Logf("%d files", len(got))
	for _, script := range []string{"dpkg --verify; dpkg --audit; cat /etc/passwd; id"} {
		w, _ := timed(t, exec.Command("chroot", real, "/bin/sh", "-c", script))
		g, _ := timed(t, b.user(b.ptbox, "exec", "--build", fake, "--", "/bin/sh", "-c", script))
		if w != g {
			t.Errorf("%s: - real root\n%s\n+ ptbox\n%s", script, w, g)
		}
	}
}
