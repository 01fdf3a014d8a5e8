package difftest

// suiteCases are what other programs' test suites have found (see
// docs/conformance.md), reduced to the calls that differed.
var suiteCases = []Case{
	// Python's subprocess: a child counts its open descriptors by fstat. The
	// engine's own are among those of every guest.
	{Name: "descriptors of the engine", Tree: std, Script: `
		fstat 1000 => EBADF
		fstat 1001 => EBADF
		newfstatat 1000 "" AT_EMPTY_PATH => EBADF
		statx 1001 "" AT_EMPTY_PATH 0x7ff => EBADF
		openat 1000 "f" O_RDONLY => EBADF
		openat 1000 "/f" O_RDONLY => OK
		faccessat2 1000 "" R_OK AT_EMPTY_PATH => EBADF
		fchdir 1000 => EBADF
		fcntl 1000 F_GETFD 0 => EBADF
		readlinkat 1001 "" => EBADF
		newfstatat 999 "" AT_EMPTY_PATH => EBADF
	`},
}
