package difftest

// layouts are the views of the matrix. The paths of each come after common.
var layouts = []layout{
	{name: "plain", tree: std},
	{name: "bound", tree: boundTree, mounts: bound, paths: []string{
		"/mnt", "/mnt/", "/mnt/.", "/mnt/..", "/mnt/../f", "/mnt/in", "/mnt/in/", "/mnt/hidden", "/mnt/sub", "/mnt/sub/deep", "/mnt/sub/..", "/mnt/sub/../..",
		"/mnt/rel", "/mnt/abs", "/mnt/updown", "/mnt/esc", "/mnt/self", "/mnt/self/", "/mnt/self/..", "/mnt/new", "/mnt/new/",
		"/mnt/point", "/mnt/point/", "/mnt/point/..", "/mnt/point/other", "/mnt/point/top", "/mnt/point/top/in", "/mnt/point/../in",
		"/tomnt", "/tomnt/", "/tomnt/in", "/tomnt/..", "/tomntin", "/tomntup", "/tomntup/f", "/topoint", "/togbind",
		"/g", "/g/", "/g/x", "/g/..", "/d/sub/in", "/d/sub/abs", "/d/sub/point", "/d/sub/new", "/tmp", "/tmp/", "/tmp/x", "/tmp/..", "/dcopy", "/dcopy/f", "/dcopy/sub/g", "/dcopy/back/f",
	}},
	{name: "read-only", tree: boundTree, mounts: "bind @m /mnt ro\nbind @file /g ro\nbind @n /mnt/point", flags: "ro", paths: []string{
		"/new", "/new/", "/mnt", "/mnt/", "/mnt/.", "/mnt/..", "/mnt/in", "/mnt/in/", "/mnt/sub", "/mnt/sub/", "/mnt/sub/deep", "/mnt/rel", "/mnt/abs", "/mnt/new", "/mnt/new/",
		"/mnt/self/new", "/mnt/point", "/mnt/point/", "/mnt/point/other", "/mnt/point/new", "/mnt/point/..", "/mnt/point/../new", "/g", "/g/", "/g/x", "/tomnt/new", "/tomntin", "/togbind",
	}},
	{name: "missing", tree: std + src, mounts: "bind @m /a/b/c\nbind @file /a/file\nbind @n /d/sub/mp\nbind @file /newfile ro\nbind @n /newdir2", paths: []string{
		"/a/b/c", "/a/b/c/", "/a/b/c/..", "/a/b/c/in", "/a/b/c/abs", "/a/b/c/updown", "/a/b/c/esc", "/a/b/c/../../file", "/a/file", "/a/file/", "/a/file/x", "/a/x", "/a/b/x", "/a/../f", "/a/b/../../f",
		"/d/sub/mp", "/d/sub/mp/", "/d/sub/mp/other", "/d/sub/mp/top", "/d/sub/mp/..", "/d/sub/mp/../g", "/ld/sub/mp/other", "/newfile", "/newfile/", "/newdir2", "/newdir2/", "/newdir2/other", "/newdir2/..", "/newdir2/new",
	}},
	{name: "nested", tree: boundTree, mounts: nestedMounts, paths: []string{
		"/mnt", "/mnt/", "/mnt/in", "/mnt/new", "/mnt/sub", "/mnt/sub/", "/mnt/sub/..", "/mnt/sub/deep", "/mnt/sub/new", "/mnt/sub/../in", "/mnt/sub/../../f", "/mnt/point", "/mnt/point/sub", "/mnt/point/sub/deep",
		"/mnt/point/in", "/mnt/point/new", "/mnt/point/..", "/mnt/point/sub/..", "/mnt/point/point", "/mnt/point/rel", "/mnt/point/self/in", "/mnt/rel", "/mnt/self/sub/deep", "/mnt/updown", "/mnt/abs",
		"/tomnt/sub/deep", "/topoint", "/dcopy", "/dcopy/f", "/dcopy/sub", "/dcopy/sub/g", "/dcopy/sub/new", "/dcopy/empty", "/d/sub/empty", "/d/sub/empty/other", "/d/sub/empty/..", "/dcopy/toroot/f", "/tmp/x",
	}},
	{name: "file binds", tree: boundTree, mounts: "bind @file /g\nbind @m/in /d/f ro\nbind @n/other /d/sub/g noexec\nbind /f /lf2file\nbind @file /mnt/hidden ro", paths: []string{
		"/g", "/g/", "/g/.", "/g/..", "/g/x", "/togbind", "/togbind/", "/d/f/", "/d/f/..", "/d/sub/g/", "/d/sub/g/x", "/lf2file", "/lf2file/", "/mnt/hidden", "/mnt/hidden/x", "/mnt/hidden/", "/tomnt/hidden", "/mnt/new", "/ld/sub/g",
	}},
	{name: "restricted", tree: boundTree, mounts: "bind @m /mnt ro,noexec\nbind @n /dcopy noexec\ntmpfs /tmp\nbind @file /g noexec", flags: "ro", paths: []string{
		"/mnt", "/mnt/", "/mnt/in", "/mnt/new", "/mnt/new/", "/mnt/sub", "/mnt/sub/deep", "/mnt/rel", "/mnt/esc", "/mnt/point", "/mnt/missing/x", "/dcopy", "/dcopy/other", "/dcopy/new", "/dcopy/new/", "/dcopy/top/f", "/dcopy/..",
		"/tmp", "/tmp/", "/tmp/new", "/tmp/new/", "/tmp/..", "/tmp/../f", "/g", "/g/", "/g/x", "/new", "/new/", "/tomnt/new", "/togbind",
	}},
	{name: "from inside", tree: boundTree, mounts: bound, cwd: "/mnt/sub", dir: "/mnt/point", paths: []string{
		"deep", "deep/", "deep/x", "../in", "../in/", "../sub/deep", "../rel", "../abs", "../updown", "../esc", "../self", "../self/..", "../point", "../point/", "../point/other", "../point/..", "../point/../in", "../../f", "../../d/f", "../../mnt/in", "../../g",
		"../../d/sub/in", "../..", "../../..", "../../../f", "new", "new/", "../new", "./deep", "./", "../.", ".//deep", "other", "top", "top/in", "../tmp", "../../tmp", "../../dcopy/f", "missing/..", "/mnt/in", "/g",
	}},
}

// nestedMounts show a directory at several places, with other restrictions, and
// mounts inside of mounts.
const nestedMounts = `
bind @m /mnt
bind @m /mnt/point ro
bind @m/sub /mnt/point/sub
bind /d /dcopy ro
bind @n /d/sub/empty
tmpfs /tmp
`
