package identity

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

var update = flag.Bool("update", false, "as root: write testdata from what the kernel does")

// root makes a fresh root directory with the guest program in it. It belongs
// to the user who will work in it.
func root(t *testing.T, uid int) string {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	b, err := os.ReadFile(testbin.Guest(t))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "guest"), b, 0o755)
	}
	if err == nil {
		err = os.Mkdir(filepath.Join(dir, "proc"), 0o755)
	}
	if err == nil && os.Geteuid() == 0 {
		for _, p := range []string{"", "guest", "proc"} {
			if err == nil {
				err = os.Chown(filepath.Join(dir, p), uid, uid)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// What the guest has closed must not keep the directory from being
		// removed.
		filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if d != nil && d.IsDir() {
				os.Chmod(p, 0o700)
			}
			return nil
		})
	})
	return dir
}

// ptbox runs operations as the emulated root of dir.
func ptbox(t *testing.T, dir, state string, args ...string) string {
	t.Helper()
	argv := append([]string{testutil.Ptbox(t), "exec", "-0", "-r", dir, "-v", "/proc:/proc", "-w", "/", "--", "/guest", "own"}, args...)
	cmd := unpriv.Command(testbin.Guest(t), argv...)
	cmd.Env = []string{"XDG_STATE_HOME=" + state, "PATH=/", "TMPDIR=" + os.TempDir()}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// state makes a directory for the records of files without attributes.
func state(t *testing.T) string {
	dir := t.TempDir()
	os.Chmod(filepath.Dir(dir), 0o755)
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, unpriv.Nobody, unpriv.Nobody); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func native(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("/guest", append([]string{"own"}, args...)...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir, Credential: &syscall.Credential{}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

func golden(t *testing.T, name string) (file, text string) {
	t.Helper()
	file = filepath.Join("testdata", name+".txt")
	b, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	return file, string(b)
}

// diff lists the lines that differ.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out strings.Builder
	for i := range max(len(w), len(g)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			out.WriteString("kernel: " + a + "\nptbox:  " + b + "\n")
		}
	}
	return out.String()
}

func TestKernel(t *testing.T) {
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side is real root")
	}
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			file, want := golden(t, name)
			got := native(t, root(t, 0), args...)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("testdata is not what this kernel does:\n%s", diff(got, want))
			}
		})
	}
}

func TestPtbox(t *testing.T) {
	for name, args := range cases {
		t.Run(name, func(t *testing.T) {
			_, want := golden(t, name)
			if got := ptbox(t, root(t, unpriv.Nobody), state(t), args...); got != want {
				t.Errorf("%s", diff(want, got))
			}
		})
	}
}

// Owners outlive the sandbox, and are where others look for them.
func TestLasting(t *testing.T) {
	dir, st := root(t, unpriv.Nobody), state(t)
	ptbox(t, dir, st, "create /f 0644", "chown /f 33 42", "symlink f /l", "lchown /l 5 6", "create /z 0600", "chown /z 7 7", "chmod /z 0",
		"mknod /null 020644 1 3", "mkdir /d 0755", "chown /d 1 2", "chmod /d 0500", "create /d/x 0644", "create /plain 0644")
	want := "stat /f: 0100644 33 42 0x0\nstat /l: 0120777 5 6 0x0\nstat /z: 0100000 7 7 0x0\nstat /null: 0020644 0 0 0x103\nstat /d: 0040500 1 2 0x0\nlistx /f: []\n"
	if got := ptbox(t, dir, st, "stat /f", "stat /l", "stat /z", "stat /null", "stat /d", "listx /f"); got != want {
		t.Errorf("second run:\n%s", diff(want, got))
	}
	b := make([]byte, 64)
	n, err := unix.Getxattr(filepath.Join(dir, "f"), "user.rootlesscontainers", b)
	if err != nil || string(b[:n]) != "\x08\x21\x10\x2a" {
		t.Errorf("the attribute: % x, %v", b[:max(n, 0)], err)
	}
	if n, err := unix.Listxattr(filepath.Join(dir, "plain"), b); err != nil || n != 0 {
		t.Errorf("a file of root carries attributes: %q, %v", b[:max(n, 0)], err)
	}
	// Without the state directory all is there but what cannot carry an
	// attribute.
	got := ptbox(t, dir, state(t), "stat /f", "stat /l", "stat /z")
	want = "stat /f: 0100644 33 42 0x0\nstat /l: 0120777 0 0 0x0\nstat /z: 0100000 7 7 0x0\n"
	if got != want {
		t.Errorf("elsewhere:\n%s", diff(want, got))
	}
}

