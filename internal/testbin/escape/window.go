package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// The sandbox's pages lie here in every guest; natively the place is free, and
// a technique works if it can do there what it wants (own makes a page first).
const (
	windowLow = 0x10000
	windowFD  = 1000
	page      = 4096
)

// own maps a writable page at the window's place where nothing is; in a
// sandbox it fails, and the technique goes on to attack what is there.
func own() error {
	_, err := call(unix.SYS_MMAP, windowLow, page, unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, -1, 0)
	return err
}

// spare is a descriptor with a number like the sandbox's own, if that is free.
func spare() {
	if _, err := unix.FcntlInt(windowFD, unix.F_GETFD, 0); err != nil {
		fd, err := unix.MemfdCreate("spare", 0)
		if err == nil {
			unix.Ftruncate(fd, page)
			unix.Dup3(fd, windowFD, 0)
		}
	}
}

// changed says whether the first byte of the window can be made another one.
func changed(write func(b []byte) error) error {
	own()
	now := make([]byte, 1)
	f, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.ReadAt(now, windowLow); err != nil {
		return err
	}
	was := now[0]
	if err := write([]byte{was ^ 0xff}); err != nil {
		return err
	}
	if _, err := f.ReadAt(now, windowLow); err != nil {
		return err
	}
	if now[0] == was {
		return errHeld
	}
	return nil
}

