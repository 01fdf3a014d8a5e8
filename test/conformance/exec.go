package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
)

// nobody is the ordinary user whom both sides run as.
const nobody = 65534

// environment is the same on both sides.
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/work", "TMPDIR=/tmp", "LC_ALL=C.UTF-8", "SHELL=/bin/bash", "LOGNAME=nobody", "USER=nobody",
}

// drop is the command prefix that gives up root for good.
var drop = []string{"setpriv", "--reuid=" + strconv.Itoa(nobody), "--regid=" + strconv.Itoa(nobody), "--clear-groups", "--no-new-privs", "--bounding-set=-all", "--"}

// nativeView makes by real mounts what the flags of boxed describe.
const nativeView = `set -e
root=$1 dir=$2 goroot=$3; shift 3
mount --bind "$root" "$root"
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --bind "$dir/work" "$root/work"
mount --bind "$dir/tmp" "$root/tmp"
mount --bind "$goroot" "$root/usr/local/go"
mount -o remount,bind,ro "$root/usr/local/go"
cd "$root"
exec chroot "$root" "$@"`

func (w *world) nativeCommand(dir string, argv []string) *exec.Cmd {
	args := []string{"--mount", "--propagation", "private", "sh", "-c", nativeView, "sh", w.root, dir, w.goroot}
	args = append(append(args, drop...), argv...)
	return exec.Command("unshare", args...)
}

func (w *world) boxed(m mode, dir string, argv []string) *exec.Cmd {
	args := append([]string{}, drop[1:]...)
	args = append(args, w.ptbox, "exec", "-r", w.root, "-v", "/proc:/proc", "-v", "/dev:/dev", "-v", "/sys:/sys",
		"-v", filepath.Join(dir, "work")+":/work", "-v", filepath.Join(dir, "tmp")+":/tmp", "--ro-bind", w.goroot+":/usr/local/go", "-w", "/")
	args = append(append(args, m.flags...), "--")
	return exec.Command(drop[0], append(args, argv...)...)
}

// shell runs a script in /work and writes what it prints to the file log.
func (w *world) shell(m mode, dir, script, log string) error {
	argv := []string{"/bin/bash", "-c", "cd /work || exit\npackages='" + goPackages + "'\n" + script}
	c := w.boxed(m, dir, argv)
	if m.native() {
		c = w.nativeCommand(dir, argv)
	}
	c.Env = environment
	f, err := os.Create(log)
	if err != nil {
		return err
	}
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	// A session of its own: no suite shall find a terminal to play with.
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return c.Run()
}
