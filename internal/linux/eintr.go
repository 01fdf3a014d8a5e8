package linux

import "golang.org/x/sys/unix"

// Retry calls f until it returns something else than EINTR. Go installs its
// signal handlers with SA_RESTART, but some calls are never restarted
// (signal(7)), and a FUSE or NFS server may return EINTR at any time.
func Retry(f func() error) error {
	for {
		if err := f(); err != unix.EINTR {
			return err
		}
	}
}
