/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading an event counter that is 0. */
#include "blocked.h"

#include <sys/eventfd.h>

static int fd;

static long call(void)
{
	uint64_t count;
	long n = BLOCKED_CALL(SYS_read, fd, &count, 8);

	return n == 8 ? (long)count : -1;
}

static void wake(void)
{
	uint64_t count = 1234;

	CASE_EQ(write(fd, &count, 8), 8);
}

int main(void)
{
	fd = CASE_SYS(eventfd(0, 0));
	return blocked_main(call, SYS_read, wake, 1234);
}
