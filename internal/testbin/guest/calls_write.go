package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Calls that make files larger or map them. Two more letters for arguments:
//
//	z size: a buffer of so many zeros, and its size
//	w size,size…: an array of struct iovec of such buffers, and its length
func init() {
	for name, c := range map[string]call{
		"wzero": {unix.SYS_WRITE, "fz", resInt}, "pwrite64": {unix.SYS_PWRITE64, "fzi", resInt},
		"writev": {unix.SYS_WRITEV, "fw", resInt}, "pwritev": {unix.SYS_PWRITEV, "fwi", resInt},
		"pwritev2":  {unix.SYS_PWRITEV2, "fwiii", resInt},
		"fallocate": {unix.SYS_FALLOCATE, "fiii", resNone}, "copy_file_range": {unix.SYS_COPY_FILE_RANGE, "fifiii", resInt},
		"sendfile": {unix.SYS_SENDFILE, "ffii", resInt}, "splice": {unix.SYS_SPLICE, "fifiii", resInt},
		"mmap": {unix.SYS_MMAP, "iiiifi", resNone}, "mprotect": {unix.SYS_MPROTECT, "iii", resNone},
		"pread64": {unix.SYS_PREAD64, "fOi", resBytes}, "ioctln": {unix.SYS_IOCTL, "fii", resNone}, "munmap": {unix.SYS_MUNMAP, "ii", resNone},
	} {
		calls[name] = c
	}
	for name, v := range map[string]int64{
		"PROT_READ": unix.PROT_READ, "PROT_WRITE": unix.PROT_WRITE, "PROT_EXEC": unix.PROT_EXEC, "PROT_NONE": 0,
		"MAP_SHARED": unix.MAP_SHARED, "MAP_PRIVATE": unix.MAP_PRIVATE, "MAP_ANONYMOUS": unix.MAP_ANONYMOUS, "MAP_FIXED": unix.MAP_FIXED,
		"KEEP_SIZE": unix.FALLOC_FL_KEEP_SIZE, "PUNCH_HOLE": unix.FALLOC_FL_PUNCH_HOLE, "ZERO_RANGE": unix.FALLOC_FL_ZERO_RANGE,
		"COLLAPSE_RANGE": unix.FALLOC_FL_COLLAPSE_RANGE, "RWF_APPEND": 0x10, "FICLONE": 0x40049409,
		"O_NOATIME": unix.O_NOATIME,
	} {
		constants[name] = v
	}
}

// iovecs makes an array of struct iovec.
func iovecs(sizes string) []byte {
	list := strings.Split(sizes, ",")
	b := alloc(iovecSize * len(list))
	for i, s := range list {
		n := int(number(s))
		setIovec(b[iovecSize*i:], alloc(max(n, 1))[:n])
	}
	return b
}

// room is what statfs says of a file system's size, or its inodes.
func room(s *unix.Statfs_t, inodes bool) string {
	if inodes {
		return fmt.Sprintf(" files=%d free=%d", s.Files, s.Ffree)
	}
	return fmt.Sprintf(" type=%#x bsize=%d blocks=%d free=%d/%d", s.Type, s.Bsize, s.Blocks, s.Bfree, s.Bavail)
}
