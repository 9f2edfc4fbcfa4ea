/* SPDX-License-Identifier: GPL-2.0-only */
/* The address that is cleared and woken when a thread ends; pthread_join waits on it. */
#include "case.h"

#include <linux/prctl.h>
#include <sys/prctl.h>

static int **addresses[3];

static void *body(void *number)
{
	int **before = NULL, **after = NULL;

	if (prctl(PR_GET_TID_ADDRESS, &before) < 0)
		case_skip("PR_GET_TID_ADDRESS: %s", strerror(errno));
	addresses[(long)number] = before;
	case_here();
	case_wait_go();
	CASE_SYS(prctl(PR_GET_TID_ADDRESS, &after));
	CASE_EQ(after, before);
	CASE_CHECK(after, "no address");
	/* Longer than the leader needs to get to its join. */
	case_sleep_ms(20);
	return NULL;
}

int main(void)
{
	case_threads(3, body);
	case_wait_here(3);
	case_ready();
	case_threads_join();
	CASE_CHECK(addresses[0] != addresses[1] && addresses[1] != addresses[2],
		   "shared addresses");
	return case_pass();
}
