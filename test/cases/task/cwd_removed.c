/* SPDX-License-Identifier: GPL-2.0-only */
/* The current directory was removed: it has no name, and nothing can be made in it. */
#include "case.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

int main(void)
{
	char path[PATH_MAX];
	struct stat st;

	CASE_SYS(mkdir("gone", 0755));
	CASE_SYS(chdir("gone"));
	CASE_SYS(rmdir("../gone"));
	case_ready();
	CASE_CHECK(!getcwd(path, sizeof(path)) && errno == ENOENT, "the directory has the name %s",
		   path);
	CASE_SYS(stat(".", &st));
	CASE_EQ(st.st_nlink, 0);
	CASE_EQ(open("file", O_CREAT | O_WRONLY, 0600), -1);
	CASE_CHECK(access(case_path("gone"), F_OK) < 0, "the directory came back");
	return case_pass();
}
