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
			for t in t0001 t0003 t0008 t0060 t0061 t0070 t1006 t1300 t1301 t1304 t1400 t1501 t1504 t2000 t2004 t2007 t2008 t2020 t2021 t2200 \
				t3000 t3001 t3005 t3007 t3010 t3600 t3700 t3703 t5304 t7001 t7008 t7060 t7062 t7101 t7300 t7508 t7519; do
				for f in $t-*.sh; do
					echo "### $f"
					/bin/bash ./$f --no-color </dev/null 2>&1
				done
			done`,
		parse: tap,
		modes: most,
	},
	{
		name: "tar", about: "make check of the source package",
		prepare: unpack + `
			unpack tar
			./configure -q CFLAGS=-O0 >/dev/null && make -s >/dev/null && make -s -C tests genfile checkseekhole ckmtime testsuite >/dev/null`,
		run: `cd src/tests && bash ./testsuite AUTOTEST_PATH=../src`,
		parse: lines(`^ *(?P<name>[0-9]+: .*?)  +(?P<result>ok|FAILED|skipped|expected failure)\b`,
			map[string]string{"ok": ok, "FAILED": fail, "skipped": skip, "expected failure": ok}),
		modes: all,
	},
	{
		name: "rsync", about: "the testsuite of the source package",
		prepare: unpack + `
			unpack rsync
			./configure -q --disable-md2man --disable-openssl --disable-xxhash --disable-zstd --disable-lz4 --with-included-popt --with-included-zlib CFLAGS=-O0 >/dev/null
			make -s >/dev/null && make -s tls getgroups getfsdev testrun trimslash t_unsafe wildtest >/dev/null`,
		run:   `cd src && make check`,
		parse: lines(`^(?P<result>PASS|FAIL|SKIP|XFAIL) +(?P<name>[\w-]+)`, map[string]string{"PASS": ok, "FAIL": fail, "SKIP": skip, "XFAIL": ok}),
		modes: all,
	},
	{
		name: "python", about: "python3 -m test of the packages python3 and libpython3.11-testsuite",
		run: `for t in test_os test_posix test_posixpath test_genericpath test_pathlib test_shutil test_glob test_tempfile test_socket test_subprocess test_import \
				test_stat test_tarfile test_zipfile test_fileio test_mmap test_fcntl test_pty test_select test_signal test_filecmp test_mailbox test_largefile; do
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
		name: "coreutils", about: "make check of the source package",
		prepare: unpack + `
			unpack coreutils
			./configure -q --disable-nls CFLAGS=-O0 >/dev/null && make -s all >/dev/null 2>&1 && make -s -k check TESTS= SUBDIRS=. >/dev/null 2>&1`,
		run:   `cd src && make -k check SUBDIRS=. VERBOSE=no RUN_EXPENSIVE_TESTS=no 2>&1`,
		parse: lines(`^(?P<result>PASS|FAIL|SKIP|XFAIL|XPASS|ERROR): (?P<name>\S+)`, map[string]string{"PASS": ok, "FAIL": fail, "SKIP": skip, "XFAIL": ok, "XPASS": fail, "ERROR": fail}),
		modes: most,
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
		parse: tap,
		modes: all,
	},
	{
		name: "stress-ng", about: "the stressors of class filesystem, each verifying, one worker, a fixed number of rounds",
		run: `for s in $(stress-ng --class 'filesystem?' | sed 's/.*: //'); do
				if stress-ng --$s 1 --$s-ops 20 --timeout 20 --verify --oomable --temp-path /tmp >out 2>&1; then
					if grep -q skipped out; then echo "RESULT skip $s"; else echo "RESULT ok $s"; fi
				else
					cat out; echo "RESULT fail $s"
				fi
			done`,
		parse: lines(`^RESULT (?P<result>\w+) (?P<name>\S+)$`, map[string]string{"ok": ok, "fail": fail, "skip": skip}),
		modes: all,
	},
	{
		name: "tools", about: "programs that look at processes and mounts, and the Java runtime; what they say must be the same",
		run: smoke, parse: said, modes: all,
	},
}

// goPackages are tested by the suite "go".
const goPackages = "os os/exec path/filepath io/fs syscall archive/tar"
