// Command escape tries to leave a sandbox: "escape NAME" tries one technique.
// It exits with 10 if the technique worked and with 11 if it did not, and says
// why on standard output. Run natively by an ordinary user, every technique
// works: that is what makes its failure in a sandbox mean something.
//
// What a technique has to work with is described by the environment variable
// ESCAPE (see config).
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Exit codes.
const (
	escaped = 10
	held    = 11
	// signalled: whether it worked, only the target can tell.
	signalled = 12
)

// config is what the harness has prepared. Host paths are strings that mean
// something to the host only; the others are as the program itself sees them.
type config struct {
	Outside  string  // host: a directory that the view does not show, with all below
	Secret   string  // host: Outside/secret, a file
	Token    string  // what Secret holds
	HostBin  string  // host: this program
	Self     string  // this program
	Work     string  // a writable directory
	ReadOnly string  // a directory with a file "f" that must not change
	Target   int     // a process outside; 0 means the parent
	Group    int     // its process group
	Stream   string  // host: a listening AF_UNIX stream socket
	Dgram    string  // host: an AF_UNIX datagram socket
	Abstract string  // an abstract stream socket, without the leading NUL
	Port     int     // a listening TCP port on 127.0.0.1
	Leaked   int     // a descriptor of Outside that the launcher had open
	Millis   int     // how long races run
	Gadget   uintptr // the instruction that the fast path trusts
}

var cfg config

// technique is one way out; it returns nil if it worked.
type technique struct {
	name string
	run  func() error
}

var techniques = slices.Concat(pathTechniques, writeTechniques, walkTechniques, readOnlyTechniques, processTechniques,
	signalTechniques, socketTechniques, windowTechniques, kernelTechniques, int80Techniques, fastTechniques, execTechniques, raceTechniques, netTechniques)

// errHeld is a failure without a system call to blame.
var errHeld = errors.New("held")

func target() int {
	if cfg.Target == 0 {
		return os.Getppid()
	}
	return cfg.Target
}

// duration is how long a race lasts.
func duration() time.Duration { return time.Duration(cfg.Millis) * time.Millisecond }

// isToken says whether what was read came from the secret.
func isToken(b []byte) error {
	if cfg.Token != "" && strings.Contains(string(b), cfg.Token) {
		return nil
	}
	return fmt.Errorf("%w: read %q", errHeld, b[:min(len(b), 40)])
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "list" {
		for _, t := range techniques {
			fmt.Println(t.name)
		}
		return
	}
	if len(os.Args) > 1 {
		if f := helpers[os.Args[1]]; f != nil {
			f(os.Args[2:])
			return
		}
	}
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: escape NAME | list")
		os.Exit(2)
	}
	if err := json.Unmarshal([]byte(os.Getenv("ESCAPE")), &cfg); err != nil {
		fmt.Fprintln(os.Stderr, "ESCAPE:", err)
		os.Exit(2)
	}
	i := slices.IndexFunc(techniques, func(t technique) bool { return t.name == os.Args[1] })
	if i < 0 {
		fmt.Fprintln(os.Stderr, "no such technique")
		os.Exit(2)
	}
	runtime.LockOSThread()
	err := techniques[i].run()
	if errors.Is(err, errSignalled) {
		fmt.Println("signalled")
		os.Exit(signalled)
	}
	if err != nil {
		fmt.Println("held:", err)
		os.Exit(held)
	}
	fmt.Println("escaped")
	os.Exit(escaped)
}

// helpers are what techniques start this program again for.
var helpers = map[string]func(args []string){
	"exit10": func([]string) { os.Exit(escaped) },
	"sleep":  func([]string) { time.Sleep(time.Hour) }, // longer than any race
}
