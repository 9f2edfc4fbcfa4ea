/* SPDX-License-Identifier: GPL-2.0-only */
/* select() without a limit. */
#include "case.h"

#include <sys/select.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	return BLOCKED_CALL(SYS_select, ends[0] + 1, &set, NULL, NULL, NULL);
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	CASE_SYS(pipe(ends));
	return blocked_main(call, SYS_select, wake, 1);
}
