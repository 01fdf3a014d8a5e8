// Package tracer is the engine: it seizes a process tree, sorts the stops that
// the kernel reports, and lets a Handler answer or rewrite system calls. It
// knows registers, memory, the window, remote mappings, the seccomp program
// and the system call table. It does not know what a path means.
//
// # Threads and locks
//
// A Tracer belongs to the one goroutine that called New, which is locked to
// its thread: the kernel ties tracees to the thread that seized them. Start,
// Run and every method of Task and Call run on it, and so do all calls of the
// Handler. There are no locks. Only Signal may be called from elsewhere.
//
// # The window
//
// One sealed memfd is mapped at WindowLow in every address space that the
// tracer has seen exec. The guest can read and execute it, never write or
// unmap it; the tracer writes it through a mapping of its own. What a
// rewritten call points at lies there, and so do the stubs that give the
// argument registers back (see window.go).
package tracer
