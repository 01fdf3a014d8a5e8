package linux

import "golang.org/x/sys/unix"

// ReadFile reads a small file of procfs. Package os sets up its poller for
// such a one, which is a dozen calls more.
func ReadFile(path string) ([]byte, error) {
	fd, e := Openat(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if e != 0 {
		return nil, e
	}
	defer unix.Close(fd)
	b := make([]byte, 0, 4096)
	for {
		n, err := unix.Read(fd, b[len(b):cap(b)])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, err
		case n == 0:
			return b, nil
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}
