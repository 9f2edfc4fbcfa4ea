/* SPDX-License-Identifier: GPL-2.0-only */
/* A perf event is refused by name. */
/* refuse: perf */
#include "case.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>

int main(void)
{
	int fd = syscall(SYS_perf_event_open,
			 &(struct perf_event_attr){ .type = PERF_TYPE_SOFTWARE,
						    .size = sizeof(struct perf_event_attr),
						    .disabled = 1 },
			 0, -1, -1, 0);

	if (fd < 0)
		case_skip("perf: %s", strerror(errno));
	case_ready();
	CASE_SYS(close(fd));
	return case_pass();
}
