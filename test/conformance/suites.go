package main

import "io"

// A suite is a program's own tests. Both scripts run in /work, as an ordinary
// user; prepare runs once and natively, run starts from what it has left.
// host runs before prepare, outside the root, as whoever called us.
type suite struct {
	name, about        string
	host, prepare, run string
	modes              []string
	parse              func(io.Reader) (tests, error)
}

var (
	all  = []string{"native", "again", "ptbox", "fast", "syscall"}
	most = []string{"native", "again", "ptbox", "fast"}
)

// unpack extracts the source package $1 to src.
const unpack = `unpack() { dpkg-source -x --no-check /usr/src/conformance/"$1"_*.dsc src >/dev/null && cd src; }
`

var suites = []suite{
	{
		name: "busybox", about: "the testsuite of the source package, with the packaged static busybox and its configuration",
		// No compiler is needed: tests ask only which options were built in.
		// The checksums are left out: minutes of CPU in a shell, and no files.
		prepare: unpack + `
			unpack busybox
			mkdir ../bb && cp /bin/busybox ../bb/busybox && cp -r testsuite scripts ../bb/
			cp debian/config/pkg/static ../bb/.config
			cd .. && rm -rf src bb/testsuite/md5sum.tests bb/testsuite/sha*.tests`,
		run: `cd bb/testsuite && bindir=/work/bb tsdir=/work/bb/testsuite ./runtest -v`,
		parse: lines(`^(?P<result>PASS|FAIL|SKIPPED|UNTESTED): (?P<name>.*)$`,
			map[string]string{"PASS": ok, "FAIL": fail, "SKIPPED": skip, "UNTESTED": skip}),
		modes: all,
	},
	{
		name: "git", about: "those scripts in t/ of the source package that exercise the file system, with the packaged git",
		prepare: unpack + `
			unpack git
			opts="NO_TCLTK=1 NO_CURL=1 NO_EXPAT=1 NO_OPENSSL=1 NO_GETTEXT=1 NO_PERL=1 CFLAGS=-O0"
			make -s -j2 $opts GIT-BUILD-OPTIONS t/helper/test-tool
			make -s -C templates all
			rm -rf .pc debian && find . -name '*.o' -delete`,
		run: `cd src/t || exit
			export GIT_TEST_INSTALLED=/usr/bin TEST_NO_MALLOC_CHECK=1
			for t in t0001 t0003 t0008 t0060 t0061 t0070 t1006 t1304 t2000 t2004 t2007 t2008 t3000 t3001 t3005 t3007 t3010 t3700; do
				for f in $t-*.sh; do
					echo "### $f"
					/bin/bash ./$f --no-color </dev/null 2>&1
				done
			done`,
		parse: tap,
		modes: most,
	},
	{
		name: "python", about: "python3 -m test of the packages python3 and libpython3.11-testsuite",
		run: `for t in test_os test_posix test_pathlib test_shutil test_glob test_tempfile test_socket test_subprocess test_import; do
				mkdir d && (cd d && python3 -m test -v -u network,largefile,subprocess $t </dev/null 2>&1)
				rm -rf d
			done`,
		parse: unittest,
		modes: most,
	},
	{
		name: "go", about: "the tests of os, os/exec, path/filepath, io/fs, syscall and archive/tar in the Go distribution that built ptbox",
		// Compiled outside, where the build cache is. The go command is not
		// there for the tests: they would compile the standard library.
		host:  `for p in $packages; do mkdir -p $dir/$p && GOFLAGS=-vet=off CGO_ENABLED=0 go test -c -o $dir/$p/t $p; done`,
		run:   `for p in $packages; do echo "### $p"; (cd /usr/local/go/src/$p && /work/$p/t -test.v -test.short); done`,
		parse: gotest,
		modes: all,
	},
	{
		name: "perl", about: "those tests of the source package that concern files and processes, with the packaged perl",
		prepare: unpack + `
			unpack perl
			mkdir ../p && cp -r t lib ext dist cpan ../p/ && cd .. && rm -rf src
			# What building perl would have put there.
			for d in $(perl -e 'print "@INC"'); do [ ! -d $d ] || cp -rn $d/. p/lib/; done
			ln -s /usr/bin/perl p/t/perl && ln -s /usr/bin/perl p/perl`,
		run: `cd p/t || exit
			for t in io/*.t op/stat.t op/chdir.t op/filetest*.t op/mkdir.t op/exec.t op/fork.t op/kill0.t op/magic.t op/glob.t op/die_exit.t op/alarm.t op/sysio.t \
				../lib/File/*.t ../dist/PathTools/t/*.t ../cpan/File-Path/t/*.t ../cpan/File-Temp/t/*.t ../ext/File-Find/t/*.t ../ext/File-Glob/t/*.t; do
				[ -f "$t" ] || continue
				echo "### $t"
				case $t in
				../lib/*|io/*|op/*) timeout 300 perl -I../lib $t </dev/null 2>&1 ;;
				*) (cd $(dirname $(dirname $t)) && timeout 300 perl t/$(basename $t) </dev/null 2>&1) ;;
				esac
			done`,
		parse: numberedTAP,
		modes: all,
	},
	{
		name: "tools", about: "programs that look at processes and mounts, and the Java runtime; what they say must be the same",
		run: smoke, parse: said, modes: all,
	},
}

// goPackages are tested by the suite "go".
const goPackages = "os os/exec path/filepath io/fs syscall archive/tar"
