// What a program sees of its interpreter, and execs of many programs.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv) {
	char line[4096];
	if (argc > 1) {
		for (int i = atoi(argv[1]); i > 0; i--) {
			char *args[] = {argv[0], NULL};
			int status;
			pid_t pid;
			if (posix_spawn(&pid, argv[0], NULL, NULL, args, environ) || waitpid(pid, &status, 0) != pid || status)
				return 1;
		}
		return 0;
	}
	FILE *f = fopen("/proc/self/maps", "r");
	if (!f)
		return 2;
	while (fgets(line, sizeof line, f)) {
		char perms[8], offset[32], name[1024] = "";
		if (sscanf(line, "%*s %7s %31s %*s %*s %1023s", perms, offset, name) == 3 && strstr(name, "/ld-"))
			printf("%s %s ", perms, offset);
	}
	puts("");
	return 0;
}
