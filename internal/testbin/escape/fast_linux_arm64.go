package main

// fastTechniques: there is no fast path on this architecture.
var fastTechniques []technique
