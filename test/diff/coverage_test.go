package difftest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/tracer"
)

// elsewhere are the handled calls that no case makes, and the file of the test
// (or of the program that a test runs) that does: scripts cannot describe
// processes that are born or traced.
var elsewhere = map[string]string{
	"clone": "sandbox/fast_libc_test.go", "clone3": "test/escape/escape_test.go", "fork": "sandbox/fast_libc_test.go", "vfork": "sandbox/fast_libc_test.go",
	"ptrace": "test/escape/escape_test.go",
}

// elder is what tells the name of a 32-bit call from that of the one which has
// the same handler, and which is compared.
var elder = regexp.MustCompile(`^old|(32|64|_time64)$`)

// irregular are the 32-bit calls whose names say less.
var irregular = map[string]string{
	"fstatat64": "newfstatat", "mmap2": "mmap", "olduname": "uname", "oldolduname": "uname", "sendfile64": "sendfile",
	"socketcall": "socket", "ipc": "shmat", "readdir": "getdents", "umount": "umount2",
}

// TestEveryHandledCallIsTested holds the table of system calls and the tests
// together: a call that ptbox rewrites or answers must be compared with the
// kernel somewhere, or have its test elsewhere.
func TestEveryHandledCallIsTested(t *testing.T) {
	covered := map[string]int{}
	for _, c := range allCases() {
		for _, name := range c.Calls() {
			covered[name]++
		}
	}
	for _, s := range tracer.Table {
		if s.Support != tracer.Handled || covered[s.Name] > 0 {
			continue
		}
		if s.Nr[tracer.X8664] == tracer.NoNr {
			name, known := irregular[s.Name]
			if !known {
				name = elder.ReplaceAllString(s.Name, "")
			}
			if o := tracer.ByName(name); o == nil || covered[name] == 0 && elsewhere[name] == "" {
				t.Errorf("no case calls what %s has its handler from", s.Name)
			}
			continue
		}
		file, known := elsewhere[s.Name]
		if !known || namesPath(&s) {
			t.Errorf("no case calls %s", s.Name)
			continue
		}
		b, err := os.ReadFile(filepath.Join(testutil.ModuleRoot(), file))
		if err != nil {
			t.Error(err)
		} else if !regexp.MustCompile(`\b(SYS_` + strings.ToUpper(s.Name) + `|` + s.Name + `)\b`).Match(b) {
			t.Errorf("%s does not call %s", file, s.Name)
		}
	}
	for name := range elsewhere {
		if covered[name] > 0 || tracer.ByName(name) == nil {
			t.Errorf("%s is compared, or is no call: it is not tested elsewhere", name)
		}
	}
}

func namesPath(s *tracer.Sysent) bool {
	if len(s.Paths) > 0 || s.Class == tracer.ClassDir || s.Class == tracer.ClassFDAttr || s.Class == tracer.ClassCwd {
		return true
	}
	for _, k := range s.Args {
		switch k {
		case tracer.Sockaddr, tracer.SockOut, tracer.Msghdr, tracer.Mmsghdr, tracer.PathOut:
			return true
		}
	}
	return false
}
