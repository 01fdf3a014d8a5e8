package distro

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A package that is put together inside is, byte for byte, the one that real
// root makes: the archive in it has all owners and modes.
func TestPackage(t *testing.T) {
	b := installedBuilds(t)
	const script = `set -e
		cd /mnt; rm -rf p; mkdir -p p/DEBIAN
		printf 'Package: p\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example.org>\nDescription: d\n' > p/DEBIAN/control
		install -D -o games -g mail -m 2755 /bin/true p/usr/bin/a; install -D -m 4711 /bin/true p/usr/bin/b
		install -d -o man -g 12345 -m 3771 p/var/d; install -o 4294967294 -m 0 /dev/null p/var/d/none; install -m 444 /etc/passwd p/var/d/ro
		ln -s a p/usr/bin/l; chown -h games:games p/usr/bin/l; ln p/usr/bin/a p/usr/bin/hard; mkfifo p/var/d/fifo; chown nobody p/var/d/fifo
		mknod -m 666 p/var/d/null c 1 3; mknod p/var/d/loop b 7 0; chgrp disk p/var/d/loop
		dpkg-deb -b p p.deb; dpkg-deb -c p.deb; sha256sum p.deb
		dpkg -i p.deb; dpkg -V p; stat -c '%n %A %u:%g %s %t,%T' $(dpkg -L p | grep -E '/(usr/bin|var/d)/'); dpkg -P p`
	real, fake := b.both(t, "/bin/sh", "-c", script)
	if real != fake {
		t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
	}
}
