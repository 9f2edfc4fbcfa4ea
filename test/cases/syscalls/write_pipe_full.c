/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing to a full pipe: a part was written before the dump, nothing is lost or doubled. */
#include "case.h"

#include "blocked.h"

static int ends[2];

static long call(void)
{
	static char buf[100000];
	long done = 0, r = 1;

	case_fill(buf, sizeof(buf), 30);
	/* A write that was interrupted half way says how far it came. */
	while (done < (long)sizeof(buf) &&
	       (r = BLOCKED_CALL(SYS_write, ends[1], buf + done, sizeof(buf) - done)) > 0)
		done += r;
	return r < 0 ? r : done;
}

static void wake(void)
{
	static char buf[100000];
	long got = 0, r;

	while (got < (long)sizeof(buf) && (r = read(ends[0], buf + got, sizeof(buf) - got)) > 0)
		got += r;
	case_check_fill(buf, sizeof(buf), 30, "what came through the pipe");
}

int main(void)
{
	CASE_SYS(pipe(ends));
	return blocked_main(call, SYS_write, wake, 100000);
}
