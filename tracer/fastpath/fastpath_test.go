//go:build amd64

package fastpath

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testutil"
)

// The committed bytes are what the sources give. Another compiler than the one
// that they were built with may rightly give others: then only the labels of
// the assembly's part, which no compiler moves, are compared.
func TestBlobIsBuiltFromSource(t *testing.T) {
	testutil.Command(t, "gcc")
	out, err := exec.Command("gcc", "-dumpfullversion").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"blob_amd64.bin", "symbols_amd64.go"}
	if !strings.HasPrefix(string(out), "12.") {
		t.Logf("the blob was built by gcc 12, this is %s", out)
		names = names[1:]
	}
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "mkblob.go", "-o", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range names {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the sources give: run `make blob`", name)
		}
	}
}

func TestLayout(t *testing.T) {
	if len(Blob) == 0 || len(Blob) > Empty-Text {
		t.Fatalf("%d bytes of code", len(Blob))
	}
	if b := Blob[SymGadgetSys-Text:]; b[0] != 0x0f || b[1] != 0x05 || SymGadgetAfter != SymGadgetSys+2 {
		t.Error("the trusted instruction is not a system call")
	}
	// One more than the trusted one: the call that hands over to the tracer.
	if n := bytes.Count(Blob, []byte{0x0f, 0x05}); n != 2 {
		t.Errorf("the code has %d system call instructions", n)
	}
	for what, ok := range map[string]bool{
		"text":  Text+TextSize <= View,
		"view":  View+ViewSize <= How && ViewNames < ViewSize,
		"how":   HowUpEnd <= FDNames && Cwds+NumCwds*CwdSize <= End && End <= LowStubs,
		"tail":  DotDot >= Text+TextSize-32,
		"stubs": LowStubs+StubsSize <= Counts && Counts+CountsSize <= Dirs,
		"pool":  Pool+PoolSize == 0x100000,
	} {
		if !ok {
			t.Errorf("%s overlaps what follows", what)
		}
	}
}

// Every entry keeps the kernel beneath the descriptor, and no two entries can
// be read as one: what lies between them does not.
func TestHowTable(t *testing.T) {
	for _, oneMount := range []bool{false, true} {
		testHowTable(t, oneMount)
	}
}

func testHowTable(t *testing.T, oneMount bool) {
	table := HowTable(oneMount)
	if len(table) != howEntries {
		t.Fatalf("%d entries, want %d", len(table), howEntries)
	}
	for i, h := range table {
		at := How + i*HowStride
		if h.Flags == noEntry {
			continue
		}
		up := at >= HowUp // these go with "..", and only there
		if up && (h.Resolve&unix.RESOLVE_NO_SYMLINKS == 0 || h.Flags&(unix.O_ACCMODE|unix.O_PATH|unix.O_CREAT|unix.O_TRUNC) != 0) {
			t.Errorf("entry %d: flags %#x, resolve %#x", i, h.Flags, h.Resolve)
		}
		if h.Resolve&unix.RESOLVE_BENEATH == 0 != up || h.Resolve&unix.RESOLVE_NO_MAGICLINKS == 0 {
			t.Errorf("entry %d: resolve %#x", i, h.Resolve)
		}
		if h.Resolve&unix.RESOLVE_NO_XDEV != 0 != (oneMount && !up) {
			t.Errorf("entry %d: resolve %#x, and one mount is %v", i, h.Resolve, oneMount)
		}
		const probe = unix.O_WRONLY | unix.O_DIRECTORY | unix.O_CLOEXEC
		if h.Flags == probe {
			opensNothing(t, h)
		}
		writes := h.Flags != probe && h.Flags&(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC) != 0
		if writes != (at >= HowWrite && !up) {
			t.Errorf("entry %d, flags %#x, is in the wrong section", i, h.Flags)
		}
		if at < HowOwn && h.Flags&(unix.O_PATH|unix.O_DIRECTORY) == 0 {
			t.Errorf("entry %d, flags %#x, could open a device", i, h.Flags)
		}
		// The kernel takes it.
		how := unix.OpenHow{Flags: h.Flags, Mode: h.Mode, Resolve: h.Resolve}
		if _, err := unix.Openat2(unix.AT_FDCWD, "no/such/name", &how); err != unix.ENOENT && err != unix.ENOSYS && err != unix.EPERM {
			t.Errorf("entry %d, flags %#x: %v", i, h.Flags, err)
		}
	}
}

