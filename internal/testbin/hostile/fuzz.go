package main

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func init() { parts["fuzz"] = func(args []string) error { return fuzz(args[0]) } }

// never are the calls that a fuzzing thread does not make: those that end it
// for sure, that make others wait for the host's disk, that signal anybody
// (bother does that), and that make objects of the host that outlive all.
var never = map[int]bool{
	unix.SYS_EXIT: true, unix.SYS_EXIT_GROUP: true, unix.SYS_RT_SIGRETURN: true,
	unix.SYS_SYNC: true, unix.SYS_SYNCFS: true, unix.SYS_KILL: true, unix.SYS_TKILL: true, unix.SYS_TGKILL: true,
	unix.SYS_RT_SIGQUEUEINFO: true, unix.SYS_RT_TGSIGQUEUEINFO: true, unix.SYS_PIDFD_SEND_SIGNAL: true,
	unix.SYS_SHMGET: true, unix.SYS_SEMGET: true, unix.SYS_MSGGET: true, unix.SYS_MQ_OPEN: true,
}

var fuzzNames = []string{
	"/", ".", "..", "", "/etc/canary", "/tmp/a", "/tmp/b", "/tmp/d/e", "a", "b", "d", "d/e", "../..", "/proc/self/fd/3", "/proc/self/exe",
	"/proc/self/maps", "/proc/self/mem", "/proc/1", "/proc/self/root", "/proc/thread-self/cwd", "/dev/null", "/none/none", "/hostile",
	"/tmp//a/", "/tmp/./b/.", "user.x", "/proc/self/task", "/ro/f",
}

// fuzzer makes random calls.
type fuzzer struct {
	rnd  *rand.Rand
	mem  []byte
	end  uint64
	addr []uint64
}

// fuzz makes calls with numbers and arguments that mean nothing in particular,
// in several threads, for a moment.
func fuzz(seed string) error {
	n, err := strconv.ParseUint(seed, 10, 64)
	if err != nil {
		return err
	}
	if err := os.Chdir("/tmp"); err != nil {
		return err
	}
	for i := range 3 {
		go func() {
			runtime.LockOSThread()
			f := newFuzzer(n + uint64(i))
			for {
				f.once()
			}
		}()
	}
	time.Sleep(500 * time.Millisecond)
	return nil
}

func newFuzzer(seed uint64) *fuzzer {
	f := &fuzzer{rnd: rand.New(rand.NewPCG(seed, 1)), mem: make([]byte, 64<<10), end: address(lastPage()) + page}
	base := address(f.mem)
	for i, s := range fuzzNames {
		copy(f.mem[i*512:], s+"\x00")
		f.addr = append(f.addr, base+uint64(i*512))
	}
	f.addr = append(f.addr, base+32<<10, base+48<<10, beyond(), f.end-1, f.end-8, f.end-24, f.end-110)
	return f
}

// arg is an argument: a small number, a descriptor, flags, an address.
func (f *fuzzer) arg() uint64 {
	r := f.rnd
	switch r.IntN(12) {
	case 0:
		return uint64(r.IntN(8))
	case 1:
		return uint64(r.IntN(40))
	case 2:
		return ^uint64(r.IntN(200)) // AT_FDCWD and other negative ones
	case 3:
		return 1 << r.IntN(64)
	case 4:
		return r.Uint64() & r.Uint64() & r.Uint64()
	case 5:
		return r.Uint64()
	case 6:
		return uint64(0x10000 + r.IntN(0xf0000)) // the window
	case 7:
		return uint64(990 + r.IntN(30)) // its descriptors
	case 8:
		return 0
	default:
		return f.addr[r.IntN(len(f.addr))]
	}
}

// stir puts something into the memory that arguments point at: numbers, and
// addresses of other parts of it.
func (f *fuzzer) stir() {
	at := 32<<10 + f.rnd.IntN(32<<10-256)&^7
	for i := range 1 + f.rnd.IntN(16) {
		binary.LittleEndian.PutUint64(f.mem[at+8*i:], f.arg())
	}
	if f.rnd.IntN(4) == 0 {
		binary.LittleEndian.PutUint16(f.mem[32<<10:], uint16(f.rnd.IntN(45))) // sa_family
	}
}

func (f *fuzzer) once() {
	f.stir()
	nr := f.rnd.IntN(475)
	switch f.rnd.IntN(20) {
	case 0:
		nr = f.rnd.IntN(1 << 12)
	case 1:
		nr |= 1 << 30 // x32
	case 2:
		nr = int(f.rnd.Uint64())
	}
	if never[nr&^(1<<30)] || nr == unix.SYS_FORK || nr == unix.SYS_VFORK || nr == unix.SYS_CLONE || nr == unix.SYS_CLONE3 {
		if f.rnd.IntN(50) == 0 {
			f.child(nr)
		}
		return
	}
	// A thread that waits for ever makes no more calls.
	rawFuzz(nr, f.arg(), f.arg(), f.arg(), f.arg(), f.arg(), f.arg())
}

// child makes one that ends at once, and bothers itself.
func (f *fuzzer) child(nr int) {
	switch nr {
	case unix.SYS_CLONE:
		// Neither with our memory, which it would tear up, nor our tables.
		rawFork(nr, f.rnd.Uint64()&^uint64(unix.CLONE_VM|unix.CLONE_THREAD|unix.CLONE_SIGHAND|0xff)|uint64(unix.SIGCHLD), 0)
	case unix.SYS_CLONE3:
		b := f.mem[40<<10:]
		for i := range 11 {
			binary.LittleEndian.PutUint64(b[8*i:], 0)
		}
		binary.LittleEndian.PutUint64(b, f.rnd.Uint64()&^uint64(unix.CLONE_VM|unix.CLONE_THREAD|unix.CLONE_SIGHAND|0xff))
		binary.LittleEndian.PutUint64(b[32:], uint64(unix.SIGCHLD))
		rawFork(nr, address(b), 64+8*f.rnd.Uint64N(4))
	case unix.SYS_FORK:
		rawFork(nr, 0, 0)
	case unix.SYS_KILL, unix.SYS_TGKILL:
		_ = unix.Kill(os.Getpid(), unix.Signal(f.rnd.IntN(65))) // whatever it does
	case unix.SYS_TKILL:
		rawFuzz(nr, uint64(unix.Gettid()), f.rnd.Uint64N(65), 0, 0, 0, 0)
	case unix.SYS_RT_SIGQUEUEINFO:
		rawFuzz(nr, uint64(os.Getpid()), f.rnd.Uint64N(65), f.arg(), 0, 0, 0)
	}
}
