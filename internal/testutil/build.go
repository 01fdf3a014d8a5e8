package testutil

import (
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// ModuleRoot is the directory of go.mod.
func ModuleRoot() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// BinDir is where the programs under test are built: one directory a user, so
// that the packages' test processes share the work.
func BinDir() (string, error) {
	// One directory a tree: tests of two checkouts may run at the same time.
	tree := fnv.New32a()
	tree.Write([]byte(ModuleRoot()))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("ptbox-test-%d-%x", os.Geteuid(), tree.Sum32()))
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return "", err
	}
	// Somebody else may own the name: what lies there would be run as us.
	fi, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); !ok || !fi.IsDir() || int(st.Uid) != os.Geteuid() || fi.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a private directory of this user", dir)
	}
	return dir, nil
}

// Build compiles pkg (a path relative to the module root) statically and
// returns the program's path. Concurrent builds of one program are safe.
func Build(pkg, name string) (string, error) { return BuildFor("", pkg, name) }

// BuildFor is Build for another architecture, "" is this one.
func BuildFor(arch, pkg, name string) (string, error) {
	env := []string{"CGO_ENABLED=0"}
	if arch != "" {
		env = append(env, "GOARCH="+arch)
	}
	return buildWith(pkg, name, env)
}

func buildWith(pkg, name string, env []string, flags ...string) (string, error) {
	dir, err := BinDir()
	if err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(dir, name+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	exe := filepath.Join(tmp, name)
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", exe, "./"+pkg)...)
	cmd.Dir = ModuleRoot()
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	final := filepath.Join(dir, name)
	return final, os.Rename(exe, final)
}

var ptbox = sync.OnceValues(func() (string, error) {
	if p := os.Getenv("PTBOX_BIN"); p != "" {
		return filepath.Abs(p)
	}
	if os.Getenv("PTBOX_RACE_DETECTOR") == "1" {
		return buildWith("cmd/ptbox", "ptbox-race", []string{"CGO_ENABLED=1"}, "-race")
	}
	return Build("cmd/ptbox", "ptbox")
})

// Ptbox returns the path of the ptbox binary, built once a process.
// PTBOX_BIN names one that is built already, PTBOX_RACE_DETECTOR=1 asks for one
// that tells of data races.
func Ptbox(t testing.TB) string {
	t.Helper()
	p, err := ptbox()
	if err != nil {
		t.Fatal(err)
	}
	return p
}
