/* What is hard on code that answers calls inside the program: each subcommand
   prints "ok", or says what is wrong. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char file[4096], dir[4096];
static ino_t ino;
static int bad;

static void wrong(const char *what, long n)
{
	char b[256];
	int l = snprintf(b, sizeof b, "%s: %ld, errno %d\n", what, n, errno);
	write(1, b, l);
	__atomic_store_n(&bad, 1, __ATOMIC_RELAXED);
}

/* calls makes every kind of call once and looks at each answer. */
static void calls(void)
{
	struct stat st;
	char b[4096];
	int f, r;
	if (stat(file, &st) || st.st_ino != ino)
		wrong("stat", st.st_ino);
	if ((f = open(file, O_RDONLY | O_CLOEXEC)) < 0 || fstat(f, &st) || st.st_ino != ino)
		wrong("open", f);
	if (f >= 0)
		close(f);
	if (stat("/no/such/file", &st) != -1 || errno != ENOENT)
		wrong("missing", 0);
	if (access(file, R_OK))
		wrong("access", 0);
	if ((r = readlink(file, b, sizeof b)) != -1 || errno != EINVAL)
		wrong("readlink", r);
	if (!getcwd(b, sizeof b) || strcmp(b, dir))
		wrong("getcwd", 0);
	if ((f = open(".", O_RDONLY | O_DIRECTORY)) < 0)
		wrong("open .", f);
	if ((r = openat(f, "..", O_RDONLY | O_DIRECTORY)) < 0)
		wrong("openat ..", r);
	close(r);
	if (fstatat(f, "file", &st, 0) || st.st_ino != ino)
		wrong("fstatat", 0);
	close(f);
}

/* What no program can do wrong by itself: nothing may be left open. */
static int descriptors(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	for (int fd = 990; fd < 1050; fd++) { /* nor shown */
		char b[256];
		if (syscall(SYS_newfstatat, fd, "", b, AT_EMPTY_PATH) != -1 || errno != EBADF)
			wrong("fstat", fd);
		if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x7ff, b) != -1 || errno != EBADF)
			wrong("statx", fd);
		if (syscall(SYS_getdents64, fd, b, sizeof b) != -1 || errno != EBADF)
			wrong("getdents64", fd);
	}
	return n;
}

static volatile int stop;
static long rounds;

static void *loop(void *arg)
{
	(void)arg;
	while (!stop) {
		calls();
		__atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static volatile long handled;

static void handler(int sig, siginfo_t *si, void *ctx)
{
	int e = errno;
	unsigned long ip = ((unsigned long *)&((ucontext_t *)ctx)->uc_mcontext)[16];
	unsigned long sp = ((unsigned long *)&((ucontext_t *)ctx)->uc_mcontext)[15];
	if (ip < 0x100000 || sp < 0x100000 || (unsigned long)&e < 0x100000)
		wrong("a signal's frame shows", ip);
	if (sig != SIGALRM && si->si_code == SI_QUEUE && si->si_value.sival_int != 42)
		wrong("a signal's value", si->si_value.sival_int);
	struct stat st;
	if (stat(file, &st) || st.st_ino != ino)
		wrong("stat in a handler", 0);
	handled++;
	errno = e;
}

static void timer(long us)
{
	struct itimerval it = {{0, us}, {0, us}};
	setitimer(ITIMER_REAL, &it, 0);
}

static void onsignal(int sig, int flags)
{
	struct sigaction sa = {0};
	sa.sa_sigaction = handler;
	sa.sa_flags = SA_SIGINFO | flags;
	sigaction(sig, &sa, 0);
}

static void storm(int threads)
{
	pthread_t t[8];
	onsignal(SIGALRM, SA_RESTART);
	onsignal(SIGUSR1, SA_RESTART);
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], 0, loop, 0);
	timer(300);
	union sigval v = {.sival_int = 42};
	for (int i = 0; i < 300 || rounds < 200; i++) {
		sigqueue(getpid(), SIGUSR1, v);
		if (threads)
			pthread_kill(t[i % threads], SIGUSR1);
		calls();
		rounds++;
	}
	timer(0);
	stop = 1;
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], 0);
	if (handled < 50)
		wrong("signals", handled);
}

static sigjmp_buf out;
static void leave(int sig) { siglongjmp(out, sig); }

