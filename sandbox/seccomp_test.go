package sandbox

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHarmless(t *testing.T) {
	prog := func(insns ...unix.SockFilter) (b []byte) {
		for _, i := range insns {
			b = binary.LittleEndian.AppendUint16(b, i.Code)
			b = append(b, i.Jt, i.Jf)
			b = binary.LittleEndian.AppendUint32(b, i.K)
		}
		return b
	}
	ret := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	load := unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}
	for _, c := range []struct {
		name string
		prog []byte
		want bool
	}{
		{"allow", prog(load, ret(unix.SECCOMP_RET_ALLOW)), true},
		{"errno and kill", prog(ret(unix.SECCOMP_RET_ERRNO|1), ret(unix.SECCOMP_RET_KILL_PROCESS), ret(unix.SECCOMP_RET_TRAP)), true},
		{"trace", prog(load, ret(unix.SECCOMP_RET_ALLOW), ret(unix.SECCOMP_RET_TRACE|7)), false},
		{"notify", prog(ret(unix.SECCOMP_RET_USER_NOTIF)), false},
		{"computed", prog(load, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_A}), false},
		{"index", prog(load, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_X}), false},
	} {
		if got := harmless(c.prog); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestInside(t *testing.T) {
	if !inside("/a/b", "/a") || !inside("/a", "/a") || inside("/ab", "/a") || !inside("/a", "/") || inside("/a", "/a/b") {
		t.Error("a path is taken to be inside another")
	}
}
