/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting in flock() for a lock of a child, which the child gives up when it ends. */
/* opts: --file-locks */
#include "blocked.h"
#include "locks.h"

static int wanted;
static pid_t holder;

static long call(void)
{
	return BLOCKED_CALL(SYS_flock, wanted, LOCK_SH);
}

static void hold(void *arg)
{
	int fd = CASE_SYS(open("file", O_RDWR));

	(void)arg;
	close(wanted);
	CASE_SYS(flock(fd, LOCK_EX));
	case_here();
	case_wait_go();
	/* Longer than the check of the waiting one takes. */
	case_sleep_ms(100);
}

static void wake(void)
{
	CASE_CHECK(!blocked_ns, "the call came back before the lock was free");
	case_join(holder);
}

int main(void)
{
	wanted = case_make_file("file", 100, 1);
	holder = case_fork(hold, NULL);
	case_wait_here(1);
	return blocked_main(call, SYS_flock, wake, 0);
}
