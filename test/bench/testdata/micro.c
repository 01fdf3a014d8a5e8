/* Times single system calls; prints one "name nanoseconds" line each.
   usage: micro DIR CALLS SPAWNS; DIR holds "file" and "link". */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static int fd;
static char buf[4096];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void do_getppid(void) { getppid(); }

static void do_pread(void)
{
	if (pread(fd, buf, 1, 0) < 0)
		die("pread");
}

static void do_open(void)
{
	int f = open("file", O_RDONLY);

	if (f < 0)
		die("open");
	close(f);
}

static void do_stat(void)
{
	struct stat st;

	if (stat("file", &st))
		die("stat");
}

static char abs_file[4096];

static void do_stat_abs(void)
{
	struct stat st;

	if (stat(abs_file, &st))
		die("stat");
}

static void do_open_abs(void)
{
	int f = open(abs_file, O_RDONLY);

	if (f < 0)
		die("open");
	close(f);
}

static void do_missing(void)
{
	struct stat st;

	if (!stat("missing", &st))
		die("missing");
}

static void do_access(void)
{
	if (access("file", R_OK))
		die("access");
}

static void do_readlink(void)
{
	if (readlink("link", buf, sizeof buf) < 0)
		die("readlink");
}

static void do_getcwd(void)
{
	if (!getcwd(buf, sizeof buf))
		die("getcwd");
}

static void do_spawn(void)
{
	char *argv[] = { "true", NULL };
	pid_t pid;
	int status;

	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ))
		die("posix_spawn");
	if (waitpid(pid, &status, 0) < 0 || status)
		die("waitpid");
}

static void time_it(const char *name, void (*f)(void), long n)
{
	struct timespec a, b;
	long i;

	f();
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < n; i++)
		f();
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%s %.0f\n", name, ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / n);
}

int main(int argc, char **argv)
{
	long n, spawns;

	if (argc != 4 || chdir(argv[1]))
		die("usage: micro DIR CALLS SPAWNS");
	n = atol(argv[2]);
	spawns = atol(argv[3]);
	snprintf(abs_file, sizeof abs_file, "%s/file", argv[1]);
	fd = open("file", O_RDONLY);
	if (fd < 0)
		die("file");
	time_it("getppid", do_getppid, n * 10);
	time_it("pread", do_pread, n * 10);
	time_it("open+close", do_open, n);
	time_it("open+close-absolute", do_open_abs, n);
	time_it("stat", do_stat, n);
	time_it("stat-absolute", do_stat_abs, n);
	time_it("stat-missing", do_missing, n);
	time_it("access", do_access, n);
	time_it("readlink", do_readlink, n);
	time_it("getcwd", do_getcwd, n);
	time_it("fork+exec", do_spawn, spawns);
	return 0;
}
