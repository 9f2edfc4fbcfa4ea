/* SPDX-License-Identifier: GPL-2.0-only */
/* An open directory that was removed: it is empty, has no name, and nothing can be made in it. */
/* peer: differs fd/ loses O_DIRECTORY among the flags */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	struct stat st;
	int fd;

	CASE_SYS(mkdir("dir", 0750));
	fd = CASE_SYS(open("dir", O_RDONLY | O_DIRECTORY));
	CASE_SYS(rmdir("dir"));
	case_ready();
	CASE_SYS(fstat(fd, &st));
	CASE_CHECK(S_ISDIR(st.st_mode), "it is no directory");
	CASE_EQ(st.st_nlink, 0);
	CASE_EQ(openat(fd, "new", O_CREAT | O_WRONLY, 0600), -1);
	CASE_EQ(errno, ENOENT);
	CASE_CHECK(access("dir", F_OK) < 0, "the directory came back");
	return case_pass();
}
