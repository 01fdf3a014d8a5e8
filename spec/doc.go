// Package spec reads and judges the config.json of an OCI bundle.
//
// What belongs here: finding and decoding the file with errors that say where
// (Load), judging every property at once, each with its JSON pointer
// (Validate), the vocabulary of config.json (mount options, resource limits)
// and the configuration that `ptbox spec` writes (Default). What does not:
// views, processes, anything that happens when a bundle is run; package
// sandbox turns a valid configuration into its Options.
//
// The rule for each property is that of runtime-spec: it is applied as the
// process would see it, or refused with an error that names it. Unknown
// properties are ignored. docs/config.md lists what happens to each.
//
// All functions are safe for concurrent use; nothing here keeps state.
package spec
