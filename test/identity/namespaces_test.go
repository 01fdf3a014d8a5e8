package identity

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ptbox/ptbox/internal/testbin"
	"github.com/ptbox/ptbox/internal/testutil"
	"github.com/ptbox/ptbox/internal/testutil/unpriv"
)

const (
	bind    = "0x1000"
	rbind   = "0x5000"
	move    = "0x2000"
	private = "0x44000"
	newNS   = "0x20000"
	newUTS  = "0x4000000"
	newUser = "0x10000000"
	detach  = "2"
)

// nsCases are cases whose native side is root of a user namespace whose mount
// namespace has the root directory and /proc.
var nsCases = map[string][]string{
	"mount": {
		"mkdir /a 0755", "create /a/f 0644", "mkdir /a/sub 0755", "mkdir /b 0755", "create /b/hidden 0644", "mkdir /c 0755", "symlink /b /l",
		"mount /a /l none " + bind, "ls /b", "create /b/new 0644", "ls /a", "rmdir /b", "mount none /b none 0x1021", "create /b/x 0644", "create /a/y 0644",
		"mount none /b none 0x1020", "create /b/x 0644", "mount tmpfs /a/sub tmpfs 0 mode=700", "create /a/sub/t 0644", "stat /a/sub", "ls /b/sub", "umount /a/sub 0", "ls /a/sub",
		"umount /b 0", "ls /b", "umount /b 0", "umount /proc 0", "umount /c 0", "umount /missing 0", "umount /c/ 0x100", "mounts /proc/self/mountinfo",
		"mount / /c none " + bind, "mount / /c none " + rbind, "ls /c/b", "umount /c/proc 0", "umount /c 0", "umount /c " + detach, "ls /c",
		"mount none /c none 0x40000", "mount none / none " + private, "mount none / none 0xc0000", "mount tmpfs /missing tmpfs 0", "mount /a/f /b/hidden none " + bind, "mount /a /b/hidden none " + bind, "mount /a/f /c none " + bind,
		"mounts /proc/self/mountinfo", "umount /b/hidden 0", "umount /b/hidden 0", "mount /missing /c none " + bind, "mount tmpfs /c nothing 0", "setuid 5 5 5", "mount tmpfs /c tmpfs 0", "umount /c 0", "pivot /c /c",
	},
	"stack": {
		"mkdir /a 0755", "mount t /a tmpfs 0", "create /a/1 0644", "mkdir /a/d 0755", "mount t /a/d tmpfs 0", "mount t /a tmpfs 0", "create /a/2 0644", "mounts /proc/self/mountinfo", "ls /a",
		"umount /a 0", "ls /a", "umount /a 0", "umount /a/d 0", "umount /a 0", "ls /a",
	},
	"move": {
		"mkdir /a 0755", "mkdir /b 0755", "mkdir /c 0755", "create /f 0644", "mount t /a tmpfs 0", "mkdir /a/in 0755", "mount t /a/in tmpfs 0", "create /a/in/x 0644", "chdir /a/in", "getcwd",
		"mount /a /b none " + move, "ls /b", "ls /b/in", "ls /a", "getcwd", "ls .", "mounts /proc/self/mountinfo", "mount /b/in/x /c none " + move, "mount /b /b/in none " + move, "mount /b /f none " + move,
		"mount /proc /c none " + move, "mount / /c none " + move, "mount /b/in /c none " + move, "getcwd", "ls /c", "ls /b/in", "mounts /proc/self/mountinfo",
	},
	"busy": {
		"mkdir /a 0755", "mount t /a tmpfs 0", "chdir /a", "umount /a 0", "chdir /", "keep x /a", "umount /a 0", "umount /a " + detach, "ls /a", "umount / 0",
	},
	"detached": {
		"mkdir /a 0755", "mount t /a tmpfs 0", "mkdir /a/d 0755", "chdir /a/d", "umount /a " + detach, "chdir /", "ls /a", "getcwd",
	},
	"pivot": {
		"mkdir /new 0755", "pivot /new /new", "mount t /new tmpfs 0", "mkdir /new/old 0755", "mkdir /new/proc 0755", "mkdir /other 0755", "create /new/f 0644", "pivot /new /other", "pivot / /new/old", "pivot /new /", "pivot /new/old /new/old", "pivot /missing /new/old", "pivot /new/f /new/old", "pivot /proc /proc",
		"chdir /new", "pivot . old", "getcwd", "ls /", "ls /old", "ls .", "chdir /", "mount /old/proc /proc none " + rbind, "mounts /proc/self/mountinfo", "umount /old 0", "umount /old " + detach, "ls /old", "mounts /proc/self/mountinfo", "ls /..",
	},
	"pivot-same": {
		"mkdir /t 0755", "mount t /t tmpfs 0", "chdir /t", "mkdir newroot 0755", "mount newroot newroot none 0xc0ed5000", "mkdir oldroot 0755", "pivot /t oldroot", "chdir /", "ls /",
		"mkdir /newroot/proc 0755", "mount /oldroot/proc /newroot/proc none " + rbind, "mkdir /newroot/tmp 0755", "mount t /newroot/tmp tmpfs 0", "keep d /newroot/tmp", "path d", "mounts /proc/self/mountinfo",
		"mount oldroot oldroot none " + private, "umount oldroot " + detach, "keep old /", "chdir /newroot", "pivot . .", "fchdir old", "umount . " + detach, "chdir /", "ls /", "mounts /proc/self/mountinfo", "getcwd", "path d",
	},
	"pivot-above": {
		"mkdir /t 0755", "mount t /t tmpfs 0", "mkdir /t/proc 0755", "mount /proc /t/proc none " + rbind, "mkdir /t/d 0755", "chdir /t", "pivot . .", "umount . 0x8", "umount . 0", "umount . " + detach, "ls /", "getcwd",
		"mounts /proc/self/mountinfo", "umount . " + detach, "umount / 0", "chdir d", "umount . 0",
	},
	"unshare": {
		"mkdir /a 0755", "mkdir /b 0755", "mount t /a tmpfs 0", "create /a/x 0644", "clone " + newNS + " ls /a,mount t /b tmpfs 0,create /b/y 0644,ls /b,umount /a 0,ls /a,mounts /proc/self/mountinfo",
		"ls /a", "ls /b", "clone 0 mount t /b tmpfs 0,ls /b", "ls /b", "mounts /proc/self/mountinfo", "umount /b 0", "unshare " + newNS, "mount t /b tmpfs 0", "mounts /proc/self/mountinfo",
		"clone " + newUTS + " hostname inner", "unshare 0x8000000000", "setuid 5 5 5", "unshare " + newNS, "clone " + newNS + " ls /", "unshare " + newUTS,
	},
	"user": {
		"create /f 0600", "create /g 0644", "chown /g 1000 1000", "mkdir /d 0755", "chown /d 5 5",
		"clone " + newUser + " ids,caps,stat /f,stat /g,read /f,chown /f 1 1,setuid 0 0 0,setgroups 5,hostname x,mount t /d tmpfs 0,chroot /d,read /proc/self/uid_map,read /proc/self/setgroups",
		"clone " + newUser + " write /proc/self/uid_map 0 0 1,write /proc/self/gid_map 0 0 1,write /proc/self/setgroups deny,write /proc/self/setgroups deny,write /proc/self/gid_map 0 0 1,write /proc/self/gid_map 0 0 1,write /proc/self/uid_map 0 0 1,write /proc/self/setgroups allow,ids,caps,stat /f,stat /g,read /f,chown /f 1 1,chown /f 0 0,chown /g 0 0,chmod /g 0600,read /g,setuid 1 1 1,setuid 0 0 0,setgroups 0,read /proc/self/uid_map,read /proc/self/gid_map,read /proc/self/setgroups,mknod /n 020644 1 3,status",
		"clone " + newUser + " write /proc/self/uid_map 5 0 1,ids,caps,unshare " + newUser + ",ids,caps,write /proc/self/uid_map 7 5 1,ids,stat /f,read /proc/self/uid_map",
		"clone " + newUser + " write /proc/self/uid_map 0 1 1,write /proc/self/uid_map 0 0 2,write /proc/self/uid_map 0 0,write /proc/self/uid_map 0 0 0,write /proc/self/uid_map x 0 1,write /proc/self/uid_map 0 0 1 1,write /proc/self/uid_map 0 0 1|0 0 1,write /proc/self/uid_map 0 0 1||,write /proc/self/uid_map 0 0 1|",
		"write /proc/self/uid_map 0 0 1", "write /proc/self/setgroups deny",
	},
	"user-maps": {
		"create /f 0600", "create /g 0640", "chown /g 1005 1005", "create /h 0600", "chown /h 1001 1001", "create /x 0600", "chown /x 3 3", "mkdir /d 0777", "chmod /d 0777",
		"clonemap " + newUser + " 0:1000:100 0:1000:100 ids,setgid 0 0 0,setuid 0 0 0,setgroups 1 2,ids,caps,stat /f,stat /g,stat /h,stat /x,read /g,read /h,read /x,chown /g 7 8,stat /g,chown /g 100 1,chown /x 0 0,chmod /x 0644,create /d/n 0644,stat /d/n,chown /d/n 4 4,stat /d/n,setuid 100 100 100,setuid 9 9 9,ids,caps,read /h,read /proc/self/uid_map,mknod /d/c 020644 1 3,mknod /d/p 010644 0 0,stat /d/p,status",
		"stat /g", "stat /d/n", "stat /d/p",
		"clonemap " + newUser + " 0:0:1;10:500:10 0:0:1;10:500:10 ids,setuid 11 11 11,ids,read /proc/self/uid_map",
		"clonemap " + newUser + " 0:0:1 0:0:1 clonemap " + newUser + " 3:0:1 3:0:1 ids",
		"setgid 7 7 7", "setuid 6 6 6", "clone " + newUser + " write /proc/self/uid_map 0 0 1,write /proc/self/uid_map 0 6 1,write /proc/self/gid_map 0 7 1,write /proc/self/setgroups deny,write /proc/self/gid_map 0 7 1,ids,caps,read /f,stat /f,stat /d,create /d/m 0644,stat /d/m,hostname x,mount t /d tmpfs 0,unshare " + newNS + ",mount t /d tmpfs 0,ls /d",
		"clone " + newNS + " ids", "stat /d/m",
	},
	"user-mounts": {
		"mkdir /a 0755", "mkdir /b 0755", "mount t /a tmpfs 0", "mount t /b tmpfs 1",
		"clone 0x10020000 write /proc/self/uid_map 0 0 1,mounts /proc/self/mountinfo,umount /a 0,umount /a 2,mount none /b none 0x1020,mount none /b none 0x1021,mount /a /b none " + move + ",mount / /a none " + bind + ",mount / /a none " + rbind + ",umount /a 2,mount t /a tmpfs 0,umount /a 0,create /a/x 0644",
		"ls /a", "mounts /proc/self/mountinfo",
		"clone 0x14000000 write /proc/self/uid_map 0 0 1,hostname inner,mount t /b tmpfs 0", "clone " + newUser + " unshare " + newUTS + ",hostname inner2,unshare " + newNS + ",mount t /b tmpfs 0",
		"mkdir /r 0755", "chroot /r", "unshare " + newUser,
	},
	"setns": {
		"mkdir /a 0755", "mkdir /b 0755", "create /f 0644", "hold x 0x4020000 mount t /a tmpfs 0,create /a/in 0644,mkdir /a/sub 0755,chdir /a/sub,hostname held",
		"same x mnt", "same x uts", "same x user", "same x net", "same self mnt", "keepns own self mnt", "keepns x x mnt", "keepns u x uts", "keepns n self net", "keep o /proc/self/ns/mnt", "keep f /f",
		"manyns x mnt 600", "manyns x uts 300", "setnsfd x 0", "setnsfd x " + newUTS, "setnsfd u " + newNS, "setnsfd n 0", "setnsfd n " + newNS, "setnsfd o 0", "setnsfd f 0", "setnsfd 0 0", "setnsfd -1 0", "setnsfd 77 0", "setnspid x 0", "setnspid x 0x1", "setnspid x " + newUser, "setnspid x 0x40000000",
		"unshare 0x200", "chdir /b", "keepns d self uts", "setnsfd x " + newNS, "getcwd", "ls /a", "ls .", "mounts /proc/self/mountinfo", "same x mnt", "same x uts", "setnsfd u 0", "nodename", "same x uts", "create /a/more 0644",
		"setnsfd own 0", "ls /a", "getcwd", "mounts /proc/self/mountinfo", "same x mnt", "same self mnt",
		"enter x:0x4020000 ls /a,nodename,getcwd,same parent mnt,same parent uts", "enter x:0x20000,x:uts,self:mnt ls /a,nodename", "enter x:mnt chroot /a,chdir /,ls /,ls /..", "enter x:0x40020000 ls /a",
		"let x", "setnsfd x 0", "ls /a", "mount t /b tmpfs 0", "setnsfd own 0", "ls /b", "mounts /proc/self/mountinfo",
		"hold y " + newUTS + " ids", "setuid 5 5 5", "setns y uts 0", "same y uts", "setnspid y " + newUTS, "setnsfd u 0", "setnsfd x 0", "same self uts",
	},
	"setns-user": {
		"mkdir /a 0755", "mkdir /b 0755", "holdmap x 0x10020000 0:0:9 0:0:9 mount t /a tmpfs 0,create /a/in 0644,chdir /a", "same x user", "same x mnt", "same self user", "setns x user 0", "setnspid x 0x10000000",
		"enter x:user ids,caps,ls /a,mount t /b tmpfs 0,hostname h,same parent user,read /proc/self/uid_map", "enter x:user,x:mnt ids,ls /a,mount t /b tmpfs 0,ls /b,mounts /proc/self/mountinfo", "enter x:mnt ids,ls /a,caps,mount t /b tmpfs 0", "enter x:mnt,x:user ls /a,umount /b 0,caps", "enter x:0x10020000 ids,caps,ls /a,getcwd",
		"enter self:user ids", "enter x:user,x:user ids", "enter x:user,self:user ids", "enter x:user,self:mnt ids,ls /a", "enter x:0x14020000 ids",
		"holdmap z 0x10000000 3:0:2;9:3:1 3:0:2 ids", "enter z:user ids,caps", "enter x:user,z:user caps", "enter z:user,x:mnt caps",
		"setgid 5 5 5", "setuid 5 5 5", "enter x:user ids", "same x user", "enter x:0x10000000 ids", "hold w 0x10000000 ids", "enter w:user ids,caps,same parent user", "same w user",
	},
	"overlay": {
		"mkdir /l 0755", "mkdir /k 0755", "mkdir /u 0755", "mkdir /w 0755", "mkdir /m 0755", "create /l/f 0644", "append /l/f low", "mkdir /l/d 0755", "create /l/d/x 0644", "create /l/d/y 0644", "create /k/k 0644",
		"mount o /m overlay 0", "mount o /m overlay 0 lowerdir=/none", "mount o /m overlay 0 lowerdir=/l,upperdir=/u", "mount o /m overlay 0 lowerdir=/l/f", "mount o /m overlay 0 lowerdir=/l,what=ever",
		"mount o /m overlay 0 lowerdir=/l:/k,upperdir=/u,workdir=/w,userxattr", "ls /m", "read /m/f", "append /m/f more", "read /m/f", "read /l/f", "unlink /m/d/x", "ls /m/d", "ls /l/d", "create /m/n 0644", "ls /u", "chown /m/k 0 0", "ls /u", "rmdir /m/d", "mkdir /m/e 0755", "rename /m/n /m/e/n", "ls /m/e", "chdir /m/e", "getcwd", "chdir /",
		"mounts /proc/self/mountinfo", "mkdir /b 0755", "mount /m/e /b none " + bind, "ls /b", "create /b/more 0644", "ls /m/e", "umount /b 0", "umount /m 0", "ls /m", "ls /l",
		"mount o /m overlay 0 lowerdir=/l:/k", "ls /m", "create /m/x 0644", "umount /m 0",
	},
	"fsmount": {
		"mkdir /a 0755", "mkdir /b 0755", "create /f 0644",
		"fsopen c tmpfs 1", "readfd c", "fsconfig c 1 source none", "fsconfig c 1 source none", "fsconfig c 1 size 64k", "fsconfig c 1 mode 0750", "fsconfig c 1 nothing x", "fsconfig c 0 ro", "fsconfig c 0 rw", "fsconfig c 1 uid 5",
		"fsmount m c 0 0", "fsconfig c 7", "fsconfig c 6", "fsconfig c 6", "fsconfig c 1 size 1m", "fsmount m c 2 0", "fsmount m c 1 0x1000", "fsmount m c 1 0x30", "fsmount m c 1 0x20", "fsmount n c 1 0", "path m", "fdstat m", "mounts /proc/self/mountinfo",
		"movemount m - - /f 4", "movemount m - - /none 4", "movemount m - - /a 0", "movemount m - - /a 4", "mounts /proc/self/mountinfo", "stat /a", "create /a/x 0644", "movemount m - - /b 4", "mounts /proc/self/mountinfo", "ls /b", "ls /a", "movemount - /b - /a 0", "ls /a", "movemount - /a - /b 0x300", "movemount - /a - /b 0x400",
		"fsopen r tmpfs 0", "fsconfig r 0 ro", "fsconfig r 6", "fsmount s r 0 8", "closefd r", "movemount s - - /b 4", "create /b/x 0644", "umount /b 0", "movemount s - - /b 4", "closefd s", "umount /b 0",
		"fsopen x nothing 1", "fsopen x tmpfs 2", "fsconfig 99 6", "fsconfig -1 6", "fsconfig m 6", "keep d /a", "fsconfig d 6", "fsconfig c 99", "fsconfig c 0 - x", "fsconfig c 1 x", "fsconfig c 6 x", "fsconfig c 3 x /a 7", "fsmount y 99 0 0", "fsmount y d 0 0", "fsmount y m 0 0",
		"fsopen o tmpfs 1", "fsconfig o 1 size x", "fsconfig o 1 huge never", "fsconfig o 0 source", "fsconfig o 5 source - 0", "movemount o - - /a 4", "closefd o",
		"setuid 5 5 5", "fsopen x tmpfs 1", "fsmount m c 0 0", "movemount m - - /a 4", "opentree t - /a 1", "opentree t - /a 0", "fspick k - / 0", "setattr - / 0 1 0 0",
	},
	"opentree": {
		"mkdir /a 0755", "mkdir /a/d 0755", "mkdir /b 0755", "create /a/f 0644", "create /g 0644", "symlink /a /l", "mount t /a/d tmpfs 0", "create /a/d/in 0644",
		"opentree t - /a 0x80001", "path t", "fdstat t", "movemount t - - /b 4", "ls /b", "ls /b/d", "create /b/new 0644", "ls /a", "umount /b 0", "closefd t", "umount /b 0",
		"opentree t - /a 0x88001", "movemount t - - /b 4", "ls /b/d", "mounts /proc/self/mountinfo", "closefd t", "umount /b 0", "umount /b 2",
		"opentree t - /l 0x101", "opentree t - /l 1", "movemount t - - /l 4", "movemount t - - /l 0x14", "ls /a", "closefd t", "umount /a 0",
		"opentree t - /a/f 1", "movemount t - - /b 4", "movemount t - - /g 4", "mounts /proc/self/mountinfo", "closefd t", "umount /g 0",
		"opentree t - / 1", "opentree t - / 0x8001", "movemount t - - /b 4", "ls /b", "umount /b 2", "closefd t", "opentree t - /a 0x8000", "opentree t - /a 0x2", "opentree t - - 1", "opentree t - /none 1", "opentree t - /none 0", "opentree t 99 x 1",
		"chdir /a", "opentree t - - 0x1001", "movemount t - - /b 4", "ls /b", "closefd t", "umount /b 0", "keep k /a", "opentree t k - 0x1001", "movemount t - - /b 4", "closefd t", "umount /b 0", "opentree t k f 1", "movemount t - - /g 4", "closefd t", "umount /g 0",
		"opentree o - /a 0x80000", "path o", "closefd o", "opentree o k d 0", "path o", "closefd o", "opentree o - /l 0x100", "path o", "closefd o", "opentree o - /l 0", "path o", "closefd o", "opentree o k - 0x1000", "path o", "closefd o", "opentree o - - 0",
		"opentree t - /a 1", "opentree u t - 0x1001", "movemount t - - /b 4", "movemount u - - /b 4", "mounts /proc/self/mountinfo", "closefd t", "closefd u", "umount /b 0", "umount /b 0",
		"movemount - /a - /b 0", "movemount - / - /b 0", "movemount - /proc - /b 0", "movemount k d k . 0", "ls /b",
	},
	"setattr": {
		"mkdir /a 0755", "mkdir /b 0755", "mount t /a tmpfs 0", "mkdir /a/d 0755", "mount t /a/d tmpfs 0", "create /a/f 0644",
		"setattr - /a 0 1 0 0", "create /a/x 0644", "create /a/d/x 0644", "setattr - /a 0x8000 1 0 0", "create /a/d/y 0644", "mounts /proc/self/mountinfo", "setattr - /a 0 0 1 0", "create /a/x 0644", "create /a/d/y 0644", "setattr - /a 0x8000 0 1 0", "create /a/d/y 0644",
		"setattr - /a/f 0 1 0 0", "setattr - /b 0 1 0 0", "setattr - /none 0 1 0 0", "setattr - /none 0 0 0 0", "setattr - /a 2 1 0 0", "setattr - /a 0 0x1000 0 0", "setattr - /a 0 0x10 0 0", "setattr - /a 0 0 0x10 0", "setattr - /a 0 0x10 0x70 0", "setattr - /a 0 0x30 0x70 0", "setattr - /a 0 0 0x100000 0",
		"setattr - /a 0 0 0 0x40000", "setattr - /a 0x8000 0 0 0x40000", "setattr - /a 0 0 0 0xc0000", "setattr - /a 0 0 0 1", "setattr - /b 0 0 0 0x40000", "setattrsize 16", "setattrsize 32", "setattrsize 40", "setattrsize 5000",
		"opentree t - /a 0x8001", "setattr t - 0x9000 1 0 0", "movemount t - - /b 4", "create /b/y 0644", "create /b/d/z 0644", "create /a/y 0644", "setattr t - 0x1000 0 1 0", "create /b/w 0644", "umount /b 2", "setattr t - 0x1000 0 1 0", "closefd t",
		"opentreeattr t - /a 1 1 0 0", "movemount t - - /b 4", "create /b/v 0644", "ls /b", "umount /b 0", "closefd t", "umount /b 0", "opentreeattr t - /a 0 1 0 0", "opentreeattr t - /a 0x8001 0 0x1000 0",
		"clone 0x10020000 write /proc/self/uid_map 0 0 1,setattr - /a 0 1 0 0,setattr - /a 0 0 1 0,create /a/o 0644,opentree t - /a/d 1,setattr t - 0x1000 2 0 0,movemount t - - /b 4,mounts /proc/self/mountinfo,opentree t - /a 1,movemount - /a - /b 0",
		"mounts /proc/self/mountinfo", "setattr - /a 0 1 0 0", "clone 0x10020000 write /proc/self/uid_map 0 0 1,setattr - /a 0 0 1 0,setattr - /a 0x8000 0 1 0,create /a/p 0644,fspick p - /a 0,fsconfig p 0 rw,fsconfig p 7",
		"fspick p - /a 1", "readfd p", "fsconfig p 6", "fsconfig p 0 rw", "fsconfig p 7", "closefd p", "fspick p - /a/d 0", "fsconfig p 0 ro", "fsconfig p 7", "create /a/d/last 0644", "fspick q - /a/f 0", "fspick q - /none 0", "fspick q - /a 16", "keep k /a", "fspick q k - 8", "fsmount x q 0 0",
	},
	"fs-overlay": {
		"mkdir /l 0755", "mkdir /k 0755", "mkdir /u 0755", "mkdir /w 0755", "mkdir /m 0755", "create /l/f 0644", "create /k/k 0644",
		"fsopen o overlay 1", "fsconfig o 1 source over", "fsconfig o 1 lowerdir /l:/k", "fsconfig o 1 upperdir /u", "fsconfig o 1 workdir /w", "fsconfig o 0 userxattr", "fsconfig o 6", "fsmount m o 1 0", "movemount m - - /m 4", "closefd m", "ls /m", "create /m/n 0644", "ls /u", "umount /m 0",
		"fsopen p overlay 1", "fsconfig p 1 lowerdir+ /l", "fsconfig p 1 lowerdir+ /k", "fsconfig p 6", "fsmount q p 1 0", "movemount q - - /m 4", "closefd q", "ls /m", "create /m/x 0644", "umount /m 0", "fsopen r overlay 1", "fsconfig r 6", "fsconfig r 6", "fsmount s r 1 0",
	},
	"chroot": {
		"mkdir /r 0755", "mkdir /r/proc 0755", "mkdir /r/m 0755", "mount /proc /r/proc none " + rbind, "mount t /r/m tmpfs 0", "chroot /r", "chdir /", "mounts /proc/self/mountinfo", "mkdir /m/old 0755", "chdir /m", "pivot /m /m/old",
	},
	"chroot-pivot": {
		"mkdir /r 0755", "mount t /r tmpfs 0", "mkdir /r/proc 0755", "mkdir /r/m 0755", "mount /proc /r/proc none " + rbind, "chroot /r", "chdir /", "mount t /m tmpfs 0", "mkdir /m/old 0755", "mkdir /m/proc 0755", "chdir /m",
		"pivot /m /m/old", "mount /old/proc /proc none " + rbind, "getcwd", "ls /", "ls /old", "mounts /proc/self/mountinfo", "umount /old " + detach, "mounts /proc/self/mountinfo",
	},
}

func nativeNS(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(testbin.Guest(t), append([]string{"nsroot", dir}, args...)...)
	cmd.Env = []string{"PATH=/"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// userNS skips where the kernel makes no user namespaces.
func userNS(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		testutil.Skip(t, testutil.NeedRoot, "the native side is made by root")
	}
	b, err := os.ReadFile("/proc/sys/user/max_user_namespaces")
	if n, _ := strconv.Atoi(string(b[:max(len(b)-1, 0)])); err != nil || n == 0 {
		testutil.Skip(t, testutil.NeedRoot, "the kernel makes no user namespaces")
	}
}

func TestNamespacesKernel(t *testing.T) {
	userNS(t)
	for name, args := range nsCases {
		t.Run(name, func(t *testing.T) {
			file, want := golden(t, "ns-"+name)
			got := nativeNS(t, root(t, 0), args...)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("testdata is not what this kernel does:\n%s", diff(got, want))
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	for name, args := range nsCases {
		t.Run(name, func(t *testing.T) {
			_, want := golden(t, "ns-"+name)
			if got := ptbox(t, root(t, unpriv.Nobody), state(t), args...); got != want {
				t.Errorf("%s", diff(want, got))
			}
		})
	}
}
