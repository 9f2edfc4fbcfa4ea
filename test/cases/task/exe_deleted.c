/* SPDX-License-Identifier: GPL-2.0-only */
/* The program file was deleted while it runs, and its code is still there afterwards. */
/* opts: --ghost-limit 32M */
#include "case.h"

#include <stdio.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	char path[4096], link[4096], want[8192];
	struct stat st;
	ssize_t len;

	(void)argc;
	snprintf(path, sizeof(path), "%s", case_path("copy"));
	if (strcmp(argv[0], path)) {
		CASE_EQ(system("cp /proc/$PPID/exe copy"), 0);
		execl(path, path, NULL);
		CASE_CHECK(false, "exec %s: %s", path, strerror(errno));
	}
	CASE_SYS(unlink(path));
	case_ready();
	len = CASE_SYS(readlink("/proc/self/exe", link, sizeof(link) - 1));
	link[len] = '\0';
	snprintf(want, sizeof(want), "%s (deleted)", path);
	CASE_CHECK(!strcmp(link, want), "exe became %s", link);
	CASE_SYS(stat("/proc/self/exe", &st));
	CASE_EQ(st.st_nlink, 0);
	CASE_CHECK(access(path, F_OK) < 0, "%s came back", path);
	return case_pass();
}
