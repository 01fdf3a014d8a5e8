package sandbox

import (
	"io"
	"log/slog"
	"os"

	"github.com/ptbox/ptbox/fsview"
	"github.com/ptbox/ptbox/tracer"
)

// Options say what to run and in which view. They are what a config.json or
// the flags of `ptbox exec` boil down to.
type Options struct {
	// Args is the command; Args[0] is looked up in the guest's PATH, inside
	// the view, when it has no slash.
	Args []string
	// Env is the whole environment of the command.
	Env []string
	// Cwd is the guest directory to start in; "" means the launcher's own
	// directory where the view shows it, else "/".
	Cwd string
	// Root is the host directory that becomes "/", and its restrictions.
	Root      string
	RootFlags fsview.Flags
	// Mounts follow in order; a later one shadows an earlier one.
	Mounts []fsview.Mount
	// Hostname and Domainname, when not empty, are what uname(2) says.
	Hostname, Domainname string
	// Umask, when not nil, is set before the command starts.
	Umask *uint32
	// Rlimits are set before the command starts.
	Rlimits []Rlimit
	// OOMScoreAdj, when not nil, is written before the command starts.
	OOMScoreAdj *int
	// PreserveFDs is the number of descriptors from 3 on that the command
	// inherits; all others are closed.
	PreserveFDs int
	// Stdin, Stdout and Stderr default to the launcher's own.
	Stdin, Stdout, Stderr *os.File
	// NewSession starts the command in a session of its own.
	NewSession bool

	// User, when not nil, is who the command believes to be: ids, capabilities
	// and the owners of files are then emulated. Nil leaves them as they are.
	User *User
	// StateDir keeps the owners of files that cannot carry one themselves; ""
	// is ptbox' directory below XDG_STATE_HOME.
	StateDir string

	// Regs is "peekuser", "regset", "gsi", "ssi" or "auto" (the default).
	Regs string
	// Mem is "peek", "vm", "procmem" or "auto".
	Mem string
	// Trap is "seccomp", "syscall" or "auto".
	Trap string
	// Fast lets guests answer path calls themselves where that is exact: "on",
	// "auto" (the default: where in addition a hostile guest gains nothing by
	// it) or "off". With an emulated identity or a trace it is always off.
	Fast string
	// Counters asks for what the fast path does, in Stats.
	Counters bool

	// Landlock is "on" (an error where the kernel lacks it), "off" or "auto"
	// (the default): whether the kernel's Landlock backs the view up.
	Landlock string

	// NoNetwork leaves the command AF_UNIX sockets only.
	NoNetwork bool
	// PidsLimit, when above 0, is how many tasks (threads count) there may be
	// at once; more make fork(2) fail with EAGAIN.
	PidsLimit int64
	// OutputLimit, when above 0, is how many bytes the command may write to
	// its standard output and standard error together. It then has pipes
	// there, and is killed when it writes more.
	OutputLimit int64

	// Seccomp, when not nil, is a filter of system calls for the command, on
	// top of ptbox' own. SeccompFlags are flags of seccomp(2).
	Seccomp      *tracer.Profile
	SeccompFlags uintptr

	// Undumpable makes the calling process undumpable (prctl(2)) before the
	// command's first instruction, so that nothing of the same user can trace
	// it, read its memory or take its descriptors.
	Undumpable bool

	// Trace, when not nil, gets a record for each intercepted call.
	Trace *Trace
	// Log gets diagnostics; nil discards them.
	Log *slog.Logger
}

// Rlimit is one resource limit; Type is a RLIMIT_* number.
type Rlimit struct {
	Type       int
	Soft, Hard uint64
}

// Trace says which calls to report, and how.
type Trace struct {
	// Mode is "path", "all" or "unhandled".
	Mode string
	// Format is "text" or "json" (one object a line, with "v":1).
	Format string
	// Out receives the records; writes are serialised.
	Out io.Writer
}
