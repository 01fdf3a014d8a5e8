// Package cred is a process' identity as credentials(7) and capabilities(7)
// describe it: user and group ids, capability sets, securebits, no_new_privs,
// with the kernel's rules for changing them (kernel/sys.c, security/commoncap.c,
// kernel/capability.c).
//
// What does not belong here: processes, files, system calls. Nothing here
// knows whether an identity is real. A Cred is a plain value; its Groups are
// shared by copies and never changed in place, so copying one is a fork.
package cred
