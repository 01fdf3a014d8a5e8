package main

import "golang.org/x/sys/unix"

// int80 makes a system call of the 32-bit convention.
func int80(nr, a, b, c uintptr) uintptr

// openInt80 opens the secret with the 32-bit convention's numbers, which a
// filter that looks at numbers alone takes for others.
func openInt80() error {
	at, err := call(unix.SYS_MMAP, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_32BIT, -1, 0)
	if err != nil {
		return err
	}
	for i, c := range append([]byte(cfg.Secret), 0) {
		poke(uintptr(at)+uintptr(i), c)
	}
	r := int32(int80(5, uintptr(at), 0, 0))
	if r < 0 {
		return unix.Errno(-r)
	}
	return readFD(int(r), nil)
}
