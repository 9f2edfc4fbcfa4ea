/* SPDX-License-Identifier: GPL-2.0-only */
/* Adding to an event counter that is full. */
/* peer: no version 4.1 keeps 32 bits of the counter */
#include "blocked.h"

#include <sys/eventfd.h>

static int fd;

static long call(void)
{
	uint64_t count = 1;

	return BLOCKED_CALL(SYS_write, fd, &count, 8);
}

static void wake(void)
{
	uint64_t count;

	CASE_EQ(read(fd, &count, 8), 8);
	CASE_EQ(count, UINT64_MAX - 1);
}

int main(void)
{
	uint64_t count = UINT64_MAX - 1;

	fd = CASE_SYS(eventfd(0, 0));
	CASE_EQ(write(fd, &count, 8), 8);
	return blocked_main(call, SYS_write, wake, 8);
}
