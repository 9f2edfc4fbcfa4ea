/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors opened with O_PATH: of a file, a directory and a symbolic link. */
/* peer: differs fd/ loses O_DIRECTORY among the flags */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int main(void)
{
	int file, dir, link;
	char name[64], buf[64] = "";
	struct stat st;

	close(case_make_file("file", 100, 42));
	CASE_SYS(mkdir("dir", 0755));
	CASE_SYS(symlink("file", "link"));
	file = CASE_SYS(open("file", O_PATH));
	dir = CASE_SYS(open("dir", O_PATH | O_DIRECTORY));
	link = CASE_SYS(open("link", O_PATH | O_NOFOLLOW));
	case_ready();
	CASE_EQ(read(file, buf, 1), -1);
	CASE_EQ(errno, EBADF);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	CASE_SYS(close(CASE_SYS(open(name, O_RDONLY))));
	CASE_SYS(close(CASE_SYS(openat(dir, "new", O_CREAT | O_WRONLY, 0600))));
	CASE_SYS(fstat(link, &st));
	CASE_CHECK(S_ISLNK(st.st_mode), "no symbolic link any more");
	CASE_EQ(CASE_SYS(readlinkat(link, "", buf, sizeof(buf))), 4);
	return case_pass();
}
