/* Times single system calls; prints one "name nanoseconds" line each.
   usage: micro DIR CALLS SPAWNS; DIR holds "file" and "link".
   With PTBOX_BENCH_FLOOR in the environment it makes the kernel calls that an answer
   without a stop is made of, itself, under a seccomp filter that allows everything: what no
   code around them can go below. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static int opened(const char *name, int flags)
{
	struct open_how how = { .flags = flags, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	int f = syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how);

	if (f < 0)
		die("openat2");
	return f;
}

static void floor_open(void) { close(opened("file", O_RDONLY)); }

static void floor_stat(void)
{
	struct stat st;
	int f = opened("file", O_PATH);

	if (syscall(SYS_newfstatat, f, "", &st, AT_EMPTY_PATH))
		die("fstat");
	close(f);
}

static void floor_missing(void)
{
	struct open_how how = { .flags = O_PATH, .resolve = RESOLVE_BENEATH };

	if (syscall(SYS_openat2, AT_FDCWD, "missing", &how, sizeof how) >= 0)
		die("missing");
}

static void floor_access(void)
{
	int f = opened("file", O_PATH);

	if (syscall(SYS_faccessat2, f, "", R_OK, AT_EMPTY_PATH))
		die("faccessat2");
	close(f);
}

static void floor_readlink(void)
{
	int f = opened("link", O_PATH | O_NOFOLLOW);

	if (readlinkat(f, "", buf, sizeof buf) < 0)
		die("readlinkat");
	close(f);
}

static void filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { 1, &allow };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &prog))
		die("seccomp");
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
	int least = getenv("PTBOX_BENCH_FLOOR") != NULL;
	if (least)
		filter();
	time_it("getppid", do_getppid, n * 10);
	time_it("pread", do_pread, n * 10);
	time_it("open+close", least ? floor_open : do_open, n);
	time_it("open+close-absolute", least ? floor_open : do_open_abs, n);
	time_it("stat", least ? floor_stat : do_stat, n);
	time_it("stat-absolute", least ? floor_stat : do_stat_abs, n);
	time_it("stat-missing", least ? floor_missing : do_missing, n);
	time_it("access", least ? floor_access : do_access, n);
	time_it("readlink", least ? floor_readlink : do_readlink, n);
	time_it("getcwd", do_getcwd, n);
	time_it("fork+exec", do_spawn, spawns);
	return 0;
}
