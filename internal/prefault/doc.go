// Package prefault makes the memory that every start of ptbox touches present
// with two calls instead of hundreds of page faults.
//
// A short command's time under ptbox is mostly the start of a Go program, and
// that is mostly page faults: cheap on bare metal, up to 10 µs each in a
// virtual machine without nested paging. To link the package in is to use it;
// it runs before any other initialisation and does nothing afterwards. What
// it asks for are hints: a kernel that refuses them changes nothing.
package prefault
