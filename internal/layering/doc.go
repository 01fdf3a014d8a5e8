// Package layering holds one test: that the rooms of ptbox import each other
// only in the directions that docs/adr/0006-layering.md allows.
package layering
