package difftest

import (
	"fmt"
	"strings"
)

// More layouts for the matrix: what is special about a kind of mount, or about
// the spelling of a path. They leave out the paths that say the same everywhere.

// scene is what the scenes below share: every kind of mount, with the same
// names in each.
const scene = std + `
d @m
f @m/in
d @m/sub
f @m/sub/deep
d @m/none
l @m/tofile in
l @m/todir sub
l @m/abs /f
l @m/up ../f
l @m/dang missing
l @m/loop loop
d @m/shut 0000
f @m/shut/x
p @m/pipe
d @low
f @low/in
d @low/sub
f @low/sub/deep
d @low/none
l @low/tofile in
l @low/todir sub
l @low/abs /f
l @low/up ../f
l @low/dang missing
l @low/loop loop
f @low/gone
f @low/both
d @up
w @up/gone
f @up/both
d @up/sub
f @up/sub/new
o @up/opaque
f @low/opaque/hidden
f @file
d /b
d /r
d /o
d /t
d /x
f /at
l /tob b
l /tor r/in
l /too o/sub
l /tot t/in
`

// names are asked for in each place of a scene.
func names(place string) (out []string) {
	for _, n := range []string{
		"", "/", "/.", "/..", "/../f", "/in", "/in/", "/in/x", "/in/.", "/in/..", "/sub", "/sub/", "/sub/.", "/sub/..", "/sub/../in", "/sub/deep", "/sub/new",
		"/none", "/none/", "/tofile", "/tofile/", "/todir", "/todir/", "/todir/deep", "/todir/..", "/abs", "/up", "/dang", "/dang/", "/loop", "/loop/x", "/missing", "/missing/", "/missing/x",
		"/sub/missing", "//sub//deep", "/sub/./deep",
	} {
		out = append(out, place+n)
	}
	return out
}

// sets are the layouts.
var sets = []layout{
	{
		name: "overlay", own: true, noInodes: true, tree: scene, mounts: "overlay /o lower=@low,upper=@up\nbind @m /o/none",
		paths: append(names("/o"), "/o/gone", "/o/gone/", "/o/both", "/o/opaque", "/o/opaque/hidden", "/o/none/in", "/o/none/..", "/o/none/../in", "/too", "/too/", "/too/deep", "/o/sub/../both"),
	},
	{
		name: "read-only overlay", own: true, noInodes: true, tree: scene, mounts: "overlay /o lower=@up:@low\nbind @file /o/in",
		paths: append(names("/o"), "/o/gone", "/o/both", "/o/opaque", "/o/opaque/hidden", "/too/deep"),
	},
	{
		name: "tmpfs", own: true, tree: scene, mounts: "tmpfs /t\nbind @m /x\ntmpfs /x/none",
		pre:   "open.q \"/t/in\" O_CREAT|O_WRONLY 0644\nmkdir \"/t/sub\" 0755\nopen.q \"/t/sub/deep\" O_CREAT|O_WRONLY 0644\nmkdir \"/t/none\" 0755\nsymlink \"in\" \"/t/tofile\"\nsymlink \"sub\" \"/t/todir\"\nsymlink \"/f\" \"/t/abs\"\nsymlink \"../f\" \"/t/up\"\nsymlink \"missing\" \"/t/dang\"\nsymlink \"loop\" \"/t/loop\"\n",
		paths: append(names("/t"), "/tot", "/x/none", "/x/none/", "/x/none/..", "/x/none/../in", "/x/none/new", "/x/in"),
	},
	{
		name: "twice", own: true, tree: scene, pre: "k=open \"/b/pipe\" O_RDWR\n", mounts: "bind @m /b\nbind @m /r ro\nbind @m/sub /x\nbind @m/in /at ro\nbind @low /b/none",
		paths: append(names("/b"), append(names("/r"), "/x", "/x/", "/x/..", "/x/deep", "/x/../f", "/at", "/at/", "/b/none/in", "/r/none", "/r/none/in", "/b/none/..", "/r/none/..", "/b/shut/x", "/r/shut/x", "/b/pipe", "/r/pipe", "/tob/in", "/tor")...),
	},
	{
		name: "restricted", own: true, tree: scene, mounts: "bind @m /b nosymfollow,nodev\nbind @m /r ro,noexec,nosuid\nbind @low /x nosymfollow,ro",
		paths: append(names("/b"), append(names("/r"), "/x/tofile", "/x/todir/deep", "/x/in", "/x/dang", "/tob/in", "/tob/tofile", "/tor", "/r/abs")...),
	},
	{name: "spelling", own: true, raw: true, tree: boundTree, mounts: bound, paths: []string{
		`"n"*255`, `"n"*256`, `"/"+"n"*255`, `"/"+"n"*256`, `"/d/"+"n"*255+"/x"`, `"/d/"+"n"*256+"/x"`, `"/mnt/"+"n"*255`, `"/mnt/"+"n"*256`, `"/mnt/"+"n"*256+"/"`, `"/missing/"+"n"*256`, `"/f/"+"n"*256`, `"/loop/"+"n"*256`,
		`"/tmp/"+"n"*255`, `"/tmp/"+"n"*256`, `"/d/sub/"+"n"*255`, `"/d/sub/"+"n"*256`, `"./"*2046+"f"`, `"./"*2047+"f"`, `"./"*2048+"f"`, `"/."*2046+"/f"`, `"/."*2047+"/f"`, `"/mnt"+"/."*2044+"/in"`, `"/"*4094+"f"`, `"/"*4095+"f"`, `"/"*4095`, `"/"*4096`, `"../"*1365`,
		`"d/../"*819`, `"/mnt/../"*511`, `"/mnt/../"*512`, `"/ld/../"*40+"f"`, `"/ld/../"*41+"f"`, `"x"*4095`, `"x"*4096`, `"x"*5000`, `NULL`, `BAD`, `EDGE("/mnt/in")`, `EDGE("/d/f")`, `END("/mnt/in")`, `END("/f")`, `END("")`, `""`, `" "`, `"\n"`, `"\xff"`, `"/mnt/\xff\xfe"`, `"/mnt/in\x20"`,
	}},
}

