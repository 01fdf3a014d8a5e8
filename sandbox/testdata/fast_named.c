/* Files that are read by a directory's descriptor, and by the current
   directory, while the directory changes its name: prints "ok", or says what is
   wrong. The arguments are a directory to work in, and "tree" for many
   directories of which each is read once, or "links"; "lent" at the end for doing
   that with a directory of procfs open. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* want reads name by d, as often as it takes to be quick, and compares. An empty text
   means that there must be the error. */
static void want(const char *when, int d, const char *name, int flags, const char *text, int error)
{
	for (int i = 0; i < 50 && !bad; i++) {
		char b[64] = "";
		errno = 0;
		int f = openat(d, name, O_RDONLY | flags), e = errno;
		if (error ? f >= 0 || e != error : f < 0 || read(f, b, sizeof b - 1) < 0 || strcmp(b, text))
			wrong(when, name, f);
		if (f >= 0 && (fcntl(f, F_GETFL) & ~0100000) != (flags & (O_NONBLOCK | O_NOFOLLOW)))
			wrong(when, "flags", fcntl(f, F_GETFL));
		close(f);
	}
}

static void both(const char *when, int d, const char *name, int flags, const char *text, int error)
{
	want(when, d, name, flags, text, error);
	want(when, AT_FDCWD, name, flags, text, error);
}

