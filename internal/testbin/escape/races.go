package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Each race has a second thread that changes what a call means between the
// moment when a sandbox looks and the moment when the kernel does.

// swapping runs f again and again while Work/x is now a directory with the
// names in it, now a symlink to the directory outside.
func swapping(f func() error) error { return swappingTo(cfg.Outside, f) }

// swappingTo is swapping with another directory of the host.
func swappingTo(outside string, f func() error) error {
	dir, link := filepath.Join(cfg.Work, "x"), filepath.Join(cfg.Work, "y")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(dir+"/secret", []byte("inside"), 0o644); err != nil {
		return err
	}
	if err := writeProgram(dir+"/exit10", program(0x400000, held, "")); err != nil {
		return err
	}
	// What has a namesake outside is another thing here: a check that finds
	// nothing inside would end the race before it begins.
	os.WriteFile(dir+"/only", []byte("inside"), 0)
	os.WriteFile(dir+"/stream", nil, 0o644)
	os.Symlink("inside", dir+"/link")
	if err := os.Symlink(outside, link); err != nil {
		return err
	}
	return racing(f, func() {
		unix.Renameat2(cwd, dir, cwd, link, unix.RENAME_EXCHANGE)
	})
}

// racing runs f against change for a while. f returns nil when it has won.
func racing(f func() error, change func()) error {
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		for !stop.Load() {
			change()
		}
		close(done)
	}()
	runtime.LockOSThread()
	err, tries := errHeld, 0
	for end := time.Now().Add(duration()); time.Now().Before(end); tries++ {
		if err = f(); err == nil {
			break
		}
	}
	stop.Store(true)
	<-done
	fmt.Println("attempts:", tries)
	return err
}

// flipping runs f with a string in memory that is now good, now bad. Both are
// absolute; they are made equally long by slashes.
func flipping(good, bad string, f func(p []byte) error) error {
	n := max(len(good), len(bad)) + 1
	pad := func(s string) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = '/'
		}
		copy(b[n-1-len(s):], s)
		b[n-1] = 0
		return b
	}
	a, b, p := pad(good), pad(bad), shared(n)
	copy(p, a)
	odd := false
	return racing(func() error { return f(p) }, func() {
		if odd = !odd; odd {
			copy(p, b)
		} else {
			copy(p, a)
		}
	})
}

// shared is memory that children share.
func shared(n int) []byte {
	p, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		panic(err)
	}
	return p
}

// insideFile makes a file of the view.
func insideFile() string {
	p := filepath.Join(cfg.Work, "good")
	os.WriteFile(p, []byte("inside"), 0o644)
	return p
}

// never makes a race go on: whether it was won is for the harness to see.
func never(error) error { return errSignalled }

// target of the symlink races.
func x(name string) string { return filepath.Join(cfg.Work, "x", name) }

