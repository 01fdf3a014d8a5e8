package distro

import (
	"fmt"
	"os/exec"
	"path/filepath"
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

// Debian's own source packages, built with their tests, give packages of the
// same contents.
func TestSourcePackages(t *testing.T) {
	if !full() {
		t.Skip("part of make test-distro-full")
	}
	b := installedBuilds(t)
	// What the build of these needs stays installed on both sides.
	b.both(t, "/bin/sh", "-c", `set -e; sed 's/^deb /deb-src /' /etc/apt/sources.list > /etc/apt/sources.list.d/src.list; apt-get -qq update`)
	install(t, b, "$(apt-get -s build-dep hello zlib sqlite3 | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p')")
	for _, p := range []string{"hello", "zlib", "sqlite3"} {
		t.Run(p, func(t *testing.T) {
			const script = `set -e; mkdir /mnt/%[1]s; cd /mnt/%[1]s; chown _apt .; apt-get -qq source %[1]s >&2; chown -R root: .; cd */; dpkg-buildpackage -us -uc -b >&2; cd ..
				for d in *.deb; do echo "$d"; dpkg-deb -c "$d"; done`
			native, boxed := b.inReal("/bin/sh", "-c", fmt.Sprintf(script, p)), b.inFake("/bin/sh", "-c", fmt.Sprintf(script, p))
			var logs [2]strings.Builder
			native.Stderr, boxed.Stderr = &logs[0], &logs[1]
			var outs [2]string
			for i, c := range []*exec.Cmd{native, boxed} {
				out, err := c.Output()
				if err != nil {
					t.Fatalf("%s: %v\n%s", []string{"real root", "under ptbox"}[i], err, tail(logs[i].String(), 60))
				}
				outs[i] = string(out)
			}
			if outs[0] != outs[1] {
				t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(outs[0], "\n"), strings.Split(outs[1], "\n")))
			}
			files, err := filepath.Glob(b.dir + "/native/" + p + "/*.deb")
			if err != nil || len(files) == 0 {
				t.Fatalf("no package was built: %v", err)
			}
			for _, f := range files {
				out, err := exec.Command("cmp", f, b.dir+"/tmp/"+p+"/"+filepath.Base(f)).CombinedOutput()
				t.Logf("%s: same bytes: %v %s", filepath.Base(f), err == nil, out)
			}
		})
	}
}
