package tracer

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// calls.txt was made from the kernel's own headers and manual pages, not from
// the table.
//
//go:embed testdata/calls.txt
var callsTxt string

func TestTableHasEveryCall(t *testing.T) {
	seen := map[*Sysent]bool{}
	for line := range strings.SplitSeq(callsTxt, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.SplitN(line, " ", 6)
		var row *Sysent
		for abi := range numABI {
			if f[1+abi] == "-" {
				continue
			}
			nr, err := strconv.Atoi(f[1+abi])
			if err != nil {
				t.Fatal(err)
			}
			got := Lookup(abi, nr)
			if got == nil || got.Name != f[0] {
				t.Errorf("ABI %d, number %d: %v, want %s", abi, nr, got, f[0])
				continue
			}
			if row != nil && row != got {
				t.Errorf("%s has two rows", f[0])
			}
			row = got
		}
		if row == nil {
			continue
		}
		seen[row] = true
		for abi, nr := range row.Nr {
			if have := strconv.Itoa(int(nr)); have != f[1+abi] && (nr != NoNr || f[1+abi] != "-") {
				t.Errorf("%s: ABI %d is number %s, want %s", f[0], abi, have, f[1+abi])
			}
		}
		want := ""
		if len(f) == 6 {
			want = f[4] + " " + f[5]
		}
		if row.Support != Refused && want != pathsString(row) {
			t.Errorf("%s: paths %q, want %q", f[0], pathsString(row), want)
		}
	}
	for i := range Table {
		if !seen[&Table[i]] {
			t.Errorf("%s is not in calls.txt", Table[i].Name)
		}
	}
}

// pathsString says about paths what calls.txt does.
func pathsString(s *Sysent) string {
	var out []string
	for _, p := range s.Paths {
		dir := "-"
		if p.Dir >= 0 {
			dir = strconv.Itoa(int(p.Dir))
		}
		follow := [...]string{"always", "never", "unless", "if", "open"}[p.Follow]
		if p.Follow == FollowUnlessBit || p.Follow == FollowIfBit {
			follow += fmt.Sprintf(":%x", p.Bit)
		}
		out = append(out, fmt.Sprintf("%d@%s %s", p.Arg, dir, follow))
	}
	if out == nil {
		return ""
	}
	writes := "- "
	if s.Writes {
		writes = "w "
	}
	return writes + strings.Join(out, "; ")
}

func TestTableIsSound(t *testing.T) {
	names := map[string]bool{}
	for i := range Table {
		s := &Table[i]
		fail := func(format string, args ...any) { t.Errorf(s.Name+": "+format, args...) }
		if names[s.Name] && s.Name != "fanotify_mark" {
			fail("twice")
		}
		names[s.Name] = true
		for abi, nr := range s.Nr {
			if nr != NoNr && Lookup(ABI(abi), int(nr)) != s {
				fail("its number %d belongs to another row", nr)
			}
		}
		if ByName(s.Name).Name != s.Name || entIndex(s) != i {
			fail("cannot be found")
		}
		if s.Support == Refused && (s.Errno == 0 || s.Note == "") {
			fail("is refused without an errno or a reason")
		}
		if s.Support == Native && (s.Paths != nil || s.When != 0 || s.Guard != 0 || s.Errno != 0) {
			fail("is native and has conditions")
		}
		if s.Unless != 0 && s.Guard < GuardNull0 && s.Guard != GuardClone && s.Guard != GuardFD0 {
			fail("Unless needs a GuardNull, GuardClone or GuardFD0")
		}
		if n := strings.TrimSuffix(s.Note, "."); s.Note != "" && n == s.Note || strings.Contains(n, "|") {
			fail("note %q", s.Note)
		}
		paths := 0
		for _, k := range s.Args {
			if k == Path {
				paths++
			}
		}
		if s.Support == Handled && paths != len(s.Paths) {
			fail("has %d path arguments and describes %d", paths, len(s.Paths))
		}
		for _, p := range s.Paths {
			if s.Args[p.Arg] != Path || p.Dir >= 0 && s.Args[p.Dir] != DirFD {
				fail("path %d with dirfd %d: the kinds say otherwise", p.Arg, p.Dir)
			}
			needs := p.Follow == FollowUnlessBit || p.Follow == FollowIfBit
			if needs != (p.Bit != 0) || (needs || p.Empty != 0 || p.Follow == FollowOpen) && p.Flags < 0 {
				fail("path %d: rule %d, bit %#x, flags in %d", p.Arg, p.Follow, p.Bit, p.Flags)
			}
			if p.Flags >= 0 {
				switch k := s.Args[p.Flags]; k {
				case AtFlags, OpenFlags, OpenHow, Hex:
				default:
					fail("flags argument %d is of kind %d", p.Flags, k)
				}
			}
			if p.Empty != 0 && s.Args[p.Flags] != AtFlags {
				fail("AT_EMPTY_PATH without AT_ flags")
			}
		}
	}
}

