// Package testutil holds the few things that several packages' tests share:
// running a command as an ordinary user without capabilities, the policy for
// skipping, and building the programs under test once.
//
// What does not belong here: anything that knows of one package's types.
package testutil
