// Package identity compares the emulated root with the real one: each case is
// a list of operations on users, owners and modes that the guest program works
// through, and testdata holds what it prints as real root in a chroot. Root's
// run checks that against the kernel, every run checks ptbox against it.
//
// go test ./test/identity -update, as root, writes testdata anew.
package identity
