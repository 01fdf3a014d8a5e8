package distro

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ptbox/ptbox/internal/testutil"
)

// sources are Debian source packages, and what tests them where the build does
// not: it prints nothing that depends on time or chance.
var sources = []struct {
	name string
	long bool
	test string
}{
	{"hello", false, ""},
	{"zlib", true, ""},
	{"sqlite3", true, `make -s testfixture >/tmp/make.log 2>&1; chown -R games: .
		su games -s /bin/sh -c 'HOME=/tmp ./testfixture test/veryquick.test' >/tmp/out 2>&1 || true
		grep -E '^(! |!Failures|SQLite 20|Failures on|[0-9]+ errors out of)' /tmp/out || tail -40 /tmp/out`},
}

// Packages built from source as root inside have the files, owners, modes and
// contents of those that real root builds.
func TestSources(t *testing.T) {
	b := installedBuilds(t)
	lines := strings.Join(b.sources, "\n")
	for _, dir := range []string{b.real, b.fake} {
		putFile(t, filepath.Join(dir, "etc/apt/sources.list.d/src.list"), strings.ReplaceAll(lines, "deb ", "deb-src ")+"\n")
	}
	for _, s := range sources {
		t.Run(s.name, func(t *testing.T) {
			if s.long && !full() {
				testutil.Skip(t, testutil.NeedDistro, "make test-distro-full builds it")
			}
			download(t, b, "build-dep -y "+s.name)
			b.both(t, "/bin/sh", "-c", "apt-get -qq update && apt-get -qq build-dep -y "+s.name+" && apt-get clean")
			b.both(t, "/bin/sh", "-c", "set -e; rm -rf /mnt/s; mkdir /mnt/s; cd /mnt/s; apt-get -qq source "+s.name)
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
			if s.test == "" {
				return
			}
			script := "set -e; cd /mnt/s/*/; " + s.test
			real, native = timed(t, b.inReal("/bin/sh", "-c", script))
			fake, boxed = timed(t, b.inFake("/bin/sh", "-c", script))
			if real, fake = ran(real), ran(fake); real != fake {
				t.Errorf("its tests, - real root, + ptbox:\n%s", cmp.Diff(strings.Split(real, "\n"), strings.Split(fake, "\n")))
			}
			t.Logf("tests: %v natively, %v under ptbox: %s", native, boxed, fake)
		})
	}
}

var seconds = regexp.MustCompile(`\d+(\.\d+)? ?s(econds)?`)

// ran is what tests print, without how long they took.
func ran(s string) string { return seconds.ReplaceAllString(s, "N s") }
