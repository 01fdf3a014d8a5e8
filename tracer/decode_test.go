package tracer

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAppendCall(t *testing.T) {
	cwd := uint64(1<<32 - 100) // as most programs pass AT_FDCWD
	mem := map[uint64]string{0x1000: "/etc/passwd", 0x2000: "a\"b\n\xff", 0x3000: "dir"}
	read := func(addr uint64) (string, error) {
		if s, ok := mem[addr]; ok {
			return s, nil
		}
		return "", errors.New("no memory")
	}
	for _, tt := range []struct {
		name string
		args [6]uint64
		want string
	}{
		{"getpid", [6]uint64{1, 2, 3}, "getpid()"},
		{"openat", [6]uint64{cwd, 0x1000, unix.O_CLOEXEC, 0o644}, `openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC)`},
		{
			"openat",
			[6]uint64{^uint64(99), 0x2000, unix.O_RDWR | unix.O_CREAT | unix.O_EXCL, 0o640},
			`openat(AT_FDCWD, "a\"b\n\xff", O_RDWR|O_CREAT|O_EXCL, 0640)`,
		},
		{"open", [6]uint64{0x3000, unix.O_TMPFILE | unix.O_WRONLY, 0}, `open("dir", O_WRONLY|O_TMPFILE, 0)`},
		{"open", [6]uint64{0x3000, unix.O_DIRECTORY | 1<<30}, `open("dir", O_RDONLY|O_DIRECTORY|0x40000000)`},
		{"stat", [6]uint64{0xdead, 0}, "stat(0xdead, NULL)"},
		{"newfstatat", [6]uint64{3, 0, 0x7ff0, 0x1100}, "newfstatat(3, NULL, 0x7ff0, AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH)"},
		{"unlinkat", [6]uint64{cwd, 0x3000, 0x200}, `unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR)`},
		{"faccessat2", [6]uint64{cwd, 0x3000, 4, 0x200}, `faccessat2(AT_FDCWD, "dir", 04, AT_EACCESS)`},
		{"kill", [6]uint64{1<<32 - 1, 9}, "kill(-1, SIGKILL)"},
		{"kill", [6]uint64{5, 0}, "kill(5, 0)"},
		{"chown", [6]uint64{0x3000, 1<<32 - 1, 5}, `chown("dir", -1, 5)`},
		{"clone", [6]uint64{unix.CLONE_VM | unix.CLONE_VFORK | 17, 0, 0, 0, 0}, "clone(CLONE_VM|CLONE_VFORK|SIGCHLD, NULL, NULL, NULL, 0)"},
		{"clone", [6]uint64{17}, "clone(SIGCHLD, NULL, NULL, NULL, 0)"},
		{"unshare", [6]uint64{0x80}, "unshare(CLONE_NEWTIME)"},
		{"unshare", [6]uint64{0}, "unshare(0)"},
		{"poll", [6]uint64{0x10, 1, 1<<32 - 1}, "poll(0x10, 1, -1)"},
		{"read", [6]uint64{0, 0x10, 1 << 31}, "read(0, 0x10, 2147483648)"},
	} {
		if got := string(AppendCall(nil, ByName(tt.name), tt.args, read)); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	if got := string(AppendCall([]byte("x "), ByName("chdir"), [6]uint64{0x1000}, nil)); got != "x chdir(0x1000)" {
		t.Error(got)
	}
	if got := string(AppendCall(nil, nil, [6]uint64{}, read)); got != "unknown()" {
		t.Error(got)
	}
}

func TestAppendResult(t *testing.T) {
	for _, tt := range []struct {
		name string
		val  int64
		want string
	}{
		{"openat", 3, "= 3"},
		{"openat", -2, "= -1 ENOENT (No such file or directory)"},
		{"openat", -4000, "= -1 errno 4000"},
		{"openat", -512, "= ? ERESTARTSYS (to be restarted)"},
		{"mmap", 0x7f0000001000, "= 0x7f0000001000"},
		{"mmap", -12, "= -1 ENOMEM (Cannot allocate memory)"},
		{"lseek", -5000, "= -5000"},
	} {
		if got := string(AppendResult(nil, ByName(tt.name), tt.val)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// Every row can be shown, with whatever in the registers.
func TestAppendCallOfEveryRow(t *testing.T) {
	for i := range Table {
		for _, v := range []uint64{0, 1, ^uint64(0), 1 << 63} {
			got := string(AppendCall(nil, &Table[i], [6]uint64{v, v, v, v, v, v}, nil))
			if len(got) < len(Table[i].Name)+2 || got[len(got)-1] != ')' {
				t.Errorf("%q", got)
			}
		}
	}
	for k := range numArgKind {
		if k != None && len(appendArg(nil, &Table[0], k, 7, nil)) == 0 {
			t.Errorf("kind %d shows nothing", k)
		}
	}
}
