/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for a lock that passes its owner's priority on. */
#include "case.h"

#include <linux/futex.h>
#include "blocked.h"

static uint32_t word;

static long call(void)
{
	long r = BLOCKED_CALL(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);

	CASE_EQ(word & FUTEX_TID_MASK, case_tid());
	return r ?: BLOCKED_CALL(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0);
}

static void wake(void)
{
	CASE_SYS(syscall(SYS_futex, &word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
}

int main(void)
{
	word = case_tid();
	return blocked_main(call, SYS_futex, wake, 0);
}
