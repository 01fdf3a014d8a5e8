/* What an emulated identity must not get wrong when calls are answered without
   a stop: each look is repeated, so that it is. Prints "ok", or what is wrong. The
   argument is a directory of the caller's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static int bad;

static void wrong(const char *when, const char *what, long n)
{
	printf("%s: %s: %ld, errno %d\n", when, what, n, errno);
	bad = 1;
}

static void put(const char *name, const char *text)
{
	int f = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (f < 0 || write(f, text, strlen(text)) < 0)
		wrong("put", name, f);
	close(f);
}

static void owned(const char *when, const char *name, unsigned uid, unsigned gid, unsigned mode)
{
	for (int i = 0; i < 20 && !bad; i++) {
		struct stat st;
		struct statx x;
		if (lstat(name, &st) || st.st_uid != uid || st.st_gid != gid || st.st_mode != mode)
			wrong(when, name, st.st_uid);
		if (statx(AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x) || x.stx_uid != uid || x.stx_gid != gid || x.stx_mode != mode)
			wrong(when, "statx", x.stx_uid);
		int f = open(name, O_PATH | O_NOFOLLOW);
		if (fstat(f, &st) || st.st_uid != uid || st.st_gid != gid || st.st_mode != mode)
			wrong(when, "fstat", st.st_uid);
		close(f);
	}
}

/* reads opens and looks at the text; an error if text is 0. */
static void reads(const char *when, const char *name, const char *text, int error)
{
	for (int i = 0; i < 20 && !bad; i++) {
		char b[64] = "";
		int f = open(name, O_RDONLY), e = errno;
		if (text ? f < 0 || read(f, b, sizeof b - 1) < 0 || strcmp(b, text) : f >= 0 || e != error)
			wrong(when, name, f);
		if (access(name, R_OK) != (text ? 0 : -1))
			wrong(when, "access", 0);
		close(f);
	}
}

static void child(void (*f)(void))
{
	int st;
	pid_t p = fork();
	if (!p) {
		f();
		fflush(stdout);
		_exit(bad);
	}
	waitpid(p, &st, 0);
	bad |= st != 0;
}

static const char *self;

static void user(void)
{
	if (setgid(1000) || setuid(1000))
		wrong("user", "setuid", 0);
	reads("user", "private", 0, EACCES);
	reads("user", "f", "f", 0);
	reads("user", "shut/f", 0, EACCES);
	owned("user", "f", 0, 0, 0100644);
	execl(self, self, ".", "user", (char *)0);
	wrong("user", "exec", 0);
}

static void back(void)
{
	if (setresuid(1000, 1000, 0))
		wrong("back", "setresuid", 0);
	reads("back", "private", 0, EACCES);
	if (setresuid(0, 0, 0))
		wrong("back", "setresuid", 0);
	reads("back", "private", "private", 0);
}

static void chrooted(void)
{
	if (chroot("sub") || chdir("/"))
		wrong("chroot", "sub", 0);
	reads("chroot", "/f", "inner", 0);
	reads("chroot", "/etc/passwd", 0, ENOENT);
	child(back);
}

static void unshared(void)
{
	if (unshare(CLONE_NEWNS) || mount("sub", "point", 0, MS_BIND, 0))
		wrong("mount", "bind", 0);
	reads("mount", "point/f", "inner", 0);
	owned("mount", "point/f", 3, 4, 0100640);
}

static void mounts(void)
{
	if (mount("sub", "point", 0, MS_BIND, 0))
		wrong("shared", "bind", 0);
}

int main(int argc, char **argv)
{
	self = "/proc/self/exe";
	if (argc < 2 || chdir(argv[1]))
		return 2;
	if (argc > 2) {
		reads("user's program", "private", 0, EACCES);
		reads("user's program", "f", "f", 0);
		return bad;
	}
	umask(022);
	put("f", "f");
	put("private", "private");
	chmod("private", 0600);
	mkdir("sub", 0755), mkdir("point", 0755), mkdir("shut", 0700);
	put("sub/f", "inner");
	put("sub/private", "private");
	chmod("sub/private", 0600);
	put("shut/f", "shut");
	symlink("f", "l");
	owned("first", "f", 0, 0, 0100644);
	owned("first", "sub", 0, 0, 040755);
	owned("first", "l", 0, 0, 0120777);
	owned("host's", "/", 0, 0, 040755);
	reads("first", "f", "f", 0);
	reads("first", "missing", 0, ENOENT);
	if (chown("sub/f", 3, 4) || chmod("sub/f", 0640))
		wrong("chown", "sub/f", 0);
	owned("given", "sub/f", 3, 4, 0100640);
	reads("given", "sub/f", "inner", 0);
	owned("given", "f", 0, 0, 0100644);
	if (chmod("f", 04755))
		wrong("chmod", "f", 0);
	owned("set-id", "f", 0, 0, 0104755);
	if (chmod("f", 0))
		wrong("chmod", "f", 0);
	owned("shut", "f", 0, 0, 0100000);
	reads("shut", "f", "f", 0);
	if (chmod("f", 0644))
		wrong("chmod", "f", 0);
	owned("open", "f", 0, 0, 0100644);
	if (chmod("shut", 0))
		wrong("chmod", "shut", 0);
	reads("shut", "shut/f", "shut", 0);
	owned("shut", "shut/f", 0, 0, 0100644);
	owned("shut", "shut", 0, 0, 040000);
	if (mknod("null", S_IFCHR | 0666, makedev(1, 3)))
		wrong("mknod", "null", 0);
	chmod("null", 0666);
	owned("device", "null", 0, 0, 020666);
	for (int i = 0; i < 20; i++) {
		struct stat st;
		int f = open("null", O_RDONLY);
		if (fstat(f, &st) || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
			wrong("device", "fstat", st.st_mode);
		close(f);
	}
	child(user);
	child(back);
	child(chrooted);
	child(unshared);
	reads("not mounted", "point/f", 0, ENOENT);
	child(mounts);
	reads("mounted", "point/f", "inner", 0);
	owned("mounted", "point/f", 3, 4, 0100640);
	umount("point");
	reads("unmounted", "point/f", 0, ENOENT);
	if (lchown("l", 7, 8))
		wrong("lchown", "l", 0);
	owned("link", "l", 7, 8, 0120777);
	owned("link", "f", 0, 0, 0100644);
	if (!bad)
		puts("ok");
	return bad;
}
