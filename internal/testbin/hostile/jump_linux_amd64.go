package main

// exitAt makes the call exit_group(code) with the instruction at addr.
func exitAt(addr, code uintptr)
