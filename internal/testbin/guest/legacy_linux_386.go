package main

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

func init() { commands["legacy"] = legacy }

// legacy makes the calls that C libraries of i386 no longer make, or make in
// another form than package unix, in the directory that is its argument. What it
// prints depends on who runs it only.
func legacy(args []string) int {
	le := binary.LittleEndian
	call := func(nr uintptr, a ...uintptr) string {
		var regs [6]uintptr
		copy(regs[:], a)
		r, e := rawCall(nr, regs)
		if e != 0 {
			return errnoName(e)
		}
		return fmt.Sprint(int32(r))
	}
	file, missing := cstring(args[0]+"/f"), cstring(args[0]+"/missing")
	words := func(v ...uintptr) uintptr {
		b := alloc(4 * len(v))
		setLongs(b, v...)
		return addr(b)
	}
	fd, err := unix.Open(args[0]+"/f", unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC, 0o640)
	if err != nil {
		return fail("%v", err)
	}
	buf := alloc(256)
	stat := func(name string, nr, what uintptr) {
		clear(buf)
		r := call(nr, what, addr(buf))
		fmt.Println(name, r, fmt.Sprintf("%o", le.Uint16(buf[8:])), le.Uint16(buf[10:]), le.Uint16(buf[12:]), le.Uint16(buf[14:]), le.Uint32(buf[20:]), le.Uint32(buf[40:]))
	}
	fmt.Println("truncate64", call(unix.SYS_TRUNCATE64, file, 0, 1), call(unix.SYS_FTRUNCATE64, uintptr(fd), 100, 0), call(unix.SYS_TRUNCATE, file, 1<<32-1))
	fmt.Println("utime", call(unix.SYS_UTIME, file, words(1000, 2000)), call(unix.SYS_UTIMES, missing, words(1, 2, 3, 4)), call(unix.SYS_UTIMES, file, words(1, 2, 3, 1000000)))
	stat("stat", unix.SYS_STAT, file)
	stat("lstat", unix.SYS_LSTAT, file)
	stat("fstat", unix.SYS_FSTAT, uintptr(fd))
	fmt.Println("missing", call(unix.SYS_STAT, missing, addr(buf)), call(unix.SYS_STAT64, missing, addr(buf)), call(unix.SYS_STAT64, file, 0))
	fmt.Println("chown", call(unix.SYS_CHOWN, file, 0xffff, 0xffff), call(unix.SYS_CHOWN32, missing, 0, 0), call(unix.SYS_LCHOWN, file, 0x1ffff, 0x5ffff))
	clear(buf)
	fmt.Println("statfs", call(unix.SYS_STATFS, file, addr(buf)), fmt.Sprintf("%#x", le.Uint32(buf)), le.Uint32(buf[4:]), le.Uint32(buf[36:]), le.Uint32(buf[40:]))
	fmt.Println("statfs64", call(unix.SYS_STATFS64, file, 84, addr(buf)), le.Uint32(buf[56:]), call(unix.SYS_STATFS64, file, 83, addr(buf)), call(unix.SYS_FSTATFS64, uintptr(fd), 84, addr(buf)))
	id := func(nr uintptr) { fmt.Print(call(nr), " ") }
	for _, nr := range []uintptr{unix.SYS_GETUID, unix.SYS_GETUID32, unix.SYS_GETEGID, unix.SYS_GETEGID32} {
		id(nr)
	}
	clear(buf)
	fmt.Println(call(unix.SYS_GETRESUID, addr(buf), addr(buf)+2, addr(buf)+4), le.Uint16(buf), le.Uint16(buf[2:]), le.Uint16(buf[4:]))
	fmt.Println("setresuid", call(unix.SYS_SETRESUID, 0xffff, 0xffff, 0xffff), call(unix.SYS_SETRESUID32, 1<<32-1, 1<<32-1, 1<<32-1), call(unix.SYS_SETFSUID, 0xffff))

	// Positions of 64 bits, arrays and the multiplexer.
	iov := words(cstring("abc"), 3, cstring("de"), 2)
	fmt.Println("pwritev", call(unix.SYS_PWRITEV, uintptr(fd), iov, 2, 1, 1), call(unix.SYS_PWRITE64, uintptr(fd), cstring("x"), 1, 0, 2), call(unix.SYS_WRITEV, uintptr(fd), iov, 2))
	fmt.Println("_llseek", call(unix.SYS__LLSEEK, uintptr(fd), 0, 0, addr(buf), unix.SEEK_END), le.Uint64(buf))
	fmt.Println("fallocate", call(unix.SYS_FALLOCATE, uintptr(fd), unix.FALLOC_FL_KEEP_SIZE, 0, 3, 4096, 0))
	const socket, bind, connect, listen, accept, getsockname, send, recv, sendmsg, recvmsg = 1, 2, 3, 4, 5, 6, 9, 10, 16, 17
	sc := func(n uintptr, a ...uintptr) string { return call(unix.SYS_SOCKETCALL, n, words(a...)) }
	name := append([]byte{1, 0}, args[0]+"/s\x00"...)
	sa := alloc(len(name))
	copy(sa, name)
	size := uintptr(len(name))
	l, c := 10, 11 // numbers that nothing has
	for _, n := range []int{l, c} {
		s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil || unix.Dup2(s, n) != nil {
			return fail("socket: %v", err)
		}
		unix.Close(s)
	}
	fmt.Println("bind", sc(bind, uintptr(l), addr(sa), size), sc(bind, uintptr(c), addr(sa), size), sc(listen, uintptr(l), 1))
	got, n := alloc(128), alloc(4)
	le.PutUint32(n, 128)
	fmt.Println("getsockname", sc(getsockname, uintptr(l), addr(got), addr(n)), le.Uint32(n) == uint32(size), string(got[2:2+len(args[0])]) == args[0])
	fmt.Println("connect", sc(connect, uintptr(c), addr(sa), size))
	r, e := rawCall(unix.SYS_SOCKETCALL, [6]uintptr{accept, words(uintptr(l), 0, 0)})
	fmt.Println("accept", e == 0, sc(send, uintptr(c), cstring("hello"), 5, 0), sc(recv, r, addr(buf), 256, 0), string(buf[:5]))
	ctl := words(16, unix.SOL_SOCKET, unix.SCM_RIGHTS, uintptr(fd))
	fmt.Println("sendmsg", sc(sendmsg, uintptr(c), words(0, 0, iov, 2, ctl, 16, 0), 0))
	room, data := alloc(64), alloc(16)
	hdr := words(0, 0, words(addr(data), 16), 1, addr(room), 64, 0)
	fmt.Println("recvmsg", sc(recvmsg, r, hdr, 0), string(data[:5]), le.Uint32(room), le.Uint32(room[8:]))
	fmt.Println("bad", sc(0), sc(99), call(unix.SYS_SOCKETCALL, bind, badAddr()), sc(socket, 99, 1, 0), sc(connect, uintptr(c), badAddr(), size))
	return 0
}
