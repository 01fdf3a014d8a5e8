package main

import "golang.org/x/sys/unix"

func setNlink(s *unix.Stat_t, n uint32) { s.Nlink = n }

// largeFile is O_LARGEFILE, which is a matter of who has opened the file: ptbox
// opens by openat2, whose files have it.
const largeFile = 0o100000
