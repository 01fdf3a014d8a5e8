package difftest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
	"github.com/ptbox/ptbox/tracer"
)

// guest386 is the guest program for i386, below r.Base.
func guest386(t *testing.T, r *Runner) string {
	t.Helper()
	if !tracer.HaveI386() {
		testutil.Skip(t, testutil.NeedInt80, "the kernel runs no 32-bit programs")
	}
	guest, err := testutil.BuildFor("386", "internal/testbin/guest", "guest386")
	if err != nil {
		t.Fatal(err)
	}
	local := filepath.Join(r.Base, "guest386")
	if err := place(guest, local); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(local, 0o755); err != nil {
		t.Fatal(err)
	}
	return local
}

// i386Cases are about what a handler changes of a struct that the kernel has
// filled.
var i386Cases = []Case{
	{Name: "i386/links of a merged directory", Tree: "d /m\nd @a/d/x\nd @b/d/y\nd @b/d/z\n", Mounts: "overlay /m lower=@a:@b,upper=@up", NoInodes: true, Script: `
		stat.l "/m/d"
		newfstatat.l AT_FDCWD "/m/d" 0
		statx.l AT_FDCWD "/m/d" 0 STATX_BASIC_STATS
	`},
}

// TestI386 compares with a 32-bit guest. All cases are run with it by
// PTBOX_GUEST=… TestDiff; here are those that say most of calls and structs.
func TestI386(t *testing.T) {
	r := theRunner(t)
	r.Ptbox = testutil.Ptbox(t)
	r.Guest = guest386(t, &r)
	for _, c := range slices.Concat(attrCases, openCases, dirCases, execCases, socketCases, tmpfsCases, cwdCases, miscCases, processCases, overlayCases, i386Cases) {
		if c.Name == "tmpfs mapped" {
			continue // mmap2 counts pages
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			compare(t, &r, &c, []string{"seccomp"})
		})
	}
}

// What C libraries no longer call, or not in this form.
func TestI386Legacy(t *testing.T) {
	r := theRunner(t)
	guest := guest386(t, &r)
	dir := filepath.Join(r.Base, "legacy")
	run := func(argv ...string) string {
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		out, err := unpriv.Command(guest, append(argv, guest, "legacy", dir)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", argv, err, out)
		}
		return string(out)
	}
	want := run()
	for _, flags := range []string{"", "--fast=off", "--trap=syscall", "--regs=gsi", "--regs=peekuser"} {
		argv := append([]string{testutil.Ptbox(t), "exec"}, strings.Fields(flags)...)
		if got := run(append(argv, "-r", "/", "--")...); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", flags, got, want)
		}
	}
}

// dynamic is a program that needs its interpreter, and says where it is.
const dynamic = `
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdlib.h>

int main(int argc, char **argv) {
	struct stat s;
	char exe[100] = "", line[300], *libs[] = {"/lib/ld-linux.so.2", "/lib/libc.so.6"};
	readlink("/proc/self/exe", exe, sizeof exe - 1);
	printf("%d %s %s %s %d\n", (int)sizeof(long), argv[1], exe, (char *)getauxval(AT_EXECFN), stat("/lib", &s));
	for (int i = 0; i < 2; i++) {
		int found = 0;
		FILE *f = fopen("/proc/self/maps", "r");
		while (fgets(line, sizeof line, f))
			found |= strstr(line, libs[i]) != NULL;
		fclose(f);
		printf("%s %d\n", libs[i], found);
	}
	free(malloc(64 << 20));
	fflush(stdout);
	if (argv[2])
		execl(argv[2], argv[2], "again", NULL);
	return 0;
}
`

// A dynamic 32-bit program has the interpreter of the view, whatever the host
// has at its path: another file here, nothing in other places.
func TestI386Interpreter(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "dynamic.c")
	if err := os.WriteFile(src, []byte(dynamic), 0o644); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	for _, d := range []string{"lib", "opt", "proc"} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	builds := [][]string{
		{"-pie", "-o", "pie"},
		{"-no-pie", "-o", "fixed"},
		{"-static", "-o", "static"},
		{"-static-pie", "-o", "static-pie"},
		{"-pie", "-o", "elsewhere", "-Wl,--dynamic-linker=/opt/ld.so"}, // the host has none there
		{"-no-pie", "-o", "elsewhere-fixed", "-Wl,--dynamic-linker=/opt/ld.so"},
	}
	for _, b := range builds {
		cmd := exec.Command("gcc", append([]string{"-m32", src}, b...)...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil || !tracer.HaveI386() {
			testutil.Skip(t, testutil.NeedMultilib, string(out))
		}
	}
	for from, to := range map[string]string{"ld-linux.so.2": "lib/ld-linux.so.2", "libc.so.6": "lib/libc.so.6"} {
		out, err := exec.Command("gcc", "-m32", "-print-file-name="+from).Output()
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(strings.TrimSpace(string(out)))
		if err != nil {
			testutil.Skip(t, testutil.NeedMultilib, err.Error())
		}
		if err := os.WriteFile(filepath.Join(root, to), b, 0o755); err != nil {
			t.Fatal(err)
		}
		if from[0] == 'l' && from[1] == 'd' {
			if err := os.WriteFile(filepath.Join(root, "opt/ld.so"), b, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, b := range builds {
		name := "/" + b[2]
		for _, fast := range []string{"auto", "off"} {
			argv := []string{"exec", "--fast", fast, "-r", root, "-v", "/proc:/proc", "--", name, "first", "/fixed"}
			out, err := exec.Command(testutil.Ptbox(t), argv...).CombinedOutput()
			dyn, lib := "1", "1" // whether libc and the interpreter are mapped by these names
			if strings.HasPrefix(b[2], "static") {
				dyn = "0"
			}
			if dyn == "0" || strings.HasPrefix(b[2], "elsewhere") {
				lib = "0"
			}
			said := func(n, word, lib, dyn string) string {
				return "4 " + word + " " + n + " " + n + " 0\n/lib/ld-linux.so.2 " + lib + "\n/lib/libc.so.6 " + dyn + "\n"
			}
			if want := said(name, "first", lib, dyn) + said("/fixed", "again", "1", "1"); err != nil || string(out) != want {
				t.Errorf("%s, --fast=%s: %v\n%s\nwant\n%s", name, fast, err, out, want)
			}
		}
	}
}
