package sandbox

import (
	"io"

	"golang.org/x/sys/unix"
)

// hostFile is a program of the host, open for reading. It is no os.File: that
// one asks the kernel three things more of each descriptor, at every exec.
type hostFile struct {
	fd   int
	head []byte // how it begins: of most programs, all that is looked at
}

// headSize takes the headers of an ELF file, and the name of its interpreter
// where linkers put it.
const headSize = 2 << 10

func (f *hostFile) readHead() unix.Errno {
	b := make([]byte, headSize)
	n, err := pread(f.fd, b, 0)
	f.head = b[:n]
	return errno(err)
}

// ReadAt is io.ReaderAt.
func (f *hostFile) ReadAt(b []byte, off int64) (n int, err error) {
	if off >= 0 && off+int64(len(b)) <= int64(len(f.head)) {
		return copy(b, f.head[off:]), nil
	}
	n, err = pread(f.fd, b, off)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

// pread reads until b is full or the file ends.
func pread(fd int, b []byte, off int64) (n int, err error) {
	for n < len(b) {
		k, err := unix.Pread(fd, b[n:], off+int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, err
		case k == 0:
			return n, nil
		default:
			n += k
		}
	}
	return n, nil
}

func (f *hostFile) Close() { unix.Close(f.fd) }
