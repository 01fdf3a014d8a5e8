package fsview

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeLinks answers as the sandbox does for a caller with pid 7.
type fakeLinks map[string]Link

func (f fakeLinks) Link(caller any, rel string) Link {
	if caller != "pid 7" {
		return Link{Kind: LinkDenied}
	}
	return f[rel]
}

const procTree = `
root/proc/
root/dev/stdin -> /proc/self/fd/0
root/dev/fd -> /proc/self/fd
root/etc/passwd
root/etc/mtab -> ../proc/self/mounts
root/home/me/x
root/prog
root/to7exe -> proc/7/exe
root/viaroot -> /proc/self/root/etc
p/self -> 666
p/thread-self -> 666/task/666
p/mounts -> self/mounts
p/net -> self/net
p/cpuinfo
p/666/status
p/7/status
p/7/mounts
p/7/net/dev
p/7/exe -> /somewhere/on/the/host
p/7/cwd -> /host/cwd
p/7/root -> /host
p/7/fd/0 -> pipe:[1]
p/7/fd/3 -> /host/home/me
p/7/fd/4 -> /host/outside
p/7/fd/5 -> /host/gone
p/7/ns/mnt -> mnt:[4026531840]
p/7/task/7/status
p/7/task/7/exe -> /somewhere
p/8/exe -> /secret
p/1/plain -> ../7/status
`

var procAnswers = fakeLinks{
	"self":         {Body: "7"},
	"thread-self":  {Body: "7/task/7"},
	"7/exe":        {Kind: LinkJump, Body: "/prog"},
	"7/task/7/exe": {Kind: LinkJump, Body: "/prog"},
	"7/cwd":        {Kind: LinkJump, Body: "/home/me"},
	"7/root":       {Kind: LinkJump, Body: "/"},
	"7/fd/0":       {Kind: LinkOpaque},
	"7/fd/3":       {Kind: LinkJump, Body: "/home/me"},
	"7/fd/4":       {Kind: LinkOpaque, Errno: unix.ENOENT},
	"7/fd/5":       {Kind: LinkJump, Body: "/home/gone"},
	"7/ns/mnt":     {Kind: LinkOpaque},
	"8/exe":        {Kind: LinkDenied, Errno: unix.EPERM},
	// mounts, net and 1/plain have the zero Link: ordinary symlinks.
}