// twoNames are the calls of two paths.
var twoNames = []string{
	`rename %s %s`, `renameat2 AT_FDCWD %s AT_FDCWD %s RENAME_NOREPLACE`, `renameat2 AT_FDCWD %s AT_FDCWD %s RENAME_EXCHANGE`, `renameat2 AT_FDCWD %s AT_FDCWD %s RENAME_WHITEOUT`,
	`renameat $d %s $d %s`, `link %s %s`, `linkat AT_FDCWD %s AT_FDCWD %s AT_SYMLINK_FOLLOW`, `linkat $d %s $d %s 0`,
}

// froms are the old names: one case for each, and each call of twoNames.
var froms = []string{
	"/f", "/empty", "/d", "/d/", "/lf", "/ld/", "/missing/", "/f/", "/d/..", "/loop/x",
	"/b", "/b/in", "/b/sub", "/b/todir/", "/b/shut/x", "/r/in", "/r/missing", "/t/in", "/t/sub", "/x/in", "/at", "/tob/in",
}

// tos are the new names.
var tos = []string{
	"/new", "/new/", "/g", "/g/", "/empty", "/empty/", "/d/new", "/d/sub", "/lf", "/ld", "/ld/", "/dang", "/dang/", "/missing/x", "/f/x", "/.", "/d/.", "/d/..", "/", "/d/f",
	"/b/new", "/b/new/", "/b/in", "/b/sub", "/b/none", "/b/none/", "/b/dang", "/b/sub/new", "/b", "/b/", "/b/..", "/b/shut/x", "/r/new", "/r/in", "/r/sub", "/r", "/t/new", "/t/in", "/t", "/x/new", "/x/sub", "/at", "/at/", "/tob/new", "/nox/x",
}

// sceneCases are the matrix of sets, and that of two names: an old name's case
// makes a call with each new name, whatever the ones before have left.
func sceneCases() []Case {
	out := matrixOf(sets)
	pairs := layout{tree: scene, mounts: "bind @m /b\nbind @low /r ro\ntmpfs /t\nbind @m /x ro\nbind @file /at"}
	for i, call := range twoNames {
		for _, from := range froms {
			var b strings.Builder
			b.WriteString("d=open \"/d\" O_PATH\nopen.q \"/t/in\" O_CREAT|O_WRONLY 0644\nmkdir \"/t/sub\" 0755\n")
			for _, to := range tos {
				fmt.Fprintf(&b, call+"\n", fmt.Sprintf("%q", from), fmt.Sprintf("%q", to))
			}
			name, _, _ := strings.Cut(call, " ")
			out = append(out, Case{Name: fmt.Sprintf("two names/%d %s %s", i, name, from), Tree: pairs.tree, Mounts: pairs.mounts, Script: b.String()})
		}
	}
	return out
}
