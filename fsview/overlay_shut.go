package fsview

import "golang.org/x/sys/unix"

// opened lets the owner read a directory of the upper layer that forbids it, or
// move it elsewhere (which changes its ".."), until the function that is
// returned is called: the kernel's overlayfs acts with the rights of its mounter.
func opened(dir int) (shut func()) {
	const rwx = unix.S_IRWXU
	var st unix.Stat_t
	if unix.Fstat(dir, &st) != nil || st.Mode&rwx == rwx || int(st.Uid) != unix.Geteuid() || unix.Chmod(procFD(dir), st.Mode&0o7777|rwx) != nil {
		return func() {}
	}
	return func() { unix.Chmod(procFD(dir), st.Mode&0o7777) }
}

// openedAt is opened for the directory name.
func openedAt(dir int, name string) (shut func()) {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() {}
	}
	again := opened(fd)
	return func() {
		again()
		unix.Close(fd)
	}
}