func TestProc(t *testing.T) {
	rows := []row{
		{"/proc/cpuinfo", Lookup, "", "p/cpuinfo"},
		{"/proc/self", Lookup, "n", "p/self"},
		{"/proc/self", Lookup, "", "p/7"},
		{"/proc/self/", Lookup, "n", "p/7/"},
		{"/proc/self/status", Lookup, "", "p/7/status"},
		{"/proc/self/status", Lookup, "n", "p/7/status"},
		{"/proc/thread-self/status", Lookup, "", "p/7/task/7/status"},
		{"/proc/mounts", Lookup, "", "p/7/mounts"},
		{"/proc/net/dev", Lookup, "", "p/7/net/dev"},
		{"/proc/1/plain", Lookup, "", "p/7/status"},
		{"/etc/mtab", Lookup, "", "p/7/mounts"},
		{"/proc/self/exe", Lookup, "", "root/prog"},
		{"/proc/self/exe", Lookup, "n", "p/7/exe"},
		{"/proc/self/exe/x", Lookup, "", "ENOTDIR"},
		{"/proc/thread-self/exe", Lookup, "", "root/prog"},
		{"/to7exe", Lookup, "", "root/prog"},
		{"/proc/8/exe", Lookup, "", "EPERM"},
		{"/proc/8/exe", Lookup, "n", "p/8/exe"},
		{"/proc/self/cwd", Lookup, "", "root/home/me"},
		{"/proc/self/cwd/x", Lookup, "", "root/home/me/x"},
		{"/proc/self/cwd/../..", Lookup, "", "root"},
		{"/proc/self/cwd/new", OpenCreate, "", "root/home/me/new new"},
		{"/proc/self/cwd/new", Create, "", "root/home/me/new new"},
		{"/proc/self/root", Lookup, "", "root"},
		{"/proc/self/root/etc/passwd", Lookup, "", "root/etc/passwd"},
		{"/proc/self/root/proc/self/root/proc/self/status", Lookup, "", "p/7/status"},
		{"/viaroot/passwd", Lookup, "", "root/etc/passwd"},
		{"/proc/self/fd/0", Lookup, "", "p/7/fd/0 magic"},
		{"/proc/self/fd/0", OpenCreate, "", "p/7/fd/0 magic"},
		{"/proc/self/fd/0", Lookup, "n", "p/7/fd/0"},
		{"/proc/self/fd/0/", Lookup, "", "p/7/fd/0/ magic"},
		{"/proc/self/fd/0/x", Lookup, "", "ENOTDIR"},
		{"/proc/self/fd/4/x", Lookup, "", "ENOENT"},
		{"/proc/self/fd/3/x", Lookup, "", "root/home/me/x"},
		{"/proc/self/fd/5", Lookup, "", "ENOENT"},
		{"/proc/self/fd/9", Lookup, "", "ENOENT"},
		{"/proc/self/ns/mnt", Lookup, "", "p/7/ns/mnt magic"},
		{"/dev/stdin", Lookup, "", "p/7/fd/0 magic"},
		{"/dev/stdin", Lookup, "n", "root/dev/stdin"},
		{"/dev/fd/3/x", Lookup, "", "root/home/me/x"},
		{"/dev/fd/0", OpenCreate, "", "p/7/fd/0 magic"},
		{"/proc/self/..", Lookup, "", "p"},
		{"/proc/self/../..", Lookup, "", "root"},
		{"/proc/self/../self/status", Lookup, "", "p/7/status"},
		{"self/status", Lookup, "base=/proc", "p/7/status"},
		{"status", Lookup, "base=/proc/self", "rel"},
		{"exe", Lookup, "base=/proc/self", "root/prog"},
		{"exe", Lookup, "base=/proc/self n", "rel"},
		{"../self/status", Lookup, "base=/proc/self", "p/7/status"},
		{"/proc/self/exe", Lookup, "nomagic", "ELOOP"},
		{"/proc/self/status", Lookup, "nomagic", "p/7/status"},
		{"/proc/self/status", Lookup, "nosym", "ELOOP"},
		{"self/exe", Lookup, "base=/proc beneath", "EXDEV"},
		{"self/exe", Lookup, "base=/proc noxdev", "EXDEV"},
		{"/proc/self/root/etc", Lookup, "root=/home", "ENOENT"},
		{"/me", Lookup, "root=/home", "root/home/me"},
	}
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, procTree)
		c := w.config("/proc p proc")
		c.Links = procAnswers
		v := newView(t, w, c)
		defer v.Close()
		runRows(t, w, v, rows)
	})
}

// TestRealProc walks the host's procfs on behalf of this very process.
func TestRealProc(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	for _, fs := range []OS{{}, {NoOpenat2: true}} {
		w := &world{"os", fs, t.TempDir(), nil}
		w.build(t, "root/proc/\nroot/prog\nroot/dev/fd -> /proc/self/fd\nroot/home/x")
		c := w.config()
		c.Mounts = []Mount{{Target: "/proc", Kind: Proc}}
		c.Links = fakeLinks{
			"self":           {Body: pid},
			pid + "/exe":     {Kind: LinkJump, Body: "/prog"},
			pid + "/cwd":     {Kind: LinkJump, Body: "/home"},
			pid + "/fd/0":    {Kind: LinkOpaque},
			pid + "/ns/user": {Kind: LinkOpaque},
		}
		v := newView(t, w, c)
		runRows(t, w, v, []row{
			{"/proc", Lookup, "", "proc mountpoint"},
			{"/proc/self/status", Lookup, "", "proc/" + pid + "/status"},
			{"/proc/mounts", Lookup, "", "proc/" + pid + "/mounts"},
			{"/proc/self/exe", Lookup, "", "root/prog"},
			{"/proc/self/exe", Lookup, "n", "proc/" + pid + "/exe"},
			{"/proc/self/cwd/x", Lookup, "", "root/home/x"},
			{"/dev/fd/0", Lookup, "", "proc/" + pid + "/fd/0 magic"},
			{"/proc/self/ns/user", Lookup, "", "proc/" + pid + "/ns/user magic"},
			{"/proc/self/nothing", Lookup, "", "ENOENT"},
			{"/proc/self/status/x", Lookup, "", "ENOTDIR"},
		})
		v.Close()
	}
}

