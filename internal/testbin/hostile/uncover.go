package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func init() { parts["uncover"] = func(args []string) error { return uncover(args[0]) } }

// A way to the file or directory "hidden" in the directory dir/in: it returns
// a path, relative to a descriptor, under which that may be seen.
type way struct {
	name string
	find func(dir string) (at int, path string, err error)
}

const cwd = unix.AT_FDCWD

func parent(dir string, flags int) (int, error) {
	return unix.Open(filepath.Join(dir, "in"), flags|unix.O_DIRECTORY, 0)
}

var ways = []way{
	{"path", func(dir string) (int, string, error) { return cwd, dir + "/in/hidden", nil }},
	{"dotdot", func(dir string) (int, string, error) { return cwd, dir + "/in/../in/./hidden", nil }},
	{"descriptor", func(dir string) (int, string, error) {
		fd, err := parent(dir, 0)
		return fd, "hidden", err
	}},
	{"o-path", func(dir string) (int, string, error) {
		fd, err := parent(dir, unix.O_PATH)
		return fd, "hidden", err
	}},
	{"proc-fd", func(dir string) (int, string, error) {
		fd, err := parent(dir, unix.O_PATH)
		return cwd, fmt.Sprintf("/proc/self/fd/%d/hidden", fd), err
	}},
	{"cwd", func(dir string) (int, string, error) { return cwd, "hidden", unix.Chdir(dir + "/in") }},
	{"proc-cwd", func(dir string) (int, string, error) { return cwd, "/proc/self/cwd/hidden", unix.Chdir(dir + "/in") }},
	{"proc-root", func(dir string) (int, string, error) { return cwd, "/proc/self/root" + dir + "/in/hidden", nil }},
	{"symlink", func(dir string) (int, string, error) {
		return cwd, dir + "/s/hidden", unix.Symlink(dir+"/in", dir+"/s")
	}},
	{"hard-link", func(dir string) (int, string, error) {
		return cwd, dir + "/linked", unix.Link(dir+"/in/hidden", dir+"/linked")
	}},
	{"hard-link-beside", func(dir string) (int, string, error) {
		return cwd, dir + "/in/linked", unix.Link(dir+"/in/hidden", dir+"/in/linked")
	}},
	{"rename", func(dir string) (int, string, error) {
		return cwd, dir + "/in/moved", unix.Rename(dir+"/in/hidden", dir+"/in/moved")
	}},
	{"rename-parent", func(dir string) (int, string, error) {
		return cwd, dir + "/moved/hidden", unix.Rename(dir+"/in", dir+"/moved")
	}},
	{"rename-grandparent", func(dir string) (int, string, error) {
		return cwd, dir + "-moved/in/hidden", unix.Rename(dir, dir+"-moved")
	}},
	{"exchange-parent", func(dir string) (int, string, error) {
		if err := unix.Mkdir(dir+"/other", 0o755); err != nil {
			return 0, "", err
		}
		return cwd, dir + "/other/hidden", unix.Renameat2(cwd, dir+"/in", cwd, dir+"/other", unix.RENAME_EXCHANGE)
	}},
	{"exchange", func(dir string) (int, string, error) {
		if err := os.WriteFile(dir+"/in/other", nil, 0o644); err != nil {
			return 0, "", err
		}
		return cwd, dir + "/in/other", unix.Renameat2(cwd, dir+"/in/hidden", cwd, dir+"/in/other", unix.RENAME_EXCHANGE)
	}},
	{"chroot", func(dir string) (int, string, error) { return cwd, "/hidden", unix.Chroot(dir + "/in") }},
	{"bind", func(dir string) (int, string, error) { return bindOver(dir, unix.MS_BIND) }},
	{"rbind", func(dir string) (int, string, error) { return bindOver(dir, unix.MS_BIND|unix.MS_REC) }},
	{"unshare-bind", func(dir string) (int, string, error) {
		if err := unix.Unshare(unix.CLONE_NEWUSER | unix.CLONE_NEWNS); err != nil {
			return 0, "", err
		}
		return bindOver(dir, unix.MS_BIND)
	}},
	{"umount", func(dir string) (int, string, error) {
		return cwd, dir + "/in/hidden", unix.Unmount(dir+"/in/hidden", unix.MNT_DETACH)
	}},
	{"remount", func(dir string) (int, string, error) {
		return cwd, dir + "/in/hidden", unix.Mount("", dir+"/in/hidden", "", unix.MS_BIND|unix.MS_REMOUNT, "")
	}},
	{"move", func(dir string) (int, string, error) {
		os.WriteFile(dir+"/moved", nil, 0o644)
		return cwd, dir + "/in/hidden", unix.Mount(dir+"/in/hidden", dir+"/moved", "", unix.MS_MOVE, "")
	}},
	{"remove", func(dir string) (int, string, error) { return cwd, dir + "/in/hidden", unix.Unlink(dir + "/in/hidden") }},
}

