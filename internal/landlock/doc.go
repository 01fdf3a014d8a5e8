// Package landlock makes Landlock rulesets (landlock(7)) with the raw calls.
//
// It belongs here: what an ABI version can do, and the three system calls. It
// does not belong here: which rights a sandbox wants to grant.
//
// A Ruleset is a descriptor and nothing else: it may be used by one goroutine
// at a time. Restricting a thread is left to the caller, which does it in a
// forked child.
package landlock