func TestNoSymFollow(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, tree)
		v := newView(t, w, w.config("/mnt ext nosymfollow"))
		defer v.Close()
		runRows(t, w, v, []row{
			{"/mnt/self", Lookup, "n", "ext/self"},
			{"/mnt/self", Lookup, "", "ELOOP"},
			{"/mnt/self/x", Lookup, "n", "ELOOP"},
			{"/mnt/self/", Lookup, "n", "ELOOP"},
			{"/mnt/data/x", Lookup, "", "ext/data/x"},
			{"/mnt/self", Delete, "", "ext/self new"},
			{"/into", Lookup, "", "ext/data/x"},
			{"self", Lookup, "base=/mnt", "ELOOP"},
		})
	})
}

func TestProtectedSymlinks(t *testing.T) {
	m := NewMem()
	m.AddFile("/r/f")
	m.AddDir("/r/tmp")
	m.Chmod("/r/tmp", 0o1777)
	m.AddDir("/r/open")
	m.Chmod("/r/open", 0o777)
	for name, uid := range map[string]uint32{"mine": 5, "owners": 1, "others": 6} {
		for _, dir := range []string{"/r/tmp/", "/r/open/"} {
			m.AddLink(dir+name, "/")
			m.nodes[len(m.nodes)-1].uid = uid
		}
	}
	for _, d := range []string{"/r/tmp", "/r/open"} {
		h, _ := m.Root(d)
		m.nodes[h].uid = 1
		m.Close(h)
	}
	v, err := New(Config{FS: m, Root: Mount{Source: "/r"}})
	must(t, err)
	defer v.Close()
	v.uid = 5
	w := &world{"mem", m, "", m}
	rows := []row{
		{"/tmp/mine", Lookup, "", "r"},
		{"/tmp/owners", Lookup, "", "r"},
		{"/tmp/others", Lookup, "", "EACCES"},
		{"/tmp/others", Lookup, "n", "r/tmp/others"},
		{"/tmp/others/", Lookup, "", "EACCES"},
		{"/tmp/others/f", Lookup, "", "r/f"}, // only a last one is protected
		{"/tmp/others", OpenCreate, "", "EACCES"},
		{"/tmp/others", Delete, "", "r/tmp/others new"},
		{"/open/others", Lookup, "", "r"},
	}
	v.protected = true
	runRows(t, w, v, rows)
	v.protected = false
	runRows(t, w, v, []row{{"/tmp/others", Lookup, "", "r"}})
}

func TestExplain(t *testing.T) {
	m := NewMem()
	m.AddFile("/h/usr/lib/x")
	m.AddLink("/h/lib", "usr/lib")
	m.AddFile("/e/y")
	v, err := New(Config{FS: m, Root: Mount{Source: "/h"}, Mounts: []Mount{{Target: "/mnt", Source: "/e"}}})
	must(t, err)
	defer v.Close()
	steps, r, e := v.Explain("/mnt/../lib/x", true)
	if e != 0 || string(r.Host) != "/h/usr/lib/x" {
		t.Fatalf("%v %s", e, r.Host)
	}
	var got []string
	for _, s := range steps {
		got = append(got, s.What+" "+s.Guest+" "+s.Host+" "+s.Target)
	}
	want := []string{"mount /mnt /e ", "dotdot / /h ", "symlink /lib /h/lib usr/lib", "final /usr/lib/x /h/usr/lib/x "}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("got %q\nwant %q", got, want)
		}
	}
	steps, _, e = v.Explain("/usr/none", true)
	if e != unix.ENOENT || len(steps) != 1 || steps[0].What != "missing" || steps[0].Guest != "/usr/none" {
		t.Errorf("%v %v", steps, e)
	}
}
