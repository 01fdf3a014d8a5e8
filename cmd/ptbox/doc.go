// Command ptbox runs programs under ptrace in a virtual view of the file
// system, without root, user namespaces or mounts.
//
// What belongs here: the command line, one file per command, turning flags
// and configurations into sandbox.Options, forwarding signals, and mapping
// errors to exit codes. What does not: anything that a Go program which uses
// package sandbox would want as well.
//
// Everything runs on the main goroutine; one more goroutine forwards signals
// while a command runs. Only main calls os.Exit.
package main
