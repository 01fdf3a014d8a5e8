// Package difftest compares ptbox with the kernel. A Case is a small tree, a
// list of mounts and a script of system calls; the same script runs natively
// (mount namespace, real binds, chroot, an ordinary user) and under ptbox (the
// same tree, the mounts as flags, the same ordinary user), and every line of
// output must be equal, as must be the trees on disk afterwards.
//
// What belongs here: cases, and the runner that other generators of cases (a
// fuzzer) use as well. What does not: judgements about what ptbox should do.
// The kernel judges.
//
// # Adding a case
//
// Append to the table in the cases_*_test.go file that fits:
//
//	{Name: "rename over a file bind", Tree: std, Mounts: "bind @f /f", Script: `
//		rename "/g" "/f" => EBUSY
//	`},
//
// Tree and Mounts are described at ParseTree and ParseMounts, the script's
// language in internal/testbin/guest. "=> RESULT" is optional: it says what the
// kernel is known to answer (one word: the errno or OK; more: the whole line),
// is verified on the native side, and is all that can be checked where nobody
// may mount. "~RESULT" before a call accepts that first word from ptbox even
// if the kernel answered otherwise; it is for calls that ptbox refuses by
// design, or where the kernel's answer is not a property of the tree.
//
// # Running
//
//	go test ./test/diff                          as root: both sides
//	go test ./test/diff -run TestNative          the native side alone
//	go test ./test/diff -run 'TestDiff/rename'   some cases
//	PTBOX_DIFF_KEEP=1 go test …                  leaves the trees, prints where
//
// TestRandom makes up views and scripts from seeds (make fuzz-diff); many
// scripts share a sandbox, whose tree is restored between them. What it finds
// is shrunk, and printed in the form of a case.
//
// Any test of this tree builds ptbox anew, in the place from which a run of TestRandom
// starts it; a long run is given one of its own with PTBOX_BIN.
//
// Linux 6.18: 20,001 scripts with the seeds from 1300000 on, each in one of the four
// modes (PTBOX_FUZZ_MODES=1), were compared in one run of one ptbox: 1,176,902 calls
// in 1,055 worlds, and two differences, both mended since (1300005, 1300570). With
// that, 20,001 scripts from 1400000 on showed one, mended since (1400858).
// Three runs of 20,000 before it (from 1000000, 1100000 and 1200000 on), in which
// ptbox was mended, showed seven, three and five. All that recur are cases now
// (cases_found_more_test.go, cases_shut_test.go), but for 1100896, which is in byDesign,
// and 1001078, where the scripts of a world saw what an earlier one had left. Of 7,000
// scripts from 1700000 on two differed in what is by design now (1700239, 1700244), of
// 13,000 from 1701000 on one, mended since (1701638); 7,000 from 1705000 on did not differ.
//
// With a 32-bit guest (GOARCH=386, named by PTBOX_GUEST; TestI386 runs a part) all
// cases are the kernel's on Linux 6.18, as root and by stops.
//
// Under Linux 6.1 (make vm) not all cases have been run: as many as an emulated
// machine makes in eight minutes, with a 64-bit guest. Two differences are left there:
// truncate of a file on a read-only mount for which one has no permission is EROFS
// (EACCES from ptbox, and from Linux 6.18), and overlayfs let an ordinary user set a
// security attribute.
//
// As root the trees lie on a tmpfs that only the test's mount namespace has:
// inode numbers are never reused there, so that identities are comparable. For
// TestRandom ptbox has its scratch directories there, too.
//
// Cases run in parallel, each in directories and processes of its own; there is
// no state shared between them.
package difftest
