/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading from an empty pipe. */
#include "case.h"

#include "blocked.h"

static int ends[2];

static long call(void)
{
	char c;

	return BLOCKED_CALL(SYS_read, ends[0], &c, 1);
}

static void wake(void)
{
	CASE_EQ(write(ends[1], "x", 1), 1);
}

int main(void)
{
	CASE_SYS(pipe(ends));
	return blocked_main(call, SYS_read, wake, 1);
}
