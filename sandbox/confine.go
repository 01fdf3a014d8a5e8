package sandbox

import (
	"math"

	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Between the view's answer and the kernel's own walk, another thread of the
// guest may put a symlink in the place of a directory, and the kernel would
// follow it in the host's tree. The answer has no symlinks, so the kernel is
// told to follow none: openat2(2) can be (Linux 5.6), and every other open
// becomes one. A race that is lost so gives ELOOP.

// pathFlags are what O_PATH leaves of the other flags, openFlags those that
// open(2) does not ignore (include/linux/fcntl.h).
const (
	pathFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	openFlags = unix.O_ACCMODE | unix.O_CREAT | unix.O_EXCL | unix.O_NOCTTY | unix.O_TRUNC | unix.O_APPEND | unix.O_NONBLOCK |
		unix.O_SYNC | unix.O_DSYNC | unix.O_ASYNC | unix.O_DIRECT | 0o100000 | unix.O_NOATIME | unix.O_TMPFILE | pathFlags
)

// confine makes the call an openat2 that follows no symlink, and returns which
// argument the path is then.
func (h *handler) confine(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, how openHow) (path int) {
	if !r.Magic {
		how.resolve |= unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS
	}
	if c.Ent.Name == "openat2" {
		putHow(c, how)
		return int(p.Arg)
	}
	// A filter of the guest's own may not know openat2.
	if r.Magic || h.ownFilter || !h.openat2 {
		return int(p.Arg)
	}
	if c.ABI == tracer.I386 && how.flags&largeFile == 0 && h.tooLarge(c, p, r, how.flags) {
		c.Fail(unix.EOVERFLOW) // openat2 is always for large files
		return int(p.Arg)
	}
	how.flags &= openFlags
	if how.flags&unix.O_PATH != 0 {
		how.flags &= pathFlags
	}
	how.mode &= 0o7777
	if how.flags&(unix.O_CREAT|unix.O_TMPFILE&^unix.O_DIRECTORY) == 0 {
		how.mode = 0
	}
	dir := uint64(atCwd)
	if p.Dir >= 0 {
		dir = c.Args[p.Dir]
	}
	c.SetNr(unix.SYS_OPENAT2)
	c.SetArg(0, dir)
	putHow(c, how)
	return 1
}

// atCwd is AT_FDCWD as a register holds it.
const atCwd = 1<<64 + unix.AT_FDCWD

func putHow(c *tracer.Call, how openHow) {
	var b [openHowSize]byte
	binary.LittleEndian.PutUint64(b[0:], how.flags)
	binary.LittleEndian.PutUint64(b[8:], how.mode)
	binary.LittleEndian.PutUint64(b[16:], how.resolve)
	c.SetRef(2, c.Put(b[:]))
	c.SetArg(3, openHowSize)
}

// haveOpenat2 tries the call.
func haveOpenat2() bool {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC})
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// largeFile is O_LARGEFILE, which package unix has as 0.
const largeFile = 0o100000

// tooLarge reports whether a 32-bit program opens a file that is too large for
// its off_t.
func (h *handler) tooLarge(c *tracer.Call, p *tracer.PathArg, r *fsview.Resolution, flags uint64) bool {
	var st unix.Stat_t
	return flags&(unix.O_PATH|unix.O_TRUNC) == 0 && h.stat(c, p, r, &st, true) == 0 && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Size > math.MaxInt32
}
