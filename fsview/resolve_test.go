package fsview

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tree is the host of the tables below.
const tree = `
root/etc/passwd
root/usr/bin/sh
root/usr/lib/libc.so
root/bin -> usr/bin
root/lib -> usr/lib
root/abs -> /usr/lib
root/up -> ../../../etc
root/dangling -> /etc/nothing
root/dangslash -> /etc/new/
root/dangdeep -> /no/such
root/toroot -> /
root/todot -> .
root/loop -> loop
root/sub/dir/file
root/sub/link -> dir
root/sub/flink -> dir/file
root/mnt/covered
root/into -> /mnt/data/x
root/out/
root/f
ext/data/x
ext/abs -> /etc/passwd
ext/rel -> ../etc
ext/self -> data
ext/deep/er/
file
`

type row struct {
	path string
	op   Op
	opt  string // "n": no follow; "base=x": relative to the guest directory x
	want string
}

func (r row) name() string {
	return strings.ReplaceAll(fmt.Sprintf("%d %s %s", r.op, r.path, r.opt), "/", "!")
}

func runRows(t *testing.T, w *world, v *View, rows []row) {
	for _, x := range rows {
		q := &Request{Path: x.path, Op: x.op, Follow: x.op <= OpenCreate, Caller: "pid 7"}
		for o := range strings.FieldsSeq(x.opt) {
			k, val, _ := strings.Cut(o, "=")
			switch k {
			case "n":
				q.Follow = false
			case "host":
				q.NeedHost = true
			case "root":
				q.Root = val
			case "base":
				var r Resolution
				if e := v.Resolve(&Request{Path: val, Hold: true, Follow: true, Caller: "pid 7"}, &r); e != 0 {
					t.Fatalf("%s: base: %v", x.name(), e)
				}
				defer v.Release(&r)
				q.Base = &Base{Dir: r.Held}
			case "beneath":
				q.Resolve |= unix.RESOLVE_BENEATH
			case "inroot":
				q.Resolve |= unix.RESOLVE_IN_ROOT
			case "noxdev":
				q.Resolve |= unix.RESOLVE_NO_XDEV
			case "nosym":
				q.Resolve |= unix.RESOLVE_NO_SYMLINKS
			case "nomagic":
				q.Resolve |= unix.RESOLVE_NO_MAGICLINKS
			}
		}
		if got := w.resolve(v, q); got != x.want {
			t.Errorf("%s:\n got %s\nwant %s", x.name(), got, x.want)
		}
		// Whoever watches must not change the answer.
		q.Trace = func(Step) {}
		if got := w.resolve(v, q); got != x.want {
			t.Errorf("%s, traced:\n got %s\nwant %s", x.name(), got, x.want)
		}
	}
}

