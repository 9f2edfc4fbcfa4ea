/* SPDX-License-Identifier: GPL-2.0-only */
/* A process without any descriptor, not even 0, 1 and 2, beside one that has only a high one. */
#include "case.h"

#include <fcntl.h>

static void child(void *arg)
{
	int fd;

	(void)arg;
	CASE_EQ(dup2(open("/dev/null", O_RDONLY), 900), 900);
	for (fd = 0; fd < 100; fd++)
		close(fd);
	case_here();
	case_wait_go();
	CASE_EQ(fcntl(900, F_GETFL) & O_ACCMODE, O_RDONLY);
	for (fd = 0; fd < 100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			_exit(2);
}

int main(void)
{
	pid_t pid = case_fork(child, NULL);

	case_wait_here(1);
	for (int fd = 0; fd < 100; fd++)
		close(fd);
	case_ready();
	for (int fd = 0; fd < 100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return 3;
	/* The lowest numbers are free. */
	if (open("/dev/null", O_RDWR) != 0 || dup(0) != 1 || dup(0) != 2)
		return 4;
	case_join(pid);
	return case_pass();
}
