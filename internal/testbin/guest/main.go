package main

import (
	"fmt"
	"os"
)

// commands maps a subcommand to its function, which returns the exit code.
var commands = map[string]func(args []string) int{}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "guest: no subcommand")
		os.Exit(2)
	}
	f := commands[os.Args[1]]
	if f == nil {
		// A "#!" line hands over all its words as one argument.
		os.Exit(commands["args"](os.Args[1:]))
	}
	os.Exit(f(os.Args[2:]))
}