func TestResolve(t *testing.T) {
	long := strings.Repeat("n", 255)
	rows := []row{
		// Existence, order of errors.
		{"", Lookup, "", "ENOENT"},
		{"/", Lookup, "", "root"},
		{"/etc/passwd", Lookup, "", "root/etc/passwd"},
		{"//etc///passwd", Lookup, "", "root/etc/passwd"},
		{"/./etc/./passwd", Lookup, "", "root/etc/passwd"},
		{"/etc/missing", Lookup, "", "ENOENT"},
		{"/etc/missing/x", Lookup, "", "ENOENT"},
		{"/etc/passwd/x", Lookup, "", "ENOTDIR"},
		{"/etc/passwd/", Lookup, "", "ENOTDIR"},
		{"/etc/passwd/.", Lookup, "", "ENOTDIR"},
		{"/etc/passwd/..", Lookup, "", "ENOTDIR"},
		{"/etc/missing/..", Lookup, "", "ENOENT"},
		{"/etc/../etc/passwd", Lookup, "", "root/etc/passwd"},
		{"/etc/" + long, Lookup, "", "ENOENT"},
		{"/etc/" + long + "n", Lookup, "", "ENAMETOOLONG"},
		{"/missing/" + long + "n", Lookup, "", "ENOENT"},
		{"/etc/passwd/" + long + "n", Lookup, "", "ENOTDIR"},
		{strings.Repeat("/", 4095), Lookup, "", "root"},
		{strings.Repeat("/", 4096), Lookup, "", "ENAMETOOLONG"},
		{"/" + strings.Repeat("./", 2046) + "f", Lookup, "", "root/f"},
		{"/..", Lookup, "", "root"},
		{"/../../etc/passwd", Lookup, "", "root/etc/passwd"},
		// The spelling of the end is kept where the kernel must see it.
		{"/etc/", Lookup, "", "root/etc/"},
		{"/etc/.", Lookup, "", "root/etc/."},
		{"/etc//", Lookup, "", "root/etc/"},
		{"/etc/..", Lookup, "", "root"},
		{"/usr/bin/..", Lookup, "", "root/usr"},
		// Symlinks.
		{"/bin/sh", Lookup, "", "root/usr/bin/sh"},
		{"/bin", Lookup, "", "root/usr/bin"},
		{"/bin", Lookup, "n", "root/bin"},
		{"/bin/", Lookup, "n", "root/usr/bin/"},
		{"/bin/.", Lookup, "n", "root/usr/bin/."},
		{"/bin/..", Lookup, "", "root/usr"},
		{"/abs/libc.so", Lookup, "", "root/usr/lib/libc.so"},
		{"/up/passwd", Lookup, "", "root/etc/passwd"},
		{"/toroot/etc", Lookup, "", "root/etc"},
		{"/toroot", Lookup, "", "root"},
		{"/toroot/", Lookup, "n", "root"},
		{"/todot/f", Lookup, "", "root/f"},
		{"/todot/todot/todot/f", Lookup, "", "root/f"},
		{"/sub/flink", Lookup, "", "root/sub/dir/file"},
		{"/sub/flink/", Lookup, "", "ENOTDIR"},
		{"/sub/link/file", Lookup, "", "root/sub/dir/file"},
		{"/sub/link/../f", Lookup, "", "ENOENT"},
		{"/dangling", Lookup, "", "ENOENT"},
		{"/dangling", Lookup, "n", "root/dangling"},
		{"/dangling/", Lookup, "n", "ENOENT"},
		{"/loop", Lookup, "", "ELOOP"},
		{"/loop", Lookup, "n", "root/loop"},
		{"/loop/x", Lookup, "n", "ELOOP"},
		// Mounts.
		{"/mnt", Lookup, "", "ext mountpoint"},
		{"/mnt/", Lookup, "", "ext/ mountpoint"},
		{"/mnt/covered", Lookup, "", "ENOENT"},
		{"/mnt/data/x", Lookup, "", "ext/data/x"},
		{"/mnt/..", Lookup, "", "root"},
		{"/mnt/../f", Lookup, "", "root/f"},
		{"/mnt/data/../../f", Lookup, "", "root/f"},
		{"/mnt/abs", Lookup, "", "root/etc/passwd"},
		{"/mnt/rel/passwd", Lookup, "", "root/etc/passwd"},
		{"/mnt/self/x", Lookup, "", "ext/data/x"},
		{"/into", Lookup, "", "ext/data/x"},
		{"/into", Lookup, "n", "root/into"},
		{"/todot/mnt/data/x", Lookup, "", "ext/data/x"},
		{"/todot/mnt/self/../rel/../f", Lookup, "", "root/f"},
		{"/out/f", Lookup, "", "file mountpoint"},
		{"/out/f/", Lookup, "", "ENOTDIR"},
		{"/out/f/x", Lookup, "", "ENOTDIR"},
		{"/out/f/..", Lookup, "", "ENOTDIR"},
		{"/out/f/.", Lookup, "", "ENOTDIR"},
		{"/out/../out/f", Lookup, "", "file mountpoint"},
		// A synthesised mount point and its parents.
		{"/new", Lookup, "", "scratch/synth/1 mountpoint"},
		{"/new/one/two", Lookup, "", "root/sub mountpoint"},
		{"/new/one/two/dir/file", Lookup, "", "root/sub/dir/file"},
		{"/new/one/two/..", Lookup, "", "scratch/synth/1/one"},
		{"/new/one/two/../../..", Lookup, "", "root"},
		{"/new/one/x", Lookup, "", "ENOENT"},
		{"/new/sib/f", Lookup, "", "file mountpoint"},
		// open(O_CREAT).
		{"/etc/new", OpenCreate, "", "root/etc/new new"},
		{"/etc/passwd", OpenCreate, "", "root/etc/passwd"},
		{"/missing/new", OpenCreate, "", "ENOENT"},
		{"/f/new", OpenCreate, "", "ENOTDIR"},
		{"/dangling", OpenCreate, "", "root/etc/nothing new"},
		{"/dangling", OpenCreate, "n", "root/dangling"},
		{"/dangdeep", OpenCreate, "", "ENOENT"},
		{"/dangslash", OpenCreate, "", "root/etc/new/ new"},
		{"/etc/new/", OpenCreate, "", "root/etc/new/ new"},
		{"/bin/", OpenCreate, "", "root/bin/ new"},
		{"/into", OpenCreate, "", "ext/data/x"},
		{"/mnt/data/new", OpenCreate, "", "ext/data/new new"},
		{"/bin/new", OpenCreate, "", "root/usr/bin/new new"},
		{"/toroot", OpenCreate, "", "root"},
		{"/", OpenCreate, "", "root"},
		{"/etc/.", OpenCreate, "", "root/etc/."},
		{"/mnt/..", OpenCreate, "", "root"},
		{"/out/f", OpenCreate, "", "file mountpoint"},
		{"/out/f/", OpenCreate, "", "root/out/f/ mountpoint"},
		// Names that are made, removed, renamed: the last one is the kernel's.
		{"/etc/new", Create, "", "root/etc/new new"},
		{"/etc/new/", Create, "", "root/etc/new/ new"},
		{"/dangling/", Create, "", "root/dangling/ new"},
		{"/bin", Delete, "", "root/bin new"},
		{"/bin/", Delete, "", "root/bin/ new"},
		{"/bin/x/", Rename, "", "root/usr/bin/x/ new"},
		{"/missing/x", Create, "", "ENOENT"},
		{"/f/x", Create, "", "ENOTDIR"},
		{"/dangling/x", Create, "", "ENOENT"},
		{"/mnt", Delete, "", "root/mnt mountpoint"},
		{"/mnt/new", Create, "", "ext/new new"},
		{"/mnt/rel/new", Create, "", "root/etc/new new"},
		{"/out", Rename, "", "root/out new above"},
		{"/out/f", Delete, "", "root/out/f mountpoint"},
		{"/out/f/x", Delete, "", "ENOTDIR"},
		{"/new", Delete, "", "root/new mountpoint above"},
		{"/new/one", Delete, "", "scratch/synth/1/one new above"},
		{"/sub/dir/.", Delete, "", "root/sub/dir/. new dot"},
		{"/sub/dir/..", Delete, "", "root/sub/dir/.. new dotdot"},
		{"/sub/dir/../", Delete, "", "root/sub/dir/../ new dotdot"},
		{"/mnt/..", Delete, "", "ext/.. new dotdot"},
		{"/f/..", Delete, "", "ENOTDIR"},
		{"/missing/.", Delete, "", "ENOENT"},
		{"/", Delete, "", " root"},
		{"///", Create, "", " root"},
		{"/..", Delete, "", "root/.. new dotdot"},
		// Relative paths.
		{"libc.so", Lookup, "base=/usr/lib", "rel"},
		{"./libc.so", Lookup, "base=/usr/lib", "rel"},
		{"libc.so", Lookup, "base=/usr/lib host", "root/usr/lib/libc.so"},
		{"missing", Lookup, "base=/usr/lib", "ENOENT"},
		{"libc.so/x", Lookup, "base=/usr/lib", "ENOTDIR"},
		{".", Lookup, "base=/usr/lib", "rel"},
		{".", Lookup, "base=/mnt", "rel"},
		{"..", Lookup, "base=/usr/lib", "root/usr"},
		{"..", Lookup, "base=/mnt", "root"},
		{"..", Lookup, "base=/mnt/data", "ext"},
		{"../f", Lookup, "base=/mnt", "root/f"},
		{"../../f", Lookup, "base=/mnt/data", "root/f"},
		{"../../../../f", Lookup, "base=/mnt/data", "root/f"},
		{"link/file", Lookup, "base=/sub", "root/sub/dir/file"},
		{"link", Lookup, "base=/sub n", "rel"},
		{"link/", Lookup, "base=/sub n", "root/sub/dir/"},
		{"flink", Lookup, "base=/sub", "root/sub/dir/file"},
		{"etc/passwd", Lookup, "base=/", "rel"},
		{"mnt/data", Lookup, "base=/", "ext/data"},
		{"f", Lookup, "base=/out", "file mountpoint"},
		{"x", Lookup, "base=/f", "ENOTDIR"},
		{".", Lookup, "base=/f", "ENOTDIR"},
		{"..", Lookup, "base=/f", "ENOTDIR"},
		{"/f", Lookup, "base=/f", "root/f"},
		{"new", OpenCreate, "base=/usr/lib", "rel"},
		{"link/new", OpenCreate, "base=/sub", "root/sub/dir/new new"},
		{"no/new", OpenCreate, "base=/sub", "ENOENT"},
		{"new", Create, "base=/sub", "rel"},
		{"link/", Delete, "base=/sub", "rel"},
		{"dir/.", Delete, "base=/sub", "rel dot"},
		{"dir/..", Delete, "base=/sub", "rel dotdot"},
		{"f", Delete, "base=/out", "root/out/f mountpoint"},
		{"out", Rename, "base=/", "root/out new above"},
		{"abs", Lookup, "base=/mnt", "root/etc/passwd"},
		// A root of the caller's own.
		{"/lib", Lookup, "root=/usr", "root/usr/lib"},
		{"/../lib", Lookup, "root=/usr", "root/usr/lib"},
		{"/abs", Lookup, "root=/mnt", "ENOENT"},
		{"/rel", Lookup, "root=/mnt", "ENOENT"},
		{"/..", Lookup, "root=/mnt", "ext"},
		{"/self/x", Lookup, "root=/mnt", "ext/data/x"},
		// What openat2 may ask for.
		{"../f", Lookup, "base=/mnt beneath", "EXDEV"},
		{"abs", Lookup, "base=/mnt beneath", "EXDEV"},
		{"/f", Lookup, "base=/mnt beneath", "EXDEV"},
		{"data/../self/x", Lookup, "base=/mnt beneath", "ext/data/x"},
		{"../data", Lookup, "base=/mnt inroot", "ext/data"},
		{"/data", Lookup, "base=/mnt inroot", "ext/data"},
		{"abs", Lookup, "base=/mnt inroot", "ENOENT"},
		{"mnt/data", Lookup, "base=/ noxdev", "EXDEV"},
		{"..", Lookup, "base=/mnt noxdev", "EXDEV"},
		{"etc", Lookup, "base=/ noxdev", "rel"},
		{"link", Lookup, "base=/sub nosym", "ELOOP"},
	}
	inWorlds(t, func(t *testing.T, w *world) {
		w.build(t, tree)
		v := newView(t, w, w.config("/mnt ext", "/out/f file", "/new/one/two root/sub", "/new/sib/f file"))
		defer v.Close()
		runRows(t, w, v, rows)
	})
}

