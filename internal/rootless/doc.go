// Package rootless reads and writes the user.rootlesscontainers extended
// attribute: the owner that a file has inside a container whose user has one
// id only. umoci and others share the format (rootlesscontaine.rs): a protobuf
// message with the fields uid = 1 and gid = 2.
//
// Three more fields, which readers of the plain format skip as protobuf wants,
// keep what the host's inode cannot: the mode, together with the host mode for
// which it holds, and the number of a device that is a plain file on the host.
//
// What does not belong here: how and when the attribute is read or written.
// The package has no state.
package rootless
