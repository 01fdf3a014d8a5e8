package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// kept are descriptors that operations of "own" have opened.
var kept = map[string]int{}

// ownNS are the operations on namespaces and mounts; known is false for others.
func ownNS(op string, a []string) (out string, known bool, err error) {
	out = "ok"
	switch op {
	case "unshare":
		err = unix.Unshare(num(a[0]))
	case "clone":
		out, err = ownClone(uintptr(num(a[0])), nil, nil, a[1:])
	case "clonemap":
		// The maps, of user and group ids, are written by the parent.
		out, err = ownClone(uintptr(num(a[0])), idMaps(a[1]), idMaps(a[2]), a[3:])
	case "write":
		out, err = ownWrite(a[0], strings.ReplaceAll(strings.Join(a[1:], " "), "|", "\n"))
	case "pivot":
		err = unix.PivotRoot(a[0], a[1])
	case "mounts":
		out, err = ownMounts(a[0])
	case "keep":
		kept[a[0]], err = unix.Open(a[1], unix.O_PATH|unix.O_CLOEXEC, 0)
	case "fchdir":
		err = unix.Fchdir(kept[a[0]])
	case "path":
		b := make([]byte, 4096)
		var k int
		k, err = unix.Readlink(fmt.Sprintf("/proc/self/fd/%d", kept[a[0]]), b)
		out = string(b[:max(k, 0)])
	default:
		return "", false, nil
	}
	return out, true, err
}

func ownWrite(file, text string) (string, error) {
	fd, err := unix.Open(file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "open", err
	}
	defer unix.Close(fd)
	n, err := unix.Write(fd, []byte(text))
	return strconv.Itoa(n), err
}

// ownClone runs operations in a child that is born with the flags.
func ownClone(flags uintptr, uids, gids []syscall.SysProcIDMap, ops []string) (string, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"own"}, strings.Split(strings.Join(ops, " "), ",")...)...)
	cmd.Stdin = os.Stdin
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, UidMappings: uids, GidMappings: gids, GidMappingsEnableSetgroups: true}
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll("\n"+strings.TrimSpace(string(out)), "\n", "\n\t"), err
}

// idMaps reads maps as FIRST:PARENT:COUNT, separated by semicolons.
func idMaps(s string) (out []syscall.SysProcIDMap) {
	for m := range strings.SplitSeq(s, ";") {
		var x syscall.SysProcIDMap
		if _, err := fmt.Sscanf(m, "%d:%d:%d", &x.ContainerID, &x.HostID, &x.Size); err != nil {
			panic(err)
		}
		out = append(out, x)
	}
	return out
}

// ownMounts lists the mount points of a mount table, and which are read-only.
func ownMounts(file string) (string, error) {
	b, err := os.ReadFile(file)
	var out []string
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		ro, _, _ := strings.Cut(f[5], ",")
		out = append(out, f[4]+":"+ro)
	}
	slices.Sort(out)
	return fmt.Sprint(out), err
}

// rootNS makes dir the root of the mount namespace, as a container runtime
// does, with the procfs that is there in it.
func rootNS(dir string) error {
	for _, m := range []struct {
		from, to string
		flags    uintptr
	}{{"", "/", unix.MS_REC | unix.MS_PRIVATE}, {dir, dir, unix.MS_BIND}, {"/proc", dir + "/proc", unix.MS_BIND | unix.MS_REC}} {
		if err := unix.Mount(m.from, m.to, "", m.flags, ""); err != nil {
			return err
		}
	}
	if err := unix.Chdir(dir); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return err
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return unix.Chdir("/")
}

func init() { commands["nsroot"] = nsRoot }

// nsRoot makes args[0] the root of its mount namespace, and works through the
// other arguments as root of a user and mount namespace in that.
func nsRoot(args []string) int {
	if err := rootNS(args[0]); err != nil {
		fmt.Fprintln(os.Stderr, "nsroot:", err)
		return 1
	}
	all := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	cmd := exec.Command("/guest", append([]string{"own"}, args[1:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS, UidMappings: all, GidMappings: all, GidMappingsEnableSetgroups: true}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "nsroot:", err)
		return 1
	}
	return 0
}
