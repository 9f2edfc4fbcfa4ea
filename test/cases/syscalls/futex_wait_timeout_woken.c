/* SPDX-License-Identifier: GPL-2.0-only */
/* A futex wait with a limit, woken long before it. */
/* peer: no-dump wrong ends the call with EINTR */
#include "case.h"

#include <linux/futex.h>
#include <time.h>
#include "blocked.h"

static uint32_t word;

static long call(void)
{
	struct timespec ts = { 1000, 0 };
	long r = BLOCKED_CALL(SYS_futex, &word, FUTEX_WAIT, 0, &ts, NULL, 0);

	/* The call may be issued again after the word has changed. */
	return r == -EAGAIN ? 0 : r;
}

static void wake(void)
{
	word = 1;
	CASE_EQ(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) >= 0, 1);
}

int main(void)
{
	return blocked_main(call, SYS_futex, wake, 0);
}
