package ptrace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests and events that golang.org/x/sys/unix does not name on every
// architecture (include/uapi/linux/ptrace.h).
const (
	reqGetSigMask     = 0x420a
	reqSetSigMask     = 0x420b
	reqGetSyscallInfo = 0x420e
	reqSetSyscallInfo = 0x4212 // Linux 6.16

	// EventStop is the event of a group-stop, of PTRACE_INTERRUPT and of a
	// child's first stop.
	EventStop = 128
)

// raw passes data by value.
func raw(req, tid int, addr, data uintptr) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, data, 0, 0)
	return e
}

// rawp passes a pointer; it becomes an integer only in the call expression,
// so that a growing stack cannot leave it behind.
func rawp(req, tid int, addr uintptr, data unsafe.Pointer) unix.Errno {
	_, _, e := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, uintptr(data), 0, 0)
	return e
}

// Seize attaches to pid and sets the options in the same request, so that
// there is no moment without PTRACE_O_EXITKILL (unix.PtraceSeize passes none).
func Seize(pid int, options uintptr) unix.Errno {
	return raw(unix.PTRACE_SEIZE, pid, 0, options)
}

// SetOptions replaces the options of a stopped tracee.
func SetOptions(tid int, options uintptr) unix.Errno {
	return raw(unix.PTRACE_SETOPTIONS, tid, 0, options)
}

// Cont resumes tid, delivering sig if it is not 0.
func Cont(tid, sig int) unix.Errno {
	return raw(unix.PTRACE_CONT, tid, 0, uintptr(sig))
}

// Syscall resumes tid until the next entry to or exit from a system call.
func Syscall(tid, sig int) unix.Errno {
	return raw(unix.PTRACE_SYSCALL, tid, 0, uintptr(sig))
}

// Listen leaves tid in its group-stop but lets SIGCONT be seen.
func Listen(tid int) unix.Errno {
	return raw(unix.PTRACE_LISTEN, tid, 0, 0)
}

// Interrupt stops a running tid.
func Interrupt(tid int) unix.Errno {
	return raw(unix.PTRACE_INTERRUPT, tid, 0, 0)
}

// Detach lets tid go on untraced.
func Detach(tid, sig int) unix.Errno {
	return raw(unix.PTRACE_DETACH, tid, 0, uintptr(sig))
}

// SigMask reads the signals that tid blocks.
func SigMask(tid int) (uint64, unix.Errno) {
	var v uint64
	e := rawp(reqGetSigMask, tid, unsafe.Sizeof(v), unsafe.Pointer(&v))
	return v, e
}

// SetSigMask makes tid block these signals.
func SetSigMask(tid int, v uint64) unix.Errno {
	return rawp(reqSetSigMask, tid, unsafe.Sizeof(v), unsafe.Pointer(&v))
}

// EventMsg returns the message of the current event stop.
func EventMsg(tid int) (uint64, unix.Errno) {
	var v uint64
	e := rawp(unix.PTRACE_GETEVENTMSG, tid, 0, unsafe.Pointer(&v))
	return v, e
}

// GetRegs reads the general purpose registers (PTRACE_GETREGS). Their form is
// that of the caller, where PTRACE_GETREGSET has the tracee's.
func GetRegs(tid int, r *unix.PtraceRegs) unix.Errno {
	return rawp(unix.PTRACE_GETREGS, tid, 0, unsafe.Pointer(r))
}

// SetRegs writes the general purpose registers (PTRACE_SETREGS).
func SetRegs(tid int, r *unix.PtraceRegs) unix.Errno {
	return rawp(unix.PTRACE_SETREGS, tid, 0, unsafe.Pointer(r))
}

// PeekUser reads the word at offset off of struct user.
func PeekUser(tid int, off uintptr) (uint64, unix.Errno) {
	var v uint64
	// The system call, unlike the C library's wrapper, stores the word at data.
	e := rawp(unix.PTRACE_PEEKUSR, tid, off, unsafe.Pointer(&v))
	return v, e
}

// PokeUser writes the word at offset off of struct user.
func PokeUser(tid int, off uintptr, v uint64) unix.Errno {
	return raw(unix.PTRACE_POKEUSR, tid, off, uintptr(v))
}

// PeekData reads the word at addr of the tracee's memory.
func PeekData(tid int, addr uint64) (uint64, unix.Errno) {
	var v uint64
	e := rawp(unix.PTRACE_PEEKDATA, tid, uintptr(addr), unsafe.Pointer(&v))
	return v, e
}

// PokeData writes the word at addr, even where the tracee itself may not.
func PokeData(tid int, addr, v uint64) unix.Errno {
	return raw(unix.PTRACE_POKEDATA, tid, uintptr(addr), uintptr(v))
}

// The values of SyscallInfo.Op.
const (
	InfoNone    = 0
	InfoEntry   = 1
	InfoExit    = 2
	InfoSeccomp = 3
)

// SyscallInfo is struct ptrace_syscall_info (Linux 5.3). At an exit stop
// Nr holds rval and Args[0] holds is_error.
type SyscallInfo struct {
	Op       uint8
	Reserved uint8
	Flags    uint16
	Arch     uint32
	IP, SP   uint64
	Nr       uint64
	Args     [6]uint64
	RetData  uint32
	Pad      uint32
}

// GetSyscallInfo describes the current system call stop (Linux 5.3).
func GetSyscallInfo(tid int, si *SyscallInfo) unix.Errno {
	return rawp(reqGetSyscallInfo, tid, unsafe.Sizeof(*si), unsafe.Pointer(si))
}