// What procfs tells of the guest's identity.
func TestStatus(t *testing.T) {
	got := ptbox(t, root(t, unpriv.Nobody), state(t), "status", "setgroups 4 5", "setgid 7 7 7", "setuid 6 6 6", "status")
	want := `status: "Uid\t0\t0\t0\t0 Gid\t0\t0\t0\t0 Groups\t NoNewPrivs\t0"
setgroups 4 5: ok
setgid 7 7 7: ok
setuid 6 6 6: ok
status: "Uid\t6\t6\t6\t6 Gid\t7\t7\t7\t7 Groups\t4 5 NoNewPrivs\t0"
`
	if strings.ReplaceAll(got, `Groups\t NoNew`, `Groups\t NoNew`) != want {
		t.Errorf("%s", diff(want, got))
	}
}

func TestHostname(t *testing.T) {
	dir, st := root(t, unpriv.Nobody), state(t)
	if got := ptbox(t, dir, st, "hostname build", "setuid 5 5 5", "hostname other"); got != "hostname build: build\nsetuid 5 5 5: ok\nhostname other: EPERM\n" {
		t.Error(got)
	}
}

// The audit log is not there, as in a kernel without it: programs of root do
// not expect to be refused.
func TestAudit(t *testing.T) {
	got := ptbox(t, root(t, unpriv.Nobody), state(t), "socket 16 3 9", "socket 16 3 0", "socket 1 1 0")
	if want := "socket 16 3 9: EPROTONOSUPPORT\nsocket 16 3 0: ok\nsocket 1 1 0: ok\n"; got != want {
		t.Errorf("%s", diff(want, got))
	}
}

// The guest's root mounts in the view, as it would in a namespace of its own
// whose first mounts are locked.
func TestMount(t *testing.T) {
	got := ptbox(t, root(t, unpriv.Nobody), state(t),
		"mkdir /a 0755", "create /a/f 0644", "mkdir /a/sub 0755", "mkdir /b 0755", "create /b/hidden 0644", "mkdir /c 0755", "symlink /b /l",
		"mount /a /l none 0x1000", "ls /b", "create /b/new 0644", "ls /a", "rmdir /b", "mount none /b none 0x1021", "create /b/x 0644", "create /a/y 0644",
		"mount none /b none 0x1020", "create /b/x 0644", "mount tmpfs /a/sub tmpfs 0 mode=700", "create /a/sub/t 0644", "stat /a/sub", "ls /b/sub", "umount /a/sub 0", "ls /a/sub",
		"umount /b 0", "ls /b", "umount /b 0", "umount /proc 0", "umount /c 0",
		"mount proc /c proc 0", "readlink /c/self/exe", "umount /c 0", "mount / /c none 0x1000", "mount / /c none 0x5000", "ls /c/b", "umount /c 0", "umount /c 2", "ls /c",
		"fsopen p proc 1", "fsconfig p 6", "fsmount q p 1 1", "movemount q - - /c 4", "readlink /c/self/exe", "umount /c 0", "closefd q", "umount /c 0", "fsopen p sysfs 1", "fsconfig p 6", "mount sysfs /c sysfs 0", "mount x /c ext4 0", "mount none /c none 0x40000", "mount none / none 0x44000", "mount tmpfs /missing tmpfs 0", "mount /a/f /b/hidden none 0x1000", "mount /a /b/hidden none 0x1000",
		"chroot /b", "mkdir /m 0755", "mount tmpfs /m tmpfs 0", "create /m/in 0644", "ls /m", "setuid 5 5 5", "mount tmpfs /m tmpfs 0", "umount /m 0")
	b, err := os.ReadFile(filepath.Join("testdata", "mount.golden"))
	if *update {
		err = os.WriteFile(filepath.Join("testdata", "mount.golden"), []byte(got), 0o644)
		b = []byte(got)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got != string(b) {
		t.Errorf("%s", diff(string(b), got))
	}
}
