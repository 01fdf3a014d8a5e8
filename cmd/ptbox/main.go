package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ptbox/ptbox/internal/probe"
)

func main() {
	probe.Init() // a probe's child goes no further
	// With one CPU the Go scheduler takes the only right to run away from the
	// tracer whenever that waits for 20 µs, and wakes two threads to do so: a
	// fifth of a stop. The second right costs a start as much as 70 stops.
	if runtime.GOMAXPROCS(0) == 1 {
		time.AfterFunc(50*time.Millisecond, func() { runtime.GOMAXPROCS(2) })
	}
	os.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is main without the exit.
func run(args []string, stdout, stderr io.Writer) int {
	p := &program{stdout: stdout, stderr: stderr}
	ran, err := p.plain(args)
	if !ran {
		err = p.app().Run(args)
	}
	return p.finish(err)
}

// plain runs a command whose flags have no mistake. What cli adds is help,
// and words for mistakes, and it takes a twentieth of a short command's time.
func (p *program) plain(args []string) (ran bool, err error) {
	if len(args) < 2 {
		return false, nil
	}
	for _, makeCommand := range p.makers() {
		cmd := makeCommand()
		if cmd.name != args[1] {
			continue
		}
		run := p.handle(cmd)
		set := flag.NewFlagSet("", flag.ContinueOnError)
		set.SetOutput(io.Discard)
		for _, o := range cmd.opts {
			for _, name := range o.names {
				set.Var(o.value, name, "")
			}
		}
		if set.Parse(args[2:]) != nil {
			return false, nil
		}
		return true, run(set.Args())
	}
	return false, nil
}

// program is what the commands share.
type program struct {
	stdout, stderr io.Writer
	// code is the exit code of a run that did not fail: the command's.
	code int
}

// command is one command of ptbox, described once for parsing and for help.
type command struct {
	name string
	// args is the synopsis of what follows the flags.
	args     string
	summary  string
	examples []string
	about    string
	opts     []opt
	action   func(args []string) error
}

func (p *program) makers() []func() *command {
	return []func() *command{
		p.execCommand,
		p.runCommand,
		p.specCommand,
		p.explainCommand,
		p.doctorCommand,
		p.syscallsCommand,
		p.versionCommand,
	}
}

func (p *program) commands() (list []*command) {
	for _, makeCommand := range p.makers() {
		list = append(list, makeCommand())
	}
	return list
}

// app builds the parser. Its own help, completion and exit handling are
// turned off: they would look into the words that belong to the guest's
// command, write usage errors to standard output, or exit in the middle.
func (p *program) app() *cli.App {
	var help, version bool
	list := p.commands()
	app := &cli.App{
		Name:                      "ptbox",
		Usage:                     tagline,
		HideHelp:                  true,
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Suggest:                   true,
		Writer:                    p.stderr,
		ErrWriter:                 p.stderr,
		ExitErrHandler:            func(*cli.Context, error) {},
		Flags:                     flags([]opt{helpOpt(&help), {names: []string{"version", "V"}, value: boolean(&version), usage: "print the version"}}),
		OnUsageError:              p.onUsageError(""),
	}
	app.Action = func(c *cli.Context) error {
		switch {
		case help:
			p.appHelp(p.stdout, list)
			return nil
		case version:
			return p.printVersion(false)
		case !c.Args().Present():
			p.appHelp(p.stderr, list)
			return &failure{code: codeFailed}
		}
		name := c.Args().First()
		return usage("", "unknown command %q", name).hinted(didYouMean(name, list))
	}
	for _, cmd := range list {
		app.Commands = append(app.Commands, p.wrap(cmd))
	}
	app.Commands = append(app.Commands, &cli.Command{
		Name: "help", HideHelp: true, HideHelpCommand: true, OnUsageError: p.onUsageError("help"),
		Action: func(c *cli.Context) error {
			name := c.Args().First()
			for _, cmd := range list {
				if cmd.name == name {
					cmd.help(p.stdout)
					return nil
				}
			}
			if name != "" {
				return usage("help", "unknown command %q", name).hinted(didYouMean(name, list))
			}
			p.appHelp(p.stdout, list)
			return nil
		},
	})
	return app
}

// handle gives cmd its help, and returns what runs it once the flags are set.
func (p *program) handle(cmd *command) func(args []string) error {
	help := false
	cmd.opts = append(cmd.opts, helpOpt(&help))
	return func(args []string) error {
		if help {
			cmd.help(p.stdout)
			return nil
		}
		return cmd.action(args)
	}
}

func (p *program) wrap(cmd *command) *cli.Command {
	run := p.handle(cmd)
	return &cli.Command{
		Name:            cmd.name,
		Usage:           cmd.summary,
		HideHelp:        true,
		HideHelpCommand: true,
		Flags:           flags(cmd.opts),
		OnUsageError:    p.onUsageError(cmd.name),
		Action:          func(c *cli.Context) error { return run(c.Args().Slice()) },
	}
}

func (p *program) onUsageError(name string) cli.OnUsageErrorFunc {
	return func(c *cli.Context, err error, _ bool) error {
		if flag, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
			f := usage(name, "unknown flag %s", dashed(flag))
			if s := cli.SuggestFlag(c.Command.Flags, flag, true); alike(s, flag) {
				return f.hinted("did you mean " + s + "?")
			}
			return f
		}
		return usage(name, "%s", flagError(err.Error()))
	}
}

// flagErrors are the ways of package flag to say that a value is wrong. It
// writes every flag with one dash.
var flagErrors = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-([^ :]+): (.*)$`)
})

func flagError(text string) string {
	if m := flagErrors().FindStringSubmatch(text); m != nil {
		return fmt.Sprintf("%s %s: %s", dashed(m[2]), m[1], m[3])
	}
	if flag, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		return dashed(flag) + " needs a value"
	}
	return text
}

func dashed(flag string) string {
	if len(flag) > 1 {
		return "--" + flag
	}
	return "-" + flag
}

// alike keeps suggestions that nobody could have meant to oneself: cli always
// finds some nearest word.
func alike(suggestion, word string) bool {
	s, w := strings.TrimLeft(suggestion, "-"), strings.TrimLeft(word, "-")
	return s != "" && w != "" && s[0] == w[0]
}

func didYouMean(name string, list []*command) string {
	if strings.Contains(name, "/") {
		return "to run a program write: ptbox exec " + name
	}
	var all []*cli.Command
	for _, c := range list {
		all = append(all, &cli.Command{Name: c.name})
	}
	// The answer is a sentence that ends with the word in quotes.
	s := cli.SuggestCommand(all, name)
	if _, word, ok := strings.Cut(s, `"`); ok && alike(word, name) {
		return strings.TrimSpace(s)
	}
	return "see ptbox --help"
}

// note writes a line for people to standard error.
func (p *program) note(format string, a ...any) {
	fmt.Fprintf(p.stderr, "ptbox: "+format+"\n", a...)
}
