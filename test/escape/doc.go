// Package escape runs the techniques of internal/testbin/escape, one program
// run each: natively, where each must work, and in sandboxes, where each must
// fail and the guest must go on or die.
//
// What belongs here: what a technique needs of the host (files, sockets, a
// process to attack), the configurations of the sandbox, and the judgement.
// After every run in a sandbox the tree outside and the read-only tree must be
// as before, the process outside alive, the sockets outside silent, and nothing
// of the guest left. What does not belong here: the techniques themselves.
//
//	go test ./test/escape                          all, races for 0.1 s each
//	go test ./test/escape -run 'TestHeld/./ro-'    some
//	PTBOX_RACE=60s go test ./test/escape …         races for a minute each
//	PTBOX_ESCAPE_ROOT=DIR go test ./test/escape    a root file system too (copied links)
//
// The ones that fail are run as an ordinary user whoever runs the tests.
package escape
