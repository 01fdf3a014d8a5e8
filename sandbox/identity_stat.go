package sandbox

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/internal/linux"
	"github.com/ptbox/ptbox/tracer"
)

func itoa(n int) string { return strconv.Itoa(n) }

const (
	atStatxSync    = 0x6000 // AT_STATX_SYNC_TYPE
	atNoAutomount  = unix.AT_NO_AUTOMOUNT
	statxReserved  = 0x80000000
	statFlagsKnown = unix.AT_SYMLINK_NOFOLLOW | atNoAutomount | unix.AT_EMPTY_PATH | atStatxSync
)

// stat answers the stat family: the tracer looks at the file itself and
// writes the guest's buffer, in one stop.
func (id *identity) stat(c *tracer.Call) bool {
	buf, flags := 1, uint64(0)
	switch c.Ent.Name {
	case "stat", "lstat", "fstat":
	case "newfstatat":
		buf, flags = 2, c.Args[3]
	case "statx":
		buf, flags = 4, c.Args[2]
		if c.Args[3]&statxReserved != 0 || flags&atStatxSync == atStatxSync {
			c.Fail(unix.EINVAL)
			return true
		}
	default:
		return false // statfs, file_getattr, name_to_handle_at: no owners
	}
	if uint32(flags)&^statFlagsKnown != 0 {
		c.Fail(unix.EINVAL)
		return true
	}
	o, e := &id.obj, unix.Errno(0)
	if c.Ent.Name == "fstat" {
		o.as = nil
		e = id.useFD(o, c.Task, int(int32(c.Args[0])))
	} else {
		o, e = id.object(c, &c.Ent.Paths[0])
	}
	if e == 0 {
		e = id.answerStat(c, o, c.Args[buf])
	}
	if e != 0 {
		c.Fail(e)
		return true
	}
	c.Return(0)
	return true
}

func (id *identity) answerStat(c *tracer.Call, o *object, buf uint64) unix.Errno {
	id.load(o)
	host := o.st
	id.show(o)
	if o.fd >= 0 {
		id.showProcess(&o.st, &host, &id.h.res[0])
	}
	id.showNS(o)
	ns := credOf(c.Task).NS
	o.st.Uid, o.st.Gid = ns.ShowUID(o.st.Uid), ns.ShowGID(o.st.Gid)
	if o.as != nil {
		o.st.Dev, o.st.Ino, o.st.Nlink = o.as.Dev, o.as.Ino, 1
	}
	if c.Ent.Name != "statx" {
		return c.Write(buf, linux.StatBytes(&o.st))
	}
	// Times of birth, attributes and the like are the kernel's.
	x := &id.statx
	*x = unix.Statx_t{}
	fd, path, flags := unix.AT_FDCWD, "", int(c.Args[2])&(atStatxSync|atNoAutomount)
	if o.fd >= 0 {
		fd, flags = o.fd, flags|unix.AT_EMPTY_PATH
	} else {
		path = o.path()
	}
	if err := unix.Statx(fd, path, flags, int(c.Args[3]), x); err != nil {
		return errno(err)
	}
	if o.as != nil {
		x.Ino, x.Nlink, x.Dev_major, x.Dev_minor = o.st.Ino, 1, unix.Major(o.as.Dev), unix.Minor(o.as.Dev)
	}
	x.Uid, x.Gid, x.Mode = o.st.Uid, o.st.Gid, uint16(o.st.Mode)
	if o.st.Rdev != host.Rdev {
		x.Rdev_major, x.Rdev_minor = unix.Major(o.st.Rdev), unix.Minor(o.st.Rdev)
	}
	b := linux.StatxBytes(x)
	if patch := id.h.statxPatch(c); patch != nil {
		patch(b)
	}
	return c.Write(buf, b)
}

// showProcess gives what lies below /proc/PID the owner that the process is
// believed to be; ps and others read it from there.
func (id *identity) showProcess(st, host *unix.Stat_t, r *fsview.Resolution) {
	m := r.Mount
	if m == nil || m.Kind != fsview.Proc || r.Guest == "" || host.Uid != id.uid {
		return
	}
	rel := strings.TrimPrefix(strings.TrimPrefix(r.Guest, m.Target), "/")
	s, _, _ := strings.Cut(rel, "/")
	pid, ok := number(s)
	if !ok {
		return
	}
	if t := id.h.tr.Task(pid); t != nil {
		k := credOf(t)
		st.Uid, st.Gid = k.UID.Effective, k.GID.Effective
	}
}
