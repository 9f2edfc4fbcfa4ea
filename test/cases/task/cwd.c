/* SPDX-License-Identifier: GPL-2.0-only */
/* The current directory. */
#include "case.h"

#include <limits.h>
#include <sys/stat.h>

int main(void)
{
	char before[PATH_MAX], after[PATH_MAX];

	CASE_SYS(mkdir("some where", 0755));
	CASE_SYS(chdir("some where"));
	CASE_CHECK(getcwd(before, sizeof(before)), "getcwd: %s", strerror(errno));
	case_ready();
	CASE_CHECK(getcwd(after, sizeof(after)), "getcwd: %s", strerror(errno));
	CASE_CHECK(!strcmp(before, after), "the directory became %s", after);
	return case_pass();
}
