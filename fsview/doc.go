// Package fsview is a virtual view of a file system: a mount table over host
// directories, and path resolution in it with the kernel's semantics.
//
// What belongs here: mount points (also those that the root file system does
// not have), symlinks, "..", errno order, and the way back from host paths to
// guest paths. What does not: processes, ptrace, permissions of calls
// (read-only mounts are only reported), procfs' contents (Links answers for
// its symlinks), OCI. Nothing is ever made in a directory of the user: missing
// mount points are synthesised in scratch directories, and Merged says which
// listings lack which names.
//
// # Threads
//
// A View holds the buffers of its walk: all its methods are to be called from
// one thread at a time. There are no locks. The mount table does not change
// after New. Host and Guest of a Resolution lie in buffers of that Resolution
// and live until it is used again. The fast paths do not allocate.
//
// # Known distance from a real mount namespace
//
// Mount points are known by path: a caller refuses to rename a directory above
// one (Resolution.AboveMount). A ".." reopens the parent by path, which asks for
// the search permission of the directories above it. A directory from outside the view
// (inherited, or received over a socket) can be used for relative paths
// without symlinks and ".."; anything else from there is EXDEV, and so is a symlink
// that is met from a directory whose path is longer than PATH_MAX.
package fsview
