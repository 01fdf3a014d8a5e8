package main

// reasons are the differences that were looked into and are not bugs, or are
// known and not mended yet. What is not here fails the run.
var reasons = []reason{
	{
		suite: "tools", test: "strace",
		why: "ptrace(2) is refused in the sandbox: a process has one tracer, and the guest's is ptbox. Trace from outside with `ptbox exec --trace=all`.",
	},
	{suite: "tools", test: "gdb", why: "ptrace(2) is refused, as for strace."},
	{
		suite: "go", test: "os.TestGetwdDeep*",
		why: "`..` from a directory whose path is longer than PATH_MAX is EXDEV: the kernel does not tell the path of such a directory, and without it ptbox cannot prove that the parent is still in the view.",
	},
}
