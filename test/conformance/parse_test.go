package main

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The samples are lines that the suites really print.
func TestParsers(t *testing.T) {
	byName := func(name string) func(io.Reader) (tests, error) {
		for _, s := range suites {
			if s.name == name {
				return s.parse
			}
		}
		t.Fatalf("no suite %q", name)
		return nil
	}
	for _, c := range []struct {
		suite, text string
		want        tests
	}{
		{
			"busybox", "PASS: ar creates archives\nFAIL: mdev move/symlink rule '>bar/'\nSKIPPED: sum\nUNTESTED: tar-archives-multiple-files\necho PASS: no\n",
			tests{"ar creates archives": ok, "mdev move/symlink rule '>bar/'": fail, "sum": skip, "tar-archives-multiple-files": skip},
		},
		{
			"git", strings.Join([]string{
				"### t0001-init.sh", "ok 1 - plain", "not ok 2 - plain with GIT_WORK_TREE", "#\tmkdir x", "ok 3 # skip no perms (missing SANITY)",
				"ok 4 - fixed # TODO known breakage", "not ok 5 - broken # TODO known breakage", "1..5", "### t9999-none.sh", "1..0 # SKIP no perl", "",
			}, "\n"),
			tests{
				"t0001-init.sh: plain": ok, "t0001-init.sh: plain with GIT_WORK_TREE": fail, "t0001-init.sh: no perms": skip,
				"t0001-init.sh: fixed (known breakage)": ok, "t0001-init.sh: broken (known breakage)": fail, "t9999-none.sh": skip,
			},
		},
		{"perl", "### io/fs.t\nok 1 - open tmp_AB\nnot ok 2\nok 3 # skip no tty\n", tests{"io/fs.t: 1": ok, "io/fs.t: 2": fail, "io/fs.t: 3": skip}},
		{
			"python", strings.Join([]string{
				"test_a (test.test_os.FileTests.test_a) ... ok", "test_b (test.test_os.FileTests.test_b)", "Has a first line of documentation. ... skipped 'no'",
				"test_c (test.test_os.FileTests.test_c) ... noise from a child", "ok", "test_d (test.test_os.FileTests.test_d) ... ERROR",
				"test_e (test.test_os.FileTests.test_e) ... expected failure", "======", "FAIL: test_c (test.test_os.FileTests.test_c)", "",
			}, "\n"),
			tests{
				"test.test_os.FileTests.test_a": ok, "test.test_os.FileTests.test_b": skip, "test.test_os.FileTests.test_c": fail,
				"test.test_os.FileTests.test_d": fail, "test.test_os.FileTests.test_e": ok,
			},
		},
		{
			"go", "### os\n--- PASS: TestStat (0.00s)\n    --- FAIL: TestStat/sub (0.01s)\n--- SKIP: TestX (0.00s)\n### io/fs\n--- PASS: TestStat (0.00s)\n",
			tests{"os.TestStat": ok, "os.TestStat/sub": fail, "os.TestX": skip, "io/fs.TestStat": ok},
		},
		{"tools", "### one\n12345 lines\nexit 0\n### two\nexit 1\n", tests{"one": "ok 6e75d4", "two": "fail 0c6868"}},
	} {
		got, err := byName(c.suite)(strings.NewReader(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: - want, + got:\n%s", c.suite, d)
		}
	}
}

// Numbers that differ between two runs are no difference, others are.
func TestSaid(t *testing.T) {
	digest := func(text string) string {
		got, err := said(strings.NewReader("### x\n" + text + "\nexit 0\n"))
		if err != nil {
			t.Fatal(err)
		}
		return got["x"]
	}
	if digest("process 12345") != digest("process 9876543") {
		t.Error("the number of a process is a difference")
	}
	if digest("3 files") == digest("4 files") {
		t.Error("a number of files is no difference")
	}
}

func TestJudge(t *testing.T) {
	res := &results{modes: map[string]*result{
		"native": {Tests: tests{"a": ok, "b": fail, "c": ok, "d": ok, "e": ok}},
		"again":  {Tests: tests{"a": ok, "b": fail, "c": ok, "d": fail, "e": ok}},
		"ptbox":  {Tests: tests{"a": ok, "b": fail, "c": fail, "d": fail, "f": ok}},
	}}
	oc := judge(suite{name: "s"}, res)
	want := []diff{
		{test: "c", mode: "ptbox", native: ok, got: fail},
		{test: "e", mode: "ptbox", native: ok},
		{test: "f", mode: "ptbox", got: ok},
	}
	if d := cmp.Diff(want, oc.diffs, cmp.AllowUnexported(diff{})); d != "" {
		t.Errorf("- want, + got:\n%s", d)
	}
	if d := cmp.Diff([]string{"d"}, oc.unsteady); d != "" || oc.unexplained() != 3 {
		t.Errorf("unsteady: %s; %d unexplained", d, oc.unexplained())
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"os.TestGetwdDeep*", "os.TestGetwdDeepWithPWDSet", true},
		{"io/*: x", "io/fs.t: x", true},
		{"strace", "strace2", false},
	} {
		if match(c.pattern, c.name) != c.want {
			t.Errorf("%q, %q: want %t", c.pattern, c.name, c.want)
		}
	}
}
