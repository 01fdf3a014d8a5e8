/* Prints what getcwd says in all kinds of directories below DIR: fast_cwd DIR [DIR…]. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char buf[8192];

static void once(const char *what, char *at, unsigned long size, int text)
{
	long r;

	if (at == buf)
		memset(buf, 'x', sizeof buf);
	r = syscall(SYS_getcwd, at, size);
	printf("%s %lu: %ld %s %s\n", what, size, r, r < 0 ? strerror(errno) : "", r > 0 && text ? at : "");
}

static void show(const char *what)
{
	char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	for (i = 0; i < 3; i++) {
		long n;
		once(what, buf, sizeof buf, 1);
		once(what, buf, -1, 1);
		n = syscall(SYS_getcwd, buf, sizeof buf);
		once(what, buf, 0, 0);
		once(what, buf, 1, 0);
		if (n > 1) {
			once(what, buf, n - 1, 0);
			printf("left: %c\n", buf[0]);
			once(what, buf, n, 1);
		}
		once(what, 0, sizeof buf, 0);
		once(what, 0, 1, 0);
		once(what, (char *)16, sizeof buf, 0);
		once(what, (char *)-1L, sizeof buf, 0);
		if (!mprotect(page + 4096, 4096, PROT_NONE)) {
			once("edge", page + 4094, sizeof buf, 0);
			if (n > 0)
				once("edge", page + 4096 - n, sizeof buf, 1);
		}
	}
	munmap(page, 8192);
}

static void go(const char *dir)
{
	if (chdir(dir))
		printf("chdir: %s\n", strerror(errno));
}

static void deep(const char *base, int levels)
{
	char name[201];
	int i;

	memset(name, 'n', 200);
	name[200] = 0;
	go(base);
	for (i = 0; i < levels; i++) {
		mkdir(name, 0755);
		go(name);
	}
	show("deep");
	for (i = 0; i < levels; i++) {
		go("..");
		rmdir(name);
	}
}

int main(int argc, char **argv)
{
	int i, fd;

	for (i = 1; i < argc; i++) {
		const char *base = argv[i];
		go(base);
		show("base");
		if (mkdir("a", 0755))
			continue; /* read-only */
		mkdir("a/b", 0755);
		symlink("a/b", "l");
		go("l");
		show("by a link");
		rename("../../a", "../../c");
		show("moved");
		mkdir("../../a", 0755);
		mkdir("../../a/b", 0755);
		show("another in its place");
		chmod("../../c", 0);
		show("shut");
		go(base);
		chmod("c", 0755);
		go("c/b");
		mkdir("(unreachable)", 0755);
		go("(unreachable)");
		show("odd name");
		go("..");
		rmdir("(unreachable)");
		mkdir("x (deleted)", 0755);
		go("x (deleted)");
		show("odd name");
		go("..");
		rmdir("x (deleted)");
		rmdir("../b");
		show("removed");
		mkdir("../b", 0755);
		go(base);
		mkdir("c/b", 0755);
		fd = open("c/b", O_PATH);
		rmdir("c/b");
		show("base");
		fchdir(fd);
		show("by descriptor, removed");
		go(base);
		rmdir("a/b");
		rmdir("a");
		rmdir("c");
		unlink("l");
		deep(base, 4);
		deep(base, 6);
		deep(base, 22);
	}
	go("/");
	show("/");
	go("/usr/lib");
	show("/usr/lib");
	go("/dev");
	show("/dev");
	go("/proc/sys/kernel");
	show("/proc");
	return 0;
}
