//go:build !race

package tracer

import "golang.org/x/sys/unix"

// childMemory has the child run in our memory until its exec.
const childMemory = unix.CLONE_VM
