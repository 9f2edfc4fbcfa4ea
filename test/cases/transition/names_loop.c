/* SPDX-License-Identifier: GPL-2.0-only */
/* Files are made, opened, duplicated, renamed, linked and removed all the time, always with the right content. */
/* busy: it changes all the time */
/* opts: --link-remap */
#include "case.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static void one(int round)
{
	char text[32], got[32] = "";
	int len = snprintf(text, sizeof(text), "round %d", round), fd, copy;
	struct stat st;

	fd = CASE_SYS(open("new", O_RDWR | O_CREAT | O_EXCL, 0600));
	CASE_EQ(write(fd, text, len), len);
	CASE_SYS(rename("new", "named"));
	copy = CASE_SYS(dup2(fd, 40 + round % 20));
	CASE_SYS(close(fd));
	CASE_SYS(link("named", "second"));
	CASE_SYS(unlink("named"));
	CASE_SYS(fstat(copy, &st));
	CASE_EQ(st.st_nlink, 1);
	CASE_SYS(rename("second", "last"));
	CASE_EQ(lseek(copy, 0, SEEK_CUR), len);
	CASE_EQ(pread(copy, got, sizeof(got), 0), len);
	CASE_CHECK(!strcmp(got, text), "the file says \"%s\" in round %d", got, round);
	CASE_SYS(unlink("last"));
	CASE_EQ(pread(copy, got, sizeof(got), 0), len);
	CASE_SYS(close(copy));
}

int main(void)
{
	for (int round = 0; round < 200 || !case_go(); round++) {
		one(round);
		if (round == 50)
			case_say_ready();
	}
	return case_pass();
}
