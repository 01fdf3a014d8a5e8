package main

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fdOf is a descriptor that was kept, the current directory for "-", or a number:
// one that is not open for what could not be kept.
func fdOf(name string) int {
	if name == "-" {
		return unix.AT_FDCWD
	}
	if fd, ok := kept[name]; ok {
		return fd
	}
	if n, err := strconv.Atoi(name); err == nil {
		return n
	}
	return 999
}

// pathOf is a path; "-" is the empty one.
func pathOf(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// ownMount are the operations of the new mount calls; known is false for others.
func ownMount(op string, a []string) (out string, known bool, err error) {
	out = "ok"
	keep := func(fd int, e error) {
		if err = e; e == nil {
			kept[a[0]] = fd
		}
	}
	switch op {
	case "fsopen": // NAME KIND FLAGS
		keep(unix.Fsopen(a[1], num(a[2])))
	case "fspick": // NAME DIR PATH FLAGS
		keep(unix.Fspick(fdOf(a[1]), pathOf(a[2]), num(a[3])))
	case "fsmount": // NAME CONTEXT FLAGS ATTRIBUTES
		keep(unix.Fsmount(fdOf(a[1]), num(a[2]), num(a[3])))
	case "opentree": // NAME DIR PATH FLAGS
		keep(unix.OpenTree(fdOf(a[1]), pathOf(a[2]), uint(num(a[3]))))
	case "opentreeattr": // NAME DIR PATH FLAGS SET CLEAR PROPAGATION
		attr := unix.MountAttr{Attr_set: uint64(num(a[4])), Attr_clr: uint64(num(a[5])), Propagation: uint64(num(a[6]))}
		path, e := unix.BytePtrFromString(pathOf(a[2]))
		if e != nil {
			return "", true, e
		}
		const sysOpenTreeAttr = 467
		fd, _, no := unix.Syscall6(sysOpenTreeAttr, uintptr(fdOf(a[1])), uintptr(unsafe.Pointer(path)), uintptr(num(a[3])), uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
		if no != 0 {
			return "", true, no
		}
		keep(int(fd), nil)
	case "fsconfig": // CONTEXT COMMAND [KEY [VALUE [AUX]]]
		err = ownConfig(fdOf(a[0]), num(a[1]), a[2:])
	case "movemount": // DIR PATH DIR PATH FLAGS
		err = unix.MoveMount(fdOf(a[0]), pathOf(a[1]), fdOf(a[2]), pathOf(a[3]), num(a[4]))
	case "setattr": // DIR PATH FLAGS SET CLEAR PROPAGATION
		err = unix.MountSetattr(fdOf(a[0]), pathOf(a[1]), uint(num(a[2])), &unix.MountAttr{
			Attr_set: uint64(num(a[3])), Attr_clr: uint64(num(a[4])), Propagation: uint64(num(a[5])),
		})
	case "setattrsize": // SIZE: of a struct, which is all zero but for its last byte
		b := make([]byte, max(num(a[0]), 1))
		b[len(b)-1] = 1
		path := []byte("/\x00")
		_, _, e := unix.Syscall6(unix.SYS_MOUNT_SETATTR, 0, uintptr(unsafe.Pointer(&path[0])), 0, uintptr(unsafe.Pointer(&b[0])), uintptr(num(a[0])), 0)
		if e != 0 {
			err = e
		}
	case "fdstat": // NAME
		var st unix.Stat_t
		err = unix.Fstat(fdOf(a[0]), &st)
		out = fmt.Sprintf("%07o %d %d", st.Mode, st.Uid, st.Gid)
	case "readfd": // NAME: whether there is anything to read, as libmount asks
		_, e := unix.Read(fdOf(a[0]), make([]byte, 100))
		out = fmt.Sprint("failed: ", e != nil)
	case "closefd": // NAME
		err = unix.Close(fdOf(a[0]))
		delete(kept, a[0])
	default:
		return "", false, nil
	}
	return out, true, err
}

// ownConfig is fsconfig(2). A comma in the value is written as a semicolon.
func ownConfig(fd, cmd int, a []string) error {
	var p [2]uintptr
	var held [2]*byte
	aux := 0
	for i, s := range a {
		if i == 2 {
			aux = num(s)
			break
		}
		if s == "-" {
			continue
		}
		b, err := unix.BytePtrFromString(strings.ReplaceAll(s, ";", ","))
		if err != nil {
			return err
		}
		held[i] = b
		p[i] = uintptr(unsafe.Pointer(b))
	}
	_, _, e := unix.Syscall6(unix.SYS_FSCONFIG, uintptr(fd), uintptr(cmd), p[0], p[1], uintptr(aux), 0)
	runtime.KeepAlive(&held)
	if e != 0 {
		return e
	}
	return nil
}
