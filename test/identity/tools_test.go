package identity

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// tool runs a shell script as an emulated user of the host's own tree. The
// script's $1 is a directory that it may write to.
func tool(t *testing.T, user, script string) string {
	t.Helper()
	dir := root(t, unpriv.Nobody)
	// A directory for anybody: whom the script runs as owns none outside.
	tmp := t.TempDir()
	os.Chmod(filepath.Dir(tmp), 0o755)
	os.Chmod(tmp, 0o777|os.ModeSticky)
	argv := []string{testutil.Ptbox(t), "exec", "-u", user, "-r", "/", "-w", "/", "--", "/bin/sh", "-ec", script, "sh", dir}
	cmd := unpriv.Command(testbin.Guest(t), argv...)
	cmd.Env = []string{"XDG_STATE_HOME=" + state(t), "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=" + tmp}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.ReplaceAll(string(out), dir, "DIR")
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s", diff(want, got))
	}
}

// What is made in a directory that is shown twice has its maker's owner.
func TestMadeTwice(t *testing.T) {
	dir := root(t, unpriv.Nobody)
	cmd := unpriv.Command(testbin.Guest(t), testutil.Ptbox(t), "exec", "-0", "-r", "/", "-v", dir+":"+dir+"/twice", "-w", "/", "--",
		"/bin/sh", "-ec", "chmod 777 $1; chown 5:6 $1; umask 22; $0 exec -u 7:8 -r / -- sh -c 'echo >$1/f; echo >>$1/f; echo >$1/twice/g' sh $1; stat -c %u:%g:%a $1/f $1/g $1/twice/f", testutil.Ptbox(t), dir)
	cmd.Env = []string{"XDG_STATE_HOME=" + state(t), "PATH=/usr/bin:/bin"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want(t, string(out), strings.Repeat("7:8:644\n", 3))
}

// Programs that make mount namespaces do so inside, for a user without any
// right outside.
func TestBubblewrap(t *testing.T) {
	testutil.Command(t, "bwrap")
	want(t, tool(t, "0", `echo here >$1/f
		bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --bind $1 /mnt sh -c '
			touch /etc/x 2>/dev/null || echo read-only
			ls /tmp; echo t >/tmp/t; cat /tmp/t /mnt/f; echo out >/mnt/g
			test -c /dev/null && echo >/dev/null && test ! -e /dev/kmsg && echo devices
			grep -c " /newroot\| /oldroot" /proc/self/mountinfo
			readlink -f /proc/self/cwd; id -u'
		cat $1/g; ls /tmp >/dev/null`), "read-only\nt\nhere\ndevices\n0\n/\n0\nout\n")
	want(t, tool(t, "0", `bwrap --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
		--unshare-uts --hostname inner --dir /work --chdir /work sh -c 'pwd; echo /*; uname -n'
		test "$(uname -n)" != inner && echo outside`), "/work\n/bin /lib /lib64 /usr /work\ninner\noutside\n")
}

// The same for a user who needs a user namespace for it.
func TestBubblewrapUser(t *testing.T) {
	testutil.Command(t, "bwrap")
	want(t, tool(t, "1000:1000", `bwrap --unshare-user --uid 77 --gid 78 --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp sh -c '
		id -u; id -g; echo x >/tmp/f; stat -c "%u %g" /tmp/f /dev /proc/self/; ls /proc/self/fd >/dev/null; chroot / true 2>/dev/null || echo no root'
		unshare -r id -u; id -u`), "77\n78\n77 78\n77 78\n77 78\nno root\n0\n1000\n")
}

func TestUnshare(t *testing.T) {
	testutil.Command(t, "unshare")
	want(t, tool(t, "0", `mkdir $1/a $1/b; echo x >$1/a/f
		unshare -m sh -ec 'mount --bind $1/a $1/b; cat $1/b/f; findmnt -n -o TARGET $1/b; mount -o remount,bind,ro $1/b
			touch $1/b/g 2>/dev/null || echo read-only; mount -t tmpfs none $1/a; ls $1/a; umount $1/a; ls $1/a' sh $1
		ls $1/b`), "x\nDIR/b\nread-only\nf\n")
}

// Other processes' namespaces are entered by the files that /proc has of them.
func TestNsenter(t *testing.T) {
	testutil.Command(t, "nsenter")
	want(t, tool(t, "0", `mkdir $1/a $1/b; mkfifo $1/up $1/down; echo x >$1/a/f
		unshare -mu sh -ec 'mount --bind $1/a $1/b; hostname held; cd $1/b; echo up >$1/up; read x <$1/down' sh $1 &
		read x <$1/up
		nsenter -t $! -m ls $1/b; ls $1/b; nsenter -t $! -m -u -w sh -c 'pwd; uname -n'; nsenter -t $! -m readlink /proc/self/ns/mnt /proc/$!/ns/mnt | uniq | wc -l
		nsenter -t $! -n true 2>&1 || true; nsenter -t $! -m sh -c 'ls -d /etc'; ls -di /proc/$!/ns/uts /proc/self/ns/uts -L | cut -d' ' -f1 | uniq | wc -l
		echo down >$1/down; wait`), "f\nDIR/b\nheld\n1\nnsenter: reassociate to namespace 'ns/net' failed: Operation not permitted\n/etc\n2\n")
	want(t, tool(t, "1000:1000", `d=$(mktemp -d); mkfifo $d/up $d/down
		unshare -rm sh -ec 'mount -t tmpfs none /mnt; echo >/mnt/in; echo up >$1/up; read x <$1/down' sh $d &
		read x <$d/up
		nsenter -t $! -U -m --preserve-credentials sh -c 'ls /mnt; id -u'; nsenter -t $! -m true 2>&1 || true; nsenter -t 1 -m true 2>&1 | sed 's/.*: //'
		echo down >$d/down; wait; rm -r $d`), "in\n0\nnsenter: reassociate to namespace 'ns/mnt' failed: Operation not permitted\nNo such file or directory\n")
}

// What a view cannot give is refused.
func TestNamespacesRefused(t *testing.T) {
	testutil.Command(t, "bwrap")
	testutil.Command(t, "unshare")
	want(t, tool(t, "0", `for n in -p -n -i -C -T; do unshare $n true 2>&1 || true; done; bwrap --unshare-all --ro-bind / / true 2>&1 | cut -d, -f1`),
		strings.Repeat("unshare: unshare failed: Operation not permitted\n", 5)+"bwrap: No permissions to create new namespace\n")
}

// A process has one tracer, and inside it is ours: those who want to be one are
// told so.
func TestTracersRefused(t *testing.T) {
	testutil.Command(t, "strace")
	got := tool(t, "1000:1000", testutil.Ptbox(t)+` exec -- true 2>&1 || echo $?; `+testutil.Ptbox(t)+` exec --trap=syscall -- true 2>&1 || echo $?; strace -o /dev/null true 2>&1 || echo refused`)
	const hint = "ptbox: start: ptrace seize: operation not permitted\nhint: a process has one tracer: ptbox runs inside ptbox only as its root (-0), and never inside strace or a debugger; else ptbox doctor says what this host lacks\n125\n"
	rest, ok := strings.CutPrefix(got, hint+hint)
	if !ok || !strings.Contains(rest, "Operation not permitted") || !strings.HasSuffix(rest, "refused\n") {
		t.Errorf("%s", got)
	}
}

// What a namespace has mounted is gone with it, on the host too.
func TestNamespaceEnds(t *testing.T) {
	tmp := t.TempDir()
	os.Chmod(filepath.Dir(tmp), 0o755)
	os.Chmod(tmp, 0o777)
	dir := root(t, unpriv.Nobody)
	cmd := unpriv.Command(testbin.Guest(t), testutil.Ptbox(t), "exec", "-0", "-r", dir, "-v", "/proc:/proc", "-w", "/", "--", "/guest", "own",
		"mkdir /a 0755", "clone "+newNS+" mount t /a tmpfs 0,create /a/x 0644", "ls /a")
	cmd.Env = []string{"XDG_STATE_HOME=" + state(t), "PATH=/", "TMPDIR=" + tmp}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "create /a/x 0644: ok") {
		t.Fatal(err, string(out))
	}
	if out, err := exec.Command("find", tmp, "-mindepth", "1").CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("left behind: %s %v", out, err)
	}
}
