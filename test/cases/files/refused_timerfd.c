/* SPDX-License-Identifier: GPL-2.0-only */
/* A timerfd is refused by name. */
/* refuse: timerfd */
/* peer: no can dump it */
#include "case.h"

#include <sys/timerfd.h>
#include <time.h>

int main(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	if (fd < 0)
		case_skip("timerfd: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
