package tracer

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// AppendCall writes a call as strace(1) does, from the kinds of its row:
//
//	openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC)
//
// read gives the string at an address of the guest; where it cannot, the
// address is shown. A nil row is an unknown call.
func AppendCall(dst []byte, ent *Sysent, args [6]uint64, read func(addr uint64) (string, error)) []byte {
	if ent == nil {
		return append(dst, "unknown()"...)
	}
	dst = append(dst, ent.Name...)
	dst = append(dst, '(')
	for i, k := range ent.Args {
		if k == None || k == Mode && i > 0 && ent.Args[i-1] == OpenFlags && !creates(args[i-1]) {
			break
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendArg(dst, ent, k, args[i], read)
	}
	return append(dst, ')')
}

// creates reports whether open looks at its mode argument.
func creates(flags uint64) bool {
	return flags&unix.O_CREAT != 0 || flags&unix.O_TMPFILE == unix.O_TMPFILE
}

func appendArg(dst []byte, ent *Sysent, k ArgKind, v uint64, read func(uint64) (string, error)) []byte {
	switch k {
	case Path, Str:
		if v != 0 && read != nil {
			if s, err := read(v); err == nil {
				return strconv.AppendQuote(dst, s)
			}
		}
		return appendPtr(dst, v)
	case Int, Size:
		if v>>32 == 0 && v >= 1<<32-4096 {
			v = uint64(int64(int32(v))) // a negative int in a 64-bit register
		}
		return strconv.AppendInt(dst, int64(v), 10)
	case FD, PID, UID, GID:
		return strconv.AppendInt(dst, int64(int32(v)), 10)
	case DirFD:
		if int32(v) == unix.AT_FDCWD {
			return append(dst, "AT_FDCWD"...)
		}
		return strconv.AppendInt(dst, int64(int32(v)), 10)
	case Mode:
		return appendOctal(dst, v&0xffffffff)
	case OpenFlags:
		dst = append(dst, [...]string{"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"}[v&unix.O_ACCMODE]...)
		if v &= 0xffffffff &^ unix.O_ACCMODE; v == 0 {
			return dst
		}
		return appendFlags(append(dst, '|'), openFlags, v)
	case AtFlags:
		flags := atFlags
		if ent.Name == "unlinkat" {
			flags = unlinkFlags
		}
		return appendFlags(dst, flags, v&0xffffffff)
	case CloneFlags:
		if ent.Name != "clone" {
			return appendFlags(dst, cloneFlags, v&0xffffffff)
		}
		if f := v & 0xffffff00; f != 0 {
			dst = append(appendFlags(dst, cloneFlags, f), '|')
		}
		return appendSignal(dst, v&0xff)
	case Signal:
		return appendSignal(dst, v&0xffffffff)
	case Hex:
		if v == 0 {
			return append(dst, '0')
		}
		return appendHex(dst, v)
	}
	return appendPtr(dst, v)
}

func appendHex(dst []byte, v uint64) []byte {
	return strconv.AppendUint(append(dst, "0x"...), v, 16)
}

func appendPtr(dst []byte, v uint64) []byte {
	if v == 0 {
		return append(dst, "NULL"...)
	}
	return appendHex(dst, v)
}

func appendOctal(dst []byte, v uint64) []byte {
	if v != 0 {
		dst = append(dst, '0')
	}
	return strconv.AppendUint(dst, v, 8)
}

func appendSignal(dst []byte, v uint64) []byte {
	if name := unix.SignalName(unix.Signal(v)); name != "" {
		return append(dst, name...)
	}
	return strconv.AppendUint(dst, v, 10)
}

// AppendResult writes what a call returned, as the register holds it:
//
//	= -1 ENOENT (No such file or directory)
func AppendResult(dst []byte, ent *Sysent, val int64) []byte {
	dst = append(dst, "= "...)
	if val >= 0 || val < -4095 {
		if ent != nil && returnsAddress(ent.Name) {
			return appendHex(dst, uint64(val))
		}
		return strconv.AppendInt(dst, val, 10)
	}
	switch -val {
	case eRestartSys:
		return append(dst, "? ERESTARTSYS (to be restarted)"...)
	case eRestartNoIntr:
		return append(dst, "? ERESTARTNOINTR (to be restarted)"...)
	case eRestartNoHand:
		return append(dst, "? ERESTARTNOHAND (to be restarted)"...)
	case eRestartBlock:
		return append(dst, "? ERESTART_RESTARTBLOCK (to be restarted)"...)
	}
	e := unix.Errno(-val)
	name := unix.ErrnoName(e)
	if name == "" {
		return strconv.AppendInt(append(dst, "-1 errno "...), -val, 10)
	}
	dst = append(append(append(dst, "-1 "...), name...), " ("...)
	text := len(dst)
	dst = append(append(dst, e.Error()...), ')')
	if c := dst[text]; c >= 'a' && c <= 'z' {
		dst[text] = c - 'a' + 'A'
	}
	return dst
}

func returnsAddress(name string) bool {
	switch name {
	case "mmap", "mmap2", "mremap", "brk", "shmat", "map_shadow_stack":
		return true
	}
	return false
}

// flagName is a flag, or several bits that have a name together.
type flagName struct {
	bits uint64
	name string
}

// appendFlags writes the names of the bits of v, and the rest as a number.
// Names of several bits come before those of their parts.
func appendFlags(dst []byte, names []flagName, v uint64) []byte {
	if v == 0 {
		return append(dst, '0')
	}
	sep := ""
	for _, f := range names {
		if v&f.bits == f.bits {
			dst = append(append(dst, sep...), f.name...)
			sep = "|"
			v &^= f.bits
		}
	}
	if v != 0 {
		dst = appendHex(append(dst, sep...), v)
	}
	return dst
}

var openFlags = []flagName{
	{unix.O_CREAT, "O_CREAT"},
	{unix.O_EXCL, "O_EXCL"},
	{unix.O_NOCTTY, "O_NOCTTY"},
	{unix.O_TRUNC, "O_TRUNC"},
	{unix.O_APPEND, "O_APPEND"},
	{unix.O_NONBLOCK, "O_NONBLOCK"},
	{unix.O_SYNC, "O_SYNC"},
	{unix.O_DSYNC, "O_DSYNC"},
	{unix.O_ASYNC, "O_ASYNC"},
	{unix.O_DIRECT, "O_DIRECT"},
	{0o100000, "O_LARGEFILE"}, // O_LARGEFILE of package unix is 0 on 64-bit hosts
	{unix.O_TMPFILE, "O_TMPFILE"},
	{unix.O_DIRECTORY, "O_DIRECTORY"},
	{unix.O_NOFOLLOW, "O_NOFOLLOW"},
	{unix.O_NOATIME, "O_NOATIME"},
	{unix.O_CLOEXEC, "O_CLOEXEC"},
	{unix.O_PATH, "O_PATH"},
}

var atFlags = []flagName{
	{unix.AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"},
	{unix.AT_EACCESS, "AT_EACCESS"},
	{unix.AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"},
	{unix.AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT"},
	{unix.AT_EMPTY_PATH, "AT_EMPTY_PATH"},
	{unix.AT_STATX_FORCE_SYNC, "AT_STATX_FORCE_SYNC"},
	{unix.AT_STATX_DONT_SYNC, "AT_STATX_DONT_SYNC"},
}

// The bit of AT_EACCESS means something else to unlinkat.
var unlinkFlags = []flagName{{unix.AT_REMOVEDIR, "AT_REMOVEDIR"}}

var cloneFlags = []flagName{
	{unix.CLONE_VM, "CLONE_VM"},
	{unix.CLONE_FS, "CLONE_FS"},
	{unix.CLONE_FILES, "CLONE_FILES"},
	{unix.CLONE_SIGHAND, "CLONE_SIGHAND"},
	{unix.CLONE_PIDFD, "CLONE_PIDFD"},
	{unix.CLONE_PTRACE, "CLONE_PTRACE"},
	{unix.CLONE_VFORK, "CLONE_VFORK"},
	{unix.CLONE_PARENT, "CLONE_PARENT"},
	{unix.CLONE_THREAD, "CLONE_THREAD"},
	{unix.CLONE_NEWNS, "CLONE_NEWNS"},
	{unix.CLONE_SYSVSEM, "CLONE_SYSVSEM"},
	{unix.CLONE_SETTLS, "CLONE_SETTLS"},
	{unix.CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID"},
	{unix.CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID"},
	{unix.CLONE_DETACHED, "CLONE_DETACHED"},
	{unix.CLONE_UNTRACED, "CLONE_UNTRACED"},
	{unix.CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID"},
	{unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
	{unix.CLONE_NEWUTS, "CLONE_NEWUTS"},
	{unix.CLONE_NEWIPC, "CLONE_NEWIPC"},
	{unix.CLONE_NEWUSER, "CLONE_NEWUSER"},
	{unix.CLONE_NEWPID, "CLONE_NEWPID"},
	{unix.CLONE_NEWNET, "CLONE_NEWNET"},
	{unix.CLONE_IO, "CLONE_IO"},
	{unix.CLONE_NEWTIME, "CLONE_NEWTIME"},
}