// raceTechniques run against a second thread.
var raceTechniques = []technique{
	{"race-string-open", func() error {
		return flipping(insideFile(), cfg.Secret, func(p []byte) error { return readFD(call(unix.SYS_OPEN, p, 0)) })
	}},
	{"race-string-openat2", func() error {
		return flipping(insideFile(), cfg.Secret, func(p []byte) error {
			return readFD(call(unix.SYS_OPENAT2, cwd, p, openHow(0, 0, 0), 24))
		})
	}},
	{"race-string-chmod", func() error {
		return flipping(insideFile(), cfg.Secret, func(p []byte) error { return never(ok(call(unix.SYS_CHMOD, p, 0o611))) })
	}},
	{"race-string-execve", func() error {
		good := filepath.Join(cfg.Work, "exit11")
		if err := writeProgram(good, program(0x400000, held, "")); err != nil {
			return err
		}
		return flipping(good, outside("exit10"), func(p []byte) error { return reap(forkChild(0, unix.SYS_EXECVE, p, nil, nil)) })
	}},
	{"race-empty-execveat", func() error {
		good := filepath.Join(cfg.Work, "exit11")
		if err := writeProgram(good, program(0x400000, held, "")); err != nil {
			return err
		}
		fd, err := unix.Open(good, unix.O_PATH, 0)
		if err != nil {
			return err
		}
		p := shared(page)
		copy(p[1:], outside("exit10")[1:])
		odd := false
		return racing(func() error { return reap(forkChild(0, unix.SYS_EXECVEAT, fd, p, nil, nil, emptyPath)) }, func() {
			p[0] = 0
			if odd = !odd; odd {
				p[0] = '/'
			}
		})
	}},
	{"race-empty-statx", func() error {
		fd, err := unix.Open(insideFile(), unix.O_PATH, 0)
		if err != nil {
			return err
		}
		p := shared(page)
		copy(p[1:], outside("only")[1:])
		st := make([]byte, 256)
		odd := false
		return racing(func() error {
			if _, err := call(unix.SYS_STATX, fd, p, emptyPath, unix.STATX_SIZE, st); err != nil {
				return err
			}
			if st[40] != 4 { // stx_size of the file outside
				return errHeld
			}
			return nil
		}, func() {
			p[0] = 0
			if odd = !odd; odd {
				p[0] = '/'
			}
		})
	}},
	{"race-sockaddr-sendto", func() error {
		fd, good, err := boundDgram()
		if err != nil {
			return err
		}
		_, bad := good, cfg.Dgram
		return flipping(good, bad, func(p []byte) error {
			a := append([]byte{unix.AF_UNIX, 0}, p...)
			drain(fd)
			return never(ok(call(unix.SYS_SENDTO, fd, "x", 1, unix.MSG_DONTWAIT, a, len(a))))
		})
	}},
	{"race-sockaddr-shared", func() error {
		fd, good, err := boundDgram()
		if err != nil {
			return err
		}
		a, b, p := shared(128), shared(128), shared(128)
		copy(a, sockaddr(good))
		copy(b, sockaddr(cfg.Dgram))
		copy(p, a)
		odd := false
		return racing(func() error {
			drain(fd)
			return never(ok(call(unix.SYS_SENDTO, fd, "x", 1, unix.MSG_DONTWAIT, p, 110)))
		}, func() {
			if odd = !odd; odd {
				copy(p, b)
			} else {
				copy(p, a)
			}
		})
	}},
	{"race-swap-open", func() error { return swapping(func() error { return readFD(unix.Open(x("secret"), 0, 0)) }) }},
	{"race-swap-open-write", func() error {
		return swapping(func() error {
			fd, err := unix.Open(x("secret"), unix.O_WRONLY|unix.O_APPEND, 0)
			if err == nil {
				unix.Write(fd, []byte("x"))
				unix.Close(fd)
			}
			return errSignalled
		})
	}},
	{"race-swap-creat", func() error {
		return swapping(func() error {
			fd, err := unix.Open(x("made"), unix.O_WRONLY|unix.O_CREAT, 0o644)
			if err == nil {
				unix.Close(fd)
			}
			return errSignalled
		})
	}},
	{"race-swap-openat2", func() error {
		return swapping(func() error { return readFD(call(unix.SYS_OPENAT2, cwd, x("secret"), openHow(0, 0, 0), 24)) })
	}},
	{"race-swap-open-relative", func() error {
		if err := unix.Chdir(cfg.Work); err != nil {
			return err
		}
		return swapping(func() error { return readFD(unix.Open("x/secret", 0, 0)) })
	}},
	{"race-swap-stat", func() error {
		return swapping(func() error {
			var st unix.Stat_t
			err := unix.Stat(x("only"), &st)
			return isOnly(err, st.Size)
		})
	}},
	{"race-swap-statx", func() error {
		return swapping(func() error {
			var st unix.Statx_t
			err := unix.Statx(cwd, x("only"), 0, unix.STATX_SIZE, &st)
			return isOnly(err, int64(st.Size))
		})
	}},
	{"race-swap-access", func() error { return swapping(func() error { return unix.Access(x("only"), unix.R_OK) }) }},
	{"race-swap-readlink", func() error {
		return swapping(func() error {
			b := make([]byte, 64)
			n, err := unix.Readlink(x("link"), b)
			if err == nil && string(b[:n]) == "inside" {
				err = errHeld
			}
			return err
		})
	}},
	{"race-swap-getxattr", func() error {
		return swapping(func() error { b := make([]byte, 64); return ok(unix.Getxattr(x("secret"), "user.token", b)) })
	}},
	{"race-swap-chdir", func() error {
		return swapping(func() error {
			if err := unix.Chdir(x("")); err != nil {
				return err
			}
			defer unix.Chdir("/")
			return readFD(unix.Open("secret", 0, 0))
		})
	}},
	{"race-swap-execve", func() error {
		return swapping(func() error { return reap(forkChild(0, unix.SYS_EXECVE, x("exit10"), nil, nil)) })
	}},
	{"race-swap-connect", func() error {
		return swapping(func() error {
			fd, err := socket(unix.SOCK_STREAM)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Connect(fd, &unix.SockaddrUnix{Name: x("stream")})
		})
	}},
	{"race-swap-bind", swapWrite(func() {
		if fd, err := socket(unix.SOCK_DGRAM); err == nil {
			unix.Bind(fd, &unix.SockaddrUnix{Name: x("made")})
			unix.Close(fd)
		}
	})},
	{"race-swap-chmod", swapWrite(func() { unix.Chmod(x("secret"), 0o611) })},
	{"race-swap-utimes", swapWrite(func() { call(unix.SYS_UTIMES, x("secret"), nil) })},
	{"race-swap-truncate", swapWrite(func() { unix.Truncate(x("secret"), 3) })},
	{"race-swap-setxattr", swapWrite(func() { unix.Setxattr(x("secret"), "user.x", []byte("v"), 0) })},
	{"race-swap-mkdir", swapWrite(func() { unix.Mkdir(x("made"), 0o755) })},
	{"race-swap-mknod", swapWrite(func() { unix.Mknod(x("made"), unix.S_IFIFO|0o600, 0) })},
	{"race-swap-symlink", swapWrite(func() { unix.Symlink("a", x("made")) })},
	{"race-swap-unlink", swapWrite(func() { unix.Unlink(x("only")) })},
	{"race-swap-rmdir", swapWrite(func() { unix.Rmdir(x("empty")) })},
	{"race-swap-rename", swapWrite(func() { unix.Rename(x("only"), filepath.Join(cfg.Work, "stolen")) })},
	{"race-swap-link", swapWrite(func() {
		unix.Unlink(filepath.Join(cfg.Work, "linked"))
		unix.Link(x("secret"), filepath.Join(cfg.Work, "linked"))
	})},
	{"race-dotdot", func() error {
		// The directory that ".." leads out of is moved back and forth.
		deep, flat := filepath.Join(cfg.Work, "1/2/3/4"), filepath.Join(cfg.Work, "flat")
		if err := os.MkdirAll(deep, 0o755); err != nil {
			return err
		}
		here := true
		return racing(func() error {
			if err := readFD(unix.Open(deep+"/../../../../.."+cfg.Secret, 0, 0)); err == nil {
				return nil
			}
			return readFD(unix.Open(climb(deep)+cfg.Secret, 0, 0))
		}, func() {
			if here {
				unix.Rename(deep, flat)
			} else {
				unix.Rename(flat, deep)
			}
			here = !here
		})
	}},
}

// isOnly says whether a size is that of the file outside.
func isOnly(err error, size int64) error {
	if err == nil && size != 4 {
		err = errHeld
	}
	return err
}

// swapWrite is a race that only the harness can judge, by the tree outside.
func swapWrite(f func()) func() error {
	return func() error { return swapping(func() error { f(); return errSignalled }) }
}

// boundDgram makes a socket of the view that sends to itself.
func boundDgram() (fd int, path string, err error) {
	path = filepath.Join(cfg.Work, "good.sock")
	if fd, err = socket(unix.SOCK_DGRAM | unix.SOCK_NONBLOCK); err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: path})
	}
	return fd, path, err
}

func drain(fd int) {
	var b [8]byte
	for {
		if n, err := unix.Read(fd, b[:]); n <= 0 || err != nil {
			return
		}
	}
}
