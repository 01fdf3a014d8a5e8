package main

import "golang.org/x/sys/unix"

const (
	sysNewfstatat = unix.SYS_FSTATAT
	sysAccept     = unix.SYS_ACCEPT
)
