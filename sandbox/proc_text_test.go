package sandbox

import (
	"strings"
	"testing"
)

// toGuest maps /host/x to /x as magicText does.
func toGuest(host string) string {
	if g, ok := strings.CutPrefix(host, "/host"); ok {
		return g
	}
	if hostName(host) {
		return host
	}
	return "(unreachable)/"
}

func TestGuestMaps(t *testing.T) {
	const in = `00010000-000c4000 r-xs 00000000 00:01 7411                               /memfd:ptbox-window (deleted)
000f0000-00100000 rw-p 00000000 00:00 0 
00100000-00101000 rw-p 00000000 00:00 0 
55a196454000-55a196456000 r--p 00000000 fe:00 247026                     /host/usr/bin/cat
55a196456000-55a19645b000 r-xp 00002000 fe:00 247026                     /host/a b\012c (deleted)
55a1a30e7000-55a1a3108000 rw-p 00000000 00:00 0                          [heap]
7f7343339000-7f734335b000 rw-p 00000000 00:00 0 
7f734335b000-7f734335c000 rw-s 00000000 00:01 12                         /memfd:mine (deleted)
7f734335c000-7f734335d000 rw-s 00000000 00:01 12                         /dev/zero (deleted)
7f734335d000-7f734335e000 rw-s 00000000 00:01 12                         /SYSV00000000 (deleted)
7f734335e000-7f734335f000 r--p 00000000 fe:00 12                         /elsewhere/secret
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`
	const want = `00100000-00101000 rw-p 00000000 00:00 0 
55a196454000-55a196456000 r--p 00000000 fe:00 247026                     /usr/bin/cat
55a196456000-55a19645b000 r-xp 00002000 fe:00 247026                     /a b\012c (deleted)
55a1a30e7000-55a1a3108000 rw-p 00000000 00:00 0                          [heap]
7f7343339000-7f734335b000 rw-p 00000000 00:00 0 
7f734335b000-7f734335c000 rw-s 00000000 00:01 12                         /memfd:mine (deleted)
7f734335c000-7f734335d000 rw-s 00000000 00:01 12                         /dev/zero (deleted)
7f734335d000-7f734335e000 rw-s 00000000 00:01 12                         /SYSV00000000 (deleted)
7f734335e000-7f734335f000 r--p 00000000 fe:00 12                         (unreachable)/
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`
	if got := guestMaps(in, toGuest); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestGuestSmaps(t *testing.T) {
	const in = `00010000-000c4000 r-xs 00000000 00:01 7411                               /memfd:ptbox-window (deleted)
Size:                720 kB
VmFlags: rd ex sh mr me ms sd 
55a196454000-55a196456000 r--p 00000000 fe:00 247026                     /host/usr/bin/cat
Size:                  8 kB
VmFlags: rd mr mw me dw sd 
`
	const want = `55a196454000-55a196456000 r--p 00000000 fe:00 247026                     /usr/bin/cat
Size:                  8 kB
VmFlags: rd mr mw me dw sd 
`
	if got := guestMaps(in, toGuest); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestGuestNuma(t *testing.T) {
	const in = `00010000 default file=/memfd:ptbox-window\040(deleted) mapped=12 N0=12
000f0000 default anon=1
55a196454000 default file=/host/usr/bin/cat mapped=2 active=0 N0=2 kernelpagesize_kB=4
55a196455000 default file=/host/a\040b\075 mapped=2
55a1a30e7000 default heap anon=3 dirty=3 N0=3 kernelpagesize_kB=4
7f7343339000 default file=/elsewhere
`
	const want = `55a196454000 default file=/usr/bin/cat mapped=2 active=0 N0=2 kernelpagesize_kB=4
55a196455000 default file=/a\040b\075 mapped=2
55a1a30e7000 default heap anon=3 dirty=3 N0=3 kernelpagesize_kB=4
7f7343339000 default file=(unreachable)/
`
	if got := guestNuma(in, toGuest); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestGuestStatus(t *testing.T) {
	in := func(tracer, mode, n string) string {
		return "Name:\tcat\nTracerPid:\t" + tracer + "\nNoNewPrivs:\t1\nSeccomp:\t" + mode + "\nSeccomp_filters:\t" + n + "\nThreads:\t1\n"
	}
	for _, c := range []struct {
		mode, n  string
		own      int
		mode2, m string
	}{
		{"2", "1", 1, "0", "0"},
		{"2", "2", 1, "2", "1"}, // the guest has one of its own, or the launcher
		{"2", "2", 2, "0", "0"},
		{"0", "0", 0, "0", "0"},
		{"2", "1", 0, "2", "1"}, // --trap syscall: none is ours
		{"1", "1", 1, "1", "0"},
	} {
		if got, want := guestStatus(in("23", c.mode, c.n), c.own), in("0", c.mode2, c.m); got != want {
			t.Errorf("%+v: got\n%swant\n%s", c, got, want)
		}
	}
	// Before Linux 5.9 there is no count.
	if got := guestStatus("TracerPid:\t3\nSeccomp:\t2\n", 1); got != "TracerPid:\t0\nSeccomp:\t0\n" {
		t.Errorf("got %q", got)
	}
}

func TestGuestUnix(t *testing.T) {
	const in = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 12345 /host/run/sock
0000000000000000: 00000002 00000000 00010000 0001 01 12346 /elsewhere/a b
0000000000000000: 00000002 00000000 00010000 0001 01 12347 @/abstract
0000000000000000: 00000003 00000000 00000000 0001 03 12348
`
	const want = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/sock
0000000000000000: 00000002 00000000 00010000 0001 01 12346
0000000000000000: 00000002 00000000 00010000 0001 01 12347 @/abstract
0000000000000000: 00000003 00000000 00000000 0001 03 12348
`
	guest := func(s string) string {
		g, _ := strings.CutPrefix(s, "/host")
		if g == s {
			return ""
		}
		return g
	}
	if got := guestUnix(in, guest); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestEscapeOctal(t *testing.T) {
	for _, s := range []string{"", "/a", "/a b", "/\t\n\\#", "/ä"} {
		e := escapeOctal(s, mountEscapes)
		if strings.ContainsAny(e, " \t\n#") || unescapeOctal(e) != s {
			t.Errorf("%q becomes %q, and back %q", s, e, unescapeOctal(e))
		}
	}
	if got := escapeOctal("/a b", mountEscapes); got != `/a\040b` {
		t.Errorf("got %s", got)
	}
}
