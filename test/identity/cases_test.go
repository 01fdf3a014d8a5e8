package identity

// cases are operations of "guest own", a case after the other in a fresh root
// directory that holds the guest program and nothing else.
var cases = map[string][]string{
	"ids": {
		"ids", "caps", "setgroups 5 3 4", "setgid -1 7 -1", "setuid -1 33 -1", "ids", "caps", "setuid -1 0 -1", "caps",
		"setuid 33 33 33", "ids", "caps", "setuid 0 0 0", "setgroups 1", "setgid 8 8 8", "setgid 0 0 0", "ids",
	},
	"owners": {
		"create /f 0644", "stat /f", "chown /f 33 42", "stat /f", "fstat /f", "statx /f", "fchown /f -1 7", "stat /f", "lchown /f 12 -1", "stat /f",
		"chown /f -1 -1", "stat /f", "chown /f 0 0", "stat /f", "chown /missing 1 1", "mkdir /d 0755", "chown /d 5 6", "stat /d",
		"symlink f /l", "lchown /l 7 8", "stat /l", "chown /l 9 9", "stat /l", "stat /f", "mknod /p 010644 0 0", "chown /p 3 4", "stat /p",
		"link /f /g", "stat /g", "rename /f /h", "stat /h", "unlink /h", "stat /g", "rename /d /e", "stat /e",
	},
	"modes": {
		"create /f 0600", "chmod /f 0", "stat /f", "append /f abc", "read /f", "stat /f", "chmod /f 0444", "append /f def", "read /f", "stat /f",
		"truncate /f 2", "read /f", "stat /f", "access /f 7", "access /f 6", "chmod /f 0011", "access /f 1", "stat /f",
		"chmod /f 04755", "stat /f", "chown /f 1 1", "stat /f", "chmod /f 06755", "chown /f -1 -1", "stat /f", "chmod /f 02744", "chown /f 2 2", "stat /f",
		"chmod /f 0", "chown /f 9 9", "stat /f", "read /f", "fchmod /f 0707", "stat /f", "chmod /f 01000", "stat /f", "chown /f 0 0", "stat /f", "chmod /f 0644", "stat /f",
		"mkdir /d 0755", "create /d/x 0644", "chmod /d 0", "ls /d", "stat /d/x", "create /d/y 0644", "append /d/x text", "read /d/x", "stat /d", "chdir /d", "ls .", "chdir /",
		"rename /d/x /d/z", "unlink /d/y", "unlink /d/z", "stat /d", "rmdir /d", "stat /d",
		"mkdir /e 02755", "stat /e", "chmod /e 03777", "stat /e",
	},
	"deep": {
		"mkdir /a 0755", "mkdir /a/b 0755", "create /a/b/f 0644", "chmod /a/b/f 0", "chmod /a/b 0", "chmod /a 0", "read /a/b/f", "stat /a/b/f",
		"symlink /a/b /l", "read /l/f", "stat /a", "stat /a/b", "chdir /a/b", "read f", "read ../b/f", "unlink f", "rmdir /a/b", "rmdir /a",
	},
	"devices": {
		"umask 0", "mknod /null 020666 1 3", "stat /null", "statx /null", "append /null xyz", "read /null", "chown /null 1 5", "chmod /null 0600", "stat /null", "fstat /null",
		"mknod /null 020666 1 3", "mknod /blk 060640 7 0", "stat /blk", "mknod /fifo 010600 0 0", "stat /fifo", "mknod /reg 0100640 0 0", "stat /reg",
		"mknod /nodir/x 020666 1 3", "rename /null /n", "stat /n", "link /n /m", "stat /m", "unlink /n", "stat /m", "mknod /zero 020666 1 5", "setuid 9 9 9", "append /m x", "append /zero x", "mknod /q 020666 1 3", "mknod /q 010666 0 0",
	},
	"creator": {
		"mkdir /w 0777", "mkdir /g 0755", "chown /g 0 44", "chmod /g 02777", "mkdir /t 01777", "create /t/root 0666", "umask 022", "setgroups 50",
		"setgid 7 7 7", "setuid 6 6 6", "create /w/f 0666", "stat /w/f", "mkdir /w/d 0777", "stat /w/d", "symlink x /w/l", "stat /w/l", "mknod /w/p 010666 0 0", "stat /w/p",
		"create /g/f 0666", "stat /g/f", "mkdir /g/d 0777", "stat /g/d", "chown /w/f -1 50", "stat /w/f", "chown /w/f -1 51", "chown /w/f 7 -1", "chown /w/f 6 7",
		"chmod /w/f 02755", "stat /w/f", "create /x 0666", "mkdir /x 0777", "symlink a /x", "unlink /t/root", "rename /t/root /t/mine", "create /t/mine 0600", "unlink /t/mine",
		"chmod /t/root 0", "append /t/root x", "create /w/ro 0400", "stat /w/ro", "append /w/ro x", "chmod /w/ro 0600", "append /w/ro x", "create /w/none 0", "read /w/none", "stat /w/none", "chmod /w/none 0644", "stat /w/none", "unlink /w/none",
	},
	"denied": {
		"mkdir /s 0700", "create /s/f 0644", "create /f 0640", "chown /f 0 7", "create /o 0604", "chown /o 6 0", "mkdir /d 0711", "mkdir /e 0755",
		"setgid 7 7 7", "setuid 6 6 6", "read /s/f", "stat /s/f", "stat /s/none", "create /s/new 0644", "chmod /s/f 0", "chdir /s/.", "stat /d/none", "stat /e/../s/f", "mkdir /d/x 0755", "rename /f /d/f", "unlink /d/none", "link /f /e/none/x",
		"read /f", "append /f x", "read /o", "append /o x", "chmod /o 0064", "read /o", "access /f 4", "access /f 2", "access /o 4", "eaccess /e 1", "eaccess /e 2",
		"ls /s", "ls /d", "chdir /s", "chdir /d", "unlink /f", "rmdir /e", "rename /f /e/f", "link /o /e/o", "mkdir /e/x 0755", "create /e/x 0644", "mkdir /e 0755", "create /missing/x 0644", "truncate /f 0", "chmod /f 0777", "chown /o 0 0", "read /missing",
	},
	"chroot": {
		"mkdir /r 0755", "mkdir /r/d 0755", "create /r/f 0644", "append /r/f inside", "create /f 0644", "append /f outside", "symlink /f /r/abs", "symlink ../../f /r/d/up",
		"chroot /missing", "chroot /f", "chroot /r", "chdir /", "getcwd", "read /f", "read /abs", "read /d/up", "read /../f", "ls /", "chdir d", "getcwd", "read ../../f", "create /new 0644", "chroot .", "ls /..", "setuid 5 5 5", "chroot /",
	},
	"exec": {
		"link /guest /g2", "chown /g2 33 44", "chmod /g2 06755", "setgid 5 5 5", "setuid 5 5 5", "run /g2 ids,caps,auxv,setuid 5 5 5,ids",
		"run /guest ids,caps,auxv",
	},
	"exec-root": {
		"link /guest /g2", "chmod /g2 04755", "setgid 5 5 5", "setuid 5 5 5", "run /g2 ids,caps,auxv,chown /g2 1 1,setuid 0 0 0,ids",
	},
	"exec-denied": {
		"link /guest /g2", "chmod /g2 0700", "run /g2 ids", "chmod /g2 0010", "run /g2 ids", "setgid 5 5 5", "setuid 5 5 5", "run /g2 ids",
	},
	"kill": {
		"run /guest killparent", "setuid 5 5 5", "run /guest killparent", "kill 0 0",
	},
	"kill-other": {
		"setuid 0 5 0", "run /guest killparent,setuid 5 5 5,killparent",
	},
	"xattr": {
		"create /f 0644", "setx /f user.a value", "getx /f user.a", "listx /f", "chown /f 5 5", "listx /f", "chmod /f 0444", "setx /f user.b x", "listx /f", "stat /f",
		"setx /f trusted.t v", "getx /f trusted.t", "getx /f security.capability", "chmod /f 0", "getx /f user.a", "getx /f security.none",
	},
	"acl": {
		"create /f 0600", "chown /f 5 5", "acl /f 0", "stat /f", "getx /f system.posix_acl_access", "listx /f", "acl /f 0751", "stat /f", "chmod /f 06755", "acl /f 0700", "stat /f",
		"mknod /c 020600 1 3", "acl /c 0666", "stat /c", "append /c x", "mkdir /d 03700", "chown /d 6 6", "acl /d 0", "stat /d", "removex /d system.posix_acl_access", "removex /d system.posix_acl_default", "stat /d",
		"setx /f system.posix_acl_access bad", "setx /f system.posix_acl_default x", "acl /missing 0", "create /g 0644", "chown /g 6 5", "chmod /g 02755", "setgid 7 7 7", "setuid 6 6 6", "acl /f 0777", "removex /f system.posix_acl_access", "acl /g 0775", "stat /g",
	},
	"peer": {"peer", "message 0 0", "setgid 4 4 4", "setuid 3 3 3", "peer", "message 3 4", "message 0 4", "message 3 0"},
}
