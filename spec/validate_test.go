package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nobody is a caller without any right.
var nobody = Caller{
	UID: 65534, GID: 65534,
	Rlimit: func(int) (uint64, bool) { return 4096, true },
}

// base is a valid configuration; tests replace single members.
const base = `{"ociVersion": "1.0.2", "root": {"path": "rootfs"},
	"process": {"user": {"uid": 65534, "gid": 65534}, "cwd": "/", "args": ["sh"]}}`

// patched is base with the JSON object patch merged into it (RFC 7396).
func patched(t *testing.T, patch string) []byte {
	t.Helper()
	var doc, p map[string]any
	for _, x := range []struct {
		s string
		v *map[string]any
	}{{base, &doc}, {patch, &p}} {
		if err := json.Unmarshal([]byte(x.s), x.v); err != nil {
			t.Fatalf("%s: %v", x.s, err)
		}
	}
	merge(doc, p)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func merge(dst, p map[string]any) {
	for k, v := range p {
		sub, ok := v.(map[string]any)
		if old, ok2 := dst[k].(map[string]any); ok && ok2 {
			merge(old, sub)
		} else if v == nil {
			delete(dst, k)
		} else {
			dst[k] = v
		}
	}
}

func bundleDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "rootfs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestValidate has one row for each property; want is a list of the problems,
// warnings with a leading "?".
func TestValidate(t *testing.T) {
	bundle := bundleDir(t)
	for _, c := range []struct {
		patch string
		want  []string
	}{
		{`{}`, nil},
		{`{"ociVersion": null}`, []string{`/ociVersion: missing`}},
		{`{"ociVersion": "1.0.2-dev"}`, nil},
		{`{"ociVersion": "1.3.0+x"}`, nil},
		{`{"ociVersion": "0.9.0"}`, []string{`/ociVersion: version 0.9.0 is not supported`}},
		{`{"ociVersion": "2.0.0"}`, []string{`/ociVersion: version 2.0.0 is not supported`}},
		{`{"ociVersion": "1.0"}`, []string{`/ociVersion: "1.0" is not a version`}},
		{`{"ociVersion": "10.0.0"}`, []string{`/ociVersion: version 10`}},
		{`{"root": null}`, []string{`/root: missing`}},
		{`{"root": {"path": null}}`, []string{`/root/path: missing`}},
		{`{"root": {"path": "nowhere"}}`, []string{`/root/path: ` + bundle + `/nowhere: no such file`}},
		{`{"root": {"path": "file"}}`, []string{`/file: not a directory`}},
		{`{"root": {"path": "/", "readonly": true}}`, nil},
		{`{"process": null}`, []string{`/process: missing`}},
		{`{"process": {"args": []}}`, []string{`/process/args: at least`}},
		{`{"process": {"args": ["a", "b\u0000"]}}`, []string{`/process/args/1: holds a NUL`}},
		{`{"process": {"env": ["A=", "B", "=c"]}}`, []string{`/process/env/1: "B" is not`, `/process/env/2:`}},
		{`{"process": {"cwd": null}}`, []string{`/process/cwd: missing`}},
		{`{"process": {"cwd": "a"}}`, []string{`/process/cwd: "a" is not absolute`}},
		{`{"process": {"user": {"uid": 0}}}`, nil},
		{`{"process": {"user": {"gid": 5}}}`, nil},
		{`{"process": {"user": {"umask": 18}}}`, nil},
		{`{"process": {"user": {"umask": 512}}}`, []string{`/process/user/umask: 01000`}},
		{`{"process": {"user": {"additionalGids": [65534, 7]}}}`, nil},
		{`{"process": {"user": {"additionalGids": [4294967295]}}}`, []string{`/process/user: 4294967295 is not an id`}},
		{
			`{"process": {"terminal": true, "consoleSize": {"height": 1, "width": 1}}}`,
			[]string{`?/process/terminal: standard input`, `?/process/consoleSize: ignored`},
		},
		{`{"process": {"consoleSize": {"height": 1, "width": 1}}}`, nil},
		{`{"process": {"noNewPrivileges": false}}`, nil},
		{
			`{"process": {"capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL", "CAP_X"]}}}`,
			[]string{`?/process/capabilities/permitted/1: unknown capability "CAP_X"`, `?/process/capabilities: not granted`},
		},
		{`{"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 512}]}}`, nil},
		{`{"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4097}]}}`, []string{`/process/rlimits/0/soft: 4097`}},
		{`{"process": {"rlimits": [{"type": "RLIMIT_NOFILE", "hard": 4097, "soft": 1}]}}`, []string{`/process/rlimits/0/hard: 4097`}},
		{`{"process": {"rlimits": [{"type": "RLIMIT_FOO", "hard": 1, "soft": 1}]}}`, []string{`/process/rlimits/0/type: unknown`}},
		{
			`{"process": {"rlimits": [{"type": "RLIMIT_CPU", "hard": 1, "soft": 1}, {"type": "RLIMIT_CPU", "hard": 1, "soft": 1}]}}`,
			[]string{`/process/rlimits/1/type: RLIMIT_CPU is given twice`},
		},
		{`{"process": {"apparmorProfile": "p"}}`, []string{`/process/apparmorProfile: not supported yet`}},
		{`{"process": {"apparmorProfile": "", "selinuxLabel": ""}}`, nil},
		{`{"process": {"selinuxLabel": "l"}}`, []string{`/process/selinuxLabel: not`}},
		{`{"process": {"oomScoreAdj": 5}}`, nil},
		{`{"process": {"oomScoreAdj": 1001}}`, []string{`/process/oomScoreAdj: 1001 is out of range`}},
		{`{"process": {"oomScoreAdj": -1}}`, []string{`/process/oomScoreAdj: -1 is below`}},
		{`{"process": {"scheduler": {"policy": "SCHED_BATCH"}}}`, []string{`/process/scheduler: not`}},
		{`{"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 1}}}`, []string{`/process/ioPriority: not`}},
		{`{"process": {"execCPUAffinity": {"initial": "0"}}}`, []string{`?/process/execCPUAffinity`}},
		{`{"hostname": "h", "domainname": "d"}`, nil},
		{`{"hostname": "` + strings.Repeat("h", 65) + `"}`, []string{`/hostname: longer`}},
		{
			`{"hooks": {"prestart": [{"path": "/x"}], "poststop": [{"path": "/x"}], "poststart": []}}`,
			[]string{`/hooks/prestart: not`, `/hooks/poststop: not`},
		},
		{`{"annotations": {"": "x"}}`, []string{`/annotations: holds an empty key`}},
		{`{"annotations": {"org.x": ""}, "future": 1}`, nil},
		{`{"windows": {"layerFolders": []}, "solaris": {}}`, []string{`?/solaris: ignored`, `?/windows: ignored`}},
		{`{"vm": {"kernel": {"path": "/k"}}}`, []string{`/vm: virtual machines`}},
	} {
		check(t, c.patch, bundle, nobody, c.want)
	}
}

func TestValidateMounts(t *testing.T) {
	bundle := bundleDir(t)
	one := func(m string) string { return `{"mounts": [` + m + `]}` }
	for _, c := range []struct {
		patch string
		want  []string
	}{
		{one(`{"destination": "/a", "type": "tmpfs"}, {"destination": "/b", "type": "none", "source": "file", "options": ["rbind", "ro"]},
			{"destination": "/c", "type": "bind", "source": "/"}`), nil},
		{one(`{"destination": "/a", "type": "tmpfs"}, {"destination": "/b", "type": "tmpfs"},
			{"destination": "/c", "type": "tmpfs", "options": ["rx"]}`), []string{`/mounts/2/options/0: unknown option "rx"`}},
		{one(`{"type": "tmpfs"}`), []string{`/mounts/0/destination: missing`}},
		{one(`{"destination": "a", "type": "tmpfs"}`), []string{`?/mounts/0/destination: "a" is relative, taken as /a`}},
		{one(`{"destination": "/a", "options": ["bind"]}`), []string{`/mounts/0/source: missing`}},
		{one(`{"destination": "/a", "source": "x", "options": ["bind"]}`), []string{`/mounts/0/source: ` + bundle + `/x: no such`}},
		{one(`{"destination": "/a", "source": "x"}`), []string{`/mounts/0/type: missing`}},
		{one(`{"destination": "/a", "type": "ext4", "source": "/dev/x"}`), []string{`/mounts/0/type: file systems of type "ext4"`}},
		{one(`{"destination": "/a", "type": "overlay", "options": ["ro"]}`), []string{`/mounts/0/options: an overlay needs lowerdir`}},
		{
			one(`{"destination": "/a", "type": "overlay", "options": ["lowerdir=/:/nowhere", "userxattr", "index=on", "private"]}`),
			[]string{`/mounts/0/options/2: unknown option "index=on"`, `/mounts/0/options: /nowhere: no such`},
		},
		{
			one(`{"destination": "/a", "type": "overlay", "options": ["lowerdir=/", "workdir=/", "upperdir=file"]}`),
			[]string{`/mounts/0/options: ` + bundle + `/file: not a directory`},
		},
		{
			one(`{"destination": "/a", "type": "overlay", "options": ["lowerdir=/::/x", "workdir=/"]}`),
			[]string{`/mounts/0/options/0: "lowerdir=/::/x" holds an empty`, `/mounts/0/options: workdir is of no use`, `/mounts/0/options: /x: no such`},
		},
		{
			one(`{"destination": "/a", "type": "tmpfs"}, {"destination": "/a/", "type": "tmpfs"}`),
			[]string{`?/mounts/1/destination: /a hides the mount /mounts/0`},
		},
		{one(`{"destination": "/a", "type": "tmpfs"}, {"destination": "/a", "options": ["remount", "ro"]}`), nil},
		{one(`{"destination": "/a", "options": ["remount", "ro"]}`), []string{`/mounts/0/options: remount of /a`}},
		{
			one(`{"destination": "/a", "type": "tmpfs", "options": ["mode=0755", "size=1m", "uid=65534", "gid=1", "huge=never", "size=lots", "nr_inodes=-1"]}`),
			[]string{
				`/mounts/0/options/3: gid=1 is not`, `/mounts/0/options/5: size=lots: not a number`, `/mounts/0/options/6: nr_inodes=-1: not a number`,
				`?/mounts/0/options/4: "huge=never" has no effect`,
			},
		},
		{one(`{"destination": "/a", "type": "tmpfs", "options": ["mode=9"]}`), []string{`/mounts/0/options/0: "9" is not`}},
		{one(`{"destination": "/a", "source": "/", "options": ["bind", "mode=0755"]}`), []string{`/mounts/0/options/1: unknown option "mode`}},
		{
			one(`{"destination": "/a", "type": "tmpfs", "options": ["tmpcopyup", "sync", "idmap"]}`),
			[]string{`/mounts/0/options/0: option "tmpcopyup"`, `/mounts/0/options/2: option "idmap"`, `?/mounts/0/options/1: "sync"`},
		},
		{
			one(`{"destination": "/a", "type": "devpts", "options": ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]}`),
			[]string{`?/mounts/0/options/0: "newinstance" has no effect`},
		},
		{one(`{"destination": "/a", "type": "proc", "options": ["hidepid=2"]}`), []string{`/mounts/0/options/0: unknown`}},
		{one(`{"destination": "/a", "type": "cgroup2", "options": ["relatime", "rro", "rprivate", "rnoexec", "nosymfollow", "ratime"]}`), nil},
		{
			one(`{"destination": "/a", "type": "tmpfs", "uidMappings": [{"size": 1}], "gidMappings": [{"size": 1}]}`),
			[]string{`/mounts/0/uidMappings: not`, `/mounts/0/gidMappings: not`},
		},
	} {
		check(t, c.patch, bundle, nobody, c.want)
	}
}

func TestValidateLinux(t *testing.T) {
	bundle := bundleDir(t)
	linux := func(l string) string { return `{"linux": {` + l + `}}` }
	for _, c := range []struct {
		patch string
		want  []string
	}{
		{linux(`"namespaces": [{"type": "mount"}, {"type": "uts"}]`), nil},
		{
			linux(`"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "cgroup"}]`),
			[]string{`?/linux/namespaces/0: process ids`, `?/linux/namespaces/1: System V`, `?/linux/namespaces/2: control`},
		},
		{linux(`"namespaces": [{"type": "mount", "path": "/x"}]`), []string{`/linux/namespaces/0/path: joining`}},
		{linux(`"namespaces": [{"type": "network"}]`), nil},
		{linux(`"namespaces": [{"type": "network", "path": "/run/netns/x"}]`), []string{`/linux/namespaces/0/path: joining`}},
		{linux(`"resources": {"pids": {"limit": 10}}`), nil},
		{linux(`"namespaces": [{"type": "time"}]`), []string{`/linux/namespaces/0: clocks`}},
		{linux(`"namespaces": [{"type": "x"}]`), []string{`/linux/namespaces/0/type: unknown`}},
		{linux(`"namespaces": [{"type": "mount"}, {"type": "mount"}]`), []string{`/linux/namespaces/1/type: "mount" is given twice`}},
		{linux(`"namespaces": [{"type": "user"}]`), []string{`/linux/uidMappings: missing`, `/linux/gidMappings: missing`}},
		{linux(`"namespaces": [{"type": "user"}], "uidMappings": [{"containerID": 65534, "hostID": 65534, "size": 1}],
			"gidMappings": [{"containerID": 0, "hostID": 65534, "size": 1}]`), []string{`/linux/gidMappings/0: maps 65534 to 0`}},
		{linux(`"uidMappings": [{"containerID": 1, "hostID": 1, "size": 1}]`), []string{`/linux/uidMappings: the caller's id 65534`}},
		{linux(`"sysctl": {"kernel.x": "1"}`), []string{`/linux/sysctl: not`}},
		{linux(`"sysctl": {}, "timeOffsets": {}, "netDevices": {}`), nil},
		{linux(`"cgroupsPath": "/a"`), []string{`?/linux/cgroupsPath: no control group`}},
		{linux(`"resources": {"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 1, "access": "rw"}],
			"memory": {"limit": -1}, "cpu": {"shares": 1024}, "pids": {"limit": -1}, "blockIO": {"weightDevice": []}}`), nil},
		{linux(`"resources": {"devices": [{"allow": false, "type": "c", "access": "rwm"}]}`), []string{`/linux/resources/devices/0: only`}},
		{
			linux(`"resources": {"devices": [{"allow": true, "type": "q", "access": "z"}]}`),
			[]string{`/linux/resources/devices/0/access: unknown`, `/linux/resources/devices/0/type: unknown`},
		},
		{
			linux(`"resources": {"pids": {"limit": 0}, "memory": {"limit": 1}, "cpu": {"quota": 1}, "blockIO": {"weight": 1},
			"hugepageLimits": [{"pageSize": "2MB", "limit": 1}], "network": {"classID": 1}, "rdma": {"a": {}}, "unified": {"a": "b"}}`),
			[]string{
				`/linux/resources/pids/limit: not`, `/linux/resources/cpu: not`, `/linux/resources/memory: not`, `/linux/resources/blockIO: not`,
				`/linux/resources/hugepageLimits: not`, `/linux/resources/network: not`, `/linux/resources/rdma: not`, `/linux/resources/unified: not`,
			},
		},
		{linux(`"devices": [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3}]`), nil},
		{linux(`"devices": [{"path": "/dev/nul", "type": "c", "major": 1, "minor": 3, "fileMode": 0}]`), []string{`?/linux/devices/0/fileMode: /dev/null`}},
		{linux(`"devices": [{"path": "/dev/x", "type": "b", "major": 4095, "minor": 3}]`), []string{`/linux/devices/0: the host has no`}},
		{
			linux(`"devices": [{"path": "/f", "type": "p"}, {"path": "f", "type": "c"}]`),
			[]string{`/linux/devices/0/type: named pipes`, `/linux/devices/1/path: "f" is not`},
		},
		{linux(`"netDevices": {"eth0": {}}`), []string{`/linux/netDevices: not`}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"], "flags": ["SECCOMP_FILTER_FLAG_LOG"]}`), nil},
		{linux(`"seccomp": {}`), []string{`/linux/seccomp/defaultAction: missing`}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 38}`), []string{`/linux/seccomp/defaultErrnoRet: SCMP_ACT_ALLOW has no errno`}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 4096}`), []string{`/linux/seccomp/defaultErrnoRet: 4096 is not`}},
		{linux(`"seccomp": {"defaultAction": "ALLOW"}`), []string{`/linux/seccomp/defaultAction: unknown action "ALLOW"`}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x"], "flags": ["y"], "listenerPath": "/l"}`), []string{
			`/linux/seccomp/architectures/0: unknown architecture "x"`, `/linux/seccomp/flags/0: unknown flag "y"`, `/linux/seccomp/listenerPath: a listener`,
		}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "m"}`), []string{`/linux/seccomp/listenerMetadata: set without`}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{"names": ["open"], "action": "SCMP_ACT_NOTIFY"}, {"names": [], "action": "SCMP_ACT_TRACE"},
			{"names": ["", "no_such_call"], "action": "SCMP_ACT_KILL", "errnoRet": 1},
			{"names": ["open"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1, "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 1, "op": "="}]}]}`), []string{
			`/linux/seccomp/syscalls/0/action: SCMP_ACT_NOTIFY is not supported`,
			`/linux/seccomp/syscalls/1/names: names no`, `/linux/seccomp/syscalls/1/action: SCMP_ACT_TRACE is not supported`,
			`/linux/seccomp/syscalls/2/names/0: empty`, `/linux/seccomp/syscalls/2/errnoRet: SCMP_ACT_KILL has no errno`,
			`/linux/seccomp/syscalls/3/args/0/index: 6`, `/linux/seccomp/syscalls/3/args/1/op: unknown operator "="`,
		}},
		{linux(`"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}`), nil},
		{linux(`"rootfsPropagation": "rslave"`), nil},
		{linux(`"rootfsPropagation": "shared"`), []string{`/linux/rootfsPropagation: "shared" is not`}},
		{linux(`"rootfsPropagation": "x"`), []string{`/linux/rootfsPropagation: unknown`}},
		{
			linux(`"maskedPaths": ["/proc/kcore", "a"], "readonlyPaths": ["/proc/sys", "b"]`),
			[]string{`/linux/maskedPaths/1: "a"`, `/linux/readonlyPaths/1: "b"`},
		},
		{linux(`"mountLabel": "l"`), []string{`/linux/mountLabel: not`}},
		{linux(`"intelRdt": {}`), []string{`/linux/intelRdt: not`}},
		{linux(`"memoryPolicy": {"mode": "MPOL_DEFAULT", "nodes": ""}`), []string{`/linux/memoryPolicy: not`}},
		{linux(`"personality": {"domain": "LINUX"}`), nil},
		{linux(`"personality": {"domain": "LINUX32"}`), []string{`/linux/personality: not`}},
		{linux(`"timeOffsets": {"monotonic": {"secs": 1}}`), []string{`/linux/timeOffsets: not`}},
	} {
		check(t, c.patch, bundle, nobody, c.want)
	}
}