// SetSyscallInfo changes number and arguments, or the result, of the current
// system call stop (Linux 6.16).
func SetSyscallInfo(tid int, si *SyscallInfo) unix.Errno {
	return rawp(reqSetSyscallInfo, tid, unsafe.Sizeof(*si), unsafe.Pointer(si))
}

// SigInfo fills buf with the siginfo_t of the current signal stop.
func SigInfo(tid int, buf *[128]byte) unix.Errno {
	return rawp(unix.PTRACE_GETSIGINFO, tid, 0, unsafe.Pointer(buf))
}

// SetSigInfo replaces the siginfo_t of the current signal stop.
func SetSigInfo(tid int, buf *[128]byte) unix.Errno {
	return rawp(unix.PTRACE_SETSIGINFO, tid, 0, unsafe.Pointer(buf))
}

// Wait waits for a stop or the end of a tracee of the calling thread only
// (__WNOTHREAD), so that other children of the process are left alone. With
// WNOHANG it is made raw; a blocking wait goes through the scheduler, because
// a blocked raw call would stall the garbage collector.
func Wait(tid int, status *uint32, flags int) (int, unix.Errno) {
	flags |= unix.WALL | unix.WNOTHREAD
	var r uintptr
	var e unix.Errno
	if flags&unix.WNOHANG != 0 {
		r, _, e = unix.RawSyscall6(unix.SYS_WAIT4, uintptr(tid), uintptr(unsafe.Pointer(status)), uintptr(flags), 0, 0, 0)
	} else {
		r, _, e = unix.Syscall6(unix.SYS_WAIT4, uintptr(tid), uintptr(unsafe.Pointer(status)), uintptr(flags), 0, 0, 0)
	}
	return int(r), e
}

// HasChildren says whether the calling thread has children, tracees included.
func HasChildren() bool {
	const flags = unix.WNOHANG | unix.WNOWAIT | unix.WEXITED | unix.WALL | unix.WNOTHREAD
	_, _, e := unix.RawSyscall6(unix.SYS_WAITID, unix.P_ALL, 0, 0, flags, 0, 0)
	return e != unix.ECHILD
}

// QuietStops has the kernel send no SIGCHLD when a child stops or ends
// (SA_NOCLDSTOP and SIG_DFL, sigaction(2)). The Go runtime handles every signal, so each stop of a tracee
// would also interrupt a thread of ours to run a handler that does nothing,
// which takes longer than the rest of the stop. It holds for the process, and
// wait4 still reports the stops: that is SIG_IGN's doing only.
func QuietStops() {
	const sigDfl, saNoCldStop = 0, 1
	act := struct{ handler, flags, restorer, mask uintptr }{handler: sigDfl, flags: saNoCldStop} // struct kernel_sigaction
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), uintptr(unsafe.Pointer(&act)), 0, 8, 0, 0)
}

// ReadVM copies from the tracee's memory with process_vm_readv.
func ReadVM(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	return vm(unix.SYS_PROCESS_VM_READV, tid, addr, buf)
}

// ReadVM2 copies from two places at once; it returns how much it has got.
func ReadVM2(tid int, addrA uint64, a []byte, addrB uint64, b []byte) int {
	local := [2]unix.Iovec{{Base: &a[0], Len: uint64(len(a))}, {Base: &b[0], Len: uint64(len(b))}}
	remote := [2]struct{ base, length uint64 }{{addrA, uint64(len(a))}, {addrB, uint64(len(b))}}
	n, _, e := unix.RawSyscall6(unix.SYS_PROCESS_VM_READV, uintptr(tid), uintptr(unsafe.Pointer(&local)), 2, uintptr(unsafe.Pointer(&remote)), 2, 0)
	if e != 0 {
		return 0
	}
	return int(n)
}

// WriteVM copies to the tracee's memory with process_vm_writev.
func WriteVM(tid int, addr uint64, buf []byte) (int, unix.Errno) {
	return vm(unix.SYS_PROCESS_VM_WRITEV, tid, addr, buf)
}

func vm(nr uintptr, tid int, addr uint64, buf []byte) (int, unix.Errno) {
	if len(buf) == 0 {
		return 0, 0
	}
	local := unix.Iovec{Base: &buf[0], Len: uint64(len(buf))}
	remote := struct{ base, length uint64 }{addr, uint64(len(buf))}
	n, _, e := unix.RawSyscall6(nr, uintptr(tid), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), 0
}

// Kcmp compares a kernel resource of two tasks: 0 means shared. It is
// kcmp(2) and needs the rights of a tracer.
func Kcmp(a, b int, what int) (int, unix.Errno) {
	r, _, e := unix.RawSyscall6(unix.SYS_KCMP, uintptr(a), uintptr(b), uintptr(what), 0, 0, 0)
	return int(r), e
}

// SameFile says that two of our descriptors are one open file.
func SameFile(a, b int) bool {
	self := unix.Getpid()
	same, e := KcmpFile(self, a, self, b)
	return e == 0 && same
}

// KcmpFile reports whether two descriptors are of one open file (KCMP_FILE).
func KcmpFile(a, fdA, b, fdB int) (bool, unix.Errno) {
	const kcmpFile = 0
	r, _, e := unix.RawSyscall6(unix.SYS_KCMP, uintptr(a), uintptr(b), kcmpFile, uintptr(fdA), uintptr(fdB), 0)
	return r == 0, e
}

// The resources of Kcmp (include/uapi/linux/kcmp.h).
const (
	KcmpVM    = 1
	KcmpFiles = 2
	KcmpFS    = 3
)
