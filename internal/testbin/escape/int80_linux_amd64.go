package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// int80call makes a system call of the 32-bit convention, int80at has code at
// an address make it.
func int80call(nr uintptr, a *[6]uintptr) uintptr
func int80at(code, nr uintptr, a *[6]uintptr) uintptr

// low is memory below 4 GiB: what a 32-bit call is given is cut off there.
func low(data []byte) uintptr {
	p, err := call(unix.SYS_MMAP, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_32BIT, -1, 0)
	if err != nil {
		panic(err)
	}
	for i, c := range data {
		poke(uintptr(p)+uintptr(i), c)
	}
	return uintptr(p)
}

func lowString(s string) uintptr { return low(append([]byte(s), 0)) }

func lowWords(w ...uintptr) uintptr {
	var b []byte
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return low(b)
}

func result32(r uintptr) (int, error) {
	if v := int32(r); v < 0 && v > -4096 {
		return -1, unix.Errno(-v)
	}
	return int(uint32(r)), nil
}

func int80(nr uintptr, a ...uintptr) (int, error) {
	var regs [6]uintptr
	copy(regs[:], a)
	return result32(int80call(nr, &regs))
}

// Numbers of i386.
const (
	open386, close386, execve386, chmod386, mkdir386 = 5, 6, 11, 15, 39
	oldmmap386, munmap386, socketcall386, ipc386     = 90, 91, 102, 117
	mprotect386, mremap386, mmap2386, openat386      = 125, 163, 192, 295
	connect386                                       = 362
)

func readResult(fd int, err error) error {
	if err != nil {
		return err
	}
	return readFD(fd, nil)
}

// codeAt puts code at an address below 4 GiB.
func codeAt(at uintptr, code ...byte) error {
	_, err := call(unix.SYS_MMAP, at, page, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, -1, 0)
	for i, c := range code {
		if err == nil {
			poke(at+uintptr(i), c)
		}
	}
	return err
}

// int80Techniques use the 32-bit convention, whose numbers a filter that looks
// at numbers alone takes for others.
var int80Techniques = []technique{
	{"int80", func() error { return readResult(int80(open386, lowString(cfg.Secret))) }},
	{"int80-openat", func() error { return readResult(int80(openat386, 1<<64-100, lowString(cfg.Secret))) }},
	{"int80-high-bits", func() error {
		return readResult(int80(open386|7<<32, lowString(cfg.Secret)|7<<32, 7<<32))
	}},
	{"int80-as-syscall", func() error {
		// With rcx and r11 as `syscall` leaves them. The address has no bit
		// that is a flag of open(2).
		const at = 0x41000002
		if err := codeAt(at&^(page-1), 0, 0, 0xcd, 0x80, 0xc3); err != nil {
			return err
		}
		runtime.LockOSThread()
		return readResult(result32(int80at(at, open386, &[6]uintptr{lowString(cfg.Secret), at + 2})))
	}},
	{"int80-code-segment", func() error {
		const at = 0x42000000
		code := []byte{
			0x49, 0x89, 0xe4, // mov %rsp, %r12
			0x6a, 0x23, // push $0x23
			0x68, 12, 0, 0, 0x42, // push $32-bit code
			0x48, 0xcb, // lretq
			0xcd, 0x80, // int $0x80
			0xea, 21, 0, 0, 0x42, 0x33, 0, // ljmp $0x33, …
			0x4c, 0x89, 0xe4, // mov %r12, %rsp
			0xc3, // ret
		}
		if err := codeAt(at, code...); err != nil {
			return err
		}
		runtime.LockOSThread()
		return readResult(result32(int80at(at, open386, &[6]uintptr{lowString(cfg.Secret)})))
	}},
	{"int80-mkdir", func() error { return ok(int80(mkdir386, lowString(outside("int80")), 0o755)) }},
	{"int80-chmod", func() error { return ok(int80(chmod386, lowString(cfg.Secret), 0o600)) }},
	{"int80-execve", func() error { return exits10(exec.Command(cfg.Self, "exec-by-int80", cfg.HostBin)) }},
	{"int80-connect", func() error {
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr(cfg.Stream)
		return ok(int80(connect386, uintptr(fd), low(a), uintptr(len(a))))
	}},
	{"int80-socketcall", func() error {
		fd, err := socket(unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		a := sockaddr(cfg.Stream)
		return ok(int80(socketcall386, 3, lowWords(uintptr(fd), low(a), uintptr(len(a)))))
	}},
	{"int80-munmap", func() error { own(); return ok(int80(munmap386, windowLow, page)) }},
	{"int80-mprotect", func() error {
		own()
		return ok(int80(mprotect386, windowLow, page, unix.PROT_READ|unix.PROT_WRITE))
	}},
	{"int80-mmap2", func() error {
		return ok(int80(mmap2386, windowLow, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, 1<<64-1, 0))
	}},
	{"int80-old-mmap", func() error {
		return ok(int80(oldmmap386, lowWords(windowLow, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, 1<<64-1, 0)))
	}},
	{"int80-mremap", func() error {
		return ok(int80(mremap386, low(nil), page, page, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED, windowLow))
	}},
	{"int80-shmat", func() error {
		id, err := call(unix.SYS_SHMGET, unix.IPC_PRIVATE, page, 0o600|unix.IPC_CREAT)
		if err != nil {
			return err
		}
		defer call(unix.SYS_SHMCTL, id, unix.IPC_RMID, nil)
		own()
		const remap, shmat = 0o40000, 21
		return ok(int80(ipc386, shmat, uintptr(id), remap, low(nil), windowLow))
	}},
	{"int80-close", func() error { spare(); return ok(int80(close386, windowFD)) }},
}

func init() {
	helpers["exec-by-int80"] = func(args []string) {
		p := lowString(args[0])
		_, err := int80(execve386, p, lowWords(p, lowString("exit10"), 0), lowWords(0))
		fmt.Println(err)
		os.Exit(held)
	}
}
