package sandbox

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The first bytes of a file are its author's.
func FuzzHashBang(f *testing.F) {
	for _, s := range []string{"#!/bin/sh\n", "#! /bin/sh -e x \n", "#!", "#!\n", "#!" + strings.Repeat("x", 300), "#!" + strings.Repeat(" ", 300) + "/bin/sh", "#!/a\x00b\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		head := append([]byte("#!"), b...)
		head = head[:min(len(head), binprmSize)]
		interp, arg, e := hashBang(head)
		if e != 0 {
			if e != unix.ENOEXEC || interp != "" || arg != "" {
				t.Errorf("%q: %q %q %v", head, interp, arg, e)
			}
			return
		}
		if interp == "" || strings.ContainsAny(interp, " \t\n\x00") || strings.ContainsAny(arg, "\n\x00") || arg != strings.Trim(arg, " \t") {
			t.Errorf("%q: %q %q", head, interp, arg)
		}
		if i := bytes.Index(head, []byte(interp)); i < 0 || !bytes.Contains(head[i:], []byte(arg)) {
			t.Errorf("%q: %q %q are not in it", head, interp, arg)
		}
	})
}

// An address, and the control messages beside it, are the guest's.
func FuzzSockaddr(f *testing.F) {
	f.Add([]byte("\x01\x00/run/socket\x00"))
	f.Add([]byte("\x01\x00"))
	f.Add([]byte("\x14\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00abcd"))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= sunPathOff {
			p := sunPath(b)
			if strings.IndexByte(p, 0) >= 0 || !bytes.HasPrefix(b[sunPathOff:], []byte(p)) {
				t.Errorf("%q: %q", b, p)
			}
		}
		before, calls := len(b), 0
		credentials(b, func(data []byte) {
			calls++
			if len(data) > before {
				t.Errorf("%d bytes of %d", len(data), before)
			}
		})
		if calls > before/16 {
			t.Errorf("%d messages in %d bytes", calls, before)
		}
	})
}

// Texts of procfs hold names that the guest has chosen.
func FuzzProcText(f *testing.F) {
	f.Add("00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/x\\012y\nSize: 4 kB\n")
	f.Add("36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n")
	f.Add("Name:\tx\nTracerPid:\t5\nUid:\t1\t2\t3\t4\nGroups:\t1 2\nCapEff:\tff\nSeccomp:\t2\nSeccomp_filters:\t1\n")
	f.Add("00400000 default file=/usr/bin/x mapped=1\n")
	f.Add("0000: 2 0 0 1 1 5 /run/s\n0000: 2 0 0 1 1 5 @x\n0000: 2 0 0 1 1 5\n")
	f.Add("12/task/13/fd/3")
	f.Add("\\0401\\777\\")
	guest := func(p string) string { return "/guest" + p }
	f.Fuzz(func(t *testing.T, s string) {
		if n := strings.Count(guestMaps(s, guest), "\n"); n > strings.Count(s, "\n")+1 {
			t.Errorf("maps: %d lines of %q", n, s)
		}
		guestNuma(s, guest)
		if n := strings.Count(guestUnix(s, guest), "\n"); n > strings.Count(s, "\n")+1 {
			t.Errorf("unix: %d lines of %q", n, s)
		}
		// Whatever a name says, nobody traces the guest.
		for line := range strings.Lines(guestStatus(s, 1)) {
			if v, ok := strings.CutPrefix(line, "TracerPid:"); ok && strings.TrimSpace(v) != "0" {
				t.Errorf("status: %q of %q", line, s)
			}
		}
		parseCreds(s)
		for _, m := range parseMountinfo(s) {
			if strings.ContainsAny(m.dev+m.options+m.fstype, " \n") {
				t.Errorf("mountinfo: %+v of %q", m, s)
			}
		}
		if m, ok := parseMagic(s); ok && (m.pid <= 0 || strings.Contains(m.rest, "/")) {
			t.Errorf("magic: %+v of %q", m, s)
		}
		if back := unescapeOctal(escapeOctal(s, "\n\t\\ ")); back != s {
			t.Errorf("%q became %q", s, back)
		}
	})
}

// Extended attributes of files are whoever's who has written them.
func FuzzAttributes(f *testing.F) {
	f.Add([]byte{2, 0, 0, 0, 1, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 5, 0, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if perm, plain, e := parseACL(b); perm > 0o777 || plain && e != 0 {
			t.Errorf("% x: %o %v %v", b, perm, plain, e)
		}
		if k := parseCaps(b); (k != nil) && len(b) < 20 {
			t.Errorf("% x: %+v", b, k)
		}
	})
}
