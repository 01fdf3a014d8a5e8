// Command guest is the static program that ptbox' tests run inside a sandbox.
//
// Most of it is "guest seq", an executor for a small line-based language of
// raw system calls; the differential test runs the same script natively and
// under ptbox and compares what it prints. The other subcommands each exercise
// one property of the tracer (signals, threads, clone flags, registers …).
//
// What belongs here: programs that need nothing but themselves in the root
// file system. What does not: anything that judges a result; the tests do.
//
// # The language of guest seq
//
// One call a line, a '#' starts a comment line:
//
//	f=openat AT_FDCWD "/d/f" O_RDONLY|O_CLOEXEC 0
//	fstat $f
//	stat.t "/d"*3+"x"
//	~ENOSYS openat2 AT_FDCWD "/d" O_RDONLY 0 RESOLVE_IN_ROOT
//
// A line is [~ERRNO] [var=]call[.modifiers] argument… . Missing arguments are
// zero. "~ERRNO" is for the reader of the output: this result is acceptable
// under ptbox whatever the kernel said.
//
// Arguments are strings ("…" in Go syntax, joined by +, repeated by *N, $var
// for a descriptor's number, $PID, $TID), integers (constants and numbers
// joined by |), or the addresses NULL, BAD (not mapped), EDGE(string) (runs
// into an unmapped page before its NUL) and END(string) (the NUL is the last
// mapped byte). Modifiers: t prints only the type of a stat, m adds its times, l a directory's links,
// q prints only OK, x passes a socket address without its NUL.
//
// Blocks:
//
//	fork {      a new process, same descriptors and working directory
//	thread {    another thread of this process
//	}           both are waited for
//
// Each call prints "LINE RESULT": the errno's name, or OK and the outcome in a
// form that is equal on two equal trees. Inodes are numbered in the order in
// which they are seen, descriptors are described and never numbered, the own
// uid and gid are "me".
package main
