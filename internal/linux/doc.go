// Package linux holds thin wrappers of Linux system calls that golang.org/x/sys
// lacks or makes with an allocation. It belongs to no layer: anything may
// import it, it imports only golang.org/x/sys/unix.
//
// Everything here is free of state and safe for concurrent use.
package linux
