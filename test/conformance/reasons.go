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
		suite: "perl", test: "op/stat.t: 4[568]",
		why: "Natively the test sees in /proc/1/cgroup that it is in a container, and skips what needs a terminal. ptbox shows no process of the host, so it tries; there is no terminal on either side.",
	},
	{
		suite: "perl", test: "op/stat.t: 47",
		why: "As above; this one needs none.",
	},
	{
		suite: "go", test: "os.TestGetwdDeep*",
		why: "`..` from a directory whose path is longer than PATH_MAX is EXDEV: the kernel does not tell the path of such a directory, and without it ptbox cannot prove that the parent is still in the view.",
	},
}
