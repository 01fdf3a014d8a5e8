// Package probe finds out what the host can do for ptbox, by trying it.
//
// What belongs here: one function for each ability, and All, which `ptbox
// doctor` prints. What does not: deciding what to do without an ability; the
// packages that need one fall back by themselves.
//
// Functions that end in a value (Landlock, Openat2 …) are cheap and act on the
// calling process only without leaving a trace in it. What would leave one (a
// seccomp filter, being traced) happens in a child: the same executable once
// more, which is why a program that uses All must call Init first in main. All
// locks its goroutine to a thread while it traces; nothing here needs a lock.
package probe
