/* What calls say of the paths that are given: the same in every view that shows the
   same. Each is made often enough to be quick. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static void say(const char *path, const char *what, long r, unsigned long more)
{
	printf("%s %s: %ld", path, what, r < 0 ? -(long)errno : r);
	if (r >= 0)
		printf(" %lu", more);
	putchar('\n');
}

static int lowest; /* the number of the next descriptor */

static void opened(const char *path, const char *what, int flags)
{
	struct stat st = {0};
	int f = open(path, flags);
	if (f >= 0)
		fstat(f, &st);
	say(path, what, f < 0 ? f : f - lowest, st.st_ino);
	if (f >= 0)
		close(f);
}

int main(int argc, char **argv)
{
	char b[4096], home[4096];
	getcwd(home, sizeof home);
	close(lowest = dup(1));
	for (int round = 0; round < 3; round++)
		for (int i = 1; i < argc; i++) {
			const char *p = argv[i];
			struct stat st = {0};
			struct statx x = {0};
			struct statfs fs = {0};
			say(p, "stat", stat(p, &st), st.st_ino + st.st_mode);
			say(p, "lstat", lstat(p, &st), st.st_ino + st.st_mode);
			say(p, "statx", statx(AT_FDCWD, p, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &x), x.stx_ino + (x.stx_attributes & STATX_ATTR_MOUNT_ROOT));
			for (int m = 0; m < 8; m++)
				say(p, "access", access(p, m), m);
			memset(b, 0, sizeof b);
			long n = readlink(p, b, sizeof b - 1);
			say(p, "readlink", n, b[0]);
			opened(p, "open", O_RDONLY | O_NONBLOCK);
			opened(p, "path", O_PATH);
			opened(p, "nofollow", O_PATH | O_NOFOLLOW);
			opened(p, "read nofollow", O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
			opened(p, "directory", O_RDONLY | O_DIRECTORY);
			opened(p, "path directory", O_PATH | O_DIRECTORY);
			opened(p, "write", O_WRONLY | O_NONBLOCK);
			say(p, "statfs", statfs(p, &fs), fs.f_type);
			if (chdir(p) == 0) {
				say(p, "getcwd", getcwd(b, sizeof b) ? 0 : -1, 0);
				printf("%s\n", b);
				say(p, "in it", stat(".", &st), st.st_ino);
				opened(p, "in it", O_RDONLY);
				chdir(home);
			}
		}
	return 0;
}
