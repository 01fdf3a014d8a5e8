package distro

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ptbox/ptbox/internal/testutil"
)

// sources are Debian source packages.
var sources = []struct {
	name string
	long bool
}{{"hello", false}, {"zlib", true}, {"sqlite3", true}}

// withSource unpacks the source of a package below /mnt/s in both roots, with
// what it takes to build it.
func (b *builds) withSource(t *testing.T, name string) {
	t.Helper()
	lines := strings.ReplaceAll(strings.Join(b.sources, "\n"), "deb ", "deb-src ") + "\n"
	for _, dir := range []string{b.real, b.fake} {
		putFile(t, filepath.Join(dir, "etc/apt/sources.list.d/src.list"), lines)
	}
	download(t, b, "build-dep -y "+name)
	b.both(t, "/bin/sh", "-c", "apt-get -qq update && apt-get -qq build-dep -y "+name+" && apt-get clean")
	b.both(t, "/bin/sh", "-c", "set -e; rm -rf /mnt/s; mkdir /mnt/s; cd /mnt/s; apt-get -qq source "+name)
}

// Packages built from source as root inside have the files, owners, modes and
// contents of those that real root builds.
func TestSources(t *testing.T) {
	b := installedBuilds(t)
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			if s.long && !full() {
				testutil.Skip(t, testutil.NeedDistro, "make test-distro-full builds it")
			}
			b.withSource(t, s.name)
			const build = `set -e; cd /mnt/s/*/; dpkg-buildpackage -b -uc -us >/tmp/log 2>&1 || { tail -40 /tmp/log; exit 1; }
				cd ..; for d in *.deb; do echo $d; dpkg-deb -c $d; dpkg-deb -I $d; sha256sum $d; done`
			// One after another, for the durations.
			real, native := timed(t, b.inReal("/bin/sh", "-c", build))
			fake, boxed := timed(t, b.inFake("/bin/sh", "-c", build))
			if real != fake {
				t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
			}
			t.Logf("%d packages, %d lines of content, equal; %v natively, %v under ptbox", len(regexp.MustCompile(`(?m)^\S+\.deb$`).FindAllString(real, -1)),
				strings.Count(real, "\n"), native, boxed)
		})
	}
}

// SQLite's own tests of its files, locks and crashes end as natively. They
// print nothing that depends on time or chance but how long they took.
func TestSQLite(t *testing.T) {
	b := installedBuilds(t)
	if !full() {
		testutil.Skip(t, testutil.NeedDistro, "make test-distro-full has the time")
	}
	b.withSource(t, "sqlite3")
	const build = "set -e; cd /mnt/s/*/; { ./configure && make -s testfixture; } >/tmp/log 2>&1 || { tail -40 /tmp/log; exit 1; }; chown -R games: ."
	b.both(t, "/bin/sh", "-c", build)
	const run = `cd /mnt/s/*/; su games -s /bin/sh -c 'HOME=/tmp ./testfixture test/veryquick.test' >/tmp/out 2>&1
		grep -E '^(! |!Failures|SQLite 20|Failures on|[0-9]+ errors out of)' /tmp/out || tail -40 /tmp/out`
	real, native := timed(t, b.inReal("/bin/sh", "-c", run))
	fake, boxed := timed(t, b.inFake("/bin/sh", "-c", run))
	if real, fake = ran(real), ran(fake); real != fake {
		t.Errorf("- real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
	}
	t.Logf("%v natively, %v under ptbox: %s", native, boxed, fake)
}

var seconds = regexp.MustCompile(`\d+(\.\d+)? ?s(econds)?`)

// ran is what tests print, without how long they took.
func ran(s string) string { return seconds.ReplaceAllString(s, "N s") }
