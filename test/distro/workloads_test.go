package distro

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// workloads are shell scripts whose output says whether they worked. It must
// not depend on time, process ids or inode numbers.
var workloads = []struct{ name, script string }{
	{"bash", `
		set -e
		cat <(echo one; echo two) <(printf 'three\n') | sort -r
		x=$(cd /usr/share && ls -d d*/ | wc -l); [ "$x" -gt 1 ]
		cat <<EOF
here document
EOF
		for i in 1 2 3; do (sleep 0.0$i; echo "job $i" > job$i) & done; wait
		cat job1 job2 job3
		trap 'echo trapped' USR1; kill -USR1 $$
		echo /etc/pass*; shopt -s globstar; echo /usr/share/**/copyright | wc -w
		(exit 7) || echo "exit $?"
		bash -c 'kill -TERM $$' || echo "signal $?"
		coproc cat; echo via coproc >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
		ulimit -n 64; exec 9<>/mnt/rw; echo data >&9; cat /mnt/rw
		cd /usr/lib/../bin; pwd -P; pwd; cd - >/dev/null; echo "$PWD"
		[ -x /bin/bash ] && [ ! -w /etc/passwd ] && [ -L /bin ] && echo tests
		printf '#!/bin/sh\necho script "$0" "$@"\n' > s; chmod +x s; ./s a b
		echo 'echo no shebang' > n; chmod +x n; ./n
	`},
	{"coreutils", `
		set -e
		mkdir -p a/b/c; echo content > a/b/c/f; ln -s b/c/f a/l; ln a/b/c/f a/hard; mkfifo a/p
		cp -a a copy; cp -rL a/b follow; mv copy moved; install -D -m 600 a/b/c/f inst/x/y
		touch -d @1000000000 moved/hard; chmod -R u+w,go-rwx moved; truncate -s 5000 big
		stat -c '%n %A %F %s %h' moved/hard big a/p a/l inst/x/y; stat -c %Y moved/hard
		dd if=/dev/zero of=zero bs=1k count=100 status=none; cp --sparse=always zero sparse
		sha256sum zero sparse big a/b/c/f
		readlink a/l; readlink -f a/l; realpath a/b/../b/c/.; basename /x/y; dirname /x/y
		find . -type f | sort | xargs wc -c
		ls -AlR --time-style=+ . | sed 's/^total.*//' | awk '{print $1, $NF}'
		echo x | tee t1 t2 >/dev/null; cmp t1 t2 && echo same
		mkdir d1; rmdir d1; rm -rf a; ls; du -s --apparent-size -b inst >/dev/null
		rm /etc/passwd 2>&1 || true; touch /usr/x 2>&1 || true; mv big /etc/ 2>&1 || true
		seq 1 1000 | shuf | sort -n | md5sum; split -l 100 <(seq 1 1000) part.; ls part.* | wc -l
		f=$(mktemp /tmp/XXXXXX); echo t > "$f"; cat "$f"; df / >/dev/null; pwd; nproc >/dev/null; whoami; id -u
	`},
	{"find over the whole root", `
		find / \( -path /proc -o -path /sys -o -path /dev -o -path /mnt -o -path /tmp \) -prune -o -printf '%y %m %U %s %p -> %l\n' 2>&1 |
			sed 's/^d \([0-9]*\) \([0-9]*\) [0-9]*/d \1 \2/' | LC_ALL=C sort > list
		wc -l < list; sha256sum < list
		find /usr -type f -newer /etc/passwd 2>/dev/null | wc -l
		cd /usr/share && find . -name '*.gz' -print0 | xargs -0 ls -d | LC_ALL=C sort | sha256sum
	`},
	{"tar both ways", `
		set -e
		tar -C /usr/share -cf a.tar doc perl5 2>/dev/null || tar -C /usr/share -cf a.tar doc
		mkdir x; tar -C x -xf a.tar
		(cd x && find . -printf '%y %m %p %l\n' | LC_ALL=C sort | sha256sum; find . -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum)
		(cd /usr/share && find doc -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum)
		tar -C x --sort=name --mtime=@0 -cf - . | tar -tf - | sha256sum
		tar -C /usr -cf - bin 2>/dev/null | tar -C x -xpf -; ls x/bin | wc -l
	`},
	{"python", `
		set -e
		v=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
		cp -r /usr/lib/python$v lib; find lib -name __pycache__ -prune -exec rm -rf {} +
		python3 -m compileall -q -j 2 lib; find lib -name '*.pyc' | wc -l
		python3 - <<'EOF'
import os, sys, tempfile, shutil, pathlib, subprocess, threading, multiprocessing, socket, glob
print(sys.executable, os.getcwd(), os.path.realpath("/bin"), os.readlink("/proc/self/exe"))
d = pathlib.Path(tempfile.mkdtemp(dir="/mnt")); (d / "a").write_text("x"); shutil.copytree(d, "/mnt/tree")
print(sorted(os.listdir("/mnt/tree")), len(glob.glob("/usr/bin/*")))
def work(i):
    p = "/mnt/t%d" % i
    for _ in range(50):
        open(p, "w").write(str(i)); assert open(p).read() == str(i); os.rename(p, p + "x"); os.unlink(p + "x")
ts = [threading.Thread(target=work, args=(i,)) for i in range(8)]
[t.start() for t in ts]; [t.join() for t in ts]
print(subprocess.run(["sh", "-c", "echo $0 from sh; exit 3"], capture_output=True, text=True))
with multiprocessing.Pool(3) as p: print(p.map(abs, range(-5, 5)))
s = socket.socket(socket.AF_UNIX); s.bind("/mnt/py.sock"); s.listen()
c = socket.socket(socket.AF_UNIX); c.connect("/mnt/py.sock"); a, _ = s.accept()
print(s.getsockname(), c.getpeername(), a.getsockname()); c.send(b"hi"); print(a.recv(9))
fd = os.open("/usr", os.O_RDONLY); print(os.stat("bin", dir_fd=fd).st_mode, len(os.listdir(fd)) > 3); os.fchdir(fd); print(os.getcwd())
for p in ("/etc/x", "/usr/bin/x"):
    try: open(p, "w")
    except OSError as e: print(e)
EOF
	`},
	{"git", `
		set -e
		export GIT_AUTHOR_DATE='1000000000 +0000' GIT_COMMITTER_DATE='1000000000 +0000'
		git config --global user.name n; git config --global user.email e@x; git config --global init.defaultBranch main
		git init -q repo; cd repo
		for i in $(seq 1 30); do mkdir -p d$((i%5)); echo "file $i" > d$((i%5))/f$i; git add .; git commit -qm "commit $i"; done
		git rev-parse HEAD; cd ..; git clone -q repo clone; git -C clone log --oneline | wc -l
		git clone -q --bare file:///mnt/repo bare.git; git -C bare.git rev-parse HEAD
		cd clone; git checkout -qb topic HEAD~5; echo t > t; git add t; git commit -qm topic; git merge -q -m merged main; git log -1 --format=%s
		git push -q origin topic; git gc -q; git fsck 2>&1; git status --short; git mv d1 moved; git stash -q; git worktree add -q ../wt main; ls ../wt
	`},
	{"procfs and mounts", `
		findmnt -rno TARGET,FSTYPE | LC_ALL=C sort
		findmnt -rno OPTIONS /; findmnt -rno SOURCE,FSTYPE,OPTIONS /proc
		awk '$2 == "/" || $2 == "/proc" || $2 == "/mnt"' /proc/mounts; awk '$5 == "/" { print $3, $4 == "/" || 1, $5, $6, $(NF-2) }' /proc/self/mountinfo
		grep -c . /etc/mtab 2>/dev/null; mount | awk '$3 == "/mnt" { print $5, $6 }'
		df --output=target,fstype 2>&1 | grep -v '^/tmp' | LC_ALL=C sort; df --output=target / /tmp /proc 2>&1
		for d in / /proc /dev /mnt /tmp /usr; do mountpoint -q $d; echo "$d $?"; done
		stat -f -c '%n %T' / /proc /tmp /mnt
		ldd /bin/ls | sed 's/ (.*//'
		ls /proc/self/fd | grep -x "[012]"; readlink /proc/self/exe /proc/self/root /proc/self/cwd
		(cd /proc/self && readlink exe cwd root) | tr -d '[0-9]'
		grep -E '^(TracerPid|Seccomp|Seccomp_filters|NoNewPrivs):' /proc/self/status
		ls -d /proc/cpuinfo /proc/self /proc/thread-self /proc/mounts /proc/sys/kernel/hostname
		[ "$(cat /proc/sys/kernel/hostname)" = "$(uname -n)" ] && echo named
		readlink /proc/self/ns/mnt | tr -d '[0-9]'; test -e /proc/self/ns/mnt && echo there
		python3 - <<'EOF'
import os
maps = open("/proc/self/maps").read()
paths = sorted({l.split(None, 5)[5] for l in maps.splitlines() if len(l.split(None, 5)) > 5})
print([p for p in paths if p[0] == "/"], all(os.path.exists(p) for p in paths if p[0] == "/"))
print(sorted({l.split()[-1] for l in open("/proc/self/smaps") if "-" in l.split()[0] and l.rstrip().endswith(".so.6")}))
for d in ("/", "/usr", "/proc", "/mnt", "/tmp"):
    print(d, hex(os.statvfs(d).f_flag), hex(os.fstatvfs(os.open(d, os.O_RDONLY)).f_flag))
f = open("/proc/self/mounts"); a = f.read(); f.seek(0); print(a == f.read(), os.readlink("/proc/self/fd/%d" % f.fileno()).endswith("/mounts"))
print(str(os.getpid()) in os.listdir("/proc"), sorted(os.listdir("/proc/self/task")) == [str(os.getpid())])
print({"0", "1", "2"} <= set(os.listdir("/proc/self/fd")), "1000" in os.listdir("/proc/self/fd"), os.path.samefile("/proc/self/exe", "/usr/bin/python3"))
for p in ("/proc/self/maps", "/proc/mounts"):
    try: open(p, "w")
    except OSError as e: print(e)
try: os.open("/proc/self/maps", os.O_DIRECTORY)
except OSError as e: print(e)
EOF
	`},
	{"gcc and make", `
		set -e
		mkdir p; cd p
		printf 'CFLAGS = -O1\nOBJS = %s\nprog: $(OBJS)\n\t$(CC) -o $@ $(OBJS)\n%%.o: %%.c all.h\n\t$(CC) $(CFLAGS) -c -o $@ $<\n' "$(for i in $(seq 1 60); do printf 'f%s.o ' $i; done) main.o" > Makefile
		for i in $(seq 1 60); do echo "int f$i(int);" >> all.h; printf '#include <stdio.h>\n#include <stdlib.h>\n#include "all.h"\nint f%s(int x) { return x + %s; }\n' $i $i > f$i.c; done
		{ echo '#include <stdio.h>'; echo '#include "all.h"'; echo 'int main(void) { int x = 0;'; for i in $(seq 1 60); do echo "x = f$i(x);"; done; echo 'printf("%d %s\n", x, __FILE__); return 42; }'; } > main.c
		make -s -j4; ./prog || echo "exit $?"; make -q && echo up to date; touch f7.c; make -n | wc -l
		ldd ./prog | grep -c libc; readelf -l prog | grep -c interpreter
		printf 'int main(){int *p=0;return *p;}' > segv.c; gcc -o segv segv.c; sh -c './segv; echo "exit $?"' 2>/dev/null
		printf '#include <stdio.h>\nint main(){puts("static");return 0;}' > st.c; gcc -static -o st st.c; ./st
		gcc -shared -fPIC -o libx.so f1.c; printf 'int f1(int);int main(){return f1(4);}' > u.c; gcc -o u u.c -L. -lx -Wl,-rpath,'$ORIGIN'; ./u || echo "exit $?"
	`},
	{"perl", `
		perl -e '
			use strict; print "$^X $0\n"; mkdir "pd" or die; chdir "pd" or die;
			for my $i (1..50) { open(my $f, ">", "f$i") or die; print $f $i; close $f; rename "f$i", "g$i" or die }
			opendir(my $d, ".") or die; my @n = grep /^g/, readdir $d; print scalar(@n), "\n"; symlink "g1", "l" or die; print readlink("l"), " ", -s "l", "\n";
			my $p = fork; if (!$p) { exit 5 } waitpid $p, 0; print $? >> 8, "\n"; print ` + "`echo from a shell`" + `; unlink glob "g*"; chdir ".."; unlink "pd/l"; rmdir "pd" or die; print -e "pd" ? "there" : "gone", "\n";
			print -r "/etc/passwd" && !-w _ ? "read-only\n" : "writable\n"; open(my $x, ">", "/etc/x") or print "$!\n"'
	`},
	{"busybox", `
		set -e
		cp /bin/busybox .; ./busybox sh -c './busybox ls / | ./busybox head -3; ./busybox stat -c %F /bin/sh; cd /usr/../etc; pwd; ./../mnt/busybox wc -c < passwd'
		mkdir bb; ./busybox --install -s bb; PATH=/mnt/bb; ls bb | wc -l; echo hello | gzip | gunzip; tar cf - bb | tar tf - | wc -l; find /usr -maxdepth 1 | sort; id -u
	`},
}

func TestWorkloads(t *testing.T) {
	for _, w := range workloads {
		t.Run(w.name, func(t *testing.T) {
			b := newBox(t)
			argv := []string{"/bin/bash", "-c", w.script}
			if os.Geteuid() != 0 {
				if code, got := output(t, b.under(argv...)); code != 0 {
					t.Errorf("exit %d:\n%s", code, got)
				}
				return
			}
			code, want := output(t, b.native(argv...))
			if code != 0 {
				t.Fatalf("native: exit %d:\n%s", code, want)
			}
			flags := []string{"--fast=auto", "--fast=on", "--trap=syscall"}
			if full() {
				flags = append(flags, "--fast=off")
			}
			for _, flag := range flags {
				b.work = workDir(t)
				b.flags = []string{flag}
				if code, got := output(t, b.under(argv...)); code != 0 || got != want {
					t.Errorf("%s: exit %d, - native, + ptbox:\n%s", flag, code, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
				}
			}
		})
	}
}
