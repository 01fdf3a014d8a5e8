package hostile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
)

// bundle is a bundle whose root is the host's, with a seccomp profile.
func bundle(t *testing.T, seccomp string, args ...string) string {
	t.Helper()
	return bundleOf(t, `"linux": {"seccomp": `+seccomp+`}`, nil, args...)
}

// bundleOf is a bundle with properties of its own and of its process.
func bundleOf(t *testing.T, more string, process map[string]string, args ...string) string {
	t.Helper()
	dir := tmp(t)
	argv, err := json.Marshal(append([]string{build(t)}, args...))
	if err != nil {
		t.Fatal(err)
	}
	own := ""
	for name, value := range process {
		if name == "args" {
			argv = []byte(value)
			continue
		}
		own += `, "` + name + `": ` + value
	}
	config := `{"ociVersion": "1.2.0", "root": {"path": "/"},
		"process": {"user": {"uid": 65534, "gid": 65534}, "args": ` + string(argv) + `, "env": ["PATH=/bin"], "cwd": "/"` + own + `},
		"mounts": [{"destination": "/proc", "type": "proc"}], ` + more + `}`
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// traps are the trap modes.
var traps = []string{"seccomp", "syscall"}

// linux.seccomp means what it means elsewhere: each action, operator and errno.
func TestProfile(t *testing.T) {
	const (
		yield = "sched_yield" // number 24; takes no arguments, so all may be anything
		big   = "0x1234567800000005"
	)
	for _, c := range []struct {
		name, profile string
		try           []string
		want          string
		code          int
	}{
		{
			"errno", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "no_such_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}, {"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO"}]}`,
			[]string{"83,0", "24", "258,0"},
			"83,0 ENOTSUP|24 EPERM|258,0 EFAULT", 0,
		},
		{
			"kill", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_KILL_PROCESS"}]}`,
			[]string{"24", "83,0", "24"},
			"24 ok", 159,
		},
		{
			"trap", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_TRAP"}]}`,
			[]string{"83,0"},
			"", 2, // the Go runtime's handler
		},
		{
			"log", `{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"], "syscalls": [{"names": ["mkdir", "` + yield + `"], "action": "SCMP_ACT_LOG"}]}`,
			[]string{"83,0", "24"},
			"83,0 EFAULT|24 ok", 0,
		},
		{
			"operators", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
				{"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO", "errnoRet": 51, "args": [{"index": 0, "value": 5, "op": "SCMP_CMP_EQ"}]},
				{"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42, "args": [{"index": 1, "value": 4294967295, "op": "SCMP_CMP_GT"}]},
				{"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO", "errnoRet": 43, "args": [{"index": 2, "value": 240, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}, {"index": 3, "value": 1, "op": "SCMP_CMP_NE"}]},
				{"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO", "errnoRet": 44, "args": [{"index": 4, "value": 9, "op": "SCMP_CMP_EQ"}, {"index": 4, "value": 8, "op": "SCMP_CMP_EQ"}]},
				{"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO", "errnoRet": 45, "args": [{"index": 5, "value": 3, "op": "SCMP_CMP_GE"}, {"index": 0, "value": 2, "op": "SCMP_CMP_LE"}]}]}`,
			[]string{"24,5", "24," + big, "24,0," + big, "24,0,0xffffffff", "24,0,0,0x11f,2", "24,0,0,0x11f,1", "24,0,0,0,0,8", "24,2,0,0,0,0,3", "24,3,0,0,0,0,3"},
			"24,5 EL2HLT|24," + big + " ok|24,0," + big + " ENOMSG|24,0,0xffffffff ok|24,0,0,0x11f,2 EIDRM|24,0,0,0x11f,1 ok|24,0,0,0,0,8 ECHRNG|24,2,0,0,0,0,3 EL2NSYNC|24,3,0,0,0,0,3 ok",
			0,
		},
		{
			"unconditional", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
				{"names": ["` + yield + `"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 5, "op": "SCMP_CMP_EQ"}]},
				{"names": ["` + yield + `"], "action": "SCMP_ACT_ERRNO", "errnoRet": 51}]}`,
			[]string{"24,5", "24"},
			"24,5 EL2HLT|24 EL2HLT", 0,
		},
		{
			"allow-list", `{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 77, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [{"names": ["` +
				strings.Join(runtimeCalls, `", "`) + `"], "action": "SCMP_ACT_ALLOW"}]}`,
			[]string{"24", "83,0", "80,0", "334", "462"},
			"24 ok|83,0 EBADFD|80,0 EBADFD|334 EBADFD|462 ENOSYS", 0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, trap := range traps {
				out, code := run(t, testutil.Ptbox(t), "run", "--trap", trap, "--bundle", bundle(t, c.profile, append([]string{"try"}, c.try...)...))
				got, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(out), "\n", "|"), "|SIGSYS")
				if strings.HasPrefix(got, "SIGSYS") {
					got = ""
				}
				if got != c.want || code != c.code {
					t.Errorf("%s: code %d, %s\nwant %d, %s", trap, code, out, c.code, c.want)
				}
			}
		})
	}
}

// runtimeCalls are those that a Go program cannot start without, and the last
// ones that an author of the profile would have known.
var runtimeCalls = []string{
	"execve", "brk", "mmap", "munmap", "mprotect", "madvise", "arch_prctl", "sched_getaffinity", "sched_yield", "openat", "read", "write",
	"close", "futex", "clone", "rt_sigaction", "rt_sigprocmask", "sigaltstack", "gettid", "getpid", "fcntl", "prlimit64", "exit_group",
	"nanosleep", "tgkill", "rt_sigreturn", "epoll_create1", "epoll_ctl", "eventfd2", "epoll_pwait", "mincore", "newfstatat", "readlinkat",
	"uname", "restart_syscall", "prctl", "futex_requeue",
}

// A profile that kills for every call by which one might be replaced does not
// show, and one that refuses execve is refused.
func TestProfileUnseen(t *testing.T) {
	dir := tmp(t)
	want, code := run(t, build(t), "calls", dir)
	if code != 0 {
		t.Fatalf("natively: code %d\n%s", code, want)
	}
	want = strings.Replace(want, "Seccomp:\t0", "Seccomp:\t2", 1)
	for _, trap := range traps {
		dir := tmp(t)
		out, code := run(t, testutil.Ptbox(t), "run", "--trap", trap, "--bundle", bundle(t, `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names":
			["openat2", "memfd_create", "seccomp", "newfstatat", "statx", "sendmsg", "fchdir", "dup3", "recvmsg", "renameat2"], "action": "SCMP_ACT_KILL_PROCESS"}]}`, "calls", dir))
		if out != want || code != 0 {
			t.Errorf("%s: code %d\n%s\nwant\n%s", trap, code, out, want)
		}
	}
	out, code := run(t, testutil.Ptbox(t), "run", "--bundle", bundle(t, `{"defaultAction": "SCMP_ACT_ERRNO"}`, "hello"))
	if code != 125 || !strings.Contains(out, "refuses execve") {
		t.Errorf("no execve: code %d, %s", code, out)
	}
}