static void once(int d, const char *dir)
{
	char b[64] = "", c[64] = "";
	int e = openat(d, dir, O_RDONLY | O_DIRECTORY), f = openat(e, "f", O_RDONLY);
	if (read(f, b, sizeof b - 1) < 0 || strcmp(b, dir))
		wrong("tree", dir, f);
	close(f);
	int s = openat(e, "sub", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	f = openat(s, "f", O_RDONLY);
	if (read(f, c, sizeof c - 1) < 0 || strcmp(c, "sub"))
		wrong("tree", "sub", f);
	close(f), close(s), close(e);
}

static int tree(void)
{
	char dir[64], sub[128];
	for (int i = 0; i < 200; i++) {
		sprintf(dir, "d%d", i);
		mkdir(dir, 0755);
		sprintf(sub, "%s/f", dir);
		put(sub, dir);
		sprintf(sub, "%s/sub", dir);
		mkdir(sub, 0755);
		strcat(sub, "/f");
		put(sub, "sub");
	}
	int d = open(".", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 400; i++) {
		sprintf(dir, "d%d", i % 200);
		once(i < 200 ? d : AT_FDCWD, dir);
	}
	if (!bad)
		puts("ok");
	return bad;
}

/* links reads through symlinks by an absolute path. */
static int links(const char *dir)
{
	char abs[4096], name[4200];
	sprintf(abs, "%s/a/sub/f", dir);
	mkdir("sub", 0755);
	put("sub/f", "one");
	symlink("sub", "dl");
	symlink("f", "sub/x");
	symlink("x", "sub/xx");
	symlink(abs, "sub/abs");
	symlink("loop", "sub/loop");
	symlink("../sub/xx", "sub/up");
	symlink("missing", "sub/dangling");
	static const struct { const char *name, *text; int error; } all[] = {
		{"sub/x", "one"}, {"sub/xx", "one"}, {"sub/abs", "one"}, {"sub/up", "one"}, {"dl/f", "one"}, {"dl/xx", "one"},
		{"sub/loop", "", ELOOP}, {"sub/dangling", "", ENOENT}, {"sub/x/", "", ENOTDIR}, {"sub/x/y", "", ENOTDIR},
	};
	for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
		sprintf(name, "%s/a/%s", dir, all[i].name);
		want("absolute", AT_FDCWD, name, 0, all[i].text, all[i].error);
		both("relative", AT_FDCWD, all[i].name, 0, all[i].text, all[i].error);
	}
	sprintf(name, "%s/a/sub/xx", dir);
	want("absolute", AT_FDCWD, name, O_NOFOLLOW, "", ELOOP);
	unlink("sub/x");
	put("two", "two");
	symlink("../two", "sub/x");
	want("another", AT_FDCWD, name, 0, "two", 0);
	pid_t p = fork();
	if (!p)
		for (;;) {
			symlink("../two", "sub/t");
			rename("sub/t", "sub/x");
			symlink("f", "sub/t");
			rename("sub/t", "sub/x");
		}
	for (int i = 0; i < 3000 && !bad; i++) {
		char b[8] = "";
		int f = open(name, O_RDONLY);
		if (read(f, b, 7) < 0 || strcmp(b, "one") && strcmp(b, "two"))
			wrong("being replaced", b, f);
		close(f);
	}
	kill(p, SIGKILL);
	waitpid(p, 0, 0);
	if (!bad)
		puts("ok");
	return bad;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[argc - 1], "lent") && (argc--, open("/proc", O_RDONLY | O_DIRECTORY)) < 0)
		return 2;
	if (argc < 2 || chdir(argv[1]) || mkdir("a", 0755) || chdir("a"))
		return 2;
	if (argc > 2)
		return *argv[2] == 'l' ? links(argv[1]) : tree();
	int up = open("..", O_RDONLY | O_DIRECTORY), d = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdir("sub", 0755);
	put("f", "one");
	put("sub/f", "sub");
	symlink("f", "link");
	symlink("nowhere", "dangling");
	both("first", d, "f", 0, "one", 0);
	both("first", d, "sub//./f", O_NONBLOCK, "sub", 0);
	both("first", d, "f", O_NOFOLLOW | O_CLOEXEC, "one", 0);
	both("first", d, "link", 0, "one", 0);
	both("first", d, "link", O_NOFOLLOW, "", ELOOP);
	both("first", d, "dangling", 0, "", ENOENT);
	both("first", d, "missing", 0, "", ENOENT);
	both("first", d, "f/x", 0, "", ENOTDIR);
	both("first", d, "f/", 0, "", ENOTDIR);
	if (renameat(up, "a", up, "b"))
		wrong("rename", "a", 0);
	both("renamed", d, "f", 0, "one", 0);
	both("renamed", d, "missing", 0, "", ENOENT);
	if (mkdirat(up, "a", 0755))
		wrong("mkdir", "a", 0);
	put("../a/f", "two");
	put("../a/missing", "two");
	both("replaced", d, "f", 0, "one", 0);
	both("replaced", d, "missing", 0, "", ENOENT);
	want("replaced", up, "a/f", 0, "two", 0);
	if (unlink("f"))
		wrong("unlink", "f", 0);
	both("unlinked", d, "f", 0, "", ENOENT);
	put("f", "three");
	both("made again", d, "f", 0, "three", 0);
	if (renameat2(up, "a", up, "b", RENAME_EXCHANGE))
		wrong("exchange", "a", 0);
	both("exchanged", d, "f", 0, "three", 0);
	want("exchanged", up, "b/f", 0, "two", 0);

	pid_t p = fork();
	if (!p)
		for (;;)
			if (renameat2(up, "a", up, "b", RENAME_EXCHANGE))
				_exit(1);
	for (int i = 0; i < 60; i++)
		both("being exchanged", d, "f", 0, "three", 0);
	kill(p, SIGKILL);
	int st;
	waitpid(p, &st, 0);
	if (!WIFSIGNALED(st))
		wrong("exchanger", "status", st);

	if (mkfifo("p", 0644))
		wrong("mkfifo", "p", 0);
	both("pipe", d, "p", O_NONBLOCK, "", 0);
	mkdir("gone", 0755);
	put("gone/f", "four");
	int g = open("gone", O_PATH);
	want("not gone", g, "f", 0, "four", 0);
	unlink("gone/f");
	rmdir("gone");
	want("gone", g, "f", 0, "", ENOENT);
	mkdir("gone", 0755);
	put("gone/f", "five");
	want("gone", g, "f", 0, "", ENOENT);
	if (!bad)
		puts("ok");
	return bad;
}