// What a call does with its paths, by its class and name.
func TestPathOps(t *testing.T) {
	prefix := []struct {
		name string
		ops  []PathOp
	}{
		{"mk", []PathOp{OpCreate}},
		{"symlink", []PathOp{OpCreate}},
		{"link", []PathOp{OpLinkOld, OpCreate}},
		{"rename", []PathOp{OpRename, OpRename}},
		{"unlink", []PathOp{OpDelete}},
		{"rmdir", []PathOp{OpDelete}},
	}
	for i := range Table {
		s := &Table[i]
		want := []PathOp{OpLookup}
		switch s.Class {
		case ClassOpen:
			want = []PathOp{OpOpen}
		case ClassExec:
			want = []PathOp{OpExec}
		case ClassMount:
			if len(s.Paths) > 1 {
				want = []PathOp{OpLookup, OpLookup}
			}
		case ClassName:
			want = nil
			for _, p := range prefix {
				if strings.HasPrefix(s.Name, p.name) {
					want = p.ops
				}
			}
		}
		var got []PathOp
		for _, p := range s.Paths {
			got = append(got, p.Op)
		}
		if got != nil && !slices.Equal(got, want) {
			t.Errorf("%s: operations %d, want %d", s.Name, got, want)
		}
	}
}

// A call that names a path, or gets round one, is never native, whatever the
// conditions. The list is the threat, so it is written out here.
func TestNothingFallsThrough(t *testing.T) {
	native := map[string]bool{}
	p := &Policy{}
	for i := range Table {
		s := &Table[i]
		for _, k := range s.Args {
			switch k {
			case Path, PathOut, OpenHow, Sockaddr, SockOut, Msghdr, Mmsghdr, Argv, CloneArgs:
				if v := p.plan(s); v.ret == RetAllow && v.guard == GuardNone {
					t.Errorf("%s is native", s.Name)
				}
			}
		}
		if v := p.plan(s); v == (plan{ret: RetAllow}) {
			native[s.Name] = true
		}
	}
	for _, name := range strings.Fields(`io_uring_setup io_uring_enter io_uring_register open_by_handle_at
		open_tree open_tree_attr move_mount fsopen fsconfig fsmount fspick mount_setattr statmount listmount listns
		mount umount umount2 pivot_root chroot setns unshare clone3 ptrace seccomp userfaultfd bpf perf_event_open
		kexec_load kexec_file_load init_module finit_module delete_module keyctl add_key request_key
		swapon swapoff acct quotactl quotactl_fd reboot sethostname setdomainname socketcall old_mmap
		settimeofday clock_settime stime iopl ioperm`) {
		if ByName(name) == nil || native[name] {
			t.Errorf("%s is native", name)
		}
	}
	for _, name := range strings.Fields("read write futex epoll_wait mmap munmap close getpid rt_sigreturn") {
		if v := p.plan(ByName(name)); v != (plan{ret: RetAllow}) {
			t.Errorf("%s is not native without a window", name)
		}
	}
}

func TestLookupBounds(t *testing.T) {
	for _, nr := range []int{-1, -1 << 40, 337, 472, maxNr, 1 << 30, x32Mask, x32Mask | 1} {
		if s := Lookup(X8664, nr); s != nil {
			t.Errorf("number %d is %s", nr, s.Name)
		}
	}
	if Lookup(numABI, 0) != nil || ByName("nosuchcall") != nil {
		t.Error("found what is not there")
	}
	if Lookup(X8664, unix.SYS_OPENAT) != ByName("openat") {
		t.Error("openat")
	}
}