func bindOver(dir string, flags uintptr) (int, string, error) {
	if err := unix.Mkdir(dir+"/bound", 0o755); err != nil {
		return 0, "", err
	}
	return cwd, dir + "/bound/hidden", unix.Mount(dir+"/in", dir+"/bound", "", flags, "")
}

// uncover goes each way, in a process and a directory of its own, and says
// what it finds and whether it can be changed.
func uncover(dir string) error {
	for _, w := range ways {
		again("uncover-one", w.name, filepath.Join(dir, w.name))
	}
	return nil
}

func init() {
	parts["uncover-one"] = func(args []string) error {
		for _, w := range ways {
			if w.name == args[0] {
				look(w, args[1])
			}
		}
		return nil
	}
	parts["ways"] = func([]string) error {
		for _, w := range ways {
			fmt.Println(w.name)
		}
		return nil
	}
}

func look(w way, dir string) {
	at, path, err := w.find(dir)
	if err != nil {
		fmt.Println(w.name, "way:", err)
		// What failed may have done harm all the same: look where it was.
		at, path = cwd, dir+"/in/hidden"
	}
	text := func(fd int, err error) string {
		if err != nil {
			return err.Error()
		}
		defer unix.Close(fd)
		b := make([]byte, 64)
		n, _ := unix.Read(fd, b)
		return fmt.Sprintf("%q", b[:max(n, 0)])
	}
	fmt.Println(w.name, "read", text(unix.Openat(at, path, unix.O_RDONLY, 0)))
	fmt.Println(w.name, "read2", text(unix.Openat2(at, path, &unix.OpenHow{Resolve: unix.RESOLVE_NO_SYMLINKS})))
	held, err := unix.Openat(at, path, unix.O_PATH, 0)
	if err == nil {
		fmt.Println(w.name, "reopen", text(unix.Open(fmt.Sprintf("/proc/self/fd/%d", held), unix.O_RDONLY, 0)))
		fmt.Println(w.name, "empty", text(unix.Openat(held, "", unix.O_RDONLY, 0)))
	}
	fmt.Println(w.name, "inside", text(unix.Openat(at, path+"/f", unix.O_RDONLY, 0)))
	change := func(what string, fd int, err error) {
		if err == nil {
			_, err = unix.Write(fd, []byte("changed"))
			unix.Close(fd)
		}
		fmt.Println(w.name, what, err)
	}
	for _, p := range []string{path, path + "/f", path + "/new"} {
		fd, err := unix.Openat(at, p, unix.O_WRONLY|unix.O_APPEND, 0)
		change("write", fd, err)
		if strings.HasSuffix(p, "new") {
			fd, err = unix.Openat(at, p, unix.O_WRONLY|unix.O_CREAT, 0o644)
			change("create", fd, err)
		}
		fmt.Println(w.name, "chmod", unix.Fchmodat(at, p, 0o700, 0))
		fmt.Println(w.name, "times", unix.UtimesNanoAt(at, p, []unix.Timespec{{Sec: 1}, {Sec: 1}}, 0))
	}
	if held >= 0 {
		fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", held), unix.O_WRONLY|unix.O_APPEND, 0)
		change("reopened write", fd, err)
		fmt.Println(w.name, "truncate", unix.Truncate(fmt.Sprintf("/proc/self/fd/%d", held), 0))
	}
}
