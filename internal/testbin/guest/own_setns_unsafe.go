package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// holder is a process that stays in its namespaces.
type holder struct {
	cmd *exec.Cmd
	in  io.Closer
}

var holders = map[string]holder{}

// ownSetns are the operations on other processes' namespaces.
func ownSetns(op string, a []string) (out string, known bool, err error) {
	out = "ok"
	switch op {
	case "hold":
		// A process that is born with the flags, works through the other
		// operations and stays.
		out, err = ownHold(a[0], &syscall.SysProcAttr{Cloneflags: uintptr(num(a[1]))}, a[2:])
	case "holdmap":
		out, err = ownHold(a[0], &syscall.SysProcAttr{
			Cloneflags: uintptr(num(a[1])), UidMappings: idMaps(a[2]), GidMappings: idMaps(a[3]), GidMappingsEnableSetgroups: true,
		}, a[4:])
	case "stay":
		fmt.Println("stay")
		_, err = io.Copy(io.Discard, os.Stdin)
	case "let":
		h := holders[a[0]]
		h.in.Close()
		err = h.cmd.Wait()
		delete(holders, a[0])
	case "keepns":
		kept[a[0]], err = openNS(a[1], a[2])
	case "manyns":
		for range num(a[2]) {
			var fd int
			if fd, err = openNS(a[0], a[1]); err != nil {
				break
			}
			unix.Close(fd)
		}
	case "setns":
		var fd int
		if fd, err = openNS(a[0], a[1]); err == nil {
			err = unix.Setns(fd, num(a[2]))
			unix.Close(fd)
		}
	case "setnsfd":
		fd, ok := kept[a[0]]
		if !ok {
			fd = num(a[0])
		}
		err = unix.Setns(fd, num(a[1]))
	case "setnspid":
		var fd int
		if fd, err = unix.PidfdOpen(pidOf(a[0]), 0); err == nil {
			err = unix.Setns(fd, num(a[1]))
			unix.Close(fd)
		}
	case "same":
		out, err = sameNS(a[0], a[1])
	case "enter":
		out, err = ownEnter(strings.Split(a[0], ","), a[1:])
	case "nodename":
		out, err = os.Hostname()
	default:
		return "", false, nil
	}
	return out, true, err
}

func pidOf(name string) int {
	switch name {
	case "self":
		return os.Getpid()
	case "parent":
		return os.Getppid()
	}
	return holders[name].cmd.Process.Pid
}

func openNS(name, kind string) (int, error) {
	return unix.Open(fmt.Sprintf("/proc/%d/ns/%s", pidOf(name), kind), unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

func ownHold(name string, attr *syscall.SysProcAttr, ops []string) (string, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"own"}, strings.Split(strings.Join(append(ops, ",stay"), " "), ",")...)...)
	cmd.SysProcAttr = attr
	cmd.Stderr = os.Stderr // not /dev/null, which there need not be
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	holders[name] = holder{cmd, in}
	var out strings.Builder
	for s := bufio.NewScanner(stdout); s.Scan() && s.Text() != "stay"; {
		out.WriteString("\n\t" + s.Text())
	}
	return out.String(), nil
}

// sameNS compares the namespace of a process with the own one, by all that tells
// them apart, which must agree.
func sameNS(name, kind string) (string, error) {
	var links [2]string
	var dev, ino [2]uint64
	for i, n := range []string{name, "self"} {
		link := fmt.Sprintf("/proc/%d/ns/%s", pidOf(n), kind)
		var err error
		if links[i], err = os.Readlink(link); err != nil {
			return "", err.(*os.PathError).Err
		}
		fd, err := unix.Open(link, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", err
		}
		defer unix.Close(fd)
		var st, open unix.Stat_t
		if err := unix.Stat(link, &st); err != nil {
			return "", err
		}
		if err := unix.Fstat(fd, &open); err != nil {
			return "", err
		}
		byFD, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil {
			return "", err
		}
		dev[i], ino[i] = st.Dev, st.Ino
		if st.Dev != open.Dev || st.Ino != open.Ino || st.Mode != open.Mode || st.Nlink != 1 || open.Nlink != 1 || byFD != links[i] || links[i] != fmt.Sprintf("%s:[%d]", kind, st.Ino) {
			return fmt.Sprintf("%s: %s, %+v, %+v", links[i], byFD, st, open), nil
		}
	}
	if dev[0] != dev[1] {
		return fmt.Sprint("devices ", dev), nil
	}
	return fmt.Sprint(links[0] == links[1], " ", ino[0] == ino[1]), nil
}

// ownEnter makes a process with one thread and directories of its own, which
// enters namespaces, named PROCESS:KIND or PROCESS:FLAGS for a pidfd, and then
// works through operations.
func ownEnter(list, ops []string) (string, error) {
	fds, flags := make([]int, len(list)), make([]uintptr, len(list))
	for i, l := range list {
		name, kind, _ := strings.Cut(l, ":")
		var err error
		if strings.HasPrefix(kind, "0x") {
			flags[i] = uintptr(num(kind))
			fds[i], err = unix.PidfdOpen(pidOf(name), 0)
		} else {
			fds[i], err = openNS(name, kind)
		}
		if err != nil {
			return "", err
		}
		defer unix.Close(fds[i])
	}
	exe, err := syscall.BytePtrFromString("/proc/self/exe")
	if err != nil {
		return "", err
	}
	argv, err := syscall.SlicePtrFromStrings(append([]string{"guest", "own"}, strings.Split(strings.Join(ops, " "), ",")...))
	if err != nil {
		return "", err
	}
	envp := []*byte{nil}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	said, say, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer said.Close()
	pid, e := enterFork(fds, flags, int(w.Fd()), int(say.Fd()), exe, &argv[0], &envp[0])
	w.Close()
	say.Close()
	if e != 0 {
		return "", e
	}
	out, _ := io.ReadAll(r)
	codes, _ := io.ReadAll(said)
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
		return "", err
	}
	var text strings.Builder
	for _, c := range codes {
		name := "ok"
		if c != 0 {
			name = unix.ErrnoName(unix.Errno(c))
		}
		text.WriteString(name + " ")
	}
	return text.String() + strings.ReplaceAll("\n"+strings.TrimSpace(string(out)), "\n", "\n\t"), nil
}

// enterFork forks. The child has no Go runtime to rely on.
//
//go:norace
func enterFork(fds []int, flags []uintptr, out, say int, exe *byte, argv, envp **byte) (int, syscall.Errno) {
	codes := make([]byte, len(fds))
	pid, _, e := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if e != 0 || pid != 0 {
		return int(pid), e
	}
	syscall.RawSyscall(syscall.SYS_DUP3, uintptr(out), 1, 0)
	for i := range fds {
		_, _, e := syscall.RawSyscall(unix.SYS_SETNS, uintptr(fds[i]), flags[i], 0)
		codes[i] = byte(e)
	}
	syscall.RawSyscall(syscall.SYS_WRITE, uintptr(say), uintptr(unsafe.Pointer(&codes[0])), uintptr(len(codes)))
	syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(exe)), uintptr(unsafe.Pointer(argv)), uintptr(unsafe.Pointer(envp)))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 127, 0, 0)
	}
}
