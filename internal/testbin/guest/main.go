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
		fmt.Fprintf(os.Stderr, "guest: unknown subcommand %q\n", os.Args[1])
		os.Exit(2)
	}
	os.Exit(f(os.Args[2:]))
}
