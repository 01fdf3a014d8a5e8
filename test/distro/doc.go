// Package distro runs the programs of a real distribution under ptbox and
// natively, and compares what they print. It is what `make test-distro` runs.
//
// The root file system is made once by mmdebstrap (which needs root and a
// Debian mirror) and kept in PTBOX_DISTRO_CACHE, or else in
// /var/cache/ptbox-distro. PTBOX_DISTRO_ROOT names one that exists already; a user who is not
// root needs that, and gets the ptbox side only. PTBOX_DISTRO_SUITE and
// PTBOX_DISTRO_MIRROR choose what is installed.
//
// What belongs here: workloads of programs that other people wrote, and tests
// of size. What does not: single system calls (test/diff).
//
// The root is shared by all tests and shown read-only; each test gets a work
// directory of its own at /mnt.
//
// A second part builds: an ordinary user makes a Debian root inside, installs
// into it, runs services and puts packages together, real root does the same in
// another one, and the two must be equal (builds_test.go). It needs root. The
// long form, PTBOX_DISTRO=full or `make test-distro-full`, installs what people
// install, builds Debian's own source packages, and kills 50 installations.
// PTBOX_DISTRO_BUILDS names a directory in which the roots are kept between
// runs. The mirrors and proxies are those of this machine's apt.
package distro
