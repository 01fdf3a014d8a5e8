package identity

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

// nested runs a script on the host and in a ptbox that emulates root: it must
// not make a difference to the ptbox in the script, r. $d is a directory to
// write to.
func nested(t *testing.T, script string) string {
	t.Helper()
	ptbox := testutil.Ptbox(t)
	script = `p=$1 d=$2; cd $d; r() { "$p" exec -0 -r / -w / "$@" || echo "exit $?"; }
		why() { "$@" 2>&1 | head -1 | sed 's/.*: //'; }; ` + script
	var out [2]string
	for i := range out {
		dir := root(t, unpriv.Nobody)
		tmp := t.TempDir()
		os.Chmod(filepath.Dir(tmp), 0o755)
		os.Chmod(tmp, 0o777|os.ModeSticky)
		argv := []string{"/bin/sh", "-ec", script, "sh", ptbox, dir}
		if i == 1 {
			argv = append([]string{ptbox, "exec", "-0", "-r", "/", "-w", "/", "--"}, argv...)
		}
		cmd := unpriv.Command(testbin.Guest(t), argv...)
		cmd.Env = []string{"XDG_STATE_HOME=" + state(t), "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR=" + tmp}
		b, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		out[i] = strings.ReplaceAll(string(b), dir, "DIR")
		if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
	if out[0] != out[1] {
		t.Errorf("- on the host, + inside:\n%s", diff(out[0], out[1]))
	}
	return out[1]
}

// Inside of a ptbox that emulates root another one has its view.
func TestNestedView(t *testing.T) {
	got := nested(t, `$p exec -- cat /etc/passwd
		echo file >f; mkdir tree; echo in >tree/x
		r -v $d/f:/no/such/file:ro -v $d/tree:/missing -- sh -c 'cat /no/such/file /missing/x; why() { "$@" 2>&1 | sed "s/.*: //"; }
			why touch /no/such/file; why touch /no/new; why rmdir /no /missing; ls /no; echo new >/missing/y; ls -d /no /missing; ls / | grep -c -e "^no$" -e missing'
		cat tree/y; why ls -d /no; why ls -d /missing
		r --tmpfs $d/tree:size=64k,mode=700 -- sh -c "stat -c %a:%u $d/tree; head -c 70000 /dev/zero >$d/tree/f || stat -c %s $d/tree/f" 2>/dev/null
		r --tmp-overlay $d/tree -- sh -c "echo changed >$d/tree/x; rm $d/tree/y; cat $d/tree/*"; cat tree/*
		mkdir up; r --overlay $d/tree:lower=$d/tree,upper=$d/up -- sh -c "echo changed >$d/tree/x; rm $d/tree/y"; cat tree/*; ls up; cat up/x
		why r --read-only -- touch $d/g
		r --tmpfs /dev -- sh -c 'ls /dev; echo x >/dev/null; readlink /dev/fd; head -c3 /dev/zero | wc -c'
		r --tmpfs $d/tree -v $d/f:$d/tree/a/b -- ls -R $d/tree
		r -v $d/tree:/etc/a,b:ro -- ls '/etc/a,b' || true; mkdir 'a,b:c'; r --tmp-overlay $d/tree:lower="$d/a\,b\:c" -- ls $d/tree`)
	if !strings.Contains(got, "65536\nchanged\n") {
		t.Errorf("%s", got)
	}
}

// The command is who it is to be, and ends as outside.
func TestNestedCommand(t *testing.T) {
	got := nested(t, `r -- sh -c 'exit 7'; r -- sh -c 'kill -9 $$'; r --timeout 100ms -- sleep 100
		r -- sh -c '(sleep 0.5; echo late) & echo early'
		r -u 1000:5 -- sh -c "id -u; id -g; id -G; touch $d/f || echo no; grep Cap /proc/self/status" 2>/dev/null
		r -- sh -c "cd $d; touch f; chown 7:8 f; stat -c %u:%g f; mknod n c 1 3; ls -l n | cut -c1-10"; r -- stat -c %u:%g $d/f
		r --hostname inner -- uname -n; uname -n | grep -c inner || true
		r --output-limit 100 -- yes 2>&1 >/dev/null | cat
		(umask 27; r -- sh -c umask); (ulimit -Sn 77; r -- sh -c 'ulimit -n'); echo in | r -- cat; r --clearenv -e A=b -- env | sort
		exec 3</etc/passwd; r -- ls /proc/self/fd; r --preserve-fds 1 -- readlink /proc/self/fd/3
		r -- sh -c 'cd /proc; for p in [0-9]*; do test -d $p && echo process; done; kill -0 $PPID' 2>&1 | sed 's/.*: //'
		r --net none -- python3 -c 'import socket; socket.socketpair(); socket.socket(socket.AF_INET)' 2>&1 | tail -1
		why r -- /missing; why r -- missing; why r -w /missing -- true; why r -- $d`)
	if !strings.HasPrefix(got, "exit 7\nexit 137\nexit 124\nearly\n1000\n5\n") {
		t.Errorf("%s", got)
	}
}

// What is in the inner one ends with it, and is all that it sees. What needs a
// tracer is refused.
func TestNestedEnds(t *testing.T) {
	p := testutil.Ptbox(t)
	out := tool(t, "0", `p=`+p+`; mkfifo $1/up; cd $1
		$p exec -r / -- sh -c "setsid sleep 1000 & echo \$! >$1/up; sleep 1000" & read pid <up
		kill -0 $pid; kill -9 $!; wait $! || echo $?; while kill -0 $pid 2>/dev/null; do sleep 0.01; done; echo gone
		sleep 1000 & $p exec -r / -- sh -c "kill -9 $! || echo unseen; kill -9 -1 || echo nobody; test -d /proc/$! || echo none; set -- /proc/[0-9]*; echo \$#" 2>/dev/null; kill $!
		$p exec -r / -- $p exec -r / --hostname third -- sh -c 'uname -n; exit 9' || echo $?
		for o in --trace --stats --pids-limit=5 --landlock=on --trap=syscall --fast=on --mem=peek; do $p exec -r / $o -- true 2>/dev/null || echo $o $?; done
		$p doctor | grep -e nested -e ptrace | cut -c1-10`)
	// dash does not always say so of a job that it waits for.
	want(t, strings.Replace(out, "Killed\n", "", 1),
		"137\ngone\nunseen\nnobody\nnone\n1\nthird\n9\n--trace 125\n--stats 125\n--pids-limit=5 125\n--landlock=on 125\n--trap=syscall 125\n--fast=on 125\n--mem=peek 125\nok    nest\nok    ptra\n")
}
