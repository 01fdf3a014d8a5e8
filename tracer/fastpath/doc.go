// Package fastpath holds the code that answers path calls inside the guest,
// without a stop, and the tables that it works from.
//
// The code (src/blob_amd64.S, src/blob.c, src/*.h) is freestanding: no library, no vector
// registers, no data of its own, its stack in a slot of a pool. Its bytes are
// committed and embedded; `make blob` builds them anew and a test compares.
// Users of ptbox need no C compiler.
//
// The code is a convenience and never a boundary: a guest may jump to any byte
// of it with any registers. What holds it is the seccomp program, which lets
// the instruction at Sym.GadgetAfter make these calls only (see Rules):
//
//   - openat2 whose open_how lies in the sealed table, at a multiple of its
//     stride, and which by that table stays beneath its descriptor;
//   - calls on a descriptor whose path pointer is the sealed empty string.
//
// The code is exact or absent: whatever it is not sure of it leaves to the
// plain system call at the guest's own instruction, which stops as ever.
//
// What belongs here: layout, tables, bytes. What does not: ptrace, patching,
// the meaning of a path beyond the table that the caller gives (package
// tracer, package sandbox).
package fastpath
