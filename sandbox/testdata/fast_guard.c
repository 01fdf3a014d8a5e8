/* Looks at /d/b/f until that is EACCES, and then until it is there again. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	struct stat st;
	int i, want;
	time_t end = time(0) + 20;

	for (i = 0; i < 1000; i++)
		if (stat("/d/b/f", &st)) {
			perror("at first");
			return 1;
		}
	for (want = EACCES;; want = 0) {
		close(open("/ready", O_WRONLY));
		for (;;) {
			errno = 0;
			stat("/d/b/f", &st);
			if (errno == want)
				break;
			if (errno != (want ? 0 : EACCES) || time(0) > end) {
				perror("then");
				return 1;
			}
		}
		if (!want)
			break;
	}
	puts("ok");
	return 0;
}
