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
// A second part, `make test-distro-full`, builds: an ordinary user makes a
// Debian root inside, installs into it what people install, runs services,
// builds packages from source and of other kinds, and is killed at 50 moments of
// an installation; real root does the same in another root, and the two must be
// equal (builds_test.go). It needs root, and hours; PTBOX_DISTRO=builds is a
// shorter form. PTBOX_DISTRO_BUILDS names a directory in which the roots are
// kept between runs. The mirrors and proxies are those of this machine's apt.
package distro