static void jumps(void)
{
	signal(SIGALRM, leave);
	for (volatile int i = 0; i < 300; i++) {
		if (!sigsetjmp(out, 1)) {
			struct itimerval it = {{0, 0}, {0, 40 + i % 90}};
			setitimer(ITIMER_REAL, &it, 0);
			for (;;) {
				struct stat st;
				if (stat(file, &st) || st.st_ino != ino)
					wrong("stat", 0);
			}
		}
	}
	calls();
}

static void *opens(void *arg)
{
	for (;;) {
		int f = open(file, O_RDONLY);
		if (f < 0)
			wrong("open", f);
		int old;
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
		close(f);
		pthread_setcancelstate(old, &old);
	}
	return arg;
}

static void cancels(void)
{
	int before = descriptors();
	for (int i = 0; i < 100; i++) {
		pthread_t t;
		void *r;
		pthread_create(&t, 0, opens, 0);
		usleep(i * 7);
		pthread_cancel(t);
		pthread_join(t, &r);
		if (r != PTHREAD_CANCELED)
			wrong("cancelled", (long)r);
	}
	/* A thread that is cancelled between open and its next line loses one
	   descriptor, natively as well. */
	if (descriptors() - before > 100)
		wrong("descriptors", descriptors() - before);
	calls();
}

static void forks(void)
{
	pthread_t t[3];
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], 0, loop, 0);
	for (int i = 0; i < 60; i++) {
		int st;
		pid_t p = fork();
		if (!p) {
			for (int k = 0; k < 20; k++)
				calls();
			_exit(bad);
		}
		waitpid(p, &st, 0);
		if (st)
			wrong("child", st);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], 0);
}

static void vforks(const char *self)
{
	for (int i = 0; i < 30; i++) {
		int st;
		pid_t p = vfork();
		if (!p) {
			int f = open(file, O_RDONLY);
			execl("/no/such/program", "x", (char *)0);
			if (f < 0 || errno != ENOENT)
				_exit(9);
			execl(self, self, "calls", file, (char *)0);
			_exit(8);
		}
		waitpid(p, &st, 0);
		if (st)
			wrong("vfork's child", st);
	}
	calls();
}

static int other(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++)
		calls();
	return 0;
}

static void clones(void)
{
	for (int i = 0; i < 8; i++) {
		char *stack = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
		int st, flags = CLONE_VM | SIGCHLD | (i & 1 ? CLONE_FILES : 0) | (i & 2 ? CLONE_FS : 0);
		pid_t p = clone(other, stack + (1 << 20), flags, 0);
		if (p < 0)
			wrong("clone", p);
		/* Without thread-local storage of its own the child has our errno:
		   nothing may fail here meanwhile. */
		for (int n = 0; n < 300; n++) {
			struct stat s;
			if (stat(file, &s) || s.st_ino != ino)
				wrong("stat beside a clone", s.st_ino);
		}
		waitpid(p, &st, 0);
		if (st)
			wrong("clone's child", st);
	}
}

static void pointers(void)
{
	char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char b[4096];
	struct stat st;
	mprotect(p + 4096, 4096, PROT_NONE);
	const char *path[] = {(char *)1, (char *)-1L, p + 4096, 0};
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++) {
			if (stat(path[i], &st) != -1 || errno != EFAULT)
				wrong("stat", i);
			if (open(path[i], O_RDONLY) != -1 || errno != EFAULT)
				wrong("open", i);
			if (syscall(SYS_access, path[i], 0) != -1 || errno != EFAULT)
				wrong("access", i);
		}
		if (syscall(SYS_newfstatat, AT_FDCWD, file, 1L, 0) != -1 || errno != EFAULT)
			wrong("stat into nothing", 0);
		if (syscall(SYS_newfstatat, AT_FDCWD, file, p + 4090, 0) != -1 || errno != EFAULT)
			wrong("stat over the edge", 0);
		if (syscall(SYS_getcwd, p + 4095, 100L) != -1 || errno != EFAULT)
			wrong("getcwd over the edge", 0);
		if (syscall(SYS_getcwd, 1L, 4096L) != -1 || errno != EFAULT)
			wrong("getcwd into nothing", 0);
		if (syscall(SYS_readlink, "/proc/self/exe", 1L, 100L) != -1 || errno != EFAULT)
			wrong("readlink into nothing", 0);
		if (getcwd(b, sizeof b) == 0 || strcmp(b, dir))
			wrong("getcwd", 0);
	}
	calls();
}

