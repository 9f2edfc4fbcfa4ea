/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree of many processes, three levels deep.  CASE_PROCESSES says how many (200; the full count is
 * 1000).
 */
/* budget: 120s */
#include "case.h"

static void leaf(void *parent)
{
	case_here();
	case_wait_go();
	CASE_EQ(getppid(), *(pid_t *)parent);
}

static void group(void *nr)
{
	int count = *(int *)nr;
	pid_t self = getpid(), *pid = calloc(count, sizeof(*pid));

	for (int i = 0; i < count; i++)
		pid[i] = case_fork(leaf, &self);
	case_here();
	case_wait_go();
	for (int i = 0; i < count; i++)
		case_join(pid[i]);
}

int main(void)
{
	const char *env = getenv("CASE_PROCESSES");
	int total = env ? atoi(env) : 200, groups = 10, each = total / groups - 1;
	pid_t pid[10];

	for (int i = 0; i < groups; i++)
		pid[i] = case_fork(group, &each);
	case_wait_here(groups * (each + 1));
	case_ready();
	for (int i = 0; i < groups; i++)
		case_join(pid[i]);
	return case_pass();
}
