// Package ptrace holds every raw ptrace(2) request that ptbox makes, one thin
// function each, and nothing that decides anything.
//
// All functions act on a tracee of the calling thread: the caller must be
// locked to the thread that seized it. They use RawSyscall, because no request
// blocks, and return a plain errno (0 is success), because the hot loop must
// not allocate.
//
// What belongs here: requests and their constants. What does not: waiting,
// classifying stops, knowing what a register means (package tracer).
package ptrace
