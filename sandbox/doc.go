// Package sandbox builds a view and a policy from Options, starts the command
// in it and waits for it. It is the only package that knows all the others:
// fsview answers what a path means, tracer stops and rewrites calls, and the
// handlers here, one file per class of system call, join the two.
//
// # Threads and locks
//
// Start makes one goroutine that is locked to its thread; the tracer, the view
// and all handlers run on it, without locks. Signal, Wait and Close may be
// called from any goroutine. Inside of another ptbox there is no tracer, and the
// thread is the parent of the command (nested.go).
package sandbox
