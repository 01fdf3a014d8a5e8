package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

func init() {
	// args prints its arguments, what the kernel says of the program, and
	// nothing that depends on the run.
	commands["args"] = func(args []string) int {
		fmt.Printf("argv0=%q", os.Args[0])
		for _, a := range args {
			fmt.Printf(" %q", a)
		}
		if exe, err := os.Readlink("/proc/self/exe"); err == nil {
			fmt.Printf(" exe=%q", exe)
		}
		if comm, err := os.ReadFile("/proc/self/comm"); err == nil {
			fmt.Printf(" comm=%q", strings.TrimSpace(string(comm)))
		}
		if cwd, err := os.Getwd(); err == nil {
			fmt.Printf(" cwd=%q", cwd)
		}
		fmt.Println()
		return 0
	}
	// drop runs a command as an ordinary user without capabilities.
	commands["drop"] = func(args []string) int {
		fmt.Fprintln(os.Stderr, "guest drop:", unpriv.Exec(args, os.Environ()))
		return 125
	}
	commands["exit"] = func(args []string) int {
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return 2
		}
		return n
	}
}
