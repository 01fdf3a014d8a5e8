// Command hostile is a guest that misbehaves: it filters its own system calls,
// exhausts what it can, kills its threads and makes calls with arguments that
// mean nothing. "hostile NAME ARG…" runs one part. Most print what the kernel
// has answered, natively and in a sandbox the same.
package main

import (
	"fmt"
	"os"
	"runtime"
)

// parts maps names to what they do; an error ends the program with 1.
var parts = map[string]func(args []string) error{}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: hostile PART [ARGUMENT…]")
		for name := range parts {
			fmt.Fprintln(os.Stderr, "  ", name)
		}
		os.Exit(2)
	}
	runtime.LockOSThread()
	if err := parts[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}