// windowTechniques attack the pages and descriptors that the sandbox has put
// into the process.
var windowTechniques = []technique{
	{"window-map-over", own},
	{"window-map-below", func() error {
		// From below, into it.
		return ok(call(unix.SYS_MMAP, windowLow-page, 4*page, unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, -1, 0))
	}},
	{"window-mprotect", func() error {
		own()
		return ok(call(unix.SYS_MPROTECT, windowLow, page, unix.PROT_READ|unix.PROT_WRITE))
	}},
	{"window-pkey-mprotect", func() error {
		own()
		return ok(call(unix.SYS_PKEY_MPROTECT, windowLow, page, unix.PROT_READ|unix.PROT_WRITE, -1))
	}},
	{"window-munmap", func() error { own(); return ok(call(unix.SYS_MUNMAP, windowLow, page)) }},
	{"window-munmap-all", func() error {
		own()
		return ok(call(unix.SYS_MUNMAP, 0, 0x200000))
	}},
	{"window-mremap-away", func() error {
		own()
		return ok(call(unix.SYS_MREMAP, windowLow, page, page, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, 0x7000_0000))
	}},
	{"window-mremap-onto", func() error {
		p, err := call(unix.SYS_MMAP, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, -1, 0)
		if err != nil {
			return err
		}
		return ok(call(unix.SYS_MREMAP, p, page, page, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, windowLow))
	}},
	{"window-dontfork", func() error { own(); return ok(call(unix.SYS_MADVISE, windowLow, page, unix.MADV_DONTFORK)) }},
	{"window-process-madvise", func() error {
		own()
		p, err := unix.PidfdOpen(os.Getpid(), 0)
		if err != nil {
			return err
		}
		return ok(call(unix.SYS_PROCESS_MADVISE, p, iovec(windowLow, page), 1, unix.MADV_DONTNEED, 0))
	}},
	{"window-shmat", func() error {
		id, err := call(unix.SYS_SHMGET, unix.IPC_PRIVATE, page, 0o600|unix.IPC_CREAT)
		if err != nil {
			return err
		}
		defer call(unix.SYS_SHMCTL, id, unix.IPC_RMID, nil)
		own()
		const remap = 0o40000 // SHM_REMAP
		return ok(call(unix.SYS_SHMAT, id, windowLow, remap))
	}},
	{"window-mseal", func() error { own(); return ok(call(unix.SYS_MSEAL, windowLow, page, 0)) }},
	{"window-proc-mem", func() error {
		return changed(func(b []byte) error {
			f, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			return noCount(f.WriteAt(b, windowLow))
		})
	}},
	{"window-process-vm-writev", func() error {
		return changed(func(b []byte) error {
			_, err := call(unix.SYS_PROCESS_VM_WRITEV, os.Getpid(), iovec(address(b), 1), 1, iovec(windowLow, 1), 1, 0)
			runtime.KeepAlive(b)
			return err
		})
	}},
	{"window-read-into", func() error {
		return changed(func(b []byte) error {
			var p [2]int
			if err := unix.Pipe(p[:]); err != nil {
				return err
			}
			unix.Write(p[1], b)
			return ok(call(unix.SYS_READ, p[0], windowLow, 1))
		})
	}},
	{"window-store", func() error {
		// A fault kills: the store is a child's.
		out, err := exec.Command(cfg.Self, "poke").CombinedOutput()
		if err == nil {
			return nil
		}
		return fmt.Errorf("%w: %w: %.60s", errHeld, err, out)
	}},
	{"window-file-write", func() error { spare(); return noCount(unix.Pwrite(windowFD, []byte{0}, 0)) }},
	{"window-file-reopen", func() error {
		spare()
		fd, err := unix.Open(fdName(windowFD), unix.O_RDWR, 0)
		if err != nil {
			return err
		}
		return noCount(unix.Pwrite(fd, []byte{0}, 0))
	}},
	{"window-file-map", func() error {
		spare()
		fd, err := unix.Open(fdName(windowFD), unix.O_RDWR, 0)
		if err != nil {
			return err
		}
		return noCount(call(unix.SYS_MMAP, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED, fd, 0))
	}},
	{"window-file-truncate", func() error {
		spare()
		fd, err := unix.Open(fdName(windowFD), unix.O_RDWR, 0)
		if err != nil {
			return err
		}
		return unix.Ftruncate(fd, 0)
	}},
	{"window-file-punch", func() error {
		spare()
		fd, err := unix.Open(fdName(windowFD), unix.O_RDWR, 0)
		if err != nil {
			return err
		}
		return unix.Fallocate(fd, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, page)
	}},
	{"window-close", func() error { spare(); return unix.Close(windowFD) }},
	{"window-close-range", func() error {
		spare()
		if err := unix.CloseRange(900, 1100, 0); err != nil {
			return err
		}
		if _, err := unix.FcntlInt(windowFD, unix.F_GETFD, 0); err == nil {
			return errHeld
		}
		if err := unix.Close(windowFD); errors.Is(err, unix.EBADF) && natively() {
			return nil
		}
		return errHeld
	}},
	{"window-dup2", func() error { return ok(call(unix.SYS_DUP2, 0, windowFD)) }},
	{"window-dup3", func() error { return ok(call(unix.SYS_DUP3, 0, windowFD, 0)) }},
	{"window-cloexec", func() error {
		spare()
		return ok(call(unix.SYS_FCNTL, windowFD, unix.F_SETFD, unix.FD_CLOEXEC))
	}},
	{"window-ioctl-cloexec", func() error { spare(); return ok(call(unix.SYS_IOCTL, windowFD, 0x5451 /* FIOCLEX */, 0)) }},
	{"window-send-away", func() error {
		// An exec with a low limit on descriptors must not lose them.
		spare()
		lim := unix.Rlimit{Cur: 64, Max: 64}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
			return err
		}
		cmd := exec.Command(cfg.Self, "readsecret", cfg.Secret)
		return cmd.Run()
	}},
}

// natively says whether there is no sandbox around: the secret is there.
func natively() bool { return unix.Access(cfg.Secret, unix.R_OK) == nil }

func noCount(_ int, err error) error { return err }

func init() {
	helpers["poke"] = func([]string) {
		own()
		poke(windowLow, 1)
		os.Exit(0)
	}
	helpers["readsecret"] = func(args []string) {
		fd, err := unix.Open(args[0], 0, 0)
		if err != nil || fd < 0 {
			os.Exit(held)
		}
		os.Exit(0)
	}
}
