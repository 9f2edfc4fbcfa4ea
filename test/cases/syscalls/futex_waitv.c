/* SPDX-License-Identifier: GPL-2.0-only */
/* A wait for the first of several futexes. */
#include "case.h"

#include <linux/futex.h>
#include "blocked.h"

static uint32_t word, other;

static long call(void)
{
	struct futex_waitv v[2] = { { .uaddr = (uintptr_t)&word, .flags = FUTEX_32 },
				    { .uaddr = (uintptr_t)&other, .flags = FUTEX_32 } };
	long r = BLOCKED_CALL(449, v, 2, 0, NULL, 0);

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
	return blocked_main(call, 449, wake, 0);
}
