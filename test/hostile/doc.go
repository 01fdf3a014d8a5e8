// Package hostile runs guests that misbehave (internal/testbin/hostile) and
// sees that the sandbox stays in one piece: what they print is what they print
// without it, nothing of them is left, and the tracer has nothing to complain
// of. What runs longer than a moment is asked for by environment variables.
package hostile
