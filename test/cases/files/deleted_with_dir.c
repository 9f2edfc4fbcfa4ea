/* SPDX-License-Identifier: GPL-2.0-only */
/* A deleted file whose directory was deleted too, and the directory above it; nothing of them comes back. */
#include "case.h"

#include <fcntl.h>
#include <sys/stat.h>

int main(void)
{
	char buf[3000];
	struct stat st;
	int fd;

	CASE_SYS(mkdir("upper", 0755));
	CASE_SYS(mkdir("upper/lower", 0700));
	fd = case_make_file("upper/lower/file", 3000, 7);
	CASE_SYS(lseek(fd, 0, SEEK_SET));
	CASE_SYS(unlink("upper/lower/file"));
	CASE_SYS(rmdir("upper/lower"));
	CASE_SYS(rmdir("upper"));
	case_ready();
	CASE_EQ(read(fd, buf, 3000), 3000);
	case_check_fill(buf, 3000, 7, "the file");
	CASE_SYS(fstat(fd, &st));
	CASE_EQ(st.st_nlink, 0);
	CASE_CHECK(access("upper", F_OK) < 0 && errno == ENOENT, "the directory came back");
	return case_pass();
}