// opensNothing checks that an entry tells what is there without opening it.
func opensNothing(t *testing.T, h OpenHow) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	link := unix.ELOOP
	if h.Resolve&unix.RESOLVE_NO_SYMLINKS == 0 {
		link = unix.ENOTDIR
	}
	for name, want := range map[string]unix.Errno{".": unix.EISDIR, "file": unix.ENOTDIR, "missing": unix.ENOENT, "link": link} {
		_, err := unix.Openat2(fd, name, &unix.OpenHow{Flags: h.Flags, Mode: h.Mode, Resolve: h.Resolve})
		if err != want && err != unix.ENOSYS && err != unix.EPERM {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestPlace(t *testing.T) {
	tab := Table{Flags: ViewAnyFD, Above: []ID{{1, 2}}, Mounts: []Mount{
		{Target: "/", FD: 10},
		{Target: "/a/b", FD: 11, Flags: MountRO},
		{Target: "/a", FD: 12},
		{Target: "/p", FD: 13, Flags: MountSlow},
		{Target: "/d", FD: 14, Flags: MountNoDev},
	}}
	b := make([]byte, End-Text)
	r, fds, err := tab.Place(b, 1002)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{10, 12, 11, 14}; !equal(fds, want) {
		t.Errorf("descriptors %v, want %v", fds, want)
	}
	if r.FDEnd != [3]int{1004, 1005, 1006} || r.AnyEnd != HowOwn || r.FirstFD != 1002 || r.IP != SymGadgetAfter {
		t.Errorf("%+v", r)
	}
	names := tab
	names.Mounts, names.NamesOnly = tab.Mounts[:1], true
	if r, _, err := names.Place(make([]byte, End-Text), 1002); err != nil || r.AnyEnd != HowOwn {
		t.Errorf("names only: %+v, %v", r, err)
	}
	own := names
	own.Flags |= ViewOwn
	own.Mounts = append(own.Mounts[:1:1], Mount{Target: "/d", FD: 14, Flags: MountNoDev})
	w := make([]byte, End-Text)
	if r, _, err := own.Place(w, 1002); err != nil || r.AnyEnd != HowOwn || w[View-Text+2]&(ViewOwn>>16) != 0 {
		t.Errorf("reading where devices must not be opened: %+v, %v", r, err)
	}
	own.Mounts = tab.Mounts[:1]
	w = make([]byte, End-Text)
	if r, _, err := own.Place(w, 1002); err != nil || r.AnyEnd != HowRead || w[View-Text+2]&(ViewOwn>>16) == 0 {
		t.Errorf("reading for the time being: %+v, %v", r, err)
	}
	full := slices.Clone(w)
	Revoke(w, false)
	for i := range w {
		at := Text + i
		flags := at >= HowOwn && at < HowRead && at%HowStride < 8 || at == View+2
		if w[i] != full[i] && !flags {
			t.Errorf("Revoke changes byte %#x", at)
		}
	}
	for i := range ReadOpens * Variants {
		e := w[HowOwn-Text+i*HowStride:]
		how := unix.OpenHow{Flags: binary.LittleEndian.Uint64(e), Resolve: binary.LittleEndian.Uint64(e[16:])}
		if _, err := unix.Openat2(unix.AT_FDCWD, ".", &how); err != unix.EINVAL && err != unix.ENOSYS && err != unix.EPERM {
			t.Errorf("entry %d after Revoke: %v", i, err)
		}
	}
	narrow := own
	narrow.Narrow = true
	w = make([]byte, End-Text)
	r, _, err = narrow.Place(w, 1002)
	if err != nil || r.AnyStart != HowOwnPath || r.AnyEnd != HowRead || r.Up || w[View-Text+1]&(ViewUp>>8) != 0 {
		t.Errorf("a narrow view: %+v, %v", r, err)
	}
	Revoke(w, true)
	if f := binary.LittleEndian.Uint32(w[View-Text:]); f&(ViewAnyFD|ViewOwn) != 0 || f&ViewNarrow == 0 {
		t.Errorf("flags %#x after Revoke", f)
	}
	for at := HowOwnPath; at < HowRead; at += HowStride {
		if binary.LittleEndian.Uint64(w[at-Text:]) != noEntry {
			t.Errorf("the entry %#x is there after Revoke", at)
		}
	}
	if b[Empty-Text] != 0 || string(b[Dot-Text:Dot-Text+2]) != ".\x00" || string(b[DotDot-Text:DotDot-Text+3]) != "..\x00" ||
		string(b[FDNames-Text+255*FDNameSize:][:25]) != "/proc/thread-self/fd/255\x00" {
		t.Error("the strings are not in their places")
	}
	v := b[View-Text:]
	le := binary.LittleEndian
	if f := le.Uint32(v[ViewFlags:]); f != ViewAnyFD|MountRO|MountNoDev {
		t.Errorf("flags %#x", f)
	}
	root := v[ViewNodes:]
	if kids := le.Uint16(root[6:]); kids != 3 || le.Uint32(root[8:]) != 1002 {
		t.Errorf("the root has %d children", kids)
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
