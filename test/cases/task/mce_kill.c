/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether broken memory ends the task at once or when it is touched (PR_MCE_KILL), of each thread. */
/* peer: no wrong does not save it */
#include "case.h"

#include <sys/prctl.h>

static const int policies[] = { PR_MCE_KILL_EARLY, PR_MCE_KILL_LATE, PR_MCE_KILL_DEFAULT };

static void set(int number)
{
	CASE_SYS(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, policies[number], 0, 0));
}

static void check(int number)
{
	CASE_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), policies[number]);
}

static void *thread(void *number)
{
	set((long)number + 1);
	case_here();
	case_wait_go();
	check((long)number + 1);
	return NULL;
}

int main(void)
{
	if (prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) < 0)
		case_skip("the kernel is built without CONFIG_MEMORY_FAILURE");
	set(0);
	case_threads(2, thread);
	case_wait_here(2);
	case_ready();
	check(0);
	case_threads_join();
	return case_pass();
}
