package probe

import "os"

// i386Result says whether 32-bit programs run (tracer.HaveI386).
func i386Result() Result {
	const name = "32-bit programs"
	if _, err := os.Stat("/proc/sys/abi/vsyscall32"); err != nil {
		return good(name, "this kernel runs none")
	}
	return good(name, "run as 64-bit ones do, without the fast path")
}
