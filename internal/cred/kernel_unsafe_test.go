package cred

import (
	"fmt"
	"math/rand"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel is the oracle: the same random calls are made by a thread of its
// own, whose credentials the raw calls change alone, and on a Cred that was
// read from it. As root the privileged rules are compared, as anybody else the
// others.
func TestKernel(t *testing.T) {
	for seed := range int64(400) {
		done := make(chan string)
		go func() {
			// Never unlocked: the thread ends with the goroutine.
			runtime.LockOSThread()
			done <- compare(seed)
		}()
		if msg := <-done; msg != "" {
			t.Fatalf("seed %d: %s", seed, msg)
		}
	}
}

func raw(nr uintptr, a ...uint64) (int64, unix.Errno) {
	var b [6]uintptr
	for i, v := range a {
		b[i] = uintptr(v)
	}
	r, _, e := unix.RawSyscall6(nr, b[0], b[1], b[2], b[3], b[4], b[5])
	if e != 0 {
		return 0, e
	}
	return int64(r), 0
}

func addr[T any](p *T) uint64 { return uint64(uintptr(unsafe.Pointer(p))) }

// read makes a Cred of the calling thread.
func read() (c Cred) {
	raw(unix.SYS_GETRESUID, addr(&c.UID.Real), addr(&c.UID.Effective), addr(&c.UID.Saved))
	raw(unix.SYS_GETRESGID, addr(&c.GID.Real), addr(&c.GID.Effective), addr(&c.GID.Saved))
	fs, _ := raw(unix.SYS_SETFSUID, uint64(Keep))
	c.UID.FS = uint32(fs)
	fs, _ = raw(unix.SYS_SETFSGID, uint64(Keep))
	c.GID.FS = uint32(fs)
	var list [1024]uint32
	n, _ := raw(unix.SYS_GETGROUPS, uint64(len(list)), addr(&list[0]))
	c.Groups = append([]uint32{}, list[:n]...)
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	raw(unix.SYS_CAPGET, addr(&hdr), addr(&data[0]))
	c.Effective = Caps(data[0].Effective) | Caps(data[1].Effective)<<32
	c.Permitted = Caps(data[0].Permitted) | Caps(data[1].Permitted)<<32
	c.Inheritable = Caps(data[0].Inheritable) | Caps(data[1].Inheritable)<<32
	for i := range uint64(LastCap + 1) {
		if v, _ := raw(unix.SYS_PRCTL, unix.PR_CAPBSET_READ, i); v == 1 {
			c.Bounding |= 1 << i
		}
		if v, _ := raw(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_IS_SET, i); v == 1 {
			c.Ambient |= 1 << i
		}
	}
	v, _ := raw(unix.SYS_PRCTL, unix.PR_GET_SECUREBITS)
	c.Securebits = uint32(v)
	v, _ = raw(unix.SYS_PRCTL, unix.PR_GET_NO_NEW_PRIVS)
	c.NoNewPrivs = v == 1
	return c
}

func compare(seed int64) string {
	rnd := rand.New(rand.NewSource(seed))
	c := read()
	ids := []uint64{0, 1, 2, uint64(c.UID.Real), uint64(c.GID.Real), 77, 0xffffffff}
	id := func() uint64 { return ids[rnd.Intn(len(ids))] }
	caps := func() Caps {
		list := []Caps{0, c.Permitted, c.Effective, c.Bounding, AllCaps, c.Inheritable, Caps(rnd.Int63()) & c.Permitted, 1 << rnd.Intn(LastCap+1)}
		return list[rnd.Intn(len(list))]
	}
	var log string
	for range 14 {
		var want, got int64
		var we, ge unix.Errno
		a, b, s := id(), id(), id()
		switch op := rnd.Intn(13); op {
		case 0:
			log += fmt.Sprintf("setuid(%d)\n", a)
			want, we = raw(unix.SYS_SETUID, a)
			ge = c.SetUID(uint32(a))
		case 1:
			log += fmt.Sprintf("setreuid(%d,%d)\n", a, b)
			want, we = raw(unix.SYS_SETREUID, a, b)
			ge = c.SetREUID(uint32(a), uint32(b))
		case 2:
			log += fmt.Sprintf("setresuid(%d,%d,%d)\n", a, b, s)
			want, we = raw(unix.SYS_SETRESUID, a, b, s)
			ge = c.SetRESUID(uint32(a), uint32(b), uint32(s))
		case 3:
			log += fmt.Sprintf("setfsuid(%d)\n", a)
			want, we = raw(unix.SYS_SETFSUID, a)
			got = int64(c.SetFSUID(uint32(a)))
		case 4:
			log += fmt.Sprintf("setgid(%d)\n", a)
			want, we = raw(unix.SYS_SETGID, a)
			ge = c.SetGID(uint32(a))
		case 5:
			log += fmt.Sprintf("setregid(%d,%d)\n", a, b)
			want, we = raw(unix.SYS_SETREGID, a, b)
			ge = c.SetREGID(uint32(a), uint32(b))
		case 6:
			log += fmt.Sprintf("setresgid(%d,%d,%d)\n", a, b, s)
			want, we = raw(unix.SYS_SETRESGID, a, b, s)
			ge = c.SetRESGID(uint32(a), uint32(b), uint32(s))
		case 7:
			log += fmt.Sprintf("setfsgid(%d)\n", a)
			want, we = raw(unix.SYS_SETFSGID, a)
			got = int64(c.SetFSGID(uint32(a)))
		case 8:
			list := make([]uint32, rnd.Intn(3)+1)
			for i := range list {
				list[i] = uint32(id())
			}
			log += fmt.Sprintf("setgroups(%v)\n", list)
			want, we = raw(unix.SYS_SETGROUPS, uint64(len(list)), addr(&list[0]))
			ge = c.SetGroups(list)
		case 9:
			e, p, i := caps(), caps(), caps()
			log += fmt.Sprintf("capset(%x,%x,%x)\n", e, p, i)
			hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			data := [2]unix.CapUserData{
				{Effective: uint32(e), Permitted: uint32(p), Inheritable: uint32(i)},
				{Effective: uint32(e >> 32), Permitted: uint32(p >> 32), Inheritable: uint32(i >> 32)},
			}
			want, we = raw(unix.SYS_CAPSET, addr(&hdr), addr(&data[0]))
			ge = c.SetCaps(e, p, i)
		default:
			opts := []int{
				unix.PR_CAPBSET_READ, unix.PR_CAPBSET_DROP, unix.PR_SET_SECUREBITS, unix.PR_SET_KEEPCAPS, unix.PR_GET_KEEPCAPS,
				unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT, unix.PR_GET_SECUREBITS,
			}
			opt := opts[rnd.Intn(len(opts))]
			arg := [4]uint64{uint64(rnd.Intn(6))}
			switch opt {
			case unix.PR_CAPBSET_READ, unix.PR_CAPBSET_DROP:
				arg[0] = uint64(rnd.Intn(LastCap + 3))
			case unix.PR_SET_SECUREBITS:
				arg[0] = uint64(rnd.Intn(256))
				if rnd.Intn(2) == 0 {
					arg[0] = uint64(c.Securebits) ^ 1<<rnd.Intn(13)
				}
			case unix.PR_CAP_AMBIENT:
				arg[1] = uint64(rnd.Intn(LastCap + 3))
			}
			log += fmt.Sprintf("prctl(%d,%v)\n", opt, arg)
			want, we = raw(unix.SYS_PRCTL, uint64(opt), arg[0], arg[1], arg[2], arg[3])
			got, ge, _ = c.Prctl(opt, arg)
		}
		if now := read(); we != ge || want != got || !same(now, c) {
			return fmt.Sprintf("%skernel %d %v, model %d %v\nkernel %+v\nmodel  %+v", log, want, we, got, ge, now, c)
		}
	}
	return ""
}

func same(a, b Cred) bool {
	if !slices.Equal(a.Groups, b.Groups) {
		return false
	}
	a.Groups, b.Groups = nil, nil
	return reflect.DeepEqual(a, b)
}
