/* SPDX-License-Identifier: GPL-2.0-only */
/* Open flags of regular files: those F_GETFL shows, in every combination that matters. */
#include "case.h"

#include <fcntl.h>

static const int flags[] = {
	O_RDONLY,
	O_WRONLY,
	O_RDWR,
	O_RDWR | O_APPEND,
	O_RDWR | O_NONBLOCK,
	O_WRONLY | O_SYNC,
	O_RDWR | O_DSYNC,
	O_RDONLY | O_NOATIME,
	O_RDONLY | O_NOFOLLOW,
	O_RDWR | O_ASYNC,
	O_RDWR | O_DIRECT,
	3 /* no access */,
};

int main(void)
{
	int fd[CASE_NR(flags)], before[CASE_NR(flags)];

	close(case_make_file("file", 100, 41));
	for (unsigned i = 0; i < CASE_NR(flags); i++) {
		fd[i] = open("file", flags[i]);
		if (fd[i] >= 0)
			before[i] = CASE_SYS(fcntl(fd[i], F_GETFL));
		else
			CASE_CHECK(flags[i] & O_DIRECT, "open with %#o: %s", flags[i],
				   strerror(errno));
	}
	case_ready();
	for (unsigned i = 0; i < CASE_NR(flags); i++)
		if (fd[i] >= 0)
			CASE_EQ(CASE_SYS(fcntl(fd[i], F_GETFL)), before[i]);
	return case_pass();
}