static void dumps(void)
{
	for (int i = 0; i < 3; i++) {
		int st;
		pid_t p = fork();
		if (!p) {
			struct stat s;
			calls();
			if (i == 0)
				abort();
			if (i == 1)
				*(volatile int *)8 = 1;
			timer(50); /* SIGALRM's default, in the middle of a call */
			for (;;)
				stat(file, &s);
		}
		waitpid(p, &st, 0);
		int want = i == 0 ? SIGABRT : i == 1 ? SIGSEGV : SIGALRM;
		if (!WIFSIGNALED(st) || WTERMSIG(st) != want)
			wrong("ended by", st);
	}
}

/* memory adds up what a process has for itself that it has not natively: pages
   below 1 MiB, and pages of code. */
/* A fork may copy the memory while a site is patched: the child then has the
 * trap that keeps other threads out. */
static long here(const char *path)
{
	static struct stat st;
	long r;
	__asm__ volatile("nop\nmov $4, %%eax\n.globl here_site\nhere_site = . - 5\nsyscall" : "=a"(r) : "D"(path), "S"(&st) : "rcx", "r11", "memory");
	return r;
}

extern unsigned char here_site[];

static void traps(void)
{
	pthread_t th;
	stop = 0;
	if (pthread_create(&th, 0, loop, 0))
		wrong("pthread_create", errno);
	for (int i = 0; i < 20; i++) {
		if (here(file))
			wrong("stat", 0);
		if (here_site[0] != 0xe9)
			continue;
		unsigned char *page = (unsigned char *)((unsigned long)here_site & ~4095UL);
		if (mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC))
			wrong("mprotect", errno);
		here_site[0] = 0xcc;
		if (mprotect(page, 8192, PROT_READ | PROT_EXEC))
			wrong("mprotect", errno);
		alarm(60);
		if (here(file))
			wrong("stat", 1);
		alarm(0);
		if (here_site[0] != 0xe9)
			wrong("not mended", here_site[0]);
	}
	stop = 1;
	pthread_join(th, 0);
}

static void memory(void)
{
	char line[4096];
	unsigned long from, kb, sum = 0;
	char perms[8];
	int ours = 0;
	for (int i = 0; i < 100; i++)
		calls();
	FILE *f = fopen("/proc/self/smaps", "r");
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%*x %7s", &from, perms) == 2)
			ours = from < 0x100000 || perms[2] == 'x';
		else if (ours && sscanf(line, "Private_Dirty: %lu kB", &kb) == 1)
			sum += kb;
	}
	if (!f || sum > 64)
		wrong("KiB", sum);
}

/* many starts 500 children that have made their calls, says "up", and ends
   them when its input ends. */
static void many(void)
{
	pid_t p[500];
	int up[2];
	char c;
	if (pipe(up))
		wrong("pipe", 0);
	for (int i = 0; i < 500; i++)
		if (!(p[i] = fork())) {
			calls();
			write(up[1], "x", 1);
			for (;;)
				pause();
		} else if (p[i] < 0)
			wrong("fork", i);
	for (int i = 0; i < 500; i++)
		read(up[0], &c, 1);
	write(1, "up\n", 3);
	read(0, &c, 1);
	for (int i = 0; i < 500; i++) {
		kill(p[i], SIGKILL);
		waitpid(p[i], 0, 0);
	}
}

/* Attacks. An inode of a file outside of the view is what they are after. */
enum { TEXT = 0xc4000, POOL = 0xf0000, SLOTS = 16, SLOT = 4096, PATH_AT = 192 };

/* enter jumps to an address with hostile registers; whatever returns comes
   back here. */
static long enter(unsigned long at, int dir, const char *path)
{
	static unsigned long how[4] __attribute__((aligned(32)));
	static unsigned long stack[2048];
	long r = 437;
	unsigned long back;
	__asm__ volatile("lea 9f(%%rip), %0" : "=r"(back));
	for (int i = 1024; i < 2048; i++)
		stack[i] = back;
	register long r10 __asm__("r10") = 24;
	register unsigned long to __asm__("r12") = at;
	register unsigned long sp __asm__("r13") = (unsigned long)&stack[1024];
	__asm__ volatile(
		"mov %%rsp, %%r14\n\tmov %%rbp, %%r15\n\tmov %%r13, %%rsp\n\t"
		"lea 9f(%%rip), %%r11\n\tmov $0xff000, %%ebx\n\tmov $0xff000, %%ecx\n\tjmp *%%r12\n"
		"9:\tmov %%r14, %%rsp\n\tmov %%r15, %%rbp"
		: "+a"(r), "+r"(to), "+r"(sp), "+r"(r10)
		: "D"((long)dir), "S"(path), "d"(how)
		: "rbx", "rcx", "r8", "r9", "r11", "r14", "r15", "memory", "cc");
	return r;
}