// newView is New that must work; the caller closes.
func newView(t *testing.T, w *world, c Config) *View {
	t.Helper()
	v, err := New(c)
	must(t, err)
	return v
}

// TestLinkBudget: 40 symlinks are followed in one resolution, nested or not.
func TestLinkBudget(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		var b strings.Builder
		b.WriteString("root/l0\nroot/d/one -> .\n")
		for i := range 41 {
			fmt.Fprintf(&b, "root/l%d -> l%d\n", i+1, i)
		}
		w.build(t, b.String())
		v := newView(t, w, w.config())
		defer v.Close()
		runRows(t, w, v, []row{
			{"/l40", Lookup, "", "root/l0"},
			{"/l41", Lookup, "", "ELOOP"},
			{"/l41", Lookup, "n", "root/l41"},
			{"/l41", OpenCreate, "", "ELOOP"},
			{"/d" + strings.Repeat("/one", 40), Lookup, "", "root/d/."},
			{"/d" + strings.Repeat("/one", 41), Lookup, "", "ELOOP"},
			{"/d" + strings.Repeat("/one", 41), Lookup, "n", "root/d/one"},
			{"/d" + strings.Repeat("/one", 41) + "/", Lookup, "n", "ELOOP"},
			{"/d" + strings.Repeat("/one", 41), Create, "", "root/d/one new"},
		})
	})
}

// TestSearchPermission: EACCES comes after ENOTDIR and before everything else.
func TestSearchPermission(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		if w.mem == nil && os.Geteuid() == 0 {
			return // root may search everything; Mem has nobody like that
		}
		long := strings.Repeat("n", 256)
		w.build(t, "root/d/x\nroot/l -> d/x\nroot/e/")
		mk := w.fs.(Maker)
		mk.Chmod(w.host("root/d"), 0o600)
		defer mk.Chmod(w.host("root/d"), 0o700)
		v := newView(t, w, w.config())
		defer v.Close()
		runRows(t, w, v, []row{
			{"/d", Lookup, "", "root/d"},
			{"/d/", Lookup, "", "root/d/"},
			{"/d/.", Lookup, "", "EACCES"},
			{"/d/..", Lookup, "", "EACCES"},
			{"/d/x", Lookup, "", "EACCES"},
			{"/d/x/y", Lookup, "", "EACCES"},
			{"/d/" + long, Lookup, "", "EACCES"},
			{"/d/missing", OpenCreate, "", "EACCES"},
			{"/d/missing/x", Create, "", "EACCES"},
			{"/l", Lookup, "", "EACCES"},
			{"/l", Lookup, "n", "root/l"},
		})
	})
}
