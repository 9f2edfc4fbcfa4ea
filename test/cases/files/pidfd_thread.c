/* SPDX-License-Identifier: GPL-2.0-only */
/* A pidfd of a thread that does not lead its process is refused. */
/* refuse: it is of thread [0-9]+ of task [0-9]+ */
/* peer: no version 4.1 does not know them */
#include "case.h"

#include <fcntl.h>
#include <sys/syscall.h>

static void *thread(void *arg)
{
	if (syscall(SYS_pidfd_open, case_tid(), O_EXCL) < 0) /* PIDFD_THREAD */
		case_skip("pidfd_open: %s", strerror(errno));
	case_here();
	case_wait_go();
	return arg;
}

int main(void)
{
	case_threads(1, thread);
	case_wait_here(1);
	case_ready();
	case_threads_join();
	return case_pass();
}