static void bytes(unsigned long length, ino_t outside)
{
	int root = open("/", O_PATH | O_DIRECTORY), tried = 0;
	for (unsigned long at = TEXT; at < TEXT + length; at += at < TEXT + 288 ? 1 : 13) {
		int st;
		pid_t p = fork();
		if (!p) {
			struct stat s;
			struct rlimit no = {0, 0};
			setrlimit(RLIMIT_CORE, &no);
			struct itimerval it = {{0, 0}, {0, 200000}}; /* some of it loops */
			setitimer(ITIMER_REAL, &it, 0);
			long r = enter(at, root, "../outside");
			_exit(r >= 0 && r < 1024 && !fstat(r, &s) && s.st_ino == outside ? 77 : 0);
		}
		tried++;
		waitpid(p, &st, 0);
		if (WIFEXITED(st) && WEXITSTATUS(st) == 77)
			wrong("escaped at", at);
	}
	if (tried < 300)
		wrong("bytes tried", tried);
	calls();
}

static void *scribble(void *arg)
{
	(void)arg;
	for (unsigned i = 0; !stop; i++) {
		char *slot = (char *)(unsigned long)(POOL + i % SLOTS * SLOT);
		strcpy(slot + PATH_AT, i & 64 ? "../outside" : "/../outside");
		if (i & 32)
			*(volatile unsigned long *)slot = 0; /* free */
	}
	return 0;
}

static void pool(ino_t outside)
{
	for (int round = 0; round < 10; round++) {
		int st;
		pid_t p = fork();
		if (!p) {
			pthread_t t;
			struct stat s;
			calls();
			pthread_create(&t, 0, scribble, 0);
			for (int i = 0; i < 3000; i++) {
				if (!stat(file, &s) && s.st_ino == outside)
					_exit(77);
				int f = open("file", O_RDONLY);
				if (f >= 0 && !fstat(f, &s) && s.st_ino == outside)
					_exit(77);
				close(f);
			}
			_exit(0);
		}
		waitpid(p, &st, 0);
		if (WIFEXITED(st) && WEXITSTATUS(st) == 77)
			wrong("escaped in round", round);
	}
	calls();
}

int main(int argc, char **argv)
{
	struct stat st;
	if (argc < 3)
		return 2;
	strcpy(file, argv[2]);
	if (stat(file, &st))
		return 3;
	ino = st.st_ino;
	strcpy(dir, file);
	*strrchr(dir, '/') = 0;
	if (chdir(dir))
		return 4;
	const char *c = argv[1];
	int quiet = 0;
	if (!strcmp(c, "calls")) {
		for (int i = 0; i < 100; i++)
			calls();
		quiet = argc < 4;
	} else if (!strcmp(c, "storm"))
		storm(0);
	else if (!strcmp(c, "threads"))
		storm(4);
	else if (!strcmp(c, "longjmp"))
		jumps();
	else if (!strcmp(c, "cancel"))
		cancels();
	else if (!strcmp(c, "fork"))
		forks();
	else if (!strcmp(c, "vfork"))
		vforks(argv[0]);
	else if (!strcmp(c, "clone"))
		clones();
	else if (!strcmp(c, "pointers"))
		pointers();
	else if (!strcmp(c, "dump"))
		dumps();
	else if (!strcmp(c, "traps"))
		traps();
	else if (!strcmp(c, "memory"))
		memory();
	else if (!strcmp(c, "many"))
		many();
	else if (!strcmp(c, "bytes") && argc > 4)
		bytes(atol(argv[3]), atol(argv[4]));
	else if (!strcmp(c, "pool") && argc > 4)
		pool(atol(argv[4]));
	else
		return 5;
	if (!bad && !quiet)
		puts("ok");
	return bad;
}
