package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A mode is a way to run a suite.
type mode struct {
	name  string
	flags []string // of ptbox exec; native has none
	about string
}

var modes = []mode{
	{name: "native", about: "chroot and bind mounts"},
	{name: "again", about: "the same a second time: what differs from the first says nothing about ptbox"},
	{name: "ptbox", flags: []string{}, about: "the defaults"},
	{name: "fast", flags: []string{"--fast=on"}, about: "--fast=on"},
	{name: "syscall", flags: []string{"--trap=syscall"}, about: "--trap=syscall"},
}

func (m mode) native() bool { return m.flags == nil }

// world is where suites run: a Debian root, and directories of a mode's own
// that are bound at /work and /tmp.
type world struct {
	cache, root, ptbox, goroot string
}

// packages are what the suites use, beyond the minimal system. Sources are
// fetched with them: a test suite belongs to a version.
var (
	packages = []string{
		"bash", "coreutils", "findutils", "diffutils", "patch", "less", "file", "gawk", "expect", "bzip2", "xz-utils", "zip", "unzip",
		"busybox-static", "git", "perl", "python3", "libpython3.11-testsuite", "openjdk-17-jre-headless",
		"attr", "acl", "procps", "lsof", "util-linux", "systemd", "strace", "gdb",
		"dpkg-dev", "gcc", "make", "gettext", "libc6-dev", "zlib1g-dev",
	}
	sources = []string{"busybox", "git", "perl"}
)

const (
	suiteName = "bookworm"
	sourceDir = "usr/src/conformance"
)

func newWorld(o options) (*world, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	w := &world{cache: o.cache, root: filepath.Join(o.cache, suiteName), goroot: strings.TrimSpace(string(goroot))}
	if err := os.MkdirAll(w.cache, 0o755); err != nil {
		return nil, err
	}
	// A copy, where the ordinary user can reach it.
	w.ptbox = filepath.Join(w.cache, "ptbox")
	if err := command("install", "-m", "755", o.ptbox, w.ptbox); err != nil {
		return nil, fmt.Errorf("%w (make build makes it)", err)
	}
	if _, err := os.Stat(w.root); err == nil {
		return w, nil
	}
	tmp := w.root + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return nil, err
	}
	// The sources come from where the packages come from, whatever mirror
	// this machine is set up for. An update may have no source there (yet);
	// then that of the release does.
	const (
		setup = `sed -n 's/^deb /deb-src /p' "$1"/etc/apt/sources.list >"$1"/etc/apt/sources.list.d/src.list`
		fetch = `set -e; export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG
			mkdir -p "$1"/` + sourceDir + ` "$1"/work "$1"/usr/local/go
			printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$1"/etc/hosts
			cd "$1"/` + sourceDir + `
			for p in %s; do
				apt-get -qq source --download-only $p || apt-get -qq source --download-only $p/` + suiteName + `
			done`
	)
	err = command("mmdebstrap", "--variant=minbase", "--mode=root", "--include="+strings.Join(packages, ","),
		"--setup-hook="+setup, "--customize-hook="+fmt.Sprintf(fetch, strings.Join(sources, " ")), suiteName, tmp)
	if err != nil {
		return nil, err
	}
	return w, os.Rename(tmp, w.root)
}

// command runs a command whose output is for whoever waits.
func command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// results of a suite, mode by mode.
type results struct {
	modes map[string]*result
}

type result struct {
	Tests tests
}

func (w *world) dir(s suite) string { return filepath.Join(w.cache, "suites", s.name) }

func (w *world) load(s suite) (*results, error) {
	res := &results{modes: map[string]*result{}}
	b, err := os.ReadFile(filepath.Join(w.dir(s), "results.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return res, nil
	}
	if err != nil {
		return nil, err
	}
	return res, json.Unmarshal(b, &res.modes)
}

func (w *world) save(s suite, res *results) error {
	b, err := json.MarshalIndent(res.modes, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.dir(s), "results.json"), b, 0o644)
}

// prepare builds what the suite needs, once and natively.
func (w *world) prepare(s suite) (string, error) {
	ready := filepath.Join(w.dir(s), "ready")
	if _, err := os.Stat(ready); err == nil {
		return ready, nil
	}
	if err := w.place(ready + ".tmp"); err != nil {
		return "", err
	}
	if s.host != "" {
		c := exec.Command("sh", "-ec", s.host)
		c.Env = append(os.Environ(), "dir="+filepath.Join(ready+".tmp", "work"), "packages="+goPackages)
		c.Stdout, c.Stderr = os.Stderr, os.Stderr
		if err := c.Run(); err != nil {
			return "", fmt.Errorf("prepare: %w", err)
		}
	}
	if s.prepare != "" {
		log := filepath.Join(w.dir(s), "prepare.log")
		if err := w.shell(modes[0], ready+".tmp", "set -e\n"+s.prepare, log); err != nil {
			return "", fmt.Errorf("prepare: %w (see %s)", err, log)
		}
	}
	return ready, os.Rename(ready+".tmp", ready)
}

// place makes dir anew, with what is bound at /work and /tmp.
func (w *world) place(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	return os.Chown(work, nobody, nobody)
}

// runMode runs s once, in a fresh copy of what was prepared.
func (w *world) runMode(s suite, m mode) (*result, error) {
	ready, err := w.prepare(s)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(w.dir(s), "run-"+m.name)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := command("cp", "-a", "--reflink=auto", ready, dir); err != nil {
		return nil, err
	}
	log := filepath.Join(w.dir(s), m.name+".log")
	// A suite that fails says so test by test: how it exits does not matter.
	var exit *exec.ExitError
	if err := w.shell(m, dir, s.run, log); err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	f, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := s.parse(f)
	if err != nil {
		return nil, err
	}
	if len(t) == 0 {
		return nil, fmt.Errorf("%s: no test ran (see %s)", m.name, log)
	}
	return &result{Tests: t}, os.RemoveAll(dir)
}
