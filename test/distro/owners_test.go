package distro

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// tree makes files with everything that an archive can hold about one.
const tree = `set -e; umask 022; cd /mnt; rm -rf t; mkdir t; cd t
	for i in 1 2 3; do echo $i > f$i; chown $i:$((i * 100)) f$i; done; chmod 6755 f1; chmod 0 f2; chmod 4000 f3
	mkdir -m 2775 d; chown games:mail d; echo x > d/x; mkdir -m 0 shut; echo y > shut/y; chown 7:7 shut shut/y; mkdir -m 1777 sticky; mkdir -m 555 ro; echo z > ro/z; chmod 444 ro/z; chown -R 9 ro
	ln -s f1 l; chown -h 4:5 l; ln f1 hard; mkfifo -m 640 p; chown 3 p; mknod -m 660 b b 8 1; chgrp disk b; mknod -m 666 c c 1 5
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("s")' 2>/dev/null || perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "s", Listen => 1)'; chown 8:8 s
	setfattr -n user.mine -v v d/x 2>/dev/null || true
`

const show = `find . -printf '%p %y %M %U:%G %s %n %l\n' | sed 's/\(d.*\) [0-9]* [0-9]* $/\1/' | LC_ALL=C sort; stat -c '%n %t,%T' b c; cat f2 shut/y; `

// Copies have the owners, modes and devices of the original, and a later run
// sees what the first has made.
func TestCopies(t *testing.T) {
	b := installedBuilds(t)
	const copies = tree + `cd /mnt; rm -rf cp rs tx rx; mkdir tx
		cp -a t cp; rsync -aHXD --specials t/ rs; tar -C t -cf - . | tar -C tx -xpf -; tar --numeric-owner --sort=name --mtime=@0 --exclude=./s -C t -cf - . | sha256sum
		for d in t cp rs tx; do cd /mnt/$d; echo == $d; ` + show + `done`
	const later = `for d in t cp rs tx; do cd /mnt/$d; echo == $d; ` + show + `done; cd /mnt; mv t moved; cp -a moved t2; cd t2; ` + show + `cd ..; rm -rf moved t2 cp rs tx`
	for _, script := range []string{copies, later} {
		real, fake := b.both(t, "/bin/bash", "-c", script)
		if real != fake {
			t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
		}
	}
}

// What umoci unpacks for an ordinary user has the image's owners inside, and
// what it packs again has those that were set inside.
func TestUmoci(t *testing.T) {
	newBuilds(t) // or skips
	umoci := testutil.Command(t, "umoci")
	b := installedBuilds(t)
	dir := filepath.Join(b.dir, "umoci")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, unpriv.Nobody, unpriv.Nobody); err != nil {
		t.Fatal(err)
	}
	run := func(c *exec.Cmd) string {
		t.Helper()
		c.Dir = dir
		code, out := output(t, c)
		if code != 0 {
			t.Fatalf("%v: exit %d:\n%s", c.Args, code, tail(out, 40))
		}
		return out
	}
	sh := func(script string) *exec.Cmd { return exec.Command("/bin/sh", "-c", "set -e; "+script, "sh", b.real) }

	// An image of the real root, without the devices, which only root can unpack.
	run(sh(`umoci init --layout i; umoci new --image i:base; umoci unpack --image i:base empty
		tar --one-file-system --exclude=./dev/* --exclude=./mnt/* --exclude=./var/cache --exclude=./usr/share/doc --exclude=./usr/share/locale -C "$1" -cf - . | tar -C empty/rootfs -xpf -
		umoci repack --image i:base empty; rm -rf empty; chown -R 65534:65534 i`))
	run(b.user(umoci, "unpack", "--rootless", "--image", "i:base", "bundle"))
	inside := func(argv ...string) string {
		return run(b.user(append([]string{b.ptbox, "exec", "-0", "-r", dir + "/bundle/rootfs", "-w", "/", "--"}, argv...)...))
	}
	// Symlinks cannot carry the attribute, so umoci gives them all to root.
	const list = `find / -path /proc -prune -o ! -type l -printf '%y %m %U:%G %p\n' | LC_ALL=C sort`
	run(sh(`umoci unpack --image i:base native`))
	native := func(bundle, script string) string {
		return run(exec.Command("chroot", dir+"/"+bundle+"/rootfs", "/bin/sh", "-c", script))
	}
	compare := func(when, real, fake string) {
		t.Helper()
		if real != fake {
			t.Errorf("%s, - real root, + ptbox:\n%s", when, cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
		}
	}
	compare("unpacked", native("native", list), inside("/bin/sh", "-c", list))
	const change = `set -e; useradd -m -u 5000 eve; cd /home/eve; install -d -o eve -g mail -m 2750 d; echo x > d/f; chown games:eve d/f; chmod 640 d/f; chown -R eve:games /usr/games
		chown root:root /etc/shadow; chmod 600 /etc/shadow; chmod 4755 /usr/bin/env; chown man /usr/bin/env; mv /etc/skel /etc/skel2; cp -a /home/eve /home/copy; rm -r /var/lib/dbus; echo more >> /etc/sudoers`
	native("native", change)
	inside("/bin/sh", "-c", change)
	want := native("native", list)
	compare("changed", want, inside("/bin/sh", "-c", list))
	run(b.user(umoci, "repack", "--image", "i:new", "bundle"))
	run(sh(`umoci unpack --image i:new again`))
	compare("packed by umoci", want, native("again", list))
}
