/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors above the limit that was lowered after they were opened: they work, and no new one fits. */
/* peer: no-dump refuses needs to open a descriptor in the task beyond its limit */
/* whole: no descriptor for the tracker fits */
#include "case.h"

#include <fcntl.h>
#include <sys/resource.h>

int main(void)
{
	struct rlimit wide = { 5000, 5000 }, limit = { 5, 5000 };
	int p[2];
	char c;

	CASE_SYS(setrlimit(RLIMIT_NOFILE, &wide));
	CASE_SYS(pipe(p));
	CASE_SYS(dup2(p[0], 3000));
	CASE_SYS(dup2(p[1], 4999));
	CASE_SYS(close(p[0]));
	CASE_SYS(close(p[1]));
	for (int fd = 3; fd < 5; fd++)
		CASE_EQ(dup(0), fd);
	CASE_SYS(setrlimit(RLIMIT_NOFILE, &limit));
	case_ready();
	CASE_EQ(write(4999, "y", 1), 1);
	CASE_EQ(read(3000, &c, 1), 1);
	CASE_EQ(c, 'y');
	CASE_EQ(dup(0), -1);
	CASE_EQ(errno, EMFILE);
	CASE_EQ(fcntl(0, F_DUPFD, 6), -1);
	return case_pass();
}