// TestValidateCapable is about what only a privileged caller meets.
func TestValidateCapable(t *testing.T) {
	root := Caller{UID: 65534, GID: 65534, Caps: 1 << capSysResource, Rlimit: nobody.Rlimit}
	check(t, `{"process": {"oomScoreAdj": -5, "rlimits": [{"type": "RLIMIT_CPU", "hard": 9999, "soft": 1}]}}`, bundleDir(t), root, nil)
	check(t, `{"process": {"capabilities": {}}}`, bundleDir(t), root, []string{`/process/capabilities: the caller has`})
	check(t, `{"process": {"capabilities": {"permitted": ["CAP_SYS_RESOURCE"]}}}`, bundleDir(t), root, nil)
}

func check(t *testing.T, patch, bundle string, c Caller, want []string) {
	t.Helper()
	sp, err := Parse(patched(t, patch))
	if err != nil {
		t.Errorf("%s: %v", patch, err)
		return
	}
	bad, warnings := Split(ValidateFor(sp, bundle, c))
	var got []string
	for _, p := range bad {
		got = append(got, p.String())
	}
	for _, p := range warnings {
		got = append(got, "?"+p.String())
	}
	ok := len(got) == len(want)
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || strings.HasPrefix(w, "?") == strings.HasPrefix(g, "?") && strings.Contains(g, w)
		}
		ok = ok && found
	}
	if !ok {
		t.Errorf("%s:\n got %q\nwant %q", patch, got, want)
	}
}

func TestDefault(t *testing.T) {
	bundle := bundleDir(t)
	data, err := json.Marshal(Default("rootfs"))
	if err != nil {
		t.Fatal(err)
	}
	sp, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if all := Validate(sp, bundle); len(all) > 0 {
		t.Fatalf("the default has problems: %v", all)
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Path: "c", Problems: []Problem{{Pointer: "/a", Text: "x", Hint: "h"}}}
	if got := e.Error(); got != "c: /a: x (h)" {
		t.Error(got)
	}
	e.Problems = append(e.Problems, Problem{Text: "y"})
	if got, want := e.Error(), "c: 2 problems\n  /a: x (h)\n  y"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
