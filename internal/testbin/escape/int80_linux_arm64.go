package main

// openInt80 has nothing to try on this architecture.
func openInt80() error { return errHeld }
