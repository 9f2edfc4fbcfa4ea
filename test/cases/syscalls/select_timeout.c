/* SPDX-License-Identifier: GPL-2.0-only */
/* select() with a limit that is reached. */
/* timed: */
#include "case.h"

#include <sys/select.h>
#include "blocked.h"

static int ends[2];

static long call(void)
{
	struct timeval tv = { case_wait_s(), 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	return BLOCKED_CALL(SYS_select, ends[0] + 1, &set, NULL, NULL, &tv);
}

int main(void)
{
	CASE_SYS(pipe(ends));
	return blocked_main(call, SYS_select, NULL, 0);
}
