//go:build race

package tracer

// childMemory gives the child a copy of our memory: the race detector is called
// by wrappers that no directive reaches, and would take the child for us.
const childMemory = 0
