/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies made by dup share their position and flags; opens of their own do not. High numbers too. */
#include "case.h"

#include <fcntl.h>

int main(void)
{
	int a = case_make_file("file", 1000, 63), b = CASE_SYS(dup2(a, 900)),
	    c = CASE_SYS(fcntl(a, F_DUPFD, 500));
	int own = CASE_SYS(open("file", O_RDWR));

	CASE_SYS(lseek(a, 10, SEEK_SET));
	case_ready();
	CASE_SYS(lseek(b, 77, SEEK_SET));
	CASE_EQ(lseek(a, 0, SEEK_CUR), 77);
	CASE_EQ(lseek(c, 0, SEEK_CUR), 77);
	CASE_EQ(lseek(own, 0, SEEK_CUR), 0);
	CASE_SYS(fcntl(c, F_SETFL, O_APPEND));
	CASE_CHECK(fcntl(b, F_GETFL) & O_APPEND, "flags are not shared");
	CASE_CHECK(!(fcntl(own, F_GETFL) & O_APPEND), "flags are shared with another open");
	return case_pass();
}
