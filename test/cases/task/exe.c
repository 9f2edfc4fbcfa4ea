/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/self/exe names the program that runs, here a copy of this one. */
#include "case.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	char path[4096], link[4096];
	ssize_t len;

	(void)argc;
	snprintf(path, sizeof(path), "%s", case_path("copy"));
	if (strcmp(argv[0], path)) {
		CASE_EQ(system("cp /proc/$PPID/exe copy"), 0);
		execl(path, path, NULL);
		CASE_CHECK(false, "exec %s: %s", path, strerror(errno));
	}
	case_ready();
	len = CASE_SYS(readlink("/proc/self/exe", link, sizeof(link) - 1));
	link[len] = '\0';
	CASE_CHECK(!strcmp(link, path), "exe became %s", link);
	return case_pass();
}
